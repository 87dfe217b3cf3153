"""Lessons: words about what was measured, and what others learnt about the like before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assay.errors import ExperimentError, nearest
from assay.ledger import History, Ledger, Record, attempt_of
from assay.ledger.search import words_of
from assay.record import LessonBody, RegistrationBody

LEAST_SHARED = 2
"""Words that a record must share with a question before it is offered unasked."""

CANDIDATES = 60

# Words that say nothing of what a question is about.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about after all an and any are as at be been before better by can could did do "
        "does each every for from good had has have how if in into is it its least lower "
        "lowers many may mean model models more most much must no not of on one only or other "
        "our out per should so some such than that the their them then there these they this "
        "those through to under was we were what when where which who will with within "
        "without would worse you your",
    )
)


@dataclass(frozen=True)
class Lesson:
    """What an author adds to what was measured; fields as in `Experiment.learn`."""

    words: str
    attempt: str | None = None
    reason: str | None = None
    assumption: str = ""
    reopen: str = ""
    supports: Sequence[str] = ()
    contradicts: Sequence[str] = ()


def lesson_body(lesson: Lesson, registration: Record, history: History) -> LessonBody:
    """A lesson as it is recorded.

    Raises:
        ExperimentError: there are no words, no such attempt, or no such experiment.
        LedgerError: no such reason.
    """
    where = f'experiment "{registration.key}"'
    if not lesson.words.strip():
        raise ExperimentError(f"{where}: the lesson is empty. Say what was learnt.")
    if lesson.attempt is not None and history.attempt(registration, lesson.attempt) is None:
        made = [attempt_of(each).name for each in history.attempts[registration.hash]]
        raise ExperimentError(
            f'{where}: no attempt is called "{lesson.attempt}". {nearest(lesson.attempt, made)}'
        )
    return LessonBody(
        experiment=registration.hash,
        project=registration.key,
        words=lesson.words.strip(),
        attempt=lesson.attempt,
        reason=lesson.reason,  # pyright: ignore[reportArgumentType] - checked by the body
        assumption=lesson.assumption.strip(),
        reopen=lesson.reopen.strip(),
        supports=tuple(_linked(key, history, where) for key in lesson.supports),
        contradicts=tuple(_linked(key, history, where) for key in lesson.contradicts),
    )


def _linked(key: str, history: History, where: str) -> str:
    """Hash of the latest registration of another project."""
    if where == f'experiment "{key}"':
        raise ExperimentError(f"{where}: a lesson is linked to other experiments, not to its own.")
    found = history.experiments(key)
    if not found:
        known = dict.fromkeys(each.key for each in history.registrations.values())
        raise ExperimentError(
            f'{where}: no experiment "{key}" is registered in this ledger. {nearest(key, known)}'
        )
    return found[-1].hash


def similar(asked: RegistrationBody, ledger: Ledger, *, limit: int) -> list[Record]:
    """Records of other projects that share telling words with a question, the nearest first.

    Args:
        asked: the question.
        ledger: where to look.
        limit: most records wanted, one for each project and kind.
    """
    words = _words(f"{asked.question} {asked.hypothesis}")
    found: dict[tuple[str, str], Record] = {}
    for record in ledger.search(" ".join(sorted(words)), limit=CANDIDATES):
        shared = _stems(words) & _stems(_words(words_of(record.body)))
        is_other = record.key != asked.project and record.kind != "attempt"
        if is_other and len(shared) >= LEAST_SHARED:
            found.setdefault((record.key, record.kind), record)
    return list(found.values())[:limit]


def _words(text: str) -> set[str]:
    """Its words without those that every question has."""
    return set(re.findall(r"[^\W\d_]{3,}", text.lower())) - _COMMON


def _stems(words: set[str]) -> set[str]:
    """Words cut so that most forms of one word agree, as in `delivery` and `deliveries`."""
    return {word[:6] for word in words}
