"""Credit: shares that sum to the total, failures included, and sampling that finds them."""

import pytest

from assay.errors import PlanError
from assay.portfolio import Point
from assay.portfolio.answers import Case, credit, today_of

from .companies import drawn, known, state, steps, tried

FAILED = Point("flat", 2.0, 0.0, 0.0, 0.02)


def dead_end(key: str, hoped: float, by: tuple[str, ...]) -> Case:
    """Nothing is to be gained, and any one of its attempts shows it."""
    dead = steps(0, 0, 0)
    return Case(
        state=state(key, dead),
        tried=tried(*[FAILED] * len(by), by=by),
        learn=lambda points: dead if points else steps(0, hoped, hoped),
    )


def test_whoever_shows_alone_that_a_project_is_dead_has_what_that_saves():
    today = today_of([known("sure", 0, 3, 3), dead_end("a", 5, ("ann",))], budget=1)
    found = credit(today)
    (ann,) = found.authors
    assert (found.total, ann.share, ann.missed, ann.of_failures) == (3.0, 3.0, 3.0, 3.0)
    assert (ann.attempts, ann.failures) == (1, 1)
    assert ann.share_effort == pytest.approx(1.0)


def test_two_who_show_the_same_share_it_though_neither_alone_is_missed():
    found = credit(today_of([known("sure", 0, 3), dead_end("a", 5, ("bob", "ann"))], budget=1))
    assert {each.author: each.share for each in found.authors} == {"ann": 1.5, "bob": 1.5}
    assert [each.missed for each in found.authors] == [0.0, 0.0]
    assert found.total == 3.0
    assert found.is_exact
    assert found.orders == 2


def test_two_of_whom_each_is_needed_share_alike():
    # Whoever closes one dead end sends the unit to the other: only both together save it.
    cases = [known("sure", 0, 3), dead_end("a", 5, ("ann",)), dead_end("b", 4, ("bob",))]
    found = credit(today_of(cases, budget=1))
    assert [(each.share, each.missed) for each in found.authors] == [(1.5, 3.0), (1.5, 3.0)]


@pytest.mark.parametrize("authors", [3, 9], ids=["exact", "sampled"])
def test_the_shares_sum_to_the_total(authors):
    cases = [drawn(seed, authors=authors) for seed in (2, 3, 8)]
    found = credit(today_of(cases, budget=25), orders=8)
    assert found.is_exact == (authors == 3)
    assert sum(each.share for each in found.authors) == pytest.approx(found.total)
    assert sum(each.attempts for each in found.authors) == 12
    assert {each.share_se > 0 for each in found.authors} <= {not found.is_exact, False}


def test_sampled_shares_lie_within_their_errors_of_the_exact_ones():
    cases = [known("sure", 0, 3, 5, 6), dead_end("a", 9, ("u", "v")), dead_end("b", 8, ("w", "x"))]
    cases = [*cases, dead_end("c", 7, ("y", "z"))]
    today = today_of(cases, budget=3)
    exact = {each.author: each for each in credit(today, orders=720).authors}
    sampled = credit(today, orders=200)
    assert not sampled.is_exact
    for each in sampled.authors:
        assert exact[each.author].share_se == 0.0
        assert each.share_se > 0.0
        assert abs(each.share - exact[each.author].share) < 4 * each.share_se


def test_without_attempts_there_is_nobody_to_credit():
    with pytest.raises(PlanError, match="no attempt is recorded, so there is nobody to credit"):
        credit(today_of([known("a", 0, 1)], budget=1))


def test_one_order_says_nothing_of_its_error():
    with pytest.raises(PlanError, match="`orders` is 1"):
        credit(today_of([dead_end("a", 5, ("ann",))], budget=1), orders=1)
