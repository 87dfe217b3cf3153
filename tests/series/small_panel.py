"""Three short series of counts, and what tests do to their rows."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from assay.family import NegativeBinomial
from assay.frame import read
from assay.predictor import ScoreDriven
from assay.series.panel.arrange import Panel, Recipe, arrange

START = date(2024, 1, 1)


def recipe(**given: Any) -> Recipe:
    """Counts of items by day, but for what is given."""
    fields: dict[str, Any] = {
        "family": NegativeBinomial(),
        "driven": "mean",
        "term": ScoreDriven(),
        "others": None,
        "target": "units",
        "time": "date",
        "by": ("item",),
    }
    return Recipe(**(fields | given))


def table(days: int = 20, items: tuple[str, ...] = ("a", "b", "c")) -> pl.DataFrame:
    """One row an item and day."""
    rows = [
        {"item": item, "date": START + timedelta(day), "units": day % 3, "price": 1.0 + day % 4}
        for item in items
        for day in range(days)
    ]
    return pl.DataFrame(rows)


def panel_of(rows: pl.DataFrame, **given: Any) -> Panel:
    """Rows on one grid."""
    return arrange(read(rows), recipe(**given))


def changed(rows: pl.DataFrame, item: str, day: int, **values: Any) -> pl.DataFrame:
    """Other values in one row."""
    here = (pl.col("item") == item) & (pl.col("date") == START + timedelta(day))
    new = [pl.when(here).then(pl.lit(v)).otherwise(pl.col(k)).alias(k) for k, v in values.items()]
    return rows.with_columns(new)
