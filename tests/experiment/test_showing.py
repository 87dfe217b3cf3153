"""What an opened seal shows beyond scores."""

import numpy as np
import polars as pl
import pytest

from assay.experiment.judging import Judge
from assay.experiment.segments import harmed, segments


@pytest.fixture
def towns() -> pl.DataFrame:
    """x tells y in two towns and misleads in the third."""
    random = np.random.default_rng(8)
    x = random.normal(size=1200)
    town = random.choice(["a", "b", "c"], 1200)
    y = np.where(town == "c", -x, x) + 0.1 * random.normal(size=1200)
    return pl.DataFrame({"x": x, "town": town, "level": town == "a", "y": y})


TERMS = {"seal": {"rows": 800}, "improve_by": 0.05, "expect": 0.3, "key": "towns"}


def test_where_a_gain_comes_from_and_whom_it_harms(begin, guess, towns):
    experiment = begin(towns, **TERMS)
    experiment.attempt(predictions=guess(experiment, 1.0), name="x", effort=1)
    verdict = experiment.verdict or experiment.close()
    by_town = {row["value"]: row for row in verdict.segments if row["column"] == "town"}
    assert by_town["a"]["low"] > 0.7
    assert by_town["c"]["high"] < 0
    assert sum(row["rows"] for row in by_town.values()) == 800
    assert any("worse than the baseline where `town` is c" in said for said in verdict.conditions)
    assert not any(row["column"] == "x" for row in verdict.segments)


def test_the_mean_of_the_segments_is_the_gain(begin, guess, towns):
    experiment = begin(towns, **{**TERMS, "improve_by": None, "improve_by_absolute": 0.05})
    experiment.attempt(predictions=guess(experiment, 1.0), name="x", effort=1)
    verdict = experiment.verdict or experiment.close()
    for column in ("town", "level", "y"):
        rows = [row for row in verdict.segments if row["column"] == column]
        mean = sum(row["gain"] * row["rows"] for row in rows) / 800
        assert mean == pytest.approx(verdict.scores[0]["gain"], rel=1e-9)


def test_a_useless_model_is_seldom_said_to_harm_a_segment(begin, guess):
    """Among many segments some look bad by chance; that is not called harm."""
    said = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        answers = {f"q{place}": random.integers(0, 8, 400) for place in range(5)}
        task = _Task(pl.DataFrame({**answers, "y": random.normal(size=400)}))
        base, model = random.normal(5, 1, (2, 400))
        judge = _judge(task, base)
        said += bool(harmed(judge, segments(judge, model)))
    assert said <= 5  # 2.5 % of 40 is 1; more than 5 has a chance of 0.0005


class _Task:
    """As much of a problem as segments ask for."""

    def __init__(self, table: pl.DataFrame) -> None:
        class Roles:
            target, time = "y", None

        class Sealing:
            sealed_rows = np.arange(len(table))

        class Asked:
            pass

        self.roles, self.sealing, self.asked, self.flags = Roles, Sealing, Asked, ()
        self.classes = ()
        self.asked.table = table
        self.y = table["y"].to_numpy()


def _judge(task: _Task, base: np.ndarray) -> Judge:
    from assay.verdict import Claim, IndependentTest

    claim = Claim(improve_by=0.05, cap=20.0)
    test = IndependentTest(delta=0.0, lower=claim.lower, upper=claim.upper, sd0=1.0)
    return Judge(task, claim, test, base, 1.0)


def test_reliability_of_a_probability_and_of_quantiles(begin):
    random = np.random.default_rng(9)
    x = random.uniform(size=1500)
    table = pl.DataFrame({"x": x, "y": (random.uniform(size=1500) < x).astype(int)})
    terms = {"metric": "brier", "seal": {"rows": 1000}, "improve_by": 0.05, "expect": 0.3}
    experiment = begin(table, key="chance", **terms)
    sealed = experiment.task.asked.table
    experiment.attempt(predictions=sealed.select("row_id", p_1="x"), name="x", effort=1)
    rows = (experiment.verdict or experiment.close()).reliability
    assert len(rows) == 10
    assert all(abs(row["predicted"] - row["observed"]) < 0.15 for row in rows)
    assert [row["count"] for row in rows] == [100] * 10


def test_quantiles_are_held_against_the_share_below_them(begin, table):
    experiment = begin(table, metric="crps", seal={"rows": 150}, expect=0.6)
    sealed = experiment.task.asked.table
    places = {0.05: -1.645, 0.25: -0.674, 0.5: 0.0, 0.75: 0.674, 0.95: 1.645}
    levels = {f"q{level}": pl.col("x") + 0.2 * place for level, place in places.items()}
    experiment.attempt(predictions=sealed.select("row_id", **levels), name="bands", effort=1)
    rows = (experiment.verdict or experiment.close()).reliability
    assert rows[0]["predicted"] == 0.05
    assert all(abs(row["predicted"] - row["observed"]) < 0.12 for row in rows)


def test_a_point_forecast_promises_nothing(begin, guess):
    experiment = begin()
    experiment.attempt(predictions=guess(experiment, 1.0), name="x", effort=1)
    assert experiment.verdict.reliability == ()


def test_predictions_that_have_seen_the_targets_are_named_once_the_seal_is_open(begin, table):
    experiment = begin()
    task = experiment.task
    seen = pl.DataFrame({"row_id": task.asked.column("row_id"),
                         "mean": task.y[task.sealing.sealed_rows]})  # fmt: skip
    answer = experiment.attempt(predictions=seen, name="too good", effort=1)
    assert "has seen them" not in answer.message
    assert any("`too good` predicts 100 %" in said for said in experiment.verdict.conditions)


def test_a_sealed_score_far_above_the_open_one_is_named(begin, table, scaled):
    class Lucky(scaled):
        def predict(self, data):
            # Open rows are asked for in parts, sealed ones all at once.
            self.factor = 1.0 if data.rows == 150 else 0.3
            return super().predict(data)

    experiment = begin()
    experiment.attempt(Lucky(1.0), name="lucky", effort=1)
    verdict = experiment.verdict or experiment.close()
    assert any("look for a leak" in said for said in verdict.conditions)


def test_a_replication_is_held_against_what_was_claimed(begin, guess):
    for key, claimed, says in (("small", 0.2, "below"), ("same", 0.8, "within")):
        terms = {"kind": "replication", "claimed": claimed, "claim_source": "Ann (2020)"}
        table = _table(key)
        experiment = begin(
            table, key=key, accept_underpowered="to see", improve_by=0.1, **terms, expect=claimed
        )
        experiment.attempt(predictions=guess(experiment, 1.0), name="x", effort=1)
        verdict = experiment.verdict or experiment.close()
        assert any(f"claimed by Ann (2020) lies {says}" in said for said in verdict.conditions)


def _table(key: str) -> pl.DataFrame:
    random = np.random.default_rng(len(key))
    x = random.normal(size=250)
    return pl.DataFrame({"x": x, "y": x + 0.2 * random.normal(size=250)})
