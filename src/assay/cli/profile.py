"""`assay profile`: what is known of a target before any model."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.options import AsJson
from assay.cli.profile_card import show_problem
from assay.cli.teach import command
from assay.cli.terminal import answer, working

if TYPE_CHECKING:
    from assay.problem import Problem

Data = Annotated[
    str,
    typer.Argument(metavar="DATA", help="A CSV or Parquet file, or python:file.py:function."),
]
Target = Annotated[str, typer.Option(metavar="COLUMN", help="What is to be predicted.")]
Time = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN", help="When a row was seen.", show_default="ds, where there is one"
    ),
]
Series = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Key of a panel; may be given several times.",
        show_default="unique_id, beside ds",
    ),
]
Group = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Rows of one group belong together.", show_default="none"),
]
Season = Annotated[
    int | None,
    typer.Option(metavar="ROWS", help="Rows until the course repeats.", show_default="none"),
]
Horizon = Annotated[
    int | None,
    typer.Option(metavar="ROWS", help="How many rows ahead is asked for.", show_default="none"),
]
Above = Annotated[
    str | None,
    typer.Option(
        "--censored-above",
        metavar="COLUMN[,FLAG]",
        help="Limit above which the target is not seen, or a flag that it was not; or both.",
        show_default="none",
    ),
]
Below = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="The same, from below.", show_default="none"),
]
KnownAhead = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Known when a forecast is made; may be given several times.",
        show_default="none",
    ),
]


def add(app: typer.Typer) -> None:
    """Announce `assay profile`."""

    @command(
        app,
        "profile",
        purpose="Say what is known of a target before any model.",
        more="Support, counting, censoring, order in time, season and size, each with its "
        "evidence; families that can be right and those that cannot.",
        example=(
            "assay profile patients.csv --target progression",
            "assay profile sales.parquet --target units --time date --series store",
        ),
        writes="nothing.",
    )
    def profile(
        data: Data,
        target: Target,
        time: Time = None,
        series: Series = None,
        group: Group = None,
        season: Season = None,
        horizon: Horizon = None,
        censored_above: Above = None,
        censored_below: Below = None,
        known_ahead: KnownAhead = None,
        as_json: AsJson = False,
    ) -> None:
        roles = {
            "target": target,
            "time": time,
            "series": tuple(series or ()),
            "group": group,
            "season": season,
            "horizon": horizon,
            **hidden_by(censored_above),
            "censored_below": censored_below,
            "known_ahead": tuple(known_ahead or ()),
        }
        problem = profiled(data, roles)
        if as_json:
            answer(problem.as_dict())
        else:
            show_problem(problem)


def hidden_by(text: str | None) -> dict[str, str]:
    """The roles of a column of limits or flags, and of a flag beside limits, that `text` names.

    Raises:
        ConfigError: more than two names, or an empty one.
    """
    from assay.errors import ConfigError

    names = [] if text is None else [name.strip() for name in text.split(",")]
    if len(names) > 2 or not all(names):
        raise ConfigError(
            f"--censored-above is {text!r}, must be one column, or a limit and a flag: "
            "stock,sold_out."
        )
    return dict(zip(("censored_above", "censored_flag"), names, strict=False))


def profiled(data: str, roles: dict[str, Any]) -> "Problem":
    """The problem in a table, as `roles` name its columns."""
    from assay.problem import profile

    with working():
        return profile(data, **roles)
