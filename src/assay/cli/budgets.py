"""Budgets as somebody types them: `100`, or `100,300` for two plans."""

import math

from assay.errors import ConfigError


def read_budgets(text: str | None) -> list[float]:
    """The budgets in `text`, in its order; none where it is `None`.

    Raises:
        ConfigError: a part is no number above 0.
    """
    return [] if text is None else [_budget(part, text) for part in text.split(",")]


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


def _budget(part: str, text: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:  # written so that nan is refused too
        raise ConfigError(
            f"--budget is {text}: {part.strip() or 'nothing'!r} is no number above 0. Write 100, "
            "or 100,300 for two plans; a thousand is 1000, without a comma."
        )
    return value
