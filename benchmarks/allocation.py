"""Is a budget split exactly, and what does a plan lose against somebody who knows the truth?

Run `python benchmarks/allocation.py` (some minutes on two cores), with `--quick` for a smaller
version, with `--check` to fail where a promise does not hold. `--quick` plays small companies only:
enough to see that equal shares and least squares lose more than the plan, that its regret lies
within three standard errors of the design's, that hiding failures costs something, and the signs of
what attempts are worth. That these hold for 30 projects too, that hiding costs nothing where no
project dies, and that the plan without failures earns less under the truth, only the full run can
tell.
"""

from pathlib import Path

import _late
import _policies
import _value
from _command import keep_to_two_cores
from _common import finish, read_options, show_table

from assay.portfolio import KnownCurve, ProjectState, plan_projects
from assay.record import load_portfolio

GROCERY = Path(__file__).resolve().parents[1] / "examples" / "grocery"
PUBLISHED = {100: (40, 32, 16, 12, 0), 300: (111, 90, 52, 34, 13)}
SIZES = ((5, 50, 100), (5, 100, 100), (30, 300, 40), (200, 300, 10), (1000, 1000, 1))
QUICK_SIZES = ((5, 50, 20), (30, 300, 5), (200, 300, 1))


def grocery() -> list[ProjectState]:
    """The five projects of the example."""
    return [
        ProjectState(
            key=project.key,
            question=project.question,
            importance=project.importance,
            curve=KnownCurve(project.curve.a, project.curve.b),
        )
        for project in load_portfolio(GROCERY).projects
        if project.curve is not None
    ]


def show_grocery(states: list[ProjectState]) -> list[str]:
    """Print the splits of the grocery start-up; hand back what differs from those published."""
    found = {
        budget: tuple(
            line.units
            for line in plan_projects(states, budget=budget, effort_unit="person-day").lines
        )
        for budget in PUBLISHED
    }
    rows = [(budget, *units) for budget, units in found.items()]
    show_table("Grocery start-up: person-days", ("budget", *(s.key for s in states)), rows)
    return [
        f"budget {budget} is split into {found[budget]}, published is {units}"
        for budget, units in PUBLISHED.items()
        if found[budget] != units
    ]


def main() -> None:
    """Run all parts and print their figures."""
    options = read_options("What does a plan lose against the truth, and is its split exact?")
    processes = keep_to_two_cores()
    published = show_grocery(grocery())
    small = 10 if options.quick else 60
    missed = _late.missed_by_search(small)
    print(f"Small companies in which trying every split found a better one: {missed} of {small}")
    late = [_late.compare(*size) for size in (QUICK_SIZES if options.quick else SIZES)]
    _late.show(late)
    cells = _policies.measure(options.quick, processes)
    _policies.show(cells)
    worths = _value.measure(options.quick, processes)
    _value.show(worths)
    first, last = cells[0], late[-1]
    regrets = {name: first.mean(name)[0] for name in (_policies.PLAN, *_policies.SHOWN[:2])}
    hidden, error = first.cost(_policies.HIDDEN)
    figure = (
        f"allocation: exact in {small - missed} of {small} companies checked by brute force; one "
        f"unit at a time reaches {late[0].one_at_a_time.mean():.2f} of it on late returns; "
        f"{last.projects} projects x {last.budget} units in {last.seconds:.2f} s; with 5 projects "
        f"and 100 person-days the plan loses {regrets[_policies.PLAN]:.1f} % of what can be had, "
        f"equal shares {regrets[_policies.EQUAL]:.1f} %, least squares "
        f"{regrets[_policies.SQUARES[0]]:.1f} %; hiding failures costs {hidden:.1f} ± {error:.1f} "
        f"points; {_value.unmoved(worths):.0%} of attempts move no unit"
    )
    short = [
        *published,
        *_late.shortfalls(late, missed),
        *_policies.shortfalls(cells),
        *_value.shortfalls(worths, options.quick),
    ]
    finish(figure, short, options)


if __name__ == "__main__":
    main()
