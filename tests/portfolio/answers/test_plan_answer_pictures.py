"""Pictures of what attempts are worth, and of whose they are."""

import re
from dataclasses import replace

import pytest

from assay.errors import PlanError
from assay.picture import svg
from assay.portfolio.answers import (
    AttemptValue,
    AuthorCredit,
    Credit,
    FailuresValue,
    Information,
)


def attempt(name: str, kind: str, value: float) -> AttemptValue:
    return AttemptValue(
        project="demand", attempt=name, author="ann", kind=kind, value=value, effort=None
    )


def worth(*attempts: AttemptValue, failures: int = 0, lost: float = 0.0) -> Information:
    of_all = FailuresValue(project=None, failures=failures, value=lost, effort=None)
    of_one = FailuresValue(project="demand", failures=failures, value=lost, effort=None)
    return Information(
        attempts=attempts,
        failures=(of_one,) if failures else (),
        company=of_all,
        everything=7.5,
        everything_effort=None,
    )


def words(drawn: str) -> list[str]:
    return re.findall(r">([^<]+)<", drawn)


MIXED = (
    attempt("loops", "improved", 3.0),
    attempt("deep", "broke", 1.25),
    attempt("again", "no better", 0.0),
    attempt("sealed", "not scored", 0.0),
)


def test_attempts_that_are_worth_something_are_drawn_and_failures_together():
    found = worth(*MIXED, failures=2, lost=2.0)
    assert found.table().rows() == [
        ("demand: loops", "improved", 3.0),
        ("demand: deep", "broke", 1.25),
        ("demand: 2 failures", "failures together", 2.0),
    ]
    assert {"demand: loops", "3", "1.25", "improved", "broke"} <= set(words(svg(found.picture())))


def test_where_no_attempt_alone_changes_the_plan_all_stand_there_with_nought():
    found = worth(*MIXED[2:])
    assert found.table().rows() == [("demand: again", "no better", 0.0)]
    assert "demand: again" in words(svg(found.picture()))


def test_two_attempts_of_one_name_are_two_bars():
    drawn = words(svg(worth(MIXED[0], attempt("loops", "improved", 1.0)).picture()))
    assert drawn.count("demand: loops") == 2


def test_of_many_attempts_the_first_are_drawn_and_the_others_counted():
    made = [attempt(f"a{at}", "improved", 40.0 - at) for at in range(40)]
    drawn = words(svg(worth(*made, failures=3, lost=1.0).picture()))
    assert "demand: 3 failures" in drawn
    assert "demand: a14" in drawn
    assert "demand: a15" not in drawn
    assert "not drawn: 25 worth less, or nothing" in drawn


def test_without_attempts_there_is_nothing_to_draw_and_a_notebook_still_says_so():
    with pytest.raises(PlanError, match="no attempt was scored or broke"):
        worth().picture()
    assert "<svg" not in worth()._repr_html_()
    assert "<svg" in worth(*MIXED)._repr_html_()
    assert "worth 7.5" in worth(*MIXED)._repr_html_()


def author(name: str, share: float, se: float = 0.0) -> AuthorCredit:
    return AuthorCredit(
        author=name,
        attempts=3,
        failures=1,
        missed=0.0,
        missed_effort=None,
        of_failures=0.0,
        share=share,
        share_se=se,
        share_effort=None,
    )


def credited(*authors: AuthorCredit) -> Credit:
    exact = all(each.share_se == 0 for each in authors)
    return Credit(authors=authors, total=2.5, total_effort=None, orders=2, is_exact=exact)


def test_each_author_has_a_bar_with_what_they_tried():
    drawn = words(svg(credited(author("ann", 2.0, 0.25), author("<bo>", -0.5)).picture()))
    assert {"ann (3 tried, 1 failed)", "2", "-0.5"} <= set(drawn)
    assert "&lt;bo&gt; (3 tried, 1 failed)" in drawn
    assert any("one standard error" in text for text in drawn)
    assert not any("error" in text for text in words(svg(credited(author("a", 1.0)).picture())))


def test_a_long_name_leaves_room_for_what_was_tried():
    drawn = words(svg(credited(author("a" * 60, 1.0)).picture()))
    assert "a" * 19 + "… (3 tried, 1 failed)" in drawn


def test_credit_shows_itself_in_a_notebook():
    page = credited(author("ann", 2.0))._repr_html_()
    assert "3 attempts, together worth 2.5" in page
    assert page.count("<svg") == 1


def test_a_unit_of_value_stands_in_the_headline_and_at_the_axis():
    told = replace(worth(attempt("boosting", "improved", 2.0)), value_unit="k€ a month")
    whose = replace(credited(author("ann", 2.0)), value_unit="k€ a month")
    for answer in (told, whose):
        drawn = words(svg(answer.picture()))
        assert "worth (k€ a month)" in drawn
        assert "k€ a month" in answer.headline()
