"""How work that a person waits for says how far it is."""

from typing import Protocol


class Tell(Protocol):
    """Is told of progress."""

    def __call__(self, doing: str, done: int, total: int) -> None:
        """Note progress.

        Args:
            doing: what is being worked through, such as `records`.
            done: how many of them are done.
            total: how many there are; 0 where nobody knows.
        """


def silent(doing: str, done: int, total: int) -> None:
    """Tell nobody."""
