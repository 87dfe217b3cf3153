"""After release: sound rows leave a verdict standing, drifted ones withdraw it for good."""

import io
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import polars as pl
import pytest

from assay.errors import AssayError, DataError, ExperimentError, LockedError, PredictionsError
from assay.experiment import Experiment, Workspace, seal_into_vault
from assay.ledger import Ledger, watch_of
from assay.record import GateBody, ReleaseBody

Release = Callable[..., None]


def fresh(rows: int, *, slope: float = 1.0, seed: int = 1) -> pl.DataFrame:
    """Rows as those of the small table, or with another slope."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    return pl.DataFrame({"x": x, "y": slope * x + 0.2 * random.normal(size=rows)})


def released(experiment: Experiment, ledger: Ledger, *, alpha: float = 0.05) -> Experiment:
    """The experiment with its last attempt in production."""
    registration = next(iter(ledger.records("registration", experiment.key))).hash
    name = experiment.attempts[-1].name
    gate = GateBody(experiment=registration, attempt=name, passed=True, parts=())
    passed = ledger.append(gate, key=experiment.key).hash
    body = ReleaseBody(experiment=registration, gate=passed, attempt=name, alpha=alpha)
    ledger.append(body, key=experiment.key)
    return experiment


@pytest.fixture
def running(begin, ledger: Ledger, scaled) -> Experiment:
    """An experiment whose model, y = x, was supported and released."""
    experiment = begin()
    assert experiment.attempt(scaled(1.0), name="whole").supported
    return released(experiment, ledger)


def test_sound_rows_leave_the_verdict_standing(running, scaled, ledger):
    for batch in range(5):
        found = running.watch(fresh(60, seed=batch), model=scaled(1.0))
        assert found.outcome == "holds"
    assert (found.rows, found.rows_so_far, found.units_so_far) == (60, 300, 300)
    assert 0.7 < found.mean_gain < 0.9
    assert found.least == 0.1
    assert found.evidence < found.needed == 20
    assert running.withdrawn is None
    assert len(list(ledger.records("watch"))) == 5
    assert ledger.verify().ok


def test_a_drift_withdraws_the_verdict_for_good(running, scaled, ledger):
    running.watch(fresh(200), model=scaled(1.0))
    found = running.watch(fresh(200, slope=0.2, seed=2), model=scaled(1.0))
    assert found.is_withdrawn
    assert found.evidence >= 20
    assert found.sentence.startswith("Withdrawn: from about row 2")
    assert "raises the absolute error" in found.sentence
    assert running.withdrawn.sentence == found.sentence
    assert running.verdict.outcome == "supported"  # the record of what was found then stays
    head = ledger.head()
    again = running.watch()
    assert (again.outcome, again.withdrawn_at) == ("withdrawn", found.withdrawn_at)
    assert again.evidence == found.evidence
    with pytest.raises(ExperimentError, match=r"was withdrawn on \d.*register the question again"):
        running.watch(fresh(200, seed=3), model=scaled(1.0))
    assert ledger.head() == head


def test_a_second_release_starts_no_second_count(running, scaled, ledger):
    running.watch(fresh(100), model=scaled(1.0))
    released(running, ledger)
    assert running.watch().rows_so_far == 100
    running.watch(fresh(300, slope=0.2, seed=2), model=scaled(1.0))
    released(running, ledger)
    assert running.watch().is_withdrawn


def test_evidence_is_the_same_however_rows_come_in_batches(begin, ledger, scaled, tmp_path, made):
    """It is computed from all rows; only the order within a batch is the hash's."""
    rows = fresh(90, slope=0.7, seed=4)
    experiment = begin()
    experiment.attempt(scaled(1.0))
    released(experiment, ledger)
    copytree(ledger.path.parent, tmp_path / "copy")
    for start in range(0, 90, 30):
        apart = experiment.watch(rows[start : start + 30], model=scaled(1.0))
    with Ledger(tmp_path / "copy" / "assay.db") as other:
        whole = begin(ledger=other).watch(rows, model=scaled(1.0))
    assert apart.mean_gain == pytest.approx(whole.mean_gain)
    assert (apart.units_so_far, whole.units_so_far) == (90, 90)


