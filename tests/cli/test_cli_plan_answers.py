"""`assay plan` asked further: what attempts are worth, what is next, whose they are, what if."""

import pytest

FILE = """
version = 1
[portfolio]
budget = 30

[[project]]
key = "known"
curve = { a = 10, b = 0.3, stages = { ml = 3, deep = 12, research = 60 } }

[[project]]
key = "idea"
importance = 2
belief = { share = 0.3, effort = 10 }
labelling = { rows = 442, per_unit = 50, skill = { 110 = 0.31, 221 = 0.37, 442 = 0.41 } }
"""
ALL = ("--why", "--information", "--next", "--importance", "dose=1,4", "--credit")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "assay.toml").write_text(FILE)
    return tmp_path


@pytest.fixture
def done(tiny, answered):
    """A portfolio with a failed attempt and one that is far better than its baseline."""
    answered("run", tiny)
    return tiny


def test_attempts_failures_and_authors_are_valued(answered, done):
    got = answered("plan", done, "--budget", "10", *ALL)["answers"]
    worth, hiding = got["information"]["worth"], got["information"]["hiding"]
    assert {each["attempt"]: each["kind"] for each in worth["attempts"]} == {
        "coin": "no better",
        "weight": "improved",
    }
    assert all(each["value"] >= 0 for each in worth["attempts"])
    assert worth["everything"] > 0
    assert (hiding["failures"], hiding["attempts"]) == (1, 2)
    (author,) = got["credit"]["authors"]
    assert (author["attempts"], author["failures"]) == (2, 1)
    assert author["share"] == pytest.approx(got["credit"]["total"])
    assert author["missed"] == pytest.approx(worth["everything"])
    assert {each["project"] for each in got["next"]["attempts"]} == {"dose", "idea"}
    assert got["importance"]["factors"] == [1, 4]


def test_what_would_change_stands_in_the_lines_when_asked(answered, done):
    asked = answered("plan", done, "--budget", "10", "--why")["plans"][0]["lines"]
    plain = answered("plan", done, "--budget", "10")["plans"][0]["lines"]
    assert all("would" in line["what_would_change"] for line in asked)
    assert {line["what_would_change"] for line in plain} == {""}
    assert "answers" not in answered("plan", done, "--budget", "10")


def test_every_answer_fits_the_terminal(assay, done):
    shown = assay("plan", done, "--budget", "10", *ALL)
    assert shown.exit_code == 0, shown.stderr
    assert max(map(len, shown.stdout.splitlines())) <= 80
    for heading in (
        "What attempts are worth to this plan",
        "What one more attempt may be worth",
        "Person-days by importance of dose",
        "Whose attempts this plan rests on",
        "What would change it",
    ):
        assert heading in shown.stdout
    assert "If the 1 failure had not been recorded" in shown.stdout


def test_stages_and_labelling_are_read_from_the_file(assay, answered, folder):
    got = answered("plan", folder, "--frontier", "--data")["answers"]
    stages = {each["stage"]: each for each in got["frontier"]}
    assert list(stages) == ["ml", "deep", "research"]
    for budget, reaches in (
        (stages["deep"]["budget"], True),
        (stages["deep"]["budget"] - 1, False),
    ):
        units = answered("plan", folder, "--budget", budget)["units_by_budget"]["known"][0]
        assert (units >= 12) == reaches
    assert (stages["research"]["budget"], stages["research"]["importance"]) == (None, None)
    data = {each["project"]: each for each in got["data"]["projects"]}
    assert data["idea"]["rows"] == 50 * data["idea"]["labelling"]
    assert got["data"]["value"] >= got["data"]["before"]
    shown = assay("plan", folder, "--frontier", "--data")
    assert "over 120" in shown.stdout
    assert "No learning curve is known of known" in " ".join(shown.stdout.split())
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_skills_that_fall_with_more_rows_are_doubted(assay, folder):
    asked = ("plan", folder, "--data")
    doubt = "Skills measured of idea fall with more rows"
    assert doubt not in assay(*asked).stdout
    toml = folder / "assay.toml"
    toml.write_text(toml.read_text().replace("110 = 0.31", "110 = 0.51"))
    assert doubt in assay(*asked).stdout


