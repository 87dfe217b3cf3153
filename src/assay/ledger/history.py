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
    GateBody,
    LessonBody,
    ProjectBody,
    RegistrationBody,
    ReleaseBody,
    VerdictBody,
    WatchBody,
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
        units: for each project, the units that its attempts' efforts were recorded in, and how
            many of each are a person-day.
        imported: latest record of each attempt that was imported, by its source, in order of
            first appearance.
        answers: by hash of the attempt.
        verdicts: by hash of the registration.
        lessons: in order.
        amendments: of each registration, in order.
        gates: of each registration, by its hash, in order.
        releases: the last of each registration, by its hash.
        watches: of each registration, by its hash, in order.
        last: sequence number read so far.
    """

    ledger: Ledger
    projects: dict[str, Record] = field(default_factory=dict)
    registrations: dict[str, Record] = field(default_factory=dict)
    attempts: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    units: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    imported: dict[str, Record] = field(default_factory=dict)
    answers: dict[str, AnswerBody] = field(default_factory=dict)
    verdicts: dict[str, Record] = field(default_factory=dict)
    lessons: list[Record] = field(default_factory=list)
    amendments: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    gates: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    releases: dict[str, Record] = field(default_factory=dict)
    watches: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    last: int = 0
    _head: Head = field(default_factory=Head)
    # A program may take thousands of looks, and each asks for these.
    _named: dict[tuple[str, str], Record] = field(default_factory=dict)
    _looks: dict[str, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _taken: Counter[str] = field(default_factory=Counter)
    _sealed: dict[int, Record] = field(default_factory=dict)
    _links: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    _released: dict[str, ReleaseBody] = field(default_factory=dict)
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

    def imported_into(self, project: str) -> list[Record]:
        """Imported attempts of one project, in the order in which they were started."""
        found = [record for record in self.imported.values() if record.key == project]
        return sorted(found, key=_made_at)

    def made_for(self, project: str) -> list[Record]:
        """All attempts of one project, imported ones too, in the order in which they were made."""
        experiments = self.experiments(project)
        registered = [record for each in experiments for record in self.attempts[each.hash]]
        return sorted([*registered, *self.imported_into(project)], key=_made_at)

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

    def withdrawal(self, registration: str) -> WatchBody | None:
        """What withdrew the verdict of a registration, for good; `None` if it stands."""
        found = self.withdrawn_by(registration)
        return None if found is None else watch_of(found)

    def withdrawn_by(self, registration: str) -> Record | None:
        """The record of what withdrew the verdict of a registration."""
        seen = self.watches.get(registration, [])
        return next((each for each in seen if watch_of(each).outcome == "withdrawn"), None)

    def released_as(self, watch: WatchBody) -> ReleaseBody:
        """The release that a watch belongs to."""
        return self._released[watch.release]

    def first_release(self, registration: str) -> ReleaseBody | None:
        """The first release of a registration, which fixes the alpha of every watch over it.

        Otherwise a verdict about to be withdrawn could be released again with a higher bar.
        """
        made = self._released.values()
        return next((each for each in made if each.experiment == registration), None)

    def watched(self, registration: str, attempt: str) -> list[Record]:
        """What was watched of one attempt, under whichever release, in order.

        A second release starts no second count: it would wipe out what the first one showed.
        """
        return [
            each
            for each in self.watches.get(registration, [])
            if self._released[watch_of(each).release].attempt == attempt
        ]

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
        elif isinstance(body, GateBody):
            self.gates[body.experiment].append(record)
        elif isinstance(body, ReleaseBody):
            self.releases[body.experiment] = record
            self._released[record.hash] = body
        elif isinstance(body, WatchBody):
            self.watches[self._released[body.release].experiment].append(record)

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
        if body.imported is not None:
            self.imported[body.imported["source"]] = record
        registered = self.registrations.get(body.experiment or "")
        self._add_unit(record.key if registered is None else registered.key, body)
        if body.experiment is None:
            return
        self.attempts[body.experiment].append(record)
        self._named.setdefault((body.experiment, body.name), record)
        if body.look is not None:
            self._taken[body.experiment] += 1
            self._looks[body.experiment].setdefault(str(body.predictions), record)

    def _add_unit(self, project: str, body: AttemptBody) -> None:
        known = self.projects.get(project)
        if body.effort is not None and known is not None and isinstance(known.body, ProjectBody):
            self.units[project][known.body.effort_unit] = known.body.effort_per_person_day


def amended(body: RegistrationBody, amendment: AmendmentBody) -> RegistrationBody:
    """What is registered once an amendment is taken into account."""
    after = {name: pair[1] for name, pair in amendment.changes.items()}
    spec = {**body.spec, **after}
    return body.model_copy(update={**after, "spec": spec, "spec_sha": sha_of(spec)})


def _made_at(attempt: Record) -> str:
    """When an attempt was made: UTC with microseconds; of an imported one when it was started."""
    imported = attempt_of(attempt).imported or {}
    return str(imported.get("started") or attempt.at)


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


def watch_of(record: Record) -> WatchBody:
    """The body of a watch record."""
    if not isinstance(record.body, WatchBody):
        raise TypeError(f"record {record.sequence} is a {record.kind}, not a watch")
    return record.body


def verdict_of(record: Record) -> VerdictBody:
    """The body of a verdict record."""
    if not isinstance(record.body, VerdictBody):
        raise TypeError(f"record {record.sequence} is a {record.kind}, not a verdict")
    return record.body