def test_rows_watched_before_are_skipped_and_counted(running, scaled, ledger):
    rows = fresh(50)
    running.watch(rows, model=scaled(1.0))
    head = ledger.head()
    again = running.watch(rows, model=scaled(1.0))
    assert again.notes == ("50 rows were watched before and are skipped.",)
    assert (again.rows, again.rows_so_far) == (0, 50)
    assert ledger.head() == head  # nothing new is nothing to record
    more = running.watch(pl.concat([rows, fresh(20, seed=5)]), model=scaled(1.0))
    assert (more.rows, more.rows_so_far) == (20, 70)


def test_rows_without_a_target_wait_for_it(running, scaled):
    rows = fresh(40)
    half = rows.with_columns(y=pl.when(pl.int_range(pl.len()) < 15).then(None).otherwise("y"))
    first = running.watch(half, model=scaled(1.0))
    assert first.rows == 25
    assert first.notes == ("15 rows have no `y` yet: give them again once they do.",)
    second = running.watch(rows, model=scaled(1.0))
    assert (second.rows, second.rows_so_far) == (15, 40)


def test_near_copies_say_nothing_new(begin, ledger, scaled):
    def cases(rows: int, seed: int) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        x, *others = random.normal(size=(5, rows))
        more = {f"z{place}": other for place, other in enumerate(others)}
        return pl.DataFrame({"x": x, **more, "y": x + 0.2 * random.normal(size=rows)})

    experiment = begin(cases(250, 20))
    assert experiment.attempt(scaled(1.0)).supported
    released(experiment, ledger)
    rows = cases(30, 21)
    twins = rows.with_columns(x=pl.col("x") + 1e-9)
    first = experiment.watch(pl.concat([rows, twins]), model=scaled(1.0))
    assert (first.rows, first.units_so_far) == (60, 30)
    again = experiment.watch(rows.with_columns(x=pl.col("x") - 1e-9), model=scaled(1.0))
    assert again.rows == 0
    assert again.notes == ("30 rows are near-copies of rows known before, and are left out.",)


def test_a_standing_is_shown_before_anything_was_watched(running):
    found = running.watch()
    assert (found.outcome, found.rows_so_far, found.mean_gain) == ("holds", 0, None)
    with pytest.raises(DataError, match="course of a watch"):
        found.picture()


def test_the_picture_shows_evidence_and_gain(running, scaled):
    running.watch(fresh(30), model=scaled(1.0))
    chart = running.watch().picture().to_dict()
    assert len(chart["vconcat"]) == 2
    assert "20" in chart["description"]


