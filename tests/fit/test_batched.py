"""Newton for many groups at once ends where Newton for each of them ends."""

import numpy as np
import pytest

from assay.family import Gamma, Known, Normal
from assay.fit import PartRows, Prior, maximise
from assay.fit.batched import GroupedRows, cholesky, maximise_groups, steps

RNG = np.random.default_rng(5)
SIZES = (40, 3, 70, 25)
EDGES = np.cumsum([0, *SIZES])
ROWS = EDGES[-1]
X = np.asfortranarray(np.column_stack([np.ones(ROWS), RNG.normal(size=ROWS)]))
ONE = np.ones((ROWS, 1))


def grouped(family, y, known=Known.VALUE):
    part = PartRows(family, known, (X, ONE), y)
    return GroupedRows(part, EDGES[:-1], EDGES[1:])


def prior(sd=3.0):
    return Prior(np.tile([0.5, 0.0, -0.5], (len(SIZES), 1)), np.full((len(SIZES), 3), sd))


def test_each_group_ends_at_its_own_optimum():
    y = RNG.gamma(3.0, np.exp(0.4 * X[:, 1]) / 3.0)
    found = maximise_groups((grouped(Gamma(), y),), prior())
    assert found.is_settled.all()
    for group in range(len(SIZES)):
        rows = slice(EDGES[group], EDGES[group + 1])
        own = PartRows(Gamma(), Known.VALUE, (X[rows], ONE[rows]), y[rows])
        single = maximise((own,), Prior(prior().mean[group], prior().sd[group]))
        one = found.of(group)
        assert one.coefficients == pytest.approx(single.coefficients, rel=1e-10, abs=1e-12)
        assert one.curvature == pytest.approx(single.curvature, rel=1e-9, abs=1e-12)
        assert one.log_posterior == pytest.approx(single.log_posterior, rel=1e-12)
        assert one.iterations == single.iterations


def test_a_group_without_an_optimum_leaves_the_others_theirs():
    y = RNG.normal(size=ROWS)
    y[EDGES[1] : EDGES[2]] = X[EDGES[1] : EDGES[2], 1]  # met exactly: no spread is best
    found = maximise_groups((grouped(Normal(), y),), prior(np.inf))
    assert found.is_settled.tolist() == [True, False, True, True]
    rows = slice(EDGES[2], EDGES[3])
    wanted = np.linalg.lstsq(X[rows], y[rows], rcond=None)[0]
    assert found.coefficients[2, :2] == pytest.approx(wanted, rel=1e-10)


def test_a_group_may_have_no_rows_of_a_kind():
    y = RNG.gamma(3.0, size=ROWS)
    seen = np.ones(ROWS, dtype=bool)
    seen[5:20] = False  # the first group alone has hidden rows
    parts = []
    for rows, known in ((seen, Known.VALUE), (~seen, Known.AT_LEAST)):
        edges = np.concatenate([[0], np.cumsum(rows)])[EDGES]
        part = PartRows(Gamma(), known, (X[rows], ONE[rows]), y[rows])
        parts.append(GroupedRows(part, edges[:-1], edges[1:]))
    found = maximise_groups(tuple(parts), prior())
    alone = maximise_groups((grouped(Gamma(), y),), prior())
    assert found.coefficients[1:] == pytest.approx(alone.coefficients[1:], rel=1e-12)
    assert np.abs(found.coefficients[0] - alone.coefficients[0]).max() > 1e-3


def test_factors_and_steps_are_those_of_each_matrix():
    root = RNG.normal(size=(6, 4, 4))
    matrices = root @ np.swapaxes(root, 1, 2)
    matrices[2] -= 50 * np.eye(4)
    factor, is_definite = cholesky(matrices)
    assert is_definite.tolist() == [True, True, False, True, True, True]
    gradient, damping = RNG.normal(size=(6, 4)), np.array([0, 0.5, 0, 0, 2, 0])
    found, definite = steps(matrices, gradient, damping)
    assert np.array_equal(definite, is_definite)
    for k in (0, 1, 4):
        assert factor[k] == pytest.approx(np.linalg.cholesky(matrices[k]), rel=1e-10, abs=1e-12)
        damped = matrices[k] + damping[k] * np.diag(np.abs(np.diag(matrices[k])) + 1e-8)
        assert found[k] == pytest.approx(np.linalg.solve(damped, gradient[k]), rel=1e-8)
    assert gradient[2] @ found[2] > 0  # uphill all the same
