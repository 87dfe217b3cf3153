"""One rendered report for all tests of this room."""

from pathlib import Path

import pytest

from assay.report import ReportContent, render, write

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
