"""What does not fit together in a project's attempts: units, metrics, scores above the ceiling."""

import pytest

from assay.errors import PlanError
from assay.portfolio import Curve, KnownCurve, ProjectState, plan, plan_from, plan_projects
from assay.record import ProjectBody, load_portfolio

HOURS = {"effort_unit": "hour", "effort_per_person_day": 8.0}
IN_HOURS = """
version = 1
[portfolio]
budget = 20
effort_unit = "hour"
effort_per_person_day = 8

[[project]]
key = "demand"
"""


@pytest.fixture
def in_days(story):
    story.state()
    story.register().attempt("glm", 3, 0.2)
    return story


def test_attempts_in_another_unit_than_the_file_are_refused_by_both_units(in_days, tmp_path):
    (tmp_path / "assay.toml").write_text(IN_HOURS)
    with pytest.raises(PlanError, match="recorded in person-days, 1 to a person-day") as found:
        plan_from(in_days.history, load_portfolio(tmp_path))
    assert 'effort_unit is now "hour", 8 to a person-day' in str(found.value)
    assert 'Write effort_unit = "person-day" under [portfolio] again' in str(found.value)
    assert len(in_days.history.made_for("demand")) == 1  # nothing is lost


def test_attempts_in_two_units_are_refused_whichever_is_the_last(in_days):
    in_days.ledger.append(ProjectBody(key="demand", **HOURS), key="demand")
    in_days.attempt("tree", 24, 0.3)
    assert set(in_days.history.units["demand"]) == {"person-day", "hour"}
    with pytest.raises(PlanError, match="recorded in person-days"):
        plan(in_days.ledger, budget=10)


def test_a_unit_that_was_only_renamed_is_as_large_as_before(in_days, tmp_path):
    text = IN_HOURS.replace('"hour"', '"Personentag"').replace("day = 8", "day = 1")
    (tmp_path / "assay.toml").write_text(text)
    assert plan_from(in_days.history, load_portfolio(tmp_path)).effort_unit == "Personentag"


def test_projects_of_one_ledger_in_two_units_are_refused(story):
    story.state()
    story.ledger.append(ProjectBody(key="idea", **HOURS), key="idea")
    said = '"demand" is recorded in person-days and project "idea" in hours'
    with pytest.raises(PlanError, match=said):
        plan(story.ledger, budget=10)


def test_a_score_above_its_ceiling_is_said(story):
    # A perfect loss of 0.5 leaves half the baseline's loss to be gained; 0.7 of it was.
    story.register(ceiling=0.5).attempt("glm", 2, 0.1).attempt("tree", 4, 0.7)
    note = story.state().note
    assert 'Attempt "tree" gained 1.40 times what `ceiling` leaves to be gained' in note


def test_a_score_above_its_ceiling_by_chance_alone_is_not_said(story):
    story.register(ceiling=0.5).attempt("glm", 2, 0.51)
    assert "ceiling" not in story.state().note


def test_attempts_scored_by_two_metrics_are_said(story):
    story.register().attempt("glm", 2, 0.1)
    assert "scored by" not in story.state().note
    story.register(metric="absolute").attempt("tree", 2, 0.2)
    assert "Its attempts were scored by crps and absolute" in story.state().note


def test_a_known_curve_is_bent_by_no_attempt_so_nothing_is_in_doubt(story):
    story.register(ceiling=0.5).attempt("glm", 2, 0.7)
    assert story.state(curve={"a": 10.0}).note == ""


def test_a_known_curve_beyond_a_perfect_model_is_named():
    state = ProjectState(key="a", question="", importance=1.0, curve=KnownCurve(50.0, 10.0))
    (line,) = plan_projects([state], budget=300, effort_unit="day").lines
    assert line.reason.endswith(
        "Its curve reaches 400 points, and a perfect model has 100: lower `a` or `b`."
    )  # 50 log(3001)
    for quiet in (KnownCurve(10.0, 1.0), Curve.prior()):
        other = ProjectState(key="a", question="", importance=1.0, curve=quiet)
        (line,) = plan_projects([other], budget=300, effort_unit="day").lines
        assert "perfect model" not in line.reason
