"""The page that maps symbols to code names only names what exists."""

import dataclasses
import re
from pathlib import Path

import assay.verdict

PAGE = Path(__file__).parents[2] / "docs" / "notation.md"


def test_every_public_class_and_its_field_on_the_page_exists():
    named = set(re.findall(r"`([A-Z][A-Za-z]+)\.([a-z_]+)`", PAGE.read_text(encoding="utf-8")))
    verdict = {(owner, name) for owner, name in named if hasattr(assay.verdict, owner)}
    assert len(verdict) >= 10
    for owner, name in verdict:
        cls = getattr(assay.verdict, owner)
        fields = {field.name for field in dataclasses.fields(cls)}
        assert name in fields or hasattr(cls, name), f"{owner}.{name}"


def test_every_file_on_the_page_exists():
    files = re.findall(r"\(?`([a-z_]+\.py)`", PAGE.read_text(encoding="utf-8"))
    room = Path(assay.verdict.__file__).parent
    assert len(files) >= 7
    assert [name for name in files if not (room / name).exists()] == []
