import hashlib
import json
import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.record import canonical, read_canonical, sha_of

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("$float"), inner),
    max_leaves=20,
)


def same(left, right) -> bool:
    """Equality that tells 1 from 1.0 and -0.0 from 0.0, and takes nan for nan."""
    return (
        repr(left) == repr(right)
        if not isinstance(left, dict | list)
        else _same_inside(left, right)
    )


def _same_inside(left, right) -> bool:
    if type(left) is not type(right) or len(left) != len(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return all(same(a, b) for a, b in zip(left, right, strict=True))


@given(values)
def test_a_value_reads_back_as_it_was(value):
    assert same(read_canonical(canonical(value)), value)


@given(values)
def test_the_text_is_json_of_the_standard(value):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads(canonical(value), parse_constant=refuse)


@given(st.dictionaries(st.text(), leaves))
def test_the_order_of_keys_is_irrelevant(value):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(values, values)
def test_different_values_have_different_texts(left, right):
    assert (canonical(left) == canonical(right)) == same(left, right)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [True, None]}, '{"a":[true,null],"b":1}'),
        (1, "1"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (math.nan, '{"$float":"nan"}'),
        (-math.inf, '{"$float":"-inf"}'),
        ({"$float": "nan"}, '{"$$float":"nan"}'),
        ("Käse\n", '"Käse\\n"'),
        ((1, 2), "[1,2]"),
        (np.float64(0.5), "0.5"),
        (np.float32(0.5), "0.5"),
        (np.int64(3), "3"),
    ],
)
def test_one_value_has_one_text(value, text):
    assert canonical(value) == text


def test_the_hash_is_that_of_the_utf8_text():
    assert sha_of({"é": 1}) == hashlib.sha256(b'{"\xc3\xa9":1}').hexdigest()


@pytest.mark.parametrize("value", [date(2025, 1, 1), {1: "x"}, {"x": b"bytes"}, np.zeros(2)])
def test_what_json_has_no_word_for_is_refused(value):
    with pytest.raises(TypeError, match="canonical JSON: "):
        canonical(value)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        canonical("\ud800")


def test_a_bare_nan_is_not_canonical():
    with pytest.raises(ValueError, match="found NaN, must be tagged"):
        read_canonical("[NaN]")
