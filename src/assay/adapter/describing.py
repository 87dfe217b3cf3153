"""A foreign model in one line."""

import inspect
from typing import Any

import numpy as np

_LONGEST = 300
_REST = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def described(model: Any) -> str:
    """Its class and what was set otherwise than by default.

    Args:
        model: an estimator with `get_params`, or an object that keeps its arguments by their names.

    Returns:
        Such as `RandomForestRegressor(n_estimators=200)`; at most 300 characters.
    """
    text = _call(model)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _call(model: Any) -> str:
    usual = _defaults(type(model))
    if hasattr(model, "get_params"):
        own = model.get_params(deep=False)
    else:
        own = {name: getattr(model, name, default) for name, default in usual.items()}
    changed = {name: each for name, each in own.items() if not _same(each, usual.get(name))}
    inside = ", ".join(f"{name}={_text(each)}" for name, each in changed.items())
    return f"{type(model).__name__}({inside})"


def _text(value: Any) -> str:
    if hasattr(value, "get_params") and not isinstance(value, type):
        return _call(value)
    if isinstance(value, np.ndarray):
        return f"array{value.shape}"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_text, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_text(each)}" for key, each in value.items()) + "}"
    if callable(value):
        return getattr(value, "__name__", type(value).__name__)  # a repr would show an address
    if isinstance(value, str | int | float | bool | None):
        return repr(value)
    return type(value).__name__


def _defaults(kind: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in reversed(kind.__mro__):
        try:
            parameters = inspect.signature(each.__dict__["__init__"]).parameters.values()
        except (KeyError, TypeError, ValueError):
            continue
        named = [each for each in parameters if each.kind not in _REST and each.name != "self"]
        empty = inspect.Parameter.empty
        found |= {each.name: None if each.default is empty else each.default for each in named}
    return found


def _same(value: Any, usual: Any) -> bool:
    if value is None or usual is None:
        return value is usual
    if isinstance(value, float) and isinstance(usual, float) and value != value:
        return usual != usual
    return type(value) is type(usual) and isinstance(value, str | int | float) and value == usual
