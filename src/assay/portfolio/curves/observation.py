"""What is known of a project's curve: scored attempts, failed ones, what its team believes."""

import math
from dataclasses import dataclass

from assay.errors import ConfigError, PlanError

UNSCORED_SE = 0.02  # headroom; of a broken attempt nobody knows how noisy its score would have been


@dataclass(frozen=True)
class Observation:
    """One attempt as its curve sees it: a score, or the one bit that it did not beat `bound`.

    Fields:
        effort: effort of the project up to and including this attempt, in the portfolio's unit.
        score: headroom reached on open rows, 0 = baseline, 1 = ceiling; `None` if only `bound`
            is known. Noise may lift it above 1, so it is not refused there; of a score far above,
            a plan's reason says that the ceiling is too low to be true.
        se: standard error of `score`, headroom, above 0; may be left out beside `bound`.
        bound: best headroom before an attempt that did not beat it; excludes `score`.

    Raises:
        PlanError: neither or both of `score` and `bound`, or a number out of range.
    """

    effort: float
    score: float | None = None
    se: float | None = None
    bound: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.effort) and self.effort >= 0):
            raise self._refusal("effort", self.effort, "finite and not negative")
        if (self.score is None) == (self.bound is None):
            found = (self.score, self.bound)
            raise self._refusal("(score, bound)", found, "one number and one None")
        if not math.isfinite(self.level):
            raise self._refusal("score or bound", self.level, "finite")
        if self.score is not None and self.se is None:
            raise self._refusal("se", None, "given with a score")
        if not (math.isfinite(self.noise) and self.noise > 0):
            raise self._refusal("se", self.se, "finite and above 0")

    @property
    def level(self) -> float:
        """The score, or the bound that was not beaten."""
        return float(self.bound if self.score is None else self.score)  # pyright: ignore

    @property
    def noise(self) -> float:
        """Standard error of the score, or the one assumed where there is none."""
        return UNSCORED_SE if self.se is None else self.se

    def _refusal(self, name: str, found: object, accepted: str) -> PlanError:
        return PlanError(
            f"observation at effort {self.effort}: `{name}` is {found}, must be {accepted}. "
            "Give `score` and `se` for a scored attempt, `bound` for one that did not beat it."
        )


@dataclass(frozen=True)
class Belief:
    """What a team expects of a project before any attempt: `share` of the headroom at `effort`.

    It says how fast and how far the project goes if there is anything to gain. It leaves the
    chance that there is nothing to gain where it was, since hope alone is no evidence.

    Fields:
        share: share of the headroom, 0 to 1.
        effort: effort by which it is expected, in the portfolio's unit, above 0.
        give_or_take: one standard deviation of `share`, above 0.

    Raises:
        ConfigError: a number is out of range.
    """

    share: float
    effort: float
    give_or_take: float

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise self._refusal("share", self.share, "0 to 1, such as 0.6 for 60 %")
        if not (math.isfinite(self.effort) and self.effort > 0):
            raise self._refusal("effort", self.effort, "finite and above 0")
        if not (math.isfinite(self.give_or_take) and self.give_or_take > 0):
            raise self._refusal("give_or_take", self.give_or_take, "finite and above 0")

    def _refusal(self, name: str, found: float, accepted: str) -> ConfigError:
        return ConfigError(
            f"belief: `{name}` is {found}, must be {accepted}. Write for example "
            "belief = { share = 0.6, effort = 20, give_or_take = 0.2 }."
        )
