"""`assay forecast`: files, words and refusals."""

import json
import subprocess
import sys
from collections import Counter
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


@pytest.fixture
def work(monkeypatch):
    """How much was done: series simulated, panels looked back on, passes over what was lost."""
    from assay.series import fitted
    from assay.series.future.forecast import Forecast
    from assay.series.review.lost import LostSales

    done = Counter()
    drawn, reviewed, lost = Forecast._drawn, fitted.reviewed, LostSales._drawn

    def drawing(self, block, *more):
        done["simulated"] += len(block)
        return drawn(self, block, *more)

    def reviewing(*parts):
        done["reviewed"] += 1
        return reviewed(*parts)

    def losing(self, draws):
        done["lost"] += 1
        return lost(self, draws)

    monkeypatch.setattr(Forecast, "_drawn", drawing)
    monkeypatch.setattr(fitted, "reviewed", reviewing)
    monkeypatch.setattr(LostSales, "_drawn", losing)
    return done


def test_it_writes_the_long_format_and_a_page(assay, table, tmp_path, work):
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
        "Scores are those of sales under the stock of each day.",
    ):
        assert words in text
    assert (tmp_path / "kept" / "part-0.npz").is_file()
    # For the file, for the total, and twice for what is held back: laws and paths.
    assert work == {"simulated": 4 * 6, "reviewed": 1, "lost": 1}
    lines = done.stderr.splitlines()
    for stage in ("reading", "learning", "fitting 6", "drawing 200", "testing on the last 5 days"):
        assert [line for line in lines if line.startswith(stage)], stage
    assert "all 6 series together are expected" in text
    assert "store north, item 1" in text


@pytest.mark.slow
def test_what_a_flag_hides_is_no_loss_that_is_known(assay, table, tmp_path):
    file, page = tmp_path / "sales.parquet", tmp_path / "page.html"
    out = (pl.col("units") >= pl.col("stock")) | (pl.col("item") == 1)
    pl.read_parquet(table).with_columns(out=out).write_parquet(file)
    done = assay(
        "forecast", str(file), *ASKED, "--censored-above", "out", "--season", "0", "--returns",
        "zero", "--out", str(tmp_path / "f.csv"), "--report", str(page), "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    own = json.loads(done.stdout)["backtest"][0]
    assert (own["wql"], own["bias"], own["crps"]) == (None, None, None)
    assert own["log_score"] > 0
    text = page.read_text("utf-8")
    assert "those of visible days alone favour models that ignore stock-outs" in text
    assert "under the stock of each day" not in text
    ranked = text[text.index("Forecast worst") : text.index("What is odd")]
    assert "item 0" in ranked
    assert "item 1" not in ranked  # sold out on every day


def test_a_flag_beside_the_stock_and_days_without_rows_are_told(assay, table, tmp_path):
    rows = pl.read_parquet(table).with_columns(gone=pl.int_range(pl.len()) == 7)
    file = tmp_path / "sales.parquet"
    rows.filter(pl.int_range(pl.len()) % 11 != 3).write_parquet(file)
    done = assay(
        "forecast", str(file), *ASKED, "--censored-above", "stock,gone", "--gaps", "zero",
        "--returns", "missing", "--season", "0", "--out", str(tmp_path / "f.csv"), "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert "censored(negative-binomial, above='stock', flag='gone')" in said["model"][0]
    notes = "\n".join(said["notes"])
    assert "steps without a row that count as nothing sold: 32" in notes
    assert "rows that `gone` hides below their own limit `above` (column `stock`): 1 (f" in notes
    assert "though `gone` says no" in notes


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--precision", "half"), "must be `float64` or `float32`"),
        (("--save", "none/demand.assay"), "there is no folder none"),
        (("--gaps", "fill"), "must be `missing`"),
        (("--censored-above", "stock,gone,sold"), "must be one column, or a limit and a flag"),
        (("--censored-above", "gone,stock"), "no column `gone`"),
        (("--out", "f.xlsx"), "a forecast ends in .parquet or .csv"),
        (("--report", "page.pdf"), "page.pdf"),
        (("--level", "0"), "--level: 0 is not between 1 and 100 per cent"),
        (("--level", "0.9"), "Did you mean 90?"),
        (("--level", "80;90"), "must be numbers between 1 and 100"),
        (("--season", "week"), "is no number of steps"),
        (("--season", "1"), "numbers of steps of at least 2"),
        (("--model", "gama"), "gamma"),
        (
            ("--model", "negbin"),
            "--model: unknown family `negbin`. Did you mean `negative-b",
        ),
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
from assay.series.fitting import fit, kept
from assay.series.future.forecast import Forecast

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
        (
            "part-0",
            True,
            "kept in kept: what all series have in common, and finished parts of the fit: 1, run",
        ),
        (
            "writing",
            True,
            "kept in kept: what all series have in common, and finished parts of the fit: 1, run",
        ),
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


BUSY = """
import os, signal, sys, time
from assay.cli import main
from assay.series.fitting.fit import Work

def busy(*given):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(3600)  # as deaf as a compiled function

Work.common, Work.fit = lambda self, first: first, busy
main()
"""


def test_ctrl_c_does_not_wait_for_a_fit(saved, tmp_path):
    words = [str(saved / "past.parquet"), *ASKED, "--season", "0", "--resume", "kept"]
    done = subprocess.run(
        [sys.executable, "-c", BUSY, "forecast", *words],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 130, done.stderr
    said = "stopped; kept in kept: what all series have in common, and finished parts of the fit: 0"
    assert done.stderr.splitlines()[-1].startswith(said)
    assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == ["common.npz", "fit.txt"]
