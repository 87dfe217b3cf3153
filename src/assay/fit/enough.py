"""From how many rows on Laplace's approximation can be told apart from the posterior no more."""

LAPLACE_ROWS = 30
"""Rows per coefficient; `benchmarks/calibration.py` measures it."""


def caution(shown: float, coefficients: float) -> str:
    """What to say of a Laplace fit on few rows; empty where there is nothing to say.

    Args:
        shown: rows that show their target; hidden ones say less.
        coefficients: all that the fit estimated; of penalised ones their effective number.
    """
    if shown >= LAPLACE_ROWS * coefficients:
        return ""
    return (
        f"{shown:g} rows that show their target are {shown / max(coefficients, 1):.1f} for each of "
        f"{coefficients:.3g} coefficients: Laplace's approximation was measured to depart below "
        f"{LAPLACE_ROWS} rows per coefficient, use method='nuts'"
    )
