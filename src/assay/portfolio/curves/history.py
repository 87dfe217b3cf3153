"""The curve of any history of scores: a learner's, a leaderboard's, somebody else's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import PlanError
from assay.portfolio.curves.curve import AbstractCurve, Worth
from assay.portfolio.curves.past import Direction, Past, past_of
from assay.portfolio.curves.stages import efforts_of
from assay.portfolio.curves.stray import normals, strayed, strayed_twice
from assay.portfolio.curves.wander import Wander, wander_of
from assay.portfolio.curves.weighing import DRAWS, Draws, weigh
from assay.portfolio.kinds import Floats

if TYPE_CHECKING:
    import altair as alt

CHUNK = 32  # efforts at a time, so that four thousand draws stay small
LATE = 5  # scores, the last ones, which tell how noisy the next one is
TIMES = (1.0, 2.0, 4.0)  # the last effort, what is shown without being asked


@dataclass(frozen=True, eq=False, repr=False)
class HistoryCurve(AbstractCurve):
    """What a history says of scores at any effort, in the unit of the scores.

    Fields:
        past: what was seen.
        wander: how scores may stray from a smooth curve.
        draws: the curves that the history speaks for, equally probable.
    """

    past: Past
    wander: Wander
    draws: Draws

    def mean(self, x: ArrayLike) -> Floats:
        """Expected score at the efforts `x`, or the expected best so far."""
        return self._each(x, lambda heights: heights.mean(axis=0)[None])[0]

    def band(
        self, x: ArrayLike, level: float = 0.8, *, with_noise: bool = True
    ) -> tuple[Floats, Floats]:
        """What a score at the efforts `x` lies between with probability `level`.

        Args:
            x: efforts.
            level: strictly between 0 and 1.
            with_noise: of a score as noisy as the last ones seen; otherwise of what many scores
                would average to. A best so far has no noise.

        Returns:
            The lower and the higher end, whichever of them is the better one.

        Raises:
            PlanError: `level` or an effort is out of range.
        """
        shares, noise = _shares(level), self._noise() if with_noise else np.zeros(DRAWS)

        def ends(heights: Floats) -> Floats:
            return np.quantile(np.minimum(heights + noise[:, None], self.past.ceiling), shares, 0)

        found = self._each(x, ends)
        return found.min(axis=0), found.max(axis=0)

    def expected(self, x: ArrayLike, worth: Worth, turns: Sequence[float] | None = None) -> Floats:
        """Expected worth of what scores at the efforts `x` are better than the baseline.

        Raises:
            PlanError: baseline or ceiling is unknown.
        """
        base = self.past.ceiling - self._reach()
        found = self._each(x, lambda heights: worth(heights - base).mean(axis=0)[None])
        return self.past.sign * found[0]

    def gain(
        self,
        x0: float,
        units: int,
        worth: Worth | None = None,
        turns: Sequence[float] | None = None,
    ) -> Floats:
        """Expected improvement on effort `x0` after 0, 1, ... `units` more units of effort.

        Args:
            x0: effort already spent.
            units: whole units still to come.
            worth: what it is worth to be better than the baseline, where the rise of that is asked.
            turns: as for `AbstractCurve.expected`.

        Returns:
            `units + 1` values in the unit of the scores, the first one 0, none below the one
            before it; 0.02 where an error falls by 0.02.
        """
        if worth is not None:
            return super().gain(x0, units, worth, turns)
        better = self.past.sign * self.mean(x0 + np.arange(units + 1.0))
        return np.maximum.accumulate(better - better[0])

    def gain_band(
        self, x0: float, effort: float, level: float = 0.8, worth: Worth | None = None
    ) -> tuple[float, float]:
        """Least and most improvement from effort `x0` to `x0 + effort`, believed with `level`."""
        shares, x = _shares(level), _efforts([x0, x0 + effort])
        away = strayed_twice(self.draws, self.wander, self.past.log_effort(x))
        start, end = self._bounded(self._smooth(x) + away, x).T
        if worth is not None:
            base = self.past.ceiling - self._reach()
            start, end = worth(start - base), worth(end - base)
        low, high = np.quantile(end - start, shares)
        return float(low), float(high)

    def probability_dead(self) -> float:
        """Probability that effort brings nothing: scores stray and are noisy, but do not rise."""
        return self.draws.probability_dead

    def points_in_one(self, skill_at_ceiling: float) -> float:
        """Points between baseline and ceiling, in one unit of the score.

        Raises:
            PlanError: baseline or ceiling is unknown.
        """
        return 100.0 * skill_at_ceiling / self._reach()

    def _reach(self) -> float:
        if self.past.reach is None:
            raise PlanError(
                "curve of a history: found no baseline or no ceiling, must have both to be planned "
                "with. Pass `baseline` and `ceiling` to `Curve.fit`."
            )
        return self.past.reach

    def headline(self) -> str:
        """The history in one sentence."""
        last = float(self.past.effort[-1])
        (now, then), (low, high) = self.mean([last, 2 * last]), self.band(2 * last)
        what = "best so far" if self.past.is_best else "score"
        better = "more" if self.past.sign > 0 else "less"
        return (
            f"{self.past.effort.size} efforts up to {last:g}, {better} is better: {what} "
            f"{now:.4g} now, "
            f"{then:.4g} expected at twice the effort (80 % between {low:.4g} and {high:.4g})"
        )

    def picture(self, *, until: float | None = None, is_titled: bool = True) -> "alt.LayerChart":
        """Scores seen, the expected score and its 80 % band.

        Args:
            until: effort up to which to look ahead; twice the last one unless told.
            is_titled: whether the picture says itself what it shows.

        Raises:
            PlanError: `until` is not above 0.
        """
        import polars as pl

        from assay.picture.history import scores_ahead

        end = _efforts([2.0 * self.past.effort[-1] if until is None else until])[0]
        x = np.unique(np.append(np.linspace(self.past.effort[0], end, 120), self.past.effort[-1]))
        low, high = self.band(x)
        ahead = pl.DataFrame({"effort": x, "mean": self.mean(x), "low": low, "high": high})
        score = self.past.sign * self.past.score
        seen = pl.DataFrame({"effort": self.past.effort, "score": score})
        what = "best so far" if self.past.is_best else "score"
        return scores_ahead(ahead, seen, score=what, is_titled=is_titled)

    def __repr__(self) -> str:
        return f"<HistoryCurve of {self.headline()}>"

    def _repr_html_(self) -> str:
        x = np.multiply(TIMES, self.past.effort[-1])
        rows = zip(x, self.mean(x), *self.band(x), strict=True)
        body = "".join("<tr>" + "".join(f"<td>{v:.4g}</td>" for v in row) + "</tr>" for row in rows)
        head = "<tr><th>effort</th><th>expected</th><th colspan=2>80 % between</th></tr>"
        said = f"<p><strong>{escape(self.headline())}</strong></p>"
        from assay.picture import inline

        return f"{said}{inline(self.picture(is_titled=False))}<table>{head}{body}</table>"

    def _each(self, x: ArrayLike, summary: Callable[[Floats], Floats]) -> Floats:
        """Summarise the turned heights at each effort: one row a figure, turned back."""
        at = _efforts(x)
        flat = at.ravel()
        parts = [
            summary(self._heights(flat[start : start + CHUNK]))
            for start in range(0, flat.size, CHUNK)
        ]
        found = self.past.sign * np.concatenate(parts or [summary(self._heights(flat))], axis=1)
        return found.reshape(len(found), *at.shape)

    def _heights(self, x: Floats) -> Floats:
        """What each draw says of the efforts `x`, without noise: one row a draw."""
        away = strayed(self.draws, self.wander, self.past.log_effort(x))
        return self._bounded(self._smooth(x) + away, x)

    def _smooth(self, x: Floats) -> Floats:
        shapes, last = self.draws.shapes, self.past.effort[-1:]
        risen = shapes.height(x) - shapes.height(last)
        return self.draws.level[:, None] + self.draws.steepness[:, None] * risen

    def _noise(self) -> Floats:
        if self.past.is_best:
            return np.zeros(DRAWS)
        typical = float(np.median(self.past.noise[-LATE:]))
        return typical * self.draws.factors[self.draws.group] * normals()[2][:, 0]

    def _bounded(self, heights: Floats, x: Floats) -> Floats:
        """No height above the ceiling; no best so far below the best, nor other than it was."""
        heights = np.minimum(heights, self.past.ceiling)
        if not self.past.is_best:
            return heights
        at = np.searchsorted(self.past.effort, x, side="right") - 1
        best = np.where(at < 0, -np.inf, self.past.score[at])
        was = x <= self.past.effort[-1]
        return np.where(was & (at >= 0), best, np.maximum(heights, best))


def fit_history(
    effort: ArrayLike,
    score: ArrayLike,
    *,
    se: ArrayLike | None,
    direction: Direction | None,
    ceiling: float | None,
    baseline: float | None,
    best: bool,
) -> HistoryCurve:
    """Fit a history; `Curve.fit` says what its arguments mean."""

    def one(way: Direction | None, is_best: bool) -> HistoryCurve:
        past = past_of(
            effort, score, se=se, direction=way, ceiling=ceiling, baseline=baseline, best=is_best
        )
        wander = wander_of(past.log_effort(past.effort), past.noise)
        return HistoryCurve(past, wander, weigh(past, wander))

    if direction is not None or ceiling is not None:
        return one(direction, best)
    # A best so far keeps other rows on each side, and the side that keeps fewest would win.
    likely = max(one("max", False), one("min", False), key=lambda curve: curve.draws.log_evidence)
    return one("max" if likely.past.sign > 0 else "min", True) if best else likely


def _shares(level: float) -> tuple[float, float]:
    if not 0.0 < level < 1.0:
        raise PlanError(
            f"curve: `level` of a band is {level}, must lie strictly between 0 and 1. "
            "Write 0.8 for a band that holds with 80 %."
        )
    return 0.5 - level / 2.0, 0.5 + level / 2.0


def _efforts(x: ArrayLike) -> Floats:
    at = efforts_of(x)
    wrong = at[~(np.isfinite(at) & (at >= 0.0))]
    if wrong.size:
        raise PlanError(
            f"curve: an effort to look at is {wrong[0]}, must be finite and not negative. "
            "Count effort as in the history."
        )
    return at
