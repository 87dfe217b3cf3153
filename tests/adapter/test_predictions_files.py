"""Files of predictions: every layout that is accepted, and what is wrong with the others."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from assay.adapter import read_predictions
from assay.errors import DataError, PredictionsError
from assay.frame import Frame, Roles, check, read
from assay.predictive import DistributionPredictive, EnsemblePredictive, QuantilePredictive

IDS = [4, 9, 2]


@pytest.fixture
def wanted() -> Frame:
    return read(pl.DataFrame({"row_id": IDS, "y": [1.0, 2.0, 3.0]}), source="sealed.parquet")


@pytest.fixture
def given():
    """Columns for rows 2, 4 and 9, in that order."""
    return {"row_id": [2, 4, 9]}


def judge(columns, wanted, roles=None):
    frame = columns if isinstance(columns, Frame) else read(pl.DataFrame(columns), source="x.csv")
    return read_predictions(frame, wanted=wanted, roles=roles or Roles("y"))


def test_a_mean_is_a_point(given, wanted):
    found = judge(given | {"mean": [30.0, 10.0, 20.0]}, wanted)
    assert isinstance(found, EnsemblePredictive)
    assert found.is_point
    assert found.mean() == pytest.approx([10.0, 20.0, 30.0])


def test_samples_are_an_ensemble(given, wanted):
    columns = given | {"sample_1": [31.0, 12.0, 21.0], "sample_2": [30.0, 10.0, 20.0]}
    found = judge(columns, wanted)
    assert isinstance(found, EnsemblePredictive)
    assert found.values.tolist() == [[10, 12], [20, 21], [30, 31]]


def test_quantile_columns_are_quantiles(given, wanted):
    columns = given | {"q0.95": [9.0, 8, 7], "q0.5": [5.0, 4, 3], "q.05": [1.0, 1, 1]}
    found = judge(columns, wanted)
    assert isinstance(found, QuantilePredictive)
    assert found.levels.tolist() == [0.05, 0.5, 0.95]
    assert found.quantile(0.95) == pytest.approx([8.0, 7.0, 9.0])


def test_intervals_are_quantiles(given, wanted):
    columns = {"my-model-lo-90": [1.0, 2, 3], "my-model-hi-90": [7.0, 8, 9]}
    found = judge(given | columns | {"my-model-median": [4.0, 5, 6]}, wanted)
    assert found.levels == pytest.approx([0.05, 0.5, 0.95])
    assert found.interval(0.9)[0] == pytest.approx([2.0, 3.0, 1.0])


def test_a_probability_is_a_yes_or_no(given, wanted):
    yes_or_no = Frame(wanted.table.with_columns(y=pl.Series([1, 0, 1])), "x")
    columns = {"p_0": [0.7, 0.0, 1.0], "p_1": [0.3, 1.0, 0.0]}
    found = judge(given | columns, yes_or_no)
    assert isinstance(found, DistributionPredictive)
    assert found.mean() == pytest.approx([1.0, 0.0, 0.3])
    assert np.isfinite(found.log_prob(np.ones(3))).all()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_files_are_read(tmp_path, given, wanted, suffix):
    file = tmp_path / f"x.{suffix}"
    table = pl.DataFrame(given | {"mean": [30.0, 10.0, 20.0]})
    table.write_csv(file) if suffix == "csv" else table.write_parquet(file)
    found = read_predictions(file, wanted=wanted, roles=Roles("y"))
    assert found.mean() == pytest.approx([10.0, 20.0, 30.0])


def test_a_file_that_is_not_there_is_refused(tmp_path, wanted):
    with pytest.raises(DataError, match=r"x\.csv"):
        read_predictions(tmp_path / "x.csv", wanted=wanted, roles=Roles("y"))


def test_a_whole_target_makes_counts(given):
    wanted = read(pl.DataFrame({"row_id": IDS, "y": [1, 2, 3]}))
    assert judge(given | {"mean": [3.0, 1.0, 2.0]}, wanted).is_count


def test_row_ids_may_be_whole_numbers_of_another_type(wanted):
    found = judge({"row_id": [2.0, 4.0, 9.0], "mean": [30, 10, 20]}, wanted)
    assert found.mean() == pytest.approx([10.0, 20.0, 30.0])


@pytest.fixture
def panel():
    table = pl.DataFrame(
        {
            "store": ["n", "n", "s"],
            "item": [1, 1, 2],
            "day": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 1)],
            "y": [1.0, 2.0, 3.0],
        }
    )
    roles = Roles("y", time="day", series=("store", "item"))
    return check(read(table), roles), roles


@pytest.mark.parametrize("days", ["2024-01-0{}", None])
def test_series_and_time_may_stand_for_the_row(panel, days):
    wanted, roles = panel
    ds = [date(2024, 1, k) if days is None else days.format(k) for k in (1, 2, 1)]
    columns = {"unique_id": ["s/2", "n/1", "n/1"], "ds": ds, "mean": [30.0, 20.0, 10.0]}
    assert judge(columns, wanted, roles).mean() == pytest.approx([10.0, 20.0, 30.0])
    with_origin = columns | {"origin": ["2023-12-31"] * 3}
    assert judge(with_origin, wanted, roles).mean() == pytest.approx([10.0, 20.0, 30.0])


def test_one_series_is_called_1():
    roles = Roles("y", time="ds")
    table = pl.DataFrame({"ds": [date(2024, 1, 1), date(2024, 1, 2)], "y": [1.0, 2.0]})
    columns = {"unique_id": [1, 1], "ds": ["2024-01-01", "2024-01-02"], "mean": [5.0, 6.0]}
    assert judge(columns, check(read(table), roles), roles).mean() == pytest.approx([5.0, 6.0])


BAD = {
    "no key": ({"id": [2, 4, 9], "mean": [1.0] * 3}, r"x\.csv: found columns `id`, `mean`, but no"),
    "too few": (
        {"row_id": [2, 4], "mean": [1.0] * 2},
        r"2 rows, 3 rows are asked for; 1 of these are missing.*row_id = 9",
    ),
    "wrong rows": (
        {"row_id": [2, 4, 8], "mean": [1.0] * 3},
        r"1 of these are missing and 1 do not belong",
    ),
    "too many": (
        {"row_id": [2, 4, 9, 11], "mean": [1.0] * 4},
        r"0 of these are missing and 1 do not belong to them \(for example row_id = 11\)",
    ),
    "doubled": (
        {"row_id": [2, 4, 9, 4], "mean": [1.0] * 4},
        r"x\.csv, row 2: row_id = 4 appears more than once",
    ),
    "rounded ids": ({"row_id": [2.5, 4.0, 9.0], "mean": [1.0] * 3}, r"`row_id` is Float64"),
    "ids as text": ({"row_id": ["a", "b", "c"], "mean": [1.0] * 3}, r"`row_id` is String"),
    "ids missing": ({"row_id": [2, None, 9], "mean": [1.0] * 3}, r"`row_id` is Int64"),
    "missing": (
        {"row_id": [2, 4, 9], "mean": [1.0, None, 2.0]},
        r"column `mean`, row_id = 4: found nan.*\(1 rows are not\)",
    ),
    "nan": (
        {"row_id": [2, 4, 9], "sample_1": [1.0, 1.0, 1.0], "sample_2": [1.0, 2.0, float("nan")]},
        r"column `sample_2`, row_id = 9: found nan",
    ),
    "infinite": (
        {"row_id": [2, 4, 9], "q0.5": [1.0, float("inf"), 1.0]},
        r"column `q0\.5`, row_id = 4: found inf, but a prediction must be a finite number",
    ),
    "text": ({"row_id": [2, 4, 9], "mean": ["a", "b", "c"]}, r"`mean` holds String"),
    "crossing": (
        {"row_id": [2, 4, 9], "q0.1": [1.0, 5.0, 1.0], "q0.9": [2.0, 4.0, 2.0]},
        r"row_id = 4: quantiles fall as their level rises \(\[5\.0, 4\.0\]\), in 1 rows",
    ),
    "two models": (
        {"row_id": [2, 4, 9], "a-lo-90": [1.0] * 3, "b-lo-90": [1.0] * 3},
        r"columns `a-lo-90` and `b-lo-90` both give the quantile at 0\.05",
    ),
    "no probability": (
        {"row_id": [2, 4, 9], "p_1": [0.5, 1.2, 0.1]},
        r"row_id = 4: `p_1` is 1\.2, must lie between 0 and 1",
    ),
    "nothing": (
        {"row_id": [2, 4, 9], "forecast": [1.0] * 3},
        r"found columns `row_id`, `forecast`; accepted are `mean`;.*`p_1` for a 0/1 target",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said(wanted, name):
    columns, message = BAD[name]
    with pytest.raises(PredictionsError, match=message):
        judge(columns, wanted)


def test_days_that_are_none_are_refused(panel):
    wanted, roles = panel
    columns = {"unique_id": ["s/2", "n/1", "n/1"], "ds": ["1/1", "1/2", "1/1"], "mean": [1.0] * 3}
    with pytest.raises(PredictionsError, match=r"column `ds` is String \(such as '1/1'\)"):
        judge(columns, wanted, roles)
