"""Names are looked up in one place, and recipes are read without being run."""

import sys
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay import registry as room
from assay.errors import ConfigError, UnknownNameError
from assay.registry import Registry, parse

WHERE = 'assay.toml: project "demand"'


@dataclass(frozen=True)
class Term:
    """Records how it was called; adds up like a predictor."""

    arguments: tuple[Any, ...]
    named: dict[str, Any]

    def __add__(self, other: "Term") -> "Total":
        return Total((self, other))


@dataclass(frozen=True)
class Total:
    terms: tuple[Term, ...]

    def __add__(self, other: Term) -> "Total":
        return Total((*self.terms, other))


def term(*arguments: Any, **named: Any) -> Term:
    return Term(arguments, named)


@dataclass(frozen=True)
class Lonely:
    """Takes one argument, and does not add up."""

    size: int = field(default=1)


@pytest.fixture(scope="module")
def shapes():
    module = ModuleType("shapes_for_tests")
    vars(module).update(term=term, Lonely=Lonely)
    sys.modules[module.__name__] = module
    registry = Registry("shape", "assay.tests.shapes")
    registry.add("score-driven", "shapes_for_tests:term")
    registry.add("linear", "shapes_for_tests:term")
    registry.add("lonely", "shapes_for_tests:Lonely")
    yield registry
    del sys.modules[module.__name__]


def foreign(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """As if another package had been installed that announces `name`."""
    monkeypatch.setattr(
        room, "entry_points", lambda group: [EntryPoint(name=name, value=value, group=group)]
    )


def test_names_are_sorted_and_iterable(shapes: Registry):
    assert shapes.names() == ("linear", "lonely", "score-driven")
    assert list(shapes) == ["linear", "lonely", "score-driven"]


@pytest.mark.parametrize("name", ["score-driven", "score_driven", "Score-Driven", " score-driven "])
def test_a_name_is_found_in_every_spelling(shapes: Registry, name: str):
    assert shapes.get(name) is term


def test_a_name_is_announced_in_any_spelling():
    registry = Registry("shape", "assay.tests.none")
    registry.add("Two_Words", "math:pi")
    assert registry.names() == ("two-words",)
    assert registry.get("two-words") == pytest.approx(3.141592653589793, abs=0)


def test_an_unknown_name_says_where_and_what_is_near(shapes: Registry):
    with pytest.raises(UnknownNameError) as caught:
        shapes.get("liner", WHERE)
    assert str(caught.value) == f"{WHERE}: unknown shape `liner`. Did you mean `linear`?"


def test_what_another_package_announces_is_found(monkeypatch: pytest.MonkeyPatch, shapes: Registry):
    foreign(monkeypatch, "Round_One", "shapes_for_tests:Lonely")
    assert shapes.get("round-one") is Lonely
    assert "round-one" in shapes.names()


def test_another_package_cannot_replace_a_name(monkeypatch: pytest.MonkeyPatch, shapes: Registry):
    foreign(monkeypatch, "linear", "shapes_for_tests:Lonely")
    assert shapes.get("linear") is term
    assert shapes.names().count("linear") == 1


@pytest.mark.parametrize("address", ["nowhere_at_all:Thing", "math:no_such_thing"])
def test_a_broken_package_is_named(address: str):
    registry = Registry("shape", "assay.tests.none")
    registry.add("broken", address)
    with pytest.raises(ConfigError, match=rf"{WHERE}: shape `broken` .*`{address}`.*Reinstall"):
        registry.get("broken", WHERE)


@pytest.mark.parametrize("registry", [room.families, room.predictors, room.checks, room.curves])
def test_all_that_is_registered_exists_and_is_documented(registry: Registry):
    found = {name: registry.get(name) for name in registry}
    assert [name for name, value in found.items() if not (value.__doc__ or "").strip()] == []


def test_families_and_predictors_of_the_first_version_are_registered():
    families = {"bernoulli", "gamma", "log-normal", "negative-binomial", "normal"}
    assert set(room.families) >= families
    assert set(room.predictors) >= {"constant", "linear", "polynomial", "quadratic"}


@pytest.mark.parametrize(
    ("recipe", "arguments", "named"),
    [
        ("linear", (), {}),
        ("linear()", (), {}),
        ("linear('price + promo')", ("price + promo",), {}),
        ("score-driven(season=7)", (), {"season": 7}),
        ("score_driven(season=-7.5)", (), {"season": -7.5}),
        ("  linear('a-b', \"c-d\")\n", ("a-b", "c-d"), {}),
        ("linear(1e-5, [1, 2], {'a': (True, None)})", (1e-5, [1, 2], {"a": (True, None)}), {}),
        (r"linear('it\'s a-b')", ("it's a-b",), {}),
    ],
)
def test_a_recipe_is_a_call(shapes: Registry, recipe: str, arguments: tuple[Any], named: dict):
    assert parse(recipe, shapes) == Term(arguments, named)


def test_recipes_add_up_from_the_left(shapes: Registry):
    assert parse("linear(1) + score-driven(2) + (linear + linear(3))", shapes) == Total(
        (Term((1,), {}), Term((2,), {}), Term((), {}), Term((3,), {}))
    )


@pytest.mark.parametrize(
    "recipe",
    [
        "",
        3.0,
        "linear(",
        "linear.name",
        "linear()()",
        "linear - linear",
        "2 * linear",
        "linear(*[1])",
        "linear(**{'a': 1})",
        "linear(a=1, a=2)",
        "linear(open('x'))",
        "linear(__import__('os').getcwd())",
        "linear([x for x in (1, 2)])",
        "linear(lambda: 1)",
        "linear({[]: 1})",
        "linear(-'a')",
        "linear\0",
        "linear(" + "[" * 300 + "]" * 300 + ")",
        "linear(" + "-" * 20_000 + "1)",
        " + ".join(["linear"] * 100_000),
    ],
    ids=lambda recipe: str(recipe)[:30],
)
def test_anything_else_is_refused_and_never_run(shapes: Registry, recipe: str):
    with pytest.raises(ConfigError, match=f"^{WHERE}: cannot read `") as caught:
        parse(recipe, shapes, WHERE)
    assert "Known shape names: linear, lonely, score-driven." in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_wrong_argument_is_named(shapes: Registry):
    with pytest.raises(ConfigError, match=rf"^{WHERE}: `lonely\(colour=1\)`: no .*`colour`"):
        parse("lonely(colour=1)", shapes, WHERE)


def test_what_does_not_add_up_says_so(shapes: Registry):
    with pytest.raises(ConfigError, match=rf"^{WHERE}: `lonely \+ lonely` adds up.*Name one shape"):
        parse("lonely + lonely", shapes, WHERE)


def test_an_unknown_name_in_a_sum_is_named(shapes: Registry):
    with pytest.raises(UnknownNameError, match=r"unknown shape `hedgehog`\. Known: `linear`"):
        parse("linear + hedgehog(3)", shapes)


@given(st.text(alphabet="linear()[]{}+-*.,:='\"\\0123456789 \n#", max_size=40))
def test_any_text_is_read_or_refused(shapes: Registry, text: str):
    try:
        result = parse(text, shapes)
    except ConfigError:
        return
    assert isinstance(result, Term | Total)


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(max_size=10)
LITERALS = st.recursive(
    st.none() | st.booleans() | NUMBERS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(LITERALS)
def test_a_literal_arrives_as_it_was_written(shapes: Registry, value: Any):
    assert parse(f"linear({value!r}, at={value!r})", shapes) == Term((value,), {"at": value})
