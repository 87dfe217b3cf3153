"""Policies: ways of splitting a round's effort, from equal shares to the product's own plan.

A policy is what it gets to see of the attempts, what it makes of them, and how it splits. To add
one: a line in `POLICIES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from assay.errors import UnknownNameError
from assay.portfolio import allocate
from assay.portfolio.kinds import Floats, Whole
from assay.simulate.standing import (
    Attempts,
    Heights,
    Standing,
    best_so_far,
    everything,
    failures_hidden,
    learnt,
    least_squares,
    mean_of,
    one_bit,
    one_possible,
)

Seen: TypeAlias = Callable[[Attempts], Attempts]
Believed: TypeAlias = Callable[[Attempts, np.random.Generator], Heights]


@dataclass(frozen=True, kw_only=True)
class Round:
    """What is to be decided.

    Fields:
        standings: the projects.
        units: effort of this round.
        left: effort of this round and of those that follow.
        rng: for policies that draw.
    """

    standings: tuple[Standing, ...]
    units: int
    left: int
    rng: np.random.Generator


@dataclass(frozen=True)
class Policy:
    """One way of splitting a round's effort.

    Fields:
        name: what it is called.
        words: what it does, for help and tables.
        split: units of this round for each project, summing to at most the round's.
    """

    name: str
    words: str
    split: Callable[[Round], Whole]


def policy(name: str) -> Policy:
    """The policy of this name.

    Raises:
        UnknownNameError: there is none.
    """
    found = POLICIES.get(name.strip())
    if found is None:
        raise UnknownNameError(
            f"policy: `{name.strip()}` is unknown. Known: {', '.join(POLICIES)}."
        )
    return found


def equally(round_: Round) -> Whole:
    """One unit at a time to the project that has had least."""
    had = np.array([standing.spent for standing in round_.standings])
    given = np.zeros_like(had)
    for _ in range(round_.units):
        given[np.argmin(had + given)] += 1
    return given


def by_plan(seen: Seen, believed: Believed) -> Callable[[Round], Whole]:
    """Plan exactly, and carry out this round's part of the plan.

    Args:
        seen: what of the attempts may be looked at.
        believed: the curve that is made of them.
    """

    def split(round_: Round) -> Whole:
        # Returns that diminish let each round be planned by itself. A start-up cost does not:
        # no round could pay for it alone, the whole that is left can.
        is_starting = any(now.spent < now.start_up for now in round_.standings)
        horizon = round_.left if is_starting else round_.units
        gains = _gains(round_, seen, believed, horizon)
        planned = np.array(allocate(gains, horizon).units)
        return planned if horizon == round_.units else _first_part(gains, planned, round_.units)

    return split


def unit_by_unit(seen: Seen, believed: Believed) -> Callable[[Round], Whole]:
    """Always take the best next unit.

    Args:
        seen: what of the attempts may be looked at.
        believed: the curve that is made of them.
    """

    def split(round_: Round) -> Whole:
        rises = np.diff(_gains(round_, seen, believed, round_.units), axis=1)
        given = np.zeros(len(rises), np.int64)
        for _ in range(round_.units):
            given[np.argmax(rises[np.arange(len(rises)), given])] += 1
        return given

    return split


def _gains(round_: Round, seen: Seen, believed: Believed, units: int) -> list[Floats]:
    return [
        standing.gains(believed(seen(standing.evidence), round_.rng), units)
        for standing in round_.standings
    ]


def _first_part(gains: Sequence[Floats], planned: Whole, units: int) -> Whole:
    """What of a plan is done now: what pays at once, then what the plan gives most."""
    within = [gain[: most + 1] for gain, most in zip(gains, planned, strict=True)]
    given = np.array(allocate(within, units).units)
    for at in np.argsort(-planned, kind="stable"):
        given[at] += min(planned[at] - given[at], units - given.sum())
    return given


def _expected(attempts: Attempts, rng: np.random.Generator) -> Heights:
    return mean_of(learnt(attempts))


def _drawn(attempts: Attempts, rng: np.random.Generator) -> Heights:
    return one_possible(learnt(attempts), rng)


def _fitted(attempts: Attempts, rng: np.random.Generator) -> Heights:
    return least_squares(attempts)


POLICIES: dict[str, Policy] = {
    each.name: each
    for each in (
        Policy("equal", "the same effort for every project", equally),
        Policy(
            "least-squares", "plan on a log(b x), fitted to all attempts",
            by_plan(everything, _fitted),
        ),
        Policy(
            "least-squares-best", "plan on a log(b x), fitted to the best score so far",
            by_plan(best_so_far, _fitted),
        ),
        Policy(
            "least-squares-hidden", "plan on a log(b x), failed attempts left out",
            by_plan(failures_hidden, _fitted),
        ),
        Policy(
            "posterior-mean", "Assay's own plan, on expected curves",
            by_plan(everything, _expected),
        ),
        Policy(
            "posterior-mean-hidden", "Assay's plan, failed attempts left out",
            by_plan(failures_hidden, _expected),
        ),
        Policy(
            "posterior-mean-one-bit", "Assay's plan, of failures only that they failed",
            by_plan(one_bit, _expected),
        ),
        Policy(
            "thompson", "plan on one curve drawn for each project (Thompson, 1933)",
            by_plan(everything, _drawn),
        ),
        Policy(
            "greedy", "the best next unit on expected curves, again and again",
            unit_by_unit(everything, _expected),
        ),
    )
}  # fmt: skip
