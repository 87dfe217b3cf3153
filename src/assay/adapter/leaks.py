"""How many rows a fitted model has seen, as far as it shows."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from assay.errors import PredictionsError

_DEPTH = 4
_WIDTH = 8

# Attributes that hold the number of rows of the last fit.
_COUNTS = ("_n_samples", "n_samples_fit_", "n_samples_seen_")
# Attributes that hold the rows of the last fit themselves.
_ROWS = ("X_train_", "X_fit_", "_fit_X")


def refuse_more_rows_than_open(model: Any, rows: int, where: str) -> None:
    """Refuse a fitted model that shows to have been fitted on sealed rows.

    Args:
        model: fitted.
        rows: how many are open.
        where: start of the message.

    Raises:
        PredictionsError: it, or a part of it, was fitted on more rows than are open.
    """
    seen, part, how = max(_seen(model), default=(0, "", ""))
    if seen > rows:
        raise PredictionsError(
            f"{where}: `{part}` was fitted on {seen:,} rows ({how}), but only {rows:,} are open, "
            "so it has seen sealed ones, or rows that are not in this table. Fit it on "
            "`open.parquet` as `assay split` writes it, or offer it unfitted: Assay then fits it "
            "on open rows."
        )


def _seen(model: Any, depth: int = _DEPTH) -> Iterator[tuple[int, str, str]]:
    """Rows seen by the model and by each model inside it, with its name and how it shows."""
    name = type(model).__name__
    for read in _READERS:
        found = read(model)
        if found is not None:
            yield found[0], name, found[1]
    if depth:
        for part in _parts(model):
            yield from _seen(part, depth - 1)


def _parts(model: Any) -> Iterator[Any]:
    """Models that a model is made of: steps of a pipeline, members of an ensemble."""
    for value in list(getattr(model, "__dict__", {}).values()):
        yield from _models_in(value)


def _models_in(value: Any, depth: int = 2) -> Iterator[Any]:
    if callable(getattr(value, "fit", None)) and not isinstance(value, type):
        yield value
    elif depth and isinstance(value, dict):
        for each in list(value.values())[:_WIDTH]:
            yield from _models_in(each, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for each in value[:_WIDTH]:
            yield from _models_in(each, depth - 1)
    elif depth and isinstance(value, np.ndarray) and value.dtype == object:
        for each in value.ravel()[:_WIDTH]:
            yield from _models_in(each, depth - 1)


def _counted(model: Any) -> tuple[int, str] | None:
    for name in _COUNTS:
        value = vars(model).get(name) if hasattr(model, "__dict__") else None
        if value is not None and np.size(value):
            return int(np.max(value)), f"`{name}`"
    return None


def _kept(model: Any) -> tuple[int, str] | None:
    for name in _ROWS:
        value = vars(model).get(name) if hasattr(model, "__dict__") else None
        if value is not None and np.ndim(value):
            return int(value.shape[0]), f"`{name}`"
    return None


def _support_vectors(model: Any) -> tuple[int, str] | None:
    shape = getattr(model, "shape_fit_", None)
    return None if shape is None else (int(shape[0]), "`shape_fit_`")


def _tree(model: Any) -> tuple[int, str] | None:
    tree = vars(model).get("tree_") if hasattr(model, "__dict__") else None
    return None if tree is None else (int(tree.n_node_samples[0]), "at the root of a tree")


def _histogram_trees(model: Any) -> tuple[int, str] | None:
    trees = vars(model).get("_predictors") if hasattr(model, "__dict__") else None
    if not trees:
        return None
    return int(trees[0][0].nodes["count"][0]), "at the root of its first tree"


def _lightgbm(model: Any) -> tuple[int, str] | None:
    held = vars(model).get("_Booster") if hasattr(model, "__dict__") else None
    booster = model if held is None else held
    if type(booster).__module__ != "lightgbm.basic" or not hasattr(booster, "dump_model"):
        return None
    trees = booster.dump_model(num_iteration=_WIDTH)["tree_info"]
    roots = [tree["tree_structure"] for tree in trees]
    counts = [root.get("internal_count", root.get("leaf_count", 0)) for root in roots]
    return (max(counts), "at the root of a tree") if counts else None


def _xgboost(model: Any) -> tuple[int, str] | None:
    """The sum of weights at a root, which counts rows where every row's curvature is 1."""
    if hasattr(model, "get_booster"):
        if not model.__sklearn_is_fitted__():
            return None
        model = model.get_booster()
    if type(model).__module__ != "xgboost.core" or not hasattr(model, "save_config"):
        return None
    if '"reg:squarederror"' not in model.save_config():
        return None
    root = model[0].get_dump(with_stats=True)[0].split("\n", 1)[0]
    cover = root.rpartition("cover=")[2]
    return (round(float(cover)), "cover at the root of its first tree") if cover else None


_READERS: tuple[Callable[[Any], tuple[int, str] | None], ...] = (
    _counted,
    _kept,
    _support_vectors,
    _tree,
    _histogram_trees,
    _lightgbm,
    _xgboost,
)
