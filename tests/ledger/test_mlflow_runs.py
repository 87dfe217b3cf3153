"""Runs of MLflow as attempts, without an MLflow: nothing is guessed, nothing recorded twice."""

from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import LedgerError
from assay.ledger import History, Ledger, attempt_of
from assay.ledger.mlflow import Found, Reading, Wanted, record_mlflow
from assay.ledger.mlflow.project import slug_of
from assay.ledger.mlflow.reading import scale_of
from assay.ledger.mlflow.run import effort_of
from assay.ledger.mlflow.store import MlflowExperiment, MlflowRun, without_password
from assay.record import PortfolioSettings, ProjectBody, is_key, portfolio_from

STORE = "sqlite:///mlflow.db"
SCORED = Reading(metric="rmse", baseline="naive")


def run(name="tree", number=1, **fields):
    """A run; of the same number it is the same run."""
    facts = {"id": f"{number:032x}", "name": name, "started": f"2026-01-{number:02}T00:00:00Z"}
    return MlflowRun(**{**facts, **fields})


def losing(name, number, loss, **fields):
    return run(name, number, metrics={"rmse": loss}, tags={"effort": "1"}, **fields)


NAIVE = losing("naive", 1, 10.0)


@pytest.fixture
def record(ledger):
    """Records runs of one experiment, as `import_mlflow` does once it has read them."""

    def go(*runs, experiment="Demand", id="1", store=STORE, project=None, portfolio=None, **said):
        found = Found(store, MlflowExperiment(id=id, name=experiment), runs, 0)
        reading = Reading(**said)
        wanted = Wanted(experiments=(experiment,), project=project, reading=reading)
        (told,) = record_mlflow(
            ledger, [found], wanted, portfolio=portfolio, watch=lambda what, done, total: None
        )
        return told

    return go


@pytest.fixture
def imported(ledger):
    def read(key="demand"):
        return [attempt_of(each) for each in History(ledger).refresh().imported_into(key)]

    return read


def fates(told):
    return (told.new, told.changed, told.unchanged)


def test_what_is_there_already_is_not_recorded_twice(ledger, record):
    runs = (NAIVE, losing("tree", 2, nan), losing("net", 3, 7.0, params={"depth": "3"}))
    assert fates(record(*runs, metric="rmse", baseline="naive")) == (3, 0, 0)
    head = ledger.head()
    assert fates(record(*runs, metric="rmse", baseline="naive")) == (0, 0, 3)
    assert ledger.head() == head


def test_what_was_said_before_need_not_be_said_again(ledger, record, imported):
    record(NAIVE, losing("tree", 2, 8.0), metric="rmse", baseline="naive")
    head = ledger.head()
    assert fates(record(NAIVE, losing("tree", 2, 8.0))) == (0, 0, 2)
    assert ledger.head() == head
    told = record(NAIVE, losing("tree", 2, 8.0), metric="")  # unless it is taken back
    assert (fates(told), told.scored) == ((0, 2, 0), 0)
    assert [body.open_skill for body in imported()] == [None, None]


def test_the_loss_of_a_baseline_belongs_to_its_metric():
    before = Reading(metric="rmse", se_metric="rmse_se", baseline="10")
    assert Reading(metric="mae").after(before) == Reading(metric="mae")
    assert Reading(metric="rmse").after(before) == before
    named = replace(before, baseline="naive")
    assert Reading(metric="mae").after(named) == Reading(metric="mae", baseline="naive")


def test_a_run_that_changed_is_superseded_and_the_old_record_stays(ledger, record, imported):
    record(run("tree"))
    assert fates(record(run("tree", tags={"effort": "3"}))) == (0, 1, 0)
    assert [body.effort for body in imported()] == [3.0]
    kept = [attempt_of(each).effort for each in ledger.records("attempt")]
    assert kept == [None, 3.0]
    assert ledger.verify().ok


