"""What the records add up to: experiments with their attempts, answers and verdicts."""

from collections import defaultdict
from dataclasses import dataclass, field

from assay.ledger.chain import Record
from assay.ledger.ledger import Ledger
from assay.record import (
    AnswerBody,
    AttemptBody,
    LessonBody,
    ProjectBody,
    RegistrationBody,
    VerdictBody,
)


@dataclass
class History:
    """A view of the ledger, brought up to date by reading only what is new.

    Fields:
        ledger: where the records stand.
        projects: latest record of each project, by key, in order of first appearance.
        registrations: by hash, in order.
        attempts: attempts of each registration, in order.
        answers: by hash of the attempt.
        verdicts: by hash of the registration.
        lessons: in order.
        last: sequence number read so far.
    """

    ledger: Ledger
    projects: dict[str, Record] = field(default_factory=dict)
    registrations: dict[str, Record] = field(default_factory=dict)
    attempts: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, AnswerBody] = field(default_factory=dict)
    verdicts: dict[str, Record] = field(default_factory=dict)
    lessons: list[Record] = field(default_factory=list)
    last: int = 0

    def refresh(self) -> "History":
        """Read the records that came since the last call.

        Raises:
            LedgerError: a record cannot be read.
        """
        for record in self.ledger.records(after=self.last):
            self._add(record)
            self.last = record.sequence
        return self

    def experiments(self, project: str) -> list[Record]:
        """Registrations of one project, in order."""
        return [record for record in self.registrations.values() if record.key == project]

    def sharing(self, registration: Record) -> list[Record]:
        """Registrations whose sealed rows hang together with these, directly or by others.

        The one that was asked about is among them.
        """
        by_sequence = {record.sequence: record for record in self.registrations.values()}
        links: dict[int, set[int]] = defaultdict(set)
        for record in self.registrations.values():
            for other in registration_of(record).overlaps:
                links[record.sequence].add(other)
                links[other].add(record.sequence)
        found, ahead = {registration.sequence}, [registration.sequence]
        while ahead:
            ahead = [other for one in ahead for other in links[one] if other not in found]
            found.update(ahead)
        return [by_sequence[sequence] for sequence in sorted(found)]

    def looks(self, registrations: list[Record]) -> int:
        """How many looks were taken by any of these."""
        return sum(
            attempt_of(attempt).look is not None
            for registration in registrations
            for attempt in self.attempts[registration.hash]
        )

    def _add(self, record: Record) -> None:
        body = record.body
        if isinstance(body, ProjectBody):
            self.projects[record.key] = record
        elif isinstance(body, RegistrationBody):
            self.registrations[record.hash] = record
        elif isinstance(body, AttemptBody):
            self.attempts[body.experiment].append(record)
        elif isinstance(body, AnswerBody):
            self.answers[body.attempt] = body
        elif isinstance(body, VerdictBody):
            self.verdicts[body.experiment] = record
        elif isinstance(body, LessonBody):
            self.lessons.append(record)


def registration_of(record: Record) -> RegistrationBody:
    """The body of a registration record."""
    if not isinstance(record.body, RegistrationBody):
        raise TypeError(f"record {record.sequence} is a {record.kind}, not a registration")
    return record.body


def attempt_of(record: Record) -> AttemptBody:
    """The body of an attempt record."""
    if not isinstance(record.body, AttemptBody):
        raise TypeError(f"record {record.sequence} is a {record.kind}, not an attempt")
    return record.body


def verdict_of(record: Record) -> VerdictBody:
    """The body of a verdict record."""
    if not isinstance(record.body, VerdictBody):
        raise TypeError(f"record {record.sequence} is a {record.kind}, not a verdict")
    return record.body
