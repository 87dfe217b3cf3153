"""Signs of life for work that a person waits for; silent where nobody looks."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import Lock, Timer
from typing import TypeVar

Item = TypeVar("Item")

PATIENCE = 2.0  # seconds
_screen = Lock()  # a terminal has room for one of them at a time
_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)


@contextmanager
def stages(tell: Callable[[str], None]) -> Iterator[None]:
    """Inside, `tell` hears of each stage of long work as it begins."""
    token = _listener.set(tell)
    try:
        yield
    finally:
        _listener.reset(token)


def stage(label: str) -> None:
    """Say that a stage of long work begins; silent where nobody listens.

    Args:
        label: what is being done, such as `fitting 1,000 series`.
    """
    tell = _listener.get()
    if tell is not None:
        tell(label)


def tracked(items: Iterable[Item], label: str) -> Iterator[Item]:
    """Pass `items` on while a bar on stderr says how far they are; none off a terminal.

    Args:
        items: what is worked through; its length, where it has one, is what the bar fills to.
        label: what is being done, such as `comparing`.
    """
    if not sys.stderr.isatty() or not _screen.acquire(blocking=False):
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    total = len(items) if isinstance(items, Sized) else None
    console = Console(stderr=True)
    try:
        yield from track(items, description=label, total=total, console=console, transient=True)
    finally:
        _screen.release()


def measured(items: Iterable[Item], sizes: Sequence[int], label: str) -> Iterator[Item]:
    """Pass `items` on while a bar on stderr says how much was done, how fast, and what is left.

    Args:
        items: what is worked through.
        sizes: how much of what is counted each of them is.
        label: what is being done and counted, such as `fitting series`.
    """
    if not sys.stderr.isatty() or not _screen.acquire(blocking=False):
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.completed:,}/{task.total:,} {task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(label, total=sum(sizes), rate="")
            for item, size in zip(items, sizes, strict=True):
                shown.advance(task, size)
                now = shown.tasks[0]
                rate = f"({now.completed / now.elapsed:,.0f} a second)" if now.elapsed else ""
                shown.update(task, rate=rate)
                yield item
    finally:
        _screen.release()


@contextmanager
def waiting(label: str) -> Iterator[None]:
    """Inside, work whose end nobody can foretell; from two seconds on a line on stderr names it.

    Args:
        label: what is being done, and why it may take long.
    """
    if not sys.stderr.isatty():
        yield
        return
    with ExitStack() as shown:

        def show() -> None:
            from rich.console import Console
            from rich.live import Live
            from rich.spinner import Spinner

            if _screen.acquire(blocking=False):
                shown.callback(_screen.release)
                # What is printed meanwhile goes where it was meant to go.
                sign = Live(
                    Spinner("dots", label),
                    console=Console(stderr=True),
                    transient=True,
                    redirect_stdout=False,
                    redirect_stderr=False,
                )
                shown.enter_context(sign)

        timer = Timer(PATIENCE, show)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()  # or it might still be about to show itself
