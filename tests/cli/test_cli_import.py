"""`assay ledger import mlflow`: what comes in, what stays unknown, and where it is seen."""

import json

import pytest

from assay.cli import import_mlflow as importing
from assay.cli.import_mlflow import _notes
from assay.ledger.mlflow import Imported
from assay.portfolio.curves.observation import UNSCORED_SE

KEY = "grosse-der-korbe"


@pytest.fixture
def uri(mlflow_file):
    return f"sqlite:///{mlflow_file}"


@pytest.fixture
def bring(assay, uri, tmp_path):
    """Imports into a ledger of its own."""

    def run(*words):
        return assay("ledger", "import", "mlflow", uri, "--ledger", tmp_path / "a.db", *words)

    return run


def test_what_comes_in_is_shown_and_what_stays_unknown_is_said(bring, tmp_path):
    done = bring("--metric", "rmse")
    assert done.exit_code == 0, done.stderr
    first, second = (line.split() for line in done.stdout.splitlines()[1:])
    assert first == ["Größe", "der", "Körbe", KEY, "8", "0", "0", "2", "8.25", "3"]
    assert second[-7:] == [f"{KEY}-2", "1", "0", "0", "0", "0", "0"]
    assert done.stderr.splitlines() == [
        f"{KEY}: 1 run still running, left out",
        f"{KEY}: 2 of 8 attempts of unknown effort, so not on the curve, such as tree "
        "(effort = 'drei Tage'), stopped",
        f"{KEY}: 4 attempts with an effort came after some without, whose effort is missing from "
        "the curve, so it may be too steep",
        f"{KEY}: 3 runs without a finite `rmse`, such as tree",
        f"{KEY}: a score of 0 is the baseline, 1 a `rmse` of 0",
        f"{KEY}: 3 of 3 scores without a standard error (--se-metric): the curve assumes 0.02 of "
        "skill, more for the best of many",
        f"{KEY}-2: 1 of 1 attempts of unknown effort, so not on the curve, such as one",
        f"{KEY}-2: no scores: no baseline: name one with `--baseline RUN_OR_NUMBER`",
        f"{KEY}-2: 1 run without a finite `rmse`, such as one",
    ]


def test_runs_that_were_deleted_since_are_said_to_stay():
    some = Imported(experiment="e", project=KEY, unchanged=3, gone=2)
    assert _notes(some) == [
        "2 runs imported before are deleted there now; they stay, since nothing tried is forgotten"
    ]


def test_twice_in_a_row_nothing_is_new(bring, tmp_path, head):
    assert bring().exit_code == 0
    before = head(tmp_path / "a.db")
    assert bring().stdout.splitlines()[1].split()[-6:-3] == ["0", "0", "8"]
    assert head(tmp_path / "a.db") == before


def test_imported_projects_are_listed_and_their_runs_found(bring, assay, answered, tmp_path):
    bring()
    ledger = tmp_path / "a.db"
    (one, other) = answered("ledger", "ls", ledger)["experiments"]
    assert (one["key"], one["outcome"], one["attempts"], one["broke"]) == (KEY, "imported", 8, 2)
    assert (one["effort"], one["tries"], other["key"]) == (8.25, None, f"{KEY}-2")
    assert "imported" in assay("ledger", "ls", ledger).stdout
    assert answered("ledger", "ls", ledger, "--library")["experiments"] == []
    found = answered("ledger", "search", ledger, "shallow", "purpose")["records"]
    assert [record["body"]["name"] for record in found] == ["tree"]
    assert "tree: imported, mlflow" in assay("ledger", "ls", ledger, "--kind", "attempt").stdout
    assert "MLflow experiment" in assay("ledger", "ls", ledger, "--kind", "project").stdout


def test_json_says_the_same(bring):
    done = bring("--metric", "rmse", "--baseline", "10", "--json")
    told = json.loads(done.stdout)
    assert told["format"] == 1
    assert [each["new"] for each in told["experiments"]] == [8, 1]
    assert told["experiments"][0]["scored"] == 3


def test_attempts_reach_the_plan_of_the_portfolio(assay, answered, uri, tiny):
    """Those of a project in assay.toml bend its curve; another project is named aloud."""
    asked = ("--experiment", "Größe der Körbe", "--project", "idea", "--metric", "rmse")
    before = answered("plan", tiny, "--budget", "10")["plans"][0]
    done = assay("ledger", "import", "mlflow", uri, "--ledger", tiny, *asked)
    assert done.exit_code == 0, done.stderr
    assert "not in assay.toml" not in done.stderr
    after = answered("plan", tiny, "--budget", "10")["plans"][0]
    spent = [
        {line["key"]: line["effort_spent"] for line in plan["lines"]} for plan in (before, after)
    ]
    assert [each["idea"] for each in spent] == [0.0, 8.25]
    assert before["lines"] != after["lines"]
    done = assay("ledger", "import", "mlflow", uri, "--ledger", tiny, "--metric", "")
    assert f"{KEY}-2: not in assay.toml" not in done.stderr
    assert 'grosse-der-korbe: not in assay.toml, so not in its plan; add [[project]] key = "' in (
        done.stderr
    )


def test_the_default_ledger_is_that_of_the_portfolio_in_this_folder(
    assay, answered, uri, tiny, monkeypatch
):
    monkeypatch.chdir(tiny)
    assert assay("ledger", "import", "mlflow", uri).exit_code == 0
    listed = answered("ledger", "ls", tiny)["experiments"]
    assert [each["key"] for each in listed if each["outcome"] == "imported"] == [KEY, f"{KEY}-2"]


def test_a_slip_makes_no_ledger(assay, tmp_path):
    slip = ("ledger", "import", "mlflow", f"sqlite:///{tmp_path / 'gone.db'}")
    done = assay(*slip, "--ledger", tmp_path / "new" / "a.db")
    assert done.exit_code == 2
    assert "no such file" in done.stderr
    assert list(tmp_path.iterdir()) == []
    nowhere = assay(*slip, "--ledger", tmp_path)
    assert nowhere.exit_code == 2
    assert "assay.toml: no such file" in nowhere.stderr


def test_nothing_to_import_is_said(assay, mlflow_file, bring):
    done = bring("--experiment", "nothing yet")
    assert done.exit_code == 0
    assert done.stderr == "nothing-yet: the experiment has no runs\n"


def test_the_error_that_is_said_is_the_one_that_the_curve_assumes():
    assert importing.ASSUMED_SE == UNSCORED_SE
