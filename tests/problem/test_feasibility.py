"""A study of feasibility from a table to a call, and every input that it refuses."""

import json
import re
from dataclasses import FrozenInstanceError

import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import AssayError, ConfigError, DataError
from assay.picture import svg
from assay.problem import Feasibility, profile
from assay.verdict import Claim, assumed_sd, default_cap, floored_sd, rows_needed


def table(rows: int = 80, noise: float = 0.3) -> pl.DataFrame:
    draw = np.random.default_rng(4)
    x, z = draw.normal(size=(2, rows))
    kind = draw.choice(["a", "b", "c"], rows)
    y = x + (kind == "a") + noise * draw.normal(size=rows)
    return pl.DataFrame(
        {"name": [f"n{at}" for at in range(rows)], "x": x, "z": z, "kind": kind, "y": y}
    )


def twice(noise: float, pairs: int = 60) -> pl.DataFrame:
    draw = np.random.default_rng(5)
    true = draw.normal(size=pairs)
    labels = true + noise * draw.normal(size=(2, pairs))
    return pl.DataFrame({"ann": labels[0], "bob": labels[1]})


def study(data=None, **settings) -> Feasibility:
    asked = {"target": "y", "target_score": 0.5} | settings
    return assay.feasibility(table() if data is None else data, **asked)


def told(found: Feasibility) -> str:
    """All that is printed, on one line."""
    return " ".join(str(found).split())


def test_a_clear_signal_with_a_modest_target_goes():
    found = study(double_labels=twice(0.3))
    assert found.call == "GO"
    assert found.p_value == 0.01
    assert found.settle == ()
    assert 0.5 < found.at_least < found.today < 1.0
    assert found.points[-1].rows == found.rows == found.full_rows == 80


def test_labels_too_noisy_for_the_target_say_no():
    found = study(table(noise=1.0), target_score=0.9, double_labels=twice(1.0))
    assert found.call == "NO-GO"
    assert found.ceiling is not None
    assert found.ceiling.bound < 0.9


def test_random_labels_are_no_signal_and_no_refusal():
    shuffled = table().with_columns(pl.col("y").shuffle(seed=3))
    found = study(shuffled)
    assert found.call == "CANNOT TELL YET"
    assert found.p_value > 0.05
    assert "No signal found in the pilot" in told(found)


def test_the_owner_reads_short_sentences():
    found = study(full_rows=1000, double_labels=twice(0.3))
    assert re.fullmatch(
        r"Target 0\.50\. Pilot: R² 0\.\d\d today, at least 0\.\d\d with 1,000 rows\. "
        r"Noise ceiling: at most 0\.\d\d \(60 double labels\)\. Signal: yes \(p = 0\.01\)\. "
        r"Call: GO\. A verdict needs [\d,]+ sealed rows for 10 tries \(expected improvement 50%, "
        r"at least worth having 17%\)\.",
        found.headline,
    )
    assert "`name` (another text in each row)" in told(found)
    assert found.headline in found._repr_html_().replace("&#x27;", "'")


def test_a_study_repeats_and_cannot_be_edited():
    first, second = study(seed=3), study(seed=3)
    assert first.as_dict() == second.as_dict()
    assert first.as_dict() != study(seed=4).as_dict()
    assert json.loads(json.dumps(first.as_dict()))["format"] == 1
    with pytest.raises(FrozenInstanceError):
        first.call = "GO"  # type: ignore[misc]


def test_a_profiled_problem_brings_its_target():
    problem = profile(table(), target="y")
    assert assay.feasibility(problem, target_score=0.5).headline == study().headline
    with pytest.raises(ConfigError, match="profiled with 'y'"):
        assay.feasibility(problem, target_score=0.5, target="x")


def test_a_target_of_two_classes_is_scored_by_the_brier_skill():
    classes = table().with_columns(y=pl.col("y") > 0.3)
    found = study(classes, target_score=0.2)
    assert found.score == "Brier skill"
    assert found.call == "GO"
    noisy = pl.DataFrame({"ann": [0, 1] * 30, "bob": [0, 1] * 24 + [1, 0] * 6})
    limited = study(classes, target_score=0.9, double_labels=noisy)
    assert limited.call == "NO-GO"
    assert "80% agree, so no accuracy above" in told(limited)


