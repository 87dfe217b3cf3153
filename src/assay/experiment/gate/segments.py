"""Segments of the sealed rows in which a model is worse than what it replaces."""

from assay.experiment.gate.candidate import Candidate
from assay.experiment.gate.part import Part, judged, percent, untold
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
            f"least gain is where {_least(candidate, asked)}."
        )
    broken = [
        f"It is worse than the baseline where {_said(candidate, row, _rows(row))}."
        for row in worse[:3]
    ]
    return judged("segments", broken, fine=fine, remedy=REMEDY, figures=figures)


def _least(candidate: Candidate, asked: list[Row]) -> str:
    """Where the least gain was, and that it may be chance where that is a loss."""
    row = min(asked, key=lambda each: each["gain"])
    told = f"which {_rows(row)} cannot tell from chance" if row["gain"] < 0 else _rows(row)
    return _said(candidate, row, told)


def _rows(row: Row) -> str:
    return f"{row['rows']:,} rows"


def _said(candidate: Candidate, row: Row, rows: str) -> str:
    is_share = candidate.judge.claim.improve_by is not None
    share = f"{percent(row['gain'])} of the baseline's loss there"
    gain = share if is_share else f"{row['gain']:.3g}"
    return f"`{row['column']}` is {row['value']} (gain {gain}, {rows})"


def _lowest(found: tuple[Row, ...]) -> list[Row]:
    """Those with the least gain, as many as a reader takes in."""
    return sorted(found, key=lambda row: row["gain"])[:20]
