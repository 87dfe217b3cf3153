"""From a ledger to a plan: what each attempt tells its curve, and what is left to spend."""

import importlib
import math
import pkgutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import assay
import assay.portfolio
from assay.errors import PlanError
from assay.portfolio import (
    Curve,
    KnownCurve,
    Observation,
    budget_left,
    plan,
    plan_from,
    project_states,
)
from assay.portfolio.curves.observation import UNSCORED_SE
from assay.record import (
    Belief,
    ProjectBody,
    load_portfolio,
)
from assay.report.build_curve import curve_sentence

FILE = """
version = 1
[portfolio]
budget = 20

[[project]]
key = "demand"

[[project]]
key = "idea"
importance = 2
"""


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str = FILE) -> Path:
        path = tmp_path / "assay.toml"
        path.write_text(text)
        return path

    return write


def same(one: Curve, other: Curve) -> bool:
    efforts = np.array([1.0, 5.0, 30.0])
    return bool(np.array_equal(one.mean(efforts), other.mean(efforts)))


def test_effort_is_summed_and_skill_is_headroom_where_the_perfect_loss_is_0(story):
    story.register().attempt("glm", 2, 0.1).attempt("trees", 3, 0.3)
    assert [(point.effort, point.score) for point in story.points] == [(2, 0.1), (5, 0.3)]
    assert [point.kind for point in story.points] == ["improved", "improved"]
    assert story.state().effort_spent == 5


def test_an_attempt_that_broke_costs_effort_and_says_that_it_did_not_beat_the_best(story):
    story.register().attempt("glm", 2, 0.1).attempt("trees", 3, broke="out of memory")
    last = story.points[-1]
    assert (last.effort, last.score, last.kind) == (5, None, "broke")
    assert last.observation == Observation(5, bound=0.1)
    seen = [Observation(2, score=0.1, se=0.02), Observation(5, bound=0.1)]
    assert same(story.state().curve, Curve.learn(seen))


def test_the_best_before_the_first_score_is_the_baseline(story):
    story.register().attempt("trees", 3, broke="no").attempt("glm", 2, -0.2)
    assert story.points[0].observation == Observation(3, bound=0.0)
    assert story.points[1].kind == "no better"
    assert story.points[1].best_before == 0.0


def test_an_attempt_of_unknown_effort_does_not_enter_the_curve(story):
    story.register().attempt("glm", 2, 0.1).attempt("imported", None, 0.4).attempt("trees", 3, 0.2)
    assert [point.effort for point in story.points] == [2, None, 5]
    assert story.points[1].observation is None
    state = story.state()
    assert state.effort_spent == 5
    # The third score was the best of three on the same open rows, whatever the second one cost.
    se = 0.02 * math.hypot(1, 0.8463 * math.sqrt(0.2))
    seen = [Observation(2, score=0.1, se=0.02), Observation(5, score=0.2, se=se)]
    assert state.curve.mean(10.0) == pytest.approx(Curve.learn(seen).mean(10.0), rel=1e-4)


def test_how_many_unknown_efforts_came_before_is_said_wherever_the_curve_is_shown(story):
    story.register().attempt("glm", 2, 0.1).attempt("import", None, 0.4).attempt("more", None)
    assert story.state().unknown_before == 0  # nothing on the curve comes after them
    story.attempt("trees", 3, 0.2)
    assert [point.unknown_before for point in story.points] == [0, 0, 1, 2]
    state = story.state()
    line = plan_from(story.history, None, budget=5).as_dict()["lines"][0]
    said = "2 attempts of unknown effort came before others that are on the curve, which took more"
    assert (state.unknown_before, line["unknown_before"]) == (2, 2)
    assert said in line["reason"]
    assert said in curve_sentence(state, story.points, "person-day")
    assert said in plan_from(story.history, None, budget=5)._repr_html_()


