"""What was fitted as a file: recipes as text, numbers as arrays, no code."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from assay.errors import AssayError, ConfigError, DataError, UnknownNameError
from assay.family import AbstractFamily
from assay.frame import archive
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.registry import families, parse, predictors

KIND = "fitted model"

Records = tuple[type, ...]
"""What may stand in a file as a record; a name outside it is never looked up."""


def save(fitted: Any, path: str | Path, records: Records) -> None:
    """Write what was fitted to one file.

    Args:
        fitted: one of the records.
        path: such as `demand.assay`; a file that is there is replaced once the new one is whole.
        records: classes of it and of its parts.

    Raises:
        ConfigError: a part of it exists in Python only and cannot be written; nothing was written
            then.
        DataError: the file cannot be written.
    """
    path = Path(path)
    try:
        archive.write(path, KIND, _record(fitted, records))
    except TypeError as error:
        raise ConfigError(
            f"{path}: this model cannot be saved, and nothing was written: it holds a "
            f"{error}, which is neither a number nor text nor a registered recipe."
        ) from error


def load(path: str | Path, kinds: Records, records: Records) -> Any:
    """What was fitted, from the file that `save` wrote; nothing in the file is run.

    Args:
        path: of the file.
        kinds: what may be found.
        records: classes of these and of their parts.

    Raises:
        DataError: there is no such file, it is damaged or not one of Assay's, or a newer version
            wrote it.
        ConfigError: it needs a family or a predictor of a package that is not installed.
    """
    path = Path(path)
    body = archive.read(path, KIND)
    try:
        found = _restored(body, {each.__name__: each for each in records})
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
    if not isinstance(found, kinds):
        raise DataError(f"{path}: holds a {type(found).__name__}, not a {KIND}.")
    return found


def _record(value: Any, records: Records) -> Any:
    """With recipes as text and records as dictionaries; the rest as it is.

    Raises:
        TypeError: a part that has no recipe; its message names it.
    """
    if isinstance(value, AbstractFamily):
        return {"family": _recipe(value)}
    if isinstance(value, AbstractPrepared):
        part = type(value).__name__
        return {"predictor": _predictor(value), "part": part, "state": value.state()}
    if isinstance(value, AbstractPredictor):
        return _term(value)
    if isinstance(value, jax.Array):
        return {"numbers": np.asarray(value)}
    if (is_dataclass(value) and not isinstance(value, type)) or hasattr(value, "_fields"):
        if type(value) not in records:
            raise TypeError(f"{type(value).__name__}")
        return {"record": type(value).__name__, "fields": _fields(value, records)}
    if isinstance(value, tuple | list):
        return type(value)(_record(each, records) for each in value)
    if isinstance(value, Mapping):
        # Wrapped, so that no key of a user's mapping is taken for one of ours.
        return {"mapping": {key: _record(each, records) for key, each in value.items()}}
    return value


def _fields(value: Any, records: Records) -> dict[str, Any]:
    names = getattr(value, "_fields", None) or [each.name for each in fields(value)]
    # What a leading underscore marks is kept for speed and made anew.
    kept = [name for name in names if not name.startswith("_")]
    return {name: _record(getattr(value, name), records) for name in kept}


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


def _term(predictor: AbstractPredictor) -> dict[str, Any]:
    """A predictor that waits for a table: its registered name, and what it was made of.

    Raises:
        TypeError: these would not make it again.
    """
    for name in predictors:
        if predictors.get(name) is type(predictor) and is_dataclass(predictor):
            made_of = _fields(predictor, ())
            with suppress(TypeError, KeyError):
                if _made(type(predictor), made_of) == predictor:
                    return {"term": name, "fields": made_of}
    raise TypeError(f"{type(predictor).__name__} of `{type(predictor).__module__}`")


def _made(kind: type[AbstractPredictor], made_of: Mapping[str, Any]) -> AbstractPredictor:
    """A predictor of its fields; some take one of them as any number of arguments."""
    wanted = signature(kind).parameters.values()
    several = [each.name for each in wanted if each.kind is each.VAR_POSITIONAL]
    named = {name: each for name, each in made_of.items() if name not in several}
    return kind(*(each for name in several for each in made_of[name]), **named)


def _restored(value: Any, records: Mapping[str, type]) -> Any:
    if isinstance(value, tuple | list):
        return type(value)(_restored(each, records) for each in value)
    if not isinstance(value, Mapping):
        return value
    if "family" in value:
        return parse(value["family"], families)
    if "predictor" in value:
        return _part(value["predictor"], value["part"]).restore(value["state"])
    if "numbers" in value:
        return jnp.asarray(value["numbers"])
    if "mapping" in value:
        return {key: _restored(each, records) for key, each in value["mapping"].items()}
    inside = {name: _restored(each, records) for name, each in value["fields"].items()}
    if "term" in value:
        return _made(predictors.get(value["term"]), inside)
    return records[value["record"]](**inside)


def _part(name: str, part: str) -> type[AbstractPrepared]:
    """The class of a prepared term: from the module of a registered predictor, nowhere else."""
    found = getattr(import_module(predictors.get(name).__module__), part, None)
    if not (isinstance(found, type) and issubclass(found, AbstractPrepared)):
        raise UnknownNameError(f"predictor `{name}` has no part `{part}`.")
    return found
