"""Training the hidden layers of small networks on the likelihood of the model they stand in."""

from collections.abc import Iterator
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
from assay.predictor.matrix import as_dense, product

HELD_BACK = 0.2
ROUNDS = 80
STEPS = 50  # in a round, after which the rows held back are asked
PATIENCE = 12
RATE = 3e-3
DECAY_ROWS = 300  # the pull of the weights to 0 counts as much as that many rows
MOST_ASKED = 16_384
_BATCH, _LARGE_BATCH, _MANY_ROWS = 256, 1024, 32_768
_LONGEST = 5.0

Layers = tuple[tuple[np.ndarray, np.ndarray], ...]
Rows = dict[str, Any]
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
    tables = [_table(part, networks, at, start, unit) for at, part in enumerate(parts)]
    kept, held = zip(*(_split(table, rng) for table in tables), strict=True)
    kinds: Kinds = tuple((part.family, part.known) for part in parts)
    places = tuple(network.parameter for network in networks)
    pull = _pull(parts, prior, start, unit)
    weights = _first(networks, [each.shape[1] for each in tables[0]["designs"]])
    asked = [_padded(rows) for rows in held]
    decay = min(1.0, DECAY_ROWS / sum(len(part.y) for part in parts))
    state = _optimiser(decay).init(weights)
    first = best = _values(kinds, places, weights, asked)
    kept_best, waited = weights, 0
    stream = _batches(list(kept), rng)
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


def _table(
    part: PartRows, networks: tuple[Network, ...], at: int, start: np.ndarray, unit: np.ndarray
) -> Rows:
    """What a step reads of each row; all arrays have the rows first."""
    blocks = np.split(start, np.cumsum(part.sizes)[:-1])
    units = [each[:1] for each in np.split(unit, np.cumsum(part.sizes)[:-1])]
    linked = np.stack([product(own, b) for own, b in zip(part.designs, blocks, strict=True)])
    rows, read = len(part.y), {UPPER_END, *part.family.needs()}
    # A sparse design stays where the fit without a network has put it, but for a shift of all.
    dense = [each if isinstance(each, np.ndarray) else np.ones((rows, 1)) for each in part.designs]
    return {
        "y": part.y,
        "base": (linked + part.offsets).T,
        "weights": np.ones(rows) if part.weights is None else part.weights,
        "columns": {name: each for name, each in part.columns.items() if name in read},
        "designs": [as_dense(each) * own for each, own in zip(dense, units, strict=True)],
        "inputs": [network.inputs[at] for network in networks],
        "unit": np.broadcast_to(np.concatenate(units), (rows, len(units))),
    }


def _split(table: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Rows to train on and rows held back, at random."""
    rows = len(table["y"])
    order = rng.permutation(rows)
    back = max(int(HELD_BACK * rows), int(rows > 1))
    return _take(table, order[back:]), _take(table, order[: min(back, MOST_ASKED)])


def _take(table: Rows, rows: np.ndarray) -> Rows:
    return jax.tree.map(lambda each: np.asarray(each)[rows], table)


def _padded(table: Rows) -> Rows:
    """Rows of no weight up to a power of two, so that shapes stay few."""
    rows = len(table["y"])
    if rows == 0:
        return table
    size = max(128, 2 ** int(np.ceil(np.log2(rows))))
    padded = _take(table, np.minimum(np.arange(size), rows - 1))
    return {**padded, "weights": np.where(np.arange(size) < rows, padded["weights"], 0.0)}


def _batches(tables: list[Rows], rng: np.random.Generator) -> Iterator[list[Rows]]:
    """Rounds of batches: each holds the same share of every part, in a new order each time."""
    counts = np.array([len(table["y"]) for table in tables])
    batch = _LARGE_BATCH if counts.sum() > _MANY_ROWS else _BATCH
    sizes = [max(1, round(batch * count / counts.sum())) if count else 0 for count in counts]
    pending: list[np.ndarray] = [np.zeros(0, dtype=int) for _ in tables]
    while True:
        made = []
        for at, (table, size) in enumerate(zip(tables, sizes, strict=True)):
            while len(pending[at]) < STEPS * size:
                pending[at] = np.concatenate([pending[at], rng.permutation(counts[at])])
            rows, pending[at] = np.split(pending[at], [STEPS * size])
            some = _take(table, rows)
            share = counts[at] / max(size, 1) / counts.sum()
            some["weights"] = some["weights"] * share
            made.append(jax.tree.map(lambda x, n=size: x.reshape(STEPS, n, *x.shape[1:]), some))
        yield made


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
    batches: list[Rows],
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

    def step(carry: tuple[Weights, Any], batch: list[Rows]) -> tuple[tuple[Weights, Any], None]:
        at, inner = carry
        updates, inner = _optimiser(decay).update(jax.grad(tangent)(at, batch), inner, at)
        return (optax.apply_updates(at, updates), inner), None

    return jax.lax.scan(step, (weights, state), batches)[0]
