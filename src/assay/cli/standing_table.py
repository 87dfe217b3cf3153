"""A project on the terminal: question, outcome, attempts, effort, verdict."""

from typing import TYPE_CHECKING

from assay.cli.standing import Standing, Tried
from assay.cli.terminal import COLOURS, console, pairs

if TYPE_CHECKING:
    from rich.text import Text


def show_standing(standing: Standing, unit: str) -> None:
    """One project as a small table under its key."""
    from rich.text import Text

    colour = COLOURS.get(standing.outcome, "")
    out = console()
    title = Text(standing.key, style="bold")
    title.append(f"  {standing.outcome}", style=f"bold {colour}".strip())
    if standing.is_simulated:
        title.append("  simulated data", style="dim")
    out.print(title)
    out.print(pairs([(name, value) for name, value in _rows(standing, unit) if value]))


def _rows(standing: Standing, unit: str) -> list[tuple[str, "str | Text"]]:
    word = (
        "verdict"
        if standing.outcome in ("supported", "refuted", "inconclusive", "withdrawn")
        else "why"
    )
    return [
        ("question", standing.question),
        ("attempts", _attempts(standing, unit)),
        ("effort", _effort(standing, unit)),
        ("state" if standing.outcome == "open" else word, standing.sentence),
    ]


def _attempts(standing: Standing, unit: str) -> "Text":
    from rich.text import Text

    return Text("\n").join([_attempt(tried, unit) for tried in standing.attempts])


def _attempt(tried: Tried, unit: str) -> "Text":
    from rich.text import Text

    effort = "effort unknown" if tried.effort is None else amount(tried.effort, unit)
    line = Text(f"{tried.name} · {tried.stage} · {effort} · ")
    if tried.look is not None:
        line.append(f"look {tried.look}: ")
    line.append(tried.answer or "no look of its own", style=COLOURS.get(tried.answer, ""))
    if tried.broke:
        line.append(f" ({tried.broke})", style="dim")
    return line


def _effort(standing: Standing, unit: str) -> str:
    unknown = sum(tried.effort is None for tried in standing.attempts)
    words = amount(standing.effort, unit) if standing.attempts else ""
    return f"{words}, and what {unknown} did not say" if unknown else words


def amount(units: float, unit: str) -> str:
    """A number of units in words: `1 person-day`, `2.5 person-days`."""
    return f"{units:,g} {unit}{'' if units == 1 else 's'}"
