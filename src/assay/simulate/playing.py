"""Rounds of plan, attempt and learn in a company whose truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.errors import ConfigError
from assay.portfolio import Allocation, allocate_each
from assay.simulate.companies import Company
from assay.simulate.policies import Policy, Round
from assay.simulate.standing import Standing
from assay.simulate.streams import stream

MOST_BUDGET = 20_000  # as for a plan


@dataclass(frozen=True, kw_only=True)
class Step:
    """Where a company stands after a round.

    Fields:
        effort: units on offer so far.
        units: spent on each project so far.
        value: what they are truly worth.
        best: what the best split of that effort is truly worth.
    """

    effort: int
    units: tuple[int, ...]
    value: float
    best: float

    @property
    def regret(self) -> float:
        """What is missing of the best, in per cent of it; 0 where nothing can be had."""
        return 100.0 * (1.0 - self.value / self.best) if self.best > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a policy fared in one company.

    Fields:
        policy: its name.
        steps: one for each round.
        oracle: the best split of the whole budget.
        standings: what its teams know in the end.
    """

    policy: str
    steps: tuple[Step, ...]
    oracle: Allocation
    standings: tuple[Standing, ...]

    @property
    def regret(self) -> float:
        """In the end, in per cent of the oracle's value."""
        return self.steps[-1].regret


def play(company: Company, policy: Policy, budget: int, rounds: int = 10) -> Course:
    """Spend a budget in rounds: split, one attempt in each funded project, learn.

    An attempt of a project, its first, second, ..., meets the same luck under every policy, so
    that policies compare on the same companies and the same days.

    Args:
        company: where it happens.
        policy: how each round is split.
        budget: whole units.
        rounds: how many; each gets its share of the budget, in whole units.

    Raises:
        ConfigError: the budget or the rounds are out of range.
    """
    shares = shares_of(budget, rounds)
    bests = allocate_each(company.values(budget), np.cumsum(shares).tolist())
    standings = tuple(
        Standing(importance=project.importance, start_up=project.start_up)
        for project in company.projects
    )
    steps: list[Step] = []
    for number, (units, best) in enumerate(zip(shares, bests, strict=True)):
        spent = sum(shares[:number])
        rng = stream(company.seed, "policy", number)
        asked = Round(standings=standings, units=units, left=budget - spent, rng=rng)
        standings = _attempted(company, standings, policy.split(asked).tolist())
        steps.append(_step(company, standings, spent + units, best))
    return Course(policy=policy.name, steps=tuple(steps), oracle=bests[-1], standings=standings)


def shares_of(budget: int, rounds: int) -> list[int]:
    """Units of each round, as equal as whole units allow, summing to the budget.

    Raises:
        ConfigError: the budget or the rounds are out of range.
    """
    if not (1 <= budget <= MOST_BUDGET and budget == int(budget)):
        raise ConfigError(
            f"play: `budget` is {budget}, must be a whole number of units from 1 to "
            f"{MOST_BUDGET:,}. State a larger effort in larger units."
        )
    if not (1 <= rounds <= budget and rounds == int(rounds)):
        raise ConfigError(
            f"play: `rounds` is {rounds}, must be a whole number from 1 to the budget of {budget} "
            "units, so that each round has one. Take fewer rounds or a larger budget."
        )
    ends = [int(budget) * number // int(rounds) for number in range(int(rounds) + 1)]
    return np.diff(ends).tolist()


def _attempted(
    company: Company, standings: Sequence[Standing], given: Sequence[int]
) -> tuple[Standing, ...]:
    """The standings after one attempt in each project that got something."""
    pairs = zip(standings, given, strict=True)
    return tuple(_tried(company, at, now, units) for at, (now, units) in enumerate(pairs))


def _tried(company: Company, at: int, now: Standing, units: int) -> Standing:
    if not units:
        return now
    rng = stream(company.seed, "attempt", at, len(now.attempts))
    seen = company.attempt(company.projects[at], float(now.spent + units), rng)
    return replace(now, spent=now.spent + units, attempts=(*now.attempts, seen))


def _step(company: Company, standings: Sequence[Standing], effort: int, best: Allocation) -> Step:
    units = tuple(standing.spent for standing in standings)
    return Step(effort=effort, units=units, value=company.value(units), best=best.value)
