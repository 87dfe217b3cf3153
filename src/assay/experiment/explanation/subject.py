"""A model that is asked again about the sealed rows, with some of what it sees altered."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from assay.adapter import predictive_of
from assay.experiment.explanation.altered import Alteration, Altered
from assay.experiment.explanation.reading import Reading, reading_of
from assay.experiment.judging import Judge
from assay.experiment.task import Fitted, Procedure, SealedTask
from assay.frame import Frame
from assay.predictive import AbstractPredictive

BATCH_ROWS = 40_000
"""Rows that are predicted in one call, so that memory stays bounded."""

PROBED = 64
"""Rows by which it is tried out whether a model takes rows one by one."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A model with the sealed rows as it may see them.

    Fields:
        judge: of the sealed rows.
        fitted: on open rows.
        predictive: what it predicts for them, in their order.
    """

    judge: Judge
    fitted: Fitted | Procedure
    predictive: AbstractPredictive

    @property
    def task(self) -> SealedTask:
        """Problem and split."""
        return self.judge.task

    @property
    def is_procedure(self) -> bool:
        """Whether it is asked anew at every origin."""
        return isinstance(self.fitted, Procedure)

    @cached_property
    def rows(self) -> np.ndarray:
        """The sealed rows, in the order in which they are judged."""
        return self.task.sealing.sealed_rows

    @cached_property
    def visible(self) -> Frame:
        """What a model may see of them."""
        return self.task.visible(self.rows)

    @cached_property
    def reading(self) -> Reading:
        """How its predictions become numbers."""
        return reading_of(self.task, self.predictive)

    @property
    def columns(self) -> tuple[str, ...]:
        """What may be altered, in alphabetical order."""
        return tuple(sorted(set(self.visible.columns) - {"row_id"}))

    @cached_property
    def stands_alone(self) -> bool:
        """Whether the answer for a row does not depend on the rows that are asked with it.

        Found out by asking: some rows, in another order and twice, must get the same answers.
        """
        if isinstance(self.fitted, Procedure):
            return False
        some = np.linspace(0, len(self.rows) - 1, min(PROBED, len(self.rows))).astype(int)
        again = np.concatenate([some[::-2], some[::-2]])
        try:
            whole = self.reading.all(self._predict(self.visible).take(again))
            part = self.reading.all(self._predict(self.visible.take(again)))
        except Exception:  # whoever refuses rows that stand twice is asked for each table alone
            return False
        return bool(np.allclose(whole, part, rtol=1e-6, atol=1e-9, equal_nan=True))

    def losses(self, predictive: AbstractPredictive, at: np.ndarray) -> np.ndarray:
        """Row losses as the judge counts them: capped, a missing one at the cap.

        Args:
            predictive: for the rows `at`.
            at: places among the sealed rows.
        """
        losses = self.task.losses(predictive, self.rows[at])
        claim = self.judge.claim
        return np.clip(np.where(np.isnan(losses), np.inf, losses), claim.floor, claim.cap)

    def answers(
        self, alterations: Sequence[Alteration], at: np.ndarray
    ) -> Iterator[AbstractPredictive]:
        """What the model says under each alteration, for the rows `at`.

        Args:
            alterations: in order.
            at: places among the sealed rows.
        """
        if not self.stands_alone:
            for each in alterations:
                yield self._alone(each).take(at)
            return
        size = max(1, BATCH_ROWS // len(at))
        for low in range(0, len(alterations), size):
            some = alterations[low : low + size]
            stacked = self._predict(self._stacked(some, at))
            for place in range(len(some)):
                yield stacked.take(np.arange(place * len(at), (place + 1) * len(at)))

    def _stacked(self, alterations: Sequence[Alteration], at: np.ndarray) -> Frame:
        """Altered copies of some rows, one below the other."""
        table, own = self.visible.table, np.tile(at, len(alterations))
        altered = {name for each in alterations for name in each.columns}
        columns = {
            name: table[name].gather(
                np.concatenate(
                    [each.source[at] if name in each.columns else at for each in alterations]
                )
            )
            for name in altered
        }
        return self.visible.having(table[own].with_columns(**columns))

    def _alone(self, alteration: Alteration) -> AbstractPredictive:
        """The answer for all sealed rows under one alteration."""
        if isinstance(self.fitted, Procedure):
            asked = Altered(self.fitted, self.task, self.visible, alteration)
            return self.task.predict(asked, self.rows)
        every = np.arange(len(self.rows))
        return self._predict(self._stacked([alteration], every))

    def _predict(self, frame: Frame) -> AbstractPredictive:
        assert not isinstance(self.fitted, Procedure)
        return predictive_of(self.fitted.predict(frame), frame.rows, type(self.fitted).__name__)
