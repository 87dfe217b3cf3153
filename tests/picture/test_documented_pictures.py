"""Pictures of the documentation show what their script draws today."""

import runpy
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PICTURES = runpy.run_path(str(ROOT / "tools" / "make_pictures.py"))["PICTURES"]


def words(drawn: str) -> list[str]:
    return [node.text or "" for node in ET.fromstring(drawn).iter() if node.tag.endswith("text")]


@pytest.mark.parametrize("name", sorted(PICTURES))
def test_the_committed_picture_says_what_its_script_draws(name: str):
    kept = (ROOT / "docs" / "pictures" / name).read_text("utf-8")
    assert words(kept) == words(PICTURES[name]())


def test_the_plan_picture_moves_from_the_split_of_100_to_that_of_300():
    shown = words((ROOT / "docs" / "pictures" / "plan.svg").read_text("utf-8"))
    assert {"pricing: 40, then 111", "dispatching: 32, then 90", "menu-images: 0, then 13"} <= set(
        shown
    )
