"""The gate before production: every part is shown, and one that does not hold keeps it shut."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from assay.errors import ExperimentError, nearest
from assay.experiment.explanation import explain
from assay.experiment.gate.calibration import calibration
from assay.experiment.gate.candidate import Candidate
from assay.experiment.gate.gap import gap
from assay.experiment.gate.lookahead import OnDisk, lookahead
from assay.experiment.gate.part import Part, untold
from assay.experiment.gate.segments import segments
from assay.experiment.gate.stability import stability
from assay.experiment.gate.tries import tries
from assay.experiment.provenance import code_version
from assay.record import ACCEPTABLE, GATE_PARTS, GateBody


def examine(
    candidate: Candidate,
    *,
    experiment: str,
    on_disk: OnDisk | None = None,
    accept: Mapping[str, str] | None = None,
    told: Callable[[Part], None] = lambda part: None,
) -> GateBody:
    """Look at a supported attempt part by part.

    Args:
        candidate: the attempt.
        experiment: hash of its registration.
        on_disk: what made its model; `None` where no file did.
        accept: parts that somebody takes responsibility for, each with the reason.
        told: is given each part as it is found.

    Raises:
        ExperimentError: a part that nobody may accept, or a reason that says nothing.
    """
    accepted = accept or {}
    refuse_unacceptable(accepted)
    explanation: dict[str, Any] = {}
    parts = []
    for part in _parts(candidate, on_disk, explanation):
        parts.append(_accepted(part, accepted))
        told(parts[-1])
    return GateBody(
        experiment=experiment,
        attempt=candidate.attempt.name,
        passed=all(part.passes for part in parts),
        parts=tuple(part.as_record() for part in parts),
        explanation=explanation,
        model=candidate.attempt.model,
        code=code_version(candidate.task.folder),
    )


def refuse_unacceptable(accept: Mapping[str, str]) -> None:
    """Refuse to accept what says that a promise of the model is false.

    Raises:
        ExperimentError: names the part, or what may be accepted.
    """
    for name, reason in accept.items():
        if name not in GATE_PARTS:
            raise ExperimentError(f"gate: no part is called `{name}`. {nearest(name, GATE_PARTS)}")
        if name not in ACCEPTABLE:
            may = f"{', '.join(ACCEPTABLE[:-1])} and {ACCEPTABLE[-1]}"
            raise ExperimentError(
                f"gate: `{name}` cannot be accepted: where it does not hold, the model does not do "
                f"what it was supported for; {may} may be, with a reason."
            )
        if not reason.strip():
            raise ExperimentError(f"gate: `{name}` is accepted without a reason. Say why.")


def _parts(
    candidate: Candidate, on_disk: OnDisk | None, explanation: dict[str, Any]
) -> Iterator[Part]:
    yield gap(candidate)
    yield calibration(candidate)
    yield stability(candidate)
    yield segments(candidate)
    yield lookahead(candidate, on_disk)
    yield _explained(candidate, explanation)
    yield tries(candidate)


def _explained(candidate: Candidate, explanation: dict[str, Any]) -> Part:
    """The explanation as a part; what pictures need of it goes into `explanation`."""
    if candidate.model is None:
        return untold(
            "explanation",
            "Only a file of predictions was judged, so nobody can ask what drives them.",
            "Offer the model instead of a file.",
        )
    found = explain(candidate.judge, candidate.fitted, candidate.predictive, seed=candidate.seed)
    explanation.update(found.as_record())
    outcome = {True: "holds", False: "does not hold", None: "cannot be told"}[found.holds]
    return Part(
        name="explanation",
        outcome=outcome,  # pyright: ignore[reportArgumentType]
        finding=found.finding,
        remedy="" if found.holds else found.remedy,
    )


def _accepted(part: Part, accept: Mapping[str, str]) -> Part:
    reason = accept.get(part.name)
    if reason is None or part.outcome == "holds":
        return part
    if part.name == "look-ahead" and part.outcome == "does not hold":
        return part  # it was seen to look ahead, and nobody can answer for that
    finding = f"{part.finding} Accepted: {reason.strip().rstrip('.')}."
    return replace(part, outcome="accepted", finding=finding, remedy="")
