"""Fitting a panel: what one batch can take together, and single fits for the rest."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.errors import AssayError, ConfigError, DataError, FitError
from assay.family import AbstractFamily
from assay.frame import Frame
from assay.model.fitted import FittedModel
from assay.model.panel import Batch, FittedPanel, Key, PanelResult, named, rows_by_key
from assay.model.panel_batch import GroupedTable, fit_batch
from assay.model.prepared import limit_column
from assay.predictor import Constant, Linear, Polynomial, Sum
from assay.predictor.formula import read_formula
from assay.predictor.linear import PreparedLinear
from assay.predictor.offset import Offset

SingleFit = Callable[[Frame, np.ndarray | None], FittedModel]


@dataclass(frozen=True)
class PanelRecipe:
    """What all groups have in common.

    Fields:
        family: recipe of the likelihood.
        sums: predictors, one for each parameter.
        parameters: their names.
        target: column of the target.
        by: key columns.
        is_flat: whether there is no prior.
        is_batchable: whether the way of fitting can be batched at all.
        is_certain: whether predictives leave the uncertainty of coefficients out.
        seed: of the posterior draws.
    """

    family: AbstractFamily
    sums: tuple[Sum, ...]
    parameters: tuple[str, ...]
    target: str
    by: tuple[str, ...]
    is_flat: bool
    is_batchable: bool
    is_certain: bool
    seed: int


def fit_panel(
    recipe: PanelRecipe, frame: Frame, weights: np.ndarray | None, single: SingleFit
) -> FittedPanel:
    """Fit one model to each group.

    Groups that a single fit might refuse, or would prepare in another way (a factor level that is
    not there), are left to it: each group gets the model that its own rows alone would give.

    Args:
        recipe: what all groups have in common.
        frame: the table.
        weights: how often each row counts.
        single: fits one group's rows alone.

    Raises:
        DataError: a key column is missing or holds missing values.
        FitError: no group could be fitted.
    """
    found = rows_by_key(frame, recipe.by)
    batch = None
    if recipe.is_batchable and len(found) > 1 and all(map(_is_plain, _terms(recipe.sums))):
        batch = _batch(recipe, frame, weights, list(found.values()))
    results = batch.results if batch is not None else (None,) * len(found)
    alone: dict[int, FittedModel] = {}
    failed: dict[Key, str] = {}
    for group, (key, rows) in enumerate(found.items()):
        if results[group] is not None:
            continue
        own = replace(frame.take(rows), source=f"{frame.source}, {named(recipe.by, key)}")
        try:
            alone[group] = single(own, None if weights is None else weights[rows])
        except AssayError as error:
            failed[key] = str(error)
    keys = frame.table.select(recipe.by)[[int(rows[0]) for rows in found.values()]]
    return FittedPanel(
        family=recipe.family,
        parameters=recipe.parameters,
        target=recipe.target,
        by=recipe.by,
        keys=keys,
        batch=batch,
        alone=alone,
        result=_judged(recipe, len(found), failed, frame.source),
        is_certain=recipe.is_certain,
        seed=recipe.seed,
    )


def key_columns(by: Any, frame: Frame, target: str) -> tuple[str, ...]:
    """The names of key columns as a tuple.

    Raises:
        ConfigError: none, or the target among them.
    """
    names = (by,) if isinstance(by, str) else tuple(by) if isinstance(by, Sequence) else ()
    if not names or not all(isinstance(each, str) for each in names) or target in names:
        raise ConfigError(
            f"`by` is {by!r}, must be the name of a key column or several, without the target "
            f'`{target}`: `by=["store"]`. Columns are {", ".join(frame.columns[:12])}.'
        )
    return names


def _judged(
    recipe: PanelRecipe, groups: int, failed: Mapping[Key, str], source: str
) -> PanelResult:
    first = [f"{named(recipe.by, key)}: {why}" for key, why in list(failed.items())[:3]]
    if len(failed) == groups:
        raise FitError(f"{source}: none of {groups} groups could be fitted. {' '.join(first)}")
    message = f"{groups - len(failed)} of {groups} groups converged"
    if failed:
        message += f", {len(failed)} failed: {' '.join(first)}"
        warnings.warn(f"{source}: {message}", stacklevel=4)
    return PanelResult(groups=groups, failed=failed, message=message)


def _terms(sums: tuple[Sum, ...]) -> list[Any]:
    return [term for each in sums for term in each.terms]


def _is_plain(term: Any) -> bool:
    """Whether a predictor learns nothing from its rows but levels, centres and scales."""
    return type(term) in (Constant, Linear, Offset, Polynomial)


def _batch(
    recipe: PanelRecipe, frame: Frame, weights: np.ndarray | None, rows: list[np.ndarray]
) -> Batch | None:
    """Fits of all groups that can go together; `None` where the table as a whole is refused."""
    group = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
    order = np.concatenate(rows)
    kept = np.ones(len(order), dtype=bool)
    if not np.array_equal(order, np.arange(frame.rows)):
        frame, weights = frame.take(order), None if weights is None else weights[order]
    try:
        columns = {name: limit_column(frame, name) for name in recipe.family.needs()}
        y = recipe.family.recorded(frame.numbers(recipe.target), columns)
        lost = _lacking(recipe, frame)
        kept = ~np.isnan(y) if weights is None else ~np.isnan(y) & (weights > 0)
        left = kept & ~recipe.family.support.contains(y) | kept & lost
        # A row that a single fit would refuse leaves its whole group to it.
        refused = np.bincount(group, left, minlength=len(rows)) > 0
        kept &= ~refused[group]
        if not kept.any():
            return None
        if not kept.all():
            frame, group, y = frame.take(kept), group[kept], y[kept]
            columns = {name: each[kept] for name, each in columns.items()}
            weights = None if weights is None else weights[kept]
        designs = tuple(each.prepare(frame)[0] for each in recipe.sums)
        parts = recipe.family.parts(y, columns)
    except DataError:
        return None
    if any(_learns(term) for design in designs for term in design.terms):
        return None
    table = GroupedTable(
        frame, y, columns, weights, np.searchsorted(group, np.arange(len(rows) + 1))
    )
    return fit_batch(
        recipe.family, table, designs, parts, is_flat=recipe.is_flat, source=frame.source
    )


def _lacking(recipe: PanelRecipe, frame: Frame) -> np.ndarray:
    """Rows without a value in a column that a predictor reads."""
    lost = np.zeros(frame.rows, dtype=bool)
    for term in _terms(recipe.sums):
        read = read_formula(term.formula)[1] if isinstance(term, Linear) else ()
        read = (term.column,) if isinstance(term, Polynomial | Offset) else read
        for name in read:
            column = frame.column(name)
            if column.null_count():
                lost |= column.is_null().to_numpy()
            if column.dtype.is_float():
                lost |= ~column.is_finite().fill_null(False).to_numpy()
    return lost


def _learns(term: Any) -> bool:
    """Whether a formula keeps more of its rows than levels, as `poly(x, 2)` does."""
    return isinstance(term, PreparedLinear) and bool(term.spec.transform_state)
