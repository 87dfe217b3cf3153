"""Budgets as somebody types them, and the target or the price that finds one."""

import math
from dataclasses import dataclass

from assay.errors import ConfigError


@dataclass(frozen=True)
class Goal:
    """What a plan is to meet.

    Fields:
        budgets: effort to split, a plan for each; none for what the portfolio's budget leaves.
        target: value that the plan is to add.
        share: the same, as a share of what the portfolio's budget adds.
        price: of one unit of effort.
    """

    budgets: tuple[float, ...] = ()
    target: float | None = None
    share: float | None = None
    price: float | None = None

    def as_dict(self) -> dict[str, float]:
        """The target or the price, as JSON takes it; empty where budgets are split."""
        given = {"target": self.target, "target_share": self.share, "price": self.price}
        return {name: value for name, value in given.items() if value is not None}


def read_goal(budget: str | None, target: str | None, price: str | None) -> Goal:
    """What is typed after `--budget`, `--target` and `--price`, of which one may be given.

    Raises:
        ConfigError: two are given, or one is no number above 0.
    """
    asked = {"--budget": budget, "--target": target, "--price": price}
    given = [f"{name} {text}" for name, text in asked.items() if text is not None]
    if len(given) > 1:
        raise ConfigError(
            f"found {' and '.join(given)}, only one of them may be given: --budget is split, "
            "--target and --price find the budget. Leave the others out."
        )
    if target is not None:
        wanted = _above_0("--target", target.removesuffix("%"), target, _TARGETS)
        if not target.endswith("%"):
            return Goal(target=wanted)
        return Goal(share=wanted / 100)
    if price is not None:
        return Goal(price=_above_0("--price", price, price, _PRICES))
    return Goal(budgets=tuple(read_budgets(budget)))


_TARGETS = "Write 120 for a value, or 90% for a share of what the portfolio's budget adds."
_PRICES = "Write 0.3 where one unit of effort costs as much, in the unit of the values."
_BUDGETS = "Write 100, or 100,300 for two plans; a thousand is 1000, without a comma."


def read_budgets(text: str | None) -> list[float]:
    """The budgets in `text`, in its order; none where it is `None`.

    Raises:
        ConfigError: a part is no number above 0.
    """
    return (
        []
        if text is None
        else [_above_0("--budget", part, text, _BUDGETS) for part in text.split(",")]
    )


def one_budget(text: str | None) -> float | None:
    """The budget in `text`.

    Raises:
        ConfigError: as `read_budgets`, or there are several.
    """
    found = read_budgets(text)
    if len(found) > 1:
        raise ConfigError(
            f"--budget is {text}, one number is needed here. `assay plan` compares several."
        )
    return found[0] if found else None


def _above_0(option: str, part: str, text: str, hint: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:  # written so that nan is refused too
        found = part.strip() or "nothing"
        raise ConfigError(f"{option} is {text}: {found!r} is no number above 0. {hint}")
    return value
