"""From a supported verdict to production: what the gate is shown, and the mark of release."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assay.errors import ExperimentError, LockedError
from assay.experiment.gate import Candidate, OnDisk, Part, examine, refuse_unacceptable
from assay.experiment.judging import Judge, stored
from assay.experiment.recipe import model_text
from assay.experiment.task import Fittable, SealedTask
from assay.ledger import History, Ledger, Record, attempt_of, registration_of, verdict_of, watch_of
from assay.record import PASSING, AttemptBody, GateBody, ReleaseBody

ALPHA = 0.05
"""Chance that a watch withdraws a verdict wrongly, where nobody chooses another."""


@dataclass(frozen=True, eq=False)
class Production:
    """One experiment on its way to production.

    Fields:
        registration: its record.
        judge: makes the judge of its sealed rows.
        task: problem and split.
        ledger: where everything is recorded.
        history: of the ledger.
    """

    registration: Record
    judge: Callable[[], Judge]
    task: SealedTask
    ledger: Ledger
    history: History

    @property
    def supported(self) -> Record:
        """The attempt that the verdict supports.

        Raises:
            ExperimentError: there is no such verdict, or it was withdrawn.
        """
        key = self.registration.key
        found = self.history.refresh().verdicts.get(self.registration.hash)
        if found is None:
            raise ExperimentError(
                f'experiment "{key}": its seal is closed. Only a supported model may go to '
                "production: `assay attempt`, `assay close`."
            )
        verdict = verdict_of(found)
        if verdict.outcome != "supported":
            raise ExperimentError(
                f'experiment "{key}": its verdict is {verdict.outcome}. Only a supported model may '
                "go to production."
            )
        self._refuse_withdrawn()
        made = self.history.attempts[self.registration.hash]
        return next(each for each in made if attempt_of(each).look == verdict.at_look)

    def gate(
        self,
        model: Fittable | None,
        *,
        on_disk: OnDisk | None = None,
        accept: Mapping[str, str] | None = None,
        told: Callable[[Part], None] = lambda part: None,
    ) -> GateBody:
        """Look at the supported attempt part by part, and record what was found.

        Args:
            model: what was attempted, not fitted; `None` for a file of predictions.
            on_disk: what made the model; `None` where no file did.
            accept: parts that somebody takes responsibility for, each with the reason.
            told: is given each part as it is found.

        Raises:
            ExperimentError: there is no supported attempt, or a part may not be accepted.
        """
        refuse_unacceptable(accept or {})
        attempt = attempt_of(self.supported)
        if model is not None and model_text(model) != attempt.model:
            raise ExperimentError(
                f'experiment "{self.registration.key}": `{attempt.name}` was {attempt.model}, and '
                f"this model is {model_text(model)}. Give the one that was judged."
            )
        if self.task.is_locked:
            raise LockedError(
                f'experiment "{self.registration.key}": the sealed targets lie in a vault, and a '
                "gate compares with them: --key-file names its key."
            )
        body = examine(
            self._candidate(attempt, model),
            experiment=self.registration.hash,
            on_disk=on_disk,
            accept=accept,
            told=told,
        )
        self.ledger.append(body, key=self.registration.key)
        return body

    def release(self, *, alpha: float | None = None, note: str = "") -> ReleaseBody:
        """Mark the supported attempt for production.

        Args:
            alpha: chance that a watch withdraws a verdict while from any day on the mean gain is at
                least the one claimed; by default that of the first release, or 0.05.
            note: words for the ledger.

        Raises:
            ExperimentError: its last gate is missing or did not pass, or it was released before
                with another alpha.
        """
        name = attempt_of(self.supported).name
        with self.ledger.transaction():
            self.history.refresh()
            gate = next(reversed(self._gates()), None)
            body = None if gate is None else gate_of(gate)
            if gate is None or body is None or body.attempt != name:
                raise ExperimentError(
                    f'experiment "{self.registration.key}": `{name}` has been through no gate yet. '
                    "Nothing slips into production: `assay gate` first."
                )
            if not body.passed:
                shut = [part["name"] for part in body.parts if part["outcome"] not in PASSING]
                raise ExperimentError(
                    f'experiment "{self.registration.key}": `{name}` did not pass its gate '
                    f"({', '.join(shut)}). Mend that; the gate says how."
                )
            before = self.history.releases.get(self.registration.hash)
            release = ReleaseBody(
                experiment=self.registration.hash,
                gate=gate.hash,
                attempt=name,
                alpha=self._alpha(alpha),
                note=note,
                before="" if before is None else before.at[:10],
            )
            self.ledger.append(release, key=self.registration.key)
        return release

    def _alpha(self, asked: float | None) -> float:
        """The alpha of the first release: what was seen since must not choose another."""
        first = self.history.first_release(self.registration.hash)
        fixed = asked if first is None else first.alpha
        if asked is not None and asked != fixed:
            raise ExperimentError(
                f'experiment "{self.registration.key}": alpha is {asked:g}, and it was first '
                f"released with {fixed:g}. That alpha stands for every later release, whatever was "
                "seen since: leave --alpha out."
            )
        return ALPHA if fixed is None else fixed

    def _candidate(self, attempt: AttemptBody, model: Fittable | None) -> Candidate:
        content = self.ledger.read_file(str(attempt.predictions))
        sharing = self.history.sharing(self.registration)
        return Candidate(
            judge=self.judge(),
            registration=registration_of(self.history.registrations[self.registration.hash]),
            attempt=attempt,
            verdict=verdict_of(self.history.verdicts[self.registration.hash]),
            predictive=stored(content, self.task),
            model=model,
            looks=self.history.looks(sharing),
            amendments=len(self.history.amendments.get(self.registration.hash, ())),
            shut=sum(not gate_of(each).passed for each in self._gates()),
        )

    def _gates(self) -> list[Record]:
        return self.history.gates.get(self.registration.hash, [])

    def _refuse_withdrawn(self) -> None:
        found = self.history.withdrawn_by(self.registration.hash)
        if found is not None:
            why = watch_of(found).sentence.removeprefix("Withdrawn: ")
            raise ExperimentError(
                f'experiment "{self.registration.key}": its verdict was withdrawn on '
                f"{found.at[:10]}: {why}"
            )


def gate_of(record: Record) -> GateBody:
    """The body of a gate record."""
    if not isinstance(record.body, GateBody):
        raise TypeError(f"record {record.sequence} is a {record.kind}, not a gate")
    return record.body
