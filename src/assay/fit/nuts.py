"""NUTS: draws from any posterior whose log density JAX can differentiate.

The sampler is NumPyro's. Around it stand the scaling of the parameters, chains that run side by
side in one compiled program, and progress for whoever waits.
"""

from dataclasses import dataclass
from typing import Any, cast

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from numpyro.infer.hmc import HMCState, hmc

from assay.compute.progress import tracked
from assay.errors import ConfigError, FitError
from assay.fit.draws import Draws
from assay.fit.whitened import Layout, LogDensity, Whitened, flattened, over_lanes, root_of

DENSE_UP_TO = 100  # parameters; a full matrix is learnt for fewer
CHUNK = 50  # iterations a call; one compiled program serves any number of draws


@dataclass(frozen=True)
class Nuts:
    """How long and how carefully NUTS samples: ``Model(..., method=Nuts(samples=4000))``.

    Fields:
        warmup: iterations that each chain adapts in and that are thrown away.
        samples: draws that each chain keeps.
        chains: independent chains, side by side.
        target_accept: share of proposals to accept; closer to 1 takes smaller steps.
    """

    warmup: int = 1000
    samples: int = 1000
    chains: int = 4
    target_accept: float = 0.8

    def __post_init__(self) -> None:
        for name, least in {"warmup": 20, "samples": 4, "chains": 1}.items():
            value = getattr(self, name)
            if not (isinstance(value, int) and value >= least):
                raise ConfigError(f"NUTS: `{name}` is {value!r}, must be at least {least}.")
        if not 0.5 <= self.target_accept < 1:
            raise ConfigError(
                f"NUTS: `target_accept` is {self.target_accept!r}, must be from 0.5 to below 1."
            )


NUTS = Nuts()


def sample_posterior(
    log_density: LogDensity,
    start: Any,
    *,
    seed: int,
    warmup: int = 1000,
    samples: int = 1000,
    chains: int = 4,
    target_accept: float = 0.8,
    progress: bool = True,
    inverse_mass: Float[np.ndarray, "..."] | None = None,
) -> Draws:
    """Draw from a posterior by the No-U-Turn sampler.

    Args:
        log_density: log posterior up to a constant, of parameters shaped as `start`, any real
            numbers. An Equinox module that holds its data as arrays is compiled once for all data
            of one shape.
        start: an array, or a dictionary or other tree of arrays; where the chains begin, each
            moved away a little.
        seed: the same seed gives the same draws.
        warmup: iterations that each chain adapts in and that are thrown away.
        samples: draws that each chain keeps.
        chains: independent chains, side by side.
        target_accept: share of proposals to accept, 0.5 to below 1.
        progress: show a bar on stderr where that is a terminal.
        inverse_mass: covariance that the posterior is expected to have, (parameters, parameters),
            or its diagonal; the better it fits, the faster the chains mix.

    Returns:
        The draws; ask them whether they `has_converged`.

    Raises:
        ConfigError: a number of draws or chains that makes no sense.
        FitError: the log density is not finite at `start`.

    Source: Hoffman & Gelman (2014), The No-U-Turn sampler; Betancourt (2017), A conceptual
        introduction to Hamiltonian Monte Carlo, for the multinomial trajectories.
    """
    settings = Nuts(warmup, samples, chains, target_accept)
    flat, layout = flattened(start)
    factor = root_of(inverse_mass, flat.size)
    target = Whitened(log_density, flat, factor, layout)
    spread = 1.0 if inverse_mass is not None else 0.5
    keys = jax.random.split(jax.random.key(seed), chains)
    begun = _starts(target, keys, spread)
    dense = inverse_mass is None and flat.size <= DENSE_UP_TO
    return run(target, begun, keys, settings, dense=dense, progress=progress)


def sample_each(
    log_densities: eqx.Module,
    starts: Float[np.ndarray, "posteriors parameters"],
    *,
    seed: int,
    covariances: Float[np.ndarray, "posteriors parameters parameters"],
    settings: Nuts = NUTS,
    progress: bool = True,
) -> Draws:
    """Draw from many posteriors of one shape, one chain each, in one compiled program.

    Args:
        log_densities: an Equinox module that takes a vector of parameters; each of its arrays holds
            what is its own of every posterior, along the first axis.
        starts: where the chains begin, each moved away a little.
        seed: the same seed gives the same draws.
        covariances: that the posteriors are expected to have.
        settings: lengths; there is one chain for each posterior.
        progress: show a bar on stderr where that is a terminal.

    Returns:
        The draws; what their fields call a chain is a posterior, so R-hat compares nothing.

    Raises:
        FitError: a log density is not finite at its start.
    """
    lanes, size = starts.shape
    factors = jnp.asarray(np.linalg.cholesky(covariances))
    layout = Layout(jax.tree.structure(0), ((size,),))
    target = Whitened(cast(LogDensity, log_densities), jnp.asarray(starts), factors, layout)
    keys = jax.random.split(jax.random.key(seed), lanes)
    begun = _starts(target, keys, 1.0, batched=True)
    return run(target, begun, keys, settings, dense=False, progress=progress, batched=True)


