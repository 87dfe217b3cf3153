"""An experiment: registered once, answered one bit at a time, opened at the end."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from assay.adapter import read_predictions
from assay.errors import ExperimentError, PredictionsError
from assay.experiment.answer import Answer
from assay.experiment.judging import Judge, stored
from assay.experiment.open_score import OpenScore, open_score
from assay.experiment.opening import verdict_body
from assay.experiment.provenance import code_version, environment
from assay.experiment.task import SealedTask
from assay.frame import Frame
from assay.frame.loader import load
from assay.ledger import History, Ledger, Record, attempt_of, registration_of, verdict_of
from assay.model import Model, build
from assay.predictive import AbstractPredictive, to_bytes
from assay.record import (
    AnswerBody,
    AttemptBody,
    AttemptPlan,
    LessonBody,
    RegistrationBody,
    VerdictBody,
)
from assay.verdict import shared_level


class Experiment:
    """A question registered before it is answered.

    Only `supported` or `not yet` comes back from an attempt. When the claim is supported, or when
    the team closes, the seal opens and shows everything.
    """

    def __init__(
        self, registration: Record, task: SealedTask, ledger: Ledger, history: History
    ) -> None:
        """Bind a registration to its data; use `register` or `Workspace` to get one."""
        self._record = registration
        self._task = task
        self._ledger = ledger
        self._history = history
        self._judge: Judge | None = None

    @property
    def key(self) -> str:
        """The project's key."""
        return self.registration.project

    @property
    def registration(self) -> RegistrationBody:
        """What was registered."""
        return registration_of(self._record)

    @property
    def task(self) -> SealedTask:
        """The problem with its split."""
        return self._task

    @property
    def attempts(self) -> list[AttemptBody]:
        """All attempts so far, in order."""
        recorded = self._history.refresh().attempts[self._record.hash]
        return [attempt_of(record) for record in recorded]

    @property
    def verdict(self) -> VerdictBody | None:
        """The verdict, once the seal is open."""
        record = self._history.refresh().verdicts.get(self._record.hash)
        return None if record is None else verdict_of(record)

    @property
    def is_open(self) -> bool:
        """Whether attempts are still accepted."""
        return self.verdict is None

    def attempt(
        self,
        model: Model | Any = None,
        *,
        predictions: Any = None,
        attested: bool = False,
        name: str | None = None,
        stage: str = "ml",
        effort: float | None = None,
        seed: int | None = None,
        note: str = "",
    ) -> Answer:
        """Offer one model, or one file of predictions, to the seal.

        Args:
            model: an `assay.Model`, or any object whose `fit(frame, target, seed=...)` returns
                something with `predict(frame)`; fitted on open rows, scored there out of fold.
            predictions: instead of a model, a path or table with predictions for the sealed rows.
            attested: the author's word that a predictions file of a series looked at nothing later
                than each origin; the verdict then says that it rests on it.
            name: what to call it; the same name may be used once.
            stage: `baseline`, `data`, `features`, `ml`, `deep` or `research`.
            effort: what it took, in the portfolio's unit; failures cost too.
            seed: of the fit; by default the experiment's.
            note: words for the ledger.

        Returns:
            `supported`, `not yet`, or `broke` where the model failed before it could predict; that
            is recorded too.

        Raises:
            ExperimentError: the seal is open, or the name is taken.
            PredictionsError: the predictions are for other rows, incomplete or not finite.
        """
        if (model is None) == (predictions is None):
            raise ExperimentError(
                f'experiment "{self.key}": give either a model or predictions, and not both.'
            )
        if predictions is not None:
            wanted = self._task.frame.take(self._task.sealing.sealed_rows)
            read = self._file_predictions(predictions, wanted, attested=attested)
            make: Callable[[], tuple[AbstractPredictive, OpenScore | None]] = lambda: (read, None)
            text = str(predictions) if isinstance(predictions, str | Path) else "predictions table"
        else:
            make = lambda: self._fitted_predictions(model, seed)  # noqa: E731
            text = model.describe() if isinstance(model, Model) else type(model).__name__
        facts = {
            "experiment": self._record.hash,
            "name": name or self._free_name(text),
            "stage": stage,
            "effort": effort,
            "note": note,
            "seed": self._task.seed if seed is None else seed,
            "model": text,
            "attested": attested,
            "code": code_version(self._task.folder),
            "environment": environment(),
        }
        self._refuse_if_opened(facts["name"])
        AttemptBody.model_validate(facts)
        return self._offer(make, facts)

    def attempt_planned(self, plan: AttemptPlan, *, folder: Path | None = None) -> Answer:
        """Make an attempt as `assay.toml` plans it.

        Raises:
            ConfigError: its recipe cannot be read.
        """
        facts = {"name": plan.name, "stage": plan.stage, "effort": plan.effort, "note": plan.note}
        spec, root = plan.model, folder or self._task.folder
        if spec.predictions is not None:
            return self.attempt(predictions=root / spec.predictions, attested=spec.attested, **facts)
        above = self._task.roles.censored_above if plan.censored else None
        where = f'project "{self.key}": attempt "{plan.name}"'
        if spec.python is not None:
            model = load(f"python:{spec.python}", root)
        else:
            model = build(spec.table(), censored_above=above, where=where)
        return self.attempt(model, seed=plan.seed, **facts)

    def close(self) -> VerdictBody:
        """Stop trying and open the seal: refuted if every tried variant is, else inconclusive.

        Raises:
            ExperimentError: the seal is already open.
        """
        self._refuse_if_opened()
        with self._ledger.transaction():
            self._refuse_if_opened()
            self._open(look=None)
        verdict = self.verdict
        if verdict is None:
            raise ExperimentError(f'experiment "{self.key}": the verdict was not recorded.')
        return verdict

    def learn(self, words: str) -> LessonBody:
        """Add to the lesson, in the author's words.

        Raises:
            ExperimentError: there are no words.
        """
        if not words.strip():
            raise ExperimentError(f'experiment "{self.key}": the lesson is empty. Say what was learnt.')
        body = LessonBody(experiment=self._record.hash, project=self.key, words=words.strip())
        self._ledger.append(body, key=self.key)
        return body

    def facts(self) -> list[tuple[str, str]]:
        """What was registered, as pairs of label and value."""
        body = self.registration
        least = (
            f"{100 * body.improve_by:g} %" if body.improve_by is not None
            else f"{body.improve_by_absolute:g}"
        )
        hoped = f"{100 * body.expect:g} %" if body.improve_by is not None else f"{body.expect:g}"
        cap = "none" if body.cap is None else (
            f"{body.cap:.4g} (clips {100 * body.clipped_share:.1f} % of open rows)"
        )
        needed = "unknown" if body.rows_needed is None else f"{body.rows_needed:,}"
        return [
            ("Hypothesis", body.hypothesis),
            ("Metric", body.metric),
            ("Cap on a row's loss", cap),
            ("Baseline", body.baseline),
            ("Least improvement worth having", least),
            ("Improvement hoped for", hoped),
            ("Alpha", f"{body.alpha:g}"),
            ("Tries planned", str(body.tries)),
            ("Open rows", f"{body.n_open:,}"),
            ("Sealed rows", f"{body.n_sealed:,}"),
            ("Needed for a verdict", needed),
        ]

    def _offer(
        self,
        make: Callable[[], tuple[AbstractPredictive, OpenScore | None]],
        facts: dict[str, Any],
    ) -> Answer:
        started = time.perf_counter()
        try:
            predictive, score = make()
            content = to_bytes(predictive, self._row_ids())
        except Exception as error:  # whatever a model raises is a measurement: it cost effort
            broke = f"{type(error).__name__}: {error}"
            body = AttemptBody(**facts, broke=broke, duration_s=time.perf_counter() - started)
            self._ledger.append(body, key=self.key)
            tries = self.registration.tries
            return Answer("broke", None, tries, None, f"Broke before predicting: {broke}")
        sha = self._ledger.put(content)
        facts = {**facts, "predictions": sha, "duration_s": time.perf_counter() - started}
        if score is not None:
            facts |= {"open_loss": score.loss, "open_skill": score.skill, "open_se": score.se}
        return self._look(sha, facts, predictive)

    def _look(self, sha: str, facts: dict[str, Any], predictive: AbstractPredictive) -> Answer:
        """Commit the look before the test runs; a crash in between is resumed, not repeated."""
        with self._ledger.transaction():
            self._refuse_if_opened(facts["name"])
            history = self._history
            same = self._same_predictions(sha)
            if same is None:
                sharing = history.sharing(self._record)
                look = history.looks(sharing) + 1
                schedules = [
                    (registration_of(each).alpha, registration_of(each).tries) for each in sharing
                ]
                level = shared_level(look, schedules)
                body = AttemptBody(**facts, look=look, level=level)
                attempt = self._ledger.append(body, key=self.key)
            else:
                self._ledger.append(AttemptBody(**facts), key=self.key)
                attempt = same
        return self._answer(attempt, predictive)

    def resume(self, name: str) -> Answer | None:
        """The answer of an attempt made earlier; finishes a look that was interrupted.

        Returns:
            `None` where no attempt of this name was made.
        """
        for record in self._history.refresh().attempts[self._record.hash]:
            body = attempt_of(record)
            if body.name == name:
                if body.broke is not None:
                    return Answer("broke", None, self.registration.tries, None, body.broke)
                first = self._same_predictions(str(body.predictions))
                return self._answer(first or record)
        return None

    def _answer(self, attempt: Record, predictive: AbstractPredictive | None = None) -> Answer:
        body = attempt_of(attempt)
        with self._ledger.transaction():
            self._history.refresh()
            known = self._history.answers.get(attempt.hash)
            if known is None:
                if predictive is None:
                    content = self._ledger.read_file(str(body.predictions))
                    predictive = stored(content, self._task)
                supported = self._sealed().supports(predictive, float(body.level or 0.0))
                known = AnswerBody(
                    attempt=attempt.hash, answer="supported" if supported else "not yet"
                )
                self._ledger.append(known, key=self.key)
                if supported:
                    self._open(look=body.look)
        return self._told(known.answer, body)

    def _told(self, answer: str, body: AttemptBody) -> Answer:
        tries = self.registration.tries
        look = f"Look {body.look} of {tries} planned"
        if answer == "supported":
            verdict = self.verdict
            message = f"{look}. The seal is open: {verdict.sentence if verdict else ''}"
        else:
            message = f"{look}. The seal stays closed and shows no score."
        return Answer(answer, body.look, tries, body.level, message)

    def _open(self, *, look: int | None) -> None:
        self._history.refresh()
        verdict, lesson = verdict_body(
            self._record, self._sealed(), self._ledger, self._history, look=look
        )
        self._ledger.append_many([(verdict, self.key), (lesson, self.key)])

    def _sealed(self) -> Judge:
        if self._judge is None:
            baseline = self._ledger.read_file(self.registration.baseline_predictions)
            self._judge = Judge.of(self.registration, self._task, baseline)
        return self._judge

    def _same_predictions(self, sha: str) -> Record | None:
        """The look that these very predictions already took."""
        for record in self._history.refresh().attempts[self._record.hash]:
            body = attempt_of(record)
            if body.predictions == sha and body.look is not None:
                return record
        return None

    def _refuse_if_opened(self, name: str | None = None) -> None:
        self._history.refresh()
        for each in self._history.sharing(self._record):
            if each.hash in self._history.verdicts:
                raise ExperimentError(
                    f'experiment "{self.key}": the seal was opened'
                    + (f' by experiment "{each.key}"' if each.hash != self._record.hash else "")
                    + ", so no further attempt is judged on these rows. A new claim needs new rows."
                )
        taken = [attempt_of(one).name for one in self._history.attempts[self._record.hash]]
        if name is not None and name in taken:
            raise ExperimentError(
                f'experiment "{self.key}": an attempt named "{name}" was made before. Give this '
                "one another name."
            )

    def _free_name(self, text: str) -> str:
        taken = {body.name for body in self.attempts}
        count = len(taken) + 1
        short = text if len(text) <= 60 else text[:57] + "..."
        return short if short not in taken else f"{short} ({count})"

    def _row_ids(self) -> np.ndarray:
        return self._task.frame.column("row_id").to_numpy()[self._task.sealing.sealed_rows]

    def _file_predictions(
        self, predictions: Any, wanted: Frame, *, attested: bool
    ) -> AbstractPredictive:
        if self._task.roles.time is not None and not attested:
            horizon = self._task.roles.horizon or 1
            dates = np.unique(self._task.origins(self._task.sealing.sealed_rows))
            if len(dates) > 1:
                # A file cannot show what its author knew at each origin.
                raise PredictionsError(
                    f'experiment "{self.key}": a series is judged as a procedure, from '
                    f"{len(dates)} origins {horizon} steps apart, so a file of predictions cannot "
                    "show that it did not look ahead. Offer a model, or mark the file `attested`."
                )
        return read_predictions(predictions, wanted=wanted, roles=self._task.roles)

    def _fitted_predictions(
        self, model: Any, seed: int | None
    ) -> tuple[AbstractPredictive, OpenScore | None]:
        task = self._task
        seed = task.seed if seed is None else seed
        fitted = model.fit(task.frame.take(task.open_rows), task.roles.target, seed=seed)
        score = open_score(model, task, fitted)
        predictive = task.predict(fitted, task.sealing.sealed_rows)
        if predictive.rows != len(task.sealing.sealed_rows):
            raise PredictionsError(
                f"predicted {predictive.rows} rows, {len(task.sealing.sealed_rows)} were asked for"
            )
        return predictive, score

