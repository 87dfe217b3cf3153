"""One file that holds plain values: a zip of JSON, `.npy` and Parquet, each with its hash.

Nothing in it is ever run: no pickle is written, and none is read.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import secrets
import zipfile
import zlib
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.datatypes import DataTypeClass

from assay import __version__
from assay.errors import DataError

FORMAT = 1
_MANIFEST, _BODY = "manifest.json", "body.json"
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same model gives the same bytes
_TAGS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def write(path: Path, kind: str, body: Mapping[str, Any]) -> None:
    """Write values to one file, whole or not at all.

    Args:
        path: a file that is there is replaced.
        kind: what is written, such as `fitted model`.
        body: numbers, text, arrays, tables, kinds of columns, tuples, lists and dictionaries of
            them.

    Raises:
        TypeError: a value of another kind; nothing was written then.
        DataError: the file cannot be written.
    """
    arrays: dict[str, bytes] = {}
    text = json.dumps(_plain(body, arrays), ensure_ascii=False, allow_nan=False)
    members = {_BODY: text.encode(), **arrays}
    head = {
        "format": FORMAT,
        "kind": kind,
        "assay": __version__,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {_MANIFEST: json.dumps(head, indent=1).encode(), **members}.items():
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    _replace(path, packed.getvalue())


def read(path: Path, kind: str) -> dict[str, Any]:
    """Values as `write` took them.

    Raises:
        DataError: there is no such file, it is not one of Assay's, holds something else, is
            damaged, or was written by a newer version.
    """
    try:
        with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path) if _looks_like_zip(path) else _foreign(path, kind) from error
    head = _head(path, kind, members.pop(_MANIFEST, None))
    hashes = head.get("sha256")
    found = {name: hashlib.sha256(content).hexdigest() for name, content in members.items()}
    if found != hashes:
        raise _damaged(path)
    try:
        return _value(json.loads(members[_BODY]), members)
    except (
        KeyError,
        ValueError,
        TypeError,
        EOFError,
        RecursionError,
        pl.exceptions.PolarsError,
    ) as error:
        raise _damaged(path) from error


def _head(path: Path, kind: str, content: bytes | None) -> dict[str, Any]:
    try:
        head = json.loads(content or b"")
        written, by, found = head["format"], head["assay"], head["kind"]
    except (ValueError, KeyError, TypeError) as error:
        raise _foreign(path, kind) from error
    if written != FORMAT:
        raise DataError(
            f"{path}: written by Assay {by} (format {written}); this version reads format "
            f"{FORMAT}. Use a newer Assay."
        )
    if found != kind:
        raise DataError(f"{path}: holds a {found}, not a {kind}.")
    return head


def _looks_like_zip(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def _foreign(path: Path, kind: str) -> DataError:
    return DataError(f"{path}: is not a {kind} that Assay saved. Give the file that `save` wrote.")


def _damaged(path: Path) -> DataError:
    return DataError(
        f"{path}: is damaged: it was cut short or changed since it was saved. Copy it again, or "
        "save the model again."
    )


def _replace(path: Path, content: bytes) -> None:
    """Write beside the file first: whoever reads meanwhile sees the old one or the new one."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise DataError(f"{path}: cannot be written: {error.strerror or error}.") from error


def _plain(value: Any, arrays: dict[str, bytes]) -> Any:
    """As JSON; arrays go to files of their own, what JSON lacks gets a tag."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, np.generic):
        return _plain(value.item(), arrays)
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$number": str(value)}
    if isinstance(value, np.ndarray):
        return {"$array": _store(value, arrays)}
    if isinstance(value, pl.DataFrame):
        return {"$table": _store_table(value, arrays)}
    if isinstance(value, pl.DataType | DataTypeClass):
        return {"$kind": _store_table(pl.DataFrame(schema={"kind": value}), arrays)}
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, list | tuple):
        items = [_plain(each, arrays) for each in value]
        return items if isinstance(value, list) else {"$tuple": items}
    if isinstance(value, Mapping):
        pairs = [(key, _plain(each, arrays)) for key, each in value.items()]
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in pairs):
            return dict(pairs)
        return {"$pairs": [[_plain(key, arrays), each] for key, each in pairs]}
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__}")


def _store(array: np.ndarray, arrays: dict[str, bytes]) -> str:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"array of {array.dtype}")
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    name = f"{len(arrays)}.npy"
    arrays[name] = out.getvalue()
    return name


def _store_table(table: pl.DataFrame, arrays: dict[str, bytes]) -> str:
    if any(dtype == pl.Object for dtype in table.dtypes):
        raise TypeError("table of Python objects")
    out = io.BytesIO()
    table.write_parquet(out)
    name = f"{len(arrays)}.parquet"
    arrays[name] = out.getvalue()
    return name


def _value(plain: Any, members: Mapping[str, bytes]) -> Any:
    """What `_plain` was given."""
    if isinstance(plain, list):
        return [_value(each, members) for each in plain]
    if not isinstance(plain, dict):
        return plain
    tag = next(iter(plain), "")
    if not tag.startswith("$"):
        return {key: _value(each, members) for key, each in plain.items()}
    content = plain[tag]
    readers: dict[str, Callable[[], Any]] = {
        "$number": lambda: _TAGS[content],
        "$array": lambda: np.load(io.BytesIO(members[content]), allow_pickle=False),
        "$table": lambda: pl.read_parquet(io.BytesIO(members[content])),
        "$kind": lambda: pl.read_parquet(io.BytesIO(members[content])).dtypes[0],
        "$moment": lambda: datetime.fromisoformat(content),
        "$date": lambda: date.fromisoformat(content),
        "$tuple": lambda: tuple(_value(each, members) for each in content),
        "$pairs": lambda: {_value(key, members): _value(each, members) for key, each in content},
    }
    return readers[tag]()
