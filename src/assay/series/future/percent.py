"""Levels as they are asked for: intervals in per cent, quantiles between 0 and 1."""

from collections.abc import Sequence
from typing import Any

from assay.errors import ConfigError

Levels = float | Sequence[float]


def per_cents(levels: Levels, where: str) -> list[float]:
    """Levels of central intervals, each in per cent; one number is a list of one.

    Raises:
        ConfigError: what is no number between 1 and 100.
    """
    found = _numbers(levels, where, "numbers of per cent such as 80 and 90")
    for level in found:
        if 0 < level < 1:
            raise ConfigError(
                f"{where}: {level:g} is below 1, and levels of intervals are in per cent. Did you "
                f"mean {100 * level:g}?"
            )
        if not 1 <= level < 100:
            raise ConfigError(f"{where}: {level:g} is not between 1 and 100 per cent.")
    return found


def fractions(levels: Levels, where: str) -> list[float]:
    """Levels of quantiles, each between 0 and 1; one number is a list of one.

    Raises:
        ConfigError: what is no number between 0 and 1.
    """
    found = _numbers(levels, where, "numbers between 0 and 1 such as 0.5 and 0.9")
    for level in found:
        if not 0 < level < 1:
            meant = f" Did you mean {level / 100:g}?" if 1 <= level < 100 else ""
            raise ConfigError(f"{where}: {level:g} does not lie between 0 and 1.{meant}")
    return found


def ends_of(levels: Sequence[float]) -> list[tuple[float, float]]:
    """Quantile levels of both ends of central intervals, of levels in per cent."""
    return [(0.5 - level / 200, 0.5 + level / 200) for level in levels]


def _numbers(levels: Any, where: str, accepted: str) -> list[float]:
    found: list[Any] = (
        [levels] if isinstance(levels, str) or not hasattr(levels, "__iter__") else list(levels)
    )
    for level in found:
        if isinstance(level, str | bool) or not hasattr(level, "__float__"):
            raise ConfigError(f"{where}: {level!r} is no level; accepted are {accepted}.")
    return found
