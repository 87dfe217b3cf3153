"""CSV and Parquet files, and files that are neither."""

import json
import struct
import zlib
from datetime import UTC, date, datetime

import polars as pl
import pytest

from assay.errors import DataError
from assay.frame import read


def png() -> bytes:
    """The smallest PNG picture: one grey pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def test_a_csv_file_gets_types_and_dates(csv):
    frame = read(csv("day,store,units,open\n2024-01-01,a,1,true\n2024-01-02,b,2.5,false\n"))
    assert frame.table.schema == {
        "day": pl.Date(),
        "store": pl.String(),
        "units": pl.Float64(),
        "open": pl.Boolean(),
    }
    assert frame.table["day"].to_list() == [date(2024, 1, 1), date(2024, 1, 2)]
    assert frame.rows == 2
    assert frame.columns == ("day", "store", "units", "open")


def test_the_source_is_the_path_unless_named(csv):
    path = csv("a\n1\n")
    assert read(path).source == str(path)
    assert read(path, source="mine").source == "mine"
    assert read(read(path), source="again").source == "again"


def test_a_path_is_relative_to_the_root(csv):
    path = csv("a\n1\n")
    assert read("data.csv", root=path.parent).rows == 1


def test_a_type_is_decided_by_all_rows(csv):
    # Polars alone guesses from the first hundred rows and fails on the last.
    assert read(csv("a\n" + "1\n" * 500 + "1.5\n")).numbers("a")[-1] == 1.5


def test_numbers_with_spaces_and_words_for_missing_are_numbers(csv):
    assert read(csv("a,b\n1, 2\nNA, NaN\n3,4\n")).table["a"].to_list() == [1.0, None, 3.0]
    assert read(csv("a,b\n1, 2\nNA, NaN\n3,4\n")).table["b"].to_list() == [2.0, None, 4.0]


def test_na_in_a_column_of_text_stays_text(csv):
    assert read(csv("country,b\nNA,1\nDE,2\n")).table["country"].to_list() == ["NA", "DE"]


def test_blank_lines_at_the_end_are_no_rows(csv):
    assert read(csv("a,b\n1,2\n3,4\n\n\n")).rows == 2


def test_one_row_is_a_table(csv):
    assert read(csv("a\n1\n")).rows == 1


@pytest.mark.parametrize("suffix", ["Z", "+00:00", "+0000"])
def test_moments_with_one_offset_become_utc(csv, suffix):
    frame = read(csv(f"t,y\n2024-01-01T10:00{suffix},1\n2024-01-01T11:00:30.5{suffix},2\n"))
    assert frame.table["t"].to_list() == [
        datetime(2024, 1, 1, 10, tzinfo=UTC),
        datetime(2024, 1, 1, 11, 0, 30, 500_000, tzinfo=UTC),
    ]


def test_moments_without_an_offset_stay_local(csv):
    frame = read(csv("t\n2024-01-01 10:00\n"))
    assert frame.table["t"].dtype == pl.Datetime("us", None)


@pytest.mark.parametrize("text", ["01/02/2024", "2024-02-30", "2024-01-01T10:00Z x"])
def test_text_that_is_no_plain_date_is_not_guessed(csv, text):
    assert read(csv(f"t\n{text}\n")).table["t"].to_list() == [text]


def test_parquet_round_trip(tmp_path):
    table = pl.DataFrame({"a": [1, None], "t": [date(2024, 1, 1), date(2024, 1, 2)]})
    table.write_parquet(tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet").table.equals(table)


def test_no_such_file(tmp_path):
    with pytest.raises(DataError, match=r"gone\.csv: no such file, looked for /.*gone\.csv"):
        read("gone.csv", root=tmp_path)


def test_a_folder(csv):
    path = csv("a\n1\n")
    with pytest.raises(DataError, match=r"is a folder, a CSV .* It holds data\.csv\."):
        read(path.parent)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (png(), "a PNG picture"),
        (json.dumps([{"a": 1}]).encode(), "JSON"),
        (json.dumps({"a": [1]}, indent=1).encode(), "JSON"),
        (b"PK\x03\x04" + b"\0" * 30, "a ZIP archive or an Excel workbook"),
        (b"<!DOCTYPE html><html>", "HTML or XML"),
        ("a,b\n1,2\n".encode("utf-16"), "text in UTF-16"),
        (b"a,b\n\0\0\1", "bytes that are no text"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_another_kind_of_file_under_the_name_of_a_table(tmp_path, content, kind, suffix):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(content)
    said = rf"x\.{suffix}: not a (CSV|Parquet) file, its content is {kind}\. Save"
    with pytest.raises(DataError, match=said):
        read(path)


def test_parquet_named_csv_and_the_reverse(tmp_path, csv):
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "x.csv")
    with pytest.raises(DataError, match="not a CSV file, its content is a Parquet file"):
        read(tmp_path / "x.csv")
    with pytest.raises(DataError, match="not a Parquet file, its content is text"):
        read(csv("a\n1\n", "y.parquet"))


def test_a_cut_parquet_file(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"a": range(1000)}).write_parquet(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match=r"a broken Parquet file \(.*copy or write it again"):
        read(path)


def test_a_suffix_that_is_not_read(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match=r"files ending in `\.xlsx` are not read; .* \.csv and"):
        read(path)


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file(csv, text):
    with pytest.raises(DataError, match=r"data\.csv: empty file, a table with column names"):
        read(csv(text))


def test_an_empty_parquet_file(tmp_path):
    (tmp_path / "x.parquet").touch()
    with pytest.raises(DataError, match="not a Parquet file, its content is empty"):
        read(tmp_path / "x.parquet")


def test_a_header_without_rows(csv):
    with pytest.raises(DataError, match=r"empty table, 0 rows and 2 columns \(`a`, `b`\)"):
        read(csv("a,b\n"))


def test_a_table_without_columns():
    with pytest.raises(DataError, match=r"polars table: empty table, 0 rows and 0 columns \(none"):
        read(pl.DataFrame())


def test_two_columns_of_one_name(csv):
    with pytest.raises(DataError, match="two columns are called `a`, each name may stand once"):
        read(csv("a,b,a\n1,2,3\n"))


@pytest.mark.parametrize(("mark", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_columns_that_are_not_separated_by_commas(csv, mark, word):
    with pytest.raises(DataError, match=f"separated by {word} .*commas are needed"):
        read(csv(f"a{mark}b\n1{mark}2\n"))


def test_a_row_with_too_many_values(csv):
    with pytest.raises(DataError, match=r"row 2 \(line 3\) has 3 values for 2 columns"):
        read(csv("a,b\n1,2\n1,2,3\n"))


def test_text_that_is_not_utf8(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes("a,b\n1,é\n".encode("latin1"))
    with pytest.raises(DataError, match=r"not UTF-8 text, byte 6 is 0xe9\. Save the file as UTF-8"):
        read(path)


def test_a_quote_that_never_closes(csv):
    with pytest.raises(DataError, match=r"cannot be read as CSV \(.*closed quotes"):
        read(csv('a,b\n1,"x\n2,3\n'))
