"""The logarithm of the normal distribution function agrees with SciPy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_ndtr

from assay.portfolio.curves import evidence
from assay.portfolio.curves.normal_tail import LEAST, MOST, log_normal_cdf
from assay.portfolio.curves.observation import Observation
from assay.portfolio.curves.prior import draw_atoms


@given(st.floats(-1e6, 1e6))
def test_it_agrees_anywhere(z):
    assert log_normal_cdf(np.float64(z)) == pytest.approx(log_ndtr(z), rel=1e-12, abs=2e-11)


def test_it_agrees_across_both_seams_and_keeps_its_shape():
    z = np.concatenate([seam + np.linspace(-1, 1, 20_000) for seam in (LEAST, 0.0, MOST)])
    z = z.reshape(3, -1)
    assert np.abs(log_normal_cdf(z) - log_ndtr(z)).max() < 2e-11
    assert log_normal_cdf(z).shape == z.shape


def test_the_size_of_a_block_does_not_change_what_attempts_say(monkeypatch):
    atoms = draw_atoms(600, 3)
    seen = [Observation(effort, score=0.01 * effort, se=0.02) for effort in range(1, 40)]
    seen += [Observation(40.0, bound=0.3)]
    found = []
    for block in (10, 500, 10**9):
        monkeypatch.setattr(evidence, "BLOCK", block)
        found.append(evidence.log_likelihood_of(seen, None, 1.0)(atoms))
    assert np.array_equal(found[0], found[1])
    assert np.allclose(found[0], found[2], rtol=1e-13)
