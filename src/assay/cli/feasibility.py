"""`assay feasibility`: whether a score can be reached, before money is spent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.drawing import check_picture, draw
from assay.cli.options import AsJson
from assay.cli.profile import Data, Group, Target
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, pairs, working

if TYPE_CHECKING:
    from assay.problem import Feasibility

Score = Annotated[
    float,
    typer.Option(
        "--score",
        metavar="NUMBER",
        help="Score aimed at, between 0 and 1: R², or the skill of the Brier score for 0/1.",
    ),
]
FullRows = Annotated[
    int | None,
    typer.Option(
        metavar="ROWS",
        help="Labelled rows that there will be.",
        show_default="those of the pilot",
    ),
]
DoubleLabels = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Two columns: two labels of the same rows, some sixty of them.",
        show_default="none",
    ),
]
LabelA = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Or: the column of DATA with the first label.",
        show_default="none",
    ),
]
LabelB = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="And the one with the second.", show_default="none"),
]
Alpha = Annotated[float, typer.Option(metavar="NUMBER", help="Error budget of a verdict.")]
Tries = Annotated[int, typer.Option(metavar="N", help="Looks planned for a verdict.")]
Expect = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help="Improvement over the mean that a verdict hopes for, as a share of the loss.",
        show_default="the score",
    ),
]
ImproveBy = Annotated[
    float | None,
    typer.Option(
        metavar="NUMBER",
        help="Least improvement that a verdict is to show.",
        show_default="a third of what it hopes for",
    ),
]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the parts and permutations drawn.")]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Draw the learning curve: .svg, .png or .html.", show_default="none"
    ),
]


def add(app: typer.Typer) -> None:
    """Announce `assay feasibility`."""

    @command(
        app,
        "feasibility",
        purpose="Say whether a score can be reached, before money is spent.",
        more="A pilot of some hundred labelled rows is learnt from by a few standard learners. GO "
        "and NO-GO are called only where they are safe; else it says what would settle the "
        "question. The exit code is 0 whatever the call.",
        example=(
            "assay feasibility pilot.csv --target hours --score 0.6",
            "assay feasibility pilot.csv --target hours --score 0.6 --full-rows 5000 \\",
            "    --double-labels twice.csv --picture curve.svg",
        ),
        writes="nothing but the picture.",
    )
    def feasibility(
        data: Data,
        target: Target,
        score: Score,
        full_rows: FullRows = None,
        double_labels: DoubleLabels = None,
        label_a: LabelA = None,
        label_b: LabelB = None,
        group: Group = None,
        alpha: Alpha = 0.05,
        tries: Tries = 10,
        expect: Expect = None,
        improve_by: ImproveBy = None,
        seed: Seed = 0,
        picture: Picture = None,
        as_json: AsJson = False,
    ) -> None:
        if picture is not None:
            check_picture(picture)
        labels = _labels(double_labels, label_a, label_b)
        from assay.problem import feasibility as study

        with working():
            found = study(
                data,
                target_score=score,
                target=target,
                full_rows=full_rows,
                double_labels=labels,
                group=group,
                alpha=alpha,
                tries=tries,
                expect=expect,
                improve_by=improve_by,
                seed=seed,
            )
            if picture is not None:
                draw(found.picture(), picture)
        if as_json:
            answer(found.as_dict())
        else:
            _show(found)
        if picture is not None:
            aside(f"picture: {picture}")


def _labels(
    file: str | None, first: str | None, second: str | None
) -> str | tuple[str, str] | None:
    """The double labels, from a file or from two columns.

    Raises:
        ConfigError: both are given, or one column alone.
    """
    from assay.errors import ConfigError

    if first is None and second is None:
        return file
    if file is not None or first is None or second is None:
        raise ConfigError(
            f"double labels: --double-labels is {file!r}, --label-a {first!r}, --label-b "
            f"{second!r}. Give either a file with both labels, or both columns of DATA."
        )
    return first, second


def _show(found: "Feasibility") -> None:
    """The call, what it rests on, and what would settle it."""
    out = console()
    out.print(f"{found.target} in {found.source}: {found.call}", style="bold")
    out.print()
    for sentence in found.sentences():
        out.print(sentence)
    if found.settle:
        out.print("\nwhat would settle it", style="bold")
        out.print(pairs([("-", step) for step in found.settle]))
    for note in found.notes:
        out.print(f"\n{note}", style="dim")
