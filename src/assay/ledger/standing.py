"""Which experiments and verdicts rest wholly on records that hold, and on files that are there."""

from dataclasses import dataclass, field
from typing import Any

from assay.record import (
    AmendmentBody,
    AnswerBody,
    AttemptBody,
    Body,
    LessonBody,
    RegistrationBody,
    VerdictBody,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What still stands of one experiment.

    Fields:
        project: its key.
        registration: number of its record; `None` where that is gone.
        verdict: number of its verdict; `None` where none was read.
        outcome: of that verdict; empty without one.
        holds: all of its records hold, and all files that they name.
        verdict_holds: its verdict and every record before that hold; `None` without a verdict.
        records: numbers of its records that do not hold.
        files: SHA-256 of its files that are missing or damaged.
    """

    project: str
    registration: int | None
    verdict: int | None
    outcome: str
    holds: bool
    verdict_holds: bool | None
    records: tuple[int, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class _Experiment:
    project: str
    registration: int | None = None
    verdict: int | None = None
    outcome: str = ""
    unsound: set[int] = field(default_factory=set)
    files: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Experiments:
    """Experiments as the records tell of them, also where some records cannot be read.

    Fields:
        by_hash: in the order of their registrations, by the hash of these.
    """

    by_hash: dict[str, _Experiment] = field(default_factory=dict)
    _attempts: dict[str, str] = field(default_factory=dict)
    _latest: dict[str, str] = field(default_factory=dict)

    def add(
        self, row: dict[str, Any], body: Body | dict[str, Any] | None, files: tuple[str, ...]
    ) -> str | None:
        """Take a record in.

        Args:
            row: as stored.
            body: as far as it reads; without it, the record counts to the last experiment of its
                project, since no project has two open ones.
            files: that it names.

        Returns:
            Hash of its experiment; `None` where it belongs to none.
        """
        name = self._experiment_of(row, body)
        if name is None:
            return None
        found = self.by_hash.setdefault(name, _Experiment(str(row["key"])))
        found.files.update(dict.fromkeys(files))
        if isinstance(body, RegistrationBody):
            found.registration = row["sequence"]
            self._latest[str(row["key"])] = name
        elif isinstance(body, VerdictBody):
            found.verdict, found.outcome = row["sequence"], body.outcome
        elif isinstance(body, AttemptBody):
            self._attempts[str(row["hash"])] = name
        return name

    def doubt(self, name: str | None, sequence: int) -> None:
        """Note that a record of an experiment does not hold."""
        if name is not None:
            self.by_hash[name].unsound.add(sequence)

    def standings(self, wrong: set[str]) -> tuple[Standing, ...]:
        """Each experiment as it stands.

        Args:
            wrong: SHA-256 of files that are missing or damaged.
        """
        return tuple(_standing(each, wrong) for each in self.by_hash.values())

    def projects(self, sha: str) -> tuple[str, ...]:
        """Keys of the experiments that name a file."""
        return tuple(
            dict.fromkeys(each.project for each in self.by_hash.values() if sha in each.files)
        )

    def _experiment_of(self, row: dict[str, Any], body: Body | dict[str, Any] | None) -> str | None:
        if isinstance(body, RegistrationBody):
            return str(row["hash"])
        if isinstance(body, AttemptBody | VerdictBody | AmendmentBody | LessonBody):
            return body.experiment
        if isinstance(body, AnswerBody):
            return self._attempts.get(body.attempt, self._latest.get(str(row["key"])))
        return self._latest.get(str(row["key"])) if body is None else None


def _standing(each: _Experiment, wrong: set[str]) -> Standing:
    files = tuple(sha for sha in each.files if sha in wrong)
    before = [one for one in each.unsound if each.verdict is not None and one <= each.verdict]
    is_whole = not each.unsound and each.registration is not None
    return Standing(
        project=each.project,
        registration=each.registration,
        verdict=each.verdict,
        outcome=each.outcome,
        holds=is_whole and not files,
        verdict_holds=None
        if each.verdict is None
        else not (before or files or each.registration is None),
        records=tuple(sorted(each.unsound)),
        files=files,
    )
