"""What all series of a panel share from step to step and no series' level follows.

A sunny day moves the sales of all series by little each, by less than any one of them shows. The
scores of all rows of a step, put together, show it: a shift of the driven parameter that all have
in common, an AR(1) whose variance and persistence are those of the steps' own estimates, less
what these owe to noise.

Source: Hannan & Deistler's moments of an AR(1) seen through noise of known variance, as in Fuller
(1987), Measurement error models, ch. 2; Carter & Kohn (1994) for paths.
"""

from dataclasses import dataclass

import numpy as np

from assay.series.kinds import Floats, Whole

LEAST_STEPS = 20
LONGEST = 0.95  # persistence: what lasts longer is the levels' own


@dataclass(frozen=True, eq=False)
class Daily:
    """The shared shift of each step.

    Fields:
        mean: given all rows, (steps,).
        spread: its variance, likewise.
        lasting: share of it that is left after a step.
        after: its variance given the rows up to each step.
        step: variance of what is new in a step.
    """

    mean: Floats
    spread: Floats
    lasting: float
    after: Floats
    step: float

    def drawn(self, stream: np.random.Generator, draws: int) -> Floats:
        """Errors of the mean, (steps, draws)."""
        noise = stream.normal(size=(self.mean.size, draws))
        if not self.step:
            return 0.0 * noise
        found, later = np.empty_like(noise), None
        for at in range(self.mean.size - 1, -1, -1):
            gain, left = self._back(at)
            held = 0.0 if later is None else gain * later
            own = self.after[at] if later is None else left
            found[at] = later = held + np.sqrt(own) * noise[at]
        return found

    def _back(self, at: int) -> tuple[float, float]:
        """How what comes after a step moves it, and the variance that is left."""
        ahead = self.lasting**2 * self.after[at] + self.step
        gain = self.lasting * self.after[at] / ahead
        return gain, self.after[at] * (1.0 - gain * self.lasting)


def no_shift(steps: int) -> Daily:
    """Nothing is shared."""
    none = np.zeros(steps)
    return Daily(none, none, 0.0, none, 0.0)


def shared_shift(was: Floats, score: Floats, bend: Floats, series: Whole, least: int) -> Daily:
    """Learn the shift from what the rows of each step tell together.

    Args:
        was: the shift that scores were taken at, (steps,).
        score: summed over the series of a step, likewise.
        bend: information likewise.
        series: how many tell of each step.
        least: series that a step needs to tell of the law of shifts.
    """
    tells = (series >= least) & (bend > 0)
    if tells.sum() < LEAST_STEPS:
        return no_shift(was.size)
    own = np.where(tells, was + score / np.where(bend > 0, bend, 1.0), 0.0)
    # What is off on average is the levels'.
    own = np.where(tells, own - np.average(own[tells], weights=bend[tells]), 0.0)
    variance = np.mean(own[tells] ** 2) - np.mean(1.0 / bend[tells])
    if variance <= 0:
        return no_shift(was.size)
    pairs = tells[1:] & tells[:-1]
    along = np.mean((own[1:] * own[:-1])[pairs]) if pairs.any() else 0.0
    lasting = float(np.clip(along / variance, 0.0, LONGEST))
    return _smoothed(own, np.where(tells, bend, 0.0), lasting, float(variance))


def _smoothed(own: Floats, bend: Floats, lasting: float, variance: float) -> Daily:
    """Kalman's filter and smoother."""
    step = variance * (1.0 - lasting**2)
    mean, after = np.empty_like(own), np.empty_like(own)
    at, spread = 0.0, variance
    for t in range(own.size):
        share = spread * bend[t] / (1.0 + spread * bend[t])
        at, spread = at + share * (own[t] - at), spread * (1.0 - share)
        mean[t], after[t] = at, spread
        at, spread = lasting * at, lasting**2 * spread + step
    found = Daily(mean, after.copy(), lasting, after, step)
    for t in range(own.size - 2, -1, -1):
        gain, left = found._back(t)
        mean[t] += gain * (mean[t + 1] - lasting * mean[t])
        found.spread[t] = left + gain**2 * found.spread[t + 1]
    return found
