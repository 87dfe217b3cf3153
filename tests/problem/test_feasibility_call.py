"""Curves through the scores of a pilot, and the call that follows from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.problem.feasibility.call import Evidence, decide, rows_that_show, settle
from assay.problem.feasibility.ceiling import Ceiling, numeric_ceiling
from assay.problem.feasibility.curve import Pilot, Point, measured, rising
from assay.problem.feasibility.learners import kernels

Y = np.random.default_rng(1).normal(size=100)


def scored(*scores: float, sd: float = 0.05, rows: int = 120) -> tuple[Point, ...]:
    sizes = [rows // 6, rows // 3, 2 * rows // 3, rows]
    return tuple(Point(rows=r, score=s, sd=sd) for r, s in zip(sizes, scores, strict=True))


def evidence(
    target: float, *scores: float, p: float = 0.01, bound: float | None = None, full: int = 1000
) -> Evidence:
    ceiling = None
    if bound is not None:
        ceiling = Ceiling(pairs=60, noise=0.1, score=bound - 0.1, bound=bound)
    return Evidence(
        target=target, p_value=p, points=scored(*scores), full_rows=full, ceiling=ceiling
    )


def call(found: Evidence) -> str:
    return decide(found, at_least=rising(found.points).quantile(0.1, found.full_rows))


def test_a_score_far_above_the_target_goes():
    assert call(evidence(0.3, 0.3, 0.4, 0.5, 0.55)) == "GO"


def test_a_score_far_below_the_target_is_never_enough_for_a_no():
    assert call(evidence(0.9, 0.0, 0.0, 0.0, 0.0)) == "CANNOT TELL YET"


def test_only_a_ceiling_below_the_target_says_no():
    assert call(evidence(0.6, 0.1, 0.1, 0.2, 0.2, bound=0.59)) == "NO-GO"
    assert call(evidence(0.6, 0.1, 0.1, 0.2, 0.2, bound=0.61)) == "CANNOT TELL YET"


def test_no_signal_is_no_go_ahead_and_no_refusal_either():
    assert call(evidence(0.3, 0.3, 0.4, 0.5, 0.55, p=0.06)) == "CANNOT TELL YET"


def test_a_pilot_and_labels_that_contradict_each_other_settle_nothing():
    found = evidence(0.3, 0.3, 0.4, 0.5, 0.55, bound=0.25)
    assert call(found) == "CANNOT TELL YET"
    assert "Check" in settle(found, rising(found.points), Y)[0]


@given(
    scores=st.lists(st.floats(-0.2, 0.95), min_size=4, max_size=4),
    targets=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    p=st.sampled_from([0.01, 0.05, 0.06, 1.0]),
    bound=st.one_of(st.none(), st.floats(0.05, 1.0)),
)
def test_a_higher_target_never_turns_into_a_go_nor_a_lower_one_into_a_no(scores, targets, p, bound):
    low, high = sorted(targets)
    easy, hard = (call(evidence(at, *scores, p=p, bound=bound)) for at in (low, high))
    assert not (hard == "GO" and easy == "CANNOT TELL YET" and (bound is None or bound >= high))
    assert hard != "GO" or easy != "NO-GO"
    assert easy != "NO-GO" or hard in ("NO-GO", "CANNOT TELL YET")
    if bound is None:
        assert "NO-GO" not in (easy, hard)
    if p > 0.05:
        assert "GO" not in (easy, hard)


@given(
    scores=st.lists(st.floats(-0.2, 0.95), min_size=4, max_size=4),
    shares=st.tuples(st.floats(0.01, 0.99), st.floats(0.01, 0.99)),
    growth=st.floats(1.0, 100.0),
)
def test_quantiles_rise_with_their_share_and_with_the_rows(scores, shares, growth):
    curve = rising(scored(*scores))
    low, high = sorted(shares)
    assert curve.quantile(low, 500) <= curve.quantile(high, 500) <= 1.0
    assert curve.quantile(0.1, 120) <= curve.quantile(0.1, 120 * growth) + 1e-12
    assert curve.weight.sum() == pytest.approx(1.0)


@given(score=st.floats(0.2, 0.8), sd=st.floats(0.02, 0.08))
def test_better_known_scores_promise_more(score, sd):
    rough, fine = (rising(scored(*[score] * 4, sd=s)).quantile(0.1, 120) for s in (2 * sd, sd))
    assert rough < fine < score


def test_a_known_curve_is_foretold():
    truth = [0.8 - 1.2 * rows**-0.5 for rows in (20, 40, 80, 120, 1000)]
    curve = rising(scored(*truth[:4], sd=0.01))
    assert curve.quantile(0.5, 1000) == pytest.approx(truth[4], abs=0.03)
    assert curve.quantile(0.1, 1000) < truth[4] < curve.quantile(0.9, 1000)


def test_rows_asked_for_are_more_for_a_harder_target():
    found = [evidence(at, 0.2, 0.3, 0.38, 0.42) for at in (0.42, 0.45, 0.5)]
    rows = [rows_that_show(each, rising(each.points), 0.5) for each in found]
    assert all(120 < (each or 0) < 20 * 120 for each in rows)
    assert rows == sorted(rows)
    assert rows[0] < rows[2]


def test_what_would_settle_it_is_said():
    near, far = evidence(0.47, 0.2, 0.3, 0.38, 0.42), evidence(0.97, 0.0, 0.0, 0.0, 0.0)
    first, second = settle(near, rising(near.points), Y)
    assert first.startswith("Label about ")
    assert second.startswith("Have about 60 rows labelled twice")
    assert settle(far, rising(far.points), Y)[0].startswith("More rows of the same kind")
    blind = evidence(0.5, 0.0, 0.0, 0.0, 0.0, p=0.5)
    assert settle(blind, rising(blind.points), Y)[0].startswith("Look at features")


def test_noisy_labels_with_a_bound_above_the_target_ask_for_more_pairs():
    ceiling = numeric_ceiling(Y, np.full(30, 0.9), np.zeros(30))
    target = ceiling.score + 0.2
    found = Evidence(
        target=target, p_value=0.01, points=scored(0, 0, 0, 0), full_rows=200, ceiling=ceiling
    )
    said = settle(found, rising(found.points), Y)
    assert "rows labelled twice, 30 are" in said[-1]


def pilot(groups: np.ndarray | None = None) -> Pilot:
    draw = np.random.default_rng(5)
    x = draw.normal(size=(96, 3))
    y = x[:, 0] + 0.5 * draw.normal(size=96)
    own = np.arange(96) if groups is None else groups
    return Pilot(kernels(x), y, own, is_grouped=groups is not None, is_share=False)


def test_scores_rise_with_the_rows_and_come_near_what_can_be_reached():
    points = measured(pilot(), np.random.default_rng(1))
    assert [point.rows for point in points] == [16, 32, 64, 96]
    assert points[0].score < points[-1].score
    assert points[-1].score == pytest.approx(0.8, abs=0.08)
    assert all(point.sd > 0 for point in points)


def test_no_group_is_learnt_from_and_predicted():
    """Where the target is the group's own, rows of the group would give it away."""
    groups = np.repeat(np.arange(24), 4)
    x = np.random.default_rng(2).normal(size=(24, 5))[groups]
    y = np.random.default_rng(3).normal(size=24)[groups]
    alone = Pilot(kernels(x), y, np.arange(96), is_grouped=False, is_share=False)
    together = Pilot(kernels(x), y, groups, is_grouped=True, is_share=False)
    assert measured(alone, np.random.default_rng(1))[-1].score > 0.8
    assert measured(together, np.random.default_rng(1))[-1].score < 0.2


def test_folds_hold_whole_groups():
    groups = np.repeat(np.arange(24), 4)
    folds = pilot(groups).folds(np.arange(96), 10, np.random.default_rng(1))
    assert len(folds) == 10
    assert sorted(np.concatenate(folds)) == list(range(96))
    where = [set(groups[fold]) for fold in folds]
    assert sum(map(len, where)) == 24
