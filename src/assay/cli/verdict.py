"""`assay close`: the seal opens."""

from typing import TYPE_CHECKING, Any

import typer

from assay.cli.options import AsJson, KeyFile, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import COLOURS, answer, console, table, working
from assay.cli.watch_table import withdrawn_words
from assay.cli.workspace import open_workspace

if TYPE_CHECKING:
    from assay.record import VerdictBody


def add(app: typer.Typer) -> None:
    """Announce `assay close`."""

    @command(
        app,
        "close",
        purpose="Open the seal: verdict, interval of the gain, all scores.",
        more="An opened seal takes no further attempt. Where it is open already, because a look "
        "was supported or somebody closed, the same verdict is shown again.",
        example="assay close examples/first progression",
        writes="the verdict and the measured half of its lesson in the ledger.",
    )
    def close(
        path: PortfolioPath,
        key: ProjectKey,
        key_file: KeyFile = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        with open_workspace(path, ledger, key_file=key_file) as workspace, working():
            experiment = workspace.experiment(key)
            verdict = experiment.verdict or experiment.close()
            withdrawn = withdrawn_words(experiment.withdrawal)
        if as_json:
            answer({"project": key, "verdict": verdict, "withdrawn": withdrawn})
        else:
            show_verdict(key, verdict, withdrawn)


def show_verdict(key: str, verdict: "VerdictBody", withdrawn: str = "") -> None:
    """Outcome, sentence, what it rests on, and each attempt's score on the sealed rows.

    Args:
        key: of the project.
        verdict: as it was given.
        withdrawn: when and why it was withdrawn since; empty while it stands.
    """
    out = console()
    if withdrawn:
        out.print(f"{key}: {withdrawn}", style=f"bold {COLOURS['withdrawn']}")
        out.print("The verdict as it was given:")
    out.print(f"{key}: {verdict.outcome}", style=f"bold {COLOURS[verdict.outcome]}")
    out.print(verdict.sentence)
    for condition in verdict.conditions:
        out.print(f"- {condition}", style="dim")
    if verdict.scores:
        out.print()
        out.print(_scores(verdict))
    if verdict.segments:
        out.print()
        out.print(_segments(verdict))
    if verdict.reliability:
        said = [f"{row['predicted']:.2f} → {row['observed']:.2f}" for row in verdict.reliability]
        out.print("\nwhat was promised → the share that came", style="bold")
        out.print("  ".join(said))


def _scores(verdict: "VerdictBody") -> Any:
    numbers = ("loss", "gain", "low", "high")
    shown = table("on the sealed rows", *numbers, right=numbers, wraps=("on the sealed rows",))
    if verdict.baseline_loss is not None:
        shown.add_row("the baseline", _figure(verdict.baseline_loss), "", "", "")
    for score in verdict.scores:
        cells = [_figure(score.get(name)) for name in numbers]
        shown.add_row(str(score.get("name", "")), *(cells if any(cells) else ["broke"]))
    return shown


def _segments(verdict: "VerdictBody") -> Any:
    numbers = ("rows", "gain", "low", "high")
    shown = table("by segment", *numbers, right=numbers, wraps=("by segment",))
    for row in verdict.segments:
        cells = [str(row["rows"]), *(_figure(row[name]) for name in numbers[1:])]
        shown.add_row(f"{row['column']}: {row['value']}", *cells)
    return shown


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""
