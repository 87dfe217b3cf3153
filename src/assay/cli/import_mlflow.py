"""`assay ledger import mlflow`: what was tried elsewhere becomes attempts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.options import AsJson
from assay.cli.progress import counted
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, table
from assay.cli.workspace import portfolio_or_file

if TYPE_CHECKING:
    from assay.ledger.mlflow import Imported
    from assay.record import Portfolio

ASSUMED_SE = 0.02  # as portfolio.observation has it, which would be imported for seconds

Into = Annotated[
    Path,
    typer.Option(
        "--ledger",
        metavar="LEDGER",
        help="A ledger, an assay.toml or its folder.",
        show_default="the portfolio in this folder",
    ),
]
Uri = Annotated[
    str,
    typer.Argument(
        metavar="URI", help="Of an mlflow server (http://...), or its database (sqlite:///...)."
    ),
]
Experiments = Annotated[
    list[str] | None,
    typer.Option(
        "--experiment",
        metavar="NAME",
        help="An experiment; may be repeated.",
        show_default="all active ones that have runs",
    ),
]
Key = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="KEY",
        help="Project that the one experiment becomes.",
        show_default="made of its name",
    ),
]
EffortTag = Annotated[
    str | None,
    typer.Option(
        metavar="TAG", help="Tag that holds a run's effort.", show_default="effort, assay.effort"
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Metric that is the loss; lower is better.", show_default="no scores"
    ),
]
SeMetric = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Metric that is the loss's standard error.", show_default="unknown"
    ),
]
Baseline = Annotated[
    str | None,
    typer.Option(
        metavar="RUN_OR_NUMBER",
        help="Run that the others must beat, by name or id; or its loss.",
        show_default="the run with the tag baseline = true",
    ),
]


def add(sources: typer.Typer) -> None:
    """Announce `assay ledger import mlflow`."""

    @command(
        sources,
        "mlflow",
        purpose="Bring MLflow's experiments and runs into the ledger, as projects and attempts.",
        more="MLflow itself is not changed. What a run does not say stays unknown: its effort "
        "unless a tag tells it, its score unless you name the loss and the baseline. Run it again "
        "whenever you like: what is there already is not recorded twice, a run that changed is "
        "superseded, and what was said of an experiment before need not be said again.",
        example=(
            "assay ledger import mlflow sqlite:///mlflow.db",
            "assay ledger import mlflow http://host:5000 --metric rmse --baseline naive",
        ),
        writes="attempts, and a project where its key is new, in the ledger, which is made if it "
        "is not there.",
    )
    def mlflow(
        uri: Uri,
        ledger: Into = Path(),
        experiment: Experiments = None,
        project: Key = None,
        effort_tag: EffortTag = None,
        metric: Metric = None,
        se_metric: SeMetric = None,
        baseline: Baseline = None,
        as_json: AsJson = False,
    ) -> None:
        from assay.ledger import Ledger
        from assay.ledger.mlflow import Reading, Wanted, read_mlflow, record_mlflow

        reading = Reading(
            effort_tag=effort_tag, metric=metric, se_metric=se_metric, baseline=baseline
        )
        wanted = Wanted(experiments=tuple(experiment or ()), project=project, reading=reading)
        portfolio, file = portfolio_or_file(ledger)
        with counted() as watch:
            # A slip in the address makes no ledger.
            read = read_mlflow(uri, wanted, watch=watch)
            with Ledger(file) as opened:
                found = record_mlflow(opened, read, wanted, portfolio=portfolio, watch=watch)
        if as_json:
            answer({"ledger": file, "experiments": found})
        else:
            _show(found, portfolio)


def _show(found: "Sequence[Imported]", portfolio: "Portfolio | None") -> None:
    if not found:
        aside("nothing to import: no active experiment has runs")
        return
    numbers = ("new", "changed", "same", "broke", "effort", "scored")
    shown = table("experiment", "project", *numbers, right=numbers, wraps=("experiment",))
    for each in found:
        counts = (each.new, each.changed, each.unchanged, each.broke)
        cells = [*map(str, counts), f"{each.effort:g}", str(each.scored)]
        shown.add_row(each.experiment, each.project, *cells)
    console().print(shown)
    for each in found:
        for note in _notes(each):
            aside(f"{each.project}: {note}")
    _say_unplanned(found, portfolio)


def _notes(each: "Imported") -> list[str]:
    """What stays unknown, and why."""
    metric, notes = each.reading.metric, []
    if not each.attempts and not each.running:
        notes.append("the experiment has no runs")
    if each.running:
        notes.append(f"{_runs(each.running)} still running, left out")
    if each.gone:
        was, stay = ("is", "it stays") if each.gone == 1 else ("are", "they stay")
        notes.append(
            f"{_runs(each.gone)} imported before {was} deleted there now; {stay}, since nothing "
            "tried is forgotten"
        )
    if each.without_effort:
        notes.append(
            f"{each.without_effort} of {each.attempts} attempts of unknown effort, so not on the "
            f"curve, such as {each.effort_example}"
        )
    if each.after_unknown:
        noun = "attempt" if each.after_unknown == 1 else "attempts"
        notes.append(
            f"{each.after_unknown} {noun} with an effort came after some without, whose effort is "
            "missing from the curve, so it may be too steep"
        )
    if each.attempts and each.why_not_scored:
        notes.append(f"no scores: {each.why_not_scored}")
    if each.unscored:
        one = each.unscored_example
        notes.append(f"{_runs(each.unscored)} without a finite `{metric}`, such as {one}")
    if each.scored:
        notes.append(f"a score of 0 is the baseline, 1 a `{metric}` of 0")
    if each.without_se:
        notes.append(
            f"{each.without_se} of {each.scored} scores without a standard error (--se-metric): "
            f"the curve assumes {ASSUMED_SE:g} of skill, more for the best of many"
        )
    return notes


def _runs(number: int) -> str:
    return f"{number} run{'' if number == 1 else 's'}"


def _say_unplanned(found: "Sequence[Imported]", portfolio: "Portfolio | None") -> None:
    if portfolio is None:
        return
    known = {project.key for project in portfolio.projects}
    for each in found:
        if each.project not in known and each.attempts:
            aside(
                f"{each.project}: not in {portfolio.file.name}, so not in its plan; add "
                f'[[project]] key = "{each.project}"'
            )
