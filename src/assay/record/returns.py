"""What accuracy is worth: `returns = "linear"`, `{ threshold = 0.8 }`, `{ points = [...] }`, ..."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from assay.record.setting import Number, Setting, Share, as_tuple, shown

FORM = "Write [[skill, value], ...], such as [[0, 0], [0.5, 10000], [0.8, 90000]]."


def _pairs(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value  # refused by its type
    wrong = [pair for pair in value if not (isinstance(pair, list | tuple) and len(pair) == 2)]
    if wrong:
        raise ValueError(f"holds {shown(wrong[0])}, must hold pairs of skill and value. {FORM}")
    return tuple(as_tuple(pair) for pair in value)


def _rising(value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    if len(value) < 2:
        raise ValueError(f"is {shown(value)}, must hold two points or more. {FORM}")
    for (skill, worth), (next_skill, next_worth) in pairwise(value):
        if not skill < next_skill:
            raise ValueError(
                f"has skill {shown(next_skill)} after {shown(skill)}, must rise. {FORM}"
            )
        if next_worth < worth:
            raise ValueError(
                f"is worth {shown(next_worth)} at skill {shown(next_skill)}, less than "
                f"{shown(worth)} at {shown(skill)}: more accuracy must never be worth less."
            )
    return value


def _reachable(value: float) -> float:
    if not 0 < value <= 1:
        raise ValueError(
            f"is {shown(value)}, must lie above 0 and be at most 1, where no loss is left. "
            "Write 0.8 for a skill of eighty per cent."
        )
    return value


Skill = Annotated[Number, AfterValidator(_reachable)]
Points = Annotated[
    tuple[tuple[Number, Number], ...], BeforeValidator(_pairs), AfterValidator(_rising)
]


class Returns(Setting):
    """What a skill is worth; exactly one is given. A skill is 0 at the baseline, 1 without loss.

    Fields:
        threshold: least skill that is worth anything; from there on every point is worth the same.
        concave: exponent of skill below 1: the first points are worth most.
        points: skill and value; in between on a straight line, beyond the ends level.
    """

    threshold: Skill | None = Field(default=None, description="any skill is worth something")
    concave: Share | None = Field(default=None, description="no point is worth less than another")
    points: Points | None = Field(default=None, description="no values are listed")

    @model_validator(mode="after")
    def _exactly_one(self) -> "Returns":
        given = [name for name, value in self if value is not None]
        if len(given) != 1:
            raise ValueError(
                f"gives {', '.join(given) or 'nothing'}, must give exactly one of threshold, "
                'concave, points. Write "linear", { threshold = 0.8 }, { concave = 0.5 } or '
                "{ points = [[0, 0], [0.5, 10000]] }."
            )
        return self

    def table(self) -> dict[str, Any]:
        """What is given, as in the file: `{"threshold": 0.8}`."""
        return self.model_dump(exclude_none=True)


def _known(value: Any) -> Any:
    if isinstance(value, str) and value != "linear":
        raise ValueError(
            f'is {shown(value)}, must be "linear" or a table such as {{ threshold = 0.8 }}, '
            "{ concave = 0.5 } or { points = [[0, 0], [0.5, 10000]] }."
        )
    return value


AnyReturns = Annotated[
    Annotated[Literal["linear"], Tag("a name")] | Annotated[Returns, Tag("a table")],
    Discriminator(lambda value: "a name" if isinstance(value, str) else "a table"),
    BeforeValidator(_known),
]
"""How accuracy turns into value: every point alike, or as a table says."""
