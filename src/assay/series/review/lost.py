"""Sales that were lost: demand beyond what could be sold, on days that hid it.

Asked afterwards, so all rows tell of each day's level, later ones too. What is still open of it is
drawn for all days of a series together, and what all series share for all of them: errors of a
level last from day to day, so that those of a sum do not average out as those of independent days.

Measured where simulation knows the truth (`benchmarks/lost_sales.py`, 36 shops and panels of a
year): 90 % intervals hold .91 of the sums of series and of dates, and .81 of totals: their means
are 1 to 3 % high where a stock-keeper knows the true mean of each day.

Source: Tanner & Wong (1987), The calculation of posterior distributions by data augmentation, for
draws of what was hidden given draws of what drives it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import polars as pl
from scipy.sparse import csr_array

from assay.compute import apart
from assay.compute.progress import tracked
from assay.errors import ConfigError, nearest
from assay.family import AbstractDistribution
from assay.series.future.percent import per_cents
from assay.series.kinds import Floats, Whole
from assay.series.law.rule import AbstractRule
from assay.series.past import Past, pieces
from assay.series.review.above import PARTS, Above, above, beyond, drawn_above
from assay.series.review.reviewed import CHUNK, Errors, Reviewed

DRAWS = 200  # of sums
CELLS = 400_000_000  # rows times draws, beyond which fewer are drawn
LEAST_DRAWS = 100


@dataclass(frozen=True, eq=False, repr=False)
class LostSales:
    """Demand beyond the limit on each day that reached it, given all days.

    Fields:
        rows: keys, time, `limit`, `mean`, `low`, `high` of what was lost, one row a hidden day.
        laws: what was lost, given what drives it.
        errors: draws what is open of that, for so many draws and a seed, in blocks of rows.
        level: of intervals, in per cent.
        seed: of the draws of sums.
        by: key columns.
        time: column of time.
        sold: what was sold in all, on all days.
    """

    rows: pl.DataFrame
    laws: "Laws"
    errors: Callable[[int, int], Iterator[Errors]]
    level: float
    seed: int
    by: tuple[str, ...]
    time: str
    sold: float

    def __repr__(self) -> str:
        return self.said(self.sums())

    def said(self, total: pl.DataFrame) -> str:
        """Their total in words.

        Args:
            total: `sums()`.
        """
        one = total.row(0, named=True) if total.height else {"mean": 0.0, "low": 0.0, "high": 0.0}
        share = f", {100 * one['mean'] / self.sold:.1f} % of what was sold" if self.sold else ""
        return (
            f"lost on {self.rows.height:,} days that were sold out: {one['mean']:,.0f} "
            f"({self.level:g} % interval {one['low']:,.0f} to {one['high']:,.0f}){share}"
        )

    def table(self) -> pl.DataFrame:
        """Each hidden day: keys, time, `limit`, `mean`, `low`, `high`."""
        return self.rows

    def sums(self, by: str | Sequence[str] = ()) -> pl.DataFrame:
        """Lost over all days of each group.

        Args:
            by: key columns, the column of time, or several of them; none for the total.

        Returns:
            The columns of `by`, `days` (hidden ones), `mean`, `low`, `high`.

        Raises:
            ConfigError: no such key.
        """
        return self.sums_of(by)[0]

    def sums_of(self, *groups: str | Sequence[str]) -> list[pl.DataFrame]:
        """`sums` by several columns, each of the same draws, in one pass over them.

        Raises:
            ConfigError: no such key.
        """
        listed = [[by] if isinstance(by, str) else list(by) for by in groups]
        for name in dict.fromkeys(name for names in listed for name in names):
            if name not in (*self.by, self.time):
                known = [*self.by, self.time]
                raise ConfigError(f"lost sales: no key `{name}`. {nearest(name, known)}")
        if not self.rows.height:
            return [self._nothing(names) for names in listed]
        split = [self._split(names) for names in listed]
        ends = self._ends([(place, max(heads.height, 1)) for place, heads in split])
        means = self.rows["mean"].to_numpy()
        found = []
        for (place, heads), (low, high) in zip(split, ends, strict=True):
            days = np.bincount(place, minlength=max(heads.height, 1))
            mean = np.bincount(place, means, days.size)
            table = pl.DataFrame({"days": days, "mean": mean, "low": low, "high": high})
            found.append(pl.concat([heads, table], how="horizontal") if heads.height else table)
        return found

    def _nothing(self, names: list[str]) -> pl.DataFrame:
        empty = self.rows.select(*names, "mean").with_columns(days=pl.lit(0), low=0.0, high=0.0)
        return empty.select(*names, "days", "mean", "low", "high")

    def _split(self, names: list[str]) -> tuple[Whole, pl.DataFrame]:
        """The group of each row, and what groups are called."""
        if not names:
            return np.zeros(self.rows.height, int), pl.DataFrame()
        groups = self.rows.select(names)
        heads = groups.unique(maintain_order=True).sort(names)
        numbered = heads.with_row_index("__group")
        joined = groups.join(numbered, on=names, how="left", maintain_order="left")
        return joined["__group"].to_numpy().astype(int), heads

    def _ends(self, splits: list[tuple[Whole, int]]) -> list[tuple[Floats, Floats]]:
        """Intervals of sums over the rows of each group, for several ways to group them.

        Args:
            splits: the group of each row, and how many groups there are.
        """
        fits = CELLS // max(self.laws.step.size, 1) // CHUNK * CHUNK
        draws = int(np.clip(fits, LEAST_DRAWS, DRAWS))
        alone = [
            count == self.rows.height and (np.bincount(place, minlength=count) == 1).all()
            for place, count in splits
        ]
        totals = [
            np.zeros((0 if is_alone else count, draws), np.float32)
            for (_, count), is_alone in zip(splits, alone, strict=True)
        ]
        for lost, rows in () if all(alone) else self._drawn(draws):
            for (place, _), total, is_alone in zip(splits, totals, alone, strict=True):
                if not is_alone:
                    groups, own = np.unique(place[rows], return_inverse=True)
                    among = csr_array((np.ones(own.size, np.float32), (own, np.arange(own.size))))
                    total[groups] += among @ lost
        ends = [0.5 - self.level / 200, 0.5 + self.level / 200]
        found = []
        for (place, _), total, is_alone in zip(splits, totals, alone, strict=True):
            if is_alone:
                order = np.argsort(place)
                low, high = (self.rows[name].to_numpy()[order] for name in ("low", "high"))
            else:
                # So that a further draw lies between them with just that chance.
                low, high = np.quantile(total, ends, axis=-1, method="weibull").astype(float)
            found.append((low, high))
        return found

    def _drawn(self, draws: int) -> Iterator[tuple[Floats, Whole]]:
        """What was lost on some hidden rows, (rows, draws), and their numbers among the hidden."""
        blocks = self.errors(draws, self.seed)
        for number, errors in enumerate(tracked(blocks, "drawing what was lost")):
            if errors.rows.size:
                lost = self.laws.drawn(errors, np.random.SFC64([self.seed, 2, number]))
                yield lost, self.laws.number[errors.rows]


@dataclass(frozen=True, eq=False)
class Laws:
    """Laws of what was lost on hidden rows.

    Fields:
        number: of each row of the panel among the hidden ones.
        step: of each hidden one.
        table: their laws.
        factor: what makes their means exact.
        gap: what is lost at least, between a limit and the next count.
        sd: of what is open of the driven parameter.
        whole: whether values are whole numbers.
    """

    number: Whole
    step: Whole
    table: Above
    factor: Floats
    gap: Floats
    sd: Floats
    whole: bool

    def drawn(self, errors: Errors, bits: np.random.BitGenerator) -> Floats:
        """What was lost on some rows, (rows, draws)."""
        own = self.number[errors.rows]
        noise = np.random.Generator(bits).standard_exponential(errors.eta.shape, np.float32)
        sd = np.maximum(self.sd[own], 1e-6).astype(np.float32)
        table = Above(*(jnp.asarray(each[..., own], jnp.float32) for each in self.table))
        drawn = drawn_above(
            table,
            jnp.asarray(self.factor[own], jnp.float32),
            jnp.asarray(errors.eta / sd[:, None]),
            jnp.asarray(errors.others),
            jnp.asarray(noise),
            whole=self.whole,
        )
        return np.asarray(drawn) + self.gap[own, None]


def lost_sales(
    past: Past, review: Reviewed, by: tuple[str, ...], time: str, *, level: float, seed: int
) -> LostSales:
    """What was lost on each hidden row, by the law that all rows leave, cut at the limit.

    Args:
        past: the laws of rows.
        review: what all rows tell of each.
        by: key columns.
        time: column of time.
        level: of intervals, in per cent.
        seed: of the draws of sums.

    Raises:
        ConfigError: a level that is not between 1 and 100.
    """
    per_cents(level, "lost sales: level")
    panel, past = review.panel, replace(past, eta=review.eta)
    rows = np.flatnonzero(panel.hidden)
    limit, sd = panel.y[rows], np.sqrt(review.spread[rows])
    whole = review.recipe.family.underlying.support.whole
    # A count that reaches a fraction of one reaches the next.
    gap = np.ceil(limit) - limit if whole else 0.0 * limit
    exact = past.ask(rows, _excess, limit) - gap
    rule = review.machine.rule
    table = apart(lambda: _tables(past, rows, sd, limit + gap, exact, rule, whole))
    # Far out the exact mean is a ratio of two numbers that vanish.
    exact = np.where(np.isfinite(exact) & (exact >= 0), exact, table.own)
    factor = np.where(table.own > 0, exact / np.where(table.own > 0, table.own, 1.0), 1.0)
    ends = -np.log([0.5 + level / 200, 0.5 - level / 200])
    asked = np.broadcast_to(ends, (rows.size, 2))
    low, high = np.asarray(beyond(table.at, table.mixed, asked)).T if rows.size else asked.T
    if whole:
        low, high = (np.ceil(each - 1e-9).clip(1.0) - 1.0 + gap for each in (low, high))
    found = pl.DataFrame(
        {
            time: panel.grid.times(panel.step[rows]),
            "limit": limit,
            "mean": exact * table.more + gap,
            "low": low,
            "high": high,
        }
    )
    told = panel.keyed(past.series[rows], found)
    number = np.zeros(panel.step.size, int)
    number[rows] = np.arange(rows.size)
    laws = Laws(number, panel.step[rows], table, factor, gap, sd, whole)
    sold = float((panel.y * panel.weight).sum())
    return LostSales(told, laws, review.errors, level, seed, by, time, sold)


def _tables(
    past: Past,
    rows: Whole,
    sd: Floats,
    limit: Floats,
    scale: Floats,
    rule: AbstractRule,
    whole: bool,
) -> Above:
    """Laws above limits, in pieces."""
    found = []
    for places, size in pieces(rows.size):
        own = rows[places]
        columns = (past.eta[own], sd[places], limit[places], scale[places])
        extra = tuple(jnp.asarray(each) for each in past.extra(own))
        one = above(*(jnp.asarray(each) for each in columns), extra, rule=rule, whole=whole)
        found.append([np.asarray(each)[..., :size] for each in one])
    if not found:
        wide, none = np.zeros((len(PARTS), 0)), np.zeros(0)
        found.append([wide, wide, wide, none, none, none, none, np.zeros((0, 0))])
    whole_table = (np.concatenate(each, axis=-1) for each in zip(*found, strict=True))
    return Above(*whole_table)  # pyright: ignore[reportArgumentType]


@eqx.filter_jit
def _excess(law: AbstractDistribution, limit: Any) -> Any:
    """E(Y - limit | Y >= limit)."""
    return law.excess(limit) / jnp.exp(law.log_reach(limit))
