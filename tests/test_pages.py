"""What the documentation shows, as text and as pictures, is what its code says and draws today."""

import re
import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PICTURES = runpy.run_path(str(ROOT / "tools" / "make_pictures.py"))["PICTURES"]
NOTEBOOK = runpy.run_path(str(ROOT / "tools" / "pages.py"))
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def words(drawn: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(drawn).iter() if node.tag.endswith("text")]


def numbers(text: str) -> list[float]:
    return [float(each.replace(",", "")) for each in NUMBER.findall(text)]


def written_finely(text: str) -> list[float]:
    """What the last digit of each number of a text stands for."""
    return [10.0 ** -len(each.partition(".")[2]) for each in NUMBER.findall(text)]


def plain(text: str) -> str:
    """A text without its numbers, nor the widths that follow from theirs."""
    return re.sub(r"[\s─═]+", " ", NUMBER.sub("#", text))


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_the_committed_picture_says_what_its_script_draws(name: str):
    kept = (DOCS / "pictures" / name).read_text("utf-8")
    assert words(kept) == words(PICTURES[name]())


def test_the_plan_picture_moves_from_the_split_of_100_to_that_of_300():
    shown = words((DOCS / "pictures" / "plan.svg").read_text("utf-8"))
    assert {"pricing: 40, then 111", "dispatching: 32, then 90", "menu-images: 0, then 13"} <= set(
        shown
    )


@pytest.fixture(scope="module", params=NOTEBOOK["PAGES"])
def page(request, library):
    """Cells of a page that reads like a notebook, each with what it shows today."""
    for name in ("lightgbm", "xgboost", "statsforecast") if request.param == "attempts.md" else ():
        library(name)
    cells, shown = NOTEBOOK["cells"](request.param), NOTEBOOK["run"](request.param)
    return list(zip(cells, shown, strict=True))


def test_below_each_block_stands_what_it_prints(page):
    # Fits end a few units of the last digit apart on another processor.
    for cell, shown in page:
        assert plain(cell.text) == plain(shown.text), "run `python tools/pages.py`"
        for here, today, digit in zip(
            numbers(cell.text), numbers(shown.text), written_finely(cell.text), strict=True
        ):
            assert abs(here - today) <= 20 * digit if digit < 1e-4 else 1.5 * digit, cell.code


def test_below_each_chart_stands_its_picture(page):
    for cell, shown in page:
        if shown.drawn is not None:
            assert cell.picture is not None, cell.code
            assert words((DOCS / cell.picture).read_text("utf-8")) == words(shown.drawn)


@pytest.mark.parametrize("name", sorted(each.name for each in DOCS.glob("*.md")))
def test_every_link_leads_somewhere(name: str):
    for target in re.findall(r"\]\(([^)#:]+)\)", (DOCS / name).read_text("utf-8")):
        assert (DOCS / target).exists(), target
