"""The false discovery rate over projects: SciPy's adjusted p-values are the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from assay.errors import ConfigError, DataError
from assay.verdict import benjamini_hochberg, benjamini_yekutieli

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("procedure", "method"), [(benjamini_hochberg, "bh"), (benjamini_yekutieli, "by")]
)
def test_confirmed_are_those_that_scipy_adjusts_below_q(procedure, method):
    random = np.random.default_rng(9)
    for _ in range(200):
        p = random.beta(0.3, 1.0, size=random.integers(1, 40))
        q = random.uniform(0.01, 0.5)
        expected = false_discovery_control(p, method=method) <= q
        assert procedure(p, q).tolist() == expected.tolist()


@given(p_lists, st.integers(0, 29), st.floats(0, 1))
def test_a_smaller_p_value_never_takes_a_confirmation_away(p, which, factor):
    smaller = list(p)
    smaller[which % len(p)] *= factor
    assert (benjamini_hochberg(smaller) >= benjamini_hochberg(p)).all()


@given(p_lists, st.randoms(use_true_random=False))
def test_the_order_of_projects_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    assert (benjamini_hochberg(np.array(p)[order]) == benjamini_hochberg(p)[order]).all()


@given(p_lists, st.floats(0.01, 0.9))
def test_dependence_costs_confirmations(p, q):
    assert (benjamini_yekutieli(p, q) <= benjamini_hochberg(p, q)).all()


def test_no_project_confirms_nothing():
    assert benjamini_hochberg([]).shape == benjamini_yekutieli([]).shape == (0,)


@pytest.mark.parametrize("procedure", [benjamini_hochberg, benjamini_yekutieli])
def test_bad_input_is_refused(procedure):
    with pytest.raises(DataError, match=r"entry 1 is 1\.5"):
        procedure([0.5, 1.5])
    with pytest.raises(ConfigError, match="`q` is 1"):
        procedure([0.5], 1.0)
