"""A profile as lines of plain text."""

from textwrap import wrap
from typing import TYPE_CHECKING

from assay.problem.words import number, p_value

if TYPE_CHECKING:
    from assay.problem.problem import Problem

_WIDTH = 100
_NAMES = 14


def lines(problem: "Problem") -> tuple[str, ...]:
    """The card of a problem: findings with evidence and meaning, then the families."""
    title = f"{problem.roles.target} in {problem.frame.source}"
    out = [title, "=" * min(len(title), _WIDTH)]
    for each in problem.properties:
        out += _entry(each.name, each.finding)
        out += _entry("", "evidence: " + evidence_line(each.evidence))
        out += _entry("", each.meaning)
    out += ["", "Suggested families"]
    for each in problem.suggestions:
        out += _entry(f"  {each.rank}.", f"{each.family}: {each.reason}", indent=6)
    if problem.ruled_out:
        out += ["", "Ruled out"]
    for each in problem.ruled_out:
        out += _entry("  -", each.reason, indent=6)
    return tuple(out)


def _entry(label: str, text: str, *, indent: int = _NAMES) -> list[str]:
    body = wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
    heads = [label.ljust(indent)] + [" " * indent] * len(body)
    return [head + line for head, line in zip(heads, body, strict=False)]


def evidence_line(pieces: dict[str, float | str | int]) -> str:
    """Evidence as one line: `rows 442, share 0.27`."""
    return ", ".join(_piece(name.replace("_", " "), value) for name, value in pieces.items())


def _piece(name: str, value: float | str | int) -> str:
    if isinstance(value, str):
        return f"{name} {value}"
    if name.endswith("p value"):
        return name.removesuffix("p value") + p_value(value)
    return f"{name} {number(value)}"
