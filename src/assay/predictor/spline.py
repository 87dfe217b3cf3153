"""The spline predictor: a smooth curve or surface whose smoothness the data choose."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from assay.errors import ConfigError, DataError, nearest
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.formula import check_columns
from assay.predictor.margin import Margin, cyclic_margin, natural_margin
from assay.predictor.matrix import Matrix

FEWEST_KNOTS = 4
_DEFAULT_KNOTS = {1: 20, 2: 7, 3: 5}
_LINE_PRIOR_SD = 10.0
_MARGIN = ("knots", "values", "weights", "is_cyclic")


@dataclass(frozen=True)
class PreparedSpline(AbstractPrepared):
    """One spline, or all products of several.

    Fields:
        read: columns of the table.
        margins: the spline of each.
        centre: mean of each product on the fitting rows.
    """

    read: tuple[str, ...]
    margins: tuple[Margin, ...]
    centre: np.ndarray
    has_intercept: bool = True
    is_standardised: bool = True

    @property
    def label(self) -> str:
        """`spline(x, z)`."""
        return f"spline({', '.join(self.read)})"

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`spline(x).1`, `spline(x).2`, ..."""
        return tuple(f"{self.label}.{place + 1}" for place in range(len(self.centre)))

    @property
    def penalties(self) -> tuple[np.ndarray, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Weights along each column; a product has those of its factor."""
        own = [np.concatenate([[0.0], margin.weights]) for margin in self.margins]
        grid = np.meshgrid(*own, indexing="ij")
        return tuple(each.ravel()[1:] for each in grid)

    @property
    def penalty_names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The spline, and the direction where there are several."""
        if len(self.read) == 1:
            return (self.label,)
        return tuple(f"{self.label} along {name}" for name in self.read)

    @property
    def prior_sd(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Weak on what no penalty covers: the straight lines and their products."""
        return np.full(len(self.centre), _LINE_PRIOR_SD)

    def reads(self) -> tuple[str, ...]:
        return self.read

    def columns(self, frame: Frame) -> Matrix:
        check_columns(frame, self.read)
        return self.products([frame.numbers(name) for name in self.read])

    def products(self, values: list[np.ndarray]) -> np.ndarray:
        """All columns at these values, one array for each column of the table."""
        blocks = [
            np.column_stack([np.ones(len(x)), margin.columns(x)])
            for margin, x in zip(self.margins, values, strict=True)
        ]
        product = reduce(_row_products, blocks)[:, 1:]
        return product if len(blocks) == 1 else product - self.centre

    def state(self) -> dict[str, Any]:
        return {
            "read": list(self.read),
            **{name: [getattr(each, name) for each in self.margins] for name in _MARGIN},
            "centre": self.centre,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "PreparedSpline":
        parts = zip(*(state[name] for name in _MARGIN), strict=True)
        margins = tuple(
            Margin(
                np.asarray(knots, dtype=float),
                np.asarray(values, dtype=float),
                np.asarray(weights, dtype=float),
                bool(is_cyclic),
            )
            for knots, values, weights, is_cyclic in parts
        )
        return cls(tuple(state["read"]), margins, np.asarray(state["centre"], dtype=float))


@dataclass(frozen=True, init=False)
class Spline(AbstractPredictor):
    """A smooth curve in one column, or a smooth surface in two or three: ``Spline("price")``.

    How smooth it is follows from the data, by marginal likelihood; a surface has a smoothness of
    its own along each column. A curve without need for wiggles becomes a straight line. Beyond
    the data it runs straight on; a cyclic one repeats itself.

    Fields:
        columns: numeric columns, one to three.
        knots: in each column: more of them allow more wiggles, at more cost, without asking for
            any. Default 20 for a curve, 7 for a surface, 5 for three columns; fewer where a column
            has fewer different values.
        cyclic: whether the ends meet, as for a day of the year; of several columns the names of
            those for which they do.
        period: of the cyclic column, such as 365.25. Default: whole numbers are taken as complete,
            so 1 to 12 has period 12; of other columns least and greatest value are the same point.

    Source: Wood (2017), Generalized Additive Models, 2nd ed., chapter 5; Wood (2006), Low-rank
        scale-invariant tensor product smooths, for several columns.
    """

    columns: tuple[str, ...]
    knots: int | None = None
    cyclic: bool | tuple[str, ...] = False
    period: float | None = None

    def __init__(
        self,
        *columns: str,
        knots: int | None = None,
        cyclic: bool | str | tuple[str, ...] | list[str] = False,
        period: float | None = None,
    ) -> None:
        named = (cyclic,) if isinstance(cyclic, str) else cyclic
        chosen = {
            "columns": columns,
            "knots": knots,
            "cyclic": tuple(named) if isinstance(named, list | tuple) else named,
            "period": period,
        }
        for name, value in chosen.items():
            object.__setattr__(self, name, value)
        self._check()

    def _check(self) -> None:
        where = f"Spline({', '.join(map(repr, self.columns))})"
        if not all(isinstance(name, str) for name in self.columns):
            raise ConfigError(f"{where}: columns are named by text, such as `Spline('price')`.")
        if not 1 <= len(self.columns) <= 3 or len({*self.columns}) < len(self.columns):
            raise ConfigError(
                f"{where}: found {len(self.columns)} columns, one to three different ones are "
                "accepted. Add up several splines for more."
            )
        whole = isinstance(self.knots, int) and not isinstance(self.knots, bool)
        if self.knots is not None and not (whole and self.knots >= FEWEST_KNOTS):
            raise ConfigError(
                f"{where}: `knots` is {self.knots!r}, must be a whole number from {FEWEST_KNOTS}."
            )
        if not isinstance(self.cyclic, bool | tuple):
            raise ConfigError(
                f"{where}: `cyclic` is {self.cyclic!r}, must be true, false or names of columns."
            )
        for name in self.cyclic if isinstance(self.cyclic, tuple) else ():
            if name not in self.columns:
                raise ConfigError(f"{where}: no cyclic column `{name}`. {_near(name, self)}")
        self._check_period(where)

    def _check_period(self, where: str) -> None:
        if self.period is None:
            return
        number = isinstance(self.period, int | float) and not isinstance(self.period, bool)
        if not (number and 0 < self.period < np.inf):
            raise ConfigError(f"{where}: `period` is {self.period!r}, must be above 0.")
        if len(self._cyclic_columns()) != 1:
            raise ConfigError(
                f"{where}: `period` is {self.period:g}, but {len(self._cyclic_columns())} columns "
                "are cyclic, one is needed. Name it, such as `cyclic='day'`."
            )

    def prepare(self, frame: Frame) -> tuple[PreparedSpline, Matrix]:
        check_columns(frame, self.columns)
        values = [frame.numbers(name) for name in self.columns]
        margins = tuple(
            self._margin(name, x, frame) for name, x in zip(self.columns, values, strict=True)
        )
        width = int(np.prod([1 + len(each.weights) for each in margins])) - 1
        raw = PreparedSpline(self.columns, margins, np.zeros(width))
        products = raw.products(values)
        if len(margins) == 1:  # the columns of a curve are centred already
            return raw, products
        centre = products.mean(axis=0)
        return PreparedSpline(self.columns, margins, centre), products - centre

    def describe(self) -> str:
        named = {"knots": self.knots, "cyclic": self.cyclic or None, "period": self.period}
        extra = [f"{name}={value!r}" for name, value in named.items() if value is not None]
        return f"spline({', '.join([*map(repr, self.columns), *extra])})"

    def _cyclic_columns(self) -> tuple[str, ...]:
        if isinstance(self.cyclic, tuple):
            return self.cyclic
        return self.columns if self.cyclic else ()

    def _margin(self, name: str, x: np.ndarray, frame: Frame) -> Margin:
        """The spline of one column.

        Raises:
            DataError: too few different values, or values beyond one period.
        """
        is_cyclic = name in self._cyclic_columns()
        period = self._period_of(x) if is_cyclic else None
        distinct = len(np.unique(x if period is None else np.mod(x, period)))
        wanted = self.knots or _DEFAULT_KNOTS[len(self.columns)]
        least = self.knots or FEWEST_KNOTS
        if distinct < least:
            why = "as many as it has knots" if self.knots else f"{FEWEST_KNOTS} or more"
            raise DataError(
                f"{frame.source}: column `{name}` has {distinct} different values on "
                f"{frame.rows} fitting rows, a spline needs {why}. Write "
                f"`Linear('C({name})')` for a step for each value, or `Linear('{name}')`."
            )
        count = min(wanted, distinct)
        return natural_margin(x, count) if period is None else cyclic_margin(x, count, period)

    def _period_of(self, x: np.ndarray) -> float:
        """As given; else the range, with one step more where whole numbers count it out."""
        if self.period is not None:
            return float(self.period)
        return float(np.ptp(x)) + float(np.all(x == np.round(x)))


def _near(name: str, spline: Spline) -> str:
    return nearest(name, spline.columns)


def _row_products(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """All products of a column of one with a column of the other, row by row."""
    return (left[:, :, None] * right[:, None, :]).reshape(len(left), -1)
