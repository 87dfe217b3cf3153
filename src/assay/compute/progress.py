"""A bar for work that a person waits for; silent where nobody looks."""

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

Item = TypeVar("Item")


def tracked(items: Iterable[Item], label: str) -> Iterator[Item]:
    """Pass `items` on while a bar on stderr says how far they are; none off a terminal.

    Args:
        items: what is worked through; its length, where it has one, is what the bar fills to.
        label: what is being done, such as `comparing`.
    """
    if not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    total = len(items) if isinstance(items, Sized) else None
    console = Console(stderr=True)
    yield from track(items, description=label, total=total, console=console, transient=True)
