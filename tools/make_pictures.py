"""Draws the pictures of the documentation: `python tools/make_pictures.py`."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from assay.picture import standalone
from assay.picture.allocation import optimum_by_budget
from assay.portfolio import (
    Curve,
    Plan,
    Point,
    ProjectState,
    StageOfWork,
    Stages,
    plan_projects,
    project_states,
    returns_of,
    sweep,
)
from assay.portfolio.answers import Case, Tried, information, today_of
from assay.record import Returns, load_portfolio

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
BUDGETS = (100, 300)
UNIT = "person-day"


def plan_picture() -> str:
    """The grocery start-up: where the optimum lies on each curve, for two budgets."""
    states = _grocery()
    largest = plan_projects(states, budget=max(BUDGETS), effort_unit=UNIT)
    return standalone(optimum_by_budget(largest.drawn(), sweep(states, BUDGETS), unit=UNIT))


def budgets_picture() -> str:
    """The grocery start-up: its split for budgets up to 200."""
    return standalone(_plan(_grocery(), 100).picture("budgets"))


def marginal_picture() -> str:
    """The grocery start-up: what one more of 100 person-days would add."""
    return standalone(_plan(_grocery(), 100).picture("marginal"))


def curves_picture() -> str:
    """Two projects with attempts; the second has stages, one of which must be built up."""
    states = [case.state for case in _tried()]
    return standalone(_plan(states[:2], 70).picture("curves"))


def returns_picture() -> str:
    """The grocery start-up, had each project returns of its own."""
    pricing, dispatching, onboarding, recommendations, images = _grocery()
    bent = [
        replace(pricing, returns=returns_of(Returns(concave=0.5)), importance=0.5),
        replace(dispatching, returns=returns_of(Returns(threshold=0.2))),
        onboarding,
        replace(
            recommendations, returns=returns_of(Returns(points=((0, 0), (0.05, 15), (0.1, 20))))
        ),
        images,
    ]
    return standalone(_plan(bent, 100).picture("returns"))


def information_picture() -> str:
    """Three projects with attempts, failures among them, and what each is worth to their plan."""
    return standalone(information(today_of(_tried(), budget=20, effort_unit=UNIT)).picture())


def _grocery() -> tuple[ProjectState, ...]:
    return project_states(None, load_portfolio(ROOT / "examples" / "grocery"))


def _plan(states: tuple[ProjectState, ...] | list[ProjectState], budget: float) -> Plan:
    return plan_projects(states, budget=budget, effort_unit=UNIT)


def _tried() -> tuple[Case, ...]:
    """Three projects of a made-up company, with what was tried."""
    deep = Stages((StageOfWork("features", 3), StageOfWork("ml", 9), StageOfWork("deep", 26, 8)))
    demand = (
        Point("calendar", 3, 0.0, 0.12, 0.02),
        Point("weather", 6, 0.12, 0.10, 0.02),
        Point("boosting", 10, 0.12, 0.31, 0.02),
    )
    arrivals = (
        Point("distances", 4, 0.0, 0.16, 0.02),
        Point("traffic", 9, 0.16, broke=True),
        Point("boosting", 14, 0.16, 0.30, 0.02),
        Point("rider by rider", 18, 0.30, 0.27, 0.02),
    )
    photos = (
        Point("colours", 3, 0.0, 0.01, 0.02),
        Point("first network", 8, 0.01, -0.04, 0.02),
        Point("larger network", 14, 0.01, 0.0, 0.02),
    )
    return (
        _case("demand", demand, Stages(), 1.0),
        _case("arrivals", arrivals, deep, 1.5),
        _case("photos", photos, Stages(), 3.0),
    )


def _case(key: str, points: tuple[Point, ...], stages: Stages, importance: float) -> Case:
    learn = partial(_curve, stages)
    state = ProjectState(
        key=key,
        question="",
        importance=importance,
        curve=learn(points),
        effort_spent=points[-1].effort or 0.0,
        attempts=points,
    )
    return Case(state=state, tried=tuple(Tried(point) for point in points), learn=learn)


def _curve(stages: Stages, points: tuple[Point, ...]) -> Curve:
    seen = [point.observation for point in points]
    return Curve.learn([each for each in seen if each is not None], stages=stages)


PICTURES = {
    "plan.svg": plan_picture,
    "plan-budgets.svg": budgets_picture,
    "plan-marginal.svg": marginal_picture,
    "plan-curves.svg": curves_picture,
    "plan-returns.svg": returns_picture,
    "plan-information.svg": information_picture,
}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw() + "\n", encoding="utf-8")
