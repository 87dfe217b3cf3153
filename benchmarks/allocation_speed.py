"""How long does it take to split a budget, over a thousand projects and over a million?

Run `python benchmarks/allocation_speed.py` (some two minutes, half of it SciPy's), with `--quick`
for smaller rivals, with `--check` to fail where a limit is passed. Times depend on the machine and
on what else it does, so this is never part of CI. Each figure but the rivals' is the fastest of
several, after one that warms up. The row of CVXPY wants `pip install cvxpy`, and is left out
without it.
"""

import importlib.util
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _common import finish, read_options, show_table
from _curve_truth import draw
from scipy.optimize import minimize

from assay.portfolio import (
    SHAPES,
    Curve,
    Observation,
    ProjectState,
    allocate,
    allocate_each,
    plan_projects,
)
from assay.portfolio.allocation import (
    Constraints,
    LogCurves,
    Prerequisite,
    ShapedCurves,
    waterfill,
)
from assay.portfolio.kinds import Floats
from assay.portfolio.side_by_side import side_by_side

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}
SEED = 909
MANY = 1_000_000
BUDGET_EACH = 5.0  # effort for each project, where effort is poured
SEARCH_S = 1.0
MIXED_S = 2.0
CURVES_S = 5.0
TIMES_SORT = 3.0
MEMORY_MB = 500.0
AGREE = 1e-9  # relative, with the closed form
RIVAL_AGREES = 1e-3  # of the optimum: what general optimisers reach


@dataclass(frozen=True)
class Figure:
    """One line of the table: what was measured, in which unit, and the most that is promised."""

    name: str
    found: float
    unit: str
    limit: float | None = None

    @property
    def is_short(self) -> bool:
        return self.limit is not None and not self.found <= self.limit  # nan is short too


def late_values(rng: np.random.Generator, projects: int, budget: int, share: float) -> list[Floats]:
    """Values of whole units: this share of the projects S-curves, the others diminishing."""
    x = np.arange(budget + 1.0)
    height, scale = rng.lognormal(0, 0.8, projects), rng.lognormal(3, 0.8, projects)
    z = x / scale[:, None]
    is_late = np.arange(projects) < share * projects
    return list(height[:, None] * np.where(is_late[:, None], z**3 / (1 + z**3), -np.expm1(-z)))


def fastest(act: Callable[[], object], times: int) -> float:
    """Seconds of the quickest of several calls, after one more."""
    act()
    found = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        found.append(time.perf_counter() - began)
    return min(found)


def searches(times: int) -> list[Figure]:
    """A thousand projects and a thousand units."""
    found = []
    for name, share in (("all diminish", 0.0), ("half start late", 0.5), ("all start late", 1.0)):
        values = late_values(np.random.default_rng(SEED), 1000, 1000, share)
        taken = fastest(lambda values=values: allocate(values, 1000), times)
        found.append(Figure(f"1,000 projects x 1,000 units, {name}", taken, "s", SEARCH_S))
    each = range(100, 1001, 100)
    taken = fastest(lambda: allocate_each(values, each), 1)
    return [*found, Figure("  ten budgets at once, all start late", taken, "s")]


def coupled(times: int) -> list[Figure]:
    """The same with teams, prerequisites and few active projects: no limit is promised."""
    values = late_values(np.random.default_rng(SEED), 1000, 1000, 0.5)
    asked = Constraints(
        teams=[str(at % 5) for at in range(1000)],
        capacity={str(team): 160 + team for team in range(5)},
        prerequisites=[Prerequisite(project=at + 1, needs=at, units=2) for at in range(0, 999, 4)],
        most_active=60,
    )
    answers = []
    taken = fastest(lambda: answers.append(allocate(values, 1000, constraints=asked)), times)
    return [
        Figure("the same, half late, under 5 teams, 250 prerequisites, 60 active", taken, "s"),
        Figure("  gap left", answers[-1].gap, "of the bound", AGREE),
    ]


def logarithms(projects: int) -> LogCurves:
    """Projects that are worth a * log(1 + b * effort)."""
    rng = np.random.default_rng(SEED)
    return LogCurves(rng.lognormal(0, 0.8, projects), 1 / rng.lognormal(3, 1.2, projects))


def mixed(projects: int) -> ShapedCurves:
    """Projects of all six shapes, half of them underway."""
    rng = np.random.default_rng(SEED)
    return ShapedCurves(
        rng.choice(list(SHAPES), projects),
        rng.lognormal(0, 0.8, projects),
        rng.lognormal(3, 1.2, projects),
        rng.uniform(0.4, 1.0, projects),
        np.where(rng.random(projects) < 0.5, 0.0, rng.exponential(10, projects)),
    )


