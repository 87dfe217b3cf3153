"""A watch over groups and series: what is counted, from where forecasts start, what history is."""

from datetime import date, timedelta
from shutil import copytree

import numpy as np
import polars as pl
import pytest

from assay.errors import DataError, LockedError
from assay.experiment import Experiment
from assay.ledger import Ledger


def visits(groups: int, first: int = 0, seed: int = 9, slope: float = 1.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    patient = np.repeat(np.arange(first, first + groups), 3)
    x = random.normal(size=patient.size)
    y = slope * x + 0.3 * random.normal(size=patient.size)
    return pl.DataFrame({"patient": [f"p{each}" for each in patient], "x": x, "y": y})


def test_groups_are_counted_and_those_the_model_learnt_are_left_out(release, begin, ledger, scaled):
    experiment = begin(visits(150), group="patient", seal={"groups": 0.6})
    assert experiment.attempt(scaled(1.0)).supported
    release(experiment)
    learnt = experiment.task.frame.table[experiment.task.open_rows]["patient"].unique()[:2]
    new = visits(30, first=1000, seed=10)
    known = visits(2, seed=11).with_columns(patient=pl.Series(np.repeat(learnt.to_list(), 3)))
    found = experiment.watch(pl.concat([new, known]), model=scaled(1.0))
    assert (found.rows, found.units_so_far, found.unit) == (90, 30, "groups")
    assert "6 rows are of a `patient` that the model has learnt from" in found.notes[0]
    more = visits(30, first=1000, seed=12, slope=-1.0)  # the same patients come again
    again = experiment.watch(more, model=scaled(1.0))
    assert (again.rows, again.rows_so_far, again.units_so_far) == (90, 180, 30)
    assert again.evidence == found.evidence  # a group counts once, with the rows it first came with
    assert "90 rows are of a `patient` that was counted in an earlier batch" in again.notes[0]
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
def weekly(release, begin, ledger) -> Experiment:
    experiment = begin(
        days(0, 420),
        seal={"share": 0.6},
        baseline="climatology",
        accept_underpowered="a test of watches",
        **SERIES,
    )
    assert experiment.attempt(LastWeek(), name="week").supported
    return release(experiment)


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


def test_rows_that_come_after_their_date_was_counted_are_named(weekly):
    rows = days(420, 434)
    late = (pl.col("shop") == "s0") & (pl.col("day") == START + timedelta(days=430))
    first = weekly.watch(rows.filter(~late), model=LastWeek())
    again = weekly.watch(rows, model=LastWeek())
    assert (again.rows, again.rows_so_far, again.units_so_far) == (1, 28, 2)
    assert again.evidence == first.evidence
    assert again.course["evidence"].to_list() == first.course["evidence"].to_list()
    assert "1 rows are of a `day` that was counted in an earlier batch" in again.notes[1]


@pytest.mark.parametrize("how", ["left out", "no target"])
@pytest.mark.parametrize("missing", [420, 427])
def test_a_missing_date_is_refused_and_named(weekly, ledger, missing, how):
    gone = pl.col("day") == START + timedelta(days=missing)
    rows = days(420, 434)
    rows = (
        rows.filter(~gone)
        if how == "left out"
        else rows.with_columns(y=pl.when(~gone).then("y").otherwise(None))
    )
    head = ledger.head()
    before, after = (START + timedelta(days=missing + step) for step in (-1, 1))
    with pytest.raises(DataError, match=f"after `day` {before} the next with a target is {after}"):
        weekly.watch(rows, model=LastWeek())
    assert ledger.head() == head


def test_a_date_missing_between_batches_is_refused(weekly):
    weekly.watch(days(420, 427), model=LastWeek())
    with pytest.raises(DataError, match="A missing one would shift all later forecasts"):
        weekly.watch(days(428, 434), model=LastWeek())


def test_dates_to_come_need_no_target(weekly):
    rows = days(420, 434)
    known = pl.col("day") < START + timedelta(days=427)
    found = weekly.watch(
        rows.with_columns(y=pl.when(known).then("y").otherwise(None)), model=LastWeek()
    )
    assert (found.rows, found.units_so_far) == (14, 1)
    assert weekly.watch(rows, model=LastWeek()).units_so_far == 2


def test_a_series_that_is_missing_is_named_and_the_rest_counts_for_less(
    weekly, begin, ledger, tmp_path
):
    copytree(ledger.path.parent, tmp_path / "copy")
    rows = days(420, 448, drift=420)
    one = weekly.watch(rows.filter(pl.col("shop") == "s0"), model=LastWeek())
    assert one.notes == (
        "1 of 2 sealed series have no target on some of these dates (s1). Their dates count for "
        "less, and the verdict spoke of all series.",
    )
    with Ledger(tmp_path / "copy" / "assay.db") as other:
        terms = {"seal": {"share": 0.6}, "baseline": "climatology", **SERIES}
        whole = begin(days(0, 420), ledger=other, accept_underpowered="a test of watches", **terms)
        assert whole.watch(rows, model=LastWeek()).notes == ()


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


def test_a_seasonal_baseline_goes_on_with_what_came_since(release, begin, ledger, tmp_path):
    """It sees watched rows as history, and origins two weeks apart whatever the batches."""
    terms = {"seal": {"share": 0.6}, "baseline": "seasonal-naive", "improve_by": 0.02}
    terms |= {**SERIES, "horizon": 14, "expect": 0.2, "accept_underpowered": "a test of watches"}
    experiment = begin(days(0, 420), **terms)
    assert experiment.attempt(FourWeeks()).supported
    release(experiment)
    copytree(ledger.path.parent, tmp_path / "copy")
    for first in range(420, 460, 5):
        apart = experiment.watch(days(first, first + 5), model=FourWeeks())
    with Ledger(tmp_path / "copy" / "assay.db") as other:
        whole = begin(days(0, 420), ledger=other, **terms)
        at_once = whole.watch(days(420, 460), model=FourWeeks())
    assert (apart.rows_so_far, at_once.rows_so_far) == (80, 80)
    assert apart.mean_gain == pytest.approx(at_once.mean_gain)
    assert apart.mean_gain > 0.05


def test_groups_in_a_vault_need_its_key(release, monkeypatch, begin, ledger, scaled):
    experiment = begin(visits(150), group="patient", seal={"groups": 0.6})
    experiment.attempt(scaled(1.0))
    release(experiment)
    monkeypatch.setattr(type(experiment.task), "is_locked", property(lambda task: True))
    with pytest.raises(LockedError, match="how far the mean gain swings by itself: --key-file"):
        experiment.watch(visits(5, first=1000), model=scaled(1.0))


def test_days_that_were_registered_without_a_target_may_come_with_it(release, begin, ledger):
    table = days(0, 420)
    end = START + timedelta(days=406)
    ahead = table.with_columns(y=pl.when(pl.col("day") < end).then("y").otherwise(None))
    why = "a test of watches"
    experiment = begin(
        ahead, seal={"share": 0.6}, baseline="climatology", accept_underpowered=why, **SERIES
    )
    assert experiment.attempt(LastWeek()).supported
    release(experiment)
    assert experiment.watch(days(406, 420), model=LastWeek()).rows == 28
