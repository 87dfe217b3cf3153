"""`assay learn`: what was found is put into words, for whoever asks next."""

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.options import AsJson, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import answer, console, pairs, working
from assay.cli.workspace import open_workspace

if TYPE_CHECKING:
    from assay.record import LessonBody

Words = Annotated[
    str, typer.Argument(metavar="WORDS", help="What was learnt and why it came out so, in quotes.")
]
Attempt = Annotated[
    str | None,
    typer.Option(
        "--attempt", metavar="NAME", help="One attempt that it is about.", show_default="all of it"
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(
        metavar="REASON",
        help="Why it did not work: data-missing, data-quality, different-trend, model, effort or "
        "broken.",
        show_default="not said",
    ),
]
Assumption = Annotated[
    str,
    typer.Option(metavar="WORDS", help="What was assumed and did not hold.", show_default="none"),
]
Reopen = Annotated[
    str,
    typer.Option(
        metavar="WORDS", help="What would make it worth another try.", show_default="none"
    ),
]
Supports = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY",
        help="A project whose finding this bears out.",
        show_default="none",
    ),
]
Contradicts = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY", help="A project whose finding this speaks against.", show_default="none"
    ),
]


def add(app: typer.Typer) -> None:
    """Announce `assay learn`."""

    @command(
        app,
        "learn",
        purpose="Add words to what was measured, for whoever asks next.",
        more="Assay wrote the measured half: what was expected and what was seen. Yours is why, "
        "under which assumption it failed, and what would reopen it. `assay ledger search` finds "
        "it, and a similar question is shown it before it is registered.",
        example=(
            'assay learn examples/first demand "stock-outs hid demand in the evening"',
            'assay learn . arrival "riders batch orders" --reason different-trend',
        ),
        writes="a lesson in the ledger.",
    )
    def learn(
        path: PortfolioPath,
        key: ProjectKey,
        words: Words,
        attempt: Attempt = None,
        reason: Reason = None,
        assumption: Assumption = "",
        reopen: Reopen = "",
        supports: Supports = None,
        contradicts: Contradicts = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        with open_workspace(path, ledger) as workspace, working():
            lesson = workspace.experiment(key).learn(
                words,
                attempt=attempt,
                reason=reason,
                assumption=assumption,
                reopen=reopen,
                supports=supports or (),
                contradicts=contradicts or (),
            )
        if as_json:
            answer({"project": key, "lesson": lesson})
        else:
            _show(lesson)


def _show(lesson: "LessonBody") -> None:
    said = {
        "about": lesson.attempt,
        "reason": lesson.reason,
        "assumed": lesson.assumption,
        "reopen if": lesson.reopen,
    }
    out = console()
    out.print(f"recorded: {lesson.words}")
    out.print(pairs([(name, value) for name, value in said.items() if value]))
