"""The call: go, no go, or what would settle it. Extrapolation alone never says no."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assay.problem.feasibility.ceiling import Ceiling, pairs_that_bound
from assay.problem.feasibility.curve import HIGH, LOW, MIDDLE, Point, Rising, rising
from assay.problem.feasibility.learners import Floats
from assay.problem.feasibility.signal import LEVEL

Call = Literal["GO", "NO-GO", "CANNOT TELL YET"]

ADVISED_PAIRS = 60
MOST_GROWTH = 20.0
"""A pilot of more than this many times today's rows is no pilot: no number is then named."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What a call rests on.

    Fields:
        target: score aimed at.
        p_value: of the signal.
        points: scores measured on parts of the pilot and on all of it.
        full_rows: rows that there will be.
        ceiling: from double labels; None where there are none.
    """

    target: float
    p_value: float
    points: tuple[Point, ...]
    full_rows: int
    ceiling: Ceiling | None

    @property
    def has_signal(self) -> bool:
        """Whether the pilot shows that the features tell something of the target."""
        return self.p_value <= LEVEL

    @property
    def is_out_of_reach(self) -> bool:
        """Whether the noise of the labels alone keeps every model below the target."""
        return self.ceiling is not None and self.ceiling.bound < self.target


def decide(evidence: Evidence, *, at_least: float) -> Call:
    """The call.

    GO where the score that nine in ten of the possible curves exceed reaches the target and the
    pilot shows a signal; NO-GO only where the measured ceiling lies below the target. Where both
    hold, the rows and the double labels contradict each other, and nothing is called.

    Args:
        evidence: what was measured.
        at_least: the 10 % quantile of the score with all rows.
    """
    can_go = at_least >= evidence.target and evidence.has_signal
    if can_go == evidence.is_out_of_reach:
        return "CANNOT TELL YET"
    return "GO" if can_go else "NO-GO"


def settle(evidence: Evidence, curve: Rising, y: Floats) -> tuple[str, ...]:
    """What would turn `CANNOT TELL YET` into a call, as sentences."""
    return tuple(_steps(evidence, curve, y))


def _steps(evidence: Evidence, curve: Rising, y: Floats) -> Iterator[str]:
    if evidence.is_out_of_reach:
        yield (
            "The pilot says that the target can be met, the double labels that it cannot. Check "
            "that both label the same rows in the same way."
        )
        return
    if not evidence.has_signal:
        yield (
            f"Look at features that should tell more, or bring more than {len(y):,} pilot rows: a "
            "weak signal needs many."
        )
    else:
        yield _more_rows(evidence, curve)
    if evidence.ceiling is None:
        yield (
            f"Have about {ADVISED_PAIRS} rows labelled twice: only measured noise can show that "
            "the target is out of reach."
        )
        return
    pairs = pairs_that_bound(y, evidence.ceiling, evidence.target, most=100 * ADVISED_PAIRS)
    if pairs is not None:
        yield (
            f"Or have {pairs:,} rows labelled twice, {evidence.ceiling.pairs:,} are: if the labels "
            "stay as noisy, that shows the target to be out of reach."
        )


def _more_rows(evidence: Evidence, curve: Rising) -> str:
    for share, words in (
        (MIDDLE, "if the score goes on rising as it most likely does"),
        (HIGH, "if the score rises as steeply as it may"),
    ):
        rows = rows_that_show(evidence, curve, share)
        if rows is not None:
            return (
                f"Label about {rows:,} pilot rows: {words}, they show that the target can be met."
            )
    return (
        "More rows of the same kind are unlikely to settle it: bring features that tell more, or "
        "a lower target."
    )


def rows_that_show(evidence: Evidence, curve: Rising, share: float) -> int | None:
    """How many pilot rows would make the call GO, if the score went on along one quantile.

    Larger pilots are imagined whose scores lie on that course, each with the error that was
    measured, less by the square root of the growth, and judged as the true pilot was.

    Args:
        evidence: what was measured.
        curve: the curves that it allows.
        share: the quantile that the imagined scores follow.

    Returns:
        Rows to two digits, in steps of a quarter; None where 20 times the pilot would not do.
    """
    today, growth = evidence.points[-1].rows, 1.25
    while growth <= MOST_GROWTH:
        points = _imagined(evidence.points, curve, share, growth)
        full = max(evidence.full_rows, points[-1].rows)
        if rising(points).quantile(LOW, full) >= evidence.target:
            return _rounded(today * growth)
        growth *= 1.25
    return None


def _imagined(
    points: Sequence[Point], curve: Rising, share: float, growth: float
) -> tuple[Point, ...]:
    return tuple(
        Point(
            rows=round(point.rows * growth),
            score=curve.quantile(share, point.rows * growth),
            sd=point.sd / growth**0.5,
        )
        for point in points
    )


def _rounded(rows: float) -> int:
    """Two digits that count: more would promise a precision that is not there."""
    unit = 10 ** max(0, len(str(int(rows))) - 2)
    return int(-(-rows // unit) * unit)
