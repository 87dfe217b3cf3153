"""`assay forecast`: files, words and refusals."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

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
        "Scores are those of sales under the stock of each day.",
    ):
        assert words in text
    assert (tmp_path / "kept" / "part-0.npz").is_file()


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
    assert "item=0" in ranked
    assert "item=1" not in ranked  # sold out on every day


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
    ],
)
def test_what_cannot_be_is_refused_in_one_message(assay, table, more, said):
    done = assay("forecast", str(table), *ASKED, *more)
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
