"""What may come: sample paths of every series, and what is read off them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import polars as pl
from scipy.special import logsumexp

from assay.compute import in_flight
from assay.errors import ConfigError, DataError, nearest
from assay.series.filter.recursion import State
from assay.series.fitting.doubt import picked
from assay.series.fitting.fit import Fits, Machine
from assay.series.fitting.pooling import Common
from assay.series.future.ahead import Future, unique_ids
from assay.series.future.paths import Ahead, Begun, Paths, sample_paths
from assay.series.future.percent import Levels, ends_of, fractions, per_cents
from assay.series.future.together import put_together
from assay.series.future.written import write_tables
from assay.series.kinds import Flags, Floats, Whole
from assay.series.law.chance import Extra, chance_of
from assay.series.panel.arrange import Recipe

CELLS = 6_000_000  # values of one block of paths
LEVELS = (80, 90)
BEYOND = 2  # paths that must lie beyond a level for its quantile to mean something


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
        share: of the variance of noise that series have in common; `None` where each series is
            drawn by itself.
        limit: the most that can be sold, (steps, series); `None` for demand.
        learn_share: finds the share from the past.
    """

    recipe: Recipe
    machine: Machine
    common: Common
    fits: Fits
    future: Future
    paths: int
    seed: int
    share: float | None = None
    limit: Floats | None = None
    learn_share: Callable[[], float] = float

    def __repr__(self) -> str:
        return f"{self.paths} futures of {self.series} series, {self.horizon} steps ahead"

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return self.future.steps.size

    @property
    def series(self) -> int:
        """How many series are forecast."""
        return self.future.place.size

    def draws(self, chosen: Whole | None = None) -> Iterator[tuple[Whole, Paths]]:
        """Futures in blocks of series: their numbers, and values (steps, series, paths).

        Args:
            chosen: numbers of series, ascending; by default all.
        """
        size = max(1, CELLS // (self.horizon * self.paths))
        every = np.arange(self.series) if chosen is None else chosen
        blocks = [every[at : at + size] for at in range(0, every.size, size)]
        yield from zip(blocks, in_flight(self._drawn, blocks), strict=True)

    def table(self, levels: Levels = LEVELS) -> pl.DataFrame:
        """Mean and central intervals of each series and step.

        Args:
            levels: of the intervals, in per cent; one number or several.

        Returns:
            `unique_id`, the key columns where there are several, `ds`, `mean`, and for each level
            `lo-90` and `hi-90`; one row a series and step. On a closed day all of them are 0.

        Raises:
            ConfigError: a level that is not between 1 and 100.
        """
        return pl.concat(list(self.tables(levels)))

    def tables(self, levels: Levels = LEVELS) -> Iterator[pl.DataFrame]:
        """`table` in pieces: some series after the others, as they are drawn.

        Raises:
            ConfigError: a level that is not between 0 and 100.
        """
        levels = per_cents(levels, "table")
        ends = [end for pair in ends_of(levels) for end in pair]
        sides = [f"{side}-{level:g}" for level in levels for side in ("lo", "hi")]
        ids, times = self._ids(), self.future.grid.times(self.future.steps)
        for block, drawn in self.draws():
            found = quantiles_of(drawn.values, ends, is_count=self.is_count)
            head = ids[np.repeat(block, self.horizon)].with_columns(
                pl.concat([times] * block.size).alias("ds"), mean=drawn.mean.T.ravel()
            )
            read = zip(sides, found, strict=True)
            yield head.with_columns(pl.Series(name, each.T.ravel()) for name, each in read)

    def write(self, path: str | Path, levels: Levels = LEVELS) -> None:
        """Write `table` to a file, a block of series after the other, whole or not at all.

        Memory does not grow with the number of series.

        Args:
            path: ends in `.parquet` or `.csv`; a file that is there is replaced.
            levels: of the intervals, in per cent.

        Raises:
            ConfigError: another ending, or a level that is not between 0 and 100.
            DataError: it cannot be written.
        """
        write_tables(self.tables(levels), Path(path))

    def means(self) -> Floats:
        """Expected values, (steps, series)."""
        return self._read([])[0]

    def quantiles(self, levels: Levels) -> Floats:
        """Quantiles of each series and step, (levels, steps, series).

        Args:
            levels: between 0 and 1; one number or several.

        Raises:
            ConfigError: a level that is not between 0 and 1.
        """
        return self._read(fractions(levels, "quantiles"))[1]

    def _read(self, levels: Sequence[float]) -> tuple[Floats, Floats]:
        means = np.empty((self.horizon, self.series))
        found = np.empty((len(levels), self.horizon, self.series))
        for block, drawn in self.draws():
            means[:, block] = drawn.mean
            found[:, :, block] = quantiles_of(drawn.values, levels, is_count=self.is_count)
        return means, found

    def together(self) -> "Forecast":
        """The same futures of each series, put together so that series go up and down as one.

        Whatever all series share from day to day, such as the weather, is learnt from the last 120
        steps. Each series' own law stays; only sums over series are changed by it.
        """
        return self if self.share is not None else replace(self, share=self.learn_share())

    def observed(self, stock: str | float | None = None) -> "Forecast":
        """Sales under a limit in place of demand: each path cut at what can be sold.

        Args:
            stock: a column of `future`, or one number; by default the column that the family names
                as its limit above. Days without a limit are left as they are.

        Raises:
            ConfigError: no limit is named, or it is not known ahead.
            DataError: there is no such column, or no limit in it.
        """
        named = stock if stock is not None else getattr(self.recipe.family, "above", None)
        if isinstance(named, str):
            limit = self.future.read(named)
            if np.isnan(limit).all():
                raise DataError(
                    f"{self.future.source}: `{named}` is missing in every row of the next steps, "
                    "so nothing limits what is sold. Fill it in, or read demand itself."
                )
        elif isinstance(named, int | float) and not isinstance(named, bool) and named >= 0:
            limit = np.full((self.horizon, self.series), float(named))
        else:
            raise ConfigError(
                f"observed: the limit is {named!r}, must be a column of `future` or a number of 0 "
                "or more."
            )
        return replace(self, limit=np.where(np.isnan(limit), np.inf, limit))

    def sums(
        self,
        by: str | Sequence[str] = (),
        *,
        levels: Levels = LEVELS,
        each_step: bool = False,
    ) -> pl.DataFrame:
        """Sums over series and steps, with intervals: they are sums of the same paths.

        Args:
            by: key columns whose values are kept apart; none for the total.
            levels: of the intervals, in per cent; one number or several.
            each_step: whether steps are kept apart too.

        Returns:
            The columns of `by`, `ds` where steps are kept apart, `mean`, `lo-90`, `hi-90`, ...

        Raises:
            ConfigError: no such key, or a level that is not between 1 and 100.
        """
        levels = per_cents(levels, "sums")
        place, heads = self._groups(by)
        count, steps = max(heads.height, 1), self.horizon if each_step else 1
        size = max(1, CELLS // (steps * self.paths))
        whole, blocks = self.together(), range(0, count, size)
        read = [
            whole._summed(place, np.arange(at, min(at + size, count)), steps, levels)
            for at in blocks
        ]
        mean, *ends = (np.concatenate(each).ravel() for each in zip(*read, strict=True))
        found = {"mean": mean}
        for k, level in enumerate(levels):
            found[f"lo-{level:g}"], found[f"hi-{level:g}"] = ends[2 * k], ends[2 * k + 1]
        parts = [pl.DataFrame(found)]
        if each_step:
            times = self.future.grid.times(self.future.steps)
            parts.insert(0, pl.concat([times] * count).alias("ds").to_frame())
        if heads.height:
            parts.insert(0, heads[np.repeat(np.arange(heads.height), steps)])
        return pl.concat(parts, how="horizontal")

    def _summed(
        self, place: Whole, groups: Whole, steps: int, levels: Sequence[float]
    ) -> list[Floats]:
        """Means, then both ends of each interval, of some groups that follow one another.

        Args:
            place: the group of each series.
            groups: numbers of those that are asked for.
            steps: 1 for the sum over all steps, else how many there are.
            levels: of the intervals, in per cent.

        Returns:
            (groups, steps) each.
        """
        total = np.zeros((groups.size, steps, self.paths))
        mean = np.zeros(total.shape[:2])
        for block, drawn in self.draws(np.flatnonzero(np.isin(place, groups))):
            values = drawn.values if steps > 1 else drawn.values.sum(axis=0, keepdims=True)
            own = drawn.mean if steps > 1 else drawn.mean.sum(axis=0, keepdims=True)
            np.add.at(total, place[block] - groups[0], values.swapaxes(0, 1))
            np.add.at(mean, place[block] - groups[0], own.T)
        asked = [end for pair in ends_of(levels) for end in pair]
        return [mean, *quantiles_of(total, asked, is_count=self.is_count)]

    def _groups(self, by: str | Sequence[str]) -> tuple[Whole, pl.DataFrame]:
        """The group of each series, and the keys of the groups."""
        names, keys = ([by] if isinstance(by, str) else list(by)), self.future.keys
        for name in names:
            if name not in keys.columns:
                raise ConfigError(f"sums: no key `{name}`. {nearest(name, keys.columns)}")
        if not names:
            return np.zeros(self.series, int), pl.DataFrame()
        heads = keys.select(names).unique().sort(names)
        numbered = heads.with_row_index("__group")
        joined = keys.join(numbered, on=names, how="left", maintain_order="left")
        return joined["__group"].to_numpy().astype(int), heads

    def order(
        self,
        *,
        service_level: float | None = None,
        under: float | None = None,
        over: float | None = None,
        lead: int | None = None,
        on_hand: str | float = 0.0,
    ) -> pl.DataFrame:
        """How much to have on the shelf for the next steps, for a service level or for costs.

        Stock that lasts for the sum of the lead time with the chance that is asked for; with costs
        that chance is under / (under + over), which makes their expected sum least.

        Args:
            service_level: chance that nothing runs out, between 0 and 1.
            under: cost of a unit that is missing, above 0.
            over: cost of a unit that is left, above 0.
            lead: steps until the next order comes; by default all that are forecast.
            on_hand: what is there already, 0 or more: one number, or a column of `future` read at
                its first step.

        Returns:
            `unique_id`, the key columns where there are several, `need` (stock that is wanted),
            `order` (what of it is not on hand), `mean` of the sum, `missing` (units expected to be
            short of the order and what is on hand) and `left` (units of them expected to be left);
            whole units for counts.

        Raises:
            ConfigError: neither or both of a service level and costs, numbers that cannot be, too
                few paths for so high a level, or a forecast of sales in place of demand.
            DataError: what is on hand is missing or below 0 for a series.

        Source: Arrow, Harris & Marschak (1951), Optimal inventory policy, for the critical ratio.
        """
        if self.limit is not None:
            raise ConfigError(
                "order: these are sales under a limit, and an order for them would run out of what "
                "was wanted beyond it. Ask the forecast of demand: `forecast.order(...)` without "
                "`observed`."
            )
        level = critical_level(service_level, under, over, self.paths)
        steps = self.horizon if lead is None else lead
        if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= self.horizon:
            raise ConfigError(
                f"order: `lead` is {lead!r}, must be a whole number from 1 to {self.horizon}, the "
                "steps that are forecast."
            )
        there = self._on_hand(on_hand)
        need, order, mean, missing, left = np.zeros((5, self.series))
        for block, drawn in self.draws():
            demand = drawn.values[:steps].sum(axis=0)
            own = quantiles_of(demand, [level], is_count=self.is_count)[0]
            need[block], mean[block] = own, drawn.mean[:steps].sum(axis=0)
            lacks = np.maximum(own - there[block], 0)
            order[block] = np.ceil(lacks) if self.is_count else lacks
            shelf = (there[block] + order[block])[:, None]
            missing[block] = np.maximum(demand - shelf, 0).mean(axis=1)
            left[block] = np.maximum(shelf - demand, 0).mean(axis=1)
        found = {"need": need, "order": order, "mean": mean, "missing": missing, "left": left}
        if self.is_count:
            found |= {name: found[name].astype(np.int64) for name in ("need", "order")}
        return pl.concat([self._ids(), pl.DataFrame(found)], how="horizontal")

    def _on_hand(self, given: str | float) -> Floats:
        """What is there already, (series,).

        Raises:
            ConfigError: a number that cannot be.
            DataError: a column that is missing or below 0 for a series.
        """
        if isinstance(given, str):
            there = self.future.read(given)[0]
            for k in np.flatnonzero(~(np.isfinite(there) & (there >= 0)))[:1]:
                found = "missing" if np.isnan(there[k]) else f"{there[k]:g}"
                raise DataError(
                    f"{self.future.source}: `{given}` at the first step of {self.future.names[k]} "
                    f"is {found}, must be what is on hand: 0 or more."
                )
            return there
        is_number = isinstance(given, int | float) and not isinstance(given, bool)
        if not is_number or not 0 <= given < np.inf:
            raise ConfigError(
                f"order: `on_hand` is {given!r}, must be a number of 0 or more, or a column of "
                "`future`."
            )
        return np.full(self.series, float(given))

    def _ids(self) -> pl.DataFrame:
        keys = self.future.keys
        table = pl.DataFrame({"unique_id": unique_ids(keys)}, schema={"unique_id": pl.String})
        return pl.concat([table, keys], how="horizontal") if keys.width > 1 else table

    @property
    def is_count(self) -> bool:
        """Whether values are whole numbers."""
        return self.recipe.family.underlying.support.whole

    def log_scores(self, y: Floats, hidden: Flags) -> Floats:
        """Minus the log density or mass of what came, or of the limit being reached.

        Of the mixture of the laws that the paths arrive at, so that no value is impossible.

        Args:
            y: values, or the limits that hid them, (steps, series).
            hidden: whether a value is known only to be `y` or more, likewise.
        """
        found = np.empty((self.horizon, self.series))
        rule = self.machine.rule

        def told(at: int, block: Whole, eta: Floats, extra: Extra) -> None:
            others = tuple(jnp.asarray(each) for each in extra)
            seen = jnp.asarray(y[at, block])[:, None]
            exact = np.asarray(rule.log_prob(jnp.asarray(eta), others, seen))
            above = np.asarray(rule.reach(jnp.asarray(eta), others, seen)[0])
            each = np.where(hidden[at, block][:, None], above, exact)
            found[at, block] = np.log(self.paths) - logsumexp(each, axis=1)

        self.along(told)
        return found

    def along(self, told: Callable[[int, Whole, Floats, Extra], None]) -> None:
        """Tell the family's parameters before their links along all paths.

        Args:
            told: is given a step, numbers of series, the driven parameter at that step, and the
                others, each (series, paths).
        """
        size = max(1, CELLS // (self.horizon * self.paths))
        for first in range(0, self.series, size):
            block = np.arange(first, min(first + size, self.series))
            self._drawn(block, lambda at, eta, extra, block=block: told(at, block, eta, extra))

    def _begun(self, block: Whole) -> Begun:
        """What each path of some series begins with: one of the parameters drawn for its series.

        A new series has parameters like those that all, and its groups, have in common.
        """
        place = self.future.place[block]
        new = np.flatnonzero(place < 0)
        names = [self.future.names[k] for k in block]
        theta = self.fits.drawn.theta[:, place]
        known = self.common.groups.offsets(self.future.pools, block[new])
        theta[:, new] = self.common.drawn([names[k] for k in new], *known)
        pick, rows = picked(names, self.paths, self.seed), np.arange(block.size)[:, None]
        state = (
            jnp.where((place < 0)[:, None], 0.0, each[..., place, :])[..., rows, pick]
            for each in self.fits.drawn.state
        )
        return Begun(self.machine.layout.read(jnp.asarray(theta[:, rows, pick])), State(*state))

    def _drawn(
        self,
        block: Whole,
        watch: Callable[[int, Floats, Extra], None] = lambda step, eta, extra: None,
    ) -> Paths:
        future, seasons = self.future, self.recipe.seasons
        shape = (self.horizon, block.size)
        offset, is_open = (
            each[:, block] if each.size > 1 else np.broadcast_to(each, shape)
            for each in (future.offset, future.is_open)
        )
        basis, push = seasons.basis(future.steps), seasons.pushes(future.steps)
        features = future.features[:, :, block]
        keys, share = [future.names[k] for k in block], self.share or 0.0
        drawn = sample_paths(
            self.machine.rule,
            chance_of(self.recipe.family, self.recipe.driven),
            self.machine.scaling,
            self._begun(block),
            Ahead(offset, features, basis, push, is_open),
            keys=keys,
            paths=self.paths,
            seed=self.seed,
            watch=watch,
            arranged=lambda noise: put_together(noise, share, keys, self.seed) if share else noise,
        )
        return drawn if self.limit is None else cut(drawn, self.limit[:, block])


def cut(drawn: Paths, limit: Floats) -> Paths:
    """Futures cut at a limit, (steps, series); where there is none their exact mean stays."""
    values = np.minimum(drawn.values, limit[:, :, None])
    return Paths(values, np.where(np.isinf(limit), drawn.mean, values.mean(axis=2)))


def critical_level(
    service_level: float | None, under: float | None, over: float | None, paths: int
) -> float:
    """The quantile that an order aims at.

    Raises:
        ConfigError: neither or both of a service level and costs, numbers that cannot be, or too
            few paths for so high a level.
    """
    costs = (under, over)
    if (service_level is None) == (costs == (None, None)):
        raise ConfigError(
            f"order: service_level is {service_level!r}, under {under!r}, over {over!r}. Give "
            "either `service_level=0.95`, or both costs: `under=3, over=1`."
        )
    if service_level is None:
        if not all(isinstance(cost, int | float) and 0 < cost < np.inf for cost in costs):
            raise ConfigError(
                f"order: under is {under!r} and over {over!r}, both must be costs above 0."
            )
        service_level = under / (under + over)  # pyright: ignore[reportOptionalOperand, reportOperatorIssue]
    service_level = fractions(service_level, "order: service_level")[0]
    if (1 - service_level) * paths < BEYOND:
        raise ConfigError(
            f"order: {paths} paths hold too few beyond the level {service_level:g}. Draw "
            f"{int(np.ceil(BEYOND / (1 - service_level))):,} or more: `forecast(..., paths=...)`."
        )
    return float(service_level)


def quantiles_of(values: Floats, levels: Sequence[float], *, is_count: bool) -> Floats:
    """Quantiles over the last axis, levels first; of counts always a value that was drawn."""
    method = "inverted_cdf" if is_count else "linear"
    ordered = np.sort(values, axis=-1)
    count = values.shape[-1]
    if not is_count:
        return np.quantile(ordered, levels, axis=-1, method=method)
    at = [min(count - 1, max(0, int(np.ceil(level * count - 1e-9)) - 1)) for level in levels]
    return np.moveaxis(ordered[..., at], -1, 0)
