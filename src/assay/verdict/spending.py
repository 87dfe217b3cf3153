"""How the error budget is spread over the looks at one sealed set.

Four fifths of alpha are split evenly over the registered tries, the last fifth covers any look
beyond them, with the bar rising each time. All levels together sum to alpha, so the chance that
any look answers `supported` falsely stays at or below alpha, however the models were chosen from
the answers before: until the first success each answer is the same "not yet".

Source: Nakkiran & Blasiok (2018), The Generic Holdout; the shares are ours.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError
from assay.verdict.checks import (
    checked_between,
    checked_count,
    checked_labels,
    checked_probabilities,
    checked_values,
)

PLANNED_SHARE = 0.8
"""Share of alpha that the registered tries spend."""


def level(k: int, *, alpha: float, tries: int) -> float:
    """The level at which look `k` is tested.

    Args:
        k: number of the look at these sealed rows, from 1, whoever takes it.
        alpha: registered error budget, strictly between 0 and 1.
        tries: looks planned at registration (K0), 1 or more.

    Returns:
        `.8 alpha / tries` up to the registered tries, then
        `.2 alpha / ((k - tries) (k - tries + 1))`.

    Raises:
        ConfigError: a number is out of range.
    """
    checked_between(alpha, "alpha", low=0.0, high=1.0)
    return alpha * _share(checked_count(k, "k"), checked_count(tries, "tries"))


@dataclass(frozen=True, slots=True)
class Schedule:
    """How one registration spreads its alpha over the looks at its rows.

    Where the number of tries was amended, what is left of alpha is spread over them anew: until
    the first success every answer is the same, so an amendment follows from open data alone, and
    all levels together still sum to alpha at most.

    Fields:
        alpha: registered error budget, strictly between 0 and 1.
        tries: looks planned, from the amendment on where there was one.
        looks: looks taken before the amendment.
        spent: alpha that they spent.
    """

    alpha: float
    tries: int
    looks: int = 0
    spent: float = 0.0

    def level(self, k: int) -> float:
        """The level of look `k`, counted from the first look at the rows.

        Raises:
            ConfigError: a number is out of range.
        """
        left = checked_between(self.alpha - self.spent, "alpha - spent", low=0.0, high=1.0)
        return level(k - self.looks, alpha=left, tries=self.tries)


def shared_level(k: int, schedules: Iterable[Schedule]) -> float:
    """The level of look `k` where several registrations share sealed rows.

    Every look by any of them counts. The least of their levels keeps the sum over all looks at or
    below each one's alpha.

    Args:
        k: number of the look at the shared rows, from 1.
        schedules: of each registration that touches the rows.

    Returns:
        The least of their levels.

    Raises:
        ConfigError: there is no schedule, or a number is out of range.
    """
    levels = [schedule.level(k) for schedule in schedules]
    if not levels:
        raise ConfigError(
            "`schedules` is empty, at least one is accepted. "
            "Pass the registered alpha and tries of each experiment on these rows."
        )
    return min(levels)


def project_p_value(p_values: ArrayLike, *, levels: ArrayLike, alpha: float) -> float:
    """One p-value for a project from the p-values of its looks, corrected for all of them.

    Args:
        p_values: the p-value of each look of the project, computed once the seal is open; empty
            where the seal is still closed or nobody looked.
        levels: the level at which each of these looks was tested, summing to at most `alpha`.
        alpha: the project's registered error budget.

    Returns:
        The least `p_k / gamma_k`, where `gamma_k = level_k / alpha`, at most 1; 1 without looks.
        It is at most `alpha` exactly where a look's p-value was at most its level.

    Raises:
        DataError: a p-value lies outside 0 to 1, or the lengths differ.
        ConfigError: a level is not above 0, or together they exceed `alpha`.
    """
    checked_between(alpha, "alpha", low=0.0, high=1.0)
    if np.size(p_values) == 0:
        return 1.0
    p = checked_probabilities(p_values)
    spent = checked_values(levels, "levels")
    checked_labels(spent, p.size, name="levels")
    if not (spent > 0).all() or spent.sum() > alpha * (1 + 1e-9):
        raise ConfigError(
            f"`levels` run from {spent.min()} and sum to {spent.sum()}; each must be above 0 and "
            f"their sum at most alpha = {alpha}. Pass the level recorded with each look."
        )
    return min(1.0, float((p * (alpha / spent)).min()))


def _share(k: int, tries: int) -> float:
    """The share of alpha that look `k` spends; over all `k` the shares sum to 1."""
    if k <= tries:
        return PLANNED_SHARE / tries
    beyond = k - tries
    return (1 - PLANNED_SHARE) / (beyond * (beyond + 1))
