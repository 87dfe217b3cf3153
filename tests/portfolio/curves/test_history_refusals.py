"""Histories that cannot be fitted are refused with the row and what to do."""

import math

import pytest

from assay.errors import DataError, PlanError
from assay.portfolio import Curve

GOOD = {"effort": [1, 2, 4], "score": [0.3, 0.5, 0.6]}


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        ({"effort": [1, 4, 2]}, "`effort` in row 2 is 2, after 4, .* Sort the rows"),
        ({"effort": [-1, 2, 4]}, "`effort` in row 0 is -1"),
        ({"effort": [1, 2]}, "2 efforts and 3 scores"),
        ({"effort": [1, 2, math.nan]}, "`effort` in row 2 is nan"),
        ({"effort": [[1, 2, 4]]}, r"`effort` has shape \(1, 3\)"),
        ({"score": [0.3, math.nan, 0.5]}, "`score` in row 1 is nan"),
        ({"score": ["a", "b", "c"]}, "`score` holds"),
        ({"score": [0.3, None, 0.5]}, "`score` in row 1 is nan"),
        ({"effort": [1], "score": [1]}, "1 scores at 1 different efforts"),
        ({"effort": [], "score": []}, "0 scores at 0 different efforts"),
        ({"effort": [3, 3], "score": [1, 2]}, "2 scores at 1 different efforts"),
        ({"ceiling": 0.55}, "`score` in row 2 is 0.6, `ceiling` is 0.55"),
        ({"ceiling": 0.4, "direction": "min"}, "`score` in row 0 is 0.3.*not above any score"),
        ({"ceiling": math.inf}, "`ceiling` is inf"),
        ({"ceiling": "high"}, "`ceiling` is 'high'"),
        ({"baseline": math.nan}, "`baseline` is nan"),
        ({"baseline": 1.0, "ceiling": 1.0}, "`baseline` is 1.0, `ceiling` is 1.0"),
        ({"se": 0.0}, "`se` in row 0 is 0"),
        ({"se": [0.1, -0.1, 0.1]}, "`se` in row 1 is -0.1"),
        ({"se": [0.1, 0.1]}, "2 standard errors for 3 scores"),
        ({"se": math.nan}, "`se` in row 0 is nan"),
        ({"direction": "up"}, "`direction` is 'up'"),
    ],
)
def test_an_impossible_history_is_refused(terms, found):
    arguments = GOOD | terms
    with pytest.raises(DataError, match=found):
        Curve.fit(arguments.pop("effort"), arguments.pop("score"), **arguments)


@pytest.mark.parametrize("x", [-1.0, math.nan, math.inf])
def test_an_impossible_effort_to_look_at_is_refused(x):
    with pytest.raises(PlanError, match="an effort to look at is"):
        Curve.fit(**GOOD).mean([1.0, x])


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_an_impossible_level_of_a_history_is_refused(level):
    curve = Curve.fit(**GOOD)
    with pytest.raises(PlanError, match="`level`"):
        curve.band(8, level)
    with pytest.raises(PlanError, match="`level`"):
        curve.gain_band(4, 4, level)
