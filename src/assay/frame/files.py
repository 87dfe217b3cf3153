"""Tables in files: CSV and Parquet."""

import csv
from collections.abc import Callable
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from assay.errors import DataError
from assay.frame.moments import parse_times
from assay.frame.rows import at_row
from assay.frame.sniff import sniff

# Words that stand for "missing" in a column that is otherwise numbers; in a column of text they
# are left alone, where NA may be Namibia.
_MISSING = ("NA", "N/A", "NaN", "nan", "null", "NULL", "None", "")


def read_file(path: Path, source: str) -> pl.DataFrame:
    """Read a table from a file.

    Args:
        path: a file ending in .csv or .parquet.
        source: what messages call it.

    Raises:
        DataError: no such file, a folder, another kind of file, or content that is no table.
    """
    readers: dict[str, Callable[[Path, str], pl.DataFrame]] = {
        ".csv": _read_csv,
        ".parquet": _read_parquet,
        ".pq": _read_parquet,
    }
    _refuse_absent(path, source)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(
            f"{source}: files ending in `{path.suffix}` are not read; it holds {sniff(path)}. "
            "Accepted are .csv and .parquet, or `python:file.py:function` for anything else."
        )
    try:
        return reader(path, source)
    except OSError as error:
        raise DataError(
            f"{source}: cannot be opened ({error.strerror or error}). A readable CSV or Parquet "
            "file is needed: check who may read it."
        ) from error


def _refuse_absent(path: Path, source: str) -> None:
    if path.is_dir():
        tables = sorted(p.name for p in path.iterdir() if p.suffix.lower() in (".csv", ".parquet"))
        inside = f" It holds {', '.join(tables[:5])}." if tables else ""
        raise DataError(f"{source}: is a folder, a CSV or Parquet file is needed.{inside}")
    if not path.exists():
        raise DataError(
            f"{source}: no such file, looked for {path.absolute()}. Name a CSV or Parquet file "
            "that is there."
        )


def _read_parquet(path: Path, source: str) -> pl.DataFrame:
    kind = sniff(path)
    if kind != "a Parquet file":
        found = "empty" if path.stat().st_size == 0 else kind
        raise DataError(
            f"{source}: not a Parquet file, its content is {found}. Save the table as Parquet, or "
            "as CSV with a name ending in .csv."
        )
    try:
        return pl.read_parquet(path)
    except PolarsError as error:
        raise DataError(
            f"{source}: a broken Parquet file ({_first_line(error)}). A whole file is needed: "
            "copy or write it again."
        ) from error


def _read_csv(path: Path, source: str) -> pl.DataFrame:
    kind = sniff(path)
    if kind != "text":
        raise DataError(
            f"{source}: not a CSV file, its content is {kind}. Save the table as CSV in UTF-8, "
            "with column names in the first line."
        )
    if not path.read_bytes().strip():
        raise DataError(f"{source}: empty file, a table with column names and rows is needed.")
    _refuse_header(path, source)
    try:
        # All rows decide a column's type: a guess from the first hundred fails on row 20,001.
        table = pl.read_csv(path, infer_schema_length=None, try_parse_dates=False)
    except PolarsError as error:
        raise _unreadable(path, source, error) from error
    return _typed(_without_last_blanks(table))


def _refuse_header(path: Path, source: str) -> None:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    again = next((name for place, name in enumerate(header) if name in header[:place]), None)
    if again is not None:
        raise DataError(
            f"{source}: two columns are called `{again}`, each name may stand once. Rename one."
        )
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and mark in header[0]:
            raise DataError(
                f"{source}: its columns are separated by {word} (first line {header[0]!r}), "
                "commas are needed. Save it with commas and decimal points, or as Parquet."
            )


def _unreadable(path: Path, source: str, error: PolarsError) -> DataError:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file)
            header = next(lines)
            for row, cells in enumerate(lines):
                if len(cells) > len(header):
                    return DataError(
                        f"{source}: {at_row(row)} (line {lines.line_num}) has {len(cells)} values "
                        f"for {len(header)} columns. Put text that holds commas in quotes."
                    )
    except UnicodeDecodeError as problem:
        return DataError(
            f"{source}: not UTF-8 text, byte {problem.start} is "
            f"0x{problem.object[problem.start]:02x}. Save the file as UTF-8."
        )
    except csv.Error:
        pass  # what Polars said is then all that is known
    return DataError(
        f"{source}: cannot be read as CSV ({_first_line(error)}). Accepted is UTF-8 text with "
        "commas, column names in the first line and closed quotes."
    )


def _without_last_blanks(table: pl.DataFrame) -> pl.DataFrame:
    if table.width < 2 or table.is_empty():
        return table  # in a single column an empty line is a missing value
    filled = table.select(pl.any_horizontal(pl.all().is_not_null())).to_series().arg_true()
    return table.head(int(filled[-1]) + 1 if len(filled) else 0)


def _typed(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns([_numbers(parse_times(column)) for column in table])


def _numbers(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String or column.null_count() == len(column):
        return column
    stripped = column.str.strip_chars()
    said = stripped.set(stripped.is_in(_MISSING), None)
    parsed = said.cast(pl.Float64, strict=False)
    return parsed if parsed.null_count() == said.null_count() else column


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")
