"""Segments of the sealed rows in which a model is worse than what it replaces."""

from assay.experiment.gate.candidate import Candidate
from assay.experiment.gate.part import Part, judged, untold
from assay.experiment.segments import Row, harmed, tested
from assay.experiment.segments import segments as segments_of

REMEDY = (
    "Keep the baseline there, or model what is different about them; or take responsibility: "
    '`--accept segments="..."`.'
)


def segments(candidate: Candidate) -> Part:
    """Look for segments where the model does worse than the baseline for certain."""
    judge = candidate.judge
    found = segments_of(judge, judge.losses(candidate.predictive), every=True)
    figures = {"segments": len(found), "worst": _lowest(found)}
    asked, worse = tested(judge, found), harmed(judge, found)
    known_before = [row for row in found if row["column"] != judge.task.roles.target]
    if not asked and known_before:
        return untold(
            "segments",
            f"None of {len(known_before)} segments has enough independent rows to tell.",
            'Seal more; or take responsibility: `--accept segments="..."`.',
            figures,
        )
    if not asked:
        fine = "No column parts the sealed rows into segments of 20 rows or more."
    else:
        fine = (
            f"In none of {len(asked)} segments is it worse than the baseline for certain; the "
            f"least gain is where {_said(min(asked, key=lambda row: row['gain']))}."
        )
    broken = [f"It is worse than the baseline where {_said(row)}." for row in worse[:3]]
    return judged("segments", broken, fine=fine, remedy=REMEDY, figures=figures)


def _said(row: Row) -> str:
    return f"`{row['column']}` is {row['value']} (gain {row['gain']:.3g}, {row['rows']:,} rows)"


def _lowest(found: tuple[Row, ...]) -> list[Row]:
    """Those with the least gain, as many as a reader takes in."""
    return sorted(found, key=lambda row: row["gain"])[:20]
