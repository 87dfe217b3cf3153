"""The grocery start-up of the examples, and projects whose truth is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.ledger import Ledger
from assay.portfolio import KnownCurve, ProjectState
from assay.record import load_portfolio

from .story import Story
from .truth import TrueProject, draw_project


@pytest.fixture(scope="session")
def grocery(root: Path) -> list[ProjectState]:
    """The five projects of `examples/grocery`, as its file states them."""
    projects = load_portfolio(root / "examples" / "grocery").projects
    return [
        ProjectState(
            key=project.key,
            question=project.question,
            importance=project.importance,
            curve=KnownCurve(project.curve.a, project.curve.b),
        )
        for project in projects
        if project.curve is not None
    ]


@pytest.fixture(scope="session")
def true_projects() -> list[TrueProject]:
    return [draw_project(seed) for seed in range(120)]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with Ledger(tmp_path / "assay.db", author="Ann") as ledger:
        yield Story(ledger)