def test_two_columns_of_the_pilot_are_labels_and_no_features():
    second = pl.when(pl.int_range(pl.len()) < 60).then(pl.col("y") + 0.1)
    data = table().with_columns(first=pl.col("y"), second=second)
    found = study(data, double_labels=("first", "second"))
    assert found.ceiling is not None
    assert found.ceiling.pairs == 60
    assert found.ceiling.noise == pytest.approx(0.005)
    assert set(found.used) == {"x", "z", "kind"}


def test_columns_that_give_the_row_or_the_target_away_are_left_out_and_named():
    data = table().with_columns(
        number=pl.int_range(pl.len()),
        again=2 * pl.col("y") - 1,
        day=pl.date(2024, 1, 1) + pl.duration(days=pl.int_range(pl.len())),
        same=pl.lit(3),
    )
    said = told(study(data))
    for reason in (
        "`number` (it numbers the rows)",
        "`again` (it is the target itself",
        "`day` (Date, which is neither",
        "`same` (the same in every row)",
    ):
        assert reason in said


def test_missing_values_are_a_feature_of_their_own():
    """That a value is missing tells as much as the value would have."""
    draw = np.random.default_rng(1)
    gone = draw.random(100) < 0.5
    y = np.where(gone, 3.0, 0.0) + draw.normal(size=100)
    for value in (pl.Series(draw.normal(size=100)), pl.Series(draw.choice(["a", "b"], 100))):
        data = pl.DataFrame({"v": value, "y": y}).with_columns(
            v=pl.when(pl.Series(~gone)).then(pl.col("v"))
        )
        assert study(data).today > 0.5


def test_rows_without_a_target_are_left_out():
    known = pl.when(pl.int_range(pl.len()) % 4 > 0).then(pl.col("y"))
    assert study(table().with_columns(y=known)).rows == 60


def test_of_a_large_pilot_a_sample_is_seen_and_that_is_said():
    found = study(table(900))
    assert found.points[-1].rows == 600
    assert found.full_rows == 900
    assert "Learners saw 600 of 900 rows" in told(found)


def test_rows_for_a_verdict_are_those_that_a_registration_asks_for():
    y = table()["y"].to_numpy()
    losses = (y - y.mean()) ** 2
    cap = default_cap(losses)
    claim = Claim(improve_by=0.2, cap=cap)
    capped = np.minimum(losses, cap)
    spread = floored_sd(assumed_sd(capped), lower=claim.lower, upper=claim.upper)
    excess = 0.3 * float(capped.mean())
    plan = {"alpha": 0.02, "tries": 3, "sd_gain": spread, "excess": excess}
    found = study(improve_by=0.2, tries=3, alpha=0.02).verdict
    assert found.rows == rows_needed(**plan, greatest_loss=cap)
    assert found.design_effect == 1.0


def grouped(seed: int = 1) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    group = np.repeat(np.arange(30), 6)
    x = draw.normal(size=(30, 2))[group] + 0.2 * draw.normal(size=(180, 2))
    y = x[:, 0] + 0.5 * draw.normal(size=30)[group] + 0.3 * draw.normal(size=180)
    return pl.DataFrame({"town": group, "x": x[:, 0], "z": x[:, 1], "y": y})


def test_groups_are_kept_together_and_raise_the_rows_of_a_verdict():
    found, blind = study(grouped(), group="town"), study(grouped().drop("town"))
    assert found.verdict.design_effect > 1.5
    assert found.verdict.groups == 40
    assert found.today < blind.today
    assert "town" not in found.used
    assert "rows that share groups tell as much as one that does not" in told(found)


def test_rows_of_a_group_that_were_not_drawn_extrapolate_nothing():
    many = pl.concat([grouped(seed) for seed in (1, 2, 3, 4)])
    found = study(many, group="town")
    assert found.points[-1].rows == found.full_rows == 720


def test_the_picture_shows_the_target_the_ceiling_and_what_is_had_at_least():
    found = study(full_rows=2000, double_labels=twice(0.3))
    drawn = svg(found.picture())
    for words in ("target 0.50", f"at least {found.at_least:.2f}", "ceiling: at most", "R²"):
        assert words in drawn
    assert "ceiling" not in svg(study().picture())


