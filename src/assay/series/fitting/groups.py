"""What groups of series have in common beside their levels' common mean."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.series.fitting.crossed import Crossed, Errors, learn_crossed
from assay.series.kinds import Flags, Floats, Whole

EFFECTS = {
    "column": pl.String,
    "value": pl.String,
    "effect": pl.Float64,
    "sd": pl.Float64,
    "series": pl.Int64,
}
SPREADS = {"column": pl.String, "sd": pl.Float64}


@dataclass(frozen=True, eq=False)
class Groups:
    """Effects of groups on the levels of their series.

    Fields:
        effects: column, value, effect (on the level, before the link, beside the column's mean),
            sd (how far it is known) and series (how many tell of it), one row a value.
        spreads: column, and sd of its effects over values, one row a column.
        mean: of all levels, where each group has the mean effect of its column.
        own_sd: over series, of what no group explains.
        errors: how the mean and all effects err together.
    """

    effects: pl.DataFrame
    spreads: pl.DataFrame
    mean: float
    own_sd: float
    errors: Errors

    @property
    def columns(self) -> list[str]:
        """Whose values are groups with effects."""
        return self.spreads["column"].to_list()

    def offsets(self, pools: pl.DataFrame, chosen: Whole) -> tuple[Floats, Floats]:
        """What their groups add to the levels of some series, and how far that is known.

        A group that no fit has seen adds nothing, and is known as far as the spread of its column
        over values.

        Args:
            pools: groups of each series, as text.
            chosen: numbers of those that are asked for.

        Returns:
            Means and standard deviations, (chosen,).
        """
        offset = np.zeros(chosen.size)
        if not self.columns:
            return offset, offset
        codes = []
        for column in self.columns:
            own = self.effects.filter(pl.col("column") == column)
            codes.append(_codes(pools[column][chosen], own["value"]))
            offset += np.append(own["effect"].to_numpy(), 0.0)[codes[-1]]
        variance = self.errors.of(codes, self.spreads["sd"].to_numpy() ** 2)
        return offset, np.sqrt(variance.clip(0.0))

    def arrays(self) -> dict[str, np.ndarray]:
        """What there is to keep, as arrays."""
        kept = {"levels": np.array([self.mean, self.own_sd])}
        for name, table in (("effects", self.effects), ("spreads", self.spreads)):
            for each in table:
                is_text = each.dtype == pl.String
                own = np.array(each.to_list(), dtype=str) if is_text else each.to_numpy()
                kept[f"{name} {each.name}"] = own
        return kept | {f"errors {name}": own for name, own in self.errors._asdict().items()}

    @classmethod
    def of(cls, kept: Mapping[str, np.ndarray]) -> "Groups":
        """Back from what `arrays` gave."""
        effects = {name: kept[f"effects {name}"].tolist() for name in EFFECTS}
        spreads = {name: kept[f"spreads {name}"].tolist() for name in SPREADS}
        mean, own_sd = kept["levels"].tolist()
        return cls(
            pl.DataFrame(effects, EFFECTS),
            pl.DataFrame(spreads, SPREADS),
            mean,
            own_sd,
            Errors(*(kept[f"errors {name}"] for name in Errors._fields)),
        )


NOTHING = np.zeros(0)
NO_GROUPS = Groups(
    pl.DataFrame(schema=EFFECTS),
    pl.DataFrame(schema=SPREADS),
    0.0,
    0.0,
    Errors(NOTHING, NOTHING, NOTHING, NOTHING.astype(np.int64)),
)


def learn_groups(pools: pl.DataFrame, levels: Floats, told: Floats) -> Groups:
    """Effects of groups, from levels of their series.

    A column says something where it has at least two values, and a value for more than one series.
    Series whose group is not known are left out.

    Args:
        pools: groups of each series, as text.
        levels: of each series, as it was estimated from its rows alone.
        told: information of each, one over its variance; 0 where there is none.
    """
    known = told > 0
    for column in pools:
        known = known & column.is_not_null().to_numpy()
    columns = [name for name in pools.columns if _says(pools[name], known)]
    if not columns:
        return NO_GROUPS
    values = [pools[name].drop_nulls().unique().sort() for name in columns]
    # Series whose group is not known tell nothing, of whatever group.
    codes = [_codes(pools[name], own).clip(0) for name, own in zip(columns, values, strict=True)]
    found = learn_crossed(levels, np.where(known, told, 0.0), codes)
    return _tables(found, columns, values, [code[known] for code in codes])


def _says(column: pl.Series, known: Flags) -> bool:
    """Whether a column has several values, and not one for each series."""
    seen = column.filter(pl.Series(known))
    return 1 < seen.n_unique() < len(seen)


def _codes(column: pl.Series, values: pl.Series) -> Whole:
    """The number of each value; -1 where it is none of them, or not known."""
    places = pl.DataFrame({"value": values}).with_row_index("__place")
    held = pl.DataFrame({"value": column})
    found = held.join(places, on="value", how="left", maintain_order="left")["__place"]
    return found.cast(pl.Int64).fill_null(-1).to_numpy()


def _tables(
    found: Crossed, columns: list[str], values: list[pl.Series], codes: list[Whole]
) -> Groups:
    """What was found, by the names of columns and values; `codes` of series that tell of it."""
    parts = [
        pl.DataFrame(
            {
                "column": [name] * len(own),
                "value": own,
                "effect": found.effects[k],
                "sd": found.effect_sds[k],
                "series": np.bincount(codes[k], minlength=len(own)),
            },
            schema_overrides=EFFECTS,
        )
        for k, (name, own) in enumerate(zip(columns, values, strict=True))
    ]
    spreads = pl.DataFrame({"column": columns, "sd": found.spreads}, SPREADS)
    return Groups(pl.concat(parts), spreads, found.mean, found.own_sd, found.errors)