def _starts(target: Whitened, keys: Array, spread: float, *, batched: bool = False) -> Array:
    """A start for each chain, spread around the common one; nearer where the density is not finite.

    Raises:
        FitError: it is finite nowhere near.
    """
    size = target.centre.shape[-1]
    away = spread * jax.vmap(lambda key: jax.random.normal(key, (size,)))(keys)
    for share in (0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.0):
        is_possible = jnp.isfinite(_values_at(target, away, batched))
        if is_possible.all():
            return away
        away = jnp.where(is_possible[:, None], away, share * away)
    if not jnp.isfinite(_values_at(target, away, batched)).all():
        raise FitError(
            "NUTS: the log density is not finite at `start`. Begin at parameters that are possible "
            "given the data and the prior."
        )
    return away


@eqx.filter_jit
def _values_at(target: Whitened, points: Array, batched: bool) -> Array:
    return over_lanes(lambda own, at: own(at), target, points, batched=batched)


def run(
    target: Whitened,
    begun: Float[Array, "lanes parameters"],
    keys: Array,
    settings: Nuts,
    *,
    dense: bool,
    progress: bool,
    batched: bool = False,
) -> Draws:
    """Run one chain in each lane.

    Args:
        target: the density; with `batched` each of its arrays has a lane's own values first.
        begun: where each lane begins, scaled.
        keys: one for each lane.
        settings: lengths; the number of chains is that of the lanes.
        dense: learn a full mass matrix rather than its diagonal.
        progress: show a bar on stderr where that is a terminal.
        batched: whether each lane samples a posterior of its own.
    """
    plan = _Plan(settings.warmup, settings.target_accept, dense, batched)
    state = _begin(plan, target, begun, keys)
    total = settings.warmup + settings.samples
    kept = []
    chunks = range(0, total, CHUNK)
    for low in tracked(chunks, "sampling") if progress else chunks:
        state, trace = _advance(plan, target, state)
        if low + CHUNK > settings.warmup:
            kept.append(jax.tree.map(np.asarray, trace))
    # Chunks need not end where the warm-up does.
    skipped = settings.warmup % CHUNK
    cut = slice(skipped, skipped + settings.samples)
    white, potential, diverging, energy, steps, acceptance = (
        np.concatenate(each, axis=1)[:, cut] for each in zip(*kept, strict=True)
    )
    return Draws(
        values=jax.tree.map(np.asarray, _unwhitened(plan, target, jnp.asarray(white))),
        log_density=-potential,
        diverging=diverging,
        energy=energy,
        tree_depth=np.floor(np.log2(np.maximum(steps, 1))).astype(int) + 1,
        steps=steps,
        acceptance=acceptance,
    )


class _Plan(eqx.Module):
    """What the compiled program depends on besides shapes."""

    warmup: int = eqx.field(static=True)
    target_accept: float = eqx.field(static=True)
    dense: bool = eqx.field(static=True)
    batched: bool = eqx.field(static=True)

    def initialise(self, target: Whitened, at: Any, key: Array) -> tuple[HMCState, Any]:
        """NumPyro's state at the start, and the step that follows it."""
        first, step = hmc(lambda white: -target(white), algo="NUTS")
        state = first(
            at,
            num_warmup=self.warmup,
            trajectory_length=None,  # pyright: ignore[reportArgumentType]  # NUTS has none
            dense_mass=self.dense,
            target_accept_prob=self.target_accept,
            rng_key=key,
        )
        return state, step


@eqx.filter_jit
def _begin(plan: _Plan, target: Whitened, begun: Array, keys: Array) -> HMCState:
    def first(own: Whitened, at: Array, key: Array) -> HMCState:
        return plan.initialise(own, at, key)[0]

    return over_lanes(first, target, begun, keys, batched=plan.batched)


@eqx.filter_jit
def _advance(plan: _Plan, target: Whitened, state: HMCState) -> tuple[HMCState, Any]:
    def chunk(own: Whitened, here: HMCState) -> tuple[HMCState, Any]:
        # NumPyro's step reads what its initialisation left behind; the state made here is not used.
        _, step = plan.initialise(own, here.z, here.rng_key)

        def once(now: HMCState, _: None) -> tuple[HMCState, Any]:
            then = step(now)
            return then, (
                then.z,
                then.potential_energy,
                then.diverging,
                then.energy,
                then.num_steps,
                then.accept_prob,
            )

        return jax.lax.scan(once, here, None, length=CHUNK)

    return over_lanes(chunk, target, state, batched=plan.batched)


@eqx.filter_jit
def _unwhitened(plan: _Plan, target: Whitened, white: Array) -> Any:
    return over_lanes(lambda own, at: own.unwhiten(at), target, white, batched=plan.batched)
