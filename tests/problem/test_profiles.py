"""A profile as a whole: what it holds, what it does not depend on, how it is shown."""

import json
from html.parser import HTMLParser

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given

from assay.errors import ConfigError, DataError, UnknownNameError
from assay.frame import read
from assay.problem import Problem, profile

PANEL = {"target": "units", "time": "day", "series": "item", "censored_above": "stock"}
EVERY_TARGET = [
    "size",
    "missing",
    "support",
    "integrality",
    "zeros",
    "bounds",
    "skew",
    "dispersion",
    "censoring",
]


def test_each_property_has_a_finding_evidence_and_a_meaning(shop):
    problem = profile(shop, **PANEL)
    assert [p.name for p in problem.properties] == [*EVERY_TARGET, "order", "season", "groups"]
    for each in problem.properties:
        assert each.finding
        assert each.meaning
        assert any(isinstance(value, int | float) for value in each.evidence.values()), each.name


def test_without_time_or_groups_there_is_no_property_of_them(shop):
    names = [each.name for each in profile(shop, target="units").properties]
    assert names == EVERY_TARGET


def test_the_frame_is_checked_and_numbered(shop):
    problem = profile(shop.sample(fraction=1.0, shuffle=True, seed=1), **PANEL)
    assert problem.frame.table["row_id"].to_list() == list(range(shop.height))
    assert problem.frame.table.select("item", "day").rows() == shop.select("item", "day").rows()
    assert problem.roles.series == ("item",)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=40),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_changes_nothing(rows, random):
    rows = [*rows, (1, 30)]  # one row at least is not hidden
    shuffled = random.sample(rows, len(rows))
    said = [
        profile(
            pl.DataFrame(order, schema=["y", "limit"], orient="row").with_columns(
                limit=pl.col("limit") + 2, group=pl.col("y") % 3
            ),
            target="y",
            censored_above="limit",
            group="group",
        ).as_dict()
        for order in (rows, shuffled)
    ]
    assert said[0] == said[1]


def test_the_order_of_the_rows_of_a_panel_changes_nothing(shop):
    shuffled = shop.sample(fraction=1.0, shuffle=True, seed=7)
    assert profile(shop, **PANEL).as_dict() == profile(shuffled, **PANEL).as_dict()


def test_pandas_and_polars_give_the_same_profile(shop):
    said = [profile(read(t, source="t"), **PANEL).as_dict() for t in (shop, shop.to_pandas())]
    assert said[0] == said[1]


def test_the_usual_names_need_not_be_said(shop):
    table = shop.rename({"item": "unique_id", "day": "ds", "units": "y"})
    roles = profile(table, target="y").roles
    assert (roles.time, roles.series) == ("ds", ("unique_id",))


def test_a_dict_is_json_with_a_format(shop):
    said = json.loads(json.dumps(profile(shop, **PANEL, seed=3).as_dict(), allow_nan=False))
    assert said["format"] == 1
    assert said["source"] == "polars table"
    assert said["seed"] == 3
    assert said["roles"]["series"] == ["item"]
    assert said["properties"][0]["evidence"]["rows"] == shop.height
    assert said["suggestions"][0]["rank"] == 1


def test_the_card_is_plain_lines(shop):
    problem = profile(shop, **PANEL)
    card = problem.card()
    assert card[0] == "units in polars table"
    assert max(len(line) for line in card) <= 100
    assert not any("[" in line or "\n" in line or "\x1b" in line for line in card)
    assert repr(problem) == "\n".join(card)
    text = " ".join(" ".join(card).split())
    for each in problem.properties:
        assert each.finding in text
    assert f"1. {problem.suggestions[0].family}" in text


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_html_card_is_well_formed_and_quotes_what_users_wrote(shop):
    table = shop.rename({"units": "<b>units</b>"})
    problem = profile(table, **{**PANEL, "target": "<b>units</b>"})
    page = _Tags()
    page.feed(problem._repr_html_())
    assert page.open == []
    assert "<b>units</b>" in page.text
    assert "script" not in page.seen
    assert problem["censoring"].finding in page.text


def test_a_property_by_name(shop):
    problem = profile(shop, target="units")
    assert problem["zeros"].name == "zeros"
    with pytest.raises(UnknownNameError, match=r"no property `zeroes`\. Did you mean `zeros`\?"):
        problem["zeroes"]


def test_a_problem_cannot_be_changed(shop):
    problem = profile(shop, target="units")
    assert isinstance(problem, Problem)
    with pytest.raises(AttributeError, match="cannot assign to field 'seed'"):
        problem.seed = 1  # type: ignore[misc]


def test_bad_input_is_refused_at_the_door(shop):
    with pytest.raises(DataError, match=r"polars table: no column `unit` .*Did you mean `units`"):
        profile(shop, target="unit")
    with pytest.raises(DataError, match="is hidden in all 2520 rows"):
        profile(shop.with_columns(c=True), target="units", censored_above="c")
    with pytest.raises(ConfigError, match="`season` is 7, but no `time` column is named"):
        profile(shop, target="units", season=7)


@pytest.mark.parametrize(
    "values",
    [[5], [5, 5, 5], [0, 0], [1, 0], [0.5], [-2.5, 1.0], [1e70, 1.0], [1e70] * 9 + [-1e70]],
)
def test_the_smallest_tables_have_a_profile(values):
    problem = profile(pl.DataFrame({"y": values, "t": range(len(values))}), target="y", time="t")
    json.dumps(problem.as_dict(), allow_nan=False)
    assert problem.suggestions
    assert problem.card()
    assert problem.pictures()["histogram"]["count"].sum() == len(values)


@given(
    st.lists(
        st.one_of(st.none(), st.floats(-1e12, 1e12), st.integers(-3, 50), st.just(0.0)),
        min_size=1,
        max_size=30,
    ).filter(lambda y: any(value is not None for value in y))
)
def test_any_numbers_have_a_profile(values):
    table = pl.DataFrame({"y": pl.Series(values, dtype=pl.Float64, strict=False)})
    problem = profile(table, target="y")
    json.dumps(problem.as_dict(), allow_nan=False)
    assert [each.rank for each in problem.suggestions] == list(
        range(1, len(problem.suggestions) + 1)
    )
    assert problem.suggestions
