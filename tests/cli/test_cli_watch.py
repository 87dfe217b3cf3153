"""`assay watch`: its words, its exit codes, and where a withdrawal shows afterwards."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assay.ledger import Ledger
from assay.record import GATE_PARTS, GateBody, ReleaseBody

WHOLE = tuple(
    {"name": name, "outcome": "holds", "finding": "", "remedy": "", "figures": {}}
    for name in GATE_PARTS
)


def rows(count: int, *, first: int = 1000, hours: float = 1.0, seed: int = 6) -> pl.DataFrame:
    """Doses since the release: their weight still says how long they last, or no longer."""
    random = np.random.default_rng(seed)
    weight = random.normal(10, 3, count)
    return pl.DataFrame(
        {
            "row_id": np.arange(first, first + count),
            "weight": weight,
            "hours": hours * weight + random.normal(0, 0.2, count),
        }
    )


@pytest.fixture
def released(tiny: Path, assay) -> Path:
    """The tiny portfolio with its second attempt in production."""
    assert assay("register", tiny, "dose").exit_code == 0
    assert assay("attempt", tiny, "dose", "--name", "weight").exit_code == 0
    with Ledger(tiny / "assay.db", create=False) as ledger:
        registration = next(iter(ledger.records("registration", "dose"))).hash
        gate = ledger.append(
            GateBody(experiment=registration, attempt="weight", passed=True, parts=WHOLE),
            key="dose",
        )
        body = ReleaseBody(experiment=registration, gate=gate.hash, attempt="weight", alpha=0.05)
        ledger.append(body, key="dose")
    return tiny


def give(folder: Path, table: pl.DataFrame) -> tuple[Path, Path]:
    """New rows and what the weight says of them, as files."""
    data, said = folder / "new.csv", folder / "said.csv"
    table.write_csv(data)
    table.select("row_id", mean="weight").write_csv(said)
    return data, said


def test_sound_rows_exit_with_zero_and_drifted_ones_with_one(assay, released, head):
    data, said = give(released, rows(60))
    done = assay("watch", released, "dose", "--data", data, "--predictions", said)
    assert done.exit_code == 0
    assert done.stdout.startswith("dose: holds\nHolds: since its release, `weight` lowers the")
    assert "60 rows, 60 different ones" in done.stdout
    assert "withdrawn from 20 on" in done.stdout
    assert "Rests on the author's word" in done.stderr
    data, said = give(released, rows(120, first=2000, hours=0.4, seed=7))
    done = assay("watch", released, "dose", "--data", data, "--predictions", said)
    assert done.exit_code == 1
    assert "dose: withdrawn" in done.stdout
    before = head(released / "assay.db")
    shown = assay("watch", released, "dose")
    assert shown.exit_code == 1
    assert "dose: withdrawn" in shown.stdout
    again = assay("watch", released, "dose", "--data", data, "--predictions", said)
    assert again.exit_code == 1
    assert "dose: withdrawn" in again.stdout
    assert "withdrawn before, so the given rows were not scored" in again.stderr
    read = assay("watch", released, "dose", "--data", data, "--json")
    assert read.exit_code == 1
    assert json.loads(read.stdout)["withdrawn_at"]
    gate = assay("gate", released, "dose", "--release")
    assert gate.exit_code == 1
    assert gate.stdout.startswith("dose: withdrawn on 20")
    read = assay("gate", released, "dose", "--json")
    assert read.exit_code == 1
    assert json.loads(read.stdout)["withdrawn"].startswith("withdrawn on 20")
    assert head(released / "assay.db") == before


def test_rows_that_gain_less_than_was_claimed_do_not_hold(assay, released):
    data, said = give(released, rows(5, hours=0.55))
    done = assay("watch", released, "dose", "--data", data, "--predictions", said)
    assert done.exit_code == 0
    assert done.stdout.startswith("dose: not withdrawn\nNot withdrawn, but less than the verdict")


def test_a_withdrawal_shows_wherever_the_verdict_does(assay, answered, released):
    data, said = give(released, rows(120, hours=0.4))
    assert assay("watch", released, "dose", "--data", data, "--predictions", said).exit_code == 1
    closed = assay("close", released, "dose")
    assert closed.exit_code == 0
    assert "dose: withdrawn on 20" in closed.stdout
    assert "dose: supported" in closed.stdout
    assert answered("close", released, "dose")["withdrawn"].startswith("withdrawn on 20")
    listed = assay("ledger", "ls", released, "--library").stdout
    assert "withdrawn" in listed
    (entry,) = answered("ledger", "ls", released, "--library")["experiments"]
    assert entry["outcome"] == "withdrawn"
    assert entry["withdrawn"].startswith("withdrawn on 20")
    run = assay("run", released, "--check")
    assert run.exit_code == 1
    assert "withdrawn on 20" in " ".join(run.stdout.split())
    (dose,) = (
        each
        for each in json.loads(assay("run", released, "--json").stdout)["projects"]
        if each["key"] == "dose"
    )
    assert dose["outcome"] == "withdrawn"
    said = "Its verdict was withdrawn: ask the question again"
    assert said in " ".join(assay("plan", released, "--budget", "5").stdout.split())
    lines = answered("plan", released, "--budget", "5")["plans"][0]["lines"]
    assert any(said in line["reason"] for line in lines)


def test_a_verdict_that_stands_is_shown_as_before(answered, released):
    assert answered("close", released, "dose")["withdrawn"] == ""
    (entry,) = answered("ledger", "ls", released, "--library")["experiments"]
    assert entry["withdrawn"] == ""


def test_the_answer_as_json_holds_what_is_shown(assay, answered, released):
    data, said = give(released, rows(60))
    found = answered("watch", released, "dose", "--data", data, "--predictions", said)
    assert (found["project"], found["attempt"], found["outcome"]) == ("dose", "weight", "holds")
    assert (found["rows"], found["rows_so_far"], found["needed"]) == (60, 60, 20.0)
    assert found["mean_gain"] > 0.8
    assert "course" not in found
    again = answered("watch", released, "dose")
    assert (again["rows"], again["rows_so_far"]) == (0, 60)
    data, said = give(released, rows(120, first=2000, hours=0.4))
    done = assay("watch", released, "dose", "--data", data, "--predictions", said, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["outcome"] == "withdrawn"


@pytest.mark.parametrize("kind", ["svg", "png", "html"])
def test_the_picture_is_drawn(assay, released, kind):
    data, said = give(released, rows(30))
    words = ("watch", released, "dose", "--data", data, "--predictions", said)
    done = assay(*words, "--picture", released / f"watch.{kind}")
    assert done.exit_code == 0
    assert (released / f"watch.{kind}").stat().st_size > 1000


def test_what_cannot_be_watched_is_one_message(assay, released, tiny, tmp_path, head):
    data, said = give(released, rows(30))
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "photo.csv").write_bytes(b"\x89PNG1234")
    registered = pl.read_csv(released / "doses.csv")
    registered.write_csv(tmp_path / "old.csv")
    rows(30).with_columns(hours=None).write_csv(tmp_path / "bare.csv")
    rows(30).rename({"weight": "Weight"}).write_csv(tmp_path / "renamed.csv")
    rows(30).with_columns(weight=pl.lit("heavy")).write_csv(tmp_path / "words.csv")
    before = head(released / "assay.db")
    for words, match in (
        (("--data", data), "`weight` is a file of predictions, so Assay has no model to ask"),
        (("--predictions", said), "--predictions and --baseline say what was predicted"),
        (("--data", tmp_path / "nowhere.csv"), "no such file"),
        (("--data", tmp_path / "empty.csv"), "empty file"),
        (("--data", tmp_path / "photo.csv"), "a PNG picture"),
        (("--data", tmp_path / "old.csv"), "300 of 300 rows were open or sealed"),
        (("--data", tmp_path / "bare.csv"), "`hours` is missing in all 30 rows"),
        (("--data", tmp_path / "renamed.csv"), "no column `weight`"),
        (("--data", tmp_path / "words.csv"), "such as 'heavy' in row 1, and was Float64"),
        (("--data", data, "--predictions", data), "accepted are `mean`"),
        (("--data", data, "--picture", "watch.gif"), "must end in"),
        (
            ("--data", data, "--predictions", said, "--picture", tmp_path / "no" / "x.png"),
            "the picture cannot be written: there is no folder",
        ),
    ):
        done = assay("watch", released, "dose", *words)
        assert done.exit_code == 2, (words, done.stdout)
        assert match in done.stderr, done.stderr
        assert done.stderr.count("error: ") == 1
    assert head(released / "assay.db") == before


def test_release_comes_first(assay, tiny):
    assert assay("register", tiny, "dose").exit_code == 0
    done = assay("watch", tiny, "dose", "--data", give(tiny, rows(5))[0])
    assert done.exit_code == 2
    assert "Release it first: `assay gate PATH dose --release`" in done.stderr


def test_without_a_ledger_nothing_is_made(assay, fresh):
    done = assay("watch", fresh, "dose")
    assert done.exit_code == 2
    assert "no such ledger" in done.stderr
    assert not (fresh / "assay.db").exists()
