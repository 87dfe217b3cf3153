"""What each policy of splitting effort loses, and what hiding failed attempts costs.

Companies, importances and luck are drawn by `assay.simulate`. Beside each figure stands that of the
design's simulation, whose law of companies is known only in part: 25 % of projects dead,
importances logN(0, 0.8), ten rounds, one attempt for each funded project and round, a law that
differs from the prior. The rest was inferred: the time scales and shapes of `assay.simulate` were
chosen so that equal shares, on which neither luck nor learning has a say, lose what they lose
there; heights and shortfalls so that the plan in companies of 5 projects does. All other figures
had no say, and the companies here are others than those on which the law was chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import Workers

from assay.portfolio.kinds import Floats
from assay.simulate import POLICIES, company, play

ROUNDS = 10
EQUAL, PLAN, HIDDEN, ONE_BIT = (
    "equal", "posterior-mean", "posterior-mean-hidden", "posterior-mean-one-bit",
)  # fmt: skip
SQUARES = ("least-squares", "least-squares-best", "least-squares-hidden")
SHOWN = (EQUAL, *SQUARES, PLAN, "thompson")
NOT_SAID = float("nan")

# Regret in % of the oracle's value and its standard error, by (projects, budget), as in `SHOWN`.
REGRETS = {
    (5, 100): ((20.2, 0.9), (23.6, 1.8), (19.6, NOT_SAID), (9.6, 1.0), (5.1, 0.6), (8.9, 0.8)),
    (5, 300): ((12.4, 0.7), (18.2, 1.5), (15.2, NOT_SAID), (7.4, 0.6), (3.1, 0.3), (5.8, 0.6)),
    (30, 100): ((47.3, 1.0), (26.9, 1.8), (23.8, NOT_SAID), (22.1, 1.0), (15.2, 0.8), (24.9, 1.1)),
    (30, 300): ((34.0, 0.9), (25.0, 1.5), (19.8, NOT_SAID), (13.4, 0.6), (9.0, 0.5), (15.1, 0.7)),
}
# Points of the oracle's value that are lost over recording all, by (projects, budget, dead share):
# where failures are hidden, and where only one bit of each is told.
COSTS = {
    (5, 100, 0.25): ((2.10, 0.26), (0.17, 0.23)),
    (5, 300, 0.25): ((1.83, 0.26), (-0.03, 0.10)),
    (30, 100, 0.25): ((1.48, 0.58), (0.61, 0.67)),
    (30, 300, 0.25): ((1.71, 0.52), (-0.02, 0.40)),
    (30, 100, 0.0): ((-0.80, 0.84), (-0.09, 0.54)),
    (5, 100, 0.5): ((3.79, 0.36), (0.22, 0.26)),
    (30, 100, 0.5): ((2.82, 0.81), (-0.62, 0.49)),
    (30, 100, 0.7): ((6.19, 1.12), (-0.05, 0.73)),
}
COMPANIES = {5: {100: 120, 300: 60}, 30: {100: 30, 300: 25}}
FIRST_SEED = 10_000  # others were played when the law was chosen
QUICK = {(5, 100, 0.25): 20, (5, 100, 0.5): 20}


@dataclass(frozen=True)
class Cell:
    """Companies of one kind and what policies lose in each.

    Fields:
        projects: in each company.
        budget: person-days.
        dead: share of projects that are dead.
        regrets: by policy, one number a company.
    """

    projects: int
    budget: int
    dead: float
    regrets: dict[str, Floats]

    @property
    def key(self) -> tuple[int, int, float]:
        """What kind of companies these are."""
        return self.projects, self.budget, self.dead

    def mean(self, policy: str) -> tuple[float, float]:
        """Mean regret and its standard error."""
        return _mean(self.regrets[policy])

    def cost(self, policy: str) -> tuple[float, float]:
        """What it loses more than the plan on all attempts, in the same companies."""
        return _mean(self.regrets[policy] - self.regrets[PLAN])


@dataclass(frozen=True)
class Job:
    """One company, to be played by several policies."""

    projects: int
    budget: int
    dead: float
    seed: int
    policies: tuple[str, ...]


def played(job: Job) -> list[float]:
    """Regret of each policy in the end."""
    firm = company(job.seed, projects=job.projects, share_dead=job.dead)
    return [play(firm, POLICIES[name], job.budget, ROUNDS).regret for name in job.policies]


def measure(quick: bool, processes: int) -> list[Cell]:
    """Play all companies.

    Args:
        quick: only small companies, and fewer.
        processes: how many work at a time.
    """
    sizes = QUICK if quick else {key: COMPANIES[key[0]][key[1]] for key in COSTS}
    jobs = [
        Job(*key, FIRST_SEED + at, _policies(key))
        for key, count in sizes.items()
        for at in range(count)
    ]
    with Workers(processes) as workers:
        found = dict(zip(jobs, workers.map(played, jobs, "companies"), strict=True))
    return [_cell(key, [job for job in jobs if (*_key(job),) == key], found) for key in sizes]


def show(cells: Sequence[Cell]) -> None:
    """Print what policies lose and what hiding costs, the figures of the design in brackets."""
    rows = [
        (cell.projects, cell.budget, len(cell.regrets[PLAN]), *_against_design(cell))
        for cell in cells
        if cell.dead == 0.25
    ]
    columns = ("projects", "budget", "companies", *SHOWN)
    show_table("Regret, % of the oracle's value: here ± se (design)", columns, rows)
    costs = [
        (
            *cell.key,
            *(f"{cell.mean(name)[0]:.1f}" for name in (PLAN, ONE_BIT, HIDDEN)),
            *(
                _beside(cell.cost(name), design, 2)
                for name, design in zip((HIDDEN, ONE_BIT), COSTS[cell.key], strict=True)
            ),
        )
        for cell in cells
    ]
    heads = ("all", "one bit", "hidden", "hidden - all", "one bit - all")
    columns = ("projects", "budget", "dead", *heads)
    show_table("Cost of hiding failures, points of the oracle's value", columns, costs)
    for words in differences(cells):
        print(f"DIFFERS: {words}")


def shortfalls(cells: Sequence[Cell]) -> list[str]:
    """What does not come out as it should."""
    return [*_of_regrets(cells), *_of_hiding(cells)]


def differences(cells: Sequence[Cell]) -> list[str]:
    """Costs of hiding that lie over three standard errors from the design's.

    They are told, and are no shortfall: a law of which only a part is known need not agree on them.
    """
    return [
        f"{_where(cell)}: {words} costs {cell.cost(name)[0]:.2f} ± {cell.cost(name)[1]:.2f} "
        f"points here, {design[0]} ± {design[1]} in the design's simulation"
        for cell in cells
        for name, words, design in zip(
            (HIDDEN, ONE_BIT),
            ("hiding failures", "one bit a failure"),
            COSTS[cell.key],
            strict=True,
        )
        if not _agree(cell.cost(name), design)
    ]


def _of_regrets(cells: Sequence[Cell]) -> list[str]:
    short = []
    for cell in (cell for cell in cells if cell.dead == 0.25):
        where = f"{cell.projects} projects, budget {cell.budget}"
        design = REGRETS[cell.projects, cell.budget][SHOWN.index(PLAN)]
        if not _agree(cell.mean(PLAN), design):
            mean, error = cell.mean(PLAN)
            short.append(f"{where}: the plan loses {mean:.1f} ± {error:.1f} %, not {design[0]} %")
        for name in (EQUAL, SQUARES[0]):
            more, error = cell.cost(name)
            if more <= 2 * error:
                short.append(f"{where}: {name} loses {more:.1f} ± {error:.1f} more than the plan")
    return short


def _of_hiding(cells: Sequence[Cell]) -> list[str]:
    short = []
    for cell in cells:
        where = _where(cell)
        cost, error = cell.cost(HIDDEN)
        if cell.dead and cost <= 0:
            short.append(f"{where}: hiding failures costs nothing ({cost:.2f} ± {error:.2f})")
        if not cell.dead and cost > 2 * error:
            short.append(f"{where}: hiding failures costs {cost:.2f} where no project dies")
    return short


def _where(cell: Cell) -> str:
    return f"{cell.projects} projects, budget {cell.budget}, {cell.dead:.0%} dead"


def _policies(key: tuple[int, int, float]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(SHOWN if key[2] == 0.25 else ()), PLAN, HIDDEN, ONE_BIT]))


def _key(job: Job) -> tuple[int, int, float]:
    return job.projects, job.budget, job.dead


def _cell(key: tuple[int, int, float], jobs: Sequence[Job], found: dict[Job, list[float]]) -> Cell:
    regrets = np.array([found[job] for job in jobs])
    return Cell(*key, dict(zip(jobs[0].policies, regrets.T, strict=True)))


def _mean(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))


def _agree(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two figures lie within three standard errors of their difference."""
    return abs(one[0] - other[0]) <= 3 * float(np.hypot(one[1], other[1]))


def _against_design(cell: Cell) -> list[str]:
    design = REGRETS[cell.projects, cell.budget]
    return [_beside(cell.mean(name), said) for name, said in zip(SHOWN, design, strict=True)]


def _beside(here: tuple[float, float], design: tuple[float, float], digits: int = 1) -> str:
    return f"{here[0]:.{digits}f}±{here[1]:.{digits}f} ({design[0]:g})"
