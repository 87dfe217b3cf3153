"""Many projects on all cores: the same results as one after the other."""

import numpy as np
import pytest

from assay.portfolio import Curve, Observation
from assay.portfolio.curves import curve as module
from assay.portfolio.side_by_side import MANY, side_by_side


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.portfolio.side_by_side._cores", lambda: 2)


def attempts(at: int) -> tuple[Observation, ...]:
    share = 0.3 + 0.01 * at
    return tuple(Observation(3.0 * k, share * (1 - 0.7**k), 0.03) for k in range(1, 5))


@pytest.mark.parametrize("count", [0, 1, MANY - 1, MANY, MANY + 1])
def test_results_come_in_order(count):
    assert side_by_side(lambda item: item**2, range(count)) == [at**2 for at in range(count)]


def test_what_goes_wrong_with_one_item_is_raised():
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda item: 1 / (item - 7), range(MANY))


def test_curves_learnt_together_are_those_learnt_alone():
    seen = [attempts(at) for at in range(MANY)]
    together = side_by_side(Curve.learn, seen)
    for at in (0, 7, MANY - 1):
        module._learnt.cache_clear()
        alone = Curve.learn(seen[at])
        np.testing.assert_array_equal(together[at].weights, alone.weights)
        np.testing.assert_array_equal(together[at].atoms.tau, alone.atoms.tau)
