"""`assay forecast`: files, words and refusals."""

import json
import subprocess
import sys
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

START = date(2024, 1, 1)
ASKED = ("--target", "units", "--time", "date", "--series", "store,item", "--horizon", "5")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(3)
    rows = [
        {
            "store": store,
            "item": item,
            "date": START + timedelta(day),
            "units": int(min(rng.poisson(4), stock)),
            "stock": stock,
        }
        for store in ("north", "south")
        for item in range(3)
        for day in range(60)
        for stock in [int(rng.choice([2, 99], p=[0.3, 0.7]))]
    ]
    rows[5]["units"] = -2
    file = tmp_path_factory.mktemp("shop") / "sales.parquet"
    pl.DataFrame(rows).write_parquet(file)
    return file


def test_it_writes_the_long_format_and_a_page(assay, table, tmp_path):
    out, page = tmp_path / "f.parquet", tmp_path / "page.html"
    done = assay(
        "forecast", str(table), *ASKED, "--censored-above", "stock", "--out", str(out),
        "--report", str(page), "--resume", str(tmp_path / "kept"), "--level", "90", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    found = pl.read_parquet(out)
    assert found.columns == ["unique_id", "store", "item", "ds", "mean", "lo-90", "hi-90"]
    assert found.height == 30
    assert found["ds"].min() == START + timedelta(60)
    assert (found["lo-90"] >= 0).all()
    said = json.loads(done.stdout)
    assert said["series"] == 6
    assert said["lost_sales"]["mean"] > 0
    assert "family censored(negative-binomial, above='stock')" in said["model"][0]
    assert said["model"][1].startswith("season 7")
    assert [each["message"][:9] for each in said["findings"]] == ["set aside"]
    text = page.read_text("utf-8")
    for words in (
        "How far it can be trusted",
        "What stock-outs hid",
        "Forecast worst",
        "set aside",
    ):
        assert words in text
    assert (tmp_path / "kept" / "part-0.npz").is_file()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--precision", "half"), "must be `float64` or `float32`"),
        (("--save", "none/demand.assay"), "there is no folder none"),
        (("--out", "f.xlsx"), "a forecast ends in .parquet or .csv"),
        (("--report", "page.pdf"), "page.pdf"),
        (("--level", "0"), "must be numbers between 0 and 100"),
        (("--season", "week"), "is no number of steps"),
        (("--season", "1"), "numbers of steps of at least 2"),
        (("--model", "gama"), "gamma"),
        (("--series", "shop"), "no column `shop`"),
        (("--returns", "drop"), "must be `refuse`"),
        (("--features", "price"), "price"),
        (("--pool", "aisle"), "no column `aisle`"),
        (("--pool", "stock"), "`stock` is 2 and 99 for store='north', item=0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_message(assay, table, more, said):
    done = assay("forecast", str(table), *ASKED, *more)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_column_that_is_missing_is_named(assay, table):
    done = assay("forecast", str(table), "--horizon", "5", "--time", "date")
    assert done.exit_code == 2
    assert "--target is missing" in done.stderr


@pytest.fixture(scope="module")
def saved(table, tmp_path_factory):
    """A model and its forecast as the command wrote them; a few series, closed on some days."""
    folder = tmp_path_factory.mktemp("saved")
    few = pl.read_parquet(table).filter(pl.col("item") < 2, pl.col("units") >= 0)
    few = few.with_columns(is_open=pl.col("date").dt.weekday() < 7)
    few.write_parquet(folder / "past.parquet")
    plans = few.with_columns(pl.col("date").dt.offset_by("60d")).drop("units")
    plans.with_columns(is_open=pl.col("date").dt.weekday() < 7).write_csv(folder / "plans.csv")
    command = [sys.executable, "-m", "assay", "forecast", "past.parquet", *ASKED]
    more = ["--open", "is_open", "--save", "demand.assay", "--out", "f.csv", "--season", "0"]
    more += ["--precision", "float32", "--future", "plans.csv"]
    subprocess.run([*command, *more], cwd=folder, check=True, capture_output=True)
    return folder


def test_a_saved_model_forecasts_later_without_a_fit(assay, saved, monkeypatch):
    monkeypatch.chdir(saved)
    asked = ("--horizon", "5", "--future", "plans.csv", "--target", "units")
    done = assay(
        "forecast", "past.parquet", "--fitted", "demand.assay", *asked, "--out", "again.csv"
    )
    assert done.exit_code == 0, done.stderr
    # The fit was one of 32 bits, the filter moves in 64.
    assert_frame_equal(pl.read_csv(saved / "again.csv"), pl.read_csv(saved / "f.csv"), rel_tol=1e-5)


def test_a_closed_day_is_a_row_of_zeros(saved):
    found = pl.read_csv(saved / "f.csv", try_parse_dates=True)
    assert found.height == 20
    shut = found.filter(pl.col("ds").dt.weekday() == 7).drop("unique_id", "store", "item", "ds")
    assert shut.height == 4
    assert shut.sum_horizontal().to_list() == [0.0] * 4
    assert (found.filter(pl.col("ds").dt.weekday() < 7)["mean"] > 0).all()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--target", "stock"), "--target is 'stock', but demand.assay was fitted with 'units'"),
        (("--series", "item"), "was fitted with ['store', 'item']"),
        (("--returns", "zero"), "was fitted with 'refuse'"),
        (("--model", "gamma"), "--model needs a fit"),
        (("--resume", "kept"), "--resume needs a fit"),
        (("--report", "page.html"), "--report needs a fit"),
    ],
)
def test_what_contradicts_a_saved_model_is_refused_by_name(assay, saved, monkeypatch, more, said):
    monkeypatch.chdir(saved)
    done = assay("forecast", "past.parquet", "--fitted", "demand.assay", "--horizon", "5", *more)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


INTERRUPTED = """
import signal, sys
from assay.cli import main
from assay.series import fit, kept
from assay.series.forecast import Forecast

fit.CELLS, fit.SAMPLE = 1, 8
whole, tables = kept.Kept.save, Forecast.tables

stage = sys.argv.pop(1)

def stopping(self, name, arrays):
    whole(self, name, arrays)
    if name == stage:
        signal.raise_signal(signal.SIGINT)

def stopped(self, levels):
    for table in tables(self, levels):
        yield table.head(3)
        if stage == "writing":
            signal.raise_signal(signal.SIGINT)

kept.Kept.save, Forecast.tables = stopping, stopped
main()
"""


@pytest.mark.parametrize(
    ("stage", "kept", "said"),
    [
        ("part-0", True, "finished parts of the fit kept in kept: 1, run the same command again"),
        ("writing", True, "finished parts of the fit kept in kept: 1, run the same command again"),
        ("writing", False, "nothing is kept without --resume FOLDER"),
    ],
)
def test_ctrl_c_says_what_is_kept_and_leaves_no_half_file(saved, tmp_path, stage, kept, said):
    words = [str(saved / "past.parquet"), *ASKED, "--season", "0"]
    words += ["--resume", "kept"] if kept else []
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, stage, "forecast", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1].startswith(f"stopped; {said}")
    assert "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == (["kept"] if kept else [])
    if kept:
        assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == [
            "common.npz", "fit.txt", "part-0.npz"
        ]  # fmt: skip
