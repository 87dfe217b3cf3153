"""One tree of errors, and hints that help."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import errors
from assay.errors import AssayError, nearest

NAMES = st.text(alphabet="abcdefgh_-", min_size=1, max_size=12)


def every_error() -> list[type[Exception]]:
    members = inspect.getmembers(errors, inspect.isclass)
    return [kind for _, kind in members if kind.__module__ == errors.__name__]


def test_every_error_is_an_assay_error():
    assert len(every_error()) >= 10
    assert [kind for kind in every_error() if not issubclass(kind, AssayError)] == []


def test_the_tree_in_the_docstring_is_the_tree_in_the_code():
    drawn: dict[str, str] = {}
    parents = ["AssayError"]
    for line in str(errors.__doc__).splitlines():
        branch = line.replace("│", " ").lstrip()
        if branch.startswith(("├── ", "└── ")):
            depth = line.index(branch[0]) // 4
            name = branch[4:].split()[0]
            parents[depth + 1 :] = [name]
            drawn[name] = parents[depth]
    real = {kind.__name__: kind.__mro__[1].__name__ for kind in every_error()}
    assert drawn == {name: parent for name, parent in real.items() if name != "AssayError"}


def test_an_error_is_told_from_a_bug_by_its_root():
    with pytest.raises(AssayError, match="frost"):
        raise errors.UnderpoweredError("frost: 3 sealed rows")
    assert not issubclass(errors.ConfigError, ValueError)


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("unit", ["units", "price"], "Did you mean `units`?"),
        ("UNITS", ["units", "price"], "Did you mean `units`?"),
        ("unts", ["Units", "price"], "Did you mean `Units`?"),
        ("stock", ["date", "price"], "Known: `date`, `price`."),
        ("stock", ["sticks"], "Did you mean `sticks`?"),
        ("x", [], "None is known."),
        ("mean", ["means", "meat", "cat"], "Did you mean `means` or `meat`?"),
    ],
)
def test_hint_for(name: str, known: list[str], hint: str):
    assert nearest(name, known) == hint


def test_many_names_are_cut_short():
    hint = nearest("zzzz", [f"a{i:02}" for i in range(21)])
    assert hint.count("`a") == 20
    assert hint.endswith("`a19` and 1 more.")


def test_twenty_names_are_shown_whole():
    assert nearest("zzzz", [f"a{i:02}" for i in range(20)]).endswith("`a19`.")


@given(NAMES, st.lists(NAMES, max_size=30))
def test_a_hint_names_only_what_is_known(name: str, known: list[str]):
    assert set(nearest(name, known).split("`")[1::2]) <= set(known)


@given(st.lists(NAMES, min_size=1, max_size=10))
def test_a_known_name_in_capitals_is_always_found(known: list[str]):
    assert f"`{known[0]}`" in nearest(known[0].upper(), known)
