"""The problem card of the report."""

from assay.picture import histogram, season_profile, series, svg
from assay.problem import Problem
from assay.report.content import Choice, Picture, ProblemContent, PropertyRow

MOST_EVIDENCE = 4


def problem_content(problem: Problem) -> ProblemContent:
    """A profile as the page shows it."""
    first = problem.suggestions[0].family if problem.suggestions else "none"
    summary = (
        f"{problem.frame.rows:,} rows of `{problem.roles.target}` from "
        f"{problem.frame.source}; first family to try: `{first}`."
    )
    return ProblemContent(
        summary=summary,
        properties=tuple(
            PropertyRow(
                name=each.name,
                finding=each.finding,
                evidence=_evidence(each.evidence),
                meaning=each.meaning,
            )
            for each in problem.properties
        ),
        suggestions=tuple(Choice(name=each.family, reason=each.reason) for each in problem.suggestions),
        ruled_out=tuple(Choice(name=each.family, reason=each.reason) for each in problem.ruled_out),
        pictures=_pictures(problem),
    )


def _evidence(evidence: dict[str, float | str | int]) -> str:
    pieces = [
        f"{name.replace('_', ' ')} {value:,.4g}" if isinstance(value, float)
        else f"{name.replace('_', ' ')} {value}"
        for name, value in evidence.items()
    ]
    return "; ".join(pieces[:MOST_EVIDENCE])


def _pictures(problem: Problem) -> tuple[Picture, ...]:
    tables, target = problem.pictures(), problem.roles.target
    drawn = [
        Picture(title="How often each value occurs", svg=svg(histogram(tables["histogram"], target)))
    ]
    if "series" in tables:
        chart = series(tables["series"], f"mean {target}", time=str(problem.roles.time))
        drawn.append(Picture(title="Course over time", svg=svg(chart)))
    if "season_profile" in tables:
        chart = season_profile(tables["season_profile"], f"mean {target}")
        drawn.append(Picture(title="Season", svg=svg(chart)))
    return tuple(drawn)
