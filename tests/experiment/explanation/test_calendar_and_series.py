"""What a procedure knows of weekdays and of its series is found, and named."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from assay.experiment.explanation.altered import Alteration, Altered
from assay.experiment.explanation.certainty import Estimate
from assay.experiment.explanation.importance import CALENDAR_MOVES, HISTORY_MOVES, Importance
from assay.experiment.explanation.surrogate import Surrogate
from assay.experiment.explanation.telling import told
from assay.experiment.explanation.together import Together

WEEK = np.array([0, 0, 0, 0, 3, 6, 6])
SPREAD = np.linspace(-1.5, 1.5, 9)
LEVELS = {"a": 0.0, "b": 4.0, "c": 8.0}


def days(count: int) -> list[date]:
    return [date(2020, 1, 6) + timedelta(days=d) for d in range(count)]


class Weekly:
    """A pattern of the week that it knows by heart."""

    def fit(self, data, target, /, *, seed):
        return self

    def forecast(self, history, asked, /):
        weekday = asked.table["ds"].dt.weekday().to_numpy() - 1
        return 10 + WEEK[weekday][:, None] + SPREAD


class Regression:
    """The last value drawn towards the mean, whatever day it is."""

    def fit(self, data, target, /, *, seed):
        return self

    def forecast(self, history, asked, /):
        last = history.table.sort("ds")["y"][-1]
        return 10 + 0.9 * (last - 10) * np.ones((asked.rows, 1)) + SPREAD


class Levels:
    """The level of each series, known by heart."""

    def fit(self, data, target, /, *, seed):
        return self

    def forecast(self, history, asked, /):
        level = asked.table["key"].replace_strict(LEVELS, return_dtype=pl.Float64).to_numpy()
        return level[:, None] + SPREAD


class Unmoved(Weekly):
    """A weekly pattern that refuses a history which does not begin where it was fitted."""

    def forecast(self, history, asked, /):
        if history.table["ds"].min() != date(2020, 1, 6):
            raise ValueError("another beginning")
        return super().forecast(history, asked)


def weekly(count: int = 280) -> pl.DataFrame:
    noise = np.random.default_rng(2).normal(size=count)
    return pl.DataFrame({"ds": days(count), "y": 10 + WEEK[np.arange(count) % 7] + noise})


def regressing(count: int = 280) -> pl.DataFrame:
    random, y = np.random.default_rng(3), [10.0]
    for shock in random.normal(size=count - 1):
        y.append(10 + 0.9 * (y[-1] - 10) + shock)
    return pl.DataFrame({"ds": days(count), "y": y})


def levelled(count: int = 100) -> pl.DataFrame:
    random = np.random.default_rng(4)
    return pl.concat(
        pl.DataFrame({"key": key, "ds": days(count), "y": level + random.normal(size=count)})
        for key, level in LEVELS.items()
    )


TERMS = {"metric": "crps", "baseline": "climatology"}
ROLES = {"time": "ds", "horizon": 1, "season": 7}


@pytest.mark.parametrize(
    ("rows", "model", "roles", "carries"),
    [
        (weekly(), Weekly(), ROLES, "The calendar (`ds`) ("),
        (regressing(), Regression(), ROLES, "The past of each series ("),
        (levelled(), Levels(), ROLES | {"series": "key"}, "The series (`key`) ("),
    ],
    ids=["weekly pattern", "autoregression", "levels"],
)
def test_what_carries_a_sound_procedure_is_named_and_the_rest_is_not(
    explained, rows, model, roles, carries
):
    found = explained(rows, model, roles=roles, **TERMS)
    assert found.holds
    assert found.finding.startswith(carries)
    assert [each.is_certain for each in found.importance].count(True) == 1
    assert all(each.loss.mean == 0 for each in found.importance if not each.is_certain)
    assert found.surrogate.share.mean > 0.8
    assert found.as_record()["columns"] == 0


def test_one_that_cannot_be_asked_about_another_calendar_is_explained_by_its_surrogate(explained):
    found = explained(weekly(), Unmoved(), roles=ROLES, **TERMS)
    assert found.holds
    assert "What rests on the calendar (`ds`) could not be asked." in found.finding
    assert found.finding.startswith("Not even the past of each series matters for certain")
    (said,) = (note for note in found.notes if note.startswith("`ds` could not be permuted"))
    assert "raised ValueError" in said


@pytest.mark.parametrize(("share", "broke", "holds"), [(0.95, "no", True), (0.8, "no", False)])
def test_only_a_surrogate_that_reproduces_nearly_all_stands_in(share, broke, holds):
    past = Importance(Together(()), HISTORY_MOVES, Estimate(0.0, 0.1, 99), 1.0, False)
    calendar = Importance(Together(("ds",)), CALENDAR_MOVES, None, 1.0, None, broke=broke)
    stand_in = Surrogate(Estimate(share, 0.02, 99), 1.0, "as it is", 100, ("ds",))
    said = told([past, calendar], stand_in, gain=1.0, skill=0.3, why="")
    assert (said.holds is True) is holds


def test_history_and_asked_rows_move_together_in_whole_months_where_steps_are_months(subject):
    months = pl.date_range(date(2010, 1, 1), date(2017, 12, 1), "1mo", eager=True)
    noise = np.random.default_rng(5).normal(size=len(months))
    asked = subject(pl.DataFrame({"ds": months, "y": 10 + noise}), Weekly(), roles=ROLES, **TERMS)
    shown = []

    class Watching:
        def forecast(self, history, ahead, /):
            shown.append((history.table["ds"], ahead.table["ds"]))
            return np.zeros((ahead.rows, 1)) + SPREAD

    every = np.arange(len(asked.rows))
    moved = Altered(
        Watching(), asked.task, asked.visible, Alteration((), every, "calendar", seed=1)
    )
    asked.task.predict(moved, asked.rows)
    sealed = set(asked.visible.table["ds"])
    for history, ahead in shown:
        assert history.dt.day().unique().to_list() == [1]
        steps = pl.concat([history, ahead]).dt.year() * 12 + pl.concat([history, ahead]).dt.month()
        assert steps.diff().drop_nulls().unique().to_list() == [1]
        assert set(ahead) <= sealed
    assert len({ahead[0] for _, ahead in shown}) > 5
