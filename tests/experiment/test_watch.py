"""After release: sound rows leave a verdict standing, drifted ones withdraw it for good."""

import io
import threading
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import polars as pl
import pytest

from assay.errors import AssayError, DataError, ExperimentError, PredictionsError
from assay.experiment import Experiment, Workspace, seal_into_vault
from assay.ledger import Ledger, watch_of


def fresh(rows: int, *, slope: float = 1.0, seed: int = 1) -> pl.DataFrame:
    """Rows as those of the small table, or with another slope."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    return pl.DataFrame({"x": x, "y": slope * x + 0.2 * random.normal(size=rows)})


@pytest.fixture
def running(release, begin, ledger: Ledger, scaled) -> Experiment:
    """An experiment whose model, y = x, was supported and released."""
    experiment = begin()
    assert experiment.attempt(scaled(1.0), name="whole").supported
    return release(experiment)


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


def test_a_second_release_starts_no_second_count(release, running, scaled, ledger):
    running.watch(fresh(100), model=scaled(1.0))
    release(running)
    assert running.watch().rows_so_far == 100
    running.watch(fresh(300, slope=0.2, seed=2), model=scaled(1.0))
    release(running)
    assert running.watch().is_withdrawn


def test_no_later_release_raises_the_bar(release, running, scaled, ledger):
    """Whoever sees the evidence rise could else release again with a smaller alpha."""
    running.watch(fresh(100), model=scaled(1.0))
    last = list(ledger.records("release"))[-1]
    ledger.append(last.body.model_copy(update={"alpha": 1e-9}), key="small")
    found = running.watch(fresh(300, slope=0.2, seed=2), model=scaled(1.0))
    assert (found.needed, found.is_withdrawn) == (20, True)
    assert list(ledger.records("watch"))[-1].body.needed == 20


def test_evidence_is_the_same_however_rows_come_in_batches(
    release, begin, ledger, scaled, tmp_path, made
):
    """It is computed from all rows; only the order within a batch is the hash's."""
    rows = fresh(90, slope=0.7, seed=4)
    experiment = begin()
    experiment.attempt(scaled(1.0))
    release(experiment)
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


def test_near_copies_say_nothing_new(release, begin, ledger, scaled):
    def cases(rows: int, seed: int) -> pl.DataFrame:
        random = np.random.default_rng(seed)
        x, *others = random.normal(size=(5, rows))
        more = {f"z{place}": other for place, other in enumerate(others)}
        return pl.DataFrame({"x": x, **more, "y": x + 0.2 * random.normal(size=rows)})

    experiment = begin(cases(250, 20))
    assert experiment.attempt(scaled(1.0)).supported
    release(experiment)
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
        running.watch(fresh(40, seed=2).with_row_index("row_id", offset=590), predictions=said)


def test_predictions_without_row_ids_count_from_the_first_row(running):
    rows = fresh(30)
    found = running.watch(rows, predictions=rows.select(row_id=pl.int_range(30), mean="x"))
    assert found.mean_gain > 0.7


def test_a_baseline_of_predictions_needs_its_own_for_new_rows(
    release, begin, ledger, table, scaled, tmp_path
):
    every = table.select(row_id=pl.int_range(250), mean=pl.lit(0.0))
    every.write_csv(tmp_path / "usual.csv")
    experiment = begin(baseline={"predictions": "usual.csv"})
    experiment.attempt(scaled(1.0))
    release(experiment)
    rows = fresh(30)
    with pytest.raises(ExperimentError, match=r"is a file of predictions.*--baseline FILE"):
        experiment.watch(rows, model=scaled(1.0))
    usual = rows.select(row_id=pl.int_range(30), mean=pl.lit(0.0))
    assert experiment.watch(rows, model=scaled(1.0), baseline=usual).mean_gain > 0.7


def test_a_learnt_baseline_takes_no_file(running, scaled):
    rows = fresh(30)
    with pytest.raises(ExperimentError, match="is learnt from open rows, so no file"):
        running.watch(rows, model=scaled(1.0), baseline=rows.select(row_id=0, mean="x"))


