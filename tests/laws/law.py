"""What a law says of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mpmath import mpf


@dataclass(frozen=True)
class Law:
    """One family's law at whatever precision mpmath is set to.

    Fields:
        log_prob: log density or log mass at `y`, from `(y, **parameters)`, by the parameters'
            names in the family; mpf in, mpf out.
        log_cdf: log P(Y <= y) likewise, right in its own tail (no 1 - x of a value near 1 that
            has not the digits for it).
        log_sf: log P(Y > y) likewise.
        values: parameters from tiny to huge, at least six sets with the corners among them.
        is_count: whether `y` is a whole number.
        peers: SciPy's and NumPyro's distributions of the same law, as functions of the natural
            parameters, where they have one: `{"scipy": lambda mean, cv: st.gamma(...)}`.
    """

    log_prob: Callable[..., mpf]
    log_cdf: Callable[..., mpf]
    log_sf: Callable[..., mpf]
    values: tuple[Mapping[str, float], ...]
    is_count: bool = False
    peers: Mapping[str, Callable] | None = None
