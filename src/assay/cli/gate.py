"""`assay gate`: what a supported model shows before production, and the mark of release."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.guard import DOES_NOT_HOLD
from assay.cli.options import AsJson, KeyFile, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, table, working
from assay.cli.watch_table import withdrawn_words
from assay.cli.workspace import open_workspace, portfolio_at
from assay.errors import ConfigError

if TYPE_CHECKING:
    from assay.experiment.gate import Part
    from assay.record import GateBody

Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="PART=REASON",
        help="Take responsibility for segments, explanation, or a look-ahead that cannot be told.",
        show_default="nothing",
    ),
]
Release = Annotated[bool, typer.Option("--release", help="Mark it for production if it passes.")]
Alpha = Annotated[
    float | None,
    typer.Option(
        metavar="CHANCE",
        help="Of a first release: chance that a watch withdraws it while from any day on the mean "
        "gain is at least the one claimed. It stands for later releases.",
        show_default="0.05, or that of the first release",
    ),
]
Note = Annotated[str, typer.Option(metavar="WORDS", help="Of a release.", show_default="none")]

COLOURS = {"holds": "green", "does not hold": "red", "cannot be told": "yellow"}


def add(app: typer.Typer) -> None:
    """Announce `assay gate`."""

    @command(
        app,
        "gate",
        purpose="Look into a supported model before it goes to production.",
        more="The parts: the gap between open and sealed rows, calibration, stability over seeds "
        "and other rows, segments in which it is worse than the baseline, look-ahead, explanation, "
        "and tries. What cannot be told does not pass. The model is made anew from assay.toml, "
        "and fitted about ten times. Exits with 1 unless it passes, as a withdrawn "
        "verdict never does.",
        example=(
            "assay gate examples/first progression",
            'assay gate . demand --accept segments="no stock is kept there" --release',
        ),
        writes="what was found in the ledger, and the release if it is asked for and passes.",
    )
    def gate(
        path: PortfolioPath,
        key: ProjectKey,
        accept: Accept = None,
        release: Release = False,
        alpha: Alpha = None,
        note: Note = "",
        key_file: KeyFile = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        accepted = dict(_pair(text) for text in accept or ())
        _refuse_words_of_a_release(release, alpha, note)
        portfolio_at(path).project(key)  # a slip is said before all that fits is imported
        with open_workspace(path, ledger, key_file=key_file) as workspace, working():
            experiment = workspace.experiment(key)
            withdrawn = withdrawn_words(experiment.withdrawal)
            body = None if withdrawn else workspace.gate(key, accept=accepted, told=_told)
            released = release and body is not None and body.passed
            if released:
                said = {} if alpha is None else {"alpha": alpha}
                experiment.release(note=note, **said)
        if as_json:
            gone = {"withdrawn": withdrawn} if withdrawn else {}
            answer({"project": key, "gate": body, "released": released} | gone)
        elif body is None:
            console().print(f"{key}: {withdrawn}", style="bold red")
        else:
            _show_end(path, key, body, released=released)
        if body is None or not body.passed:
            raise typer.Exit(DOES_NOT_HOLD)


def _pair(text: str) -> tuple[str, str]:
    name, equals, reason = text.partition("=")
    if not equals:
        raise ConfigError(
            f"--accept is {text!r}, must name a part and say why: "
            '--accept segments="no stock is kept there".'
        )
    return name.strip(), reason.strip()


def _refuse_words_of_a_release(release: bool, alpha: float | None, note: str) -> None:
    """Before hours of fitting."""
    given = {"--note": note or None, "--alpha": alpha}
    said = " and ".join(name for name, value in given.items() if value is not None)
    if said and not release:
        raise ConfigError(f"gate: {said} goes with --release. Add it, or leave {said} out.")
    if alpha is not None and not 0 < alpha < 1:
        raise ConfigError(f"gate: --alpha is {alpha:g}, must lie between 0 and 1, such as 0.05.")


def _told(part: "Part") -> None:
    """A sign of life after each part: the next may take a while."""
    aside(f"{part.name}: {part.outcome}")


def show_gate(body: "GateBody") -> None:
    """Each part with what was found and, where it does not hold, what to do."""
    shown = table("part", "", "what was found", wraps=("what was found",))
    for part in body.parts:
        text = f"{part['finding']} {part['remedy']}".strip()
        shown.add_row(part["name"], part["outcome"], text, style=COLOURS.get(part["outcome"], ""))
    console().print(shown)


def _show_end(path: Path, key: str, body: "GateBody", *, released: bool) -> None:
    out = console()
    show_gate(body)
    if not body.passed:
        out.print(f"\n{key}: {body.attempt} does not pass.", style="bold red")
        return
    out.print(f"\n{key}: {body.attempt} passes.", style="bold green")
    if released:
        out.print("It is marked for production.")
        aside(f"when labelled rows come in: `assay watch {path} {key} --data NEW.parquet`")
    else:
        aside(f"to mark it for production: `assay gate {path} {key} --release`")
