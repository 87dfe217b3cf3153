"""From how many rows on Laplace's approximation can be told apart from the posterior no more."""

LAPLACE_ROWS = 100
"""Rows per coefficient from which on 1,000 simulated tables do not tell Laplace's approximation
from the posterior, whatever the model; `benchmarks/calibration.py` measures it."""

# Rows per coefficient, and the least share of truths that 95 % intervals covered below as many.
_COVERED = ((10, 0.87), (30, 0.92), (LAPLACE_ROWS, 0.93))


def caution(shown: float, coefficients: float) -> str:
    """What to say of a Laplace fit on few rows; empty where there is nothing to say.

    Args:
        shown: rows that show their target; hidden ones say less.
        coefficients: all that the fit estimated; of penalised ones their effective number.
    """
    if shown >= LAPLACE_ROWS * coefficients:
        return ""
    share = shown / coefficients
    covered = next(least for rows, least in _COVERED if share < rows)
    return (
        f"{shown:g} rows that show their target are {share:.1f} for each of {coefficients:.3g} "
        f"coefficients: Laplace's approximation was measured to depart below {LAPLACE_ROWS} rows "
        f"per coefficient (its 95 % intervals covered as little as {covered:.0%}), use "
        "method='nuts'"
    )
