"""`docs/cli.md` says what `--help` says."""

import importlib.util
from pathlib import Path


def test_the_page_is_fresh(root: Path):
    spec = importlib.util.spec_from_file_location("reference", root / "tools/cli_reference.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.reference(), (
        "run `python tools/cli_reference.py`"
    )
