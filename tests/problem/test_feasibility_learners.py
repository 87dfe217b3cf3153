"""Out-of-fold predictions in closed form are those of explicit refits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.problem.feasibility.learners import PENALTIES, Factors, Kernel, best, kernels, predict
from assay.problem.feasibility.signal import signal_p_value


def rows(count: int, features: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(count, features))
    return x, x[:, 0] - np.sin(2 * x[:, -1]) + draw.normal(0, 0.5, count)


def refit(gram: np.ndarray, y: np.ndarray, left_out: np.ndarray, penalty: float) -> np.ndarray:
    """Fit to the other rows by the bordered system of ridge with a free intercept, and predict."""
    kept = np.setdiff1d(np.arange(len(y)), left_out)
    system = np.block(
        [
            [gram[np.ix_(kept, kept)] + penalty * np.eye(len(kept)), np.ones((len(kept), 1))],
            [np.ones((1, len(kept))), np.zeros((1, 1))],
        ]
    )
    solved = np.linalg.solve(system, np.append(y[kept], 0.0))
    return gram[np.ix_(left_out, kept)] @ solved[:-1] + solved[-1]


@pytest.mark.parametrize("kernel", kernels(rows(30, 3)[0]), ids=lambda kernel: kernel.name)
@pytest.mark.parametrize("place", [0, 6, len(PENALTIES) - 1])
@pytest.mark.parametrize("size", [1, 7])
def test_residuals_are_those_of_refits_without_the_fold(kernel: Kernel, place: int, size: int):
    y = rows(30, 3)[1]
    order = np.random.default_rng(1).permutation(30)
    folds = tuple(order[at : at + size] for at in range(0, 30, size))
    factors = Factors.of(kernel.gram)
    two = np.stack([y, y[::-1]], axis=1)
    found = factors.residuals(two, None if size == 1 else folds)[place]
    for column, target in enumerate(two.T):
        for fold in folds:
            told = refit(kernel.gram, target, fold, PENALTIES[place] * factors.scale)
            assert found[fold, column] == pytest.approx(target[fold] - told, rel=1e-6, abs=1e-8)


def test_a_prediction_is_that_of_the_chosen_learner():
    x, y = rows(40, 2)
    of, train, test = kernels(x), np.arange(30), np.arange(30, 40)
    own = [Kernel(each.name, each.gram[:30, :30]) for each in of]
    chosen = best(own, y[train])
    gram = of[chosen.kernel].gram
    penalty = PENALTIES[chosen.penalty] * Factors.of(gram[:30, :30]).scale
    assert predict(of, y, train, test) == pytest.approx(refit(gram, y, test, penalty), rel=1e-8)


def test_a_line_is_learnt_as_a_line_and_a_wave_is_not():
    x = np.random.default_rng(2).normal(size=(80, 1))
    names = [kernel.name for kernel in kernels(x)]
    assert names[best(kernels(x), 3 * x[:, 0] + 1).kernel] == "lines"
    assert "surface" in names[best(kernels(x), np.sin(3 * x[:, 0])).kernel]


def test_chances_stay_between_0_and_1():
    x, y = rows(60, 2)
    told = predict(kernels(x), (y > 0) * 1.0, np.arange(40), np.arange(40, 60), is_share=True)
    assert told.min() >= 0.0
    assert told.max() <= 1.0


@given(shift=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e3))
def test_the_unit_of_the_target_changes_no_choice(shift: float, scale: float):
    x, y = rows(25, 2)
    assert best(kernels(x), shift + scale * y) == best(kernels(x), y)


def test_features_that_never_change_predict_the_mean():
    of = (Kernel("none", np.ones((12, 12))),)
    y = np.arange(12.0)
    told = predict(of, y, np.arange(8), np.arange(8, 12))
    assert told == pytest.approx(np.full(4, y[:8].mean()))


def p_values(count: int, make, **settings) -> np.ndarray:
    found = []
    for seed in range(count):
        draw = np.random.default_rng([6, seed])
        x, y = make(draw)
        found.append(signal_p_value(kernels(x), y, random=draw, **settings))
    return np.array(found)


@pytest.mark.parametrize("is_share", [False, True])
def test_without_a_signal_p_values_are_uniform(is_share: bool):
    def make(draw: np.random.Generator):
        y = draw.normal(size=20)
        return draw.normal(size=(20, 3)), (y > 0) * 1.0 if is_share else y

    found = p_values(200, make, is_share=is_share)
    # Four standard errors of 200 uniform p-values.
    assert abs(found.mean() - 0.505) < 0.082
    assert np.mean(found <= 0.05) < 0.112
    assert np.mean(found <= 0.5) < 0.642


def test_with_a_signal_the_p_value_is_the_least_there_is():
    x, y = rows(60, 3)
    assert signal_p_value(kernels(x), y, random=np.random.default_rng(1)) == 0.01


SIZES = np.array([1, 2, 3, 4, 5, 6, 7, 8] * 2)
GROUPS = np.repeat(np.arange(16), SIZES)


def alike(draw: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Rows of one group share their features and most of their target, which are unrelated."""
    x = draw.normal(size=(16, 2))[GROUPS] + 0.1 * draw.normal(size=(72, 2))
    return x, draw.normal(size=16)[GROUPS] + 0.3 * draw.normal(size=72)


def test_whole_groups_are_dealt_out_so_that_groups_alone_are_no_signal():
    folds = tuple(np.flatnonzero(turn == GROUPS % 8) for turn in range(8))
    kept = p_values(60, alike, groups=GROUPS, folds=folds)
    assert np.mean(kept <= 0.05) < 0.17  # .05 and four standard errors
    assert abs(kept.mean() - 0.505) < 0.15
    assert np.mean(p_values(15, alike) <= 0.05) > 0.8  # rows dealt out singly see the groups
