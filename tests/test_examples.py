"""The portfolios that ship load, and their data are what they say."""

import re
from pathlib import Path

import polars as pl
import pytest

from assay.errors import UnderpoweredError
from assay.experiment import Workspace
from assay.portfolio import plan
from assay.record import load_portfolio

EXAMPLES = Path(__file__).parent.parent / "examples"
IN_BED = [3, 8, 26, 76, 225, 298, 258, 233, 189, 128, 68, 29, 14, 4]  # BMJ 1978; 1:587


@pytest.fixture
def first(tmp_path):
    pytest.importorskip("sklearn", reason="the example's data come with scikit-learn")
    with Workspace.open(EXAMPLES / "first", ledger=tmp_path / "assay.db") as workspace:
        yield workspace


def test_five_projects_in_order():
    keys = [project.key for project in load_portfolio(EXAMPLES / "first").projects]
    assert keys == ["beds", "progression", "digits", "demand", "menu-images"]


def test_the_epidemic_is_the_published_one(first):
    frame = first.problem("beds").frame
    assert frame.column("in_bed").to_list() == IN_BED


def test_the_epidemic_is_refused_before_any_model_with_what_would_do(first):
    with pytest.raises(UnderpoweredError, match="a claim about outbreaks needs 40 sealed ones"):
        first.register("beds")
    assert len(list(first.ledger.records())) == 1  # the genesis alone


def test_diabetes_and_digits_are_split_as_stated(first):
    patients, digits = first.task("progression"), first.task("digits")
    assert patients.frame.rows == 442
    assert len(patients.sealing.sealed_rows) == 221
    assert patients.frame.numbers("progression").min() == 25
    assert patients.frame.numbers("progression").max() == 346
    assert len(digits.open_rows) == 100
    assert len(digits.sealing.sealed_rows) == 1297


def test_demand_is_simulated_and_says_so(first):
    project, task = first.project("demand"), first.task("demand")
    assert project.simulated
    assert "simulate" in project.source
    assert task.frame.table["date"].n_unique() == 1095
    sealed = task.frame.table[task.sealing.sealed_rows.tolist()]
    assert sealed["date"].n_unique() == 78 * 7
    reached = task.frame.table.select((pl.col("units") >= pl.col("stock")).mean()).item()
    assert 0.27 < reached < 0.33
    assert "demand" not in task.frame.columns  # the truth stays with the simulation


def test_a_new_ledger_seals_the_same_rows(first, tmp_path):
    with Workspace.open(EXAMPLES / "first", ledger=tmp_path / "another.db") as other:
        mine, theirs = first.task("digits").sealing, other.task("digits").sealing
    assert (mine.sealed_rows == theirs.sealed_rows).all()
    assert mine.fingerprints != theirs.fingerprints  # each ledger knows them by its own salt


@pytest.mark.parametrize("file", ["assay.toml", "product.toml"])
def test_the_grocery_page_shows_the_splits_that_are_planned(file):
    page = (EXAMPLES / "grocery" / "README.md").read_text("utf-8")
    plans = [plan(EXAMPLES / "grocery" / file, budget=budget) for budget in (100, 300)]
    for line, later in zip(*(each.lines for each in plans), strict=True):
        assert re.search(rf"^{line.key} +{line.units} +{later.units}$", page, re.MULTILINE)
    worth = " +".join(f"{each.value:.3g}" for each in plans)
    assert re.search(rf"^worth +{worth}$", page, re.MULTILINE)


def test_the_product_is_the_grocery_start_up_with_one_project_eight_times_as_important():
    start_up = load_portfolio(EXAMPLES / "grocery").projects
    product = load_portfolio(EXAMPLES / "grocery" / "product.toml").projects
    factor = {a.key: b.importance / a.importance for a, b in zip(start_up, product, strict=True)}
    assert {key for key, times in factor.items() if times == 8} == {"dispatching"}
    assert [p.model_copy(update={"importance": 1.0}) for p in start_up] == [
        p.model_copy(update={"importance": 1.0}) for p in product
    ]


@pytest.fixture
def verdicts(tmp_path, library):
    for name in ("sklearn", "statsmodels"):
        library(name)
    with Workspace.open(EXAMPLES / "verdicts", ledger=tmp_path / "assay.db") as workspace:
        yield workspace


def test_five_verdicts_can_be_registered_with_enough_rows(verdicts):
    kinds = {}
    for project in verdicts.portfolio.projects:
        body = verdicts.register(project.key).registration
        assert body.accepted_underpowered is None
        kinds[project.key] = (body.experiment, body.test)
        assert all(plan.belief_about and plan.expect for plan in project.attempts)
    assert kinds == {
        "visits": ("improvement", "groups"),
        "tumours": ("replication", "independent"),
        "sunspots": ("improvement", "series"),
        "travel": ("improvement", "groups"),
        "affairs": ("improvement", "independent"),
    }


def test_the_broken_one_breaks_and_is_kept(verdicts):
    """A Gamma has no zeros: the attempt costs a day, spends no look, and is a finding."""
    experiment = verdicts.register("affairs")
    plan = verdicts.project("affairs").attempts[0]
    answer = experiment.attempt_planned(plan, folder=EXAMPLES / "verdicts")
    assert (answer.text, answer.look) == ("broke", None)
    assert "HalfGammaLoss" in answer.message
    assert experiment.attempts[0].effort == 1
