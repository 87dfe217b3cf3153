"""Experiments at a glance: the working list of what is open, and the library of what came out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.cli.terminal import COLOURS, aside, console, table

if TYPE_CHECKING:
    from assay.ledger import History, Record


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One experiment, or all that was imported into a project.

    Fields:
        key: of its project.
        asked: its question, or its hypothesis; of what was imported, where it comes from.
        outcome: `open`, `supported`, `refuted`, `inconclusive`, `withdrawn` or `imported`.
        attempts, broke: how many were made, and how many of them broke.
        looks, tries: taken and planned; no tries were planned of what was imported.
        effort: that all attempts took, as far as somebody said.
        lesson: the words of its author, else what was measured; empty while it is open.
        registration: number of its record; `None` for what was imported.
        withdrawn: when and why the verdict was withdrawn after a release; empty while it stands.
    """

    key: str
    asked: str
    outcome: str
    attempts: int
    broke: int
    looks: int
    tries: int | None
    effort: float
    lesson: str
    registration: int | None
    withdrawn: str = ""

    @property
    def is_finished(self) -> bool:
        """Whether its seal is open."""
        return self.outcome not in ("open", "imported")


def entries(history: "History") -> list[Entry]:
    """Every experiment of a ledger, in order of registration, then what was imported."""
    keys = dict.fromkeys(record.key for record in history.imported.values())
    return [
        *(_entry(record, history) for record in history.registrations.values()),
        *(_imported(key, history) for key in keys),
    ]


def _imported(key: str, history: "History") -> Entry:
    from assay.ledger import attempt_of
    from assay.record import ProjectBody

    attempts = [attempt_of(each) for each in history.imported_into(key)]
    project = history.projects[key].body if key in history.projects else None
    source = str((attempts[-1].imported or {}).get("store", ""))
    said = (project.question or project.source) if isinstance(project, ProjectBody) else ""
    return Entry(
        key=key,
        asked=said or source,
        outcome="imported",
        attempts=len(attempts),
        broke=sum(each.broke is not None for each in attempts),
        looks=0,
        tries=None,
        effort=sum((each.effort or 0.0 for each in attempts), 0.0),
        lesson="",
        registration=None,
    )


def _entry(record: "Record", history: "History") -> Entry:
    from assay.cli.watch_table import withdrawn_words
    from assay.ledger import attempt_of, registration_of, verdict_of

    body = registration_of(record)
    attempts = [attempt_of(each) for each in history.attempts.get(record.hash, ())]
    verdict = history.verdicts.get(record.hash)
    withdrawn = withdrawn_words(history.withdrawn_by(record.hash))
    outcome = "open" if verdict is None else verdict_of(verdict).outcome
    if withdrawn:
        outcome = "withdrawn"
    return Entry(
        key=record.key,
        asked=body.question or body.hypothesis,
        outcome=outcome,
        attempts=len(attempts),
        broke=sum(each.broke is not None for each in attempts),
        looks=sum(each.look is not None for each in attempts),
        tries=body.tries,
        effort=sum(each.effort or 0.0 for each in attempts),
        lesson=_lesson(record, history),
        registration=record.sequence,
        withdrawn=withdrawn,
    )


def _lesson(record: "Record", history: "History") -> str:
    from assay.record import LessonBody

    about = [
        each.body
        for each in history.lessons
        if isinstance(each.body, LessonBody) and each.body.experiment == record.hash
    ]
    worded = [body.words for body in about if body.words]
    return worded[-1] if worded else next((body.measured for body in about if body.measured), "")


def show_entries(found: Sequence[Entry], *, is_library: bool, others: int) -> None:
    """A line for each experiment; what is left out is counted on stderr."""
    last = "what was learnt" if is_library else "question"
    numbers = ("attempts", "broke", "looks", "effort")
    shown = table("project", "outcome", *numbers, last, right=numbers, wraps=(last,))
    for entry in found:
        looks = "–" if entry.tries is None else f"{entry.looks} of {entry.tries}"
        cells = [str(entry.attempts), str(entry.broke), looks]
        words = (entry.withdrawn or entry.lesson) if is_library else entry.asked
        style = COLOURS.get(entry.outcome, "")
        shown.add_row(entry.key, entry.outcome, *cells, f"{entry.effort:g}", words, style=style)
    if found:
        console().print(shown)
    else:
        aside("nothing is finished yet" if is_library else "nothing is open")
    if others:
        where = "open: `assay ledger ls`" if is_library else "in the library: `--library`"
        aside(f"{others} more {where}")
