"""What a fit minimises: minus the log posterior of each series."""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from assay.series.filter.layout import Layout, Parts
from assay.series.filter.lockstep import Minimum, minimise
from assay.series.filter.recursion import Calendar, Scaling, Seen, State, log_likelihood, run
from assay.series.filter.start import told_of_season, told_of_start
from assay.series.law.rule import AbstractRule

STATIC = ("rule", "scaling", "layout", "is_censored")


class Block(NamedTuple):
    """Series of one length that are worked on together.

    Fields:
        seen: what was seen.
        calendar: of the steps.
        offset: log of exposure and of what else adds without a parameter; (steps, series) or
            (1, series).
        features: (features, steps, series).
    """

    seen: Seen
    calendar: Calendar
    offset: Float[Array, "steps series"]
    features: Float[Array, "features steps series"]


class Prior(NamedTuple):
    """What is believed of each series' parameters before it is looked at, and a scale for a search.

    A search moves in `(theta - mean) / scale`: with the posterior's spread as the scale, all
    coordinates are alike to it.

    Fields:
        mean: (coordinates, series).
        sd: likewise.
        scale: likewise.
        one: information of one row of each series, roughly.
        rows: how many there are.
    """

    mean: Float[Array, "coordinates series"]
    sd: Float[Array, "coordinates series"]
    scale: Float[Array, "coordinates series"]
    one: Float[Array, " series"]
    rows: Float[Array, " series"]

    def theta(self, x: Array) -> Array:
        """Parameters from coordinates of a search."""
        return self.mean + self.scale * x

    def coordinates(self, theta: Array) -> Array:
        """The way back."""
        return (theta - self.mean) / self.scale

    def surprise(self, theta: Array) -> Float[Array, " series"]:
        """Minus the log density, up to a constant."""
        return 0.5 * jnp.sum(((theta - self.mean) / self.sd) ** 2, axis=0)


class Filtered(NamedTuple):
    """What a filter found.

    Fields:
        eta: the linked parameter before each step, (steps, series).
        log_reach: log probability of reaching the limit where one hid the value, else 0.
        state: after the last step.
        log_likelihood: of each series.
    """

    eta: Array
    log_reach: Array
    state: State
    log_likelihood: Array


def fixed_part(block: Block, parts: Parts) -> Float[Array, "steps series"]:
    """What no observation moves, of the linked parameter."""
    fixed = block.offset + parts.level + block.calendar.basis @ parts.season
    return fixed + jnp.einsum("kts,ks->ts", block.features, parts.effects)


@partial(jax.jit, static_argnames=STATIC)
def filtered(
    block: Block,
    theta: Array,
    *,
    rule: AbstractRule,
    scaling: Scaling,
    layout: Layout,
    is_censored: bool,
) -> Filtered:
    """Filter a block of series with given parameters, (coordinates, series)."""
    parts = layout.read(theta)
    fixed = fixed_part(block, parts)
    eta, log_reach, state = run(
        rule,
        scaling,
        block.seen,
        block.calendar,
        fixed,
        parts.gains,
        parts.extra,
        is_censored=is_censored,
    )
    value = log_likelihood(rule, block.seen, eta, log_reach, parts.extra)
    return Filtered(eta, log_reach, state, value)


def start_left_open(
    theta: Array, block: Block, prior: Prior, layout: Layout, scaling: Scaling
) -> Float[Array, " series"]:
    """Half the log of what is known of the start: it is integrated out, not fitted away."""
    gains = layout.read(theta).gains
    one, rows = prior.one, prior.rows
    found = jnp.log(prior.sd[0] ** -2.0 + told_of_start(gains, one, rows, scaling))
    share, pace = block.calendar.share[:, None], block.calendar.pace[:, None]
    if layout.owners:
        told = told_of_season(gains.season, one, rows, share, pace, scaling)
        sd = prior.sd[layout.first_season :][: len(layout.owners)]
        found = found + jnp.sum(jnp.log(sd**-2.0 + told), axis=0)
    return 0.5 * found


@partial(jax.jit, static_argnames=STATIC)
def value_and_gradient(
    x: Array,
    block: Block,
    prior: Prior,
    *,
    rule: AbstractRule,
    scaling: Scaling,
    layout: Layout,
    is_censored: bool,
) -> tuple[Float[Array, " series"], Float[Array, "coordinates series"]]:
    """Minus the log posterior of each series, up to a constant, and its gradient in `x`."""

    def total(x: Array) -> tuple[Array, Array]:
        theta = prior.theta(x)
        found = filtered(
            block,
            theta,
            rule=rule,
            scaling=scaling,
            layout=layout,
            is_censored=is_censored,
        )
        open_start = start_left_open(theta, block, prior, layout, scaling)
        each = prior.surprise(theta) - found.log_likelihood + open_start
        return jnp.sum(each), each

    gradient, value = jax.grad(total, has_aux=True)(x)
    return value.astype(x.dtype), gradient  # some families know constants in 64 bits alone


@partial(jax.jit, static_argnames=STATIC)
def fit_block(
    start: Array,
    block: Block,
    prior: Prior,
    *,
    tolerance: float,
    most: int,
    rule: AbstractRule,
    scaling: Scaling,
    layout: Layout,
    is_censored: bool,
) -> Minimum:
    """Fit every series of a block.

    Args:
        start: where the search begins, (coordinates, series).
        block: the series.
        prior: what is believed of them, and the scale of the search.
        tolerance: a series is done where its log posterior would gain less.
        most: iterations.
        rule: of the family.
        scaling: of its score.
        layout: of the coordinates.
        is_censored: whether any row is hidden.
    """

    def of(x: Array) -> tuple[Array, Array]:
        return value_and_gradient(
            x,
            block,
            prior,
            rule=rule,
            scaling=scaling,
            layout=layout,
            is_censored=is_censored,
        )

    return minimise(of, start, tolerance=tolerance, most=most)
