"""What is believed or known about a project's curve before any attempt."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, Tag

from assay.record.attempt_plan import STAGES, Stage
from assay.record.setting import Amount, Positive, Setting, Share, shown


class StageStart(Setting):
    """Where a stage of work begins, and what it takes before it brings anything.

    Fields:
        begins: effort of the project at which it begins; `from` in the file.
        start_up: effort from there on that brings nothing yet.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    begins: Amount = Field(alias="from", description="effort at which it begins")
    start_up: Amount = Field(default=0.0, description="no effort that brings nothing")


def _ordered(stages: dict[Stage, float | StageStart]) -> dict[Stage, float | StageStart]:
    starts = {name: _start(stages[name]) for name in STAGES if name in stages}
    for (one, first), (other, second) in pairwise(starts.items()):
        over = first.begins + first.start_up
        if not (second.begins > first.begins and second.begins >= over):
            raise ValueError(
                f"has {other} from {shown(second.begins)}, must begin after {one} at "
                f"{shown(first.begins)} and when its start-up is over, at {shown(over)}. "
                f"The order is {', '.join(STAGES)}."
            )
    return stages


def _start(stage: float | StageStart) -> StageStart:
    return stage if isinstance(stage, StageStart) else StageStart.model_validate({"from": stage})


Start = Annotated[
    Annotated[Amount, Tag("a number")] | Annotated[StageStart, Tag("a table")],
    Discriminator(lambda value: "a table" if isinstance(value, dict | StageStart) else "a number"),
]
Stages = Annotated[dict[Stage, Start], AfterValidator(_ordered)]
"""Effort at which each stage of work begins, or a table that names its start-up too."""


def starts_of(stages: Stages | None) -> dict[Stage, StageStart]:
    """The stages in their order, each as a table; none where nothing was said."""
    said = stages or {}
    return {name: _start(said[name]) for name in STAGES if name in said}


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
        stages: effort at which each stage of work begins, and what it takes to start up.
    """

    family: Literal["log"] = Field(default="log", description="a * log(1 + b * effort)")
    a: Positive = Field(description="height")
    b: Positive = Field(default=1.0, description="speed")
    stages: Stages | None = Field(default=None, description="no stage has a start-up")
