"""Expected information: what rows like these would say on average, given their predictors."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from assay.errors import ConfigError
from assay.family import AbstractDistribution, AbstractFamily, Known
from assay.fit.row_terms import BLOCK, row_terms
from assay.fit.rows import PartRows
from assay.predictor.matrix import product, weighted_gram

MOST_COUNTS = 4096
_STEP, _REACH = 0.1, 3.0  # of the double exponential rule; levels from 2e-14 to 1 - 2e-14
_FAR = -37.0  # log of the tails beyond which no count is asked

Nodes = Iterator[tuple[Array | np.ndarray, np.ndarray]]


def expected_curvature(
    parts: tuple[PartRows, ...], at: Float[np.ndarray, " c"]
) -> Float[np.ndarray, "c c"]:
    """Minus the Hessian of the log-likelihood, averaged over the targets that might have come.

    Args:
        parts: all rows.
        at: coefficients, all parameters in a row.

    Raises:
        ConfigError: rows that hide their target, of which nobody knows what they might have
            hidden, or a family that puts mass on single values of a continuous quantity.

    Source: Fisher (1925), Theory of statistical estimation; Takahasi & Mori (1974), the double
        exponential rule.
    """
    whole = np.zeros((len(at), len(at)))
    for part in parts:
        _refuse_unknown(part)
        for block in part.blocks(BLOCK):
            whole += _gram(block, -_mean_hessian(block, _linked(block, at)))
    return whole


def score_curvature(
    parts: tuple[PartRows, ...], at: Float[np.ndarray, " c"]
) -> Float[np.ndarray, "c c"]:
    """The same information from first derivatives: the sum of each row's squared score.

    Where a density has a kink, second derivatives do not show how narrow its peak is; slopes do.

    Args:
        parts: all rows.
        at: coefficients at the optimum.

    Source: Berndt, Hall, Hall & Hausman (1974), Estimation and inference in nonlinear structural
        models.
    """
    whole = np.zeros((len(at), len(at)))
    for part in parts:
        for block in part.blocks(BLOCK):
            linked = _linked(block, at)
            score = row_terms(block.family, block.known, list(linked), block.y, block.columns)[1]
            whole += _gram(block, np.einsum("kr,mr->kmr", score, score))
    return whole


def _refuse_unknown(part: PartRows) -> None:
    if part.family.has_kink or part.family.atom is not None:
        raise ConfigError(
            f"information='expected': family `{part.family.describe()}` has a kink in its density, "
            "or a value with mass of its own, where second derivatives have no mean. Use the "
            "default, `observed`."
        )
    if part.known is not Known.VALUE or part.family.is_wrapper:
        raise ConfigError(
            f"information='expected': family `{part.family.describe()}`, of which {len(part.y)} "
            "rows hide their target or may have hidden it; an average over targets needs rows "
            "that show them. Use the default, `observed`."
        )


def _linked(part: PartRows, at: np.ndarray) -> np.ndarray:
    """What each row's predictors add up to, (parameters, rows)."""
    blocks = np.split(at, np.cumsum(part.sizes)[:-1])
    linked = np.stack([product(each, own) for each, own in zip(part.designs, blocks, strict=True)])
    return linked + part.offsets


def _gram(part: PartRows, information: np.ndarray) -> np.ndarray:
    """Information on the coefficients from that on the linked parameters of each row."""
    edges = np.cumsum([0, *part.sizes])
    weighted = information if part.weights is None else information * part.weights
    curvature = np.empty((edges[-1], edges[-1]))
    for k, left in enumerate(part.designs):
        for m, right in enumerate(part.designs):
            rows, columns = slice(*edges[k : k + 2]), slice(*edges[m : m + 2])
            curvature[rows, columns] = weighted_gram(left, weighted[k, m], right)
    return curvature


def _mean_hessian(part: PartRows, linked: np.ndarray) -> np.ndarray:
    """Mean of each row's Hessian in the linked parameters, (parameters, parameters, rows)."""
    columns = {name: jnp.asarray(each) for name, each in part.columns.items()}
    names = [parameter.name for parameter in part.family.parameters]
    bound = part.family.from_linked(dict(zip(names, jnp.asarray(linked), strict=True)), columns)
    total = np.zeros((len(linked), *linked.shape))
    ask = _counts if bound.is_count else _levels
    for y, share in ask(part.family, bound, len(part.y)):
        _, _, second = row_terms(part.family, part.known, list(linked), np.asarray(y), part.columns)
        # A value without chance says nothing, whatever its derivatives are.
        total += np.where(share > 0, share * second, 0.0)
    return total


def _levels(family: AbstractFamily, bound: AbstractDistribution, rows: int) -> Nodes:
    """Values at the nodes of a rule over all levels, and their shares."""
    del family
    for t in np.arange(-_REACH, _REACH + _STEP / 2, _STEP):
        odds = np.pi * np.sinh(t)
        log_p, log_q = -np.logaddexp(0.0, -odds), -np.logaddexp(0.0, odds)
        y = bound.tail_quantile(jnp.full(rows, log_p), jnp.full(rows, log_q))
        share = _STEP * np.pi * np.cosh(t) * np.exp(log_p + log_q)
        yield y, np.full(rows, share)


def _counts(family: AbstractFamily, bound: AbstractDistribution, rows: int) -> Nodes:
    """All counts that have a chance, and their chances."""
    low = np.asarray(bound.lower_quantile(jnp.full(rows, _FAR)))
    high = np.asarray(bound.upper_quantile(jnp.full(rows, _FAR)))
    most = int(np.max(high - low)) + 1
    if most > MOST_COUNTS:
        raise ConfigError(
            f"information='expected': family `{family.name}` gives a chance to {most} counts on a "
            f"row, at most {MOST_COUNTS} are added up. Use the default, `observed`."
        )
    for step in range(most):
        y = low + step
        chance = np.where(y <= high, np.exp(np.asarray(bound.log_prob(jnp.asarray(y)))), 0.0)
        yield np.minimum(y, high), chance
