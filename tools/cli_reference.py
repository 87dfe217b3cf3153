"""Writes `docs/cli.md` from what each command's `--help` says: `python tools/cli_reference.py`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from assay.cli.app import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
WIDTH = "80"

HEAD = """\
# The command line

*Written by `python tools/cli_reference.py` from what each command's `--help` says.*

The commands stand in the order of the loop. A `PATH` is an `assay.toml`, or the folder with it.

| exit code | meaning |
|---|---|
| 0 | done as asked, whatever the verdict |
| 1 | something checked does not hold: `ledger verify`; `attempt` and `run` with `--check` |
| 2 | bad input: one message on stderr says where, what was found, what is accepted, what to do |
| 3 | a fault of Assay; `ASSAY_DEBUG=1` shows where it happened |
| 130 | stopped by the keyboard; what was recorded stays, and the same command goes on |

With `--json` an answer is one JSON object with `"format": 1`, alone on stdout; progress and notes
go to stderr. A number that JSON cannot write (infinite, or not a number) is `null`. Colour is left
out where `NO_COLOR` is set and where nobody is watching.
"""


def reference() -> str:
    """The page as it should stand."""
    sections = [f"## {' '.join(words)}\n\n```text\n{told(words)}```\n" for words in every_command()]
    return "\n".join([HEAD, *sections])


def every_command() -> Iterator[tuple[str, ...]]:
    """The words of each command, `("assay", "ledger", "ls")`, in the order of the help."""

    def within(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        yield words
        for name, inner in getattr(command, "commands", {}).items():
            yield from within(inner, (*words, name))

    yield from within(typer.main.get_command(app), ("assay",))


def told(words: tuple[str, ...]) -> str:
    """What `--help` says, 80 columns wide."""
    asked = [*words[1:], "--help"]
    found = CliRunner().invoke(app, asked, prog_name="assay", env={"COLUMNS": WIDTH})
    if found.exit_code:
        raise SystemExit(f"{' '.join(words)} --help: {found.output}")
    return found.output


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
