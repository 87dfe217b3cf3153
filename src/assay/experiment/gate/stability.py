"""Whether another seed, or a few other rows to learn from, would have made another model."""

from collections.abc import Iterator, Sequence

import numpy as np

from assay.compute.progress import tracked
from assay.errors import AssayError
from assay.experiment.gate.candidate import Candidate, Means
from assay.experiment.gate.part import Part, judged, percent, untold
from assay.experiment.task import Procedure
from assay.score import k_folds

SEEDS = 4
"""Further seeds with which the model is fitted."""

RESAMPLES = 5
"""Fits that each leave out another part of the open rows."""

PARTS = 10
"""The open rows are dealt into so many parts, one of which a resample leaves out."""

BY_SEED = 0.1
"""Share of the gain in squared error that a seed may decide: beyond it fits should be averaged."""

BY_ROWS = 0.5
"""Share of it that the choice of the open rows may decide."""

LEAST_GAIN = 0.1
"""Share of the squared error that counts as its gain where that is less, as for a better spread."""

SAME = 1e-5
"""Predictions are the same if they differ by no more than this share of their spread."""


def stability(candidate: Candidate) -> Part:
    """Fit the model again: with its own seed, with others, and without parts of the open rows.

    Its own seed must give what was judged. The claim must hold, on the sealed rows that are open
    by now, whatever the seed and the part left out. And what differs between fits must be small
    beside what the model gains in squared error over the baseline: averaging many fits would cut
    the error by as much (Krogh & Vedelsby 1995). What leaving out parts shows is scaled up to
    fresh samples by the delete-a-group jackknife (Shao & Tu 1995).
    """
    if not candidate.can_refit:
        return untold(
            "stability",
            "What was offered cannot be fitted again, so nobody knows what another seed or other "
            "rows would have made of it.",
            "Offer the model unfitted, so that it can be fitted again.",
        )
    judged_shape = candidate.shape(candidate.predictive, candidate.sealed)
    away = difference(judged_shape, candidate.shape_again)
    if away > SAME:
        return judged(
            "stability",
            [
                "Fitted again as it was judged, with the same seed, it predicts something else "
                f"(off by {percent(away)} of their spread): production would run another model."
            ],
            fine="",
            remedy="Draw everything random in the model from the `seed` that `fit` is given.",
            figures={"difference": away},
        )
    try:
        return _varied(candidate, candidate.foretold_again)
    except AssayError as error:
        return judged(
            "stability",
            [f"Fitted again with another seed or other rows it broke: {error}"],
            fine="",
            remedy="Make the fit robust to a tenth of its rows.",
        )


def difference(before: Means, after: Means) -> float:
    """Largest difference between two predictions of the same rows, as a share of their spread."""
    spread = float(before[:, 0].std()) or float(np.abs(before).max()) or 1.0
    return float(np.abs(before - after).max()) / spread


def _varied(candidate: Candidate, own: Means) -> Part:
    seeds = list(_by_seed(candidate, own))
    rows = list(_by_rows(candidate))
    scale = _gain_in_squared_error(candidate, own)
    by_seed = _variance([own, *(means for means, _ in seeds)]) / scale
    by_rows = (PARTS - 1) * _variance([means for means, _ in rows]) / scale
    is_jackknife = not isinstance(candidate.fitted, Procedure)
    gains = [gain for _, gain in (*seeds, *rows)]
    delta, fits = candidate.judge.claim.delta, len(gains)
    missed = sum(gain <= delta for gain in gains)
    broken = []
    if missed:
        broken.append(
            f"In {missed} of {fits} fits with another seed or without a part of its rows, the "
            "claim no longer holds on the same sealed rows."
        )
    if by_seed > BY_SEED:
        broken.append(
            f"A throw of dice decides {percent(by_seed)} of what it gains: another seed makes "
            "another model."
        )
    if is_jackknife and by_rows > BY_ROWS:
        broken.append(
            f"Which rows it learnt from decides {percent(by_rows)} of what it gains: other rows of "
            "the same kind make another model."
        )
    return judged(
        "stability",
        broken,
        fine=f"The claim holds in all {fits} further fits; another seed decides {percent(by_seed)} "
        "of what it gains"
        + (f", other rows to learn from {percent(by_rows)}." if is_jackknife else "."),
        remedy="Average several fits, take a steadier model, or label more rows.",
        figures={
            "gains_by_seed": [gain for _, gain in seeds],
            "gains_by_rows": [gain for _, gain in rows],
            "least_gain": delta,
            "decided_by_seed": by_seed,
            "decided_by_rows": by_rows if is_jackknife else None,
        },
    )


def _by_seed(candidate: Candidate, own: Means) -> Iterator[tuple[Means, float]]:
    """Means and gain with other seeds; one is enough where the seed changes nothing."""
    for step in tracked(range(1, SEEDS + 1), "fitting with other seeds"):
        means, gain = _refit(
            candidate,
            candidate.task.open_rows,
            candidate.seed + 1000 * step,
            by_seed_alone=True,
        )
        yield means, gain
        if np.array_equal(means, own):
            return


def _by_rows(candidate: Candidate) -> Iterator[tuple[Means, float]]:
    """Means and gain without parts of the open rows."""
    for kept in tracked(_kept(candidate), "fitting on other rows"):
        yield _refit(candidate, candidate.task.open_rows[kept], candidate.seed)


def _kept(candidate: Candidate) -> list[np.ndarray]:
    """Places among the open rows that each resample keeps.

    Whole cases or groups are left out; of a series every other tenth of its dates. A procedure's
    past must stay without holes, so it begins later instead.
    """
    task = candidate.task
    if task.roles.time is None:
        units = task.sealing.units[task.open_rows]
        folds = k_folds(units, min(PARTS, len(np.unique(units))), seed=candidate.seed)
        return [fold.train for fold in folds[:RESAMPLES]]
    dates = task.frame.column(task.roles.time).gather(task.open_rows).rank("dense").to_numpy()
    part = np.minimum((dates - 1) * PARTS // dates.max(), PARTS - 1).astype(int)
    if isinstance(candidate.fitted, Procedure):
        return [np.flatnonzero(part >= first) for first in range(1, RESAMPLES)]
    return [np.flatnonzero(part != 2 * turn) for turn in range(RESAMPLES)]


def _refit(
    candidate: Candidate, rows: np.ndarray, seed: int, *, by_seed_alone: bool = False
) -> tuple[Means, float]:
    fitted = candidate.fit(rows, seed, by_seed_alone=by_seed_alone)
    found = candidate.task.predict(fitted, candidate.sealed)
    return candidate.means(found, candidate.sealed), candidate.mean_gain(found)


def _variance(fits: Sequence[Means]) -> float:
    """Variance between fits of what is predicted for a row, mean over rows."""
    if len(fits) < 2:
        return 0.0
    return float(np.var(np.stack(fits), axis=0, ddof=1).sum(axis=1).mean())


def _gain_in_squared_error(candidate: Candidate, own: Means) -> float:
    rows, came = candidate.sealed, candidate.recorded
    base = candidate.means(candidate.task.baseline_at(rows), rows)
    error = float(((came - own) ** 2).sum(axis=1).mean())
    gain = float(((came - base) ** 2).sum(axis=1).mean()) - error
    return max(gain, LEAST_GAIN * error) or 1.0
