"""What a sampler returns: draws, how they were made, and whether they can be believed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jaxtyping import Bool, Float, Int

from assay.errors import FitError
from assay.fit import diagnostics

R_HAT_SAID, R_HAT_REFUSED = 1.01, 1.05
DIVERGENT_REFUSED = 0.01  # share of all draws
ESS_SAID = 100.0


@dataclass(frozen=True)
class Draws:
    """Draws from a posterior by Markov chains, with their diagnostics.

    Fields:
        values: as the parameters that were sampled, each array with (chains, samples) before its
            own axes.
        log_density: of each draw, (chains, samples).
        diverging: whether the draw's trajectory left the energy surface.
        energy: of each draw, potential and kinetic.
        tree_depth: doublings of each trajectory.
        steps: gradients that each trajectory took.
        acceptance: mean acceptance probability along each trajectory.
        names: of the scalars in `values`, for messages.
    """

    values: Any  # a pytree: an array, a dictionary of arrays, ...
    log_density: Float[np.ndarray, "chains samples"]
    diverging: Bool[np.ndarray, "chains samples"]
    energy: Float[np.ndarray, "chains samples"]
    tree_depth: Int[np.ndarray, "chains samples"]
    steps: Int[np.ndarray, "chains samples"]
    acceptance: Float[np.ndarray, "chains samples"]
    names: tuple[str, ...] = field(default=())

    @property
    def chains(self) -> int:
        """Number of chains."""
        return self.diverging.shape[0]

    @property
    def samples(self) -> int:
        """Draws of each chain."""
        return self.diverging.shape[1]

    @cached_property
    def matrix(self) -> Float[np.ndarray, "chains samples scalars"]:
        """All scalars side by side, in the order of the flattened parameters."""
        lead = (self.chains, self.samples)
        leaves = [np.asarray(leaf).reshape(*lead, -1) for leaf in jax.tree.leaves(self.values)]
        return np.concatenate(leaves, axis=-1)

    @cached_property
    def r_hat(self) -> Any:
        """Rank-normalised split R-hat of each scalar, shaped as the parameters."""
        return self._each(diagnostics.r_hat)

    @cached_property
    def ess_bulk(self) -> Any:
        """Effective draws for the centre of each scalar, shaped as the parameters."""
        return self._each(diagnostics.ess_bulk)

    @cached_property
    def ess_tail(self) -> Any:
        """Effective draws for the tails of each scalar, shaped as the parameters."""
        return self._each(diagnostics.ess_tail)

    @cached_property
    def mcse_mean(self) -> Any:
        """Monte-Carlo standard error of each mean, shaped as the parameters."""
        return self._each(diagnostics.mcse_mean)

    @cached_property
    def mcse_sd(self) -> Any:
        """Monte-Carlo standard error of each standard deviation, shaped as the parameters."""
        return self._each(diagnostics.mcse_sd)

    @property
    def divergences(self) -> int:
        """Draws whose trajectory diverged."""
        return int(self.diverging.sum())

    @cached_property
    def has_converged(self) -> bool:
        """Whether the draws can be used: R-hat at most 1.05, at most 1 % of draws diverging."""
        worst = np.max(_flat(self.r_hat), initial=1.0)
        few = self.divergences <= DIVERGENT_REFUSED * self.diverging.size
        return bool(few and worst <= R_HAT_REFUSED)  # false where R-hat is NaN, too

    @cached_property
    def concerns(self) -> tuple[str, ...]:
        """What speaks against these draws, one phrase each; empty where nothing does."""
        r_hat = _flat(self.r_hat)
        ess = np.minimum(_flat(self.ess_bulk), _flat(self.ess_tail))
        found = []
        if self.divergences:
            total = self.diverging.size
            share = f"{self.divergences / total:.1%}"
            found.append(f"{self.divergences} of {total} draws diverged ({share})")
        if not np.all(r_hat <= R_HAT_SAID):
            found.append(f"R-hat of {self._name(np.argmax(r_hat))} is {np.max(r_hat):.3f}, not 1")
        if not np.all(ess >= ESS_SAID):
            found.append(f"{self._name(np.argmin(ess))} has only {np.min(ess):.0f} effective draws")
        return tuple(found)

    def judge(self, where: str) -> str:
        """One sentence that says how the sampling went.

        Args:
            where: start of the error message.

        Raises:
            FitError: the chains have not converged; says what was seen and what helps.
        """
        worst, fewest = np.max(_flat(self.r_hat), initial=1.0), np.min(_flat(self.ess_bulk))
        if not self.has_converged:
            raise FitError(
                f"{where}: NUTS did not converge: {'; '.join(self.concerns)}. Accepted are R-hat "
                f"up to {R_HAT_REFUSED:g} and {DIVERGENT_REFUSED:.0%} of divergences. Likely "
                "causes: (a) the data say nothing about a coefficient and its prior is wide, (b) "
                "too few draws, (c) a posterior with several peaks. Tighten `prior_sd`, or sample "
                "longer and more carefully: `Nuts(warmup=2000, samples=2000, target_accept=0.95)`."
            )
        said = f"; but {'; '.join(self.concerns)}" if self.concerns else ""
        return (
            f"NUTS: {self.chains} chains of {self.samples} draws, largest R-hat {worst:.3f}, at "
            f"least {fewest:.0f} effective draws{said}"
        )

    def thinned(self, count: int) -> Float[np.ndarray, "draws scalars"]:
        """About `count` draws, evenly spaced over all chains; all of them where there are fewer."""
        every = self.matrix.reshape(-1, self.matrix.shape[-1])
        at = np.linspace(0, len(every) - 1, min(count, len(every))).round().astype(int)
        return every[at]

    def _each(self, of: Callable[[np.ndarray], float]) -> Any:
        def leaf(values: np.ndarray) -> np.ndarray:
            values = np.asarray(values)
            flat = values.reshape(*values.shape[:2], -1)
            return np.array([of(flat[..., k]) for k in range(flat.shape[-1])]).reshape(
                values.shape[2:]
            )

        return jax.tree.map(leaf, self.values)

    def _name(self, scalar: np.intp) -> str:
        return f"`{self.names[scalar]}`" if self.names else f"parameter {int(scalar)}"


def _flat(tree: Any) -> np.ndarray:
    """All scalars in a row."""
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])
