"""Where each project stands, from what the ledger holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assay.ledger import History, Record
    from assay.record import Project


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One attempt and what it got.

    Fields:
        name, stage: as recorded.
        effort: in the portfolio's unit; `None` where nobody said.
        look: number of the look; `None` where none was spent.
        answer: `supported`, `not yet`, `broke`, or empty where no answer was recorded.
        broke: what went wrong, if it broke.
    """

    name: str
    stage: str
    effort: float | None
    look: int | None
    answer: str
    broke: str | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One project, from its question to its verdict.

    Fields:
        key, question: of the project.
        outcome: `supported`, `refuted`, `inconclusive`, `withdrawn` (its verdict, after a
            release), `open`, `refused`, `failed` (its data or an attempt cannot be used),
            `not registered` or `idea`.
        tries: looks planned; `None` before registration.
        attempts: in order.
        sentence: the verdict's, or why there is none.
        planned: attempts that `assay.toml` plans.
        is_simulated: whether its data are made up, with a known truth.
        is_withdrawn: whether its verdict was withdrawn after a release.
    """

    key: str
    question: str
    outcome: str
    tries: int | None
    attempts: tuple[Tried, ...]
    sentence: str
    planned: int = 0
    is_simulated: bool = False
    is_withdrawn: bool = False

    @property
    def effort(self) -> float:
        """What all attempts took together, as far as somebody said."""
        return sum((tried.effort or 0.0 for tried in self.attempts), 0.0)

    @property
    def holds(self) -> bool:
        """Whether nothing that was to be shown is left unshown: what `--check` asks."""
        if self.is_withdrawn:
            return False
        return self.outcome == "supported" or (self.planned == 0 and not self.attempts)


def standing(
    project: "Project", history: "History", *, stopped: tuple[str, str] | None = None
) -> Standing:
    """Where a project stands.

    Args:
        project: as `assay.toml` has it.
        history: up to date.
        stopped: `refused` or `failed`, and why, if it was stopped just now.
    """
    facts = {
        "key": project.key,
        "question": project.question,
        "planned": len(project.attempts),
        "is_simulated": project.simulated,
    }
    found = history.experiments(project.key)
    if found:
        facts |= _of_experiment(found[-1], history)
    else:
        facts |= {"tries": None, "attempts": (), **_without_experiment(project, history)}
    if stopped is not None:
        facts |= {"outcome": stopped[0], "sentence": stopped[1]}
    return Standing(**facts)


def _without_experiment(project: "Project", history: "History") -> dict[str, Any]:
    number = len(history.imported_into(project.key))
    if project.data is None and number:
        plural = "" if number == 1 else "s"
        sentence = f"No data yet: planned by {number} imported attempt{plural}."
        return {"outcome": "idea", "sentence": sentence}
    if project.data is None:
        return {"outcome": "idea", "sentence": "No data yet: planned by its belief or curve."}
    return {"outcome": "not registered", "sentence": "`assay register` comes first."}


def _of_experiment(registration: "Record", history: "History") -> dict[str, Any]:
    from assay.cli.watch_table import withdrawn_words
    from assay.ledger import registration_of, verdict_of

    tries = registration_of(registration).tries
    attempts = tuple(
        _tried(record, history) for record in history.attempts.get(registration.hash, ())
    )
    verdict = history.verdicts.get(registration.hash)
    withdrawn = withdrawn_words(history.withdrawn_by(registration.hash))
    if verdict is not None:
        outcome = "withdrawn" if withdrawn else verdict_of(verdict).outcome
        sentence = withdrawn or verdict_of(verdict).sentence
    else:
        looks = sum(tried.look is not None for tried in attempts)
        outcome, sentence = "open", f"{looks} of {tries} planned looks taken; the seal is closed."
    return {
        "outcome": outcome,
        "tries": tries,
        "attempts": attempts,
        "sentence": sentence,
        "is_withdrawn": bool(withdrawn),
    }


def _tried(record: "Record", history: "History") -> Tried:
    from assay.ledger import attempt_of

    body = attempt_of(record)
    answer = history.answers.get(record.hash)
    text = "broke" if body.broke is not None else answer.answer if answer is not None else ""
    return Tried(
        name=body.name,
        stage=body.stage or "",
        effort=body.effort,
        look=body.look,
        answer=text,
        broke=body.broke,
    )
