"""Offsets: a column that is added as it stands, or by its log."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError, DataError
from assay.frame import read
from assay.predictor import Linear, as_sum
from assay.predictor.offset import Offset, PreparedOffset
from assay.registry import parse, predictors


def test_offsets_add_up_and_take_no_coefficient():
    frame = read(pl.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, np.e, 1.0], "x": [0.0, 5.0, 1.0]}))
    design, _ = (Linear("x") + Offset("a") + Offset("b", log=True)).prepare(frame)
    assert design.names == ("intercept", "x")
    assert design.offset(frame) == pytest.approx([1.0, 3.0, 3.0])


def test_a_value_without_a_log_is_named():
    frame = read(pl.DataFrame({"t": [1.0, 0.0, -2.0, 3.0]}), source="t.csv")
    with pytest.raises(DataError, match=r"t\.csv: column `t`, row 2, row 3: found 0 \(2 rows\)"):
        Offset("t", log=True).prepare(frame)
    assert as_sum(Offset("t")).prepare(frame)[0].offset(frame).tolist() == [1.0, 0.0, -2.0, 3.0]


def test_a_missing_value_is_named():
    frame = read(pl.DataFrame({"t": [1.0, None]}), source="t.csv")
    with pytest.raises(DataError, match=r"column `t`, row 2: found None"):
        Offset("t").prepare(frame)


@pytest.mark.parametrize("predictor", [Offset("t"), Offset("t", log=True)])
def test_a_recipe_and_a_state_can_be_read_back(predictor):
    assert parse(predictor.describe(), predictors) == predictor
    prepared, _ = predictor.prepare(read(pl.DataFrame({"t": [1.0, 2.0]})))
    assert PreparedOffset.restore(prepared.state()) == prepared


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match="the column is 3, must be a name"):
        Offset(3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="`log` is 'yes', must be true or false"):
        Offset("t", log="yes")  # type: ignore[arg-type]
