"""An explanation as a gate keeps it: words, plain values, and pictures drawn from them alone."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from assay.experiment.explanation import explaining
from assay.experiment.explanation.certainty import Estimate
from assay.experiment.explanation.importance import Importance
from assay.experiment.explanation.pictures import effects_of, importance_of
from assay.experiment.explanation.surrogate import Surrogate
from assay.experiment.explanation.telling import told
from assay.experiment.explanation.together import Together
from assay.picture import svg


def table(rows: int = 500) -> pl.DataFrame:
    """Numbers, text, holes, true and false, and a constant; y follows some of them."""
    random = np.random.default_rng(12)
    x, z = random.normal(size=(2, rows))
    place = np.array(["Berlin", "Bonn", "Ulm"])[random.integers(3, size=rows)]
    yes = random.random(rows) < 0.5
    y = 2 * x + 3 * (place == "Ulm") + yes + 0.3 * random.normal(size=rows)
    holes = pl.Series(x.tolist()).set(pl.Series(random.random(rows) < 0.1), None)
    return pl.DataFrame({"x": holes, "z": z, "place": place, "yes": yes, "same": 1, "y": y})


@pytest.fixture
def boosted(library):
    """A booster that takes text and missing values as they are."""
    return library("lightgbm").LGBMRegressor(
        n_estimators=60, min_child_samples=5, verbose=-1, n_jobs=1
    )


def test_a_booster_is_explained_from_first_to_last(explained, boosted):
    found = explained(table(), boosted)
    assert found.holds
    assert found.remedy == ""
    certain = [each.label for each in found.importance if each.is_certain]
    assert certain == ["x", "place", "yes"]
    assert found.finding.startswith("Three of five columns carry it: `x`")
    assert found.surrogate.share.mean > 0.95
    record = json.loads(json.dumps(found.as_record(), allow_nan=False))
    assert [each["label"] for each in record["importance"][:3]] == certain
    assert record["columns"] == 5
    bars = importance_of(record)
    drawn = svg(bars)
    assert "place" in drawn
    assert "share of the gain lost without it" in drawn
    panels = [
        panel["title"]
        for row in effects_of(record).to_dict()["vconcat"]
        for panel in row["hconcat"]
    ]
    assert panels[0] == "x"
    assert set(panels) >= {"x", "place", "yes"}
    assert "mean y predicted" in svg(effects_of(record))


def test_classes_in_words_are_explained_by_their_chances(explained, library):
    rows = table()
    named = rows.select(
        "x",
        "z",
        y=pl.when(pl.col("y") > 3).then(pl.lit("much")).otherwise(pl.lit("little")),
    ).with_columns(pl.col("x").fill_null(0.0))
    model = library("sklearn.linear_model").LogisticRegression()
    found = explained(named, model, metric="brier", baseline="base-rate")
    assert found.importance[0].label == "x"
    assert {each.output for each in found.effects} == {"chance of much"}
    assert all(each.low.min() >= 0 and each.high.max() <= 1 for each in found.effects)


def test_nothing_is_explained_of_a_model_that_gains_nothing(explained, scaled):
    found = explained(table().with_columns(pl.col("x").fill_null(0.0)), scaled(-5.0))
    assert found.gain < 0
    assert found.holds is None
    assert "gains nothing over the baseline" in found.finding
    assert found.importance[0].share is None
    bars = importance_of(found.as_record())
    assert "added to the loss without it" in svg(bars)


def test_without_scikit_learn_it_is_said_what_to_install(explained, boosted, monkeypatch):
    monkeypatch.setattr(explaining, "is_available", lambda: False)
    found = explained(table(200), boosted)
    assert found.holds is None
    assert found.remedy == "Install scikit-learn: `pip install 'assay-ml[sklearn]'`."
    assert found.as_record()["surrogate"] is None
    assert found.importance[0].is_certain


def of(label: str, share: float, *, certain: bool | None = True) -> Importance:
    columns = () if label == "history" else (label,)
    return Importance(Together(columns), "among rows", Estimate(share, 0.01, 99), 1.0, certain)


def stand_in(share: float) -> Surrogate:
    return Surrogate(Estimate(share, 0.02, 99), 1.0, "as it is", 100, ("a",))


def words(*found: Importance, share: float = 0.93, skill: float = 0.4):
    return told(found, stand_in(share), gain=1.0, skill=skill, why="")


def test_it_says_which_columns_carry_the_gain_and_what_is_left():
    noise = [of(name, 0.0, certain=False) for name in "defg"]
    said = words(of("bmi", 0.41), of("s5", 0.3), of("bp", 0.09), *noise)
    assert said.holds
    assert said.finding == (
        "Three of seven columns carry it: `bmi` (41 % of the gain), `s5` (30 % of the gain) and "
        "`bp` (9 % of the gain). An additive surrogate reproduces 93 % of the gain; 7 % is left to "
        "interactions."
    )


def test_one_column_behind_nearly_all_of_a_very_large_gain_is_asked_about():
    noise = of("other", 0.01, certain=False)
    said = words(of("refund", 0.97), noise, skill=0.95).finding
    assert "`refund` alone carries nearly all of a gain that takes away 95 % of" in said
    assert "is it known when predicting?" in said
    for calm in (words(of("refund", 0.97), noise), words(of("a", 0.9), of("b", 0.5), skill=0.95)):
        assert "known when predicting" not in calm.finding


@pytest.mark.parametrize(
    ("share", "certain", "holds"),
    [
        (0.5, True, True),
        (0.49, True, False),
        (0.9, False, False),
        (0.9, None, None),
        (0.2, None, False),
    ],
)
def test_it_holds_where_half_is_reproduced_and_one_column_is_certain(share, certain, holds):
    said = words(of("a", 0.5, certain=certain), of("b", 0.0, certain=certain), share=share)
    assert said.holds is holds
    assert bool(said.remedy) is not bool(holds)


def test_a_share_is_told_from_0_to_1_and_recorded_as_measured():
    for raw, shown in ((-0.4, 0.0), (1.2, 1.0)):
        assert stand_in(raw).shown == shown
        assert stand_in(raw).as_record()["share"] == raw
        assert stand_in(raw).as_record()["unexplained"] == 1 - shown


def test_no_column_at_all_is_said():
    said = told((), None, gain=1.0, skill=0.1, why="")
    assert said.holds is None
    assert said.finding.startswith("There is no column of features that the model may see")


def test_what_is_not_finite_is_recorded_as_none(explained, boosted):
    found = explained(table(200), boosted)
    broken = replace(found.importance[0], loss=Estimate(float("nan"), None, 0))
    record = replace(found, importance=(broken,)).as_record()
    assert record["importance"][0]["loss"] is None
    assert importance_of(record) is None
