"""Where a target can be, and the message when it is elsewhere."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Support:
    """The set of values that a family gives mass to.

    Fields:
        name: as shown to users, such as "above 0".
        lower: least value, -inf where there is none.
        upper: greatest value, inf where there is none.
        open_below: whether `lower` itself is outside.
        open_above: whether `upper` itself is outside.
        whole: whether only whole numbers belong to it.
    """

    name: str
    lower: float = -np.inf
    upper: float = np.inf
    open_below: bool = False
    whole: bool = False
    open_above: bool = False

    def contains(self, y: np.ndarray) -> np.ndarray:
        """Whether each value of `y` lies in the support; NaN never does."""
        above = y > self.lower if self.open_below else y >= self.lower
        inside = above & (y < self.upper if self.open_above else y <= self.upper)
        return inside & (y == np.floor(y)) if self.whole else inside


REAL = Support("any real number")
POSITIVE = Support("above 0", lower=0.0, open_below=True)
NOT_NEGATIVE = Support("0 and above", lower=0.0)
COUNTS = Support("whole numbers 0, 1, 2, ...", lower=0.0, whole=True)
BINARY = Support("0 or 1", lower=0.0, upper=1.0, whole=True)
