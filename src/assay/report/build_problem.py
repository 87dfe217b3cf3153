"""The problem card of the report."""

import re
from collections.abc import Sequence

import polars as pl

from assay.picture import histogram, season_profile, series, svg
from assay.problem import Problem, Property, RuledOut, Suggestion
from assay.problem.words import number, p_value, percent
from assay.report.content import Choice, Picture, ProblemContent, PropertyRow

MOST_EVIDENCE = 5
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
CALENDAR: dict[tuple[object, int], tuple[str, tuple[str, ...]]] = {
    ("day", 7): ("day of the week", DAYS),
    ("working day", 5): ("day of the week", DAYS[:5]),
    ("month", 12): ("month", MONTHS),
    ("hour", 24): ("hour of the day", tuple(str(hour) for hour in range(24))),
}
"""What the places of a season are called, by its step and its length."""


def problem_content(problem: Problem, *, is_open: bool = False) -> ProblemContent:
    """A profile as the page shows it.

    Args:
        problem: the profile.
        is_open: whether it is one of open rows alone.
    """
    kind = "open rows" if is_open else "rows"
    summary = f"{problem.frame.rows:,} {kind} of `{problem.roles.target}`."
    if problem.suggestions:
        summary += f" First family to try: `{problem.suggestions[0].family}`."
    return ProblemContent(
        summary=summary,
        properties=tuple(_property(each) for each in problem.properties),
        suggestions=_choices(problem.suggestions),
        ruled_out=_choices(problem.ruled_out),
        pictures=_pictures(problem),
    )


def _choices(families: Sequence[Suggestion | RuledOut]) -> tuple[Choice, ...]:
    return tuple(Choice(name=each.family, reason=each.reason) for each in families)


def _property(found: Property) -> PropertyRow:
    return PropertyRow(
        name=found.name,
        finding=found.finding,
        evidence=evidence_words(found),
        meaning=found.meaning,
    )


def evidence_words(found: Property) -> str:
    """The figures behind a finding that it does not state itself: `distinct 89; columns 8`."""
    pieces = [
        (name.replace("_", " "), _value(name, value))
        for name, value in found.evidence.items()
        if value != "" and name != "kind"
    ]
    new = [
        name.removesuffix("p value") + value if name.endswith("p value") else f"{name} {value}"
        for name, value in pieces
        if not re.search(rf"(?<![\w.,]){re.escape(value)}(?!\w|[.,]\d)", found.finding)
    ]
    return "; ".join(new[:MOST_EVIDENCE])


def _value(name: str, value: float | str | int) -> str:
    if isinstance(value, str):
        return value
    if name.endswith("p_value"):
        return p_value(value)
    return percent(value) if "share" in name.split("_") else number(value)


def _pictures(problem: Problem) -> tuple[Picture, ...]:
    tables, target = problem.pictures(), problem.roles.target
    words = "How often each value occurs"
    drawn = [Picture(title=words, svg=svg(histogram(tables["histogram"], target)))]
    if "series" in tables:
        chart = series(tables["series"], f"mean {target}", time=str(problem.roles.time))
        drawn.append(Picture(title="Course over time", svg=svg(chart)))
    if "season_profile" in tables:
        drawn.append(_season(problem, tables["season_profile"]))
    return tuple(drawn)


def _season(problem: Problem, profile: pl.DataFrame) -> Picture:
    order = next((each.evidence for each in problem.properties if each.name == "order"), {})
    position, names = CALENDAR.get((order.get("step"), profile.height), ("place in the season", ()))
    if names:
        profile = profile.with_columns(position=pl.Series(names))
    chart = season_profile(profile, f"mean {problem.roles.target}", position=position)
    return Picture(
        title="One season", svg=svg(chart), caption="The band holds the middle half of the rows."
    )
