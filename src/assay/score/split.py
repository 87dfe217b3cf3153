"""Splits without look-ahead: folds for open rows, and the mask of the rows that are sealed.

Rows and groups are chosen by hash: sorting changes nothing, exact duplicates stay on one side.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from assay.errors import DataError, nearest

Values = np.ndarray | pl.Series
TIME_KINDS = {pl.Datetime: b"c", pl.Duration: b"d", pl.Time: b"o"}


@dataclass(frozen=True, eq=False)  # arrays have no single truth value to compare by
class Fold:
    """One split of open rows: indices to `train` on and to `test` on, both ascending."""

    train: np.ndarray
    test: np.ndarray


def row_fingerprints(table: pl.DataFrame, *, salt: bytes, target: str) -> np.ndarray:
    """A name for each row that depends on its values alone, and tells nothing without the salt.

    The columns enter in the order of their names, without their names; `row_id` does not enter.
    Equal numbers are one value whatever their type (1, 1.0 and true; 0.0 and -0.0), and so are a
    date and its midnight; times count to the microsecond. NaN is missing, a value of its own.

    Args:
        table: the rows.
        salt: a secret of the ledger; without it nobody can try out values.
        target: the column to be predicted; another target gives other fingerprints.

    Returns:
        32 hexadecimal digits for each row, dtype `S32`. Only exact duplicates share them.

    Raises:
        DataError: there is no column `target`, or a column holds lists or other nested values.

    Source: Saarinen, Aumasson (2015), RFC 7693: BLAKE2b, keyed, 128 bits.
    """
    if target not in table.columns:
        raise DataError(f"fingerprints: no column `{target}`. {nearest(target, table.columns)}")
    cells = [_cells(table[name]) for name in sorted(table.columns) if name != "row_id"]
    return _digests(np.hstack(cells), salt, "row of " + target)


def k_folds(keys: Values, k: int, *, seed: int) -> tuple[Fold, ...]:
    """Split rows into `k` folds so that equal keys are tested together.

    Args:
        keys: fingerprint or identifier of each row.
        k: number of folds, 2 to the number of distinct keys, which `seed` deals out.
        seed: any whole number.

    Returns:
        Folds whose tests partition the rows; their numbers of distinct keys differ by at most one.

    Raises:
        DataError: `k` is out of range, or a key is missing.
    """
    copies, place = _in_hash_order(keys, str(seed).encode(), "folds")
    if not 2 <= k <= len(copies):
        raise DataError(
            f"folds: `k` is {k}, must be 2 to {len(copies)} (distinct rows or groups). Ask for "
            "fewer folds or bring more rows."
        )
    return tuple(_fold(place % k != turn, place % k == turn) for turn in range(k))


def group_folds(groups: Values, k: int, *, seed: int) -> tuple[Fold, ...]:
    """`k_folds` whose key is the group of each row: no group is both trained on and tested."""
    return k_folds(groups, k, seed=seed)


def rolling_origins(times: Values, *, folds: int, horizon: int | None = None) -> tuple[Fold, ...]:
    """Test on the last spans of time, each time training on all that came before.

    Args:
        times: time of each row; the rows of a panel share their times.
        folds: number of spans, 1 or more.
        horizon: distinct times in each span; by default an even share for `folds + 1` spans.

    Returns:
        Folds in order of time, each trained strictly before its span, over the whole panel. The
        last span ends with the data; spans neither overlap nor leave gaps.

    Raises:
        DataError: a time is missing, or no time would be left to train on.
    """
    distinct, place = np.unique(_complete(times).to_numpy(), return_inverse=True)
    span = max(1, len(distinct) // (folds + 1)) if horizon is None and folds > 0 else horizon or 0
    if folds < 1 or span < 1 or folds * span >= len(distinct):
        raise DataError(
            f"rolling origins: {folds} spans of {span} times do not leave one of {len(distinct)} "
            "times to train on. Both are 1 or more: ask for fewer or shorter spans."
        )
    origins = range(len(distinct) - folds * span, len(distinct), span)
    return tuple(_fold(place < at, (place >= at) & (place < at + span)) for at in origins)


def seal_share(fingerprints: Values, share: float, *, salt: bytes = b"") -> np.ndarray:
    """Choose a share of the rows to seal, by hash.

    Args:
        fingerprints: of each row.
        share: strictly between 0 and 1; rounded to whole rows.
        salt: another salt chooses other rows.

    Returns:
        True for the rows with the smallest hashes; the last duplicates may carry it beyond.

    Raises:
        DataError: `share` is out of range, or no row would be sealed or left open.
    """
    copies, place = _in_hash_order(fingerprints, salt, "seal")
    before = np.cumsum(copies) - copies
    return _both_sides((before < round(share * len(place)))[place], f"a share of {share}")


def seal_rows(fingerprints: Values, rows: int, *, salt: bytes = b"") -> np.ndarray:
    """Choose an exact number of rows to seal, by hash.

    Args:
        fingerprints: of each row.
        rows: how many to seal, 1 to all but one.
        salt: another salt chooses other rows.

    Returns:
        True for the rows with the smallest hashes, except that duplicates which would exceed the
        number stay open together, and the next hash takes their place.

    Raises:
        DataError: `rows` is out of range, or duplicates put it out of reach.
    """
    copies, place = _in_hash_order(fingerprints, salt, "seal")
    chosen, left = np.zeros(len(copies), bool), rows
    for key, count in enumerate(copies.tolist()):
        if count <= left:
            chosen[key], left = True, left - count
    if left > 0 and rows < len(place):
        raise DataError(
            f"seal: of {len(place)} rows, {rows} cannot be sealed without parting exact "
            f"duplicates; {rows - left} can. Write rows = {rows - left}, or drop the duplicates."
        )
    return _both_sides(chosen[place], f"rows = {rows}")


def seal_groups(groups: Values, share: float, *, salt: bytes = b"") -> np.ndarray:
    """Choose a share of the groups to seal whole, by hash.

    Args:
        groups: group of each row.
        share: of the groups, not of their rows; strictly between 0 and 1.
        salt: another salt chooses other groups.

    Returns:
        True for each sealed row.

    Raises:
        DataError: a row has no group, or no group would be sealed or left open.
    """
    copies, place = _in_hash_order(groups, salt, "seal")
    return _both_sides(place < round(share * len(copies)), f"a share of {share} of the groups")


def seal_from(times: Values, start: date | str | float) -> np.ndarray:
    """Seal everything from one moment on.

    Args:
        times: time of each row: dates, datetimes or numbers.
        start: first sealed moment, or ISO 8601 text; without a zone, in that of the times.

    Returns:
        True for each sealed row.

    Raises:
        DataError: a time is missing, `start` is no such time, or one side would be empty.
    """
    column = _complete(times)
    return _both_sides((column >= _moment(start, column.dtype)).to_numpy(), f"from {start}")


def _fold(train: np.ndarray, test: np.ndarray) -> Fold:
    return Fold(np.flatnonzero(train), np.flatnonzero(test))


def _both_sides(mask: np.ndarray, asked: str) -> np.ndarray:
    if mask.all() or not mask.any():
        raise DataError(
            f"seal: {asked} would seal {mask.sum()} of {mask.size} rows; some must be sealed and "
            "some stay open. Write a share between 0 and 1 (0.3 for 30 %), or { rows = 300 }."
        )
    return mask


def _complete(values: Values) -> pl.Series:
    column = pl.Series(values)
    column = column.fill_nan(None) if column.dtype.is_float() else column
    if missing := column.null_count():
        raise DataError(
            f"split: {missing} rows have no time, group or key, first row "
            f"{column.is_null().arg_max()}. Every row needs one: fill it in or drop the rows."
        )
    return column


def _moment(start: Any, dtype: pl.DataType) -> Any:
    """`start`, comparable with times of this type."""
    zone = getattr(dtype, "time_zone", None)
    try:
        if dtype.is_numeric():
            return float(start)
        moment = datetime.fromisoformat(start) if isinstance(start, str) else start
        moment = moment if isinstance(moment, datetime) else datetime.combine(moment, time())
        if zone:
            known = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
            return known.astimezone(ZoneInfo(zone))
        if dtype.is_temporal() and moment.tzinfo is None:
            return moment
    except (TypeError, ValueError):
        pass
    raise DataError(
        f"seal: `from` is {start!r}, but the times are {dtype}. Accepted are a number for numbers, "
        "ISO 8601 for dates, and a zone only where the times have one. Write it like them."
    )


def _in_hash_order(keys: Values, salt: bytes, purpose: str) -> tuple[np.ndarray, np.ndarray]:
    """Distinct keys ordered by hash: the copies of each, and the place of each row among them."""
    if isinstance(keys, np.ndarray) and keys.dtype.kind == "S":  # fingerprints, already bytes
        cells = np.ascontiguousarray(keys).view(np.uint8).reshape(-1, keys.itemsize)
    else:
        cells = _cells(_complete(keys))
    hashes = _digests(cells, salt, purpose)
    _, place, copies = np.unique(hashes, return_inverse=True, return_counts=True)
    return copies, place


def _digests(cells: np.ndarray, salt: bytes, purpose: str) -> np.ndarray:
    """The keyed hash of each row of bytes; another purpose gives unrelated hashes."""
    key = blake2b(repr((salt, purpose)).encode(), digest_size=32).digest()
    rows = np.ascontiguousarray(cells).view(f"V{cells.shape[1]}").ravel().tolist()
    return np.array([blake2b(row, digest_size=16, key=key).hexdigest() for row in rows], "S32")


def _cells(column: pl.Series) -> np.ndarray:
    """17 bytes for each value: its kind, then 16 that only equal values share; 0 for missing."""
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return _number_cells(column)
    if column.dtype.is_temporal():
        return _time_cells(column)
    if column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return _text_cells(column.cast(pl.String), b"t")
    raise DataError(
        f"fingerprints: column `{column.name}` holds {column.dtype}; accepted are numbers, truth "
        "values, text, dates and times. Split it into columns of these, or drop it."
    )


def _number_cells(column: pl.Series) -> np.ndarray:
    number = column.cast(pl.Float64).fill_nan(None)
    doubles = number.fill_null(0.0).to_numpy() + 0.0  # in NumPy, where it turns -0.0 into 0.0
    cells = _pack(b"n", number.is_not_null(), doubles.astype("<f8"))
    if column.dtype.is_integer():  # beyond 2^53 a double is no longer every integer
        exact = (number.cast(column.dtype, strict=False) == column).fill_null(False)
        beyond = ~exact & column.is_not_null()
        cells[beyond.to_numpy()] = _text_cells(column.filter(beyond).cast(pl.String), b"i")
    return cells


def _time_cells(column: pl.Series) -> np.ndarray:
    column = column.cast(pl.Datetime("us")) if column.dtype == pl.Date else column
    # A zoned time is a moment in UTC and never equals a local one.
    kind = b"z" if getattr(column.dtype, "time_zone", None) else TIME_KINDS[type(column.dtype)]
    count = column if column.dtype == pl.Time else column.dt.cast_time_unit("us")
    ticks = count.to_physical().fill_null(0).to_numpy().astype("<i8")
    return _pack(kind, column.is_not_null(), ticks)


def _text_cells(column: pl.Series, kind: bytes) -> np.ndarray:
    known: dict[str | None, bytes] = {None: bytes(16)}
    for value in column.unique().drop_nulls():
        known[value] = blake2b(value.encode(), digest_size=16).digest()
    digests = np.array([known[value] for value in column], "V16")
    return _pack(kind, column.is_not_null(), digests)


def _pack(kind: bytes, present: pl.Series, values: np.ndarray) -> np.ndarray:
    cells = np.full((len(present), 17), [*kind, *bytes(16)], np.uint8)
    cells[:, 1 : 1 + values.itemsize] = values.view(np.uint8).reshape(-1, values.itemsize)
    cells[~present.to_numpy()] = 0
    return cells
