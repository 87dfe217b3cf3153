"""The laws behind the families, written down in mpmath: the truth that they are measured against.

One file for each group of families. No law imports a family: one that shared code with what it
judges would share its mistakes.
"""

from laws import bounded, counts, positive, real_line, tweedie
from laws.law import Law

LAWS: dict[str, Law] = {
    **real_line.LAWS,
    **positive.LAWS,
    **bounded.LAWS,
    **tweedie.LAWS,
    **counts.LAWS,
}

__all__ = ["LAWS", "Law"]
