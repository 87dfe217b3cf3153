"""Sales that were lost: demand beyond what could be sold, on days that hid it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import polars as pl

from assay.errors import ConfigError, nearest
from assay.family import AbstractDistribution
from assay.series.arrange import Panel
from assay.series.kinds import Floats, Whole
from assay.series.levels import per_cents
from assay.series.past import Past

NODES = 16  # equal parts of each conditional law
DRAWS = 400  # of sums


@dataclass(frozen=True, eq=False, repr=False)
class LostSales:
    """Demand beyond the limit on each day that reached it, given all days before.

    Fields:
        rows: keys, time, `limit`, `mean` of what was lost, one row a hidden day.
        nodes: what was lost at the middles of equal parts of its law, (nodes, rows), with that
            mean.
        level: of intervals, in per cent.
        seed: of the draws of sums.
        by: key columns.
        time: column of time.
        sold: what was sold in all, on all days.
    """

    rows: pl.DataFrame
    nodes: Floats
    level: float
    seed: int
    by: tuple[str, ...]
    time: str
    sold: float

    def __repr__(self) -> str:
        low, high = self._ends(self._drawn(np.zeros(self.rows.height, int), 1))
        total = float(self.rows["mean"].sum())
        share = f", {100 * total / self.sold:.1f} % of what was sold" if self.sold else ""
        return (
            f"lost on {self.rows.height:,} days that were sold out: {total:,.0f} "
            f"({self.level:g} % interval {low[0]:,.0f} to {high[0]:,.0f}){share}"
        )

    def table(self) -> pl.DataFrame:
        """Each hidden day: keys, time, `limit`, `mean`, `low`, `high`."""
        low, high = self._ends(self.nodes.T)
        return self.rows.with_columns(low=pl.Series(low), high=pl.Series(high))

    def sums(self, by: str | Sequence[str] = ()) -> pl.DataFrame:
        """Lost over all days of each group.

        Args:
            by: key columns, the column of time, or several of them; none for the total.

        Returns:
            The columns of `by`, `days` (hidden ones), `mean`, `low`, `high`.

        Raises:
            ConfigError: no such key.
        """
        names = [by] if isinstance(by, str) else list(by)
        for name in names:
            if name not in (*self.by, self.time):
                known = [*self.by, self.time]
                raise ConfigError(f"lost sales: no key `{name}`. {nearest(name, known)}")
        if not self.rows.height:
            empty = self.rows.select(*names, "mean").with_columns(days=pl.lit(0), low=0.0, high=0.0)
            return empty.select(*names, "days", "mean", "low", "high")
        groups = self.rows.select(names).with_row_index("__row") if names else None
        if groups is None:
            place, heads = np.zeros(self.rows.height, int), pl.DataFrame()
        else:
            heads = groups.select(names).unique(maintain_order=True).sort(names)
            numbered = heads.with_row_index("__group")
            joined = groups.join(numbered, on=names, how="left", maintain_order="left")
            place = joined["__group"].to_numpy().astype(int)
        count = max(heads.height, 1)
        low, high = self._ends(self._drawn(place, count))
        found = pl.DataFrame(
            {
                "days": np.bincount(place, minlength=count),
                "mean": np.bincount(place, self.rows["mean"].to_numpy(), count),
                "low": low,
                "high": high,
            }
        )
        return pl.concat([heads, found], how="horizontal") if names else found

    def _drawn(self, place: Whole, count: int) -> Floats:
        """Sums of draws, (groups, draws); days are drawn independently of each other."""
        stream, total = np.random.default_rng([self.seed, 2]), np.zeros((count, DRAWS))
        if self.rows.height:
            for k in range(DRAWS):
                part = stream.integers(0, NODES, self.rows.height)
                drawn = self.nodes[part, np.arange(self.rows.height)]
                total[:, k] = np.bincount(place, drawn, count)
        return total

    def _ends(self, drawn: Floats) -> tuple[Floats, Floats]:
        ends = np.array([0.5 - self.level / 200, 0.5 + self.level / 200])
        low, high = np.quantile(drawn, ends, axis=-1)
        return low, high


def lost_sales(
    past: Past, panel: Panel, by: tuple[str, ...], time: str, *, level: float, seed: int
) -> LostSales:
    """What was lost on each hidden row, by the law that was expected, cut at the limit.

    Args:
        past: what was expected of each row.
        panel: the rows.
        by: key columns.
        time: column of time.
        level: of intervals, in per cent.
        seed: of the draws of sums.

    Raises:
        ConfigError: a level that is not between 1 and 100.
    """
    per_cents(level, "lost sales: level")
    rows = np.flatnonzero(panel.hidden)
    limit = panel.y[rows]
    shares = np.log1p(-(np.arange(NODES) + 0.5) / NODES)
    nodes = np.stack([past.ask(rows, _beyond, limit, share) for share in shares]).clip(0.0)
    mean = past.ask(rows, _excess, limit)
    own = nodes.mean(axis=0) if rows.size else mean
    # Far out the exact mean is a ratio of two numbers that vanish.
    mean = np.where(np.isfinite(mean) & (mean >= 0), mean, own)
    scale = np.where(own > 0, mean / np.where(own > 0, own, 1.0), 1.0)
    series = past.series[rows]
    table = pl.DataFrame({time: panel.grid.times(panel.step[rows]), "limit": limit, "mean": mean})
    whole = panel.keyed(series, table)
    sold = float((panel.y * panel.weight).sum())
    return LostSales(whole, nodes * scale, level, seed, by, time, sold)


@eqx.filter_jit
def _excess(law: AbstractDistribution, limit: Any) -> Any:
    """E(Y - limit | Y >= limit)."""
    return law.excess(limit) / jnp.exp(law.log_reach(limit))


@eqx.filter_jit
def _beyond(law: AbstractDistribution, limit: Any, log_share: Any) -> Any:
    """What lies beyond the limit where so much of the law above it lies higher still."""
    return law.upper_quantile(law.log_reach(limit) + log_share) - limit