BAD: dict[str, tuple[Callable[[pl.DataFrame], Any], str]] = {
    "no target": (lambda t: t.with_columns(y=None), "`y` is missing in all 20 rows"),
    "no rows": (lambda t: t.clear(), "empty table"),
    "a column renamed": (lambda t: t.rename({"x": "xx"}), "no column `x`.*Did you mean `xx`"),
    "a column too many": (lambda t: t.with_columns(z=1), "column `z` is not among those"),
    "text for numbers": (
        lambda t: t.with_columns(pl.col("x").cast(pl.String)),
        "column `x` is String",
    ),
    "an infinite target": (lambda t: t.with_columns(y=float("inf")), "target `y` is inf in row 1"),
    "no file": (lambda t: "nowhere.csv", "no such file"),
    "no table": (lambda t: 7, "a table is needed"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_refused_and_nothing_is_recorded(running, scaled, ledger, name):
    spoil, match = BAD[name]
    head = ledger.head()
    with pytest.raises(AssayError, match=match):
        running.watch(spoil(fresh(20)), model=scaled(1.0))
    assert ledger.head() == head


def test_a_picture_instead_of_a_table_is_refused(running, scaled, tmp_path):
    file = tmp_path / "rows.png"
    file.write_bytes(b"\x89PNG1234")
    with pytest.raises(DataError, match=r"files ending in `\.png` are not read"):
        running.watch(file, model=scaled(1.0))


def test_registered_rows_are_refused_and_counted(running, scaled, table, ledger):
    head = ledger.head()
    mixed = pl.concat([fresh(20), table[:7]])
    with pytest.raises(DataError, match="7 of 27 rows were open or sealed at registration"):
        running.watch(mixed, model=scaled(1.0))
    assert ledger.head() == head


def test_nothing_is_watched_that_was_not_released(begin, scaled):
    experiment = begin()
    with pytest.raises(ExperimentError, match=r"nothing of it was released.*--release"):
        experiment.watch(fresh(20), model=scaled(1.0))
    experiment.attempt(scaled(1.0))
    with pytest.raises(ExperimentError, match="nothing of it was released"):
        experiment.watch()


def test_another_model_than_was_judged_is_refused(running, scaled, ledger):
    head = ledger.head()
    with pytest.raises(PredictionsError, match="does not predict the sealed rows as it did"):
        running.watch(fresh(20), model=scaled(1.001))
    assert ledger.head() == head
    assert running.watch(fresh(20), model=scaled(1.0 + 1e-12)).rows == 20  # rounding is no change


def test_without_a_model_predictions_are_asked_for(running):
    with pytest.raises(ExperimentError, match=r"`whole` is not planned.*--predictions FILE"):
        running.watch(fresh(20))


def test_a_model_that_cannot_take_the_rows_is_named(running, scaled, ledger):
    class Fussy(scaled):
        def predict(self, data, /):
            if data.rows != 150:
                raise ValueError("found unknown categories ['c'] in column 0")
            return super().predict(data)

    head = ledger.head()
    with pytest.raises(PredictionsError, match="cannot predict the new rows: ValueError: found"):
        running.watch(fresh(20), model=Fussy(1.0))
    with pytest.raises(PredictionsError, match="is no number"):
        running.watch(fresh(20).with_columns(x=None), model=scaled(1.0))
    assert ledger.head() == head


def test_predictions_stand_beside_the_rows_they_are_for(running):
    rows = fresh(40).with_row_index("row_id", offset=500)
    said = rows.select("row_id", mean="x")
    found = running.watch(rows, predictions=said.sample(fraction=1.0, shuffle=True, seed=1))
    assert found.mean_gain > 0.7
    assert "rests on the author's word" in found.notes[0].lower()
    with pytest.raises(PredictionsError, match="40 of these are missing"):
        running.watch(rows.with_columns(pl.col("row_id") + 90), predictions=said)


def test_predictions_without_row_ids_count_from_the_first_row(running):
    rows = fresh(30)
    found = running.watch(rows, predictions=rows.select(row_id=pl.int_range(30), mean="x"))
    assert found.mean_gain > 0.7


def test_a_baseline_of_predictions_needs_its_own_for_new_rows(
    begin, ledger, table, scaled, tmp_path
):
    every = table.select(row_id=pl.int_range(250), mean=pl.lit(0.0))
    every.write_csv(tmp_path / "usual.csv")
    experiment = begin(baseline={"predictions": "usual.csv"})
    experiment.attempt(scaled(1.0))
    released(experiment, ledger)
    rows = fresh(30)
    with pytest.raises(ExperimentError, match=r"is a file of predictions.*--baseline FILE"):
        experiment.watch(rows, model=scaled(1.0))
    usual = rows.select(row_id=pl.int_range(30), mean=pl.lit(0.0))
    assert experiment.watch(rows, model=scaled(1.0), baseline=usual).mean_gain > 0.7


def test_a_learnt_baseline_takes_no_file(running, scaled):
    rows = fresh(30)
    with pytest.raises(ExperimentError, match="is learnt from open rows, so no file"):
        running.watch(rows, model=scaled(1.0), baseline=rows.select(row_id=0, mean="x"))


def test_rows_that_nothing_tells_apart_need_a_number(begin, ledger):
    random = np.random.default_rng(8)

    def cards(rows: int) -> pl.DataFrame:
        kind = random.integers(4, size=rows)
        return pl.DataFrame({"x": kind, "y": kind + random.normal(size=rows)})

    class Kind:
        def fit(self, data, target, /, *, seed):
            return self

        def predict(self, data, /):
            return data.numbers("x")

    experiment = begin(cards(400), seal={"rows": 200}, expect=0.3)
    assert experiment.attempt(Kind()).supported
    released(experiment, ledger)
    first = cards(30)
    assert experiment.watch(first, model=Kind()).rows == 30
    with pytest.raises(DataError, match=r"values do not tell rows apart. Add a column `row_id`"):
        experiment.watch(cards(30), model=Kind())
    numbered = cards(30).with_row_index("row_id", offset=1000)
    assert experiment.watch(numbered, model=Kind()).rows == 30
    assert experiment.watch(numbered, model=Kind()).rows == 0


def visits(groups: int, first: int = 0, seed: int = 9, slope: float = 1.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    patient = np.repeat(np.arange(first, first + groups), 3)
    x = random.normal(size=patient.size)
    y = slope * x + 0.3 * random.normal(size=patient.size)
    return pl.DataFrame({"patient": [f"p{each}" for each in patient], "x": x, "y": y})


def test_groups_are_counted_and_those_the_model_learnt_are_left_out(begin, ledger, scaled):
    experiment = begin(visits(150), group="patient", seal={"groups": 0.6})
    assert experiment.attempt(scaled(1.0)).supported
    released(experiment, ledger)
    learnt = experiment.task.frame.table[experiment.task.open_rows]["patient"].unique()[:2]
    new = visits(30, first=1000, seed=10)
    known = visits(2, seed=11).with_columns(patient=pl.Series(np.repeat(learnt.to_list(), 3)))
    found = experiment.watch(pl.concat([new, known]), model=scaled(1.0))
    assert (found.rows, found.units_so_far, found.unit) == (90, 30, "groups")
    assert "6 rows are of a `patient` that the model has learnt from" in found.notes[0]
    more = visits(30, first=1000, seed=12)  # the same patients come again
    assert experiment.watch(more, model=scaled(1.0)).units_so_far == 30
    drifted = visits(150, first=2000, seed=13, slope=-1.0)
    assert experiment.watch(drifted, model=scaled(1.0)).is_withdrawn


START = date(2022, 1, 1)


def days(first: int, last: int, *, drift: int = 10**6) -> pl.DataFrame:
    """Two shops with a week of their own; from `drift` on it is gone."""
    rows = []
    for shop in range(2):
        noise = np.random.default_rng([14, shop]).normal(size=(2, 2000))
        for day in range(first, last):
            week = 8 * np.sin(2 * np.pi * day / 7 + shop) if day < drift else 8 * noise[1, day]
            rows.append((f"s{shop}", START + timedelta(days=day), 20 + week + noise[0, day]))
    return pl.DataFrame(rows, schema=["shop", "day", "y"], orient="row")


class LastWeek:
    """Says what was a week before, from the history it is given; notes where it was asked."""

    def __init__(self) -> None:
        self.origins: list[tuple[date, date, date]] = []

    def fit(self, frame, target, /, *, seed):
        return self

    def forecast(self, history, asked, /):
        table = asked.table
        self.origins.append((history.table["day"].max(), table["day"].min(), table["day"].max()))
        past = history.table.select("shop", "y", day=pl.col("day") + timedelta(days=7))
        return table.join(past, on=["shop", "day"], how="left", maintain_order="left")["y"]


SERIES = {"time": "day", "series": "shop", "horizon": 7, "season": 7}


@pytest.fixture
def weekly(begin, ledger) -> Experiment:
    experiment = begin(
        days(0, 420),
        seal={"share": 0.6},
        baseline="climatology",
        accept_underpowered="a test of watches",
        **SERIES,
    )
    assert experiment.attempt(LastWeek(), name="week").supported
    return released(experiment, ledger)


def test_a_series_is_forecast_on_from_its_last_known_time(weekly):
    """Whatever the batches: origins lie one horizon apart, and see nothing later."""
    model = LastWeek()
    weekly.watch(days(420, 430), model=model)
    end = START + timedelta(days=419)
    new = [each for each in model.origins if each[0] >= end]
    week = timedelta(days=7)
    assert [origin for origin, _, _ in new] == [end, end + week]
    assert [first - origin for origin, first, _ in new] == [timedelta(days=1)] * 2
    later = LastWeek()
    found = weekly.watch(days(430, 441), model=later)  # days 10 to 20 after the end
    new = [each for each in later.origins if each[0] >= end]
    assert [origin for origin, _, _ in new] == [end + week, end + 2 * week]
    assert (found.rows_so_far, found.units_so_far, found.unit) == (42, 3, "periods")


def test_batches_of_a_series_come_to_the_same_as_all_at_once(weekly, begin, ledger, tmp_path):
    copytree(ledger.path.parent, tmp_path / "copy")
    rows = days(420, 470)
    for first in range(420, 470, 10):
        apart = weekly.watch(
            rows.filter(
                pl.col("day").is_between(*(START + timedelta(days=first + k) for k in (0, 9)))
            ),
            model=LastWeek(),
        )
    with Ledger(tmp_path / "copy" / "assay.db") as other:
        terms = {"seal": {"share": 0.6}, "baseline": "climatology", **SERIES}
        whole = begin(days(0, 420), ledger=other, accept_underpowered="a test of watches", **terms)
        at_once = whole.watch(rows, model=LastWeek())
    assert apart.mean_gain == pytest.approx(at_once.mean_gain)
    assert apart.course["evidence"].to_list() == pytest.approx(at_once.course["evidence"].to_list())


def test_a_series_that_loses_its_week_is_withdrawn(weekly):
    sound = weekly.watch(days(420, 560), model=LastWeek())
    assert sound.outcome == "holds"
    gone = weekly.watch(days(420, 800, drift=560), model=LastWeek())
    assert gone.is_withdrawn
    assert gone.notes == ("280 rows were watched before and are skipped.",)
    began = date.fromisoformat(gone.sentence.split("from about ")[1][:10])
    assert abs((began - (START + timedelta(days=560))).days) <= 21
    assert gone.course["at"].dtype == pl.Date


def test_an_early_batch_of_a_series_is_too_early(weekly):
    found = weekly.watch(days(420, 424), model=LastWeek())
    assert (found.units_so_far, found.evidence) == (0, 1.0)
    assert "Too early: 4 dates of a season of 7." in found.sentence


def test_times_from_before_the_verdict_are_refused(weekly, ledger):
    head = ledger.head()
    with pytest.raises(DataError, match=r"10 of 20 rows are from before the verdict.*2023-02-24"):
        weekly.watch(days(415, 425), model=LastWeek())
    assert ledger.head() == head


class FourWeeks(LastWeek):
    """Says the mean of four weeks, the last of them two weeks before."""

    def forecast(self, history, asked, /):
        found = asked.table.with_columns(said=pl.lit(0.0))
        for back in range(2, 6):
            past = history.table.select(
                "shop", pl.col("y").alias("then"), day=pl.col("day") + timedelta(days=7 * back)
            )
            found = found.join(past, on=["shop", "day"], how="left", maintain_order="left")
            found = found.with_columns(said=pl.col("said") + pl.col("then") / 4).drop("then")
        return found["said"]


def test_a_seasonal_baseline_goes_on_with_what_came_since(begin, ledger, tmp_path):
    """It sees watched rows as history, and origins two weeks apart whatever the batches."""
    terms = {"seal": {"share": 0.6}, "baseline": "seasonal-naive", "improve_by": 0.02}
    terms |= {**SERIES, "horizon": 14, "expect": 0.2, "accept_underpowered": "a test of watches"}
    experiment = begin(days(0, 420), **terms)
    assert experiment.attempt(FourWeeks()).supported
    released(experiment, ledger)
    copytree(ledger.path.parent, tmp_path / "copy")
    for first in range(420, 460, 5):
        apart = experiment.watch(days(first, first + 5), model=FourWeeks())
    with Ledger(tmp_path / "copy" / "assay.db") as other:
        whole = begin(days(0, 420), ledger=other, **terms)
        at_once = whole.watch(days(420, 460), model=FourWeeks())
    assert (apart.rows_so_far, at_once.rows_so_far) == (80, 80)
    assert apart.mean_gain == pytest.approx(at_once.mean_gain)
    assert apart.mean_gain > 0.05


def test_a_watch_that_was_overtaken_counts_no_row_twice(running, scaled, ledger, begin):
    """Two watches score the same rows at once: one is recorded, the other is told so."""
    rows, other = fresh(25), begin()
    ready = threading.Barrier(2)

    class Slow(scaled):
        def predict(self, data, /):
            if data.rows == 25:
                ready.wait(timeout=30)
            return super().predict(data)

    outcomes: list[str] = []

    def run(experiment: Experiment) -> None:
        try:
            outcomes.append(experiment.watch(rows, model=Slow(1.0)).outcome)
        except ExperimentError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=run, args=(each,)) for each in (running, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "holds" in outcomes
    (told,) = (each for each in outcomes if each != "holds")
    assert "another watch was recorded" in told
    assert running.watch().rows_so_far == 25


def test_a_watch_that_died_before_its_record_left_nothing_behind(
    running, scaled, ledger, monkeypatch
):
    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "append", die)
        with pytest.raises(KeyboardInterrupt):
            running.watch(fresh(25), model=scaled(1.0))
    assert running.watch().rows_so_far == 0
    assert running.watch(fresh(25), model=scaled(1.0)).rows_so_far == 25
    assert ledger.verify().ok


def test_the_record_names_files_from_which_all_is_computed_again(running, scaled, ledger):
    rows = fresh(25)
    running.watch(rows, model=scaled(1.0))
    body = watch_of(next(iter(ledger.records("watch"))))
    scores = pl.read_parquet(io.BytesIO(ledger.read_file(body.scored_file)))
    kept = pl.read_parquet(io.BytesIO(ledger.read_file(body.rows_file)))
    assert scores.columns == ["name", "time", "unit", "baseline", "model"]
    assert scores["model"].to_numpy() == pytest.approx(abs(kept["y"] - kept["x"]).to_numpy())
    assert set(kept["x"]) == set(rows["x"])
    assert (body.rows, body.rows_so_far, body.needed) == (25, 25, 20)


TOML = """
version = 1
[[project]]
key = "dose"
data = "{data}"
target = "y"
metric = "absolute"
seal = {{ rows = 150 }}
improve_by = 0.1
expect = 0.6
tries = 5
{more}

[[project.attempt]]
name = "line"
effort = 1
model = {{ family = "normal", mean = "linear('x')" }}

[[project.attempt]]
name = "file"
effort = 1
model = {{ predictions = "file.csv" }}
"""


def test_the_planned_model_is_asked_by_itself(tmp_path: Path, table):
    table.write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    fresh(40).write_csv(tmp_path / "new.csv")
    with Workspace.open(tmp_path) as workspace:
        experiment = workspace.register("dose")
        plan = workspace.project("dose").attempts[0]
        assert experiment.attempt_planned(plan).supported
        released(experiment, workspace.ledger)
        found = workspace.experiment("dose").watch(tmp_path / "new.csv")
        assert (found.attempt, found.rows, found.outcome) == ("line", 40, "holds")


def test_grown_data_are_told_apart_from_an_unregistered_project(tmp_path: Path, table):
    table.write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    with Workspace.open(tmp_path) as workspace:
        workspace.register("dose").close()
    pl.concat([table, fresh(9)]).write_csv(tmp_path / "doses.csv")
    with (
        Workspace.open(tmp_path) as workspace,
        pytest.raises(ExperimentError, match="of their own"),
    ):
        workspace.experiment("dose")


def test_rows_of_a_vault_are_watched_without_its_key(tmp_path: Path, table):
    pytest.importorskip("cryptography")
    owner, modeller = tmp_path / "owner", tmp_path / "modeller"
    for folder in (owner, modeller):
        folder.mkdir()
    table.write_csv(owner / "doses.csv")
    (owner / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    with Workspace.open(owner) as workspace:
        seal_into_vault(
            workspace,
            "dose",
            out=modeller / "rows",
            vault=tmp_path / "vault",
            key_file=owner / "vault.key",
        )
    (modeller / "assay.toml").write_text(TOML.format(data="rows", more='vault = "../vault"'))
    with Workspace.open(modeller) as workspace:
        experiment = workspace.register("dose")
        plan = workspace.project("dose").attempts[0]
        assert experiment.attempt_planned(plan).text == "waiting"
    with Workspace.open(modeller, key_file=owner / "vault.key") as workspace:
        assert workspace.experiment("dose").close().outcome == "supported"
        released(workspace.experiment("dose"), workspace.ledger)
    with Workspace.open(modeller) as workspace:
        found = workspace.experiment("dose").watch(fresh(40))
        assert (found.rows, found.outcome) == (40, "holds")


def test_groups_in_a_vault_need_its_key(monkeypatch, begin, ledger, scaled):
    experiment = begin(visits(150), group="patient", seal={"groups": 0.6})
    experiment.attempt(scaled(1.0))
    released(experiment, ledger)
    monkeypatch.setattr(type(experiment.task), "is_locked", property(lambda task: True))
    with pytest.raises(LockedError, match="how far the mean gain swings by itself: --key-file"):
        experiment.watch(visits(5, first=1000), model=scaled(1.0))


def test_days_that_were_registered_without_a_target_may_come_with_it(begin, ledger):
    table = days(0, 420)
    end = START + timedelta(days=406)
    ahead = table.with_columns(y=pl.when(pl.col("day") < end).then("y").otherwise(None))
    why = "a test of watches"
    experiment = begin(
        ahead, seal={"share": 0.6}, baseline="climatology", accept_underpowered=why, **SERIES
    )
    assert experiment.attempt(LastWeek()).supported
    released(experiment, ledger)
    assert experiment.watch(days(406, 420), model=LastWeek()).rows == 28
