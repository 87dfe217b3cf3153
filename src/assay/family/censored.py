"""Targets hidden beyond a limit or within an interval, such as demand above stock."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from assay.errors import ConfigError, DataError
from assay.family.abstract import (
    UPPER_END,
    AbstractDistribution,
    AbstractFamily,
    Columns,
    Known,
    Parameter,
    Part,
)
from assay.family.limit import Limit, check_limit, check_order, named, named_limit
from assay.family.seen import CensoredDistribution
from assay.family.support import Support
from assay.family.wrapping import check_family
from assay.frame.rows import at_row

__all__ = ["Censored", "CensoredDistribution"]


def _refuse_flags(name: Limit, limits: np.ndarray, y: np.ndarray) -> None:
    """Refuse zeros and ones that are meant to be flags: read as limits they hide the wrong rows."""
    if not isinstance(name, str) or not np.isin(limits[:64], (0, 1)).all():
        return
    if set(np.unique(limits)) == {0.0, 1.0} and not np.isin(y, limits).any():
        raise DataError(
            f"Censored: column `{name}` holds 0 and 1 only, and is read as a limit of 0 or 1, but "
            "no target is either. If 1 means that a row is hidden, make the column true and false: "
            f'`table.with_columns(pl.col("{name}").cast(bool))`.'
        )


class _Rows(NamedTuple):
    """What each row says of its target besides the recorded value.

    Fields:
        most: upper limit, inf where there is none; a flag makes the value its own limit.
        least: lower limit likewise.
        low: lower end of an interval, -inf where it is open.
        high: upper end, inf where it is open.
        within: whether the row has an interval.
    """

    most: np.ndarray
    least: np.ndarray
    low: np.ndarray
    high: np.ndarray
    within: np.ndarray


@dataclass(frozen=True)
class Censored(AbstractFamily):
    """Any family whose target is hidden at or beyond a limit, or within an interval.

    A limit is a number for all rows or a numeric column: the target is known only to be at least
    (`above`) or at most (`below`) the limit where it reached it. A boolean column is a flag: where
    it is true the recorded target is itself only a bound. `between` names two columns: where both
    hold a number, the lower one first, the target is known only to lie between them; where one
    does, to be at least or at most that; where both agree or none does, the target is known. All
    of these may stand in one table. `flag` stands beside a limit `above`: a row is hidden where
    either says so, and one that the flag alone hides is at least its recorded value.

    Fields:
        base: the family of the target that nobody hid.
        above: an upper limit, a column of such limits or of flags, or None.
        below: a lower limit likewise.
        between: columns with the lower and the upper end of an interval, or None.
        flag: a column of true and false, or 1 and 0, beside the limits of `above`, or None.
    """

    base: AbstractFamily
    above: Limit = None
    below: Limit = None
    between: tuple[str, str] | None = None
    flag: str | None = None

    name: ClassVar[str] = "censored"
    is_wrapper: ClassVar[bool] = True

    def __post_init__(self) -> None:
        base = check_family("Censored", self.base)
        where = f"Censored({base.name})"
        self._check_flag(where)
        if self.above is None and self.below is None and self.between is None:
            raise ConfigError(
                f"{where}: names no column of limits or flags. "
                'Write `above="stock"`, `below="detection_limit"`, `below=0` or '
                '`between=("from", "to")`.'
            )
        if isinstance(base, Censored):
            raise ConfigError(
                "Censored: the family is censored already. Name both limits at once: "
                '`Censored(Normal(), above="most", below="least")`.'
            )
        check_limit(where, "above", self.above)
        check_limit(where, "below", self.below)
        check_order(where, self.below, self.above)
        if self.between is not None:
            # A recipe may hold a list, which could not be hashed.
            object.__setattr__(self, "between", _pair(where, self.between))

    def _check_flag(self, where: str) -> None:
        """Refuse a flag that is no column, or has no limit beside it."""
        if self.flag is None:
            return
        if not isinstance(self.flag, str) or not self.flag or self.flag in named(self.above):
            raise ConfigError(
                f"{where}: `flag` is {self.flag!r}, must be the name of a column of its own beside "
                'the limits: `above="stock", flag="sold_out"`.'
            )
        if self.above is None:
            raise ConfigError(
                f"{where}: `flag` is {self.flag!r} and `above` is None. A flag alone is named as "
                f"`above={self.flag!r}`; `flag` stands beside limits."
            )

    @property
    def parameters(self) -> tuple[Parameter, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The parameters of the base family."""
        return self.base.parameters

    @property
    def support(self) -> Support:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What of the base's support lies within limits that are numbers, limits included."""
        inside = self.base.support
        below, above = self.below, self.above
        if isinstance(below, int | float) and below >= inside.lower:
            inside = replace(
                inside, name=f"{inside.name}, from {below:g}", lower=float(below), open_below=False
            )
        if isinstance(above, int | float) and above <= inside.upper:
            inside = replace(
                inside, name=f"{inside.name}, up to {above:g}", upper=float(above), open_above=False
            )
        return inside

    @property
    def underlying(self) -> AbstractFamily:
        return self.base.underlying

    @classmethod
    def examples(cls) -> tuple[AbstractFamily, ...]:
        from assay.family.normal import Normal
        from assay.family.poisson import Poisson
        from assay.family.rounded import Rounded
        from assay.family.truncated import Truncated
        from assay.family.weibull import Weibull
        from assay.family.zero_inflated import ZeroInflated

        return (
            cls(Normal(), below=0.0),
            cls(Poisson(), above=6),
            cls(Weibull(), above=4.0, below=0.5),
            cls(Truncated(Weibull(), below=0.5), above=3.0),
            cls(ZeroInflated(Weibull()), above=3.0),
            cls(Rounded(Normal(), grid=0.5), above=2.0),
        )

    def needs(self) -> tuple[str, ...]:
        own = (*named(self.above, self.flag, self.below), *(self.between or ()))
        return tuple(dict.fromkeys((*self.base.needs(), *own)))

    def bind(self, parameters: Mapping[str, Array], columns: Columns) -> CensoredDistribution:
        return self._around(self.base.bind(parameters, columns), columns)

    def from_linked(self, linked: Mapping[str, Array], columns: Columns) -> CensoredDistribution:
        return self._around(self.base.from_linked(linked, columns), columns)

    def start(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
        inside = self.base.support.contains(y)
        if not inside.any() or inside.all():
            return self.base.start(y, columns)
        return self.base.start(y[inside], {name: each[inside] for name, each in columns.items()})

    def recorded(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Missing targets as the middle of their interval, or its one end."""
        if self.between is None:
            return y
        low, high, within = _interval(self.between, columns)
        middle = low + (high - low) / 2
        middle = np.floor(middle) if self.support.whole else middle
        known = np.isfinite(columns[self.between[0]]) & (low == high)
        found = np.where(np.isfinite(low) & np.isfinite(high), middle, np.fmin(low, np.inf))
        found = np.where(np.isinf(low), high, found)
        missing = np.isnan(y) & (within | known)
        filled = np.where(missing, found, y)
        return _onto_support(filled, missing, self.base.support)

    def remarks(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[str, ...]:
        within = False if self.between is None else _interval(self.between, columns)[2]
        said = []
        for limit, side in ((self.above, "above"), (self.below, "below")):
            # A flag makes the value its own limit, and a number is the end of the support.
            if not isinstance(limit, str) or columns[limit].dtype == bool:
                continue
            beyond = y > columns[limit] if side == "above" else y < columns[limit]
            if count := int(np.sum(beyond & ~np.asarray(within))):
                said.append(
                    f"rows whose value lies {side} its own limit `{limit}` and counts as hidden "
                    f"at it: {count}"
                )
        apart = self.disagree(y, columns)
        said += [f"{text}: {rows.size} (first: {at_row(rows[0])})" for text, rows in apart.items()]
        return tuple(said)

    def disagree(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Rows where flag and limit do not say the same, by what is to be said of them.

        Either hides a row; a missing flag or limit says nothing.
        """
        if self.flag is None:
            return {}
        limit = _limits(self.above, columns, y, absent=np.inf)
        flag = np.asarray(columns[self.flag], dtype=float)
        above = named_limit("above", self.above)
        found = {
            f"rows that `{self.flag}` hides below their own limit {above}": (
                (flag == 1) & np.isfinite(limit) & (y < limit)
            ),
            f"rows at their limit {above} though `{self.flag}` says no": (flag == 0) & (y >= limit),
        }
        return {text: np.flatnonzero(wrong) for text, wrong in found.items() if wrong.any()}

    def parts(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> tuple[Part, ...]:
        rows = self._rows(y, columns)
        self._check(y, rows)
        reached, sunk = ~rows.within & (y >= rows.most), ~rows.within & (y <= rows.least)
        seen = ~(reached | sunk | rows.within)
        groups = [
            (seen, Known.VALUE, y),
            (reached, Known.AT_LEAST, rows.most),
            (sunk, Known.AT_MOST, rows.least),
        ]
        if self.between is not None:
            open_above, open_below = np.isinf(rows.high), np.isinf(rows.low)
            groups += [
                (rows.within & open_above, Known.AT_LEAST, rows.low),
                (rows.within & open_below, Known.AT_MOST, rows.high),
                (rows.within & ~open_above & ~open_below, Known.BETWEEN, rows.low),
            ]
        self._check_base(y, columns, seen)
        merged: dict[Known, tuple[np.ndarray, np.ndarray]] = {}
        for which, known, value in groups:
            if not which.any():
                continue
            if known in merged:
                mask, values = merged[known]
                merged[known] = mask | which, np.where(which, value, values)
            else:
                merged[known] = which, value
        return tuple(
            self._part(np.flatnonzero(mask), known, values, rows.high, columns)
            for known, (mask, values) in merged.items()
        )

    def _part(
        self,
        rows: np.ndarray,
        known: Known,
        values: np.ndarray,
        high: np.ndarray,
        columns: Mapping[str, np.ndarray],
    ) -> Part:
        kept = {name: columns[name][rows] for name in self.base.needs()}
        end = {UPPER_END: high[rows]} if known is Known.BETWEEN else {}
        return Part(rows, self.base, known, values[rows], kept | end)

    def _check_base(
        self, y: np.ndarray, columns: Mapping[str, np.ndarray], seen: np.ndarray
    ) -> None:
        """Let the base look at the rows that are seen; a hidden one repeats the first of them."""
        if seen.any():
            first = np.argmax(seen)
            needed = {name: columns[name] for name in self.base.needs()}
            self.base.parts(
                np.where(seen, y, y[first]),
                {name: np.where(seen, each, each[first]) for name, each in needed.items()},
            )

    def _rows(self, y: np.ndarray, columns: Mapping[str, np.ndarray]) -> _Rows:
        most = _limits(self.above, columns, y, absent=np.inf)
        if self.flag is not None:
            raised = self._raised(columns)
            most = np.where(raised, np.fmin(most, y), most)
        least = _limits(self.below, columns, y, absent=-np.inf)
        if self.between is None:
            nothing = np.full(len(y), np.nan)
            return _Rows(most, least, nothing, nothing, np.zeros(len(y), dtype=bool))
        return _Rows(most, least, *_interval(self.between, columns))

    def _raised(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """Rows whose flag beside a limit says that they are hidden.

        Raises:
            DataError: the flag holds other numbers than 0 and 1, or the limit holds flags.
        """
        assert self.flag is not None
        flag = np.asarray(columns[self.flag], dtype=float)
        if isinstance(self.above, str) and np.asarray(columns[self.above]).dtype == bool:
            raise DataError(
                f"Censored: `above` names column `{self.above}`, which holds true and false, but "
                f"beside the flag `{self.flag}` it is the limit: a column of numbers. Swap them, "
                "or leave one out."
            )
        for row in np.flatnonzero(~np.isnan(flag) & (flag != 0) & (flag != 1))[:1]:
            raise DataError(
                f"Censored: flag `{self.flag}` is {flag[row]:g} in {at_row(row)}, must be true or "
                "false, or 1 or 0; empty where nobody knows. A column of limits is named as "
                "`above`."
            )
        return flag == 1

    def _check(self, y: np.ndarray, rows: _Rows) -> None:
        """Refuse limits on the wrong side, and values that cannot be.

        Raises:
            DataError: names the first such row, the columns and the values.
        """
        for name, limits in ((self.above, rows.most), (self.below, rows.least)):
            _refuse_flags(name, limits, y)
        lower, upper = named_limit("below", self.below), named_limit("above", self.above)
        crossed = (rows.most < rows.least) | ((y >= rows.most) & (y <= rows.least))
        for row in np.flatnonzero(crossed & ~rows.within)[:1]:
            raise DataError(
                f"Censored: {at_row(row)} is hidden above {rows.most[row]:g} and below "
                f"{rows.least[row]:g} at once. The lower limit, {lower}, must lie below the upper "
                f"one, {upper}."
            )
        if self.between is not None:
            self._check_intervals(y, rows, *self.between)

    def _check_intervals(self, y: np.ndarray, rows: _Rows, low: str, high: str) -> None:
        ends = f"column `{low}` is {{low:g}} and column `{high}` is {{high:g}}"
        inside = self.base.support
        off = (rows.high < inside.lower) | (rows.low > inside.upper)
        off |= inside.open_below & (rows.high <= inside.lower)
        off |= inside.open_above & (rows.low >= inside.upper)
        wrong = (
            (
                rows.low > rows.high,
                "the lower end must not lie above the upper one. Swap them.",
            ),
            (
                rows.within & off,
                f"but family `{self.base.name}` takes {inside.name}. Correct the row.",
            ),
            (
                (y < rows.low) | (y > rows.high),
                "but the recorded target, {y:g}, lies outside. Correct the row, or leave the "
                "target empty.",
            ),
        )
        for mask, text in wrong:
            for row in np.flatnonzero(mask)[:1]:
                values = {"low": rows.low[row], "high": rows.high[row], "y": y[row]}
                raise DataError(f"Censored: {at_row(row)}: {ends}; {text}".format(**values))

    def _around(self, base: AbstractDistribution, columns: Columns) -> CensoredDistribution:
        above, at_least = _bound(self.above, columns, absent=jnp.inf)
        if self.flag is not None:
            at_least = jnp.asarray(columns[self.flag]) == 1
        below, at_most = _bound(self.below, columns, absent=-jnp.inf)
        between = None if self.between is None else _ends(*(columns[name] for name in self.between))
        return CensoredDistribution(base, above, below, at_least, at_most, between, self.base.atom)


def _pair(where: str, between: object) -> tuple[str, str]:
    """Two different names of columns.

    Raises:
        ConfigError: it is anything else.
    """
    if isinstance(between, list | tuple) and len(between) == 2:
        low, high = between
        if isinstance(low, str) and isinstance(high, str) and low and high and low != high:
            return low, high
    raise ConfigError(
        f"{where}: `between` is {between!r}, must be the names of two columns, the lower end "
        'first: `between=("from", "to")`.'
    )


def _interval(
    between: tuple[str, str], columns: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ends of each row, infinite where one is open, and whether the row has an interval."""
    low, high = (np.asarray(columns[name], dtype=float) for name in between)
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    return low, high, (low != high) & (np.isfinite(low) | np.isfinite(high))


def _ends(low: Array, high: Array) -> tuple[Array, Array]:
    """The same for bound arrays: NaN where there is no interval."""
    low, high = jnp.asarray(low, dtype=float), jnp.asarray(high, dtype=float)
    low, high = jnp.where(jnp.isnan(low), -jnp.inf, low), jnp.where(jnp.isnan(high), jnp.inf, high)
    within = (low != high) & (jnp.isfinite(low) | jnp.isfinite(high))
    return jnp.where(within, low, jnp.nan), jnp.where(within, high, jnp.nan)


def _onto_support(filled: np.ndarray, missing: np.ndarray, support: Support) -> np.ndarray:
    """Stand-ins that the family can take, where an end of an interval itself is none."""
    off = missing & ~support.contains(filled)
    typical = np.sort(filled[support.contains(filled)])
    return np.where(off, typical[len(typical) // 2], filled) if len(typical) else filled


def _bound(limit: Limit, columns: Columns, *, absent: float) -> tuple[Array, Array]:
    """Limit and flag of each row; a column holds one of them."""
    if limit is None:
        return jnp.asarray(absent), jnp.asarray(False)
    if not isinstance(limit, str):
        return jnp.asarray(float(limit)), jnp.asarray(False)
    column = jnp.asarray(columns[limit])
    if column.dtype == bool:
        return jnp.asarray(absent), column
    return jnp.where(jnp.isnan(column), absent, column), jnp.asarray(False)


def _limits(
    limit: Limit, columns: Mapping[str, np.ndarray], y: np.ndarray, *, absent: float
) -> np.ndarray:
    """Limit of each row; a flag makes the recorded value its own limit."""
    if limit is None:
        return np.full(len(y), absent)
    if not isinstance(limit, str):
        return np.full(len(y), float(limit))
    column = np.asarray(columns[limit])
    if column.dtype == bool:
        return np.where(column, y, absent)
    return np.where(np.isnan(column), absent, column)
