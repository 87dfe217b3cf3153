"""What only the seal does: score predictions against sealed rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from assay.errors import LedgerError
from assay.experiment.claiming import registered_claim, test_of
from assay.experiment.task import SealedTask
from assay.predictive import AbstractPredictive, from_bytes
from assay.record import RegistrationBody
from assay.verdict import (
    AbstractTest,
    Claim,
    GroupTest,
    IndependentTest,
    SeriesTest,
    cluster_t,
    date_averages,
    ewc,
)

LEAST_DATES = 8
"""Dates of a series below which the standard error of a mean cannot be told."""

BISECTIONS = 24
"""Halvings of a share between -1 and 1: the ends of an interval are found to 2e-7."""


@dataclass(frozen=True, eq=False)
class Judge:
    """The sealed rows with their claim and test.

    Fields:
        task: problem and split.
        claim: least improvement, cap and bounds.
        test: for these rows.
        baseline_losses: of each sealed row, in the order in which they are judged.
        sd0: spread of the gains assumed at registration.
    """

    task: SealedTask
    claim: Claim
    test: AbstractTest
    baseline_losses: np.ndarray
    sd0: float

    @classmethod
    def of(cls, body: RegistrationBody, task: SealedTask, baseline: bytes) -> "Judge":
        """The judge of a registered experiment."""
        claim = registered_claim(body)
        rows = task.sealing.sealed_rows
        losses = task.losses(stored(baseline, task), rows)
        # What cannot be scored counts against the claim, here and in a model's losses below; an
        # error would name a sealed row, and leave a committed look without an answer.
        losses = np.where(np.isnan(losses), -np.inf, losses)
        return cls(task, claim, test_of(body.test, claim, task, sd0=body.sd0), losses, body.sd0)

    def losses(self, predictive: AbstractPredictive) -> np.ndarray:
        """Loss of each sealed row."""
        losses = self.task.losses(predictive, self.task.sealing.sealed_rows)
        return np.where(np.isnan(losses), np.inf, losses)

    def supports(self, predictive: AbstractPredictive, level: float) -> bool:
        """Whether the claim holds at `level` for these predictions."""
        gains = self.claim.gains(self.baseline_losses, self.losses(predictive))
        return self.test.supports(gains, level)

    def se(self, values: np.ndarray, rows: np.ndarray | None = None) -> float:
        """Standard error of a mean over sealed rows, by how the rows depend on each other.

        Args:
            values: one for each of the rows.
            rows: places among the sealed rows; by default all.

        Returns:
            `inf` where it cannot be told.
        """
        rows = np.arange(len(values)) if rows is None else rows
        if len(values) < 2:
            return math.inf
        if isinstance(self.test, SeriesTest):
            daily = date_averages(values, np.asarray(self.test.dates)[rows])
            return ewc(daily, delta=0.0).se if len(daily) >= LEAST_DATES else math.inf
        cases = self.test.groups if isinstance(self.test, GroupTest) else None
        cases = self.test.cases if isinstance(self.test, IndependentTest) else cases
        if cases is not None:
            return cluster_t(values, np.asarray(cases)[rows], delta=0.0).se
        return float(values.std(ddof=1)) / math.sqrt(len(values))

    def improvement_interval(self, losses: np.ndarray, level: float) -> tuple[float, float]:
        """An interval of the improvement in the claim's own unit, by inverting the test.

        Args:
            losses: of a model on the sealed rows.
            level: chance that the interval misses, half for each end.

        Returns:
            For a relative claim shares of the baseline's loss, at least -1; infinite where the
            test says nothing.
        """
        gains = self.claim.gains(self.baseline_losses, losses)
        if self.claim.improve_by is None or not self.test.gate(gains).passed:
            return self.test.interval(gains, level)
        clip = (self.claim.floor, self.claim.cap)
        base, model = np.clip(self.baseline_losses, *clip), np.clip(losses, *clip)

        def rejects(share: float, *, below: bool) -> bool:
            test = self.test
            if isinstance(test, IndependentTest):
                test = replace(test, lower=-self.claim.cap, upper=(1 - share) * self.claim.cap)
            moved = (1 - share) * base - model
            return test.supports(moved, level / 2) if below else test.refutes(moved, level / 2)

        return _edge(rejects, below=True), _edge(rejects, below=False)


def stored(content: bytes, task: SealedTask) -> AbstractPredictive:
    """Stored predictions, in the order in which the sealed rows are judged.

    Raises:
        LedgerError: they are for other rows.
    """
    predictive, row_id = from_bytes(content)
    wanted = task.asked.column("row_id").to_numpy()
    place = np.searchsorted(row_id, wanted)
    if len(row_id) != len(wanted) or not np.array_equal(row_id[place % len(row_id)], wanted):
        raise LedgerError(
            f'project "{task.project.key}": stored predictions are for {len(row_id)} other rows '
            f"than the {len(wanted)} sealed ones. Restore the data as they were registered."
        )
    return predictive.take(place)


def _edge(rejects: Callable[..., bool], *, below: bool) -> float:
    """The least improvement that is not rejected from below, or the greatest from above.

    Searched between a loss twice the baseline's (-1) and no loss at all (1).
    """
    low, high = -1.0, 1.0 - 1e-9
    if not rejects(low if below else high, below=below):
        return -math.inf if below else 1.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if rejects(middle, below=below) == below:
            low = middle
        else:
            high = middle
    return low if below else high
