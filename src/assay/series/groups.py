"""What groups of series have in common beside their levels' common mean."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.series.crossed import Crossed, learn_crossed
from assay.series.kinds import Flags, Floats, Whole

PASSES = 2  # of levels near what groups say of them
SCHEMA = {
    "column": pl.String,
    "value": pl.String,
    "effect": pl.Float64,
    "sd": pl.Float64,
    "series": pl.Int64,
}
SPREADS = {"column": pl.String, "sd": pl.Float64, "values": pl.Int64}


@dataclass(frozen=True, eq=False)
class Groups:
    """Effects of groups on the levels of their series.

    Fields:
        effects: column, value, effect (on the level, before the link, beside the column's mean),
            sd (how far it is known) and series (how many tell of it), one row a value.
        spreads: column, sd (of effects over values) and values, one row a column.
        mean: of all levels, where each group has the mean effect of its column.
        mean_sd: how far it is known.
    """

    effects: pl.DataFrame
    spreads: pl.DataFrame
    mean: float = 0.0
    mean_sd: float = 0.0

    @property
    def columns(self) -> list[str]:
        """Whose values are groups with effects."""
        return self.spreads["column"].to_list()

    def offsets(self, pools: pl.DataFrame, chosen: Whole) -> tuple[Floats, Floats]:
        """What their groups add to the levels of some series, and how far that is known.

        A group that no fit has seen adds nothing, and is known as far as the spread of its column
        over values. Errors of different columns' effects add up as if they were independent: of
        columns that nest they are not, and the sum is then somewhat less open than is said.

        Args:
            pools: groups of each series, as text.
            chosen: numbers of those that are asked for.

        Returns:
            Means and standard deviations, (chosen,).
        """
        offset, variance = np.zeros((2, chosen.size))
        if self.columns:
            variance += self.mean_sd**2
        for column, spread, count in self.spreads.iter_rows():
            own = self.effects.filter(pl.col("column") == column)
            asked = pools[column][chosen].alias("value").to_frame()
            found = asked.join(own, on="value", how="left", maintain_order="left")
            offset += found["effect"].fill_null(0.0).to_numpy()
            unknown = spread * np.sqrt(1.0 + 1.0 / count)
            variance += found["sd"].fill_null(unknown).to_numpy() ** 2
        return offset, np.sqrt(variance)

    def arrays(self) -> dict[str, np.ndarray]:
        """What there is to keep, as arrays."""
        tables = {"effects": self.effects, "spreads": self.spreads}
        kept = {
            f"{name} {column}": table[column].cast(pl.String).to_numpy().astype(str)
            if dtype == pl.String
            else table[column].to_numpy()
            for name, table in tables.items()
            for column, dtype in table.schema.items()
        }
        return kept | {"mean of levels": np.array([self.mean, self.mean_sd])}

    @classmethod
    def of(cls, kept: Mapping[str, np.ndarray]) -> "Groups":
        """Back from what `arrays` gave."""
        effects = {name: kept[f"effects {name}"].tolist() for name in SCHEMA}
        spreads = {name: kept[f"spreads {name}"].tolist() for name in SPREADS}
        mean, mean_sd = kept["mean of levels"].tolist()
        return cls(pl.DataFrame(effects, SCHEMA), pl.DataFrame(spreads, SPREADS), mean, mean_sd)


NO_GROUPS = Groups(pl.DataFrame(schema=SCHEMA), pl.DataFrame(schema=SPREADS))


def learn_groups(
    pools: pl.DataFrame, near: Floats, told_near: Callable[[Floats], tuple[Floats, Floats]]
) -> Groups:
    """Effects of groups, from what each series tells of its own level.

    A column says something where it has at least two values, and a value for more than one series.
    Series whose group is not known are left out.

    Args:
        pools: groups of each series, as text.
        near: a first guess of each level.
        told_near: levels as each series' rows alone put them, taken linear near some given levels,
            and the information of each; 0 where there is none.

    Source: Breslow & Clayton (1993), Approximate inference in generalized linear mixed models,
        JASA 88, for levels that are taken linear near their own predictions.
    """
    known = np.ones(near.size, bool)
    for column in pools:
        known &= column.is_not_null().to_numpy()
    levels, told = told_near(near)
    told = np.where(known, told, 0.0)
    columns = [name for name in pools.columns if _says(pools[name], told > 0)]
    if not columns:
        return NO_GROUPS
    values = [pools[name].drop_nulls().unique().sort() for name in columns]
    codes = [_codes(pools[name], own) for name, own in zip(columns, values, strict=True)]
    found = learn_crossed(levels, told, codes)
    for _ in range(PASSES - 1):
        levels, told = told_near(_predicted(found, levels, told, codes))
        told = np.where(known, told, 0.0)
        found = learn_crossed(levels, told, codes)
    return _tables(found, columns, values, codes, told > 0)


def _says(column: pl.Series, told: Flags) -> bool:
    """Whether a column has several values, and not one for each series."""
    seen = column.filter(pl.Series(told))
    return 1 < seen.n_unique() < len(seen)


def _codes(column: pl.Series, values: pl.Series) -> Whole:
    """The number of each value; 0 where there is none, whose series tell nothing."""
    places = pl.DataFrame({"value": values}).with_row_index("__place")
    held = pl.DataFrame({"value": column})
    found = held.join(places, on="value", how="left", maintain_order="left")["__place"]
    return found.fill_null(0).cast(pl.Int64).to_numpy()


def _predicted(found: Crossed, levels: Floats, told: Floats, codes: list[Whole]) -> Floats:
    """Levels between what their groups and their own rows say."""
    fitted, own = found.fitted(codes), found.own_sd**2 * told
    return fitted + own / (1.0 + own) * (levels - fitted)


def _tables(
    found: Crossed, columns: list[str], values: list[pl.Series], codes: list[Whole], told: Flags
) -> Groups:
    parts = [
        pl.DataFrame(
            {
                "column": [name] * len(own),
                "value": own,
                "effect": found.effects[k],
                "sd": found.effect_sds[k],
                "series": np.bincount(codes[k][told], minlength=len(own)),
            },
            schema_overrides=SCHEMA,
        )
        for k, (name, own) in enumerate(zip(columns, values, strict=True))
    ]
    sizes = [len(own) for own in values]
    spreads = pl.DataFrame({"column": columns, "sd": found.spreads, "values": sizes}, SPREADS)
    return Groups(pl.concat(parts), spreads, found.mean, found.mean_sd)