def test_rows_that_nothing_tells_apart_need_a_number(release, begin, ledger):
    random = np.random.default_rng(8)

    def cards(rows: int) -> pl.DataFrame:
        kind = random.integers(4, size=rows)
        return pl.DataFrame({"x": kind, "y": kind + random.integers(-1, 2, size=rows)})

    class Kind:
        def fit(self, data, target, /, *, seed):
            return self

        def predict(self, data, /):
            return data.numbers("x")

    experiment = begin(cards(400), seal={"rows": 200}, expect=0.3)
    assert experiment.attempt(Kind()).supported
    release(experiment)
    with pytest.raises(DataError, match=r"values do not tell rows apart\. Add a column `row_id`"):
        experiment.watch(cards(30), model=Kind())
    numbered = cards(30).with_row_index("row_id", offset=1000)
    assert experiment.watch(numbered, model=Kind()).rows == 30
    assert experiment.watch(numbered, model=Kind()).rows == 0
    with pytest.raises(DataError, match="the rows watched before had one"):
        experiment.watch(cards(30), model=Kind())


def test_a_number_that_comes_later_makes_no_row_new(running, scaled):
    rows = fresh(30)
    running.watch(rows, model=scaled(1.0))
    numbered = rows.with_row_index("row_id", offset=70)
    assert running.watch(numbered, model=scaled(1.0)).rows_so_far == 30
    again = pl.concat([numbered, fresh(5, seed=6).with_row_index("row_id", offset=500)])
    assert running.watch(again, model=scaled(1.0)).rows_so_far == 35
    with pytest.raises(DataError, match="the rows watched before had one"):
        running.watch(fresh(5, seed=7), model=scaled(1.0))


@pytest.mark.parametrize("sealed", [400, 700])
def test_rows_with_features_that_came_before_are_rows_of_their_own(release, begin, ledger, sealed):
    """Features repeat, targets do not: no row is refused, and none is skipped."""
    random = np.random.default_rng(0)

    def coarse(rows: int) -> pl.DataFrame:
        x = random.integers(0, 400, rows) / 100 - 2
        z = random.integers(0, 30, rows)
        return pl.DataFrame({"x": x, "z": z, "y": x + 0.8 * random.normal(size=rows)})

    class Line:
        def fit(self, data, target, /, *, seed):
            return self

        def predict(self, data, /):
            return data.numbers("x")

    experiment = begin(coarse(800), seal={"rows": sealed}, expect=0.3)
    assert experiment.attempt(Line()).supported
    release(experiment)
    for _ in range(4):
        batch = coarse(300)
        assert experiment.watch(batch, model=Line()).rows == 300
    assert experiment.watch(batch, model=Line()).rows == 0


def test_rows_under_other_numbers_are_refused(running, scaled, ledger):
    rows = fresh(30).with_row_index("row_id")
    running.watch(rows, model=scaled(1.0))
    head = ledger.head()
    with pytest.raises(DataError, match="30 of 30 rows have all values of rows watched before"):
        running.watch(rows.with_columns(pl.col("row_id") + 500), model=scaled(1.0))
    assert ledger.head() == head


def test_a_target_that_changed_is_named(running, scaled):
    rows = fresh(30).with_row_index("row_id")
    running.watch(rows, model=scaled(1.0))
    changed = rows.with_columns(
        y=pl.when(pl.col("row_id") < 4).then(pl.col("y") + 1).otherwise("y")
    )
    found = running.watch(changed, model=scaled(1.0))
    assert found.rows_so_far == 30
    assert found.notes[1].startswith("4 rows of them have another `y` now than then")


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


def test_the_planned_model_is_asked_by_itself(release, tmp_path: Path, table):
    table.write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    fresh(40).write_csv(tmp_path / "new.csv")
    with Workspace.open(tmp_path) as workspace:
        experiment = workspace.register("dose")
        plan = workspace.project("dose").attempts[0]
        assert experiment.attempt_planned(plan).supported
        release(experiment)
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


def test_rows_of_a_vault_are_watched_without_its_key(release, tmp_path: Path, table):
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
        release(workspace.experiment("dose"))
    with Workspace.open(modeller) as workspace:
        found = workspace.experiment("dose").watch(fresh(40))
        assert (found.rows, found.outcome) == (40, "holds")
