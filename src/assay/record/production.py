"""What stands between a verdict and production, and what watches a model there."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from assay.record.body_base import Body, Count, Fraction, Sha
from assay.record.setting import as_tuple

GATE_PARTS = (
    "gap",
    "calibration",
    "stability",
    "segments",
    "look-ahead",
    "explanation",
    "tries",
)
"""The parts of a gate, in the order in which they are shown."""

ACCEPTABLE = ("segments", "look-ahead", "explanation")
"""Parts that a person may take responsibility for; the others say that a promise is false.

Of these `look-ahead` only where it cannot be told.
"""

PASSING = ("holds", "accepted")
"""Outcomes that stand in nobody's way."""

PART_OUTCOMES = ("holds", "does not hold", "cannot be told", "accepted")


def _whole_parts(parts: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    names = tuple(part.get("name") for part in parts)
    if names != GATE_PARTS:
        raise ValueError(f"holds {names}, must hold each of {GATE_PARTS} once, in this order.")
    for part in parts:
        if part.get("outcome") not in PART_OUTCOMES:
            raise ValueError(f"holds the outcome {part.get('outcome')!r}, not of {PART_OUTCOMES}.")
        if part["outcome"] == "accepted" and part["name"] not in ACCEPTABLE:
            raise ValueError(f"accepts `{part['name']}`, only {ACCEPTABLE} may be.")
    return parts


Parts = Annotated[
    tuple[dict[str, Any], ...], BeforeValidator(as_tuple), AfterValidator(_whole_parts)
]


class GateBody(Body):
    """What a supported model showed before production, part by part.

    Fields:
        experiment: hash of the registration record.
        attempt: name of the attempt.
        passed: whether every part holds, or was accepted by name.
        parts: of each part its `name`, `outcome`, `finding`, `remedy` and `figures`.
        explanation: what drives the model: `importance`, `effects` and `surrogate`.
        model: what was asked, in one line, as the attempt has it.
        code: `{"commit": ..., "dirty": ...}` of what asked.
    """

    kind: ClassVar[str] = "gate"
    experiment: Sha
    attempt: str
    passed: bool
    parts: Parts
    explanation: dict[str, Any] = Field(default_factory=dict)
    model: str = ""
    code: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _passes_if_every_part_does(self) -> "GateBody":
        if self.passed != all(part["outcome"] in PASSING for part in self.parts):
            raise ValueError(f"passed is {self.passed}, but its parts say otherwise.")
        return self

    def __str__(self) -> str:
        lines = (f"{part['name']}: {part['outcome']}. {part['finding']}" for part in self.parts)
        return "\n".join([*lines, "It passes." if self.passed else "It does not pass."])


class ReleaseBody(Body):
    """A model that passed its gate and was marked for production.

    Fields:
        experiment: hash of the registration record.
        gate: hash of the gate record that it passed.
        attempt: name of the attempt.
        alpha: chance that the watch withdraws the verdict while from any day on the mean gain is at
            least the one claimed, however long it watches. That of the first release of a
            registration stands.
        note: words of whoever released it.
        before: day of the release before this one; empty where it is the first.
    """

    kind: ClassVar[str] = "release"
    experiment: Sha
    gate: Sha
    attempt: str
    alpha: Fraction
    note: str = ""
    before: str = ""

    def __str__(self) -> str:
        again = (
            f" It was released before, on {self.before}, and what was watched since then counts on."
            if self.before
            else ""
        )
        return (
            f"`{self.attempt}` is marked for production. While it gains what was claimed, a watch "
            f"withdraws its verdict with a chance of at most {self.alpha:g}.{again}"
        )


class WatchBody(Body):
    """New labelled rows that a released model was scored on, and what all of them say so far.

    Fields:
        release: hash of the release record.
        scored_file: Parquet of the rows of this record: their salted names, times, cases or groups,
            and the losses of baseline and model.
        rows_file: the rows themselves, as later ones need them for their history.
        rows: number of rows in that file.
        rows_so_far: rows since the first release of this attempt, these included.
        units_so_far: what the test counts: rows, whole seasons or groups.
        mean_gain: gain over all rows so far, in the claim's unit: a share of the baseline's loss
            for a relative claim.
        evidence: e-value against the verdict, the greatest so far.
        needed: evidence from which on the verdict is withdrawn, `1 / alpha`.
        outcome: `holds` until the evidence suffices, then `withdrawn` for good.
        sentence: what a product owner reads.
        first, last: times or dates of the rows in this record; empty where there is no time.
        has_numbers: whether these rows came with a number each, `row_id`, by which they are known.
    """

    kind: ClassVar[str] = "watch"
    files: ClassVar[tuple[str, ...]] = ("scored_file", "rows_file")
    release: Sha
    scored_file: Sha
    rows_file: Sha
    rows: Count
    rows_so_far: Count
    units_so_far: int
    mean_gain: float
    evidence: float
    needed: float
    outcome: Literal["holds", "withdrawn"]
    sentence: str
    first: str = ""
    last: str = ""
    has_numbers: bool = False
