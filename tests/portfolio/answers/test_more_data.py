"""More rows as a use of effort: a known power law is found, and the mix is the best of all."""

from dataclasses import replace

import numpy as np
import pytest

from assay.errors import PlanError
from assay.portfolio.answers import Labelling, labelling_of, today_of, with_more_data
from assay.portfolio.returns import ThresholdReturns
from assay.problem import feasibility

from .companies import known


def law(rows: np.ndarray | float) -> np.ndarray:
    return 0.7 - 3.0 * np.asarray(rows, float) ** -0.5


MEASURED = tuple((n, float(law(n)), 0.005) for n in (60, 120, 240, 480))
LABELS = Labelling(rows=480, rows_per_unit=60, skills=MEASURED)


def test_skills_on_a_power_law_are_extended_along_it():
    found = LABELS.values(8, 100.0)
    true = 100.0 * (law(480 + 60 * np.arange(9)) - law(480))
    assert found[0] == 0.0
    assert found[1:] == pytest.approx(true[1:], rel=0.25)
    assert (np.diff(found) > 0).all()
    assert (np.diff(found, 2) < 0).all()


def test_more_rows_for_a_unit_and_a_more_important_project_are_worth_more():
    cheap = replace(LABELS, rows_per_unit=120)
    assert cheap.values(4, 100.0) == pytest.approx(LABELS.values(8, 100.0)[::2])
    assert LABELS.values(4, 200.0) == pytest.approx(2 * LABELS.values(4, 100.0))


def test_a_skill_that_stays_where_it_is_promises_less():
    flat = replace(LABELS, skills=tuple((n, 0.4, 0.005) for n in (60, 120, 240, 480)))
    assert flat.values(8, 100.0)[-1] < 0.3 * LABELS.values(8, 100.0)[-1]


def test_the_mix_is_the_best_of_all_divisions():
    today = today_of([known("a", 0, 2, 3, 3.5, 3.7), known("b", 0, 1.2, 1.3, 1.4, 1.5)], budget=4)
    rows = LABELS.values(4, 100.0)
    best = max(
        today.values[0][i] + rows[j] + today.values[1][4 - i - j]
        for i in range(5)
        for j in range(5 - i)
    )
    found = with_more_data(today, {"a": LABELS})
    a, b = found.projects
    assert found.value == pytest.approx(best)
    assert found.before == today.value < found.value
    assert a.value == pytest.approx(today.values[0][a.units - a.labelling] + rows[a.labelling])
    assert a.rows == 60 * a.labelling > 0
    assert (a.is_known, b.is_known, b.labelling, b.rows) == (True, False, 0, 0)


def test_a_study_of_a_pilot_says_what_further_rows_bring():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(90, 2))
    table = {"x": x[:, 0], "z": x[:, 1], "y": x @ [1.0, 0.5] + rng.normal(size=90)}
    import polars as pl

    study = feasibility(pl.DataFrame(table), target_score=0.6, target="y")
    found = labelling_of(study, rows_per_unit=30)
    assert found.rows == 90
    assert [n for n, _, _ in found.skills] == [point.rows for point in study.points]
    assert 0.0 < found.values(3, 100.0)[-1] < 60.0


def test_labelling_beside_returns_of_its_own_is_refused():
    project = known("a", 0, 2, 3, returns=ThresholdReturns(0.5))
    today = today_of([project, known("b", 0, 1, 1)], budget=2)
    with pytest.raises(PlanError, match=r'"a" has returns of its own.*Leave out'):
        with_more_data(today, {"a": LABELS})
    assert with_more_data(today, {"b": LABELS}).value > 0


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"rows": 0}, "rows"),
        ({"rows_per_unit": 0.0}, "rows_per_unit"),
        ({"rows_per_unit": float("nan")}, "rows_per_unit"),
        ({"skills": ()}, "skills"),
        ({"skills": ((10, 1.5, 0.1),)}, "skills"),
        ({"skills": ((10, 0.5, 0.0),)}, "skills"),
    ],
)
def test_an_impossible_learning_curve_is_refused_by_name(said, name):
    with pytest.raises(PlanError, match=f"more data: `{name}` is"):
        replace(LABELS, **said)


def test_where_nothing_is_known_of_rows_it_is_said():
    today = today_of([known("a", 0, 1)], budget=1)
    with pytest.raises(PlanError, match="no project says how its skill rises with its rows"):
        with_more_data(today, {})
    with pytest.raises(PlanError, match='no project has the key "b"'):
        with_more_data(today, {"b": LABELS})