def test_a_store_that_moved_changes_nothing(record):
    record(run("tree"))
    assert fates(record(run("tree"), store="http://tracking:5000")) == (0, 0, 1)


def test_a_run_goes_where_it_went_before_until_somebody_says_otherwise(record, imported):
    record(run("tree"), project="shops")
    assert record(run("tree")).project == "shops"
    assert record(run("tree"), experiment="Renamed").project == "shops"
    assert fates(record(run("tree"), project="other")) == (1, 0, 0)
    assert (imported("shops"), len(imported("other"))) == ([], 1)


def test_two_experiments_never_share_a_key_by_accident(record):
    assert record(run("tree", 1), experiment="Demand").project == "demand"
    assert record(run("tree", 2), experiment="demand", id="2").project == "demand-2"
    assert record(run("tree", 3), experiment="demand!", id="3").project == "demand-3"
    # The same name elsewhere is the same work.
    assert record(run("tree", 4), experiment="Demand", store="http://b").project == "demand"


def test_a_name_that_is_taken_is_numbered_and_kept(record, imported):
    record(run("tree", 1), run("tree", 2), run("", 3), run("two\nlines", 4))
    names = [body.name for body in imported()]
    assert names == ["tree", "tree (2)", "00000000", "two lines"]
    told = record(run("tree", 2, tags={"effort": "1"}), run("tree", 5))
    assert fates(told) == (1, 1, 0)
    assert [body.name for body in imported()] == [*names, "tree (3)"]


def test_a_run_that_failed_is_an_attempt_that_broke(record, imported):
    told = record(
        NAIVE, losing("a", 2, 1.0, status="FAILED"), losing("b", 3, 1.0, status="KILLED"),
        metric="rmse", baseline="naive",
    )  # fmt: skip
    assert (told.broke, told.scored) == (2, 1)
    assert [body.broke for body in imported()] == [
        None, "MLflow says that it failed", "MLflow says that it was killed",
    ]  # fmt: skip
    # The loss of a run that did not end is of nobody knows what.
    assert [body.open_loss for body in imported()] == [10.0, None, None]


@pytest.mark.parametrize(
    ("tags", "effort"),
    [
        ({"effort": "2.5"}, 2.5),
        ({"effort": " 3 "}, 3.0),
        ({"assay.effort": "1"}, 1.0),
        ({"effort": "2", "assay.effort": "1"}, 2.0),
        ({"effort": "2,5"}, None),
        ({"effort": "drei Tage"}, None),
        ({"effort": "0"}, None),
        ({"effort": "-1"}, None),
        ({"effort": "nan"}, None),
        ({"effort": "inf"}, None),
        ({"effort": ""}, None),
        ({}, None),
    ],
)
def test_effort_is_what_a_tag_says_or_unknown(tags, effort):
    assert effort_of(run(tags=tags), "effort") == effort


@given(st.text())
def test_no_tag_breaks_an_import(text):
    effort = effort_of(run(tags={"effort": text}), "effort")
    assert effort is None or 0 < effort < inf


def test_another_tag_may_hold_the_effort(record, imported):
    told = record(
        run("a", tags={"days": "2"}), run("b", 2, tags={"effort": "1"}), effort_tag="days"
    )
    assert [body.effort for body in imported()] == [2.0, None]
    assert (told.effort, told.without_effort, told.effort_example) == (2.0, 1, "b")


def test_each_thing_said_instead_of_an_effort_is_named_once(record):
    said = ("drei Tage", "-3", "-3", "0", "inf")
    runs = [
        run(name, at, tags={"effort": tag})
        for at, (name, tag) in enumerate(zip("abcde", said, strict=True), 1)
    ]
    told = record(*runs)
    assert told.without_effort == 5
    assert told.effort_example == ("a (effort = 'drei Tage'), b (effort = '-3'), d (effort = '0')")


