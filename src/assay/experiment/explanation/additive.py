"""A sum of smooth, stepped and linear functions of one column each, fitted to anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl

from assay.experiment.explanation.certainty import stream

KNOTS = 10
FEW = 12
"""Values of a number up to which each has a level of its own."""

MOST_LEVELS = 100
"""Labels of a text that have a level of their own, the most common ones."""

ALPHAS = tuple(10.0**power for power in range(-6, 4))
STEPS = 200
LEAST_ROWS = 60
"""Rows below which nothing is fitted to the residuals: there is too little to stop by."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column as numbers for a ridge regression, learnt from the rows of a fit.

    Fields:
        name: of the column.
        level: stands in for a missing number; `None` for text.
        encoder: of scikit-learn: a spline, or a level for each value.
    """

    name: str
    level: float | None
    encoder: Any

    @classmethod
    def of(cls, values: pl.Series) -> "Column":
        """Learn the knots or the levels of a column."""
        preprocessing = import_module("sklearn.preprocessing")
        levels = preprocessing.OneHotEncoder(
            handle_unknown="ignore", max_categories=MOST_LEVELS, sparse_output=False
        )
        if values.dtype == pl.String:
            return cls(values.name, None, levels.fit(_labels(values)))
        numbers = values.to_numpy()
        numbers = numbers[np.isfinite(numbers)]
        level = float(np.median(numbers)) if len(numbers) else 0.0
        filled = _filled(values, level)
        if len(np.unique(filled)) <= FEW:
            return cls(values.name, level, levels.fit(filled))
        knots = np.unique(np.quantile(filled, np.linspace(0, 1, KNOTS)))
        if len(knots) < 3:  # almost all rows share one value
            knots = np.linspace(filled.min(), filled.max(), 3)
        spline = preprocessing.SplineTransformer(knots=knots[:, None], extrapolation="linear")
        return cls(values.name, level, spline.fit(filled))

    def matrix(self, table: pl.DataFrame) -> np.ndarray:
        """The column of some rows as numbers, (rows, numbers)."""
        values = table[self.name]
        if self.level is None:
            return self.encoder.transform(_labels(values))
        filled = _filled(values, self.level)
        missing = values.is_null().to_numpy().astype(float)[:, None]
        return np.hstack([filled, missing, self.encoder.transform(filled)])


@dataclass(frozen=True, eq=False)
class Additive:
    """A fitted sum of functions of one column each; no two columns interact.

    Fields:
        columns: in order.
        centre: of the numbers that the ridge regression reads.
        spread: likewise.
        ridge: of scikit-learn, for all outputs.
        steps: boosted trees without interactions on what is left, one for each output.
        numbers: columns that the trees read.
    """

    columns: tuple[Column, ...]
    centre: np.ndarray
    spread: np.ndarray
    ridge: Any
    steps: tuple[Any, ...]
    numbers: tuple[str, ...]

    def predict(self, table: pl.DataFrame) -> np.ndarray:
        """The fitted outputs, (rows, outputs)."""
        smooth = _predicted(self.ridge, (_design(self.columns, table) - self.centre) / self.spread)
        if not self.steps:
            return smooth
        read = _numbers(table, self.numbers)
        return smooth + np.column_stack([each.predict(read) for each in self.steps])


def fit_additive(
    table: pl.DataFrame, target: np.ndarray, *, seed: int, stepped: bool = True
) -> Additive:
    """Fit splines and levels by ridge regression, then steps in each column to what they leave.

    Args:
        table: columns of float64 and of text; at least one.
        target: what is to be reproduced, (rows, outputs).
        seed: of the rows by which the steps are stopped.
        stepped: whether steps are fitted.

    Source: Hastie & Tibshirani (1986), Generalized Additive Models; Eilers & Marx (1996); Lou,
        Caruana & Gehrke (2012), Intelligible models for classification and regression.
    """
    columns = tuple(Column.of(table[name]) for name in table.columns)
    design = _design(columns, table)
    centre, spread = design.mean(axis=0), design.std(axis=0)
    spread = np.where(spread > 1e-12 * (1 + np.abs(centre)), spread, 1.0)
    scaled = (design - centre) / spread
    ridge = import_module("sklearn.linear_model").RidgeCV(alphas=ALPHAS).fit(scaled, target)
    numbers = tuple(name for name in table.columns if table[name].dtype != pl.String)
    left, steps = target - _predicted(ridge, scaled), ()
    if stepped and numbers and len(target) >= LEAST_ROWS:
        read = _numbers(table, numbers)
        steps = tuple(_stepped(read, each, seed) for each in left.T)
    return Additive(columns, centre, spread, ridge, steps, numbers)


def within_reach(table: pl.DataFrame, fitted: pl.DataFrame) -> pl.DataFrame:
    """Rows whose numbers beyond those of the fitted rows are moved to the nearest of them.

    Args:
        table: rows to be predicted.
        fitted: rows of the fit, with the same columns.
    """
    numbers = [each.name for each in fitted if each.dtype != pl.String and each.count() > 0]
    return table.with_columns(
        pl.col(name).clip(pl.lit(fitted[name].min()), pl.lit(fitted[name].max()))
        for name in numbers
    )


def _stepped(read: np.ndarray, left: np.ndarray, seed: int) -> Any:
    """Boosted trees that each read one column, stopped where held-out rows gain no more."""
    ensemble = import_module("sklearn.ensemble")
    state = int(stream(seed, "steps").integers(2**31))
    trees = ensemble.HistGradientBoostingRegressor(
        interaction_cst="no_interactions",
        max_iter=STEPS,
        max_leaf_nodes=8,
        min_samples_leaf=max(5, min(20, len(left) // 30)),
        early_stopping=True,
        validation_fraction=0.2,
        random_state=state,
    )
    return trees.fit(read, left)


def _design(columns: Sequence[Column], table: pl.DataFrame) -> np.ndarray:
    return np.hstack([each.matrix(table) for each in columns])


def _predicted(ridge: Any, scaled: np.ndarray) -> np.ndarray:
    return np.asarray(ridge.predict(scaled)).reshape(len(scaled), -1)


def _numbers(table: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    return np.column_stack([table[name].to_numpy() for name in names])


def _filled(values: pl.Series, level: float) -> np.ndarray:
    numbers = values.fill_null(level).fill_nan(level).to_numpy()
    return np.where(np.isfinite(numbers), numbers, level)[:, None]


def _labels(values: pl.Series) -> np.ndarray:
    return values.fill_null("\0missing").to_numpy().astype(object)[:, None]
