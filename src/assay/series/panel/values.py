"""What rows say: values or the limits that hid them, closures, features."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from assay.errors import ConfigError, DataError
from assay.family import Censored, Known
from assay.frame import Frame
from assay.predictor import Design
from assay.series.kinds import Flags, Floats, Whole
from assay.series.panel.features import learn_features, read_features, spread

if TYPE_CHECKING:
    from assay.series.panel.arrange import Recipe

MANY = 0.1  # share of rows above their limit from which on it is no mistake of single rows


class Values(NamedTuple):
    """Fields of a `Panel` that are read of its rows; they mean the same there."""

    y: Floats
    hidden: Flags
    weight: Floats
    limit: Floats
    closed: Flags
    offset: Floats
    features: Floats
    design: Design | None


class Sayings:
    """Counts rows that are odd, and names the first, in sentences."""

    def __init__(self, rows: Frame, recipe: "Recipe") -> None:
        """Begin with none.

        Args:
            rows: what is spoken of.
            recipe: names the keys and the time.
        """
        self._rows, self._names = rows, (*recipe.by, recipe.time)
        self.notes: list[str] = []

    def add(self, wrong: Flags, text: str) -> None:
        """Say `text` of these rows, if there are any."""
        found = np.flatnonzero(wrong)
        if found.size:
            first = self._rows.table.row(int(found[0]), named=True)
            where = [f"{name}={first[name]!r}" for name in self._names[:-1]]
            where.append(str(first[self._names[-1]]))
            self.notes.append(f"{text}: {found.size:,} (first: {', '.join(where)})")


def values_of(
    rows: Frame, recipe: "Recipe", y: Floats, series: Whole, design: Design | None
) -> tuple[Values, tuple[str, ...]]:
    """What sound rows say, and what a user should know of them.

    Args:
        rows: sorted by series and step.
        recipe: what is fitted to them.
        y: their targets, NaN where one is missing.
        series: number of the series of each.
        design: of the features, if it was learnt before; it is kept.

    Raises:
        DataError: a column that is missing or holds something else, or features of no row.
        ConfigError: the family hides values in a way that a filter cannot follow.
    """
    _refuse_other_sides(recipe)
    said = Sayings(rows, recipe)
    weight, closed = (~np.isnan(y)).astype(float), np.zeros(1, bool)
    if recipe.term.open is not None:
        is_open = open_days(rows, recipe.term.open)
        closed = is_open == 0
        said.add((is_open == 0) & (y > 0), "rows of closed days that sold, yet teach nothing")
        weight *= is_open
    features, offset = np.zeros((y.size, 0)), np.zeros(1)
    if recipe.others is not None:
        if design is None:
            learnt = learn_features(rows, recipe.others, weight > 0)
            design, features, offset, complete = learnt
        else:
            own, columns, complete, _ = read_features(rows, recipe.others, design, series)
            features, offset = spread(columns, complete), spread(own, complete)
        lacking = ~complete & (weight > 0)
        said.add(lacking, "rows that lack a feature and teach nothing")
        weight = weight * complete
    limit = _limits(rows, recipe, y, said)
    value, hidden = _known(rows, recipe, y, np.flatnonzero(weight > 0), limit, said)
    # At least the least that there is: such a row says nothing.
    weight[hidden & (value <= recipe.family.underlying.support.lower)] = 0.0
    found = Values(value, hidden, weight, limit, closed, offset, features, design)
    return found, tuple(said.notes)


def open_days(rows: Frame, name: str) -> Floats:
    """1 where a row says that its day was open or does not say, 0 where it was closed."""
    found = rows.numbers(name)
    return np.where(np.isnan(found), 1.0, found != 0)


def _refuse_other_sides(recipe: "Recipe") -> None:
    """Refuse what a filter cannot follow: limits below, and intervals."""
    for name in ("below", "between"):
        given = getattr(recipe.family, name, None)
        if isinstance(recipe.family, Censored) and given is not None:
            raise ConfigError(
                f"ScoreDriven: `{name}` of Censored is {given!r}, but a filter is moved by values "
                "and by what is known to lie at or above a limit; what is known from the other "
                f"side it cannot take. Leave `{name}` out, or fit a model without ScoreDriven."
            )


def _known(
    rows: Frame, recipe: "Recipe", y: Floats, used: Whole, limit: Floats, said: Sayings
) -> tuple[Floats, Flags]:
    """The value of each row, or the limit that hid it, and whether one did."""
    value, hidden = np.zeros_like(y), np.zeros(y.size, bool)
    own = {name: _column(rows, name)[used] for name in recipe.family.needs()}
    for part in recipe.family.parts(y[used], own) if used.size else ():
        value[used[part.rows]] = part.y
        hidden[used[part.rows]] = part.known is Known.AT_LEAST
    value = np.where(hidden, np.maximum(value, recipe.family.underlying.support.lower), value)
    if not isinstance(recipe.family, Censored) or not isinstance(recipe.family.above, str):
        return value, hidden
    above = recipe.family.above
    if rows.column(above).dtype == pl.Boolean:
        if count := rows.column(above).null_count():
            said.notes.append(f"rows whose `{above}` is missing and count as not hidden: {count:,}")
    else:
        over = np.zeros(y.size, bool)
        least = recipe.family.underlying.support.lower
        empty = limit <= least
        over[used] = (y > limit)[used]
        said.add(over & empty, f"rows that sold while `{above}` was {least:g}, yet teach nothing")
        if over.sum() > MANY * used.size:
            said.notes.append(
                f"`{above}` lies below the value in {int(over.sum()):,} of {used.size:,} rows: a "
                "limit is what was there to sell before the first sale, not what was left"
            )
        over &= ~empty
        text = f"rows above their own `{above}`, which hides them, and count as at least that much"
        said.add(over, text)
    for text, found in recipe.family.disagree(y[used], own).items():
        odd = np.zeros(y.size, bool)
        odd[used[found]] = True
        said.add(odd, text)
    return value, hidden


def _limits(rows: Frame, recipe: "Recipe", y: Floats, said: Sayings) -> Floats:
    """The most that could be seen of each row, where a number says so; a single inf if none does.

    Books hold negative stock after a late correction: of sales it is an empty shelf.
    """
    above = getattr(recipe.family, "above", None)
    if isinstance(above, int | float):
        return np.full(1, float(above))
    if not isinstance(above, str) or rows.column(above).dtype == pl.Boolean:
        return np.full(1, np.inf)
    limit, least = rows.numbers(above), recipe.family.underlying.support.lower
    if np.isnan(limit).all():
        said.notes.append(f"`{above}` is missing in every row, so it hides nothing")
    said.add(limit < least, f"rows whose `{above}` is below {least:g} and count as an empty shelf")
    if set(np.unique(limit[~np.isnan(limit)])) == {0.0, 1.0} and (y > limit).mean() > MANY:
        raise DataError(
            f"{rows.source}: `above` column `{above}` holds only 0 and 1, and the target is larger "
            f"in {int((y > limit).sum()):,} rows: it looks like a flag, and numbers are read as "
            "limits. Make it true or false, in Polars with `pl.col(...) == 1`."
        )
    return np.where(np.isnan(limit), np.inf, np.maximum(limit, least))


def _column(rows: Frame, name: str) -> np.ndarray:
    column = rows.column(name)
    return column.fill_null(False).to_numpy() if column.dtype == pl.Boolean else rows.numbers(name)
