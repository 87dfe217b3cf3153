"""Laplace's approximation: the posterior as a Normal at its mode."""

import numpy as np
from jaxtyping import Float
from scipy.linalg import solve_triangular
from scipy.special import ndtri
from scipy.stats import qmc


def draw_count(rows: int, coefficients: int) -> int:
    """How many posterior draws a predictive needs.

    About coefficients / rows of a predictive's variance comes from the coefficients, so that many
    fewer draws hold the same share of Monte-Carlo error.

    Returns:
        A power of two from 8 to 256.
    """
    wanted = 4096 * coefficients / max(rows, 1)
    return int(2 ** np.clip(np.ceil(np.log2(max(wanted, 1.0))), 3, 8))


def draw(
    mode: Float[np.ndarray, " coefficients"],
    curvature: Float[np.ndarray, "coefficients coefficients"],
    *,
    count: int,
    seed: int,
) -> Float[np.ndarray, "draws coefficients"]:
    """Draws from Normal(mode, curvature⁻¹), evenly spread and in antithetic pairs.

    Args:
        mode: of the posterior.
        curvature: minus the Hessian of the log posterior there, positive definite.
        count: a power of two, at least 2.
        seed: of the scrambling.

    Returns:
        Draws whose mean is the mode exactly.

    Raises:
        numpy.linalg.LinAlgError: the curvature is not positive definite.

    Source: Owen (1997), Scrambled net variance; Hammersley & Morton (1956) for the pairs.
    """
    return stretched(mode, curvature, standard_draws(len(mode), count=count, seed=seed))


def standard_draws(coefficients: int, *, count: int, seed: int) -> Float[np.ndarray, "half c"]:
    """One half of the pairs of `draw`, for a standard Normal."""
    sobol = qmc.Sobol(coefficients, rng=np.random.default_rng(seed))
    return ndtri(np.clip(sobol.random(count // 2), 1e-12, 1 - 1e-12))


def stretched(
    mode: Float[np.ndarray, " c"],
    curvature: Float[np.ndarray, "c c"],
    standard: Float[np.ndarray, "half c"],
) -> Float[np.ndarray, "draws c"]:
    """Draws around a mode from standard ones.

    Raises:
        numpy.linalg.LinAlgError: the curvature is not positive definite.
    """
    factor = np.linalg.cholesky(curvature)
    offsets = solve_triangular(factor.T, standard.T, lower=False).T
    return mode + np.concatenate([offsets, -offsets])


def covariance(
    curvature: Float[np.ndarray, "coefficients coefficients"],
) -> Float[np.ndarray, "coefficients coefficients"]:
    """The inverse of the curvature, symmetric by construction."""
    inverse_factor = solve_triangular(
        np.linalg.cholesky(curvature), np.eye(len(curvature)), lower=True
    )
    return inverse_factor.T @ inverse_factor
