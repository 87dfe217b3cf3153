"""Tables that look like those the other rooms hand to pictures."""

from collections.abc import Callable
from datetime import date, timedelta

import altair as alt
import numpy as np
import polars as pl
import pytest

from assay import picture
from assay.picture.allocation import optimum_by_budget
from assay.picture.feasibility import Mark, learning_curve
from assay.picture.regret import regret_by_effort


def bins(hidden: bool = True) -> pl.DataFrame:
    edges = np.arange(0, 65, 5)
    count = np.array([40, 120, 260, 310, 270, 190, 140, 80, 44, 20, 9, 3])
    share = np.linspace(0, 0.7, 12) if hidden else np.zeros(12)
    return pl.DataFrame(
        {
            "bin_left": edges[:-1],
            "bin_right": edges[1:],
            "count": count,
            "hidden": (count * share).astype(int),
        }
    )


def course(rows: int = 200, hidden: float = 1.0) -> pl.DataFrame:
    day = np.arange(rows)
    start = date(2024, 1, 1)
    return pl.DataFrame(
        {
            "time": [start + timedelta(days=int(d)) for d in day],
            "value": 22 + 6 * np.sin(day * 2 * np.pi / 7) + 4 * np.sin(day / 30),
            "hidden": hidden * np.clip(np.sin(day / 20), 0, 0.8),
        }
    )


def profile() -> pl.DataFrame:
    mean = np.array([18.0, 17.0, 18.5, 20.0, 25.0, 31.0, 27.0])
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    return pl.DataFrame({"position": names, "mean": mean, "low": mean - 5, "high": mean + 7})


def curve() -> pl.DataFrame:
    effort = np.linspace(0, 30, 61)
    mean = 0.62 * (1 - np.exp(-effort / 9))
    spread = 0.03 + 0.004 * effort
    return pl.DataFrame(
        {"effort": effort, "mean": mean, "low": np.clip(mean - spread, 0, 1), "high": mean + spread}
    )


def attempts() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "effort": [1.0, 3.0, 5.0, 8.0, None, 12.0],
            "score": [0.05, 0.17, None, 0.33, 0.4, 0.38],
            "se": [0.02, 0.02, None, 0.025, 0.02, None],
            "name": ["glm", "censored glm", "boosted", "score-driven", "import", "deep"],
            "kind": ["improved", "improved", "broke", "improved", "improved", "no better"],
        }
    )


def sealed() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "name": ["glm", "censored glm", "score-driven"],
            "gain": [-0.16, 0.02, 0.21],
            "low": [-0.25, -0.06, 0.13],
            "high": [-0.07, 0.10, 0.29],
        }
    )


def promised() -> pl.DataFrame:
    at = np.linspace(0.05, 0.95, 10)
    return pl.DataFrame({"predicted": at, "observed": at**1.2, "count": (90 * at + 5).astype(int)})


def places() -> pl.DataFrame:
    left = np.linspace(0, 0.9, 10)
    count = [130, 95, 88, 84, 90, 92, 99, 101, 118, 161]
    return pl.DataFrame({"bin_left": left, "bin_right": left + 0.1, "count": count})


def pilot_scores() -> tuple[pl.DataFrame, pl.DataFrame]:
    """What a pilot of 80 rows reached on its parts, and what is to be had at least with more."""
    score = np.array([0.1, 0.22, 0.33, 0.4])
    rows = {"rows": [13, 27, 53, 80], "score": score, "low": score - 0.1, "high": score + 0.1}
    at_least = {"rows": [80, 400, 1500], "score": [0.3, 0.38, 0.42]}
    return pl.DataFrame({**rows, "name": "measured"}), pl.DataFrame(at_least)


def growing() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two known curves, and what each project gets of two budgets."""
    rows = [(name, u, a * np.log1p(u)) for name, a in (("up", 5), ("down", 2)) for u in range(301)]
    curves = pl.DataFrame(rows, ["project", "effort", "value"], orient="row")
    units = [(10, "up", 8), (10, "down", 2), (100, "up", 72), (100, "down", 28)]
    optima = pl.DataFrame(units, ["budget", "project", "units"], orient="row")
    value = curves.rename({"effort": "units"})
    return curves, optima.join(value, on=["project", "units"])


def regrets() -> pl.DataFrame:
    """Three policies over five rounds, two of them neck and neck."""
    ends = {"equal": 20.0, "plan": 5.2, "greedy": 5.1}
    rows = [
        (name, at, 20 * at, end + 30 / at, 0.8) for name, end in ends.items() for at in range(1, 6)
    ]
    return pl.DataFrame(rows, ["policy", "round", "effort", "regret", "se"], orient="row")


GALLERY: dict[str, Callable[[], alt.TopLevelMixin]] = {
    "histogram": lambda: picture.histogram(bins(), "units sold a day", rows="days"),
    "series": lambda: picture.series(course(), "units sold a day"),
    "series without censoring": lambda: picture.series(course(hidden=0.0), "units sold a day"),
    "season profile": lambda: picture.season_profile(profile(), "units sold a day"),
    "effort-accuracy": lambda: picture.effort_accuracy(
        curve(), attempts(), unit="person-day", planned=18
    ),
    "known curve": lambda: picture.effort_accuracy(
        curve(), attempts(), unit="person-day", planned=18, axis="points", is_share=False
    ),
    "optimum by budget": lambda: optimum_by_budget(*growing()),
    "learning curve": lambda: learning_curve(
        *pilot_scores(), target=0.6, ceiling=Mark(0.83, "ceiling: at most 0.83")
    ),
    "regret": lambda: regret_by_effort(regrets()),
    "gains": lambda: picture.gains(sealed(), bar=0.0, axis="gain in CRPS (units a day)"),
    "reliability": lambda: picture.reliability(promised()),
    "PIT": lambda: picture.pit_histogram(places()),
}


@pytest.fixture(scope="session", params=sorted(GALLERY))
def chart(request: pytest.FixtureRequest) -> alt.TopLevelMixin:
    return GALLERY[request.param]()
