"""The laws behind the families, written down in mpmath: the truth that they are measured against.

One file for each group of families. Nothing here imports a family: a law that shared code with
what it judges would share its mistakes.
"""

from laws.law import Law

LAWS: dict[str, Law] = {}

__all__ = ["LAWS", "Law"]