def by_sorting(curves: LogCurves, budget: float) -> Floats:
    """The closed form with a sort: the steepest at zero are funded."""
    order = np.argsort(-curves.a * curves.b)
    levels = (budget + np.cumsum(1 / curves.b[order])) / np.cumsum(curves.a[order])
    level = levels[np.flatnonzero((curves.a * curves.b)[order] * levels > 1)[-1]]
    return np.maximum(curves.a * level - 1 / curves.b, 0.0)


def poured(times: int) -> list[Figure]:
    """A million projects."""
    curves, budget = logarithms(MANY), MANY * BUDGET_EACH
    sort_s = fastest(lambda: by_sorting(curves, budget), times)
    fill_s = fastest(lambda: waterfill(curves, budget), times)
    exact, found = by_sorting(curves, budget), waterfill(curves, budget)
    off = float(np.abs(found.effort - exact).max() / exact.max())
    shaped = mixed(MANY)
    mixed_s = fastest(lambda: waterfill(shaped, budget), times)
    build_s = fastest(lambda: mixed(MANY), 1)
    filled = waterfill(shaped, budget)
    return [
        Figure("1,000,000 logarithms, plain sort", sort_s, "s"),
        Figure("1,000,000 logarithms, poured", fill_s, "s", TIMES_SORT * sort_s),
        Figure("  off the closed form", off, "of the largest", AGREE),
        Figure("  memory, curves included", memory_alone("logarithms"), "MB", MEMORY_MB),
        Figure("1,000,000 mixed shapes, drawn and checked", build_s, "s"),
        Figure("1,000,000 mixed shapes, poured", mixed_s, "s", MIXED_S),
        Figure("  slopes off the price", filled.residual, "relative", AGREE),
        Figure("  effort off the budget", abs(filled.effort.sum() / budget - 1), "relative", AGREE),
        Figure("  memory, curves included", memory_alone("mixed"), "MB", MEMORY_MB),
    ]


def memory_alone(kind: str) -> float:
    """Megabytes that a million projects of a kind take in a process of their own."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", kind], capture_output=True, text=True
    )
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        done.check_returncode()
    return float(done.stdout.splitlines()[-1])


def measure_memory(kind: str) -> float:
    """Megabytes by which the peak grows while curves are drawn and effort is poured."""
    build = {"logarithms": logarithms, "mixed": mixed}[kind]
    waterfill(build(1000), 1000.0)  # libraries are loaded: what is left grows with the projects
    before = _memory("VmRSS")
    waterfill(build(MANY), MANY * BUDGET_EACH)
    return (_memory("VmHWM") - before) / 1e6


def _memory(name: str) -> float:
    """Bytes by the kernel's account; nan where there is none."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(each for each in status.read_text().splitlines() if each.startswith(name))
    return float(line.split()[1]) * 1024


def slsqp(projects: int) -> list[Figure]:
    """SciPy's general optimiser on logarithms."""
    curves, budget = logarithms(projects), projects * BUDGET_EACH
    began = time.perf_counter()
    answer = minimize(
        lambda x: -float(curves.a @ np.log1p(curves.b * x)),
        np.full(projects, BUDGET_EACH),
        jac=lambda x: -curves.a * curves.b / (1 + curves.b * x),
        bounds=[(0, None)] * projects,
        constraints={
            "type": "eq",
            "fun": lambda x: x.sum() - budget,
            "jac": lambda x: np.ones(projects),
        },
        method="SLSQP",
        options={"maxiter": 1000},
    )
    return _rival(
        f"SciPy's SLSQP, {projects:,} projects", curves, time.perf_counter() - began, -answer.fun
    )


def clarabel(projects: int) -> list[Figure]:
    """CVXPY with Clarabel on logarithms."""
    import cvxpy

    curves, budget = logarithms(projects), projects * BUDGET_EACH
    began = time.perf_counter()
    x = cvxpy.Variable(projects, nonneg=True)
    worth = cvxpy.sum(cvxpy.multiply(curves.a, cvxpy.log1p(cvxpy.multiply(curves.b, x))))
    problem = cvxpy.Problem(cvxpy.Maximize(worth), [cvxpy.sum(x) <= budget])
    problem.solve(solver="CLARABEL")
    return _rival(
        f"CVXPY with Clarabel, {projects:,} projects",
        curves,
        time.perf_counter() - began,
        float(problem.value),
    )


