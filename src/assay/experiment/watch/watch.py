"""The watch over a released verdict: refusals, scoring, evidence, and one record for each batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from assay.errors import ExperimentError, LockedError
from assay.experiment.claiming import registered_claim
from assay.experiment.judging import Judge, stored
from assay.experiment.recipe import model_text
from assay.experiment.task import Fittable, SealedTask
from assay.experiment.watch.evidence import Evidence, test_of
from assay.experiment.watch.joining import joined, watch_task
from assay.experiment.watch.rows import NewRows, new_rows
from assay.experiment.watch.scored import Scored, scored, scored_before
from assay.experiment.watch.scoring import of_baseline, of_file, of_model, released_model
from assay.experiment.watch.standing import Watched
from assay.experiment.watch.words import body_of, least_of, outcome_sentence
from assay.ledger import History, Ledger, Record, attempt_of, registration_of, watch_of
from assay.predictive import AbstractPredictive
from assay.record import AttemptBody, RegistrationBody, ReleaseBody

EVERY_ROW = (
    "It takes all rows since the release to be given, or a part that chance alone chose: whoever "
    "leaves out bad rows, or whose bad rows never get a target, watches something else."
)

WORD = "Rests on the author's word that the predictions were made before their targets were known."


@dataclass(frozen=True, eq=False)
class Watch:
    """One released experiment under watch.

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

    def standing(self) -> Watched:
        """How the verdict stands; nothing is recorded.

        Raises:
            ExperimentError: nothing was released.
            LockedError: the sealed targets are needed and lie in a vault.
        """
        release, body = self._release()
        return self._watched(release, body, self._past(body), rows=0, notes=())

    def look(
        self,
        rows: Any,
        *,
        model: Fittable | None = None,
        offered: Mapping[str, Fittable] = MappingProxyType({}),
        predictions: Any = None,
        baseline: Any = None,
    ) -> Watched:
        """Score new rows, and withdraw the verdict where all rows together suffice for that.

        Args:
            rows: whatever `assay.frame.read` takes, with the columns of the registered table.
            model: what was attempted, not fitted; by default the one in `offered`, or else what
                `assay.toml` plans.
            offered: models that were attempted before in this session, by their text.
            predictions: instead, a path or a table with a prediction for each row.
            baseline: likewise of the baseline, where that is a file.

        Raises:
            ExperimentError: nothing was released, the verdict was withdrawn, there is no model to
                ask, `model` is another one, or somebody else recorded a watch meanwhile.
            DataError: rows that cannot be scored; says which and why.
            PredictionsError: predictions that cannot be scored, or of another model.
            LockedError: the sealed targets are needed and lie in a vault.
        """
        release, body = self._release()
        self._refuse_withdrawn()
        if model is not None:
            self._refuse_another(model, self._attempt(body))
        if self._terms.test != "independent":
            self._refuse_locked()
        past = self._past(body)
        given = new_rows(rows, self.task, past, salt=self.ledger.salt)
        if not given.fresh.size:
            return self._watched(release, body, past, rows=0, notes=given.notes)
        new = self._scored(
            given, past, body, model or self._known(body, offered), predictions, baseline
        )
        every = past.followed_by(new)
        files = (self.ledger.put(new.files()[0]), self.ledger.put(new.files()[1]))
        found = self._evidence(every, body)
        record = body_of(release.hash, self._terms, body, new, found, files)
        with self.ledger.transaction():
            self._refuse_overtaken(release, body, past)
            self.ledger.append(record, key=self.registration.key)
        notes = given.notes if predictions is None else (*given.notes, WORD)
        return self._watched(release, body, every, rows=new.count, notes=notes)

    @property
    def _key(self) -> str:
        return self.registration.key

    @property
    def _terms(self) -> RegistrationBody:
        return registration_of(self.history.registrations[self.registration.hash])

    def _release(self) -> tuple[Record, ReleaseBody]:
        """The last release, with the alpha of the first.

        Raises:
            ExperimentError: there is none.
        """
        found = self.history.refresh().releases.get(self.registration.hash)
        if found is None or not isinstance(found.body, ReleaseBody):
            raise ExperimentError(
                f'experiment "{self._key}": nothing of it was released, and a watch is over a '
                f"model in production. Release it first: `assay gate PATH {self._key} --release`."
            )
        first = self.history.first_release(self.registration.hash) or found.body
        return found, found.body.model_copy(update={"alpha": first.alpha})

    def _refuse_withdrawn(self) -> None:
        found = self.history.withdrawn_by(self.registration.hash)
        if found is not None:
            raise ExperimentError(
                f'experiment "{self._key}": its verdict was withdrawn on {found.at[:10]}, for '
                "good. Find what changed, and register the question again on new rows: `assay "
                "register`. `assay watch` without --data shows what was seen."
            )

    def _refuse_another(self, model: Fittable, attempt: AttemptBody) -> None:
        if model_text(model) != attempt.model:
            raise ExperimentError(
                f'experiment "{self._key}": `{attempt.name}`, which was released, was '
                f"{attempt.model}, and this model is {model_text(model)}. Give the one that was "
                "released, or `predictions=` of it for the new rows."
            )

    def _known(self, body: ReleaseBody, offered: Mapping[str, Fittable]) -> Fittable | None:
        """The released model, where it was offered in this session and was not changed since."""
        text = self._attempt(body).model
        found = offered.get(text)
        return found if found is not None and model_text(found) == text else None

    def _refuse_locked(self) -> None:
        if self.task.is_locked:
            raise LockedError(
                f'experiment "{self._key}": its sealed targets lie in a vault, and a watch over a '
                "series or groups learns from them how far the mean gain swings by itself: "
                "--key-file names its key."
            )

    def _refuse_overtaken(self, release: Record, body: ReleaseBody, past: Scored) -> None:
        """Refuse to count rows twice: two watches may have scored the same ones at once."""
        self.history.forget()
        now, _ = self._release()
        self._refuse_withdrawn()
        if now.hash != release.hash or self._count(body) != past.count:
            raise ExperimentError(
                f'experiment "{self._key}": another watch was recorded while this one scored its '
                "rows. Run it again: rows that were watched are skipped."
            )

    def _records(self, body: ReleaseBody) -> list[Record]:
        return self.history.watched(self.registration.hash, body.attempt)

    def _count(self, body: ReleaseBody) -> int:
        return sum(watch_of(record).rows for record in self._records(body))

    def _past(self, body: ReleaseBody) -> Scored:
        like, time = self.task.frame.table, self.task.roles.time
        return scored_before(self._records(body), like, time, self.ledger)

    def _scored(
        self,
        given: NewRows,
        past: Scored,
        body: ReleaseBody,
        model: Fittable | None,
        predictions: Any,
        baseline: Any,
    ) -> Scored:
        later = given.frame.take(given.later)
        every = joined(self.task, past.rows, later)
        # A row stands in `later` where it stands among the places that `later` keeps.
        fresh = every.later[np.searchsorted(given.later, given.fresh)]
        task = watch_task(self.task, every, fresh)
        if predictions is not None:
            said = of_file(predictions, given, task)
        else:
            said = self._asked(self._attempt(body), model, task)
        usual = of_baseline(baseline, given, self.task, task)
        claim = registered_claim(self._terms)
        # What cannot be scored counts against the claim, as it does in the seal.
        losses = {
            who: np.clip(_filled(task.losses(found, fresh), worst), claim.floor, claim.cap)
            for who, found, worst in (("baseline", usual, -np.inf), ("model", said, np.inf))
        }
        return scored(
            [given.names[row] for row in given.fresh],
            given.frame.take(given.fresh).table,
            time=self.task.roles.time,
            units=[given.units[row] for row in given.fresh],
            has_numbers=given.has_numbers,
            **losses,
        )

    def _attempt(self, body: ReleaseBody) -> AttemptBody:
        found = self.history.attempt(self.registration, body.attempt)
        if found is None:
            raise ExperimentError(
                f'experiment "{self._key}": `{body.attempt}` was released, and no such attempt was '
                "made. Check the ledger: `assay ledger verify`."
            )
        return attempt_of(found)

    def _asked(
        self, attempt: AttemptBody, model: Fittable | None, task: SealedTask
    ) -> AbstractPredictive:
        asked = model if model is not None else released_model(attempt, self.task)
        judged = self.ledger.read_file(str(attempt.predictions))
        return of_model(asked, attempt, judged, self.task, task)

    def _evidence(self, every: Scored, body: ReleaseBody) -> Evidence:
        before = [watch_of(record).evidence for record in self._records(body)]
        claim = registered_claim(self._terms)
        sealed = None if self._terms.test == "independent" else self._sealed(body)
        return Evidence(every, claim, test_of(claim, self.task, every, sealed), max([1.0, *before]))

    def _sealed(self, body: ReleaseBody) -> np.ndarray:
        """What the released attempt gained on each sealed row."""
        self._refuse_locked()
        judge = self.judge()
        judged = stored(self.ledger.read_file(str(self._attempt(body).predictions)), self.task)
        return judge.claim.gains(judge.baseline_losses, judge.losses(judged))

    def _watched(
        self,
        release: Record,
        body: ReleaseBody,
        every: Scored,
        *,
        rows: int,
        notes: tuple[str, ...],
    ) -> Watched:
        """How the verdict stands with all rows so far."""
        terms = self._terms
        facts = {
            "project": self._key,
            "attempt": body.attempt,
            "released": release.at[:10],
            "rows": rows,
            "rows_so_far": every.count,
            "least": least_of(terms),
            "is_share": terms.improve_by is not None,
            "needed": 1.0 / body.alpha,
            "notes": notes,
        }
        if not every.count:
            return Watched(
                **facts, **_NOTHING, sentence=f"Released: `{body.attempt}`, not watched."
            )
        gone = self.history.refresh().withdrawn_by(self.registration.hash)
        found = self._evidence(every, body)
        withdrawn = gone is not None
        return Watched(
            **facts,
            outcome="withdrawn" if withdrawn else "holds",
            sentence=watch_of(gone).sentence
            if gone is not None
            else outcome_sentence(terms, body, found, withdrawn=False),
            units_so_far=found.course.units,
            unit=found.test.unit,
            mean_gain=found.improvement,
            evidence=found.greatest,
            condition=f"{found.test.condition} {EVERY_ROW}",
            withdrawn_at="" if gone is None else gone.at[:10],
            course=found.table(),
        )


_NOTHING: dict[str, Any] = {
    "outcome": "holds",
    "units_so_far": 0,
    "unit": "rows",
    "mean_gain": None,
    "evidence": 1.0,
    "condition": "",
    "withdrawn_at": "",
    "course": pl.DataFrame(schema={"at": pl.Int64, "evidence": pl.Float64, "gain": pl.Float64}),
}


def _filled(losses: np.ndarray, worst: float) -> np.ndarray:
    return np.where(np.isnan(losses), worst, losses)
