"""What one past attempt is worth to the plan that follows it, failed attempts included.

The value of an attempt is what the plan made with it is worth, less what the plan made without it
is worth, both valued with it. It is never negative, since the first plan is the best under what is
known; it is 0 where the attempt moves no unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from _common import show_table
from _counting import Workers

from assay.portfolio import Observation, allocate, allocate_each
from assay.portfolio.kinds import Floats
from assay.simulate import POLICIES, Company, Standing, company, play
from assay.simulate.standing import failures_hidden, learnt, mean_of

LEFT = 60  # person-days still to be split
TRIED, ATTEMPTS = 60, 5  # person-days spent before, in so many attempts of each project
FIRST_SEED = 7000  # other companies than those of the policies
DESIGN = {"zero": "60 %", "failed": 0.15, "failed, dead": 0.19, "improving": 0.37, "company": 3.6}


@dataclass(frozen=True)
class Worth:
    """What one attempt, or several together, are worth to the plan.

    Fields:
        value: expected under all that is known, importance times points.
        effort: the same in person-days: divided by what the last unit of the plan adds.
        realised: under the truth.
        moves: whether they move any unit.
        kind: `failed`, `failed, dead` (on a project that is), `improving` or `company`.
    """

    value: float
    effort: float
    realised: float
    moves: bool
    kind: str


def of_company(seed: int) -> list[Worth]:
    """The worth of each attempt of one company, and of all its failures together."""
    firm = company(seed)
    course = play(firm, POLICIES["equal"], TRIED, ATTEMPTS)
    known = _gains(course.standings)
    worths = []
    for at, now in enumerate(course.standings):
        improving = failures_hidden(now.attempts)
        for seen in now.attempts:
            dead = ", dead" if firm.projects[at].is_dead else ""
            kind = "improving" if seen in improving else f"failed{dead}"
            without = _with(known, at, _gain(now, _less(now.attempts, seen)))
            worths.append(_worth(firm, course.standings, known, without, kind))
    hidden = [_gain(now, failures_hidden(now.attempts)) for now in course.standings]
    return [*worths, _worth(firm, course.standings, known, hidden, "company")]


def measure(quick: bool, processes: int) -> list[Worth]:
    """The worth of all attempts of many companies."""
    seeds = range(FIRST_SEED, FIRST_SEED + (12 if quick else 120))
    with Workers(processes) as workers:
        return [worth for found in workers.map(of_company, seeds, "attempts") for worth in found]


def show(worths: Sequence[Worth]) -> None:
    """Print the worth by kind."""
    rows = []
    for kind in ("failed", "failed, dead", "improving", "company"):
        of_kind = _of(worths, kind)
        effort = np.array([worth.effort for worth in of_kind])
        realised, error = _realised(of_kind)
        rows.append(
            (
                kind,
                len(of_kind),
                f"{np.mean([not worth.moves for worth in of_kind]):.0%}",
                f"{effort.mean():.2f} ({DESIGN[kind]})",
                f"{np.quantile(effort, 0.9):.2f}",
                f"{np.mean([worth.value for worth in of_kind]):.2f}",
                f"{realised:+.2f} ± {error:.2f}",
            )
        )
    columns = (
        "attempts", "count", "move nothing", "mean, person-days (design)", "p90", "value",
        "realised value",
    )  # fmt: skip
    show_table(f"Worth of past attempts with {LEFT} person-days left", columns, rows)


def shortfalls(worths: Sequence[Worth], quick: bool) -> list[str]:
    """What does not come out as it should."""
    single = [worth for worth in worths if worth.kind != "company"]
    nothing = unmoved(worths)
    realised, error = _realised(_of(worths, "company"))
    least = min(worth.value for worth in worths)
    means = {
        kind: np.mean([w.value for w in _of(single, kind)]) for kind in ("failed", "improving")
    }
    promises = {
        f"an attempt is worth {least:.2g}, less than nothing": least >= -1e-9,
        f"{nothing:.0%} of attempts move nothing, about 60 % should": 0.5 <= nothing <= 0.7,
        f"a failed attempt is worth {means['failed']:.2g} on average": means["failed"] > 0,
        f"an improving one is worth {means['improving']:.2g} on average": means["improving"] > 0,
        f"a company's failures earn {realised:.2g} ± {error:.2g} under the truth": (
            quick or realised > 0  # a dozen companies cannot tell
        ),
    }
    return [words for words, holds in promises.items() if not holds]


def unmoved(worths: Sequence[Worth]) -> float:
    """Share of single attempts that move nothing."""
    return float(np.mean([not worth.moves for worth in worths if worth.kind != "company"]))


def _worth(
    firm: Company,
    standings: Sequence[Standing],
    known: Sequence[Floats],
    without: Sequence[Floats],
    kind: str,
) -> Worth:
    less, best = allocate_each(known, (LEFT - 1, LEFT))
    other = allocate(without, LEFT).units
    pairs = zip(known, best.units, other, strict=True)
    value = float(sum(gain[units] - gain[changed] for gain, units, changed in pairs))
    spent = np.array([now.spent for now in standings])
    realised = firm.value(spent + best.units) - firm.value(spent + other)
    price = best.value - less.value
    return Worth(value, value / price if price > 0 else 0.0, realised, best.units != other, kind)


def _gains(standings: Sequence[Standing]) -> list[Floats]:
    return [_gain(now, now.attempts) for now in standings]


def _gain(now: Standing, attempts: tuple[Observation, ...]) -> Floats:
    return now.gains(mean_of(learnt(attempts)), LEFT)


def _with(gains: Sequence[Floats], at: int, other: Floats) -> list[Floats]:
    return [*gains[:at], other, *gains[at + 1 :]]


def _less(attempts: tuple[Observation, ...], one: Observation) -> tuple[Observation, ...]:
    return tuple(seen for seen in attempts if seen is not one)


def _of(worths: Sequence[Worth], kind: str) -> list[Worth]:
    """Those of a kind; `failed` are all that failed."""
    return [w for w in worths if w.kind == kind or (kind == "failed" and kind in w.kind)]


def _realised(worths: Sequence[Worth]) -> tuple[float, float]:
    values = np.array([worth.realised for worth in worths])
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(values.size))
