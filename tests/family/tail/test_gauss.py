"""The nodes and weights that all tails stand on."""

import mpmath as mp
import numpy as np
import pytest

from assay.family.tail.gauss import gauss_legendre


@pytest.mark.parametrize("count", [2, 8, 24, 48])
def test_nodes_and_weights_are_right_to_the_last_digit(count):
    points, weights = gauss_legendre(count)
    with mp.workdps(40):
        for point, weight in zip(points, weights, strict=True):
            root = mp.findroot(lambda x: mp.legendre(count, x), mp.mpf(2 * point - 1))
            slope = count * mp.legendre(count - 1, root) / (1 - root**2)
            assert point == float((root + 1) / 2)
            assert weight == float(1 / ((1 - root**2) * slope**2))


def test_the_rule_is_exact_for_polynomials_below_twice_its_nodes():
    points, weights = gauss_legendre(8)
    for degree in range(16):
        assert np.sum(weights * points**degree) == pytest.approx(1 / (degree + 1), rel=4e-16)


def test_a_rule_is_shared_and_cannot_be_changed():
    points, _ = gauss_legendre(8)
    assert gauss_legendre(8)[0] is points
    with pytest.raises(ValueError, match="read-only"):
        points[0] = 0.0
