"""What the records add up to: experiments with their attempts, answers and verdicts."""

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from assay.ledger.chain import Head, Record, end_at
from assay.ledger.ledger import Ledger
from assay.record import (
    AmendmentBody,
    AnswerBody,
    AttemptBody,
    LessonBody,
    ProjectBody,
    RegistrationBody,
    VerdictBody,
    sha_of,
)


@dataclass(eq=False)
class History:
    """A view of the ledger, brought up to date by reading only what is new.

    Fields:
        ledger: where the records stand.
        projects: latest record of each project, by key, in order of first appearance.
        registrations: by hash, in order; their bodies as amended.
        attempts: attempts of each registration, in order.
        answers: by hash of the attempt.
        verdicts: by hash of the registration.
        lessons: in order.
        amendments: of each registration, in order.
        last: sequence number read so far.
    """

    ledger: Ledger
    projects: dict[str, Record] = field(default_factory=dict)
    registrations: dict[str, Record] = field(default_factory=dict)
    attempts: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, AnswerBody] = field(default_factory=dict)
    verdicts: dict[str, Record] = field(default_factory=dict)
    lessons: list[Record] = field(default_factory=list)
    amendments: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    last: int = 0
    _head: Head = field(default_factory=Head)
    # A program may take thousands of looks, and each asks for these.
    _named: dict[tuple[str, str], Record] = field(default_factory=dict)
    _looks: dict[str, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _taken: Counter[str] = field(default_factory=Counter)
    _sealed: dict[int, Record] = field(default_factory=dict)
    _links: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def refresh(self) -> "History":
        """Read the records that came since the last call.

        Raises:
            LedgerError: a record cannot be read, or the chain breaks.
        """
        with self._lock:
            # What a transaction showed may have been rolled back since, and its numbers used anew.
            if self.last and self.ledger.hash_of(self.last) != self._head.hash:
                self.forget()
            for record in self.ledger.chained(self._head):
                self._add(record)
                self.last, self._head = record.sequence, end_at(record)
        return self

    def forget(self) -> None:
        """Begin anew: what was read within a transaction may have been rolled back since."""
        with self._lock:
            empty = vars(History(self.ledger))
            vars(self).update({name: empty[name] for name in empty if name != "_lock"})

    def experiments(self, project: str) -> list[Record]:
        """Registrations of one project, in order."""
        return [record for record in self.registrations.values() if record.key == project]

    def overlapping(self, registration: Record) -> list[Record]:
        """Registrations that sealed any of the same rows, this one included, in order."""
        found = {registration.sequence, *self._links[registration.sequence]}
        return [self._sealed[sequence] for sequence in sorted(found)]

    def sharing(self, registration: Record) -> list[Record]:
        """Registrations whose sealed rows hang together with these, directly or by others.

        The one that was asked about is among them.
        """
        found, ahead = {registration.sequence}, {registration.sequence}
        while ahead:
            ahead = {other for one in ahead for other in self._links[one]} - found
            found |= ahead
        return [self._sealed[sequence] for sequence in sorted(found)]

    def looks(self, registrations: list[Record]) -> int:
        """How many looks were taken by any of these."""
        return sum(self._taken[registration.hash] for registration in registrations)

    def attempt(self, registration: Record, name: str) -> Record | None:
        """The attempt of this name, if one was made."""
        return self._named.get((registration.hash, name))

    def look_at(self, registration: Record, predictions: str) -> Record | None:
        """The look that these very predictions took, known by their SHA-256."""
        return self._looks[registration.hash].get(predictions)

    def _add(self, record: Record) -> None:
        body = record.body
        if isinstance(body, ProjectBody):
            self.projects[record.key] = record
        elif isinstance(body, RegistrationBody):
            self._add_registration(record, body)
        elif isinstance(body, AttemptBody):
            self._add_attempt(record, body)
        elif isinstance(body, AnswerBody):
            self.answers[body.attempt] = body
        elif isinstance(body, VerdictBody):
            self.verdicts[body.experiment] = record
        elif isinstance(body, LessonBody):
            self.lessons.append(record)
        elif isinstance(body, AmendmentBody):
            self._add_amendment(record, body)

    def _add_registration(self, record: Record, body: RegistrationBody) -> None:
        self.registrations[record.hash] = record
        self._sealed[record.sequence] = record
        for other in body.overlaps:
            self._links[record.sequence].add(other)
            self._links[other].add(record.sequence)

    def _add_amendment(self, record: Record, body: AmendmentBody) -> None:
        self.amendments[body.experiment].append(record)
        known = self.registrations[body.experiment]
        now = replace(known, body=amended(registration_of(known), body))
        self.registrations[body.experiment] = self._sealed[known.sequence] = now

    def _add_attempt(self, record: Record, body: AttemptBody) -> None:
        self.attempts[body.experiment].append(record)
        self._named.setdefault((body.experiment, body.name), record)
        if body.look is not None:
            self._taken[body.experiment] += 1
            self._looks[body.experiment].setdefault(str(body.predictions), record)


def amended(body: RegistrationBody, amendment: AmendmentBody) -> RegistrationBody:
    """What is registered once an amendment is taken into account."""
    after = {name: pair[1] for name, pair in amendment.changes.items()}
    spec = {**body.spec, **after}
    return body.model_copy(update={**after, "spec": spec, "spec_sha": sha_of(spec)})


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
