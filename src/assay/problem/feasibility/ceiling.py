"""The best score that noisy labels leave room for, from rows that were labelled twice."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from assay.problem.feasibility.learners import Floats

CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """The score of a model that knows everything but the noise of the labels.

    Fields:
        pairs: rows labelled twice.
        noise: variance of the noise of one label, in the squared unit of the target.
        score: R² (of 0/1 labels the skill of the Brier score) that such a model would reach.
        bound: what the score lies below with 95 % confidence.
        agreement: share of the pairs that agree; None for a numeric target.
        accuracy: share of labels that a model which knows every truth would meet; None for a
            numeric target, or where the labels agree no more often than coins.
        accuracy_bound: what the accuracy lies below with 95 % confidence; None as for `accuracy`,
            but that it needs only the upper limit of the agreement to beat coins.
    """

    pairs: int
    noise: float
    score: float
    bound: float
    agreement: float | None = None
    accuracy: float | None = None
    accuracy_bound: float | None = None


def numeric_ceiling(y: Floats, first: Floats, second: Floats) -> Ceiling:
    """The ceiling of R² for a numeric target.

    With `s2` the mean squared difference over 2 and `k` pairs, the bound is
    `1 - (s2 k / chi2(.975, k)) / (var(y) (n - 1) / chi2(.025, n - 1))`: the least noise over the
    largest spread that the data allow, at 97.5 % each. It supposes that both are near normal.

    Args:
        y: the target of the pilot, `n` single labels.
        first: one label of each row that was labelled twice.
        second: the other.

    Source: Snedecor & Cochran (1989), Statistical methods, 8th ed., section 5.10 (the limits of a
    variance); Bonferroni for the two together.
    """
    pairs, rows = len(first), len(y)
    noise = float(np.mean((first - second) ** 2)) / 2.0
    spread = float(y.var(ddof=1))
    tail = (1.0 - CONFIDENCE) / 2.0
    least_noise = noise * pairs / float(stats.chi2.ppf(1.0 - tail, pairs))
    most_spread = spread * (rows - 1) / float(stats.chi2.ppf(tail, rows - 1))
    return Ceiling(
        pairs=pairs,
        noise=noise,
        score=_share_left(noise, spread),
        bound=_share_left(least_noise, most_spread),
    )


def class_ceiling(y: Floats, first: Floats, second: Floats) -> Ceiling:
    """The ceiling of the Brier skill and of the accuracy for a 0/1 target.

    Two annotators who each err with the chance `eps` agree with the chance
    `A = 1 - 2 eps (1 - eps)`. So `eps = (1 - sqrt(2 A - 1)) / 2`, and a model that knows every
    truth has the Brier score `eps (1 - eps) = (1 - A) / 2`, which exists for any `A`.

    Args:
        y: the target of the pilot, 0 or 1.
        first: one label of each row that was labelled twice, 0 or 1.
        second: the other.

    Source: Clopper & Pearson (1934), The use of confidence or fiducial limits illustrated in the
    case of the binomial.
    """
    pairs, agreed = len(first), int((first == second).sum())
    agreement, share = agreed / pairs, float(y.mean())
    tail = (1.0 - CONFIDENCE) / 2.0
    noise, least_noise = (1.0 - agreement) / 2.0, (1.0 - upper_limit(agreed, pairs, tail)) / 2.0
    ends = (
        1.0 - upper_limit(len(y) - int(y.sum()), len(y), tail / 2),
        upper_limit(int(y.sum()), len(y), tail / 2),
    )
    nearest_half = float(np.clip(0.5, *ends))  # where the target spreads most
    return Ceiling(
        pairs=pairs,
        noise=noise,
        score=_share_left(noise, share * (1.0 - share)),
        bound=_share_left(least_noise, nearest_half * (1.0 - nearest_half)),
        agreement=agreement,
        accuracy=_accuracy(agreement),
        accuracy_bound=_accuracy(upper_limit(agreed, pairs, 1.0 - CONFIDENCE)),
    )


def upper_limit(hits: int, tries: int, tail: float) -> float:
    """The upper limit of a share: larger ones give so few hits with a chance below `tail`."""
    return 1.0 if hits == tries else float(stats.beta.ppf(1.0 - tail, hits + 1, tries - hits))


def pairs_that_bound(y: Floats, ceiling: Ceiling, target: float, *, most: int) -> int | None:
    """How many pairs would bring the bound below a target, if the noise is as it was measured.

    Args:
        y: the target of the pilot.
        ceiling: what was measured.
        target: score aimed at.
        most: pairs that can be had.

    Returns:
        The least number of pairs that was found, in steps of a tenth; None where `most` would not
        be enough, as where the measured ceiling itself is no lower than the target.
    """
    pairs = ceiling.pairs
    while pairs < most:
        pairs = min(most, pairs + max(1, pairs // 10))
        # Pairs that differ by the same amount have the measured noise, however many they are.
        if ceiling.agreement is None:
            gap = np.full(pairs, np.sqrt(2.0 * ceiling.noise))
            found = numeric_ceiling(y, gap, np.zeros(pairs))
        else:
            agreed = np.arange(pairs) < round(ceiling.agreement * pairs)
            found = class_ceiling(y, agreed.astype(float), np.ones(pairs))
        if found.bound < target:
            return pairs
    return None


def _share_left(noise: float, spread: float) -> float:
    return max(0.0, 1.0 - noise / spread)


def _accuracy(agreement: float) -> float | None:
    """The chance that one label is right; what agrees no more often than coins do not tell it."""
    return (1.0 + float(np.sqrt(2.0 * agreement - 1.0))) / 2.0 if agreement > 0.5 else None
