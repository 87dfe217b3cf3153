"""Every kind of bad input that users meet: one message, exit code 2, the ledger as it was."""

import sqlite3
from pathlib import Path

import numpy as np
import polars as pl
import pytest

CASE = """
[[project]]
key = "case"
hypothesis = "x tells y"
data = "case.csv"
target = "y"
metric = "crps"
improve_by = 0.05
expect = 0.6
tries = 2
{keys}

[[project.attempt]]
name = "line"
effort = 1
model = {model}
"""
NORMAL = '{ family = "normal", mean = "linear(\'x\')" }'


def sound(rows: int = 400) -> pl.DataFrame:
    """Rows that can be registered and fitted."""
    random = np.random.default_rng(3)
    x = random.normal(size=rows)
    return pl.DataFrame({"x": x, "y": 20 + 4 * x + random.normal(size=rows)})


def panel(**changed: object) -> pl.DataFrame:
    """Two series of sixty days; columns may be replaced."""
    days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 2, 29), eager=True)
    table = pl.DataFrame(
        {"day": [*days, *days], "shop": ["a"] * 60 + ["b"] * 60, "y": np.arange(120.0) % 7}
    )
    return table.with_columns(pl.Series(name, values) for name, values in changed.items())


IN_TIME = 'time = "day"\nseries = ["shop"]\nseason = 7\nbaseline = "seasonal-naive"'


@pytest.fixture
def case(tiny: Path, assay, head):
    """Adds a project to a portfolio with a ledger, asks, and checks what every refusal keeps."""
    assert assay("register", tiny, "dose").exit_code == 0

    def ask(*words: str, table: pl.DataFrame | None = None, keys: str = "", model: str = NORMAL):
        (sound() if table is None else table).write_csv(tiny / "case.csv")
        file = tiny / "assay.toml"
        file.write_text(file.read_text() + CASE.format(keys=keys, model=model))
        before = head(tiny / "assay.db")
        done = assay(words[0], tiny, "case", *words[1:])
        assert done.exit_code == 2, done.output
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        assert head(tiny / "assay.db") == before
        return " ".join(done.stderr.split())

    return ask


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("no such file", {"keys": 'source = "there is none"', "data": "missing.csv"}),
        ("it holds a SQLite database", {"data": "assay.db"}),
        ("metric", {"keys": 'metirc = "crps"'}),
        ("seal", {"keys": 'seal = "a third"'}),
        ("auc", {"metric": "auc"}),
        ("squared", {"metric": "r2"}),
        ("normal", {"model": '{ family = "nromal" }'}),
    ],
)
def test_what_a_file_says_wrongly(tiny, assay, head, said, change):
    assert assay("register", tiny, "dose").exit_code == 0
    sound().write_csv(tiny / "case.csv")
    text = CASE.format(keys=change.get("keys", ""), model=change.get("model", NORMAL))
    text = text.replace("case.csv", change.get("data", "case.csv"))
    text = text.replace('metric = "crps"', f'metric = "{change.get("metric", "crps")}"')
    file = tiny / "assay.toml"
    file.write_text(file.read_text() + text)
    before = head(tiny / "assay.db")
    done = assay("register", tiny, "case")
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.stderr
    assert said in " ".join(done.stderr.split())
    assert head(tiny / "assay.db") == before


def test_an_unknown_column(case):
    table = sound().rename({"y": "years"})
    assert "no column `y`" in case("register", table=table)


def test_text_in_a_numeric_target(case):
    table = sound().with_columns(y=pl.col("y").cast(pl.String))
    table[7, "y"] = "many"
    assert "many" in case("register", table=table)


def test_an_empty_table(case):
    assert "empty table" in case("register", table=sound().clear())


def test_all_rows_censored(case):
    table = sound().with_columns(cut=pl.lit(0.0))
    said = case("register", table=table, keys='censored_above = "cut"')
    assert "cut" in said


def test_duplicate_keys_in_a_panel(case):
    doubled = pl.concat([panel(), panel().head(1)])
    assert "shop" in case("register", table=doubled, keys=IN_TIME)


def test_mixed_time_zones(case):
    stamps = ["2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00+02:00"] * 60
    said = case("register", table=panel(day=stamps), keys=IN_TIME)
    assert "zone" in said or "offset" in said


def test_times_that_cannot_be_ordered(case):
    said = case("register", table=panel(day=["some day"] * 120), keys=IN_TIME)
    assert "some day" in said


