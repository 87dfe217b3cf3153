"""The past as a fitted filter saw it: the law of each row before the row was seen."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from scipy.special import ndtri

from assay.family import AbstractDistribution, AbstractFamily
from assay.series.filter.objective import filtered
from assay.series.fitting.fit import Fits, Machine, blocks_of, shape_of
from assay.series.kinds import Flags, Floats, Whole
from assay.series.law.rules import followed
from assay.series.panel.arrange import Panel, Recipe

ROWS = 65_536  # laws that are asked at once


@dataclass(frozen=True, eq=False)
class Past:
    """What was expected of each row of a panel, one step before it.

    Fields:
        family: of the value that nobody hid.
        driven: its parameter that follows the series.
        eta: that parameter before its link, (rows,).
        others: names and values of the other parameters before their links, one a series.
        series: number of the series of each row.
    """

    family: AbstractFamily
    driven: str
    eta: Floats
    others: dict[str, Floats]
    series: Whole

    def law(self, rows: Whole) -> AbstractDistribution:
        """The laws of some rows."""
        linked = {name: jnp.asarray(each[self.series[rows]]) for name, each in self.others.items()}
        return self.family.from_linked(linked | {self.driven: jnp.asarray(self.eta[rows])}, {})

    def extra(self, rows: Whole) -> tuple[Floats, ...]:
        """The other parameters of some rows, in the order of the family."""
        return tuple(each[self.series[rows]] for each in self.others.values())

    def ask(self, rows: Whole, of: Callable[..., Any], *columns: Any) -> Floats:
        """What some rows' laws answer, in pieces of few sizes, so that little is compiled.

        Args:
            rows: numbers of rows.
            of: compiled; from the laws of a piece and its part of each column to an array whose
                last axis is the rows of the piece.
            columns: one value a row, or one number for all.
        """
        found = []
        for places, size in pieces(rows.size):
            own = [jnp.asarray(each[places] if np.ndim(each) else each) for each in columns]
            found.append(np.asarray(of(self.law(rows[places]), *own))[..., :size])
        return np.concatenate(found, axis=-1) if found else np.zeros(0)


@eqx.filter_jit
def mean_of(law: AbstractDistribution) -> Any:
    """Expected values, for `Past.ask`."""
    return law.mean()


@eqx.filter_jit
def variance_of(law: AbstractDistribution) -> Any:
    """About the variances, for `Past.ask`."""
    return law.rough_moments()[1]


@eqx.filter_jit
def _pit_ends(law: AbstractDistribution, y: Any, hidden: Any) -> Any:
    below, _ = law.log_edges(y)
    return jnp.exp(jnp.stack([below, jnp.where(hidden, 0.0, law.log_cdf(y))]))


def pieces(count: int) -> Iterator[tuple[Whole, int]]:
    """Places of pieces whose sizes are powers of two, the first repeated to fill one up."""
    for start in range(0, count, ROWS):
        own = np.arange(start, min(start + ROWS, count))
        whole = 1 << max(own.size - 1, 63).bit_length()
        yield np.concatenate([own, np.full(whole - own.size, start)]), own.size


def past_of(recipe: Recipe, panel: Panel, machine: Machine, fits: Fits) -> Past:
    """Run the filters over the panel once more."""
    eta = np.zeros(panel.step.size)
    for chosen in blocks_of(panel):
        steps, columns = shape_of(panel, chosen)
        block = panel.block(chosen, steps, columns, recipe.seasons, np.float64)
        padded = np.append(chosen, np.full(columns - chosen.size, chosen[0]))
        found = filtered(block, jnp.asarray(fits.theta[:, padded], float), **machine.static)
        rows, place = panel.places(chosen, steps)
        eta[rows] = np.asarray(found.eta)[place]
    extra = machine.layout.read(jnp.asarray(fits.theta)).extra
    others = dict(zip(machine.rule.names, (np.asarray(each) for each in extra), strict=True))
    series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
    return Past(followed(recipe.family), recipe.driven, eta, others, series)


def normal_scores(past: Past, panel: Panel, rows: Whole, *, seed: int) -> Floats:
    """Randomised PIT of rows as normal scores; of a hidden one drawn from what it leaves open.

    Source: Dunn & Smyth (1996), Randomized quantile residuals.
    """
    u = np.random.default_rng([seed, 1]).uniform(1e-9, 1.0, rows.size)
    low, high = pit_ends(past, panel.y[rows], panel.hidden[rows], rows)
    return ndtri(np.clip(low + u * (high - low), 1e-9, 1 - 1e-9))


def pit_ends(past: Past, y: Floats, hidden: Flags, rows: Whole) -> tuple[Floats, Floats]:
    """Between which probabilities each value lies: F(y-) and F(y); up to 1 where it is hidden."""
    low, high = past.ask(rows, _pit_ends, y, hidden)
    return low, np.maximum(high, low)
