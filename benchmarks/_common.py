"""What every benchmark script shares: its options, its tables, its last line and its exit code."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn


@dataclass(frozen=True)
class Options:
    """How a benchmark was asked to run.

    Fields:
        quick: a smaller version of the same run, for every commit.
        check: exit with 1 where a figure falls short of what is promised.
    """

    quick: bool
    check: bool


def read_options(description: str, arguments: Sequence[str] | None = None) -> Options:
    """Read `--quick` and `--check` from the command line.

    Args:
        description: what the benchmark measures, for `--help`.
        arguments: instead of the command line.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a smaller version of the same run")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is short")
    found = parser.parse_args(arguments)
    return Options(quick=found.quick, check=found.check)


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, with Rich where it is installed and plainly where not.

    Args:
        title: what the table says, above it.
        columns: one heading a column.
        rows: cells; a float is shown with three significant digits.
    """
    texts = [[_cell(value) for value in row] for row in rows]
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        _show_plainly(title, columns, texts)
        return
    table = Table(*columns, title=title, title_justify="left")
    for text in texts:
        table.add_row(*text)
    # A pipe has no width of its own; a table squeezed into 80 columns cannot be read.
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def finish(figure: str, shortfalls: Sequence[str], options: Options) -> NoReturn:
    """Name what fell short, print the figure as the last line, and leave.

    Args:
        figure: the one line that a reader remembers.
        shortfalls: each promise that does not hold, in words; empty where all hold.
        options: with `check`, any shortfall makes the exit code 1.

    Raises:
        SystemExit: always; 1 where a check fell short, 0 otherwise.
    """
    for shortfall in shortfalls:
        print(f"SHORT: {shortfall}")
    print(figure)
    raise SystemExit(1 if options.check and shortfalls else 0)


def _cell(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _show_plainly(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    print(title)
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
