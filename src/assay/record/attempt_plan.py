"""One `[[project.attempt]]`: a model that will be offered to the seal, and what it costs."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from assay.record.model_spec import ModelSpec
from assay.record.setting import Flag, Number, Positive, Setting, Text, Whole

Stage = Literal["baseline", "data", "features", "ml", "deep", "research"]
STAGES: tuple[str, ...] = ("baseline", "data", "features", "ml", "deep", "research")


def _not_empty(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty, must say something.")
    return value


SomeText = Annotated[Text, AfterValidator(_not_empty)]


class AttemptPlan(Setting):
    """One attempt as `assay.toml` plans it.

    Fields:
        name: unique in its project.
        model: what predicts.
        stage: which kind of work it is.
        effort: what it takes in the portfolio's effort unit; `None` where nobody knows, and then
            it does not enter the curve.
        censored: wrap the family by the project's censoring; `False` leaves it as written.
        seed: randomness; `None` takes the portfolio's.
        belief_about: what its author believes will come out and why, written before it does.
        expect: improvement that its author expects of it, in the claim's unit.
        note: words for the ledger.
        close: close the experiment after this attempt.
    """

    name: SomeText = Field(description="unique in its project")
    model: ModelSpec = Field(description="what predicts")
    stage: Stage = Field(default="ml", description="kind of work")
    effort: Positive | None = Field(
        default=None, description="unknown, so it does not enter the curve"
    )
    censored: Flag = Field(default=True, description="the project's censoring wraps the family")
    seed: Whole | None = Field(default=None, description="the portfolio's seed")
    belief_about: Text = Field(default="", description="what is believed of it: not said")
    expect: Number | None = Field(default=None, description="improvement expected: not said")
    note: Text = Field(default="", description="words for the ledger")
    close: Flag = Field(default=False, description="the experiment stays open afterwards")
