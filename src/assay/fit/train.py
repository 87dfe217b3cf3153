"""Training the hidden layers of small networks on the likelihood of the model they stand in."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float

from assay.compute.progress import tracked
from assay.family import UPPER_END, AbstractFamily, Known, log_likelihood
from assay.fit.newton import Prior
from assay.fit.rows import PartRows
from assay.fit.training_rows import STEPS, Rows, batches, padded, split, table_of

ROUNDS = 80
PATIENCE = 12
RATE = 3e-3
DECAY_ROWS = 300  # the pull of the weights to 0 counts as much as that many rows
_LONGEST = 5.0

Layers = tuple[tuple[np.ndarray, np.ndarray], ...]
Kinds = tuple[tuple[AbstractFamily, Known], ...]


@dataclass(frozen=True, eq=False)
class Network:
    """A network that adds to one parameter of a family.

    Fields:
        parameter: which one, counted from 0.
        layers: weights (out, in) and biases (out,) to begin with.
        inputs: of the rows of each part, (rows, inputs).
    """

    parameter: int
    layers: Layers
    inputs: tuple[np.ndarray, ...]


class Weights(eqx.Module):
    """All that is trained.

    Fields:
        layers: weights and biases of each network.
        outs: how the last activations of each network add up.
        heads: how far each parameter's other coefficients have moved from where they began.
    """

    layers: tuple[tuple[tuple[Array, Array], ...], ...]
    outs: tuple[Array, ...]
    heads: tuple[Array, ...]


def train(
    parts: tuple[PartRows, ...],
    networks: tuple[Network, ...],
    prior: Prior,
    start: Float[np.ndarray, " coefficients"],
    unit: Float[np.ndarray, " coefficients"],
    *,
    seed: int,
) -> tuple[Layers, ...]:
    """Train all layers on the log posterior, until rows held back say that it no longer helps.

    Args:
        parts: fitting rows; their designs are those of all other terms.
        networks: with their first weights.
        prior: of the coefficients of all other terms.
        start: these coefficients, where they are best without a network.
        unit: what counts as 1 for each of them.
        seed: of the rows held back and the order of the others.

    Returns:
        The layers of each network as they were when the rows held back fared best; the first ones
        where training never helped these rows.

    Source: Loshchilov & Hutter (2019), Decoupled weight decay; Prechelt (1998), Early stopping.
    """
    rng = np.random.default_rng([seed, 1])
    tables = [
        table_of(part, [network.inputs[at] for network in networks], start, unit)
        for at, part in enumerate(parts)
    ]
    kept, held = zip(*(split(each, rng) for each in tables), strict=True)
    kinds: Kinds = tuple((part.family, part.known) for part in parts)
    places = tuple(network.parameter for network in networks)
    pull = _pull(parts, prior, start, unit)
    weights = _first(networks, [each.shape[1] for each in tables[0]["designs"]])
    asked = [padded(rows) for rows in held]
    decay = min(1.0, DECAY_ROWS / sum(len(part.y) for part in parts))
    optimiser: Any = _optimiser(decay)
    state = optimiser.init(weights)
    first = best = _values(kinds, places, weights, asked)
    kept_best, waited = weights, 0
    stream = batches(list(kept), rng)
    for _ in tracked(range(ROUNDS), "training a network"):
        weights, state = _round(kinds, places, weights, state, next(stream), pull, decay)
        reached = _values(kinds, places, weights, asked)
        if _gain(best, reached, asked)[0] > 0:
            best, kept_best, waited = reached, weights, 0
        elif waited == PATIENCE or not all(np.isfinite(each).all() for each in reached):
            break
        else:
            waited += 1
    gain, error = _gain(first, best, asked)
    if gain <= error:  # the best of many looks at rows held back is no better than chance
        return tuple(network.layers for network in networks)
    return tuple(
        tuple((np.asarray(weight), np.asarray(bias)) for weight, bias in layers)
        for layers in kept_best.layers
    )


def _gain(
    before: list[np.ndarray], after: list[np.ndarray], asked: list[Rows]
) -> tuple[float, float]:
    """Mean gain of the rows held back, and its standard error."""
    weights = np.concatenate([rows["weights"] for rows in asked])
    gains = np.concatenate([b - a for a, b in zip(before, after, strict=True)])
    share = weights / max(weights.sum(), 1e-300)
    mean = float(share @ gains)
    return mean, float(np.sqrt(np.sum((share * (gains - mean)) ** 2)))


def _first(networks: tuple[Network, ...], widths: list[int]) -> Weights:
    return Weights(
        layers=tuple(
            tuple((jnp.asarray(weight), jnp.asarray(bias)) for weight, bias in network.layers)
            for network in networks
        ),
        outs=tuple(jnp.zeros(len(network.layers[-1][1])) for network in networks),
        heads=tuple(jnp.zeros(width) for width in widths),
    )


def _pull(
    parts: tuple[PartRows, ...], prior: Prior, start: np.ndarray, unit: np.ndarray
) -> tuple[tuple[Array, Array], ...]:
    """Precision and way to the mean of each head's prior, per row of the table."""
    rows = sum(len(part.y) for part in parts)
    precision, away = (unit / prior.sd) ** 2 / rows, (start - prior.mean) / unit
    edges = np.cumsum(parts[0].sizes)[:-1]
    pairs = zip(np.split(precision, edges), np.split(away, edges), strict=True)
    return tuple(
        (jnp.asarray(own), jnp.asarray(far))
        if isinstance(design, np.ndarray)
        else (jnp.zeros(1), jnp.zeros(1))
        for (own, far), design in zip(pairs, parts[0].designs, strict=True)
    )