def _rival(name: str, curves: LogCurves, taken: float, value: float) -> list[Figure]:
    budget = curves.size * BUDGET_EACH
    ours = fastest(lambda: waterfill(curves, budget), 3)
    best = curves.value(waterfill(curves, budget).effort)
    return [
        Figure(name, taken, "s"),
        Figure("  the same, poured", ours, "s", taken),
        Figure("  value off the optimum", abs(value / best - 1), "relative", RIVAL_AGREES),
    ]


def learnt(projects: int) -> list[Figure]:
    """Curves of many projects with ten attempts each, all different, on all cores.

    The promise is for attempts that fall short of their curve, as attempts do. Where all ten of
    every project lie on one, each curve must be drawn anew: shown beside it, and not promised.
    """
    usual = [draw((SEED, at), 10).seen(10) for at in range(projects)]
    sharp = [_on_one_curve(np.random.default_rng((SEED, at))) for at in range(projects)]
    Curve.prior()  # drawn once in a process
    limit, found = CURVES_S * projects / 1000, []
    kinds = (("that fall short", usual, limit), ("all on one curve, the worst", sharp, None))
    for name, attempts, most in kinds:
        began, spent = time.perf_counter(), time.process_time()
        curves = side_by_side(Curve.learn, attempts)
        taken, of_cores = time.perf_counter() - began, time.process_time() - spent
        title = f"{projects:,} curves of 10 attempts {name}"
        found += [Figure(title, taken, "s", most), Figure("  of all cores", of_cores, "s")]
    began = time.perf_counter()
    states = [
        ProjectState(
            key=str(at), question="", importance=1.0, curve=curve, effort_spent=seen[-1].effort
        )
        for at, (curve, seen) in enumerate(zip(curves, sharp, strict=True))
    ]
    plan_projects(states, budget=1000, effort_unit="person-day")
    return [*found, Figure("  and their plan of 1,000 units", time.perf_counter() - began, "s")]


def _on_one_curve(rng: np.random.Generator) -> tuple[Observation, ...]:
    """Ten attempts without a shortfall: few of the shared atoms fit, so others must be drawn."""
    efforts = np.cumsum(rng.uniform(1.0, 6.0, 10))
    scores = rng.uniform(0.3, 0.9) * -np.expm1(-efforts / rng.uniform(8.0, 30.0))
    return tuple(
        Observation(float(x), float(y), 0.02) for x, y in zip(efforts, scores, strict=True)
    )


def main() -> None:
    """Measure all, print the table and the closing figure."""
    if sys.argv[1:2] == ["--memory"]:
        print(measure_memory(sys.argv[2]))
        return
    options = read_options("How long does it take to split a budget over very many projects?")
    if any(os.environ.get(name) != value for name, value in ONE_THREAD.items()):
        # NumPy has read its environment by now: start again with one core for each rival.
        again = [sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(again, env={**os.environ, **ONE_THREAD}).returncode)
    times = 2 if options.quick else 5
    figures = [*searches(times), *coupled(1), *poured(times)]
    figures += slsqp(150 if options.quick else 1000)
    if importlib.util.find_spec("cvxpy") is None:
        print("CVXPY is not installed, so its row is left out: `pip install cvxpy` for it.")
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CVXPY warns of what it does without
            figures += clarabel(10_000 if options.quick else 100_000)
    figures += learnt(100 if options.quick else 1000)
    rows = [
        (each.name, each.found, "" if each.limit is None else each.limit, each.unit)
        for each in figures
    ]
    show_table("Splitting a budget", ("what", "found", "limit", "unit"), rows)
    by_name = {each.name: each for each in figures}
    searched = by_name["1,000 projects x 1,000 units, all start late"].found
    pour, sort = (by_name[f"1,000,000 logarithms, {how}"].found for how in ("poured", "plain sort"))
    short = [
        f"{each.name.strip()}: {each.found:.3g} {each.unit}, promised are {each.limit:.3g}"
        for each in figures
        if each.is_short
    ]
    finish(
        f"allocation_speed: 1,000 projects x 1,000 units in {searched:.2f} s at worst, a million "
        f"logarithms in {pour:.3f} s ({pour / sort:.2f} times a plain sort), a million mixed "
        f"shapes in {by_name['1,000,000 mixed shapes, poured'].found:.2f} s",
        short,
        options,
    )


if __name__ == "__main__":
    main()