def test_skill_is_one_less_the_share_of_the_baseline_s_loss(record, imported):
    tree = run("tree", 2, metrics={"rmse": 6.0, "se": 0.5})
    told = record(NAIVE, tree, metric="rmse", se_metric="se", baseline="naive")
    naive, body = imported()
    assert (naive.open_skill, naive.open_se) == (0.0, None)
    assert (body.open_loss, body.open_skill, body.open_se) == (6.0, pytest.approx(0.4), 0.05)
    assert (told.scored, told.without_se) == (2, 1)
    assert (naive.stage, body.stage) == ("baseline", None)


@pytest.mark.parametrize("se", [0.0, -1.0, nan, inf])
def test_a_standard_error_that_cannot_be_one_is_unknown(record, imported, se):
    record(run("tree", metrics={"rmse": 6.0, "se": se}), metric="rmse", se_metric="se", baseline=10)
    assert [(body.open_skill, body.open_se) for body in imported()] == [(0.4, None)]


def test_a_run_without_the_metric_has_no_score_and_is_not_broken(record, imported):
    told = record(NAIVE, run("silent", 2), losing("exploded", 3, inf), metric="rmse", baseline="10")
    assert [body.open_skill for body in imported()] == [0.0, None, None]
    assert [body.broke for body in imported()] == [None, None, None]
    assert (told.unscored, told.unscored_example) == (2, "silent")


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (Reading(), "no loss is named"),
        (Reading(metric="rmse"), "no baseline"),
        (Reading(metric="rmse", baseline="niave"), 'no run is called "niave"'),
        (Reading(metric="mae", baseline="naive"), "`naive` has no finite `mae`"),
        (Reading(metric="rmse", baseline="0"), "is 0, must be above 0"),
        (Reading(metric="rmse", baseline=-3.0), "is -3, must be above 0"),
        (Reading(metric="rmse", baseline="nan"), "is nan, must be above 0"),
    ],
)
def test_without_a_baseline_there_is_no_skill_and_a_reason(reading, why):
    scale = scale_of([NAIVE], reading, "here")
    assert scale.baseline is None
    assert why in scale.why_not


def test_a_tag_may_name_the_baseline_but_not_two_of_them():
    tagged = replace(NAIVE, tags={"baseline": "True"})
    assert scale_of([tagged, run("b", 2)], Reading(metric="rmse"), "here").baseline == 10.0
    two = [tagged, replace(tagged, id="other")]
    assert "2 runs carry" in scale_of(two, Reading(metric="rmse"), "here").why_not


def test_a_baseline_is_named_by_its_id_where_two_share_a_name():
    two = [NAIVE, losing("naive", 2, 5.0)]
    with pytest.raises(LedgerError, match=r'here: 2 runs are called "naive".*by its id'):
        scale_of(two, SCORED, "here")
    assert scale_of(two, replace(SCORED, baseline=two[1].id), "here").baseline == 5.0


def test_a_baseline_that_is_unclear_stops_all_before_anything_is_recorded(ledger, record):
    record(run("tree", 9))
    head = ledger.head()
    with pytest.raises(LedgerError, match="by its id"):
        record(run("fresh", 8), NAIVE, losing("naive", 2, 5.0), metric="rmse", baseline="naive")
    assert ledger.head() == head


def test_what_mlflow_knows_is_kept_and_its_bulk_is_not(record, imported):
    tags = {
        "mine": 2000 * "x",
        "stage": "Deep",
        "mlflow.user": "Ann",
        "mlflow.source.git.commit": "abc123",
        "mlflow.note.content": "words",
        "mlflow.log-model.history": "[]",
        "mlflow.long": 501 * "x",
        "mlflow.parentRunId": "p",
    }
    record(
        run(
            tags=tags, params={"depth": "3"}, metrics={"rmse": inf}, artifacts="s3://b/1",
            ended="2026-01-01T00:01:00Z", duration_s=60.0,
        )
    )  # fmt: skip
    (body,) = imported()
    assert (body.author, body.note, body.stage) == ("Ann", "words", "deep")
    assert (body.code, body.duration_s, body.experiment) == ({"commit": "abc123"}, 60.0, None)
    kept = body.imported
    assert set(tags) - set(kept["tags"]) == {
        "mlflow.note.content", "mlflow.log-model.history", "mlflow.long",
    }  # fmt: skip
    assert kept["source"] == "mlflow:" + f"{1:032x}"
    assert kept["metrics"] == {"rmse": inf}
    assert (kept["params"], kept["artifacts"]) == ({"depth": "3"}, "s3://b/1")
    assert (kept["experiment"], kept["store"], kept["status"]) == ("Demand", STORE, "FINISHED")


