"""What the report says is what the ledger and the data say, and saying it changes neither."""

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from assay.experiment import Workspace
from assay.ledger import History, Ledger, Record
from assay.picture import css
from assay.portfolio import plan_from
from assay.problem import Property
from assay.record import AttemptBody, RegistrationBody, VerdictBody, load_portfolio
from assay.report import ReportContent, build_report, render
from assay.report.build import confirmed_keys
from assay.report.build_plan import plan_content
from assay.report.build_problem import evidence_words
from assay.report.content import Picture, PlanContent, ProjectContent

SHA = "0123456789abcdef" * 4


def card(content: ReportContent, key: str) -> ProjectContent:
    return next(project for project in content.projects if project.key == key)


def recorded(workspace: Workspace, kind: type, key: str) -> list:
    """Bodies of one kind, read from the ledger record by record."""
    records: list[Record] = list(workspace.ledger.records())
    of = {each.hash for each in records if each.kind == "registration" and each.key == key}
    bodies = [each.body for each in records if isinstance(each.body, kind)]
    return [body for body in bodies if body.experiment in of]


def words(picture: Picture | None) -> list[str]:
    assert picture is not None
    return re.findall(r">([^<]+)</text>", picture.svg)


def the_plan(content: ReportContent) -> PlanContent:
    assert content.plan is not None
    return content.plan


def test_making_a_report_adds_no_record(built, heads):
    assert len(heads) == 2
    assert heads[0] == heads[1] == built.ledger.head


def test_every_project_has_its_card_in_the_order_of_the_file(workspace, built):
    keys = [project.key for project in workspace.portfolio.projects]
    assert [project.key for project in built.projects] == keys
    assert {project.key: project.status for project in built.projects} == {
        "dose": "verdict supported",
        "relapse": "open",
        "rare": "refused",
        "lost": "refused",
        "idea": "idea",
        "known": "idea",
    }


def test_attempts_stand_as_they_were_recorded_those_that_broke_too(workspace, built):
    bodies: list[AttemptBody] = recorded(workspace, AttemptBody, "dose")
    rows = card(built, "dose").attempts
    assert [row.name for row in rows] == ["heart rate", "deep network", "weight"]
    assert [row.effort for row in rows] == ["1", "2", "3"]
    assert [row.look for row in rows] == ["1", "", "2"]
    assert [row.answer for row in rows] == ["not yet", "", "supported"]
    assert "63 GB were not enough" in rows[1].broke
    for row, body in zip(rows, bodies, strict=True):
        shown = "" if body.open_skill is None else f"{100 * body.open_skill:.1f} ± "
        assert row.open_skill.startswith(shown)
        assert bool(row.open_skill) == (body.open_skill is not None)


def test_the_verdict_and_the_sealed_scores_are_the_recorded_ones(workspace, built):
    (verdict,) = recorded(workspace, VerdictBody, "dose")
    dose = card(built, "dose")
    assert dose.verdict == verdict.sentence
    baseline, *rows = dose.scores
    assert float(baseline.loss) == pytest.approx(verdict.baseline_loss, rel=1e-3)
    for row, score in zip(rows, verdict.scores, strict=True):
        assert row.name == score["name"]
        assert row.loss == ("" if score["loss"] is None else f"{score['loss']:.4g}")
    assert [row.reading for row in rows][1:] == ["broke", "above the bar"]
    assert "weight" in words(dose.sealed_picture)
    assert "bar: 20 %" in words(dose.sealed_picture)


def test_while_the_seal_is_closed_no_score_of_sealed_rows_is_shown(built):
    relapse = card(built, "relapse")
    assert relapse.scores == ()
    assert relapse.sealed_picture is None
    assert relapse.verdict == "Open: 1 attempt so far; the seal shows no score."


def test_the_curve_shows_each_attempt_by_its_number(built):
    shown = words(card(built, "dose").curve)
    assert {"improved", "broke", "1", "2", "3"} <= set(shown)
    assert "share of what is possible" in shown


def test_a_known_curve_is_drawn_in_points(built):
    known = card(built, "known")
    assert "points of skill" in words(known.curve)
    assert known.verdict.endswith("It is planned by a curve that is taken as known.")


def test_the_curve_sentence_says_what_the_best_attempt_reached(workspace, built):
    (verdict,) = recorded(workspace, VerdictBody, "dose")
    best = max(score["skill"] for score in verdict.scores if score["skill"] is not None)
    said = card(built, "dose").curve_sentence
    assert said.startswith(f"After 6 person-days the best attempt reached {100 * best:.0f} % of")
    assert card(built, "idea").curve_sentence.startswith("Nothing was tried yet.")
    assert "The chance that there is nothing to gain is 20 %." in card(built, "idea").curve_sentence


