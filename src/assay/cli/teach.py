"""How a command is announced: its purpose, an example, what it writes."""

from collections.abc import Callable
from typing import Any

import typer

from assay.cli.guard import guarded

Command = Callable[..., None]


def command(
    app: typer.Typer,
    name: str,
    *,
    purpose: str,
    example: str | tuple[str, ...],
    writes: str,
    more: str = "",
) -> Callable[[Command], Command]:
    """Announce a function as `assay NAME`.

    Args:
        app: where the command belongs.
        name: what is typed.
        purpose: one line that ends with a full stop.
        example: one or several command lines.
        writes: what is there afterwards that was not there before.
        more: what else somebody has to know before using it.
    """
    lines = (example,) if isinstance(example, str) else example
    # \b keeps a paragraph as it is written; the others are wrapped to the terminal.
    shown = "\b\n" + "\n".join(["Example:", *(f"  {line}" for line in lines)])
    text = "\n\n".join(part for part in (purpose, more, shown, f"Writes: {writes}") if part)

    def announce(function: Command) -> Command:
        app.command(name, help=text)(guarded(function, records="ledger" in writes))
        return function

    return announce


def group(**settings: Any) -> typer.Typer:
    """A Typer app in Assay's manner: plain help that answers at once, no decorated tracebacks."""
    return typer.Typer(
        no_args_is_help=True,
        rich_markup_mode=None,  # Rich's help takes twice as long to appear, and says no more
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
