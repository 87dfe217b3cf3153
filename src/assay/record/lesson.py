"""Words about an experiment: what was learnt from it, and what was changed of it afterwards."""

from typing import Any, ClassVar, Literal, get_args

from pydantic import model_validator

from assay.record.body_base import Body, Sha, Words

Reason = Literal["data-missing", "data-quality", "different-trend", "model", "effort", "broken"]
"""Why something did not work, in one word that can be counted."""

REASONS: tuple[str, ...] = get_args(Reason)


class LessonBody(Body):
    """What was learnt: the measured half by Assay, the words by the author.

    Fields:
        experiment: hash of the registration record, or `None` where `project` is given.
        measured: "expected ..., saw ...".
        findings: the same for each attempt, with what its author believed.
        words: added afterwards: why it came out so.
        attempt: name of the attempt that it is about, `None` for the experiment as a whole.
        reason: why it did not work, one of `REASONS`.
        assumption: what was assumed and did not hold.
        reopen: what would make it worth another try.
        supports, contradicts: hashes of the registrations that this bears on.
    """

    kind: ClassVar[str] = "lesson"
    experiment: Sha | None = None
    project: str | None = None
    measured: str | None = None
    findings: Words = ()
    words: str | None = None
    attempt: str | None = None
    reason: Reason | None = None
    assumption: str = ""
    reopen: str = ""
    supports: Words = ()
    contradicts: Words = ()

    @model_validator(mode="after")
    def _says_something_about_something(self) -> "LessonBody":
        if self.experiment is None and self.project is None:
            raise ValueError("must name the experiment or the project that it is about.")
        if not (self.measured or self.words):
            raise ValueError("is empty, must hold measured or words.")
        return self


class AmendmentBody(Body):
    """A registered key that was changed afterwards, said openly.

    Fields:
        experiment: hash of the registration record.
        changes: for each key `[before, after]`.
        reason: why.
        seen: what was known of the results at that moment.
        looks: looks taken at the rows until then.
        spent: alpha that these spent; what is left of it is spread over the tries anew.
    """

    kind: ClassVar[str] = "amendment"
    experiment: Sha
    changes: dict[str, Any]
    reason: str
    seen: str
    looks: int = 0
    spent: float = 0.0
