"""pydantic's findings as sentences: where, what was found, what is accepted, what to do."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, ValidationError

from assay.errors import nearest
from assay.record.setting import shown

Keys = Callable[[tuple[str, ...]], Sequence[str]]
"""Known keys of the table at a place such as `("project", "seal")`."""

_ACCEPTED = {
    "string_type": "must be text in quotes",
    "float_type": "must be a number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "finite_number": "must be finite",
    "dict_type": "must be a table such as { name = ... }",
    "model_type": "must be a table such as { name = ... }",
    "tuple_type": "must be a list such as [ ... ]",
}
# pydantic's own words in a place: which half of a union, which side of a pair.
_TAGS = ("a name", "a number", "a table", "[key]")
_NOT_CALLED = "default_factory_not_called"  # follows from another finding, tells nothing new


def explain(error: ValidationError, where: str, data: Any, keys: Keys) -> str:
    """All findings, one a line, each starting with its place.

    Args:
        error: what pydantic raised.
        where: start of each line, such as `assay.toml`.
        data: what was validated; projects and attempts are called by the names in it.
        keys: known keys of the table at a place.
    """
    found = [item for item in error.errors(include_url=False) if item["type"] != _NOT_CALLED]
    return "\n".join(f"{_place(where, item['loc'], data)}{_finding(item, keys)}" for item in found)


def _place(where: str, loc: tuple[int | str, ...], data: Any) -> str:
    """`assay.toml: project "demand": attempt "tree": ` for a finding inside that attempt."""
    place, table = f"{where}: ", data
    for part, inner in pairwise((*loc, "")):
        table = _step(table, part)
        if part == "portfolio":
            place += "[portfolio]: "
        elif isinstance(inner, int) and part in ("project", "attempt"):
            place += f"{part} {_name(_step(table, inner), inner)}: "
    return place


def _step(table: Any, part: int | str) -> Any:
    try:
        return table[part]
    except (KeyError, IndexError, TypeError):
        return None


def _name(table: Any, index: int) -> str:
    name = (table.get("key") or table.get("name")) if isinstance(table, dict) else None
    return f'"{name}"' if name else f"{index + 1}"


def _key(loc: tuple[int | str, ...]) -> str:
    """What is left of a place once file, project and attempt are named: `belief.share`."""
    parts = list(loc)
    while len(parts) > 1 and parts[0] in ("project", "attempt") and isinstance(parts[1], int):
        parts = parts[2:]
    if parts and parts[0] == "portfolio":
        parts = parts[1:]
    return ".".join(part for part in parts if isinstance(part, str) and part not in _TAGS)


def _finding(item: Any, keys: Keys) -> str:
    key, kind, found = _key(item["loc"]), item["type"], item["input"]
    path = tuple(part for part in item["loc"] if isinstance(part, str) and part not in _TAGS)
    if kind == "extra_forbidden":
        name = str(item["loc"][-1])
        return f"unknown key `{key}`. {nearest(name, keys(path[:-1]))}"
    if kind == "missing":
        return f"{key} is missing. Write {key.rpartition('.')[2]} = ..."
    if kind == "literal_error":
        return f"{key} is {shown(found)}, must be {item['ctx']['expected']}."
    if kind == "value_error":
        return f"{key} {item['ctx']['error']}".strip()
    accepted = _ACCEPTED.get(kind)
    if accepted is None:
        return f"{key} is {shown(found)}: {item['msg']}."
    is_quoted_number = isinstance(found, str) and accepted.endswith("number")
    return f"{key} is {shown(found)}, {accepted}.{' Leave out the quotes.' * is_quoted_number}"


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys of one table as the file writes them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())
