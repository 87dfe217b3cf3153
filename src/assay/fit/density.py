"""The log posterior of a model's coefficients as one function that JAX differentiates."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp
from jaxtyping import Array, Bool, Float

from assay.family import UPPER_END, AbstractFamily, Known, log_likelihood
from assay.fit.newton import Prior
from assay.fit.rows import PartRows
from assay.predictor.matrix import Matrix, as_dense, shape_of

DENSE_CELLS = 2**22  # up to here a dense product costs less than gathering


class Cells(eqx.Module):
    """A sparse matrix as the row, the column and the value of each filled cell."""

    at: Array
    column: Array
    value: Array
    rows: int = eqx.field(static=True)

    def __matmul__(self, vector: Array) -> Array:
        products = self.value * vector[self.column]
        return jax.ops.segment_sum(products, self.at, self.rows, indices_are_sorted=True)


class PartDensity(eqx.Module):
    """Log-likelihood of rows that say the same kind of thing about their target."""

    family: AbstractFamily = eqx.field(static=True)
    known: Known = eqx.field(static=True)
    designs: tuple[Array | Cells, ...]
    offsets: tuple[Array, ...]
    y: Array
    columns: dict[str, Array]
    weights: Array | None = None

    def __call__(self, blocks: list[Array]) -> Float[Array, " rows"]:
        """Log-likelihood of each row, as often as it counts.

        Args:
            blocks: coefficients of each parameter.
        """
        linked = {
            parameter.name: design @ block + offset
            for parameter, design, block, offset in zip(
                self.family.parameters, self.designs, blocks, self.offsets, strict=True
            )
        }
        distribution = self.family.from_linked(linked, self.columns)
        rows = log_likelihood(distribution, self.known, self.y, self.columns.get(UPPER_END))
        return jnp.broadcast_to(rows if self.weights is None else rows * self.weights, self.y.shape)


class Posterior(eqx.Module):
    """Log posterior density of all coefficients, up to a constant.

    Data are arrays in it, so that one compiled sampler serves all tables of one shape.

    Fields:
        parts: likelihood of the rows, grouped by what they say.
        mean: of the Normal prior of each coefficient.
        precision: of that prior, 0 where it is flat.
        sizes: coefficients of each parameter of the family.
    """

    parts: tuple[PartDensity, ...]
    mean: Float[Array, " coefficients"]
    precision: Float[Array, " coefficients"]
    sizes: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, coefficients: Float[Array, " coefficients"]) -> Float[Array, ""]:
        prior = -0.5 * jnp.sum(self.precision * (coefficients - self.mean) ** 2)
        return sum((jnp.sum(rows) for rows in self.rows(coefficients)), prior)

    def rows(self, coefficients: Float[Array, " coefficients"]) -> list[Array]:
        """Log-likelihood of each row of each part."""
        blocks = jnp.split(coefficients, np.cumsum(self.sizes)[:-1])
        return [part(blocks) for part in self.parts]


class PenalisedPosterior(eqx.Module):
    """Log posterior density of coefficients and of how far penalties let them spread.

    Covered coefficients are sampled in units of their prior sd, which follows from the spreads: a
    posterior without the funnel that a small spread makes of plain coefficients.

    Fields:
        plain: without what the penalties say; its precision is 0 where they cover a coefficient.
        weights: of each coefficient in each penalty; its prior precision is their sum over
            spread**2.
        covered: which coefficients a penalty covers.
        degrees: of freedom of the half-t prior of each spread.
        scale: of that prior.

    Source: Papaspiliopoulos, Roberts & Sköld (2007) for the units; Gelman (2006), Prior
        distributions for variance parameters, for the half-t.
    """

    plain: Posterior
    weights: Float[Array, "penalties coefficients"]
    covered: Bool[Array, " coefficients"]
    degrees: float
    scale: float

    def __call__(self, at: dict[str, Array]) -> Float[Array, ""]:
        standard, log_spread = at["coefficients"], at["log_spread"]
        scaled = jnp.exp(log_spread) / self.scale
        tails = -0.5 * (self.degrees + 1) * jnp.log1p(scaled**2 / self.degrees)
        own = -0.5 * jnp.sum(jnp.where(self.covered, standard, 0.0) ** 2)
        return self.plain(self.coefficients(at)) + own + jnp.sum(tails + log_spread)

    def coefficients(self, at: dict[str, Array]) -> Float[Array, " coefficients"]:
        """The coefficients themselves, from what is sampled."""
        standard = at["coefficients"]
        spread = self.spread(at["log_spread"])
        return jnp.where(self.covered, self.plain.mean + spread * standard, standard)

    def spread(self, log_spread: Float[Array, " penalties"]) -> Float[Array, " coefficients"]:
        """Prior sd of each covered coefficient; 1 elsewhere."""
        safe = jnp.where(self.covered, self.weights, 1.0)
        precision = logsumexp(-2 * log_spread[:, None], axis=0, b=safe)
        return jnp.where(self.covered, jnp.exp(-0.5 * precision), 1.0)


def penalised(
    parts: tuple[PartRows, ...],
    prior: Prior,
    weights: Float[np.ndarray, "penalties coefficients"],
    *,
    degrees: float,
    scale: float,
) -> PenalisedPosterior:
    """The density of coefficients and spreads together.

    Args:
        parts: all rows, grouped by what they say.
        prior: of the coefficients that no penalty covers.
        weights: of all coefficients in each penalty.
        degrees: of freedom of the half-t prior of each spread.
        scale: of that prior.
    """
    covered = weights.sum(axis=0) > 0
    free = Prior(prior.mean, np.where(covered, np.inf, prior.sd))
    return PenalisedPosterior(
        posterior(parts, free), jnp.asarray(weights), jnp.asarray(covered), degrees, scale
    )


def posterior(parts: tuple[PartRows, ...], prior: Prior) -> Posterior:
    """The density that `maximise` climbs, for samplers.

    Args:
        parts: all rows, grouped by what they say.
        prior: of the coefficients.
    """
    return Posterior(
        parts=tuple(_part(part) for part in parts),
        mean=jnp.asarray(prior.mean, float),
        precision=jnp.asarray(prior.sd, float) ** -2.0,
        sizes=parts[0].sizes,
    )


def _part(part: PartRows) -> PartDensity:
    offsets = np.broadcast_to(part.offsets, (len(part.designs), part.offsets.shape[1]))
    read = {UPPER_END, *part.family.needs()}
    return PartDensity(
        family=part.family,
        known=part.known,
        designs=tuple(_design(design) for design in part.designs),
        offsets=tuple(_shared(offset) for offset in offsets),
        y=jnp.asarray(part.y, float),
        columns={name: jnp.asarray(c) for name, c in part.columns.items() if name in read},
        weights=None if part.weights is None else jnp.asarray(part.weights, float),
    )


def _design(design: Matrix) -> Array | Cells:
    rows, columns = shape_of(design)
    if not isinstance(design, np.ndarray) and rows * columns > DENSE_CELLS:
        cells = design.tocoo()
        return Cells(*map(jnp.asarray, (cells.row, cells.col, cells.data)), rows=rows)
    dense = as_dense(design)
    # A parameter that all rows share is computed once: special functions of it cost the most.
    is_shared = columns == 1 and bool(np.all(dense == dense[:1]))
    return jnp.asarray(dense[:1] if is_shared else dense)


def _shared(offset: np.ndarray) -> Array:
    return jnp.asarray(offset[:1] if np.all(offset == offset[:1]) else offset)