def test_a_withdrawn_model_scores_what_it_gained_since_its_release(story):
    story.register().attempt("glm", 2, 0.1).attempt("trees", 3, 0.5).open(glm=0.1, trees=0.4)
    assert [point.score for point in story.points] == [0.1, 0.4]
    story.withdraw("trees", 0.02, rows=50)
    glm, trees = story.points
    assert (glm.score, trees.score, trees.kind) == (0.1, 0.02, "no better")
    assert trees.se == 0.03  # never smaller than on the sealed rows
    story.attempt("later", 1, 0.05)
    assert story.points[-1].best_before == 0.1
    assert "Its verdict was withdrawn" in story.state().note


@pytest.mark.parametrize(("rows", "wider"), [(25, 2.0), (100, 1.0), (400, 1.0)])
def test_the_fewer_rows_since_the_release_the_less_sure_their_score(story, rows, wider):
    story.register(sealed=100).attempt("glm", 2, 0.1).open(glm=0.4, se=0.03)
    story.withdraw("glm", 0.02, rows=rows)
    assert story.points[0].se == pytest.approx(0.03 * wider)


def test_an_absolute_gain_since_the_release_is_a_share_of_the_sealed_loss(story):
    terms = {"improve_by": None, "improve_by_absolute": 0.1}
    story.register(**terms).attempt("glm", 2, 0.1).open(loss=4.0, glm=0.4)
    story.withdraw("glm", 0.2, rows=50)
    assert story.points[0].score == pytest.approx(0.05)


def test_a_known_curve_is_not_bent_by_unknown_efforts(story):
    story.register().attempt("import", None, 0.4).attempt("trees", 3, 0.2)
    state = story.state(curve={"family": "log", "a": 10, "b": 1})
    assert (state.unknown_before, state.note) == (0, "")


def test_imported_attempts_stand_on_the_curve_in_the_order_of_their_start(story):
    story.bring("trees", 2, effort=3, open_skill=0.3, open_se=0.02)
    story.bring("glm", 1, effort=2, open_skill=0.1, open_se=0.02)
    story.bring("net", 3, effort=1, broke="MLflow says that it failed")
    story.bring("idle", 4, effort=None, open_skill=0.9)
    story.bring("elsewhere", 1, key="other", effort=9)
    assert [(each.name, each.effort) for each in story.points] == [
        ("glm", 2), ("trees", 5), ("net", 6), ("idle", None),
    ]  # fmt: skip
    assert [each.kind for each in story.points] == ["improved", "improved", "broke", "improved"]
    # The second score was the best of two: E max of two standard Normals is 1 / sqrt(pi).
    se = 0.02 * math.hypot(1, math.sqrt(0.2 / math.pi))
    seen = [
        Observation(2, score=0.1, se=0.02),
        Observation(5, score=0.3, se=se),
        Observation(6, bound=0.3),
    ]
    state = story.state()
    assert state.effort_spent == 6
    assert state.curve.mean(10.0) == pytest.approx(Curve.learn(seen).mean(10.0), rel=1e-6)


def test_an_imported_score_of_unknown_error_does_not_pretend_to_be_exact(story):
    story.bring("glm", 1, effort=2, open_skill=0.1).bring("trees", 2, effort=2, open_skill=0.2)
    first, second = story.points
    assert first.se == UNSCORED_SE
    assert second.se == pytest.approx(UNSCORED_SE * math.hypot(1, math.sqrt(0.2 / math.pi)))


def test_imported_and_registered_attempts_are_counted_as_tries_apart(story):
    story.bring("old", 1, effort=1, open_skill=0.1, open_se=0.02)
    story.register(ceiling=0.5).attempt("glm", 2, 0.1).attempt("trees", 3, 0.3)
    # Headroom: a loss of 0 is perfect for what was imported, 0.5 for what was registered.
    assert [(each.effort, each.score) for each in story.points] == [
        (1, 0.1), (3, pytest.approx(0.2)), (6, pytest.approx(0.6)),
    ]  # fmt: skip
    assert [each.se for each in story.points[:2]] == [0.02, 0.04]


