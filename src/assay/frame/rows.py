"""How a message names a row and a value."""

import numpy as np
import polars as pl


def first(mask: np.ndarray | pl.Series) -> int | None:
    """Position of the first row where `mask` holds; None where it never does."""
    found = np.flatnonzero(np.asarray(mask))
    return int(found[0]) if found.size else None


def at_row(position: int) -> str:
    """A row as a user counts: `row 1` is the first below the header."""
    return f"row {position + 1}"


def shown(value: object) -> str:
    """A value as a message quotes it: text in quotes, long text cut."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."
