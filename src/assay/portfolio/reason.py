"""Why a project gets what it gets, in sentences that its owner understands."""

from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest

import numpy as np

from assay.portfolio.kinds import Floats

ROUNDING = 1e-9  # relative; two figures nearer than this are the same to a reader
LONG = 1e15  # from here on nobody counts the digits


@dataclass(frozen=True)
class Split:
    """An optimal split, as far as its reasons need it.

    Fields:
        keys: of the projects.
        values: for each project the value of its next 0, 1, 2, ... units, to one past the budget.
        units: what each project gets.
        budget: units there were.
        effort_unit: what one unit is called, such as "person-day".
        held: for each project the rule that keeps it from more, in words; empty where none does.
        is_bound: whether rules limit the split beside the budget.
        value_unit: of the values, such as "k€ a month"; empty for importance times points.
    """

    keys: tuple[str, ...]
    values: tuple[Floats, ...]
    units: tuple[int, ...]
    budget: int
    effort_unit: str
    held: tuple[str, ...] = ()
    is_bound: bool = False
    value_unit: str = ""

    def price_of_last(self, at: int) -> float | None:
        """What the last unit that project `at` gets adds; `None` if it gets none."""
        given = self.units[at]
        return float(self.values[at][given] - self.values[at][given - 1]) if given else None

    def gain_of_next(self, at: int) -> float:
        """What one unit more than it gets would add to project `at`."""
        given = self.units[at]
        return float(self.values[at][given + 1] - self.values[at][given])

    def left(self) -> int:
        """Units that no project could use."""
        return self.budget - sum(self.units)

    def giver(self, at: int) -> int | None:
        """The other project whose last unit adds least: where a unit for `at` would come from."""
        return next((other for other in self._cheapest if other != at), None)

    @cached_property
    def _cheapest(self) -> tuple[int, ...]:
        """The two projects whose last units add least, the first in order where they tie."""
        prices = [(self.price_of_last(at), at) for at in range(len(self.keys))]
        return tuple(at for _, at in nsmallest(2, [(p, at) for p, at in prices if p is not None]))


def amount(units: float, effort_unit: str) -> str:
    """A number of units in words: `1 person-day`, `40 person-days`."""
    return f"{units:,g} {effort_unit}" + ("" if units == 1 else "s")


def figure(value: float) -> str:
    """A value with as many digits as a reader uses."""
    return f"{value:,.0f}" if 100 <= abs(value) < LONG else f"{value:.3g}"


def worth(value: float, value_unit: str) -> str:
    """A value in words, with its unit where it has one of its own: `4.2 k€ a month`."""
    return f"{figure(value)} {value_unit}".rstrip()


def explain(split: Split, at: int) -> str:
    """Why project `at` gets its units and not one more.

    Args:
        split: an optimal split; on any other the sentence would be false.
        at: which project.
    """
    words = _why_no_more(split, at)
    return f"{words[0].upper()}{words[1:]}."


def _why_no_more(split: Split, at: int) -> str:
    if split.budget == 0:
        return "there is nothing to split"
    if split.held and split.held[at]:
        return split.held[at]
    if split.units[at] == split.budget:
        return "no use of the budget by other projects adds more"
    run, rise = _best_run(split, at)
    if rise <= 0:
        return "more would add nothing"
    if split.is_bound:
        more = f"one {split.effort_unit}" if run == 1 else amount(run, split.effort_unit)
        brings = worth(rise, split.value_unit)
        return f"{more} more would add {brings}; what the rules leave adds more elsewhere"
    giver = split.giver(at)
    price = None if giver is None else split.price_of_last(giver)
    if giver is None or price is None or run > 1 or rise > price * (1 + ROUNDING):
        return _run_does_not_pay(split, run, rise)
    less = "less than" if figure(rise) != figure(price) else "no more than"
    return (
        f"one {split.effort_unit} more would add {worth(rise, split.value_unit)}, {less} the "
        f"{figure(price)} that the last one of {split.keys[giver]} adds"
    )


def _run_does_not_pay(split: Split, run: int, rise: float) -> str:
    """What start-up costs make of the reason: one unit says nothing, a run of them does."""
    each = f" ({figure(rise / run)} each)" if run > 1 else ""
    return (
        f"{amount(run, split.effort_unit)} more would add {worth(rise, split.value_unit)}{each}, "
        "and taking that from other projects would cost at least as much"
    )


def _best_run(split: Split, at: int) -> tuple[int, float]:
    """How many more units of the budget would add most for each unit, and what they add."""
    given = split.units[at]
    rises = split.values[at][given + 1 : split.budget + 1] - split.values[at][given]
    rates = rises / np.arange(1, rises.size + 1)
    run = int(np.argmax(rates >= rates.max() * (1 - ROUNDING)))
    return run + 1, float(rises[run])
