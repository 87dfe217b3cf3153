"""Greedy by the derivative at the current effort, on a * log(b * x), beside the exact split."""

import numpy as np
import pytest

from assay.portfolio import allocate

A = (10, 8, 5, 3, 2)
B = (0.5, 1.0, 0.2, 2.0, 0.1)


def by_derivative(budget: int) -> tuple[int, ...]:
    """A first unit each, then always one where the slope a / x is greatest; b is nowhere in it."""
    units = [1] * len(A)
    while sum(units) < budget:
        slopes = [a / given for a, given in zip(A, units, strict=True)]
        units[slopes.index(max(slopes))] += 1
    return tuple(units)


def by_increments(budget: int, scale: float) -> tuple[int, ...]:
    """A first unit each, and the rest split exactly by what each whole unit adds."""
    x = np.arange(1.0, budget + 1)
    values = [a * (np.log(scale * x) - np.log(scale)) for a in A]
    return tuple(1 + given for given in allocate(values, budget - len(A)).units)


def worth(units: tuple[int, ...]) -> float:
    return float(np.dot(A, np.log(units)))


@pytest.mark.parametrize(
    ("budget", "greedy", "exact"),
    [
        (100, (36, 28, 18, 11, 7), (36, 28, 18, 11, 7)),
        (300, (107, 85, 54, 32, 22), (107, 86, 54, 32, 21)),
    ],
)
def test_the_derivative_misplaces_a_unit_that_its_increment_does_not(budget, greedy, exact):
    assert by_derivative(budget) == greedy
    assert by_increments(budget, 1.0) == exact
    assert worth(exact) >= worth(greedy)
    assert (worth(exact) > worth(greedy)) == (exact != greedy)


def test_b_cannot_matter_to_a_logarithm_without_its_one():
    assert by_increments(300, 0.01) == by_increments(300, 1.0) == by_increments(300, 100.0)


@pytest.mark.parametrize(
    ("budget", "units"), [(100, (40, 32, 16, 12, 0)), (300, (111, 90, 52, 34, 13))]
)
def test_with_one_plus_b_matters_and_a_slow_start_gets_nothing(budget, units):
    x = np.arange(budget + 1.0)
    values = [a * np.log1p(b * x) for a, b in zip(A, B, strict=True)]
    assert allocate(values, budget).units == units
