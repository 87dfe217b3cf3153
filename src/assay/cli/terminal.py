"""What is said on the terminal: answers on stdout, everything else on stderr."""

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, is_dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

COLOURS = {
    "supported": "green",
    "refuted": "red",
    "inconclusive": "yellow",
    "broke": "red",
    "refused": "yellow",
    "failed": "red",
    "holds": "green",
    "not withdrawn": "yellow",
    "withdrawn": "red",
}
"""Colour of a word; each word is shown as well, so nothing rests on colour alone."""


def console(*, on_stderr: bool = False) -> "Console":
    """A Rich console; it leaves colour out where `NO_COLOR` is set or nobody is watching."""
    from rich.console import Console

    return Console(stderr=on_stderr, highlight=False, markup=False, emoji=False)


def aside(text: str) -> None:
    """Say something beside the answer."""
    typer.echo(text, err=True)


def answer(fields: Mapping[str, Any]) -> None:
    """Print `fields` as one JSON object with `"format": 1`."""
    text = json.dumps(plain({"format": 1, **fields}), ensure_ascii=False, indent=2, allow_nan=False)
    typer.echo(text)


def plain(value: Any) -> Any:
    """`value` as JSON takes it; a number that JSON cannot write becomes null."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Path):
        return str(value)
    return _dumped(value)


def _dumped(value: Any) -> Any:
    if hasattr(value, "model_dump"):  # a record body
        return plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    return str(value)


@contextmanager
def working() -> Iterator[None]:
    """Send what a user's own model prints to stderr, so that stdout holds the answer alone."""
    with redirect_stdout(sys.stderr):
        yield


def table(*columns: str, right: tuple[str, ...] = (), wraps: tuple[str, ...] = ()) -> "Table":
    """An empty table without lines; only columns in `wraps` are broken over several lines.

    Args:
        columns: the headings.
        right: headings of columns of numbers.
        wraps: headings of columns of sentences.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        side = "right" if name in right else "left"
        made.add_column(name, justify=side, no_wrap=name not in wraps, overflow="fold")
    return made


def pairs(rows: "Iterable[tuple[str, str | Text]]", *, gap: int = 0) -> "Table":
    """Names on the left, what they are on the right, wrapped beside them.

    Args:
        rows: each a name and what it is.
        gap: empty lines after each row.
    """
    from rich.table import Table

    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, gap, 0))
    made.add_column(no_wrap=True, style="dim")
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(name, value)
    return made
