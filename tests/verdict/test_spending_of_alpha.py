"""The error budget: what the looks spend together, shared rows, one p-value for a project."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigError, DataError
from assay.verdict import Schedule, level, project_p_value, shared_level

plain = st.builds(Schedule, st.floats(1e-4, 0.5), st.integers(1, 60))
schedules = st.lists(plain, min_size=1, max_size=5)


@given(st.floats(1e-4, 0.5), st.integers(1, 60), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_all_looks_together_spend_alpha(alpha, tries, beyond):
    spent = sum(level(k, alpha=alpha, tries=tries) for k in range(1, tries + beyond + 1))
    # The tail 1 / (m (m + 1)) telescopes: what is left is exactly .2 alpha / (beyond + 1).
    left = float(Fraction(1, 5) / (beyond + 1)) * alpha
    assert spent == pytest.approx(alpha - left, rel=1e-12)
    assert spent < alpha


@given(schedules)
@settings(max_examples=60, deadline=None)
def test_shared_rows_overspend_nobodys_alpha(registered):
    spent = sum(shared_level(k, registered) for k in range(1, 400))
    assert all(spent <= each.alpha * (1 + 1e-12) for each in registered)


@given(schedules, st.integers(1, 100))
def test_another_registration_never_raises_a_level(registered, k):
    assert shared_level(k, registered) <= shared_level(k, registered[:1])
    first = registered[0]
    assert shared_level(k, registered[:1]) == level(k, alpha=first.alpha, tries=first.tries)


@given(
    st.floats(1e-4, 0.5),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 60)), min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_amended_tries_overspend_nothing(alpha, amendments):
    """Each amendment spreads what is left over new tries, after some looks under the old ones."""
    schedule, spent, looks = Schedule(alpha, 10), 0.0, 0
    for taken, tries in amendments:
        spent += sum(schedule.level(k) for k in range(looks + 1, looks + taken + 1))
        looks += taken
        schedule = Schedule(alpha, tries, looks, spent)
    spent += sum(schedule.level(k) for k in range(looks + 1, looks + 400))
    assert spent <= alpha * (1 + 1e-12)
    assert spent > 0.9 * alpha


def test_levels_of_the_default():
    assert level(1, alpha=0.05, tries=10) == pytest.approx(0.004)
    assert level(10, alpha=0.05, tries=10) == pytest.approx(0.004)
    assert level(11, alpha=0.05, tries=10) == pytest.approx(0.005)
    assert level(12, alpha=0.05, tries=10) == pytest.approx(0.01 / 6)


def test_a_project_has_the_least_corrected_p_value():
    levels = [level(k, alpha=0.05, tries=10) for k in (1, 2, 12)]
    assert project_p_value([0.5, 0.003, 0.004], levels=levels, alpha=0.05) == pytest.approx(0.0375)
    assert project_p_value([0.9], levels=levels[:1], alpha=0.05) == 1.0
    assert project_p_value([], levels=[], alpha=0.05) == 1.0


def test_the_project_p_value_is_valid_under_the_null(agrees):
    levels = np.array([level(k, alpha=0.05, tries=3) for k in range(1, 8)])
    uniform = np.random.default_rng(6).random((3000, 7))
    p = np.array([project_p_value(row, levels=levels, alpha=0.05) for row in uniform])
    # Independent looks: the chance is 1 - prod(1 - t gamma_k).
    expected = 1 - np.prod(1 - 0.2 * levels / 0.05)
    assert agrees(int((p <= 0.2).sum()), 3000, float(expected))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: level(0, alpha=0.05, tries=10), ConfigError, "`k` is 0"),
        (
            lambda: level(1.5, alpha=0.05, tries=10),  # pyright: ignore[reportArgumentType]
            ConfigError,
            r"`k` is 1\.5",
        ),
        (lambda: level(1, alpha=5, tries=10), ConfigError, "`alpha` is 5"),
        (lambda: level(1, alpha=0.05, tries=0), ConfigError, "`tries` is 0"),
        (lambda: shared_level(1, []), ConfigError, "`schedules` is empty"),
        (lambda: project_p_value([2.0], levels=[0.01], alpha=0.05), DataError, r"0 is 2\.0"),
        (lambda: project_p_value([0.2], levels=[0.1], alpha=0.05), ConfigError, "sum to 0.1"),
        (lambda: project_p_value([0.2], levels=[0.01] * 2, alpha=0.05), DataError, "`levels` has"),
    ],
)
def test_bad_input_is_refused(call, error, says):
    with pytest.raises(error, match=says):
        call()
