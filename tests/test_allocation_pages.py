"""What the pages on allocation show runs, parses, and comes out as they say."""

import re
from math import log
from pathlib import Path

import pytest

import assay
from assay.portfolio import allocate
from assay.record import load_portfolio

DOCS = Path(__file__).resolve().parents[1] / "docs"
IDEA = (DOCS / "allocation.md").read_text("utf-8")
REFERENCE = (DOCS / "allocation-reference.md").read_text("utf-8")
GROCERY = Path(__file__).resolve().parents[1] / "examples" / "grocery"
README = (GROCERY / "README.md").read_text("utf-8")
A = (10, 8, 5, 3, 2)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def table(page: str, head: str) -> list[list[str]]:
    """Rows of the table whose heading begins with `head`."""
    lines = page[page.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Names that the code of the reference leaves behind."""
    names: dict[str, object] = {}
    for block in blocks(REFERENCE, "python"):
        exec(compile(block, "allocation-reference.md", "exec"), names)
    return names


def test_the_code_of_the_reference_runs_and_says_what_stands_beside_it(ran, capsys):
    assert ran["stages"].effective([39, 45, 60]).tolist() == [39, 40, 50]
    assert ran["curve"].gain_of_next(45) == 0
    assert ran["history"].past.sign == -1
    assert ran["plan"].value >= 50
    assert f"{ran['found'].price:.3f}" == "0.834"
    assert ran["found"].residual < 1e-14


def test_the_keys_of_the_reference_are_read_and_planned(tmp_path):
    (snippet,) = blocks(REFERENCE, "toml")
    (tmp_path / "assay.toml").write_text(snippet, "utf-8")
    read = load_portfolio(tmp_path)
    assert [project.key for project in read.projects] == ["shelf", "basket", "pricing", "routes"]
    said = {name for project in read.projects for name in project.model_fields_set}
    planning = {"importance", "team", "belief", "curve", "stages", "labelling", "returns"}
    assert planning | {"needs", "least", "most", "committed"} <= said
    assert read.settings.model_fields_set >= {"teams", "active", "value_unit", "budget"}
    units = {line.key: line.units for line in assay.plan(tmp_path).lines}
    assert 10 <= units["pricing"] <= 50
    assert units["routes"] >= 5
    assert units["shelf"] <= 60
    assert units["basket"] == 0 or units["shelf"] >= 30
    assert sum(given > 0 for given in units.values()) <= 3


def test_the_split_of_the_grocery_is_the_one_shown():
    shown = {key: (int(small), int(large)) for key, _, small, large in table(IDEA, "| project |")}
    plans = [assay.plan(GROCERY, budget=budget) for budget in (100, 300)]
    assert shown == {
        small.key: (small.units, large.units)
        for small, large in zip(plans[0].lines, plans[1].lines, strict=True)
    }
    quoted = re.search(r"That of menu-images: \*(.*?)\*", IDEA, re.DOTALL)
    assert quoted is not None
    assert " ".join(quoted[1].split()) == plans[0].lines[4].reason


@pytest.mark.parametrize(
    "found", re.findall(r"--(target|price) ([\d.]+)(%?) +# (\d+)", IDEA + README), ids=" ".join
)
def test_each_goal_finds_the_budget_shown(found):
    name, value, share, budget = found
    asked = float(value) * (assay.plan(GROCERY).value / 100 if share else 1)
    assert assay.plan(GROCERY, **{name: asked}).budget == int(budget)


def by_slope(budget: int) -> list[int]:
    """A first unit each, then always one where a / x is greatest."""
    units = [1] * len(A)
    while sum(units) < budget:
        slopes = [a / x for a, x in zip(A, units, strict=True)]
        units[slopes.index(max(slopes))] += 1
    return units


def by_increment(budget: int) -> list[int]:
    values = [[a * log(1 + x) for x in range(budget)] for a in A]
    return [1 + given for given in allocate(values, budget - len(A)).units]


@pytest.mark.parametrize("row", table(IDEA, "| budget |"), ids=lambda row: row[0])
def test_the_rule_of_thumb_gives_the_splits_shown(row):
    budget, slope, increment = row
    assert slope == ", ".join(map(str, by_slope(int(budget))))
    assert increment == ", ".join(map(str, by_increment(int(budget))))


def test_the_figures_that_explain_the_difference_are_right():
    for said in (
        f"2 / 21 = {2 / 21:.4f}",
        f"8 / 85 = {8 / 85:.4f}",
        f"22nd unit of the last project adds {2 * log(22 / 21):.4f}",
        f"86th of the second {8 * log(86 / 85):.4f}",
    ):
        assert said in " ".join(IDEA.split())
