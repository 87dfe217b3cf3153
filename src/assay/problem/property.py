"""What a profile consists of."""

from dataclasses import dataclass
from math import isfinite
from numbers import Integral


@dataclass(frozen=True, kw_only=True)
class Property:
    """One thing that is known about a target, and how it is known.

    Fields:
        name: one word, the same in every profile.
        finding: what was found, in one line.
        evidence: the counts and tests behind it.
        meaning: what follows for a model.
    """

    name: str
    finding: str
    evidence: dict[str, float | str | int]
    meaning: str


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """A family worth trying.

    Fields:
        family: a recipe, such as `censored(negative-binomial)`.
        reason: why, with numbers.
        rank: 1 for the best.
    """

    family: str
    reason: str
    rank: int


@dataclass(frozen=True, kw_only=True)
class RuledOut:
    """A family that does not fit the support, and the values that show it."""

    family: str
    reason: str


def evidence(**pieces: float | str | int | None) -> dict[str, float | str | int]:
    """Pieces of evidence as plain Python values; what could not be computed is left out."""
    plain = {name: _plain(piece) for name, piece in pieces.items()}
    return {name: piece for name, piece in plain.items() if piece is not None}


def _plain(piece: float | str | int | None) -> float | str | int | None:
    if piece is None or isinstance(piece, str):
        return piece
    if isinstance(piece, Integral):
        return int(piece)  # NumPy's integers too, which JSON does not know
    return float(piece) if isfinite(piece) else None