def infinite_in_row_7(name: str) -> pl.Expr:
    return pl.when(pl.int_range(pl.len()) == 6).then(float("inf")).otherwise(pl.col(name))


@pytest.mark.parametrize(
    ("said", "settings"),
    [
        ("`target_score` is 60", {"target_score": 60}),
        ("`target_score` is 0", {"target_score": 0.0}),
        ("`target_score` is nan", {"target_score": float("nan")}),
        ("`full_rows` is 50, must be a whole number of at least 80", {"full_rows": 50}),
        ("no column `w` among its", {"target": "w"}),
        ("no `target` is named", {"target": None}),
        ("`expect`", {"expect": 0.0}),
        ("`expect` is 0.5, must lie strictly between 0.5 and", {"improve_by": 0.5}),
        ("`alpha`", {"alpha": 2.0}),
        ("`tries`", {"tries": 0}),
        ("no such file", {"data": "nowhere.csv"}),
        ("no such file", {"double_labels": "nowhere.csv"}),
        ("no column `ann`", {"double_labels": ("ann", "bob")}),
        ("names of two different columns", {"double_labels": ("x", "x")}),
        ("names of two different columns", {"double_labels": ["x", "y", "z"]}),
        ("is known in 11 rows, at least 12", {"data": table(11)}),
        ("is 1 in all 80 rows", {"data": table().with_columns(y=pl.lit(1.0))}),
        ("with 3 different labels", {"target": "kind"}),
        ("it is alone in the table", {"data": table().select("y")}),
        ("no column is left", {"data": table().select("y", "name")}),
        ("column `x` is inf in row 7", {"data": table().with_columns(x=infinite_in_row_7("x"))}),
        ("is inf in row 7", {"data": table().with_columns(y=infinite_in_row_7("y"))}),
        ("group `kind` has 3 different values", {"group": "kind"}),
        ("order of time (`ds`)", {"data": table().with_columns(ds=pl.int_range(pl.len()))}),
        ("stand in two columns, here are 3", {"double_labels": table().select("x", "y", "z")}),
        ("row 3 lacks a label (1 rows do)",
         {"double_labels": pl.DataFrame({"a": [1.0, 2.0, 1.0], "b": [1.0, 2.0, None]})}),
        ("holds text", {"double_labels": pl.DataFrame({"a": ["good"], "b": ["bad"]})}),
        ("1 rows have both labels", {"double_labels": pl.DataFrame({"a": [1.0], "b": [1.0]})}),
        ("label `b` is inf in row 2",
         {"double_labels": pl.DataFrame({"a": [1.0, 2.0], "b": [1.0, float("inf")]})}),
        ("the labels lie around 94.5",
         {"double_labels": pl.DataFrame({"a": [90, 99], "b": [90, 99]})}),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_one_message(said: str, settings: dict):
    with pytest.raises(AssayError) as caught:
        study(**settings)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_of_two_classes_are_written_as_the_target_is():
    classes = table().with_columns(y=pl.col("y") > 0.3)
    for second, said in (
        ([0, 2] * 30, "label `b` is 2 in row 2"),
        ([1, 0] * 30, "agree in 0 of 60 rows, fewer than coins"),
    ):
        with pytest.raises(DataError, match=said):
            study(classes, double_labels=pl.DataFrame({"a": [0, 1] * 30, "b": second}))


def test_what_is_hidden_or_in_time_is_refused():
    data = table().with_columns(day=pl.int_range(pl.len()), limit=pl.lit(9.0))
    for roles, said in (({"time": "day"}, "`day`"), ({"censored_above": "limit"}, "`limit`")):
        with pytest.raises(ConfigError, match=said):
            assay.feasibility(profile(data, target="y", **roles), target_score=0.5)


def test_a_pilot_of_twelve_rows_is_studied():
    found = study(table(12))
    assert [point.rows for point in found.points] == [4, 8, 12]
    assert found.at_least < found.today


def test_two_classes_in_words_are_one_question():
    known = table(200).with_columns(
        y=pl.when(pl.col("y") > 0).then(pl.lit("good")).otherwise(pl.lit("bad"))
    )
    labels = pl.DataFrame({"a": ["good", "bad"] * 30, "b": ["good", "bad"] * 29 + ["bad", "bad"]})
    found = study(data=known, double_labels=labels)
    assert found.ceiling is not None
    assert 0 < found.today < 1
