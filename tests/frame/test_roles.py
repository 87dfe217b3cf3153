"""Which column plays which part."""

import json

import polars as pl
import pytest

from assay.errors import ConfigError
from assay.frame import Roles, read, recognise

PANEL = read(pl.DataFrame({"unique_id": ["a"], "ds": [1], "y": [2], "day": [3]}))


def test_one_name_may_stand_for_a_list():
    loose = {"series": "store", "known_ahead": ["price"]}
    assert Roles("y", **loose) == Roles("y", series=("store",), known_ahead=("price",))


def test_the_usual_names_are_recognised_where_nothing_is_said():
    assert recognise(PANEL, Roles("y")) == Roles("y", time="ds", series=("unique_id",))
    assert recognise(PANEL, Roles("y", time="day")) == Roles("y", time="day")
    assert recognise(PANEL, Roles("y", series=("day",))).series == ("day",)
    assert recognise(PANEL, Roles("ds")) == Roles("ds")


def test_roles_as_json():
    said = json.loads(json.dumps(Roles("y", time="ds", series=("a", "b"), season=7).as_dict()))
    assert said["series"] == ["a", "b"]
    assert said["season"] == 7
    assert said["group"] is None


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"time": "y"}, "column `y` is both `target` and `time`"),
        ({"known_ahead": "y"}, "column `y` is both `target` and `known_ahead`"),
        ({"group": "y"}, "column `y` is both `target` and `group`"),
        ({"time": "t", "series": ["a", "t"]}, "column `t` is both `time` and `series`"),
        ({"series": ["a", "a"]}, "column `a` is both `series` and `series`"),
        (
            {"censored_above": "c", "censored_below": "c"},
            "column `c` is both `censored_above` and `censored_below`",
        ),
    ],
)
def test_a_column_plays_one_part(roles, said):
    with pytest.raises(ConfigError, match=said):
        Roles("y", **roles)


def test_a_key_may_also_be_the_group_and_a_limit_known_ahead():
    roles = Roles("y", time="t", series=("a",), group="a", censored_above="c")
    assert Roles("y", censored_above="c", known_ahead=("c",)).known_ahead == ("c",)
    assert roles.group == "a"


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ({"season": 1}, "`season` is 1, must be a whole number of rows, 2 or more"),
        ({"season": 7.0}, r"`season` is 7\.0, must be"),
        ({"season": True}, "`season` is True, must be"),
        ({"horizon": 0}, "`horizon` is 0, must be a whole number of rows, 1 or more"),
    ],
)
def test_lengths_are_whole_numbers(roles, said):
    with pytest.raises(ConfigError, match=said):
        Roles("y", **roles)
