"""Draws the pictures of the documentation: `python tools/make_pictures.py`."""

from pathlib import Path

from assay.picture import standalone
from assay.picture.allocation import optimum_by_budget
from assay.portfolio import plan_projects, project_states, sweep
from assay.record import load_portfolio

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
BUDGETS = (100, 300)


def plan_picture() -> str:
    """The grocery start-up: where the optimum lies on each curve, for two budgets."""
    portfolio = load_portfolio(ROOT / "examples" / "grocery")
    states, unit = project_states(None, portfolio), portfolio.settings.effort_unit
    largest = plan_projects(states, budget=max(BUDGETS), effort_unit=unit)
    return standalone(optimum_by_budget(largest.drawn(), sweep(states, BUDGETS), unit=unit))


PICTURES = {"plan.svg": plan_picture}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw() + "\n", encoding="utf-8")
