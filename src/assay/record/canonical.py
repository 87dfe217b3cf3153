"""Canonical JSON: one value, one text, so that a hash of the text is a hash of the value.

UTF-8, keys sorted, no spaces, the shortest text for a float; whole numbers stay whole. JSON knows
no nan and no infinity: they are `{"$float": "nan"}`, `"inf"` or `"-inf"`, and a key that itself
begins with `$` gets one more in front.
"""

import hashlib
import json
import math
from numbers import Integral, Real
from typing import Any

_write = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode

_AS_THEY_ARE = frozenset({str, int, bool, type(None)})  # nearly all values are of these


def canonical(value: Any) -> str:
    """The one text of `value`.

    Args:
        value: dicts with text keys, lists, tuples, text, numbers (NumPy's too), booleans, `None`.

    Returns:
        JSON; a tuple reads back as a list.

    Raises:
        TypeError: anything else, such as a date or an array.
        ValueError: text that is not Unicode, such as half a surrogate pair.
    """
    text = _write(_plain(value))
    text.encode()
    return text


def read_canonical(text: str) -> Any:
    """The value whose canonical text this is.

    Raises:
        ValueError: `text` is not JSON.
    """
    return json.loads(text, object_pairs_hook=_untagged, parse_constant=_no_constant)


def sha_of(value: Any) -> str:
    """SHA-256 of the canonical text of `value`, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            _key(key): item if type(item) in _AS_THEY_ARE else _plain(item)
            for key, item in value.items()
        }
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, int | Integral):
        return int(value)
    if isinstance(value, float | Real):
        number = float(value)
        return number if math.isfinite(number) else {"$float": str(number)}
    raise TypeError(f"canonical JSON: found {type(value).__name__}, must be text, number or list.")


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"canonical JSON: the key {key!r} must be text.")
    return "$" + key if key[:1] == "$" else key


def _untagged(pairs: list[tuple[str, Any]]) -> Any:
    if len(pairs) == 1 and pairs[0][0] == "$float":
        return float(pairs[0][1])
    return {key[1:] if key.startswith("$") else key: item for key, item in pairs}


def _no_constant(name: str) -> Any:
    raise ValueError(f"canonical JSON: found {name}, must be tagged.")
