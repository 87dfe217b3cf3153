"""What a gate looks at: a supported attempt, its model, and the rows on which it was judged."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from assay.adapter import AbstractAdapted
from assay.compute.progress import waiting
from assay.experiment.judging import Judge
from assay.experiment.task import Fittable, Fitted, Procedure, SealedTask
from assay.predictive import AbstractPredictive, under_limit
from assay.record import AttemptBody, RegistrationBody, VerdictBody

Means = Float[np.ndarray, "rows values"]


@dataclass(frozen=True, eq=False)
class Candidate:
    """A supported attempt before its gate.

    Fields:
        judge: of the sealed rows, which are open by now.
        registration: what was asked, as amended.
        attempt: what was supported.
        verdict: what was found when the seal opened.
        predictive: what was judged, for the sealed rows in their order.
        model: what predicts, not fitted; `None` where only a file of predictions was offered.
        looks: looks taken at these rows by everybody.
    """

    judge: Judge
    registration: RegistrationBody
    attempt: AttemptBody
    verdict: VerdictBody
    predictive: AbstractPredictive
    model: Fittable | None
    looks: int

    @property
    def task(self) -> SealedTask:
        """Problem and split."""
        return self.judge.task

    @property
    def sealed(self) -> np.ndarray:
        """The sealed rows in the order in which they were judged."""
        return self.task.sealing.sealed_rows

    @property
    def seed(self) -> int:
        """What the judged fit was seeded with."""
        return self.task.seed if self.attempt.seed is None else self.attempt.seed

    @property
    def can_refit(self) -> bool:
        """Whether the model can be fitted again, to other rows or with another seed."""
        if isinstance(self.model, AbstractAdapted):
            return self.model.can_refit
        return self.model is not None

    @cached_property
    def fitted(self) -> Fitted | Procedure:
        """The model fitted as it was when it was judged."""
        return self.fit(self.task.open_rows, self.seed)

    def fit(self, rows: np.ndarray, seed: int) -> Fitted | Procedure:
        """The model, fitted anew.

        Args:
            rows: open rows to learn from.
            seed: of the fit.
        """
        if self.model is None:
            raise TypeError("only a file of predictions was offered")
        data, target = self.task.frame.take(rows), self.task.roles.target
        if isinstance(self.model, AbstractAdapted):
            given = self.model.as_given(data, target, seed=seed)
            if given is not None:
                return given
        with waiting(f"fitting {type(self.model).__name__} again on {len(rows):,} open rows"):
            return self.model.fit(data, target, seed=seed)

    def means(self, predictive: AbstractPredictive, rows: np.ndarray) -> Means:
        """What a predictive expects to be recorded in each row: a value, or each class's chance."""
        task = self.task
        if task.classes:
            numbers = range(len(task.classes))
            logs = [predictive.log_prob(np.full(len(rows), float(each))) for each in numbers]
            return np.exp(np.column_stack(logs))
        limit = None if task.limit is None else task.limit[rows]
        return under_limit(predictive, limit).mean()[:, None]

    def came(self, rows: np.ndarray) -> Means:
        """What was recorded in each row, in the same terms as `means`."""
        task = self.task
        if task.classes:
            return (task.y[rows][:, None] == np.arange(len(task.classes))).astype(float)
        y = task.y[rows]
        return (y if task.limit is None else np.minimum(y, task.limit[rows]))[:, None]

    @cached_property
    def foretold(self) -> Means:
        """What was judged expects of the sealed rows."""
        return self.means(self.predictive, self.sealed)

    @cached_property
    def recorded(self) -> Means:
        """What came in the sealed rows."""
        return self.came(self.sealed)

    @cached_property
    def foretold_again(self) -> Means:
        """What the model, fitted anew as it was judged, expects of the sealed rows."""
        return self.means(self.task.predict(self.fitted, self.sealed), self.sealed)

    def mean_gain(self, predictive: AbstractPredictive) -> float:
        """Mean gain of predictions for the sealed rows, as the claim counts it."""
        losses = self.judge.losses(predictive)
        return float(self.judge.claim.gains(self.judge.baseline_losses, losses).mean())
