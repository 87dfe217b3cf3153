"""`docs/models.md` says what families, wrappers and predictors say of themselves."""

import runpy
from pathlib import Path

import pytest

from assay.registry import families, parse

ROOT = Path(__file__).parent.parent
TOOL = runpy.run_path(str(ROOT / "tools" / "model_reference.py"))
PAGE = TOOL["PAGE"].read_text("utf-8")


def test_the_page_is_fresh():
    assert TOOL["reference"]() == PAGE, "run `python tools/model_reference.py`"


@pytest.mark.parametrize("name", families.names())
def test_every_family_stands_on_the_page_and_its_recipe_is_read(name):
    family = families.get(name)
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{family.__name__}` "))
    recipe = row.split("|")[2 if not family.is_wrapper else 4].split("`")[1]
    assert isinstance(parse(recipe, families), family)
    for parameter in () if family.is_wrapper else family.examples()[0].parameters:
        assert f"`{parameter.name}` ({parameter.link.name})" in row
