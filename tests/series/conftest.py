"""One small fitted panel for all tests that only read it."""

from datetime import timedelta

import polars as pl
import pytest
from panel_shop import AHEAD, DAYS, START, shop

import assay


@pytest.fixture(scope="session")
def sales():
    return shop()


@pytest.fixture(scope="session")
def model():
    family = assay.Censored(assay.NegativeBinomial(), above="stock")
    return assay.Model(family, mean=assay.ScoreDriven(season=7))


@pytest.fixture(scope="session")
def past(sales):
    return sales.filter(pl.col("date") < START + timedelta(DAYS))


@pytest.fixture(scope="session")
def ahead(sales):
    return sales.filter(pl.col("date") >= START + timedelta(DAYS)).drop("units", "demand")


@pytest.fixture(scope="session")
def fitted(model, past):
    return model.fit(past, "units", time="date", by=["store", "item"])


@pytest.fixture(scope="session")
def forecast(fitted, ahead):
    return fitted.forecast(AHEAD, ahead)
