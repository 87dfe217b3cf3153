"""Who found out what the plan rests on: the information value of work, by author."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import permutations
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from assay.errors import PlanError
from assay.ledger import Tell
from assay.ledger.telling import silent
from assay.portfolio.answers.information import value_of
from assay.portfolio.answers.today import Today, rise
from assay.portfolio.kinds import Floats
from assay.portfolio.planning import POINTS
from assay.portfolio.reason import worth

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ORDERS = 120  # of the authors; up to five have no more, and then the shares are exact
SEED = 707

Worth = Callable[[frozenset[str]], float]
"""What the plan gains from the attempts of some authors."""


@dataclass(frozen=True, kw_only=True)
class AuthorCredit:
    """What the attempts of one author are worth to today's plan.

    Fields:
        author: who made them.
        attempts: how many there are, failed ones included.
        failures: how many of them broke or did not beat the best before them.
        missed: what the plan would lose without them all; never negative.
        missed_effort: the same as effort; `None` where no unit of effort adds anything.
        of_failures: what it would lose without the failed ones alone.
        share: their share of the total; the shares of all authors sum to it.
        share_se: standard error of the share from the orders drawn; 0 where it is exact.
        share_effort: the share as effort.
    """

    author: str
    attempts: int
    failures: int
    missed: float
    missed_effort: float | None
    of_failures: float
    share: float
    share_se: float
    share_effort: float | None


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What all attempts are worth to today's plan, and who made them.

    Fields:
        authors: largest share first.
        total: what the plan gains from all attempts, against one from beliefs alone.
        total_effort: the same as effort.
        orders: orders of the authors that were tried.
        is_exact: whether these are all orders there are.
        value_unit: of every value; empty for importance times points.
    """

    authors: tuple[AuthorCredit, ...]
    total: float
    total_effort: float | None
    orders: int
    is_exact: bool
    value_unit: str = ""

    def headline(self) -> str:
        """What the attempts are worth together, in one sentence."""
        made = sum(each.attempts for each in self.authors)
        how = "" if self.is_exact else "; the rules are one standard error"
        total = worth(self.total, self.value_unit or f"({POINTS})")
        return f"{made:,} attempts, together worth {total}{how}"

    def table(self) -> "pl.DataFrame":
        """What is drawn: columns `name`, `attempts`, `failures`, `value` (the share), `se`."""
        import polars as pl

        return pl.DataFrame(
            {
                "name": [each.author for each in self.authors],
                "attempts": [each.attempts for each in self.authors],
                "failures": [each.failures for each in self.authors],
                "value": [each.share for each in self.authors],
                "se": [each.share_se for each in self.authors],
            }
        )

    def picture(self, *, is_titled: bool = True) -> "alt.LayerChart":
        """Each author's share in what the attempts are worth to today's plan.

        Args:
            is_titled: whether the picture says itself what it shows.
        """
        from assay.picture.information import credit_shares

        return credit_shares(
            self.table(),
            headline=self.headline(),
            value_unit=self.value_unit or POINTS,
            is_titled=is_titled,
        )

    def _repr_html_(self) -> str:
        from assay.picture import inline

        said = f"<p><strong>{escape(self.headline())}</strong></p>"
        return said + inline(self.picture(is_titled=False))


def credit(today: Today, *, orders: int = ORDERS, seed: int = SEED, tell: Tell = silent) -> Credit:
    """Share out the value of all attempts among those who made them.

    An author's share is what the plan gains when their attempts become known after those of the
    authors before them, averaged over the orders of the authors. All plans are valued by the
    curves of all attempts. A failure that kept effort from a dead end counts like a success.

    Args:
        today: the best split, with the projects' attempts.
        orders: at most so many orders are drawn; where there are no more at all, all are taken.
        seed: of the orders.
        tell: is told how many orders are done.

    Raises:
        PlanError: nobody has made an attempt, or `orders` is below 2.

    Source: Shapley (1953), A value for n-person games; Castro, Gomez & Tejada (2009) for sampling.
    """
    authors = sorted({each.author for case in today.cases for each in case.tried})
    if not authors:
        raise PlanError(
            "credit: no attempt is recorded, so there is nobody to credit. Record attempts with "
            "`assay attempt` or `assay run`, or import them."
        )
    if orders < 2:
        raise PlanError(f"credit: `orders` is {orders}, must be 2 or more.")
    is_exact = factorial(len(authors)) <= orders
    tried = _all_orders(authors) if is_exact else _drawn(authors, orders, seed)
    worth = _worth(today)
    gains = _gains(authors, tried, worth, tell)
    shares, spread = gains.mean(axis=0), gains.std(axis=0, ddof=0 if is_exact else 1)
    errors = np.zeros(len(authors)) if is_exact else spread / np.sqrt(len(tried))
    found = [
        _of_author(today, author, float(share), float(se))
        for author, share, se in zip(authors, shares, errors, strict=True)
    ]
    total = worth(frozenset(authors))
    return Credit(
        authors=tuple(sorted(found, key=lambda each: -each.share)),
        total=total,
        total_effort=today.in_effort(total),
        orders=len(tried),
        is_exact=is_exact,
        value_unit=today.value_unit,
    )


def _worth(today: Today) -> Worth:
    """What the plan gains from the attempts of some authors; each question is answered once."""

    @cache
    def values(at: int, kept: frozenset[int]) -> Floats:
        return today.above(at, today.cases[at].knowing(kept))

    @cache
    def loss(known: frozenset[str]) -> float:
        by = [
            frozenset(which for which, each in enumerate(case.tried) if each.author in known)
            for case in today.cases
        ]
        believed = [values(at, kept) for at, kept in enumerate(by)]
        return today.loss_by(believed)

    return lambda known: rise(loss(frozenset()), loss(known))


def _gains(
    authors: Sequence[str], orders: Sequence[Sequence[str]], worth: Worth, tell: Tell
) -> Floats:
    """What each author adds to those before: one row an order, one column an author."""
    gains = np.zeros((len(orders), len(authors)))
    place = {author: at for at, author in enumerate(authors)}
    for row, order in enumerate(orders):
        tell("orders of authors", row, len(orders))
        known = [worth(frozenset(order[:count])) for count in range(len(order) + 1)]
        gains[row, [place[author] for author in order]] = np.diff(known)
    return gains


def _all_orders(authors: Sequence[str]) -> list[tuple[str, ...]]:
    return list(permutations(authors))


def _drawn(authors: Sequence[str], orders: int, seed: int) -> list[tuple[str, ...]]:
    rng = np.random.default_rng([seed, len(authors)])
    return [tuple(authors[int(at)] for at in rng.permutation(len(authors))) for _ in range(orders)]


def _of_author(today: Today, author: str, share: float, se: float) -> AuthorCredit:
    made = {
        at: [which for which, each in enumerate(case.tried) if each.author == author]
        for at, case in enumerate(today.cases)
    }
    failed = {
        at: [which for which in made[at] if case.tried[which].is_failure]
        for at, case in enumerate(today.cases)
    }
    missed = value_of(today, made)
    return AuthorCredit(
        author=author,
        attempts=sum(map(len, made.values())),
        failures=sum(map(len, failed.values())),
        missed=missed,
        missed_effort=today.in_effort(missed),
        of_failures=value_of(today, failed),
        share=share,
        share_se=se,
        share_effort=today.in_effort(share),
    )