def test_what_cannot_be_answered_leaves_the_plan_and_the_other_answers(assay, answered, folder):
    asked = ("plan", folder, "--information", "--next", "--frontier", "--credit")
    got = answered(*asked)
    assert set(got["answers"]) == {"next", "frontier"}
    assert set(got["answers_missing"]) == {"information", "credit"}
    shown = assay(*asked).stdout
    assert "Where stages of work begin to pay" in shown
    assert "No answer to credit: no attempt is recorded" in shown
    assert "answers_missing" not in answered("plan", folder, "--next")


def test_a_picture_of_an_answer_that_there_is_none_of_is_refused(assay, folder):
    asked = ("--next", "--picture", folder / "a.svg", "--draw", "credit")
    done = assay("plan", folder, *asked)
    assert done.exit_code == 2
    assert "credit: no attempt is recorded" in done.stderr


def test_the_next_step_is_one_that_the_rules_allow(answered, folder):
    asked = ("plan", folder, "--budget", "60", "--next")
    assert answered(*asked)["answers"]["next"]["best"]["project"] == "idea"
    toml = folder / "assay.toml"
    toml.write_text(toml.read_text() + "needs = { known = 20 }\n")
    found = answered(*asked)["answers"]["next"]
    assert found["best"] is None
    said = "Not yet: it waits for known, which has had 0 of 20."
    assert ["idea", said] in found["verdicts"]


def test_an_importance_sweep_names_the_project(answered, assay, folder):
    got = answered("plan", folder, "--importance", "known=0.5,1,8")["answers"]["importance"]
    units = [row["units"] for row in got["split"] if row["project"] == "known"]
    assert units == sorted(units)
    assert units[0] < units[2]
    assert "× 0.5" in assay("plan", folder, "--importance", "known=0.5,1,8").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--credit"], "credit: no attempt is recorded"),
        (["--information"], "information: no attempt is recorded"),
        (["--importance", "knwon=2"], 'no project has the key "knwon". Did you mean `known`?'),
        (["--importance", "known"], "--importance is 'known', must be a project and numbers"),
        (["--importance", "known=0"], "--importance is 'known=0', must be a project and numbers"),
        (["--importance", "known=two"], "must be a project and numbers above 0"),
        (["--importance", "=2"], "must be a project and numbers above 0"),
    ],
)
def test_a_question_without_an_answer_gets_one_sentence(assay, folder, words, said):
    done = assay("plan", folder, *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--frontier", "no project says where its stages of work begin"),
        ("--data", "no project says how its skill rises with its rows"),
    ],
)
def test_a_file_that_lacks_what_is_asked_for_says_what_to_write(assay, tiny, option, said):
    done = assay("plan", tiny, "--budget", "5", option)
    assert done.exit_code == 2
    assert said in done.stderr


def test_a_portfolio_without_projects_has_no_answers(assay, tmp_path):
    (tmp_path / "assay.toml").write_text("version = 1\n[portfolio]\nbudget = 3\n")
    done = assay("plan", tmp_path, "--next")
    assert done.exit_code == 2
    assert "found no project" in done.stderr


def test_where_nothing_failed_nothing_could_be_hidden(assay, answered, fresh):
    toml = fresh / "assay.toml"
    text = toml.read_text()
    start = text.index('[[project.attempt]]\nname = "coin"')
    toml.write_text(text[:start] + text[text.index('[[project.attempt]]\nname = "weight"') :])
    answered("run", fresh)
    shown = assay("plan", fresh, "--budget", "5", "--information")
    assert "No attempt failed, so no failure could be hidden." in shown.stdout
