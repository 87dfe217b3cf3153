"""Small portfolios whose best split is found by trying every one."""

from itertools import product

import numpy as np

from assay.portfolio.allocation import Constraints, Prerequisite


def draw_values(rng: np.random.Generator, projects: int, units: int) -> list[np.ndarray]:
    """Curves of up to `units` units: diminishing or not, with ties or without."""
    curves = []
    for _ in range(projects):
        size = int(rng.integers(1, units + 1))
        steps = rng.choice([0.0, 0.0, 0.1, 0.2, 0.3, 1.0, 2.5], size=size)
        rises = steps if rng.random() < 0.5 else rng.exponential(size=size)
        if rng.random() < 0.5:
            rises = -np.sort(-rises)
        curves.append(np.concatenate([[0.0], np.cumsum(rises)]))
    return curves


def draw_limits(rng: np.random.Generator, projects: int) -> dict[str, object]:
    """Least, most and committed units, each as likely as not left out."""
    most = [None if rng.random() < 0.3 else int(each) for each in rng.integers(1, 7, projects)]
    drawn = {
        "least": rng.integers(0, 3, projects).tolist(),
        "most": most,
        "committed": rng.integers(0, 2, projects).tolist(),
    }
    return {name: units for name, units in drawn.items() if rng.random() < 0.5}


def draw_teams(rng: np.random.Generator, projects: int) -> dict[str, object]:
    """Two teams with few units."""
    teams = rng.choice(["a", "b"], projects).tolist()
    return {"teams": teams, "capacity": {team: int(rng.integers(0, 8)) for team in set(teams)}}


def draw_prerequisites(rng: np.random.Generator, projects: int) -> dict[str, object]:
    """A chain of projects that wait for one another, with links missing."""
    order = rng.permutation(projects).tolist()
    links = zip(order[1:], order, strict=False)
    waiting = [
        Prerequisite(project=project, needs=needs, units=int(rng.integers(1, 4)))
        for project, needs in links
        if rng.random() < 0.7
    ]
    done = [int(rng.integers(0, projects))] if rng.random() < 0.3 else []
    return {"prerequisites": waiting, "done": done}


def draw_most_active(rng: np.random.Generator, projects: int) -> dict[str, object]:
    """Few projects that may be active."""
    return {"most_active": int(rng.integers(0, projects + 1))}


def draw_all(rng: np.random.Generator, projects: int) -> dict[str, object]:
    """All kinds of constraints at once."""
    kinds = (draw_limits, draw_teams, draw_prerequisites, draw_most_active)
    return {name: each for kind in kinds for name, each in kind(rng, projects).items()}


def holds(units: tuple[int, ...], asked: Constraints) -> bool:
    """Whether a split respects constraints, by reading them one by one."""
    at = range(len(units))
    limited = [
        all(units[i] >= asked.least[i] for i in at if asked.least),
        all(units[i] >= asked.committed[i] for i in at if asked.committed),
        all(units[i] <= asked.most[i] for i in at if asked.most and asked.most[i] is not None),
    ]
    by_team = [
        sum(units[i] for i in at if asked.teams[i] == team) <= most
        for team, most in asked.capacity.items()
    ]
    waited = [
        units[each.project] == 0 or each.needs in asked.done or units[each.needs] >= each.units
        for each in asked.prerequisites
    ]
    few = asked.most_active is None or sum(each > 0 for each in units) <= asked.most_active
    return all([*limited, *by_team, *waited, few])


def best_of_all(values: list[np.ndarray], budget: int, asked: Constraints) -> float | None:
    """The value of the best split that respects constraints; `None` where there is none."""
    spans = [range(min(curve.size, budget + 1)) for curve in values]
    return max(
        (
            float(sum(curve[units] for curve, units in zip(values, split, strict=True)))
            for split in product(*spans)
            if sum(split) <= budget and holds(split, asked)
        ),
        default=None,
    )
