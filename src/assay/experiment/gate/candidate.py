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

LEVELS = (0.1, 0.5, 0.9)
"""Quantiles in which two predictives are compared."""

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
        amendments: how often registered terms were changed.
        shut: how often it came to the gate before and did not pass.
    """

    judge: Judge
    registration: RegistrationBody
    attempt: AttemptBody
    verdict: VerdictBody
    predictive: AbstractPredictive
    model: Fittable | None
    looks: int
    amendments: int = 0
    shut: int = 0

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

    def fit(
        self, rows: np.ndarray, seed: int, *, by_seed_alone: bool = False
    ) -> Fitted | Procedure:
        """The model, fitted anew.

        Args:
            rows: open rows to learn from.
            seed: of the fit.
            by_seed_alone: whether seeds that its author wrote into it are set aside.
        """
        if self.model is None:
            raise TypeError("only a file of predictions was offered")
        if by_seed_alone and isinstance(self.model, AbstractAdapted):
            return self.model.unseeded().fit(
                self.task.frame.take(rows), self.task.roles.target, seed=seed
            )
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

    def shape(self, predictive: AbstractPredictive, rows: np.ndarray) -> Means:
        """The whole of a predictive in a few columns: means, and some quantiles of numbers."""
        means = self.means(predictive, rows)
        if self.task.classes:
            return means
        limit = None if self.task.limit is None else self.task.limit[rows]
        shown = under_limit(predictive, limit)
        return np.column_stack([means, *(shown.quantile(level) for level in LEVELS)])

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
    def again(self) -> AbstractPredictive:
        """What the model, fitted anew as it was judged, predicts for the sealed rows."""
        return self.task.predict(self.fitted, self.sealed)

    @cached_property
    def foretold_again(self) -> Means:
        """What that expects of the sealed rows."""
        return self.means(self.again, self.sealed)

    @cached_property
    def shape_again(self) -> Means:
        """The whole of that."""
        return self.shape(self.again, self.sealed)

    def mean_gain(self, predictive: AbstractPredictive) -> float:
        """Mean gain of predictions for the sealed rows, as the claim counts it."""
        losses = self.judge.losses(predictive)
        return float(self.judge.claim.gains(self.judge.baseline_losses, losses).mean())
