"""What may come: sample paths of every series, and what is read off them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import polars as pl

from assay.compute import in_flight
from assay.errors import ConfigError
from assay.series.ahead import Future, unique_ids
from assay.series.arrange import Recipe
from assay.series.chance import chance_of
from assay.series.fit import Fits, Machine
from assay.series.kinds import Floats, Whole
from assay.series.layout import Parts
from assay.series.paths import Ahead, Paths, sample_paths
from assay.series.pooling import Common
from assay.series.recursion import State

CELLS = 6_000_000  # values of one block of paths
LEVELS = (80, 90)


@dataclass(frozen=True, eq=False, repr=False)
class Forecast:
    """Futures of every series; drawn again, alike, each time they are asked for.

    Fields:
        recipe: of the model.
        machine: its filter.
        common: what all series have in common.
        fits: parameters and states of those that were seen.
        future: the steps to come.
        paths: futures of each series.
        seed: of the draws; each series has a stream of its own, so that neither order nor the
            other series change its futures.
    """

    recipe: Recipe
    machine: Machine
    common: Common
    fits: Fits
    future: Future
    paths: int
    seed: int

    def __repr__(self) -> str:
        count, horizon = self.future.keys.height, self.future.steps.size
        return f"{self.paths} futures of {max(count, 1)} series, {horizon} steps ahead"

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.future.steps.size

    @property
    def series(self) -> int:
        """How many series are forecast."""
        return self.future.place.size

    def draws(self) -> Iterator[tuple[Whole, Paths]]:
        """Futures in blocks of series: their numbers, and values (steps, series, paths)."""
        size = max(1, CELLS // (self.horizon * self.paths))
        blocks = [np.arange(at, min(at + size, self.series)) for at in range(0, self.series, size)]
        yield from zip(blocks, in_flight(self._drawn, blocks), strict=True)

    def table(self, levels: Sequence[float] = LEVELS) -> pl.DataFrame:
        """Mean and central intervals of each series and step.

        Args:
            levels: of the intervals, in per cent.

        Returns:
            `unique_id`, the key columns where there are several, `ds`, `mean`, and for each level
            `lo-90` and `hi-90`; one row a series and step.

        Raises:
            ConfigError: a level that is not between 0 and 100.
        """
        for level in levels:
            if not 0 < level < 100:
                raise ConfigError(f"levels: {level!r} is not between 0 and 100 per cent.")
        asked = [(0.5 - level / 200, 0.5 + level / 200) for level in levels]
        means, ends = self._read([p for pair in asked for p in pair])
        columns = {"mean": means.T.ravel()}
        for k, level in enumerate(levels):
            columns[f"lo-{level:g}"] = ends[2 * k].T.ravel()
            columns[f"hi-{level:g}"] = ends[2 * k + 1].T.ravel()
        return pl.concat([self._head(), pl.DataFrame(columns)], how="horizontal")

    def quantiles(self, levels: Sequence[float]) -> Floats:
        """Quantiles of each series and step, (levels, steps, series); levels between 0 and 1."""
        return self._read(levels)[1]

    def _read(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        means = np.empty((self.horizon, self.series))
        found = np.empty((len(levels), self.horizon, self.series))
        for block, drawn in self.draws():
            means[:, block] = drawn.mean
            found[:, :, block] = quantiles_of(drawn.values, levels, is_count=self.is_count)
        return means, found

    @property
    def is_count(self) -> bool:
        """Whether values are whole numbers."""
        return self.recipe.family.underlying.support.whole

    def _head(self) -> pl.DataFrame:
        keys, horizon = self.future.keys, self.horizon
        times = self.future.grid.times(self.future.steps)
        names = unique_ids(keys)
        head = {"unique_id": np.repeat(np.array(names, dtype=object), horizon).tolist()}
        table = pl.DataFrame(head, schema={"unique_id": pl.String})
        if keys.width > 1:
            repeated = keys[np.repeat(np.arange(keys.height), horizon)]
            table = pl.concat([table, repeated], how="horizontal")
        return table.with_columns(pl.concat([times] * len(names)).alias("ds"))

    def _drawn(self, block: Whole) -> Paths:
        future, place = self.future, self.future.place[block]
        new = place < 0
        theta = np.where(new, self.common.mean[:, None], self.fits.theta[:, place])
        parts: Parts = self.machine.layout.read(jnp.asarray(theta))
        state = State(*(jnp.where(new, 0.0, each[..., place]) for each in self.fits.state))
        seasons = self.recipe.seasons
        basis, push = seasons.basis(future.steps), seasons.pushes(future.steps)
        fixed = np.asarray(parts.level) + basis @ np.asarray(parts.season)
        fixed = fixed + (future.offset[:, block] if future.offset.size > 1 else future.offset)
        if future.features.shape[0]:
            effects = np.asarray(parts.effects)
            fixed = fixed + np.einsum("kts,ks->ts", future.features[:, :, block], effects)
        is_open = future.is_open[:, block] if future.is_open.size > 1 else np.ones_like(fixed)
        ahead = Ahead(*(jnp.asarray(each) for each in (fixed, basis, push, is_open)))
        return sample_paths(
            self.machine.rule,
            chance_of(self.recipe.family.underlying.name),
            self.machine.scaling,
            parts,
            state,
            ahead,
            self._unsure(place, parts),
            keys=[future.names[k] for k in block],
            paths=self.paths,
            seed=self.seed,
        )

    def _unsure(self, place: Whole, parts: Parts) -> Floats:
        """What is not known of each level: observations make up for it, a few at a time."""
        held = (1.0 - np.asarray(parts.gains.level)) ** self.fits.count[place]
        return np.where(place < 0, self.common.sd[0], self.fits.level_sd[place] * held)


def quantiles_of(values: Floats, levels: Sequence[float], *, is_count: bool) -> Floats:
    """Quantiles over the last axis, levels first; of counts always a value that was drawn."""
    method = "inverted_cdf" if is_count else "linear"
    ordered = np.sort(values, axis=-1)
    count = values.shape[-1]
    if not is_count:
        return np.quantile(ordered, levels, axis=-1, method=method)
    at = [min(count - 1, max(0, int(np.ceil(level * count - 1e-9)) - 1)) for level in levels]
    return np.moveaxis(ordered[..., at], -1, 0)
