"""The keeper of a seal: counts the looks at it, answers each with one bit, opens it once."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import chain, count
from typing import Any

from assay.errors import ExperimentError, LedgerError, LockedError
from assay.experiment.amending import schedule
from assay.experiment.judging import Judge, stored
from assay.experiment.opening import verdict_body
from assay.experiment.task import SealedTask
from assay.experiment.vault import Look
from assay.ledger import History, Ledger, Record, attempt_of, registration_of
from assay.predictive import AbstractPredictive, to_bytes
from assay.record import AnswerBody, AttemptBody
from assay.verdict import shared_level


class Keeper:
    """Stands between an experiment and its sealed rows.

    A look is committed with its number, level and predictions before it is tested, so that
    neither a crash nor a second looker gets a test that was not counted.
    """

    def __init__(
        self, registration: Record, task: SealedTask, ledger: Ledger, history: History
    ) -> None:
        """Keep the seal of one registration."""
        self._record = registration
        self._key = registration.key
        self._task = task
        self._ledger = ledger
        self._history = history

    def refuse(self, name: str) -> None:
        """Refuse a model that would be fitted in vain.

        Raises:
            ExperimentError: the seal is open, or an attempt of this name was made. One that was
                interrupted before its answer may be made again: the same predictions resume it.
        """
        self._history.refresh()
        self._refuse_opened()
        made = self._history.attempt(self._record, name)
        if made is not None and self._is_done(made):
            raise self._taken(name)

    def look(self, facts: dict[str, Any], predictions: str) -> Record:
        """Commit an attempt, and the look that it takes unless these predictions took one.

        Args:
            facts: of the attempt, without look and level; it gets a free name where it has none.
            predictions: SHA-256 of what it predicts, stored beside the ledger.

        Returns:
            The attempt whose look answers for these predictions.

        Raises:
            ExperimentError: the seal is open, or other predictions have this name.
        """
        if not self._task.is_locked:
            _ = self._judge  # whatever it lacks is said before a look is spent
        with self._alone():
            self._refuse_opened()
            facts = self._named(facts)
            named = self._history.attempt(self._record, facts["name"])
            if named is not None and attempt_of(named).predictions != predictions:
                raise self._taken(facts["name"])
            earlier = self._history.look_at(self._record, predictions)
            if earlier is None:
                body = AttemptBody(**facts, predictions=predictions, **self._next_look())
                return self._ledger.append(body, key=self._key)
            if named is None:
                body = AttemptBody(**facts, predictions=predictions)
                self._ledger.append(body, key=self._key)
            return earlier

    def broke(self, facts: dict[str, Any]) -> None:
        """Record an attempt that broke before it could predict.

        Raises:
            ExperimentError: the seal is open, or the name is taken.
        """
        with self._alone():
            self._refuse_opened()
            facts = self._named(facts)
            if self._history.attempt(self._record, facts["name"]) is not None:
                raise self._taken(facts["name"])
            self._ledger.append(AttemptBody(**facts), key=self._key)

    def answer(self, look: Record, predictive: AbstractPredictive | None = None) -> AnswerBody:
        """The answer to a committed look; the seal opens with the first `supported`.

        Args:
            look: the attempt.
            predictive: what it predicts, bit by bit as stored; by default it is read.
        """
        known = self._history.answers.get(look.hash)
        if known is not None:
            return known
        _ = self._judge  # made ready before the lock is taken
        with self._alone():
            # Another looker may have resumed it meanwhile.
            return self._history.answers.get(look.hash) or self._tested(look, predictive)

    def close(self) -> None:
        """Open the seal without a further attempt; looks that were interrupted come first.

        Raises:
            ExperimentError: it is open.
        """
        _ = self._judge
        with self._alone():
            if self._record.hash in self._history.verdicts:
                raise ExperimentError(
                    f'experiment "{self._key}": the seal is open already, and opens once. Its '
                    "verdict stands in the ledger; a new claim needs new rows."
                )
            for made in self._history.attempts[self._record.hash]:
                if not self._is_done(made):
                    self._tested(made)
            if self._record.hash not in self._history.refresh().verdicts:
                self._open(look=None)

    def judge_opened(self) -> Judge:
        """The judge, once the seal is open and its rows are nobody's secret.

        Raises:
            ExperimentError: it is closed.
        """
        if self._record.hash not in self._history.refresh().verdicts:
            raise ExperimentError(f'experiment "{self._key}": the seal is closed. Close it first.')
        return self._judge

    def waiting(self) -> list[Record]:
        """Looks that were committed and have no answer, in order."""
        made = self._history.refresh().attempts[self._record.hash]
        return [each for each in made if not self._is_done(each)]

    @cached_property
    def _judge(self) -> Judge:
        if self._task.is_locked:
            raise LockedError(
                f'experiment "{self._key}": the sealed targets lie in a vault, so its keeper '
                "answers and opens: `assay vault answer PATH`, `assay close PATH KEY --key-file`."
            )
        body = registration_of(self._record)
        if body.baseline_predictions is not None:
            content = self._ledger.read_file(body.baseline_predictions)
        else:
            rows = self._task.sealing.sealed_rows
            row_id = self._task.asked.column("row_id").to_numpy()
            content = to_bytes(self._task.baseline_at(rows), row_id)
            if hashlib.sha256(content).hexdigest() != body.baseline_sha:
                raise LedgerError(
                    f'experiment "{self._key}": the forecasts of the baseline `{body.baseline}` '
                    "come out otherwise than at registration. Use the versions of Assay and "
                    "Polars that registered it, or register again on new rows."
                )
        return Judge.of(body, self._task, content)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """The write lock, with a history that is up to date.

        Raises:
            ExperimentError: a transaction is open that could take back what was recorded.
        """
        if self._ledger.is_in_transaction:
            raise ExperimentError(
                f'experiment "{self._key}": offered within `ledger.transaction()`, which could '
                "take the look back after its answer is known. Call it outside."
            )
        try:
            with self._ledger.transaction():
                self._history.refresh()
                yield
        except BaseException:
            self._history.forget()
            raise

    def _refuse_opened(self) -> None:
        """Refuse whatever comes after an opening of any of these rows, by whomever."""
        for each in self._history.overlapping(self._record):
            if each.hash in self._history.verdicts:
                other = "" if each.hash == self._record.hash else f' by experiment "{each.key}"'
                raise ExperimentError(
                    f'experiment "{self._key}": the seal was opened{other}, so no further attempt '
                    "is judged on these rows. A new claim needs new rows."
                )

    def _named(self, facts: dict[str, Any]) -> dict[str, Any]:
        """The facts with a name; what is offered lends its own, numbered where that is taken."""
        if facts.get("name"):
            return facts
        text = facts["model"]
        short = text if len(text) <= 60 else text[:57] + "..."
        after = len(self._history.attempts[self._record.hash]) + 1
        names = chain([short], (f"{short} ({number})" for number in count(after)))
        known = self._history
        return facts | {"name": next(n for n in names if known.attempt(self._record, n) is None)}

    def _next_look(self) -> dict[str, Any]:
        """Number and level; every look at any row that hangs together with these counts."""
        sharing = self._history.sharing(self._record)
        number = self._history.looks(sharing) + 1
        level = shared_level(number, [schedule(each, self._history) for each in sharing])
        return {"look": number, "level": level}

    def _tested(self, look: Record, predictive: AbstractPredictive | None = None) -> AnswerBody:
        """Test a committed look and record its answer, in the transaction that is open."""
        body = attempt_of(look)
        if self._task.vault is not None:
            number, level = int(body.look or 0), float(body.level or 0.0)
            asked = Look(self._record.hash, number, level, str(body.predictions))
            self._task.vault.count(asked)
        if predictive is None:
            predictive = stored(self._ledger.read_file(str(body.predictions)), self._task)
        is_supported = self._judge.supports(predictive, float(body.level or 0.0))
        answer = AnswerBody(attempt=look.hash, answer="supported" if is_supported else "not yet")
        self._ledger.append(answer, key=self._key)
        if is_supported and self._record.hash not in self._history.refresh().verdicts:
            self._open(look=body.look)
        return answer

    def _open(self, *, look: int | None) -> None:
        history = self._history.refresh()
        verdict, lesson = verdict_body(self._record, self._judge, self._ledger, history, look=look)
        self._ledger.append_many([(verdict, self._key), (lesson, self._key)])

    def _is_done(self, attempt: Record) -> bool:
        """Whether nothing is left to answer: it has its answer, or it is no look."""
        return attempt_of(attempt).look is None or attempt.hash in self._history.answers

    def _taken(self, name: str) -> ExperimentError:
        return ExperimentError(
            f'experiment "{self._key}": an attempt named "{name}" was made before, with other '
            "predictions. Give this one another name."
        )
