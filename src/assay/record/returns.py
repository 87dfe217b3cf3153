"""What accuracy is worth: `returns = "linear"`, `{ threshold = 0.8 }`, `{ points = [...] }`, ..."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from assay.record.setting import Number, Setting, Share, as_tuple, shown


def _pairs(value: Any) -> Any:
    return tuple(as_tuple(pair) for pair in value) if isinstance(value, list | tuple) else value


def _rising(value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    form = "Write [[skill, value], ...], such as [[0, 0], [0.5, 10000], [0.8, 90000]]."
    if len(value) < 2:
        raise ValueError(f"is {shown(value)}, must hold two points or more. {form}")
    for (skill, worth), (next_skill, next_worth) in pairwise(value):
        if not skill < next_skill:
            raise ValueError(f"has skill {shown(next_skill)} after {shown(skill)}. {form}")
        if next_worth < worth:
            raise ValueError(
                f"is worth {shown(next_worth)} at skill {shown(next_skill)}, less than "
                f"{shown(worth)} at {shown(skill)}: more accuracy must never be worth less."
            )
    return value


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

    threshold: Share | None = Field(default=None, description="any skill is worth something")
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
