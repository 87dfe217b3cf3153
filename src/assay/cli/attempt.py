"""`assay attempt`: a model is offered to the seal."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.guard import DOES_NOT_HOLD
from assay.cli.options import AsJson, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import COLOURS, answer, aside, console, working
from assay.cli.workspace import open_workspace
from assay.errors import ConfigError, nearest

if TYPE_CHECKING:
    from assay.experiment import Answer, Workspace
    from assay.record import AttemptPlan

Name = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="An attempt that assay.toml plans; with --predictions, its name."
    ),
]
Predictions = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Parquet or CSV with row_id and what was predicted."),
]
Effort = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="What the predictions took, in the portfolio's unit.",
        show_default="unknown, so it does not enter the curve",
    ),
]
Stage = Annotated[
    str,
    typer.Option(
        metavar="STAGE",
        help="Kind of work behind the predictions: baseline, data, features, ml, deep or research.",
    ),
]
Belief = Annotated[
    str,
    typer.Option(
        "--belief-about",
        metavar="WORDS",
        help="What you believe of it and why, before the answer.",
        show_default="not said",
    ),
]
Expect = Annotated[
    float | None,
    typer.Option(
        metavar="N",
        help="Improvement you expect of it: 0.1 for ten per cent.",
        show_default="not said",
    ),
]
Attested = Annotated[
    bool,
    typer.Option("--attested", help="Your word that forecasts saw nothing later than each origin."),
]
Note = Annotated[
    str, typer.Option(metavar="WORDS", help="Words for the ledger.", show_default="none")
]
Check = Annotated[
    bool, typer.Option("--check", help="Exit with 1 unless the answer is `supported`.")
]


def add(app: typer.Typer) -> None:
    """Announce `assay attempt`."""

    @command(
        app,
        "attempt",
        purpose="Offer a model to the seal.",
        more="The answer is `supported` or `not yet`, and nothing else. A model comes from an "
        "attempt in assay.toml (--name) or from a file of predictions for the sealed rows that "
        "`assay split` wrote (--predictions). Each look spends part of alpha; the same "
        "predictions again get the same answer and spend nothing.",
        example=(
            'assay attempt examples/first progression --name "Normal, all ten"',
            "assay attempt . demand --predictions mine.parquet --effort 4 --stage ml",
        ),
        writes="an attempt and its answer in the ledger; a model that broke is recorded too.",
    )
    def attempt(
        path: PortfolioPath,
        key: ProjectKey,
        name: Name = None,
        predictions: Predictions = None,
        effort: Effort = None,
        stage: Stage = "ml",
        belief_about: Belief = "",
        expect: Expect = None,
        note: Note = "",
        attested: Attested = False,
        check: Check = False,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        from assay.experiment.spending import refuse_beyond_budget

        with open_workspace(path, ledger) as workspace, working():
            experiment, closes = workspace.experiment(key), False
            settings = workspace.portfolio.settings
            if predictions is None:
                own = {"--effort": effort, "--note": note, "--belief-about": belief_about}
                _refuse_own_words(own | {"--expect": expect, "--attested": attested})
                planned = planned_attempt(workspace, key, name)
                refuse_beyond_budget(planned.effort, settings)
                got, label = experiment.attempt_planned(planned), planned.name
                closes = planned.close
            else:
                label = name or predictions.stem
                refuse_beyond_budget(effort, settings)
                got = experiment.attempt(
                    predictions=predictions,
                    name=label,
                    stage=stage,
                    effort=effort,
                    belief_about=belief_about,
                    expect=expect,
                    note=note,
                    attested=attested,
                )
        _show(key, label, got, as_json=as_json)
        _next(path, key, got, closes=closes)
        if check and not got.supported:
            raise typer.Exit(DOES_NOT_HOLD)


def _next(path: Path, key: str, got: "Answer", *, closes: bool) -> None:
    """Say what opens the seal."""
    if got.supported:
        aside(f"every score: `assay close {path} {key}`")
    elif closes:
        aside(f"assay.toml closes the experiment after this one: `assay close {path} {key}`")


def planned_attempt(workspace: "Workspace", key: str, name: str | None) -> "AttemptPlan":
    """The attempt called `name` in the project's plan.

    Raises:
        ConfigError: no name was given, or no attempt is called so.
    """
    portfolio = workspace.portfolio
    attempts = {planned.name: planned for planned in portfolio.project(key).attempts}
    where = f'{portfolio.file}: project "{key}"'
    if name is None:
        raise ConfigError(
            f"attempt: neither --name nor --predictions is given, one of them is needed. {where} "
            f"plans: {', '.join(f'`{known}`' for known in attempts) or 'none'}."
        )
    if name not in attempts:
        raise ConfigError(f'{where}: no attempt is called "{name}". {nearest(name, attempts)}')
    return attempts[name]


def _refuse_own_words(said: dict[str, object]) -> None:
    given = [word for word, value in said.items() if value]
    if given:
        raise ConfigError(
            f"attempt: {' and '.join(given)} goes with --predictions; a planned attempt states it "
            "in assay.toml. Write it there, or leave it out."
        )


def _show(key: str, name: str, got: "Answer", *, as_json: bool) -> None:
    if as_json:
        fields = ("text", "supported", "look", "tries", "level", "message")
        answer({"project": key, "attempt": name} | {field: getattr(got, field) for field in fields})
        return
    out = console()
    out.print(got.text, style=f"bold {COLOURS.get(got.text, '')}".strip())
    out.print(got.message)