def test_a_refused_project_says_what_is_missing_and_what_would_change_that(built):
    rare = card(built, "rare")
    assert rare.verdict.startswith("Refused before any model was tried: so few sealed rows")
    assert rare.refusal.startswith("6 rows are sealed;")
    assert rare.remedy.startswith("Seal more,")
    assert rare.problem is not None
    assert "6 rows are sealed" in render(built)


def test_data_that_cannot_be_read_do_not_stop_the_page(built):
    lost = card(built, "lost")
    assert lost.verdict == "Its data cannot be read as they stand."
    assert lost.refusal.startswith("gone.csv: no such file")
    assert lost.problem is None
    assert "Why the data cannot be read" in render(built)


def test_the_plan_is_the_plan_and_those_who_get_most_come_first(workspace, built):
    made = plan_from(workspace.history, workspace.portfolio)
    rows = the_plan(built).rows
    assert {row.key: row.units for row in rows} == {line.key: line.units for line in made.lines}
    assert [row.units for row in rows] == sorted((row.units for row in rows), reverse=True)
    assert made.budget == 32  # 40 less 1 + 2 + 3 and 1.5, whole
    assert "was rounded down to 32 person-days" in the_plan(built).certificate
    for row, line in ((r, next(x for x in made.lines if x.key == r.key)) for r in rows if r.units):
        gain = float(row.expected_gain.removeprefix("+").removesuffix(" points"))
        assert gain * line.importance == pytest.approx(line.expected_gain, abs=0.11)
        assert float(row.worth) == pytest.approx(line.expected_gain, abs=0.06)


def test_who_gets_nothing_promises_nothing(workspace):
    rows = plan_content(plan_from(workspace.history, workspace.portfolio, budget=1), {}).rows
    nothing = [row for row in rows if row.units == 0]
    assert len(nothing) == 5
    assert {(row.expected_gain, row.band, row.worth, row.last_unit) for row in nothing} == {
        ("", "", "", "")
    }


def test_the_plan_warns_of_questions_that_cannot_be_asked_yet(built):
    reasons = {row.key: row.reason for row in the_plan(built).rows}
    assert reasons["rare"].endswith("refused as it stands: more data come first.")
    assert reasons["lost"].endswith("Its data cannot be read: see to them first.")
    assert "new sealed rows" in reasons["dose"]
    assert "sealed" not in reasons["relapse"]


def test_further_pictures_of_the_plan_say_where_it_stops(built):
    plan = the_plan(built)
    assert [picture.title for picture in plan.further] == [
        "If the budget were smaller or larger",
        "What one person-day more would add",
        "What attempts are worth to this plan",
    ]  # all returns are linear, so what accuracy is worth would be a straight line
    budgets, marginal, worth = plan.further
    assert any(text.startswith("this plan: ") for text in words(budgets))
    assert any(text.startswith("last unit: ") for text in words(marginal))
    assert any(text.startswith("dose: ") for text in words(worth))


def test_each_projects_curve_says_what_the_plan_adds(built):
    plan = the_plan(built)
    given = {row.key: f"{row.units:g}" for row in plan.rows}
    assert len(plan.curves) == 6
    for picture in plan.curves:
        assert given[picture.title] in picture.caption or "none planned" in picture.caption


def test_a_budget_of_nothing_is_a_plan_of_nothing(workspace):
    plan = plan_content(plan_from(workspace.history, workspace.portfolio, budget=0), {})
    assert plan.sentence == "No project is expected to return anything for 0 person-days."
    assert plan.picture is None
    assert plan.curves == plan.further == ()


def test_without_a_budget_the_page_says_what_to_say(root, tmp_path):
    portfolio = load_portfolio(root / "examples" / "grocery")
    settings = portfolio.settings.model_copy(update={"budget": None})
    with Ledger(tmp_path / "assay.db") as ledger:
        content = build_report(Workspace(replace(portfolio, settings=settings), ledger))
    assert content.plan is None
    assert "`--budget 100`" in content.plan_refusal


def test_simulated_data_are_labelled_beside_the_plan_and_on_the_card(built):
    assert [project.key for project in built.projects if project.is_simulated] == ["dose"]
    assert render(built).count("Simulated data") == 2


def test_what_was_registered_is_shown_in_words(workspace, built):
    registration = card(built, "dose").registration
    assert registration is not None
    assert registration.improve_by == "at least 20 %"
    assert (registration.expect, registration.alpha, registration.tries) == ("80 %", "5 %", "3")
    assert (registration.open_rows, registration.sealed_rows) == ("280", "120")
    assert [choice.name for choice in registration.outcomes] == ["If supported"]


def test_the_lesson_is_the_measured_one_with_the_words_added_since(built):
    lesson = card(built, "dose").lesson
    assert lesson is not None
    assert lesson.measured.startswith("Expected 80 % better")
    assert lesson.words == "Weight is all it takes."


