"""How widely recorded values spread, for starting a fit: never 0, never overflowing."""

import numpy as np

# Below this share of the largest value a spread is rounding; such data count as constant.
_ROUNDING = 1e-12
_CONSTANT = 1e-6
_MAD_TO_SD = 1.4826022185056018  # 1 / Φ⁻¹(3/4)


def spread(y: np.ndarray) -> float:
    """Standard deviation, or a millionth of the largest value where the values do not differ.

    Args:
        y: recorded values, (rows,).
    """
    size = float(np.max(np.abs(y)))
    unit = size if size > 0 else 1.0
    sd = float(np.std(y / unit))
    return (sd if sd > _ROUNDING else _CONSTANT) * unit


def robust_spread(y: np.ndarray) -> float:
    """Standard deviation of the middle of the data, which far outliers do not move.

    Args:
        y: recorded values, (rows,).

    Source: the median absolute deviation, scaled for the Normal (Huber & Ronchetti 2009).
    """
    size = float(np.max(np.abs(y)))
    unit = size if size > 0 else 1.0
    deviation = float(np.median(np.abs(y / unit - np.median(y / unit)))) * _MAD_TO_SD
    return deviation * unit if deviation > _ROUNDING else spread(y)
