"""What an adapter must know of a problem to make another library's model an attempt at it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.errors import DataError, PredictionsError, nearest
from assay.frame import Frame, Roles


@dataclass(frozen=True, eq=False)
class Setting:
    """One problem as its open rows show it; nothing in it depends on a sealed target.

    Fields:
        where: start of a message, such as `experiment "demand"`.
        roles: which column plays which part.
        visible: the open rows as a model sees rows that it predicts, without their target.
        y: their targets, numbers of the classes where there are classes, (rows,).
        classes: labels of the target in their order; empty where it is a number.
        metric: what attempts are judged by.
        levels: quantile levels of the pinball loss.
        open_end: the last time of the open rows, where there is time.
    """

    where: str
    roles: Roles
    visible: Frame
    y: np.ndarray
    classes: tuple[str, ...] = ()
    metric: str = "crps"
    levels: tuple[float, ...] = ()
    open_end: object = None

    @property
    def rows(self) -> int:
        """Number of open rows with a target."""
        return len(self.y)

    @cached_property
    def is_binary(self) -> bool:
        """Whether the target is 0 or 1, as a number."""
        return not self.classes and bool(np.isin(self.y, (0.0, 1.0)).all())

    @cached_property
    def is_whole(self) -> bool:
        """Whether the target is a number that counts something."""
        return not self.classes and bool(np.all(self.y == np.floor(self.y)))

    @cached_property
    def is_never_negative(self) -> bool:
        """Whether no open target lies below 0."""
        return not self.classes and bool(np.all(self.y >= 0))

    @property
    def takes_probabilities(self) -> bool:
        """Whether the target is a class, under its label or as 0 and 1."""
        return bool(self.classes) or self.is_binary

    def features(self, named: tuple[str, ...] | None) -> tuple[str, ...]:
        """The columns that a model reads.

        Args:
            named: what the user or a fitted model asks for; by default all columns that are known
                when a row is predicted, without time, keys, groups and `row_id`.

        Raises:
            PredictionsError: a column is not there, or is not known when a row is predicted; or
                there is none.
        """
        roles, seen = self.roles, self.visible.columns
        if named is None:
            own = {"row_id", roles.time, roles.group, *roles.series}
            named = tuple(name for name in seen if name not in own)
        missing = [name for name in named if name not in seen]
        if missing:
            ahead = (
                " In forecasts only the keys, the time and the columns listed in `known_ahead` "
                "are known."
                if roles.time
                else ""
            )
            raise PredictionsError(
                f"{self.where}: the model needs {_listed(missing)}, which the rows to be "
                f"predicted do not have. They have {_listed(seen)}.{ahead} "
                f"{nearest(missing[0], seen)}"
            )
        if not named:
            remedy = (
                "List columns that are known when a forecast is made in `known_ahead`, or offer a "
                "forecasting procedure."
                if roles.time
                else "Add columns, or name some: `assay.adapt(model, features=[...])`."
            )
            raise PredictionsError(
                f"{self.where}: no column is left for the model to read beside the target and the "
                f"keys. {remedy}"
            )
        return named


def numbers_of(frame: Frame, columns: tuple[str, ...], where: str) -> np.ndarray:
    """Columns as they are, for a model that takes nothing but numbers.

    Args:
        frame: the table.
        columns: to be read, in order.
        where: start of the message.

    Returns:
        Numbers, (rows, columns), NaN where one is missing.

    Raises:
        PredictionsError: a column holds text or times.
    """
    found = []
    for name in columns:
        try:
            found.append(frame.numbers(name))
        except DataError as error:
            raise PredictionsError(
                f"{where}: the model takes numbers alone, and feature `{name}` is "
                f"{frame.column(name).dtype}. Name the features that it was fitted on: "
                "`assay.adapt(model, features=[...])`."
            ) from error
    return np.column_stack(found)


def _listed(names: tuple[str, ...] | list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return shown + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "none"
