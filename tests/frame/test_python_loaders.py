"""`python:file.py:function`: a user's own code as a source of data."""

import textwrap

import pytest

from assay.errors import DataError
from assay.frame import read


@pytest.fixture
def loader(tmp_path):
    """Write a Python file beside `assay.toml`."""

    def write(code, name="data.py"):
        (tmp_path / name).write_text(textwrap.dedent(code))
        return lambda function, file=name: read(f"python:{file}:{function}", root=tmp_path)

    return write


def test_what_the_function_returns_is_read(loader):
    run = loader(
        """
        import polars as pl
        def load():
            return pl.DataFrame({"a": [1, 2]})
        """
    )
    assert run("load").rows == 2
    assert run("load").source == "python:data.py:load"


def test_an_edit_is_seen_at_once(loader):
    code = "import polars as pl\ndef load():\n    return pl.DataFrame({'a': [%d]})\n"
    assert loader(code % 1)("load").table["a"][0] == 1
    assert loader(code % 2)("load").table["a"][0] == 2


def test_a_file_may_import_its_neighbour_and_define_dataclasses(loader):
    loader("VALUE = 7\n", "assay_test_neighbour.py")
    run = loader(
        """
        from dataclasses import dataclass
        import polars as pl
        from assay_test_neighbour import VALUE
        @dataclass
        class Row:
            a: int
        def load():
            return pl.DataFrame([Row(VALUE)])
        """
    )
    assert run("load").table["a"].to_list() == [7]


def test_an_error_in_the_function_names_type_message_and_line(loader):
    run = loader(
        """
        def load():
            return 1 / 0
        """
    )
    with pytest.raises(
        DataError,
        match=r"^python:data\.py:load: failed with ZeroDivisionError: .*\(data\.py:3\)",
    ):
        run("load")


def test_an_error_deeper_down_names_the_line_in_the_users_file(loader):
    run = loader(
        """
        import json
        def load():
            return json.loads("{")
        """
    )
    with pytest.raises(DataError, match=r"failed with JSONDecodeError: .*\(data\.py:4\)"):
        run("load")


def test_a_mistake_in_the_file_names_its_line(loader):
    with pytest.raises(DataError, match=r"failed with SyntaxError: .*\(data\.py:2\)"):
        loader("x = 1\ndef load(:\n")("load")


def test_a_function_that_leaves(loader):
    with pytest.raises(DataError, match="failed with SystemExit: 3"):
        loader("def load():\n    raise SystemExit(3)\n")("load")


def test_a_function_that_wants_arguments(loader):
    with pytest.raises(DataError, match=r"failed with TypeError: .*must take no arguments"):
        loader("def load(path):\n    return path\n")("load")


def test_a_function_that_returns_no_table(loader):
    with pytest.raises(DataError, match=r"data\.py:load: a table is needed, found builtins\.list"):
        loader("def load():\n    return [1]\n")("load")
    with pytest.raises(DataError, match="a table is needed, found nothing"):
        loader("def load():\n    pass\n")("load")


def test_no_such_function_and_no_such_file(loader):
    run = loader("def load():\n    return 1\n")
    with pytest.raises(DataError, match=r"has no function `lod`\. Did you mean `load`\?"):
        run("lod")
    with pytest.raises(DataError, match=r"python:gone\.py:load: no such file, looked for /.*gone"):
        run("load", "gone.py")


@pytest.mark.parametrize("address", ["python:data.py", "python:data.py:", "python::load"])
def test_an_address_that_names_no_function(address):
    with pytest.raises(DataError, match=r"cannot be read as a loader, needed is `python:file\.py"):
        read(address)


def test_a_table_that_a_loader_returns_is_held_to_the_same_rules(loader):
    run = loader("import polars as pl\ndef load():\n    return pl.DataFrame()\n")
    with pytest.raises(DataError, match=r"^python:data\.py:load: empty table, 0 rows"):
        run("load")