def test_a_ledger_of_imported_projects_alone_is_planned(story):
    story.bring("glm", 1, effort=2, open_skill=0.1)
    story.ledger.append(ProjectBody(key="demand", has_data=False), key="demand")
    (line,) = plan(story.ledger, budget=5).lines
    assert (line.key, line.effort_spent, line.units) == ("demand", 2.0, 5)


def test_predictions_that_only_the_seal_has_seen_teach_nothing_before_it_opens(story):
    story.register().attempt("file", 4)
    assert story.points[0].kind == "not scored"
    assert story.points[0].observation is None
    state = story.state()
    assert state.effort_spent == 4
    assert same(state.curve, Curve.prior())
    story.open(file=0.25)
    assert story.points[0].observation == Observation(4, score=0.25, se=0.03)


def test_an_opened_seal_replaces_the_open_score(story):
    story.register().attempt("glm", 2, 0.4).attempt("trees", 3, broke="no")
    story.open(glm=0.3, trees=None)
    first, second = story.points
    assert (first.score, first.se) == (0.3, 0.03)
    assert (second.kind, second.best_before) == ("broke", 0.3)


def test_a_sealed_score_without_interval_keeps_the_error_of_the_open_one(story):
    story.register().attempt("glm", 2, 0.4, se=0.05).open(se=None, glm=0.3)
    assert (story.points[0].score, story.points[0].se) == (0.3, 0.05)


@pytest.mark.parametrize("se", [None, math.nan])
def test_an_error_that_nobody_knows_is_assumed(story, se):
    story.register().attempt("glm", 2, 0.4, se=se)
    assert story.points[0].observation == Observation(2, score=0.4, se=0.02)


def test_gains_that_are_all_alike_do_not_claim_a_score_without_error(story):
    story.register().attempt("glm", 2, 0.4, se=0.0)
    assert story.points[0].se == 0.005


def test_several_scores_on_the_same_rows_are_less_sure_and_broken_ones_do_not_count(story):
    story.register().attempt("a", 1, 0.1).attempt("b", 1, broke="no").attempt("c", 1, 0.1)
    first, _, third = story.points
    assert first.se == pytest.approx(0.02)
    # The greater of two standard Normals is 1 / sqrt(pi) on average; scores correlate by 0.8.
    assert third.se == pytest.approx(0.02 * math.hypot(1, math.sqrt(0.2 / math.pi)), rel=1e-6)


def test_a_ceiling_scales_headroom_its_error_and_what_a_unit_of_it_is_worth(story):
    story.register(loss=2.0, ceiling=1.0).attempt("glm", 2, 0.3, se=0.02)
    assert story.points[0].score == pytest.approx(0.6)
    assert story.points[0].se == pytest.approx(0.04)
    state = story.state(importance=3.0)
    assert state.skill_at_ceiling == 0.5
    assert state.worth(np.ones(1)) == pytest.approx([3.0 * 50])


def test_sealed_headroom_is_measured_against_the_sealed_baseline(story):
    story.register(loss=2.0, ceiling=1.0).attempt("glm", 2, 0.3).open(loss=4.0, glm=0.3)
    assert story.points[0].score == pytest.approx(0.3 / (1 - 1.0 / 4.0))


@pytest.mark.parametrize(
    ("loss", "ceiling", "skill"),
    [(2.0, None, 1.0), (1.0, -0.5, 1.5), (1.0, 1.0, 0.01), (0.0, 0.0, 1.0)],
    ids=["unknown", "below 0", "at the baseline", "perfect baseline"],
)
def test_the_skill_of_a_perfect_model(story, loss, ceiling, skill):
    story.register(loss=loss, ceiling=ceiling)
    assert story.state().skill_at_ceiling == skill


def test_effort_counts_over_all_experiments_of_a_project_and_of_no_other(story):
    story.register().attempt("glm", 2, 0.1).open(glm=0.1)
    story.register("other").attempt("glm", 7, 0.1)
    story.register().attempt("trees", 3, 0.2)
    assert [point.effort for point in story.points] == [2, 5]