def test_a_project_is_recorded_once_in_the_ledger_s_own_unit(ledger, record):
    ledger.append(ProjectBody(key="x", effort_unit="hour", effort_per_person_day=8), key="x")
    record(run("a"))
    record(run("b", 2))
    (body,) = [each.body for each in ledger.records("project", "demand")]
    assert (body.effort_unit, body.effort_per_person_day, body.has_data) == ("hour", 8, False)
    assert "Demand" in body.source
    assert [found.key for found in ledger.search("MLflow")] == ["demand"]


def test_a_project_that_the_portfolio_knows_is_recorded_as_it_has_it(ledger, record, tmp_path):
    table = {"key": "demand", "question": "How many?", "importance": 3.0}
    portfolio = portfolio_from({"version": 1, "project": [table]}, tmp_path / "assay.toml")
    assert isinstance(portfolio.settings, PortfolioSettings)
    record(run("a"), portfolio=portfolio)
    assert History(ledger).refresh().projects["demand"].body.importance == 3.0


def test_runs_stand_in_the_order_in_which_they_were_started(record, imported):
    record(run("late", 9))
    record(run("early", 2), run("timeless", 5, started=None))
    # What has no start is as late as its record.
    assert [body.name for body in imported()] == ["early", "late", "timeless"]


def test_an_import_that_stops_in_the_middle_goes_on(ledger, record, monkeypatch, path):
    monkeypatch.setattr("assay.ledger.mlflow.importing.BATCH", 2)
    runs = [run(f"tree {number}", number) for number in range(1, 6)]
    append, calls = Ledger.append_many, []

    def failing(self, bodies, **options):
        calls.append(1)
        if len(calls) == 2:
            append(self, bodies, **options)  # and then the power goes
            raise OSError("disk full")
        return append(self, bodies, **options)

    monkeypatch.setattr(Ledger, "append_many", failing)
    with pytest.raises(OSError, match="disk full"):
        record(*runs)
    assert len(list(ledger.records("attempt"))) == 2
    assert fates(record(*runs)) == (3, 0, 2)
    assert ledger.verify().ok


@given(st.text(max_size=30), st.integers(0, 10**9))
def test_any_name_makes_a_key(name, number):
    assert is_key(slug_of(MlflowExperiment(id=str(number), name=name)))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Größe der Körbe, v2", "grosse-der-korbe-v2"),
        ("  /Shared/ann@shop.de/Demand ", "shared-ann-shop-de-demand"),
        ("需求预测", "experiment-7"),
        ("", "experiment-7"),
    ],
)
def test_keys_are_made_of_what_can_be_kept_of_a_name(name, slug):
    assert slug_of(MlflowExperiment(id="7", name=name)) == slug


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://ann:s3cret@tracking:5000/mlflow?token=s3cret", "http://tracking:5000/mlflow"),
        ("https://s3cret@tracking", "https://tracking"),
        ("postgresql+psycopg2://ann:s3/cret@db/mlflow", "postgresql+psycopg2://db/mlflow"),
        ("sqlite:////data/a@b/mlflow.db", "sqlite:////data/a@b/mlflow.db"),
        ("wasbs://box@account.blob/1", "wasbs://box@account.blob/1"),
    ],
)
def test_no_password_is_recorded(uri, shown):
    assert without_password(uri) == shown
