"""A profile as a small piece of HTML, as notebooks show it."""

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from assay.problem.card import evidence_line

if TYPE_CHECKING:
    from assay.problem.problem import Problem

# Colours are inherited and only their strength varies, so the card reads on light and dark alike.
_BOX = (
    "font:14px/1.5 system-ui,sans-serif;max-width:60em;border:1px solid rgba(128,128,128,.4);"
    "border-radius:6px;padding:.8em 1em;color:inherit;background:transparent"
)
_CELL = "text-align:left;vertical-align:top;padding:.25em .8em .25em 0;border:0"
_QUIET = "opacity:.7;font-size:.88em"


def card(problem: "Problem") -> str:
    """The card of a problem, self-contained: no script, no style sheet, no picture."""
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL}">{escape(each.name)}</th><td style="{_CELL}">'
        f"{escape(each.finding)}<br><span>{escape(each.meaning)}</span><br>"
        f'<span style="{_QUIET}">{escape(evidence_line(each.evidence))}</span></td></tr>'
        for each in problem.properties
    )
    suggested = (
        f"<b>{escape(each.family)}</b>: {escape(each.reason)}" for each in problem.suggestions
    )
    ruled_out = (escape(each.reason) for each in problem.ruled_out)
    return (
        f'<div style="{_BOX}"><b>{escape(problem.roles.target)}</b> in '
        f'{escape(problem.frame.source)}<table style="border-collapse:collapse;margin:.5em 0">'
        f"{rows}</table>{_list('Suggested families', suggested)}"
        f"{_list('Ruled out', ruled_out)}</div>"
    )


def _list(title: str, entries: Iterable[str]) -> str:
    items = "".join(f"<li>{entry}</li>" for entry in entries)
    return f"<b>{title}</b><ul style='margin:.2em 0 .6em'>{items}</ul>" if items else ""