def test_effort_in_hours_teaches_the_same_as_effort_in_days(story):
    story.register().attempt("glm", 16, 0.3)
    hours = story.state(effort_unit="hour", effort_per_person_day=8.0).curve
    days = Curve.learn([Observation(2, score=0.3, se=0.02)])
    assert hours.mean(40.0) == pytest.approx(days.mean(5.0))


def test_a_belief_counts_until_and_beside_attempts(story):
    hopeful = Belief(share=0.9, effort=3, give_or_take=0.05)
    assert story.state(belief=hopeful).curve.mean(3.0) > Curve.prior().mean(3.0) + 0.2


def test_a_known_curve_stays_as_it_is_while_effort_moves_along_it(story):
    story.register().attempt("glm", 2, 0.1)
    state = story.state(curve={"family": "log", "a": 10, "b": 1})
    assert state.curve == KnownCurve(10, 1)
    assert state.values(1)[1] == pytest.approx(10 * math.log(4 / 3))


def test_attempts_that_contradict_the_shape_of_the_curve_are_said_beside_the_reason(story):
    story.register()
    for at, score in enumerate([0.0, 0.0, 0.0, 0.0, 0.2, 0.35, 0.4]):
        story.attempt(f"model-{at}", 5, score)
    line = plan_from(story.history, None, budget=5).lines[0] if story.state() else None
    assert "times as probable if the first effort" in line.reason
    assert "declare a stage with its start-up cost" in line.reason
    declared = {"data": {"from": 0, "start_up": 20}}
    assert "declare a stage" not in story.state(stages=declared).note


def test_an_open_seal_is_said_beside_the_reason(story):
    story.register().attempt("glm", 2, 0.1)
    assert story.state().note == ""
    story.open(glm=0.1)
    assert story.state().note == "Its seal is open: a further claim needs new sealed rows."


def test_a_portfolio_needs_no_ledger(root):
    assert [line.units for line in plan(root / "examples/grocery").lines] == [40, 32, 16, 12, 0]


def test_a_ledger_beside_the_portfolio_is_read(story, file):
    story.register().attempt("glm", 12, 0.0)
    made = plan(file())
    assert made.budget == 8
    assert {line.key: line.effort_spent for line in made.lines} == {"demand": 12, "idea": 0}


def test_a_ledger_alone_plans_what_it_recorded(story):
    story.register().attempt("glm", 2, 0.1)
    story.state(question="How many?", effort_unit="hour", effort_per_person_day=8.0)
    made = plan(story.ledger, budget=5)
    assert [(line.key, line.question, line.effort_spent) for line in made.lines] == [
        ("demand", "How many?", 2)
    ]
    assert made.effort_unit == "hour"


def test_the_projects_of_the_file_replace_those_of_the_ledger(story, file):
    story.state(importance=7.0)
    portfolio = load_portfolio(file())
    assert {s.key: s.importance for s in project_states(story.history, portfolio)} == {
        "demand": 1.0,
        "idea": 2.0,
    }


@pytest.mark.parametrize(("spent", "left"), [(12, 8), (20, 0), (35, 0)])
def test_by_default_a_plan_splits_what_the_budget_leaves(story, file, spent, left):
    story.register().attempt("glm", spent, 0.1)
    portfolio = load_portfolio(file())
    assert budget_left(project_states(story.history, portfolio), portfolio) == left
    assert plan_from(story.history, portfolio).budget == left
    assert plan_from(story.history, portfolio, budget=50).budget == 50


def test_without_any_budget_the_question_is_given_back(story, file):
    story.state()
    with pytest.raises(PlanError, match=r"no budget is known.*`--budget 100`"):
        plan(story.ledger)
    with pytest.raises(PlanError, match="no budget is known"):
        plan(file(FILE.replace("budget = 20", "")))


def test_an_empty_ledger_has_no_project_to_plan(story):
    with pytest.raises(PlanError, match="no project"):
        plan(story.ledger, budget=5)


def test_plan_is_the_function_whatever_was_imported():
    for module in pkgutil.iter_modules(assay.portfolio.__path__):
        importlib.import_module(f"assay.portfolio.{module.name}")
    assert assay.portfolio.plan is plan is assay.plan
    assert callable(plan)
