"""How many sealed rows a verdict needs, before any of them is spent."""

import math

from numpy.typing import ArrayLike
from scipy.special import ndtri

from assay.errors import DataError
from assay.verdict.checks import checked_between, checked_values
from assay.verdict.groups import cluster_t
from assay.verdict.spending import level

RESERVE = 1.15
"""Rows that the STaR bet needs, relative to Student's t."""

RESERVE_FEW_ROWS = 1.25
"""The same where fewer than `FEW_ROWS` are needed."""

FEW_ROWS = 300
"""Below this many rows the larger reserve is kept."""

PRICE_OF_LOSS = 0.35
"""Share by which the rows grow for each part of the wealth that the worst row may cost."""


def rows_needed(
    *,
    alpha: float,
    tries: int,
    sd_gain: float,
    excess: float,
    power: float = 0.8,
    design_effect: float = 1.0,
    greatest_loss: float | None = None,
) -> int:
    """Sealed rows with which the first look supports a model that is as good as expected.

    Args:
        alpha: registered error budget.
        tries: looks planned; the first look is tested at `.8 alpha / tries`, also if it is one.
        sd_gain: standard deviation of a row's gain.
        excess: expected gain beyond the claim, above 0 (see `Claim.expected_excess`).
        power: chance of `supported` if the expectation is right.
        design_effect: rows that tell as much as one independent row: `n / n_eff` of a series,
            `group_design_effect` of groups; at least 1 is advised.
        greatest_loss: for the STaR bet, how far a gain can fall below the claim
            (`delta - lower`); where given, the rows grow as `star_rows` says.

    Returns:
        Rows, rounded up.

    Raises:
        ConfigError: a number is out of range.
    """
    checked_between(design_effect, "design_effect", low=0.0, high=math.inf)
    first = level(1, alpha=alpha, tries=tries)
    rows = _rows(first, sd_gain=sd_gain, excess=excess, power=power) * design_effect
    if greatest_loss is None:
        return _up(rows)
    return star_rows(rows, greatest_loss=greatest_loss, sd_gain=sd_gain, excess=excess)


def rows_at_level(*, level: float, sd_gain: float, excess: float, power: float = 0.8) -> int:
    """Sealed rows for one test at a given level.

    `c ((z_{1 - level} + z_power) sd_gain / excess)^2` with the reserve `c` = 1.15. Where that
    gives fewer than 300 rows, `c` = 1.25, but never more than 300: the number must not fall as
    the claim gets harder.

    Args:
        level: level of the test.
        sd_gain: standard deviation of a row's gain.
        excess: expected gain beyond the claim, above 0.
        power: chance of `supported` if the expectation is right.

    Returns:
        Independent rows, rounded up.

    Raises:
        ConfigError: a number is out of range.
    """
    return _up(_rows(level, sd_gain=sd_gain, excess=excess, power=power))


def star_rows(planned: float, *, greatest_loss: float, sd_gain: float, excess: float) -> int:
    """Rows that the STaR bet needs where a single row may cost much of its wealth.

    The best stake is about `excess / sd^2`, at which the worst row costs the share
    `x = greatest_loss excess / sd^2`. The log wealth then grows by less than its second-order terms
    say: by nothing where the gains are symmetric, by a share of up to `2x / 3` where they are as
    skewed as their bound allows. `planned (1 + .35 x)` rows stand between. Simulated for planned
    powers of .8 they give .75 to .96 for gains from symmetric to lognormal with sigma .7, and no
    less than .66 for a lognormal with sigma 1.

    Args:
        planned: rows that Student's t would need, reserve included.
        greatest_loss: how far a gain can fall below the claim, above 0.
        sd_gain: standard deviation of a row's gain.
        excess: expected gain beyond the claim, above 0.

    Returns:
        Rows, rounded up; never fewer than planned.

    Raises:
        ConfigError: a number is out of range.
    """
    for value, name in ((greatest_loss, "greatest_loss"), (sd_gain, "sd_gain"), (excess, "excess")):
        checked_between(value, name, low=0.0, high=math.inf)
    cost = greatest_loss * excess / sd_gain**2
    return _up(planned * (1 + PRICE_OF_LOSS * cost))


def group_design_effect(values: ArrayLike, groups: ArrayLike) -> float:
    """How many grouped rows tell as much as one independent row.

    Args:
        values: gains, or before any model the baseline's open losses.
        groups: the group of each row.

    Returns:
        The squared cluster-robust standard error over the squared naive one.

    Raises:
        DataError: the lengths differ, a value is not finite, there are fewer than two groups, or
            all values are equal.
    """
    rows = checked_values(values, "values")
    result = cluster_t(rows, groups, delta=0.0)
    naive = float(rows.var(ddof=1)) / rows.size if rows.size > 1 else 0.0
    if result.groups < 2 or naive == 0:
        raise DataError(
            f"`values`: {result.groups} groups with the variance {naive * rows.size}; at least "
            "two groups and values that differ are accepted. Pass more open rows."
        )
    return result.se**2 / naive


def _rows(level: float, *, sd_gain: float, excess: float, power: float) -> float:
    """Rows before rounding, reserve included."""
    checked_between(level, "level", low=0.0, high=1.0)
    checked_between(power, "power", low=0.0, high=1.0)
    checked_between(sd_gain, "sd_gain", low=0.0, high=math.inf)
    checked_between(excess, "excess", low=0.0, high=math.inf)
    spread = max(0.0, float(ndtri(1 - level) + ndtri(power)))
    bare = (spread * sd_gain / excess) ** 2
    return max(RESERVE * bare, min(RESERVE_FEW_ROWS * bare, float(FEW_ROWS)))


def _up(rows: float) -> int:
    """Rounded up, at least 1; rounding errors of the last digits do not add a row."""
    return max(1, math.ceil(rows * (1 - 1e-12)))
