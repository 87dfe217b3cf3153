"""What is believed or known about a project's curve before any attempt."""

from typing import Literal

from pydantic import Field

from assay.record.attempt_plan import Stage
from assay.record.setting import Positive, Setting, Share


class Belief(Setting):
    """A guess at the curve: `share` of the headroom is reached after `effort`.

    Fields:
        share: of what a perfect model could gain, strictly between 0 and 1.
        effort: in the portfolio's effort unit.
        give_or_take: standard deviation of the guess, on the scale of `share`.
    """

    share: Share = Field(description="share of the headroom")
    effort: Positive = Field(description="effort after which it is reached")
    give_or_take: Share = Field(default=0.2, description="standard deviation of the guess")


class KnownCurve(Setting):
    """A curve taken as known: `a * log(1 + b * effort)`, in points.

    Fields:
        family: shape of the curve.
        a: points for each e-fold of effort.
        b: one over the effort at which returns begin to diminish.
        stages: effort at which each stage of work begins, for pictures.
    """

    family: Literal["log"] = Field(default="log", description="a * log(1 + b * effort)")
    a: Positive = Field(description="height")
    b: Positive = Field(default=1.0, description="speed")
    stages: dict[Stage, Positive] | None = Field(default=None, description="no stages drawn")
