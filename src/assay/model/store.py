"""Fitted models as files: recipes as text, numbers as arrays, no code."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from assay.errors import AssayError, ConfigError, DataError, UnknownNameError
from assay.family import AbstractFamily
from assay.fit import Draws, FitResult, Prior
from assay.model import archive
from assay.model.fitted import FittedModel
from assay.model.panel import Batch, FittedPanel, PanelResult
from assay.predictor import AbstractPrepared, Design
from assay.predictor.seen import Seen
from assay.registry import families, parse, predictors

KIND = "fitted model"
# What may stand in a file; a name outside this list is never looked up.
_MODELS = (FittedModel, FittedPanel)
_PARTS = (Design, FitResult, Prior, Draws, Seen, Batch, PanelResult)
_RECORDS: dict[str, type] = {each.__name__: each for each in (*_MODELS, *_PARTS)}


def save(fitted: FittedModel | FittedPanel, path: str | Path) -> None:
    """Write a fitted model, or a panel of them, to one file.

    Args:
        fitted: any model, however it was fitted.
        path: such as `demand.assay`; a file that is there is replaced once the new one is whole.

    Raises:
        ConfigError: a part of the model exists in Python only and cannot be written; nothing was
            written then.
        DataError: the file cannot be written.
    """
    path = Path(path)
    try:
        archive.write(path, KIND, _record(fitted))
    except TypeError as error:
        raise ConfigError(
            f"{path}: this model cannot be saved, and nothing was written: it holds a "
            f"{error}, which is neither a number nor text nor a registered recipe."
        ) from error


def load(path: str | Path) -> FittedModel | FittedPanel:
    """A fitted model from the file that its `save` wrote; nothing in the file is run.

    Args:
        path: of the file.

    Returns:
        The model; its predictions are those of the model that was saved, to the last bit.

    Raises:
        DataError: there is no such file, it is damaged or not one of Assay's, or a newer version
            wrote it.
        ConfigError: it needs a family or a predictor of a package that is not installed.
    """
    path = Path(path)
    body = archive.read(path, KIND)
    try:
        found = _restored(body)
    except UnknownNameError as error:
        raise ConfigError(
            f"{path}: {error} Install the package that this part of the model comes from."
        ) from error
    except AssayError as error:
        raise type(error)(f"{path}: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise DataError(
            f"{path}: what it holds does not fit together ({type(error).__name__}: {error}). It "
            "was changed since it was saved; save the model again."
        ) from error
    if not isinstance(found, _MODELS):
        raise DataError(f"{path}: holds a {type(found).__name__}, not a {KIND}.")
    return found


def _record(value: Any) -> Any:
    """With recipes as text and records as dictionaries; the rest as it is.

    Raises:
        TypeError: a part that has no recipe; its message names it.
    """
    if isinstance(value, AbstractFamily):
        return {"family": _recipe(value)}
    if isinstance(value, AbstractPrepared):
        part = type(value).__name__
        return {"predictor": _predictor(value), "part": part, "state": value.state()}
    if is_dataclass(value) and not isinstance(value, type):
        if _RECORDS.get(type(value).__name__) is not type(value):
            raise TypeError(f"{type(value).__name__}")
        # What a leading underscore marks is kept for speed and made anew.
        names = [each.name for each in fields(value) if not each.name.startswith("_")]
        inside = {name: _record(getattr(value, name)) for name in names}
        return {"record": type(value).__name__, "fields": inside}
    if isinstance(value, tuple | list):
        return type(value)(_record(each) for each in value)
    if isinstance(value, Mapping):
        # Wrapped, so that no key of a user's mapping is taken for one of ours.
        return {"mapping": {key: _record(each) for key, each in value.items()}}
    return value


def _recipe(family: AbstractFamily) -> str:
    text = family.describe()
    try:
        same = parse(text, families) == family
    except ConfigError:
        same = False
    if not same:
        raise TypeError(f"family `{text}` that no registered recipe gives back")
    return text


def _predictor(term: AbstractPrepared) -> str:
    """The registered name from whose module the term comes.

    Raises:
        TypeError: there is none.
    """
    for name in predictors:
        if predictors.get(name).__module__ == type(term).__module__:
            return name
    raise TypeError(f"{type(term).__name__} of `{type(term).__module__}`")


def _restored(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_restored(each) for each in value)
    if not isinstance(value, Mapping):
        return value
    if "family" in value:
        return parse(value["family"], families)
    if "predictor" in value:
        return _part(value["predictor"], value["part"]).restore(value["state"])
    if "mapping" in value:
        return {key: _restored(each) for key, each in value["mapping"].items()}
    inside = {name: _restored(each) for name, each in value["fields"].items()}
    return _RECORDS[value["record"]](**inside)


def _part(name: str, part: str) -> type[AbstractPrepared]:
    """The class of a prepared term: from the module of a registered predictor, nowhere else."""
    found = getattr(import_module(predictors.get(name).__module__), part, None)
    if not (isinstance(found, type) and issubclass(found, AbstractPrepared)):
        raise UnknownNameError(f"predictor `{name}` has no part `{part}`.")
    return found
