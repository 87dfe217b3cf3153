"""Signs of life for work that a person waits for; silent where nobody looks."""

import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import ExitStack, contextmanager
from threading import Lock, Timer
from typing import TypeVar

Item = TypeVar("Item")

PATIENCE = 2.0  # seconds
screen = Lock()  # a terminal has room for one of them at a time


def tracked(items: Iterable[Item], label: str) -> Iterator[Item]:
    """Pass `items` on while a bar on stderr says how far they are; none off a terminal.

    Args:
        items: what is worked through; its length, where it has one, is what the bar fills to.
        label: what is being done, such as `comparing`.
    """
    if not sys.stderr.isatty() or not screen.acquire(blocking=False):
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    total = len(items) if isinstance(items, Sized) else None
    console = Console(stderr=True)
    try:
        yield from track(items, description=label, total=total, console=console, transient=True)
    finally:
        screen.release()


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

            if screen.acquire(blocking=False):
                shown.callback(screen.release)
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
