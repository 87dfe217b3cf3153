"""A forecast is written in pieces that make the same file, whole or not at all."""

import polars as pl
import pytest

from assay.errors import ConfigError, DataError
from assay.series.future import forecast as room
from assay.series.future.written import write_tables


@pytest.fixture
def few_a_block(monkeypatch, forecast):
    monkeypatch.setattr(room, "CELLS", 5 * forecast.horizon * forecast.paths)


def test_the_parquet_file_is_the_table(few_a_block, forecast, tmp_path):
    assert len(list(forecast.tables())) == 3
    forecast.write(tmp_path / "f.parquet", [50, 90])
    found, whole = pl.read_parquet(tmp_path / "f.parquet"), forecast.table([50, 90])
    assert found.schema == whole.schema
    assert found.equals(whole)
    assert [each.name for each in tmp_path.iterdir()] == ["f.parquet"]


def test_the_csv_file_is_the_table(few_a_block, forecast, tmp_path):
    forecast.write(str(tmp_path / "f.csv"))
    whole = forecast.table()
    whole.write_csv(tmp_path / "whole.csv")
    assert (tmp_path / "f.csv").read_text() == (tmp_path / "whole.csv").read_text()
    assert whole.columns[-4:] == ["lo-80", "hi-80", "lo-90", "hi-90"]


@pytest.mark.parametrize("name", ["f.csv", "f.parquet"])
def test_what_breaks_in_the_middle_leaves_the_old_file(tmp_path, name):
    def tables():
        yield pl.DataFrame({"a": [1]})
        raise KeyboardInterrupt

    (tmp_path / name).write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_tables(tables(), tmp_path / name)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_kinds_of_keys_are_kept_over_pieces(tmp_path):
    kinds = {"key": pl.Categorical, "other": pl.Enum(["x", "y"]), "at": pl.Datetime("ns", "UTC")}
    pieces = [
        pl.DataFrame({"key": [key], "other": ["y"], "at": [7]}, schema=kinds) for key in ("b", "a")
    ]
    write_tables(pieces, tmp_path / "f.parquet")
    assert pl.read_parquet(tmp_path / "f.parquet").equals(pl.concat(pieces))


def test_places_that_cannot_be_written_are_named(forecast, tmp_path):
    with pytest.raises(ConfigError, match=r"f\.xlsx: a forecast ends in \.parquet or \.csv"):
        forecast.write(tmp_path / "f.xlsx")
    with pytest.raises(DataError, match=r"f\.csv: the forecast cannot be written: No such file"):
        forecast.write(tmp_path / "none" / "f.csv")
