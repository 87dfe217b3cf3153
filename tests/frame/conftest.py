"""Tables that most tests of this room start from."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from assay.frame import Frame, Roles, check, read


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    """Write text to a CSV file."""

    def write(text: str, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def checked() -> Callable[..., Frame]:
    """Check a table given as a dictionary of columns."""

    def run(columns: dict[str, object], **roles: object) -> Frame:
        return check(read(pl.DataFrame(columns), source="t"), Roles(**roles))  # type: ignore[arg-type]

    return run
