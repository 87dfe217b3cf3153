"""The offset: a known part of a parameter, such as the time at risk behind a count."""

from dataclasses import dataclass

import numpy as np

from assay.errors import ConfigError, DataError
from assay.frame import Frame
from assay.frame.rows import at_row
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.formula import check_columns
from assay.predictor.matrix import Matrix


@dataclass(frozen=True)
class PreparedOffset(AbstractPrepared):
    """A column that is added as it stands, or its log."""

    column: str
    log: bool
    names: tuple[str, ...] = ()
    has_intercept: bool = True
    prior_sd: float = 1.0

    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def columns(self, frame: Frame) -> Matrix:
        return np.empty((frame.rows, 0))

    def offset(self, frame: Frame) -> np.ndarray:
        """What is added before the link, (rows,).

        Raises:
            DataError: a missing value, or one that has no log; names the rows.
        """
        check_columns(frame, [self.column])
        values = frame.numbers(self.column)
        if not self.log:
            return values
        bad = np.flatnonzero(values <= 0)
        if len(bad):
            rows = ", ".join(at_row(int(row)) for row in bad[:3])
            raise DataError(
                f"{frame.source}: column `{self.column}`, {rows}"
                f"{' and more' if len(bad) > 3 else ''}: found {values[bad[0]]:g} ({len(bad)} "
                "rows), but an offset by its log needs values above 0. Leave these rows out, or "
                "give the log in a column of its own."
            )
        return np.log(values)


@dataclass(frozen=True)
class Offset(AbstractPredictor):
    """A column added with coefficient 1 before the link: ``Offset("exposure", log=True)``.

    Fields:
        column: a numeric column.
        log: whether its log is added; under a log link the parameter is then proportional to the
            column.
    """

    column: str
    log: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.column, str):
            raise ConfigError(f"Offset: the column is {self.column!r}, must be a name.")
        if not isinstance(self.log, bool):
            raise ConfigError(
                f"Offset({self.column!r}): `log` is {self.log!r}, must be true or false."
            )

    def prepare(self, frame: Frame) -> tuple[PreparedOffset, Matrix]:
        prepared = PreparedOffset(self.column, self.log)
        prepared.offset(frame)
        return prepared, prepared.columns(frame)

    def describe(self) -> str:
        return f"offset({self.column!r}{', log=True' if self.log else ''})"