def test_sealed_rows_that_cannot_detect_what_is_claimed(case):
    said = case("register", table=sound(12))
    assert "rows are sealed" in said
    assert "needed" in said


def registered(assay, tiny, model: str, table: pl.DataFrame) -> None:
    table.write_csv(tiny / "case.csv")
    file = tiny / "assay.toml"
    file.write_text(file.read_text() + CASE.format(keys="", model=model))
    assert assay("register", tiny, "case").exit_code == 0


@pytest.mark.parametrize(
    ("model", "shift", "said"),
    [
        ('{ family = "gamma", mean = "linear(\'x\')" }', -25.0, "above 0"),
        ('{ family = "normal", mean = "linear(\'z\')" }', 0.0, "no column `z`"),
        ('{ family = "normal", mean = "linaer(\'x\')" }', 0.0, "linear"),
        ('{ family = "normal", maen = "linear(\'x\')" }', 0.0, "mean"),
        ('{ family = "normal", mean = "linear(\'lgo(x)\')" }', 0.0, "log"),
    ],
    ids=["negative values", "unknown feature", "predictor", "parameter", "function"],
)
def test_a_model_that_cannot_be_meant(tiny, assay, head, model, shift, said):
    registered(assay, tiny, model, sound().with_columns(pl.col("y") + shift))
    before = head(tiny / "assay.db")
    done = assay("attempt", tiny, "case", "--name", "line")
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.stderr
    assert said in " ".join(done.stderr.split())
    assert head(tiny / "assay.db") == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda given: given.with_columns(mean=pl.lit(float("nan"))), "finite"),
        (lambda given: given.with_columns(mean=pl.lit(float("inf"))), "finite"),
        (lambda given: given.head(5), "missing"),
        (lambda given: given.with_columns(row_id=pl.col("row_id") + 1000), "do not belong"),
        (lambda given: pl.concat([given, given.head(1)]), "more than once"),
        (lambda given: given.rename({"mean": "guess"}), "accepted"),
    ],
    ids=["nan", "infinity", "too few", "wrong rows", "doubled", "no prediction"],
)
def test_predictions_that_cannot_be_judged(tiny, assay, head, change, said):
    assert assay("register", tiny, "dose").exit_code == 0
    given = pl.read_csv(tiny / "weight.csv")
    change(given).write_csv(tiny / "bad.csv")
    before = head(tiny / "assay.db")
    done = assay("attempt", tiny, "dose", "--predictions", tiny / "bad.csv", "--effort", "1")
    assert done.exit_code == 2, done.output
    assert "Traceback" not in done.stderr
    assert said in " ".join(done.stderr.split())
    assert head(tiny / "assay.db") == before


def test_a_ledger_from_a_newer_version(tiny, assay):
    assert assay("register", tiny, "dose").exit_code == 0
    with sqlite3.connect(tiny / "assay.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    done = assay("ledger", "ls", tiny)
    assert done.exit_code == 2
    assert "newer" in done.stderr


@pytest.mark.parametrize("name", ["assay.db", "assay.toml", "doses.csv", "page"])
def test_a_page_overwrites_nothing_but_pages(tiny, assay, head, name):
    assert assay("register", tiny, "dose").exit_code == 0
    before = {file.name: file.read_bytes() for file in tiny.iterdir() if file.is_file()}
    for words in (("report", tiny, "--out"), ("run", tiny, "--report")):
        done = assay(*words, tiny / name)
        assert done.exit_code == 2, done.output
        assert "a page ends in `.html`" in " ".join(done.stderr.split())
    assert before["assay.toml"] == (tiny / "assay.toml").read_bytes()
    assert before["doses.csv"] == (tiny / "doses.csv").read_bytes()
    assert head(tiny / "assay.db")


def test_a_probability_says_nothing_of_a_number(tiny, assay, head):
    assert assay("register", tiny, "dose").exit_code == 0
    given = pl.read_csv(tiny / "weight.csv").select("row_id", p_1=pl.lit(0.5))
    given.write_csv(tiny / "bad.csv")
    before = head(tiny / "assay.db")
    done = assay("attempt", tiny, "dose", "--predictions", tiny / "bad.csv", "--effort", "1")
    assert done.exit_code == 2, done.output
    assert "what is offered are probabilities of 1" in " ".join(done.stderr.split())
    assert head(tiny / "assay.db") == before
