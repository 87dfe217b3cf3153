"""What is claimed, before any test: how two columns of losses become gains, a delta and bounds.

Clipping at a registered cap bounds the row loss, and with it the gain; the claim is then about the
capped loss. The cap decides the power, so it is fixed at registration.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assay.errors import ConfigError, DataError
from assay.verdict.checks import FloatArray, checked_between, checked_not_negative, checked_values

ASSUMED_SPREAD = 0.63
"""Spread of the gains relative to the losses before any model: two losses correlated .8."""

EXPECTED_MULTIPLE = 3.0
"""The improvement hoped for, relative to the least worth having, where none is registered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The improvement over a baseline that a verdict supports or refutes.

    Fields:
        improve_by: least relative improvement of the mean loss, 0 to below 1; or
        improve_by_absolute: least improvement in the loss's unit, 0 or more. Exactly one is set.
        cap: greatest row loss that counts; larger ones are clipped.
        floor: least row loss that counts, 0 for every loss but the log score of a density; a
            relative claim needs 0 or more.
    """

    improve_by: float | None = None
    improve_by_absolute: float | None = None
    cap: float
    floor: float = 0.0

    def __post_init__(self) -> None:
        """Check what was registered."""
        if (self.improve_by is None) == (self.improve_by_absolute is None):
            raise ConfigError(
                f"`improve_by` is {self.improve_by} and `improve_by_absolute` is "
                f"{self.improve_by_absolute}, exactly one of them is accepted. Keep one."
            )
        checked_between(self.floor, "floor", low=-math.inf, high=math.inf)
        checked_between(self.cap, "cap", low=self.floor, high=math.inf)
        _check_improvement(self)

    @property
    def kept(self) -> float:
        """The factor on the baseline's loss: 1 less the relative improvement."""
        return 1.0 - (self.improve_by or 0.0)

    @property
    def delta(self) -> float:
        """The mean gain that must be exceeded: 0 for a relative claim."""
        return self.improve_by_absolute or 0.0

    @property
    def lower(self) -> float:
        """Least possible gain."""
        return self.kept * self.floor - self.cap

    @property
    def upper(self) -> float:
        """Greatest possible gain."""
        return self.kept * self.cap - self.floor

    def gains(self, baseline_losses: ArrayLike, model_losses: ArrayLike) -> FloatArray:
        """The gain of each row, within the claim's bounds.

        Args:
            baseline_losses: loss of the baseline for each row.
            model_losses: loss of the model for the same rows, in the same order.

        Returns:
            `kept * baseline - model`, both losses clipped to `[floor, cap]`.

        Raises:
            DataError: the lengths differ, or a loss is not a number; an infinite loss is clipped.
        """
        baseline = self._clipped(baseline_losses, "baseline_losses")
        model = self._clipped(model_losses, "model_losses")
        if baseline.shape != model.shape:
            raise DataError(
                f"`baseline_losses` holds {baseline.size} rows, `model_losses` {model.size}; one "
                "loss for each row of the same rows is accepted. Score both on the sealed rows."
            )
        return self.kept * baseline - model

    def clipped_share(self, losses: ArrayLike) -> float:
        """The share of rows whose loss the cap or the floor changes.

        Args:
            losses: open losses of the baseline or of a model.

        Returns:
            A share from 0 to 1, to be printed at registration.

        Raises:
            DataError: a loss is not a number.
        """
        return float(np.mean(self._clipped(losses, "losses") != np.asarray(losses)))

    def expected_excess(self, baseline_loss: float, *, expect: float | None = None) -> float:
        """The mean gain beyond `delta` if the model is as good as hoped for.

        Args:
            baseline_loss: mean open loss of the baseline, above 0; only a relative claim uses it.
            expect: improvement hoped for, in the unit of the claim; by default three times the
                least improvement worth having.

        Returns:
            `(expect - improve_by) * baseline_loss`, or `expect - improve_by_absolute`.

        Raises:
            ConfigError: `expect` does not exceed the claim, or a relative one reaches 1.
        """
        relative = self.improve_by is not None
        least = self.improve_by if self.improve_by is not None else self.delta
        hoped = EXPECTED_MULTIPLE * least if expect is None else expect
        checked_between(hoped, "expect", low=least, high=1.0 if relative else math.inf)
        if not relative:
            return hoped - least
        checked_between(baseline_loss, "baseline_loss", low=0.0, high=math.inf)
        return (hoped - least) * baseline_loss

    def _clipped(self, losses: ArrayLike, name: str) -> FloatArray:
        # A disaster of infinite loss is what the cap is for; a missing loss must still be refused.
        return checked_values(np.clip(np.asarray(losses, float), self.floor, self.cap), name)


def default_cap(baseline_open_losses: ArrayLike) -> float:
    """The cap on a row loss where none is registered and the loss has no bound of its own.

    Args:
        baseline_open_losses: losses of the baseline on open rows, 0 or more.

    Returns:
        The larger of 4 times their mean and their 99th percentile.

    Raises:
        DataError: a loss is missing or negative (the log score of a density needs a registered
            cap and floor), or all are zero.
    """
    losses = checked_values(baseline_open_losses, "baseline_open_losses")
    if losses.min() < 0 or losses.max() == 0:
        raise DataError(
            f"`baseline_open_losses` run from {losses.min()} to {losses.max()}; the default cap "
            "needs losses of 0 or more that are not all 0. Register a `cap` (and a `floor`)."
        )
    return max(4.0 * float(losses.mean()), float(np.quantile(losses, 0.99)))


def assumed_sd(baseline_open_losses: ArrayLike) -> float:
    """The spread of the gains that is assumed before any model exists.

    Args:
        baseline_open_losses: losses of the baseline on open rows, clipped at the cap.

    Returns:
        .63 times their standard deviation: two losses of equal spread, correlated .8.

    Raises:
        DataError: there are fewer than two losses, or one is not finite.
    """
    losses = checked_values(baseline_open_losses, "baseline_open_losses")
    if losses.size < 2:
        raise DataError(
            "`baseline_open_losses` holds 1 row, at least 2 are accepted. Open more rows."
        )
    return ASSUMED_SPREAD * float(losses.std(ddof=1))


def _check_improvement(claim: Claim) -> None:
    """Refuse an improvement that no row can show."""
    if claim.improve_by_absolute is not None:
        most = claim.cap - claim.floor
        checked_not_negative(claim.improve_by_absolute, "improve_by_absolute", high=most)
        return
    if claim.improve_by is not None:
        checked_not_negative(claim.improve_by, "improve_by", high=1.0)
    checked_not_negative(claim.floor, "floor", high=claim.kept * claim.cap)
