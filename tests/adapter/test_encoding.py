"""How columns become numbers for estimators that take nothing else."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from assay.adapter.describing import described
from assay.adapter.encoding import MOST_LEVELS, Encoding, as_table
from assay.errors import PredictionsError
from assay.frame import read

TABLE = read(
    pl.DataFrame(
        {
            "n": [1, None, 3],
            "yes": [True, None, False],
            "kind": ["b", None, "a"],
            "day": [date(1970, 1, 2), date(1971, 1, 1), date(1969, 12, 31)],
            "when": [datetime(1970, 1, 1, 12), None, datetime(1970, 1, 3)],
        }
    ),
    source="t",
)


def test_each_kind_of_column_has_its_numbers():
    encoding = Encoding.of(TABLE, ("n", "yes", "kind", "day", "when"))
    gap = float("nan")
    expected = [
        [1, 1, 0, 1, 1, 0.5],
        [gap, gap, 0, 0, 365, gap],
        [3, 0, 1, 0, -1, 2],
    ]
    assert encoding.matrix(TABLE) == pytest.approx(np.array(expected), nan_ok=True)


def test_a_label_that_is_new_is_no_label():
    encoding = Encoding.of(TABLE, ("kind",))
    later = read(pl.DataFrame({"kind": ["c", "a"]}))
    assert encoding.matrix(later).tolist() == [[0, 0], [1, 0]]


def test_many_labels_are_places_in_the_alphabet():
    labels = [f"{k:03}" for k in range(MOST_LEVELS + 1)]
    encoding = Encoding.of(read(pl.DataFrame({"kind": labels[::-1]})), ("kind",))
    later = read(pl.DataFrame({"kind": ["002", "020", "new", None]}))
    assert encoding.matrix(later).tolist() == [[2], [20], [-1], [-1]]


def test_what_has_no_numbers_is_refused():
    lists = read(pl.DataFrame({"both": [[1, 2], [3, 4]]}), source="t")
    with pytest.raises(PredictionsError, match=r"t: feature `both` is List\(Int64\)"):
        Encoding.of(lists, ("both",))


def test_a_table_keeps_its_columns_as_they_are():
    table = as_table(TABLE, ("kind", "n", "yes"))
    assert list(table.columns) == ["kind", "n", "yes"]
    assert table["yes"].tolist()[::2] == [1.0, 0.0]
    assert str(as_table(TABLE, ("kind",), categories=True)["kind"].dtype) == "category"


class Inner:
    def __init__(self, depth=2, rate=0.1, how=None):
        self.depth, self.rate, self.how = depth, rate, how


class Outer(Inner):
    def __init__(self, *, inner=None, depth=3, **rest):
        super().__init__(depth, **rest)
        self.inner = inner

    def get_params(self, deep=True):
        return {"inner": self.inner, "depth": self.depth, "rate": self.rate, "how": self.how}


def test_a_model_in_one_line_says_what_was_set():
    assert described(Inner()) == "Inner()"
    assert described(Inner(5, how="fast")) == "Inner(depth=5, how='fast')"
    assert described(Outer(depth=3, rate=0.1)) == "Outer()"
    nested = Outer(inner=Outer(depth=1), how=[np.zeros(3), len, (1, "b"), {"c": None}])
    assert described(nested) == (
        "Outer(inner=Outer(depth=1), how=[array(3,), len, (1, 'b'), {'c': None}])"
    )
    assert len(described(Inner(how="x" * 500))) == 300
