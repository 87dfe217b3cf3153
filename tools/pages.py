"""Runs the pages that read like notebooks and keeps what they show true: `python tools/pages.py`.

The Python blocks of a page are the cells of a notebook: they run from top to bottom and share their
names, and a last line that is an expression is shown. What a cell prints or shows as text stands in
the `text` block after it; a chart stands in the first picture after it.
"""

import ast
import contextlib
import io
import re
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair as alt

from assay.picture import standalone

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = ("attempts.md", "demand.md", "feasibility.md", "forecasting.md")
_CELL = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<text>.*?)```\n)?", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\((pictures/[^)]+\.svg)\)")


@dataclass(frozen=True)
class Cell:
    """One block of code and what the page says that it shows.

    Fields:
        code: as it runs.
        text: what is printed below it, empty where there is nothing.
        picture: file of the picture that follows, relative to the page, or None.
        start: where the block begins in the page.
        end: where it ends, its text included.
    """

    code: str
    text: str
    picture: str | None
    start: int
    end: int


@dataclass(frozen=True)
class Shown:
    """What a cell printed, and the SVG of its chart, or None."""

    text: str
    drawn: str | None


def cells(page: str) -> list[Cell]:
    """The cells of a page of `docs/`, in order."""
    source = (DOCS / page).read_text("utf-8")
    found = list(_CELL.finditer(source))
    edges = [each.start() for each in found] + [len(source)]
    return [
        Cell(each["code"], each["text"] or "", _picture(source[low:high]), each.start(), each.end())
        for each, (low, high) in zip(found, pairwise(edges), strict=True)
    ]


def _picture(passage: str) -> str | None:
    found = _PICTURE.search(passage)
    return found[1] if found else None


@cache
def run(page: str) -> list[Shown]:
    """What each cell of a page shows today."""
    names: dict[str, Any] = {"__name__": page}
    found = cells(page)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # a page may save
        return [_shown(cell.code, names, page) for cell in found]


def _shown(code: str, names: dict[str, Any], page: str) -> Shown:
    tree, value = ast.parse(code), None
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        tree.body.append(last)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, page, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), page, "eval"), names)
        if isinstance(value, alt.TopLevelMixin):
            return Shown(printed.getvalue(), standalone(value) + "\n")
        if value is not None:
            print(value)
    return Shown(printed.getvalue(), None)


def write(page: str) -> None:
    """Put what the cells show today into the page and beside it."""
    source = (DOCS / page).read_text("utf-8")
    for cell, shown in reversed(list(zip(cells(page), run(page), strict=True))):
        text = f"\n```text\n{shown.text}```\n" if shown.text else ""
        source = f"{source[: cell.start]}```python\n{cell.code}```\n{text}{source[cell.end :]}"
        if shown.drawn and cell.picture:
            (DOCS / cell.picture).write_text(shown.drawn, encoding="utf-8")
    (DOCS / page).write_text(source, encoding="utf-8")


if __name__ == "__main__":
    for page in PAGES:
        write(page)
