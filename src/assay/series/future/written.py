"""A table that comes in pieces as one file, whole or not at all."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from assay.errors import ConfigError, DataError

KINDS = (".parquet", ".csv")


def refuse_other_kinds(path: Path) -> None:
    """Refuse a file whose name does not say how it is written.

    Raises:
        ConfigError: names the endings that do.
    """
    if path.suffix.lower() not in KINDS:
        raise ConfigError(f"{path}: a forecast ends in .parquet or .csv. Write forecast.parquet.")


def write_tables(tables: Iterable[pl.DataFrame], path: Path) -> None:
    """Write tables of the same columns below each other, each before the next one is made.

    Args:
        tables: at least one.
        path: ends in `.parquet` or `.csv`; a file that is there is replaced in the end.

    Raises:
        ConfigError: another ending.
        DataError: it cannot be written.
    """
    refuse_other_kinds(path)
    try:
        # Beside the file, so that the last step is a rename; gone also where somebody stops it.
        with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
            write = _csv if path.suffix.lower() == ".csv" else _parquet
            write(tables, Path(folder)).replace(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise DataError(f"{path}: the forecast cannot be written: {why}.") from error


def _csv(tables: Iterable[pl.DataFrame], folder: Path) -> Path:
    whole = folder / "whole"
    with whole.open("wb") as file:
        for number, table in enumerate(tables):
            table.write_csv(file, include_header=number == 0)
    return whole


def _parquet(tables: Iterable[pl.DataFrame], folder: Path) -> Path:
    """Each piece as a file, and then one file of all of them, read and written in a stream."""
    parts: list[Path] = []
    for table in tables:
        parts.append(folder / f"{len(parts):06}.parquet")
        table.write_parquet(parts[-1])
    if len(parts) == 1:
        return parts[0]
    whole = folder / "whole.parquet"
    pl.scan_parquet(parts, glob=False).sink_parquet(whole, maintain_order=True)
    return whole
