"""Two reports for all tests of this room: one made up, one of a small portfolio that was run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.experiment import Workspace
from assay.report import ReportContent, build_report, render, write

from . import workplace
from .sample import report


@pytest.fixture(scope="session")
def content() -> ReportContent:
    return report()


@pytest.fixture(scope="session")
def html(content: ReportContent) -> str:
    return render(content)


@pytest.fixture(scope="session")
def page_file(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(content, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with workplace.make(tmp_path_factory.mktemp("clinic")) as opened:
        yield opened


@pytest.fixture(scope="session")
def heads() -> list[str]:
    """Last hash of the ledger before and after the report was built."""
    return []


@pytest.fixture(scope="session")
def built(workspace: Workspace, heads: list[str]) -> ReportContent:
    heads.append(workspace.ledger.head())
    content = build_report(workspace)
    heads.append(workspace.ledger.head())
    return content


@pytest.fixture(scope="session")
def built_file(built: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(built, tmp_path_factory.mktemp("built") / "report.html")