def test_the_page_names_its_ledger_and_what_nobody_wrote_down(workspace, built):
    assert built.ledger.head == workspace.ledger.head()
    assert built.ledger.records == len(list(workspace.ledger.records()))
    said = {(default.key, default.value): default.meaning for default in built.defaults}
    assert said["alpha", "0.05"] == "chance of calling a useless model a success"
    assert said["importance", "1"].endswith(": relapse, rare, lost, idea, known")


def test_what_a_user_wrote_is_shown_and_never_run(built):
    page = render(built)
    assert "Can &lt;i&gt;six&lt;/i&gt; patients tell?" in page
    assert "<i>" not in page
    assert css() in page


@pytest.mark.parametrize(
    ("p_values", "silent", "kept"),
    [
        # Benjamini & Hochberg (1995): the k-th smallest of m must not exceed 0.05 k / m.
        ([0.01, 0.04], 1, {"p0"}),
        ([0.01, 0.03], 0, {"p0", "p1"}),
        ([0.02], 2, set()),
        ([0.001, None], 0, {"p0"}),
    ],
)
def test_a_verdict_is_confirmed_if_it_survives_beside_all_others(tmp_path, p_values, silent, kept):
    with Ledger(tmp_path / "assay.db") as ledger:
        for at, p_value in enumerate(p_values):
            told(ledger, f"p{at}", p_value)
        keys = [f"p{at}" for at in range(len(p_values) + silent)]
        assert confirmed_keys(History(ledger).refresh(), keys) == kept


def test_questions_that_share_sealed_rows_are_judged_more_strictly(tmp_path):
    # Benjamini & Yekutieli (2001): 0.05 / (1 + 1/2) = 0.033 for two, so 0.04 fails beside 0.01.
    with Ledger(tmp_path / "assay.db") as ledger:
        first = told(ledger, "p0", 0.01)
        told(ledger, "p1", 0.04, overlaps=(first,))
        assert confirmed_keys(History(ledger).refresh(), ["p0", "p1"]) == {"p0"}


def test_a_small_p_value_of_a_question_left_open_confirms_nothing(tmp_path):
    with Ledger(tmp_path / "assay.db") as ledger:
        told(ledger, "p0", 0.001, outcome="inconclusive")
        assert confirmed_keys(History(ledger).refresh(), ["p0"]) == set()


def told(
    ledger: Ledger,
    key: str,
    p_value: float | None,
    *,
    overlaps: tuple[int, ...] = (),
    outcome: str = "supported",
) -> int:
    """A registration and, unless `p_value` is `None`, its verdict."""
    body = RegistrationBody(
        project=key,
        data_sha=SHA,
        target="y",
        metric="crps",
        baseline="naive",
        baseline_predictions=ledger.put(b"predictions"),
        improve_by=0.05,
        expect=0.15,
        alpha=0.05,
        tries=1,
        seal={"share": 0.3},
        sealed_rows_file=ledger.put(key.encode().ljust(16)),
        n_open=7,
        n_sealed=1,
        test="independent",
        baseline_open_loss=1.0,
        sd0=0.5,
        spec_sha=SHA,
        overlaps=overlaps,
    )
    record = ledger.append(body, key=key)
    if p_value is not None:
        verdict = {"outcome": outcome, "sentence": "Said.", "p_value": p_value}
        ledger.append(VerdictBody(experiment=record.hash, **verdict), key=key)
    return record.sequence


def test_evidence_does_not_repeat_the_finding_and_shows_no_p_value_as_0():
    found = Property(
        name="zeros",
        finding="3,436 of 131,400 values are 0 (2.6 %)",
        evidence={"zeros": 3436, "values": 131400, "share": 0.02615, "mean": 8.378, "p_value": 0.0},
        meaning="More zeros than a Poisson law has.",
    )
    assert evidence_words(found) == "mean 8.378; p < 0.0001"


def test_a_number_inside_a_longer_one_is_not_taken_for_said():
    found = Property(
        name="size", finding="1,397 rows", evidence={"distinct": 97, "rows": 1397}, meaning=""
    )
    assert evidence_words(found) == "distinct 97"


def test_the_example_of_the_documentation_is_a_page_without_data(root: Path, tmp_path: Path):
    portfolio = load_portfolio(root / "examples" / "grocery")
    with Ledger(tmp_path / "assay.db") as ledger:
        content = build_report(Workspace(portfolio, ledger))
    assert the_plan(content).sentence.startswith(
        "The next 100 person-days are worth most split as 40 to pricing, 32 to dispatching, "
        "16 to onboarding and 12 to recommendations. Together"
    )
    value = sum(
        a * math.log1p(b * u) for a, b, u in ((10, 0.5, 40), (8, 1, 32), (5, 0.2, 16), (3, 2, 12))
    )
    assert f"return {value:.1f} (points" in the_plan(content).sentence
    assert all(row.band == "" for row in the_plan(content).rows)
