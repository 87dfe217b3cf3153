"""`assay close` and `assay learn`: the seal opens, and what was found is put into words."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.options import AsJson, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import COLOURS, answer, console, table, working
from assay.cli.workspace import open_workspace

if TYPE_CHECKING:
    from assay.record import VerdictBody

Words = Annotated[str, typer.Argument(metavar="WORDS", help="What was learnt, in quotes.")]


def add(app: typer.Typer) -> None:
    """Announce `assay close` and `assay learn`."""

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
        path: PortfolioPath, key: ProjectKey, ledger: LedgerFile = None, as_json: AsJson = False
    ) -> None:
        with open_workspace(path, ledger) as workspace, working():
            experiment = workspace.experiment(key)
            verdict = experiment.verdict or experiment.close()
        if as_json:
            answer({"project": key, "verdict": verdict})
        else:
            show_verdict(key, verdict)

    @command(
        app,
        "learn",
        purpose="Add words to what was measured, for whoever asks next.",
        example='assay learn examples/first demand "stock-outs hid demand in the evening"',
        writes="a lesson in the ledger.",
    )
    def learn(
        path: PortfolioPath,
        key: ProjectKey,
        words: Words,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        with open_workspace(path, ledger) as workspace, working():
            lesson = workspace.experiment(key).learn(words)
        if as_json:
            answer({"project": key, "lesson": lesson})
        else:
            console().print(f"recorded: {lesson.words}")


def show_verdict(key: str, verdict: "VerdictBody") -> None:
    """Outcome, sentence, what it rests on, and each attempt's score on the sealed rows."""
    out = console()
    out.print(f"{key}: {verdict.outcome}", style=f"bold {COLOURS[verdict.outcome]}")
    out.print(verdict.sentence)
    for condition in verdict.conditions:
        out.print(f"- {condition}", style="dim")
    if verdict.scores:
        out.print()
        out.print(_scores(verdict))


def _scores(verdict: "VerdictBody") -> Any:
    numbers = ("loss", "gain", "low", "high")
    shown = table("on the sealed rows", *numbers, right=numbers, wraps=("on the sealed rows",))
    if verdict.baseline_loss is not None:
        shown.add_row("the baseline", _figure(verdict.baseline_loss), "", "", "")
    for score in verdict.scores:
        cells = [_figure(score.get(name)) for name in numbers]
        shown.add_row(str(score.get("name", "")), *(cells if any(cells) else ["broke"]))
    return shown


def _figure(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else ""
