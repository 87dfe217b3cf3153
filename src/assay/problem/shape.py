"""Zeros, skew and spread of a target."""

import numpy as np
from scipy import stats

from assay.problem.facts import Facts
from assay.problem.property import Property, evidence
from assay.problem.words import number, p_value, percent


def zeros(facts: Facts) -> Property:
    """How many zeros there are, and how many a Poisson law of the same mean would give.

    Source: van den Broek (1995), A score test for zero inflation in a Poisson distribution,
    Biometrics 51(2).
    """
    y = facts.values
    count = int((y == 0).sum())
    base = {"zeros": count, "values": len(y), "share": count / len(y)}
    is_count = facts.is_whole and y.min() >= 0 and not facts.is_binary
    if not is_count or y.mean() == 0:
        return Property(
            name="zeros",
            finding=f"{count:,} of {len(y):,} values are 0 ({percent(count / len(y))})",
            evidence=evidence(**base),
            meaning=_zeros_elsewhere(facts, count),
        )
    expected = len(y) * float(np.exp(-y.mean()))
    statistic, p = _zero_score_test(y, count)
    many = p < 0.01 and count > expected
    return Property(
        name="zeros",
        finding=f"{count:,} of {len(y):,} values are 0 ({percent(count / len(y))}); a Poisson law "
        f"of the same mean gives {number(round(expected))}",
        evidence=evidence(**base, expected_poisson=expected, statistic=statistic, p_value=p),
        meaning=f"More zeros than a Poisson law has ({p_value(p)}): a family with spread of its "
        "own, such as negative-binomial, or one that treats zeros apart."
        if many
        else "No more zeros than a Poisson law has.",
    )


def _zeros_elsewhere(facts: Facts, count: int) -> str:
    if facts.is_binary:
        return "The other class is the base rate: a model that knows nothing predicts it."
    if facts.values[0] < 0:
        return "0 lies inside the support and is a value like others."
    if count:
        return "A continuous law gives exact zeros no mass: they need a part of their own."
    return "No zeros: families on the positive numbers remain."


def _zero_score_test(y: np.ndarray, count: int) -> tuple[float, float]:
    n, mean = len(y), float(y.mean())
    at_zero = float(np.exp(-mean))
    if n * at_zero < 5.0:  # too few for a chi-square law: the exact binomial tail
        exact = stats.binomtest(count, n, at_zero, alternative="greater").pvalue
        return float("nan"), float(exact)
    spread = n * at_zero * (1.0 - at_zero - mean * at_zero)
    statistic = float((count - n * at_zero) ** 2 / spread)
    return statistic, float(stats.chi2.sf(statistic, 1))


def _is_flat(y: np.ndarray) -> bool:
    # Below this the third moment is rounding error.
    return bool(y.std() <= 1e-10 * np.abs(y).max())


def skew(facts: Facts) -> Property:
    """Whether the values lean to one side, and whether their logarithms do."""
    y = facts.values
    if len(y) < 8 or _is_flat(y):
        return Property(
            name="skew",
            finding="too few different values to say",
            evidence=evidence(values=len(y), standard_deviation=float(y.std())),
            meaning="At least 8 values that differ are needed.",
        )
    found = float(stats.skew(y))
    test = stats.skewtest(y)
    logs = np.log(y) if y.min() > 0 else None
    of_logs = float(stats.skew(logs)) if logs is not None and not _is_flat(logs) else None
    leans = float(test.pvalue) < 0.01 and abs(found) > 0.1
    side = "to the right (long upper tail)" if found > 0 else "to the left (long lower tail)"
    logs_said = "" if of_logs is None else f"; of the logarithms {of_logs:.2f}"
    return Property(
        name="skew",
        finding=f"skewness {found:.2f}{logs_said}",
        evidence=evidence(
            skewness=found,
            statistic=float(test.statistic),
            p_value=float(test.pvalue),
            skewness_of_logs=of_logs,
            median=float(np.median(y)),
            mean=float(y.mean()),
        ),
        meaning=f"The values lean {side}, {p_value(float(test.pvalue))} for a symmetric law: a "
        "symmetric family mistakes the tail."
        if leans
        else "Nothing rules out a symmetric law.",
    )


def dispersion(facts: Facts) -> Property:
    """How the spread compares with the mean.

    Source: Fisher (1950), The significance of deviations from expectation in a Poisson series,
    Biometrics 6(1).
    """
    y = facts.values
    mean = float(y.mean())
    spread = float(y.var(ddof=1)) if len(y) > 1 else 0.0
    base = {"mean": mean, "variance": spread}
    if facts.is_binary or not facts.is_whole or y.min() < 0 or mean == 0 or len(y) < 2:
        relative = np.sqrt(spread) / mean if mean > 0 and y.min() >= 0 else None
        said = "" if relative is None else f", {number(relative)} of the mean"
        return Property(
            name="dispersion",
            finding=f"standard deviation {number(np.sqrt(spread))}{said}",
            evidence=evidence(
                **base, standard_deviation=np.sqrt(spread), coefficient_of_variation=relative
            ),
            meaning="The spread before any covariate; a model has to explain part of it.",
        )
    statistic, p = dispersion_test(y)
    return Property(
        name="dispersion",
        finding=f"variance is {number(spread / mean)} times the mean",
        evidence=evidence(
            **base,
            ratio=spread / mean,
            ratio_within_series=_within(facts),
            statistic=statistic,
            p_value=p,
        ),
        meaning=_dispersion_meaning(spread / mean, p),
    )


def dispersion_test(y: np.ndarray) -> tuple[float, float]:
    """Fisher's index of dispersion against a Poisson law, two-sided.

    Returns:
        The statistic (n - 1) * variance / mean, and its p value.
    """
    statistic = float((len(y) - 1) * y.var(ddof=1) / y.mean())
    degrees = len(y) - 1
    tail = min(stats.chi2.cdf(statistic, degrees), stats.chi2.sf(statistic, degrees))
    return statistic, float(min(1.0, 2.0 * tail))


def _within(facts: Facts) -> float | None:
    """Pooled variance over mean inside the series: differences of level between them left out."""
    if not facts.roles.series:
        return None
    series, y = facts.series[facts.known], facts.recorded
    counts = np.bincount(series)
    means = np.bincount(series, y) / np.maximum(counts, 1)
    rest = len(y) - int((counts > 0).sum())
    if rest < 1:
        return None
    return float(((y - means[series]) ** 2).sum() / rest / y.mean())


def _dispersion_meaning(ratio: float, p: float) -> str:
    if p >= 0.01:
        return f"A Poisson law (ratio 1) is not ruled out ({p_value(p)})."
    if ratio > 1:
        return (
            f"More spread than a Poisson law ({p_value(p)}): its intervals would be too narrow, "
            "negative-binomial has a parameter for it."
        )
    return f"Less spread than a Poisson law ({p_value(p)}): negative-binomial cannot go below 1."
