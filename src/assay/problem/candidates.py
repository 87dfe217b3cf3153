"""Families that the values of a target speak for."""

from collections.abc import Iterator

import numpy as np
from scipy import stats

from assay.problem.facts import Facts
from assay.problem.shape import dispersion_test
from assay.problem.target import support_kind
from assay.problem.words import number, p_value, percent

_ENOUGH_VALUES = 20
_ENOUGH_FOR_FOUR = 500
_LEVEL = 0.01
_MOST_CLASSES = 7

Reasons = Iterator[tuple[str, str]]


def candidates(facts: Facts) -> Reasons:
    """Recipes of families for the value itself, most promising first, each with why."""
    if facts.classes:
        number_of = len(facts.classes)
        yield f"categorical(classes={number_of})", f"one of {number_of} labels"
        return
    kind = support_kind(facts)
    least, greatest = facts.values[0], facts.values[-1]
    if kind == "binary":
        yield "bernoulli", f"0 or 1, {percent(float(facts.values.mean()))} are 1"
    elif facts.is_whole and least >= 0:
        yield from _whole(facts)
    elif kind == "unit interval" and least > 0 and greatest < 1:
        yield "beta", "a share strictly between 0 and 1, whose spread shrinks towards both ends"
        yield "logit-normal", "a share whose log-odds vary evenly"
    elif least > 0:
        yield from _positive(facts)
    elif least == 0 and not facts.hidden_at_zero:
        yield from _with_zeros(facts, is_share=kind == "unit interval" and greatest < 1)
    else:
        yield from _real(facts)


def _with_zeros(facts: Facts, *, is_share: bool) -> Reasons:
    zeros = percent(float(np.mean(facts.values == 0)))
    said = f"{zeros} of a {'share' if is_share else 'positive quantity'} are exactly 0"
    first = "beta" if is_share else "gamma"
    yield f"hurdle({first})", f"{said}: whether it happens, and how much, are two questions"
    yield "tweedie", f"{said}: a sum of a random number of positive parts"
    yield "hurdle(log-normal)", f"{said}, and large values may spread in proportion"


def _whole(facts: Facts) -> Reasons:
    graded, expected = _classes(facts), _expected_beyond(facts)
    # A law of counts that expects none beyond the greatest value could well be the right one.
    are_classes = expected > -np.log(_LEVEL)
    if are_classes:
        yield from (
            (
                name,
                f"{why}; a Poisson law expects {number(expected)} more rows above "
                f"{facts.values[-1]:g}",
            )
            for name, why in graded
        )
    yield from _counts(facts)
    if not are_classes:
        yield from graded


def _classes(facts: Facts) -> list[tuple[str, str]]:
    distinct = np.unique(facts.values)
    count = len(distinct)
    is_complete = np.array_equal(distinct, np.arange(count))
    if not (is_complete and 3 <= count <= _MOST_CLASSES) or facts.hidden.any.any():
        return []
    return [
        (f"ordered-logistic(levels={count})", f"only 0 to {count - 1}: if these are grades"),
        (f"categorical(classes={count})", f"only 0 to {count - 1}: if these number classes"),
    ]


def _expected_beyond(facts: Facts) -> float:
    """Rows above the greatest value by a Poisson law of the same mean."""
    y = facts.values
    return len(y) * float(stats.poisson.sf(y[-1], y.mean()))


def _dispersion(y: np.ndarray) -> tuple[float, float]:
    """Variance over mean, and how likely a Poisson law is to be as far from 1."""
    if len(y) < 2 or y.mean() == 0:
        return 1.0, 1.0
    return float(y.var(ddof=1) / y.mean()), float(dispersion_test(y)[1])


def _counts(facts: Facts) -> Reasons:
    ratio, p = _dispersion(facts.values)
    # A Poisson count varies by its mean around what features explain; they only take spread away.
    spread = f"counts whose variance is {number(ratio)} times their mean"
    law = f"{spread} ({p_value(p)} for a Poisson law)"
    even = ("poisson", spread)
    if p >= _LEVEL:
        laws = [even, ("negative-binomial", f"{spread}, more where features are not all told")]
    elif ratio > 1:
        laws = [("negative-binomial", law), ("poisson", f"{spread}, which features may explain")]
    else:
        laws = [("generalized-poisson", law), even]
    yield laws[0]
    yield from _surplus_of_zeros(facts, laws[0][0])
    yield laws[1]


def _surplus_of_zeros(facts: Facts, name: str) -> Reasons:
    y = facts.values
    zeros, expected = int((y == 0).sum()), len(y) * _zeros_expected(facts, name)
    surplus = stats.binomtest(zeros, len(y), min(expected / len(y), 1.0), alternative="greater")
    if zeros and surplus.pvalue < _LEVEL:
        words = f"{zeros:,} zeros where {name} expects {number(expected)}"
        yield f"zero-inflated({name})", f"{words} ({p_value(float(surplus.pvalue))})"


def _zeros_expected(facts: Facts, name: str) -> float:
    """Share of zeros by moments."""
    mean, variance = float(facts.values.mean()), float(facts.values.var())
    if variance <= mean or name == "poisson":
        return float(np.exp(-mean))
    size = mean**2 / (variance - mean)
    return float((size / (size + mean)) ** size)


def _positive(facts: Facts) -> Reasons:
    log_skew = float(stats.skew(np.log(facts.values)))
    gamma = ("gamma", "positive, with errors in proportion to the mean")
    log_normal = ("log-normal", f"positive; the skew of its logarithm is {number(log_skew)}")
    # The logarithm of a gamma value is skewed to the left, that of a log-normal one is not.
    yield from (gamma, log_normal) if log_skew < -0.25 else (log_normal, gamma)
    yield "weibull", "positive; times and strengths of a weakest link"
    if len(facts.values) >= _ENOUGH_FOR_FOUR:
        yield "gb2", "four parameters that hold most positive laws, to see what the others miss"


def _real(facts: Facts) -> Reasons:
    y = facts.values
    tests = len(y) >= _ENOUGH_VALUES and float(y.std()) > 0
    tail = float(stats.kurtosistest(y).statistic) if tests else 0.0
    lean = float(stats.skewtest(y).pvalue) if tests else 1.0
    heavy = tests and tail > stats.norm.isf(_LEVEL)
    shown = "tails heavier than a Normal's" if heavy else "in case of outliers yet to come"
    student = ("student-t", f"{shown} (kurtosis test z = {number(tail)})")
    normal = ("normal", "any real number" + ("" if heavy else ", tails no heavier than a Normal's"))
    yield from (student, normal) if heavy else (normal, student)
    if lean < _LEVEL:
        yield "skew-normal", f"leans to one side ({p_value(lean)} for symmetry)"
