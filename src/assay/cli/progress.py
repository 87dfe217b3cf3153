"""What a run says while it works: a bar on a terminal, plain lines elsewhere."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from assay.cli.terminal import COLOURS, console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from assay.experiment import Event
    from assay.ledger import Tell


class Follows(Protocol):
    """Is told of every event."""

    def __call__(self, event: "Event") -> None:
        """Show one event."""


def followed(events: Iterable["Event"]) -> Iterator["Event"]:
    """The events, each shown on stderr as it comes."""
    with _following() as show:
        for event in events:
            show(event)
            yield event


@contextmanager
def telling() -> Iterator["Tell"]:
    """Something to tell how far work on a ledger is: a bar on a terminal, nothing elsewhere."""
    out = console(on_stderr=True)
    if not out.is_terminal:
        yield lambda doing, done, total: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (BarColumn(bar_width=20), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out, transient=True, redirect_stdout=False) as progress:
        task = progress.add_task("", total=None)

        def tell(doing: str, done: int, total: int) -> None:
            progress.update(task, description=doing, completed=done, total=total or None)

        yield tell


@contextmanager
def _following() -> Iterator[Follows]:
    out = console(on_stderr=True)
    if not out.is_terminal:
        yield lambda event: out.print(line_of(event), soft_wrap=True)
        return
    with _bar(out) as progress:
        task = progress.add_task("", total=None)

        def show(event: "Event") -> None:
            if event.kind == "attempt":
                progress.update(task, description=line_of(event))
            else:
                progress.console.print(line_of(event), style=COLOURS.get(event.kind, ""))
            progress.update(task, completed=event.done, total=event.total)

        yield show


@contextmanager
def counted() -> Iterator[Callable[[str, int, int | None], None]]:
    """Shows on a terminal what is under way and how much of it is done; nothing elsewhere."""
    out = console(on_stderr=True)
    if not out.is_terminal:
        yield lambda what, done, total: None
        return
    with _bar(out) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(
            task, description=what, completed=done, total=total
        )


def _bar(out: "Console") -> "Progress":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    return Progress(*columns, console=out, transient=True, redirect_stdout=False)


def line_of(event: "Event") -> str:
    """One event as a line; what the answer will say in full is only named here."""
    if event.kind in ("refused", "failed"):
        return f"{event.project}: {event.kind}"
    if event.kind == "verdict":
        outcome = re.match(r"\w*", event.text)
        return f"{event.project}: {outcome.group().lower() if outcome else event.kind}"
    return f"{event.project}: {event.text or event.kind}"