def _optimiser(decay: float | Array) -> optax.GradientTransformation:
    rate = optax.cosine_decay_schedule(RATE, ROUNDS * STEPS)
    steps = optax.adamw(rate, weight_decay=decay)  # pyright: ignore[reportArgumentType]  # traced
    return optax.chain(optax.clip_by_global_norm(_LONGEST), steps)


def _linked(
    places: tuple[int, ...], weights: Weights, rows: Rows
) -> Float[Array, "parameters rows"]:
    """The parameters of each row, before their links."""
    moved = [design @ head for design, head in zip(rows["designs"], weights.heads, strict=True)]
    linked = rows["base"].T + jnp.stack(moved)
    for place, layers, out, passed in zip(
        places, weights.layers, weights.outs, rows["inputs"], strict=True
    ):
        hidden = passed
        for weight, bias in layers:
            hidden = jnp.tanh(hidden @ weight.T + bias)
        linked = linked.at[place].add(rows["unit"][:, place] * (hidden @ out))
    return linked


def _likelihood(
    kind: tuple[AbstractFamily, Known], linked: Float[Array, "parameters rows"], rows: Rows
) -> Float[Array, " rows"]:
    """Log-likelihood of each row."""
    family, known = kind
    names = [parameter.name for parameter in family.parameters]
    distribution = family.from_linked(dict(zip(names, linked, strict=True)), rows["columns"])
    return log_likelihood(distribution, known, rows["y"], rows["columns"].get(UPPER_END))


def _slopes(
    kind: tuple[AbstractFamily, Known], linked: Float[Array, "parameters rows"], rows: Rows
) -> Float[Array, "parameters rows"]:
    """Derivatives of each row's log-likelihood, forwards: far less to compile than backwards."""
    along = jnp.broadcast_to(jnp.eye(len(linked))[:, :, None], (len(linked), *linked.shape))
    value = partial(_likelihood, kind, rows=rows)
    return jax.vmap(lambda one: jax.jvp(value, (linked,), (one,))[1])(along)


def _values(
    kinds: Kinds, places: tuple[int, ...], weights: Weights, tables: list[Rows]
) -> list[np.ndarray]:
    """Log-likelihood of each row of each part."""
    return [np.asarray(each) for each in _compiled_values(kinds, places, weights, tables)]


@partial(jax.jit, static_argnums=(0, 1))
def _compiled_values(
    kinds: Kinds, places: tuple[int, ...], weights: Weights, tables: list[Rows]
) -> list[Array]:
    return [
        _likelihood(kind, _linked(places, weights, rows), rows) if len(rows["y"]) else jnp.zeros(0)
        for kind, rows in zip(kinds, tables, strict=True)
    ]


@partial(jax.jit, static_argnums=(0, 1))
def _round(
    kinds: Kinds,
    places: tuple[int, ...],
    weights: Weights,
    state: optax.OptState,
    stacked: list[Rows],
    pull: tuple[tuple[Array, Array], ...],
    decay: float,
) -> tuple[Weights, optax.OptState]:
    def tangent(at: Weights, batch: list[Rows]) -> Array:
        """A function with the slope of minus the log posterior, though not with its value."""
        total = jnp.zeros(())
        for head, (own, far) in zip(at.heads, pull, strict=True):
            total += 0.5 * jnp.sum(own * (far + head) ** 2)
        for kind, rows in zip(kinds, batch, strict=True):
            if len(rows["y"]):
                linked = _linked(places, at, rows)
                slopes = jax.lax.stop_gradient(_slopes(kind, jax.lax.stop_gradient(linked), rows))
                total -= jnp.sum(rows["weights"] * slopes * linked)
        return total

    # Optax types its trees as arrays; any module may be one.
    optimiser: Any = _optimiser(decay)

    def step(carry: tuple[Weights, Any], batch: list[Rows]) -> tuple[tuple[Weights, Any], None]:
        at, inner = carry
        updates, inner = optimiser.update(jax.grad(tangent)(at, batch), inner, at)
        moved: Any = jax.tree.map(jnp.add, at, updates)
        return (moved, inner), None

    return jax.lax.scan(step, (weights, state), stacked)[0]
