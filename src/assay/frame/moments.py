"""Times: text read as days or moments, and the refusal of mixed zones."""

from collections.abc import Iterable
from datetime import date, datetime

import polars as pl

from assay.errors import DataError
from assay.frame.rows import at_row, shown

_DAY = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"
ACCEPTED = (
    "Days are written 2024-02-01, months 2024-02, moments 2024-02-01T13:00 with the same offset "
    "from UTC in each row or with none"
)


def parse_times(column: pl.Series) -> pl.Series:
    """Text as days or moments where every value is one; any other column comes back unchanged.

    Days and moments without an offset stay local. Moments that all have one offset become UTC.
    Slashes are left alone: 01/02/2024 is January for some and February for others.
    """
    if column.dtype != pl.String or column.null_count() == len(column):
        return column
    if _all_match(column, _DAY):
        return _or_unchanged(column, column.str.to_date("%Y-%m-%d", strict=False))
    if _all_match(column, _MOMENT) and len(_offsets(column)) == 1:
        return _or_unchanged(column, _moments(column))
    return column


def parse_months(column: pl.Series) -> pl.Series:
    """Text such as 2024-02 as the first day of that month; other columns unchanged."""
    if column.dtype != pl.String or not _all_match(column, r"^\d{4}-\d{2}$"):
        return column
    return _or_unchanged(column, (column + "-01").str.to_date("%Y-%m-%d", strict=False))


def refuse_text(column: pl.Series, where: str) -> None:
    """Say why a time column is still text.

    Raises:
        DataError: always, if `column` is text: mixed offsets, or a value that is no time.
    """
    if column.dtype != pl.String:
        return
    if _all_match(column, _MOMENT):
        refuse_mixed(_offset_rows(column), where)
    for row, value in enumerate(column):
        if value is not None and _is_text(value):
            raise DataError(f"{where} holds {shown(value)} in {at_row(row)}. {ACCEPTED}.")
    raise DataError(
        f"{where} mixes days, months and moments: {at_row(0)} is {shown(column[0])}. {ACCEPTED}, "
        "and one column keeps to one of them."
    )


def refuse_mixed(zones: Iterable[tuple[int, str]], where: str) -> None:
    """Refuse a column whose rows are not all in one zone.

    Args:
        zones: position and zone of each row that has a time.
        where: source and column.

    Raises:
        DataError: two zones, or zoned and local times.
    """
    earlier: tuple[int, str] | None = None
    for row, zone in zones:
        if earlier is not None and zone != earlier[1]:
            raise DataError(
                f"{where} mixes {earlier[1]} ({at_row(earlier[0])}) and {zone} ({at_row(row)}). "
                "A column keeps one kind of time in one zone: convert all of it to UTC, or to "
                "local times without a zone."
            )
        earlier = earlier or (row, zone)


def zone_of(value: date) -> str:
    """The kind of a Python time: a day, a local moment, or a moment in a named zone."""
    if not isinstance(value, datetime):
        return "days"
    if value.tzinfo is None:
        return "times without a zone"
    key = getattr(value.tzinfo, "key", None) or str(value.tzinfo)
    return f"times in {key}"


def _all_match(column: pl.Series, pattern: str) -> bool:
    return bool(column.str.contains(pattern).all()) and column.null_count() < len(column)


def _offsets(column: pl.Series) -> list[str | None]:
    return column.drop_nulls().str.extract(_ZONE).unique().to_list()


def _offset_rows(column: pl.Series) -> Iterable[tuple[int, str]]:
    for row, (value, offset) in enumerate(zip(column, column.str.extract(_ZONE), strict=True)):
        if value is not None:
            yield row, f"times with offset {offset}" if offset else "times without a zone"


def _moments(column: pl.Series) -> pl.Series:
    body = column.str.replace(_ZONE, "").str.replace(" ", "T", literal=True)
    body = body.str.replace(r"(T\d{2}:\d{2})$", "$1:00")
    offset = _offsets(column)[0]
    if offset is None:
        return body.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    suffix = "+00:00" if offset == "Z" else offset[:3] + ":" + offset[-2:]
    zoned = (body + suffix).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", strict=False)
    return zoned.dt.convert_time_zone("UTC")


def _or_unchanged(column: pl.Series, parsed: pl.Series) -> pl.Series:
    # 2024-02-30 matches the pattern and is no day: a null where there was text.
    return parsed if parsed.null_count() == column.null_count() else column


def _is_text(value: str) -> bool:
    one = pl.Series([value])
    return parse_months(parse_times(one)).dtype == pl.String
