"""An experiment: registered once, answered one bit at a time, opened at the end."""

import inspect
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from assay.adapter import AbstractAdapted
from assay.errors import ExperimentError, LockedError
from assay.experiment.amending import amend, changed
from assay.experiment.answer import Answer
from assay.experiment.facts import facts
from assay.experiment.gate import OnDisk, Part
from assay.experiment.keeper import Keeper
from assay.experiment.learning import Lesson, lesson_body, similar
from assay.experiment.offer import Offer, of_file, of_model
from assay.experiment.production import Production
from assay.experiment.provenance import code_version, environment
from assay.experiment.recipe import model_text, planned_model
from assay.experiment.registered import AMENDABLE
from assay.experiment.task import Fittable, SealedTask
from assay.experiment.watch import Watch, Watched
from assay.ledger import History, Ledger, Record, attempt_of, registration_of, verdict_of
from assay.model import Model
from assay.predictive import AbstractPredictive
from assay.record import (
    AmendmentBody,
    AttemptBody,
    AttemptPlan,
    GateBody,
    LessonBody,
    RegistrationBody,
    ReleaseBody,
    VerdictBody,
    WatchBody,
)


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
        self._keeper = Keeper(registration, task, ledger, history)
        self._offered: dict[str, Fittable] = {}  # by their text, for a watch in the same session

    @property
    def key(self) -> str:
        """The project's key."""
        return self._record.key

    @property
    def registration(self) -> RegistrationBody:
        """What was registered, as amended since."""
        return registration_of(self._history.refresh().registrations[self._record.hash])

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
    def withdrawn(self) -> WatchBody | None:
        """What withdrew the verdict after a release; `None` while it stands."""
        return self._history.refresh().withdrawal(self._record.hash)

    @property
    def withdrawal(self) -> Record | None:
        """The record of it, which says when and by whom; `None` while the verdict stands."""
        return self._history.refresh().withdrawn_by(self._record.hash)

    @property
    def is_open(self) -> bool:
        """Whether attempts are still accepted."""
        return self.verdict is None

    def attempt(
        self,
        model: Any = None,  # Assay's, another library's, or anybody's with `fit`
        *,
        predictions: Any = None,
        attested: bool = False,
        name: str | None = None,
        stage: str = "ml",
        effort: float | None = None,
        seed: int | None = None,
        belief_about: str = "",
        expect: float | None = None,
        note: str = "",
    ) -> Answer:
        """Offer one model, or one file of predictions, to the seal.

        Args:
            model: an `assay.Model`; an estimator, booster, module or forecaster of another
                library, as it is or with options by `assay.adapt`; or any object whose
                `fit(frame, target, seed=...)` returns something with `predict(frame)` or, in
                forecasts, `forecast(history, asked)`. Fitted on open rows, scored there out of
                fold.
            predictions: instead of a model, a path or table with predictions for the sealed rows.
            attested: the author's word that a predictions file of a series looked at nothing later
                than each origin; the verdict then says that it rests on it.
            name: what to call it; the same name may be used once.
            stage: `baseline`, `data`, `features`, `ml`, `deep` or `research`.
            effort: what it took, in the portfolio's unit; failures cost too.
            seed: of the fit; by default the experiment's.
            belief_about: what is believed of it and why, written before the answer is known.
            expect: improvement expected of it, in the claim's unit: 0.1 for ten per cent.
            note: words for the ledger.

        Returns:
            `supported`, `not yet`, or `broke` where the model failed before it could predict; that
            is recorded too. `waiting` where the sealed targets lie in a vault.

        Raises:
            ExperimentError: the seal is open, or the name is taken.
            PredictionsError: the predictions are for other rows, incomplete or not finite; or
                another library's model that cannot be an attempt, such as one that was fitted on
                more rows than are open.
            DataError: an `assay.Model` that these data rule out before any fit.
        """
        if (model is None) == (predictions is None):
            raise ExperimentError(
                f'experiment "{self.key}": give either a model or predictions, and not both.'
            )
        # What another library's model shows to be wrong before any fit costs nothing.
        model = None if model is None else self._task.fittable(model)
        if model is not None and not _is_fittable(model):
            raise ExperimentError(
                f'experiment "{self.key}": {type(model).__name__} has no `fit(frame, target, '
                "seed=...)`, so Assay cannot fit it. Offer an `assay.Model`, or what another "
                "library predicts for the rows of `assay split`: `predictions=...`."
            )
        seed = self._task.seed if seed is None else seed
        facts = {
            "experiment": self._record.hash,
            "name": name or "",
            "stage": stage,
            "effort": effort,
            "note": note,
            "belief_about": belief_about,
            "expect": expect,
            "data_sha": self._task.sealing.data_sha,
            "seed": seed,
            "model": model_text(model) if predictions is None else _text_of(predictions),
            "attested": attested and self._task.is_procedure,
            "code": code_version(self._task.folder),
            "environment": environment(*_packages(model)),
        }
        AttemptBody(**facts)  # refuses a wrong stage or effort before hours of fitting
        if model is not None:
            if isinstance(model, Model | AbstractAdapted):
                # What is wrong before any fit is bad input and costs nothing; what breaks later
                # is an attempt.
                model.check(self._task.frame.take(self._task.open_rows), self._task.roles.target)
            answer = self._attempt_model(model, facts, seed)
            self._offered[str(facts["model"])] = model
            return answer
        return self._look(of_file(predictions, self._task, attested=attested), facts)

    def attempt_planned(self, plan: AttemptPlan, *, folder: Path | None = None) -> Answer:
        """Make an attempt as `assay.toml` plans it.

        Raises:
            ConfigError: its recipe cannot be read.
        """
        said = ("name", "stage", "effort", "note", "belief_about", "expect")
        facts = {name: getattr(plan, name) for name in said}
        root = folder or self._task.folder
        if plan.model.predictions is not None:
            file = root / plan.model.predictions
            return self.attempt(predictions=file, attested=plan.model.attested, **facts)
        model = planned_model(plan, self._task, root)
        return self.attempt(model, seed=plan.seed, **facts)

    def close(self) -> VerdictBody:
        """Stop trying and open the seal: refuted if every tried variant is, else inconclusive.

        A look that was interrupted before its answer is answered first, and may be supported.

        Raises:
            ExperimentError: the seal is already open.
        """
        self._keeper.close()
        verdict = self.verdict
        if verdict is None:
            raise ExperimentError(f'experiment "{self.key}": the verdict was not recorded.')
        return verdict

    def amend(self, reason: str, **changes: Any) -> AmendmentBody:
        """Change registered terms openly; what they were, why, and what was seen is recorded.

        Args:
            reason: why.
            changes: terms with their new values: wording, hopes, budgets and `tries`, which share
                what is left of alpha. `assay amend` does the same from assay.toml.

        Raises:
            ConfigError: a term is unknown or out of range.
            ExperimentError: nothing changed, the seal is open, or a term cannot be amended.
        """
        registered = {name: self.registration.spec.get(name) for name in AMENDABLE}
        project = changed(self._task.project, registered | changes)
        return amend(project, reason, self._ledger, self._history)

    def waiting(self) -> list[Record]:
        """Attempts whose look is counted and not answered yet, in order."""
        return self._keeper.waiting()

    @property
    def supported(self) -> str:
        """Name of the attempt that the verdict supports.

        Raises:
            ExperimentError: there is none, or the verdict was withdrawn.
        """
        return attempt_of(self._production.supported).name

    def gate(
        self,
        model: Any = None,  # as in `attempt`
        *,
        accept: Mapping[str, str] | None = None,
        told: Callable[[Part], None] = lambda part: None,
        on_disk: OnDisk | None = None,
    ) -> GateBody:
        """Look at the supported attempt part by part before it may go to production.

        Args:
            model: what was attempted, not fitted; nothing where only a file was offered.
            accept: `segments` or `explanation`, where they do not hold, with the reason why
                somebody takes responsibility for that.
            told: is given each part as soon as it is found.
            on_disk: what made the model, where a file of the portfolio did.

        Returns:
            What was found, which is recorded: `passed`, and `parts` one by one.

        Raises:
            ExperimentError: nothing is supported here, or a part may not be accepted.
            LockedError: the sealed targets lie in a vault.
        """
        bound = None if model is None else self._task.fittable(model)
        found = self._production.gate(bound, on_disk=on_disk, accept=accept, told=told)
        if bound is not None:
            self._offered[found.model] = bound
        return found

    def release(self, *, alpha: float | None = None, note: str = "") -> ReleaseBody:
        """Mark the supported attempt, which passed its gate, for production.

        Args:
            alpha: chance that a watch ever withdraws a verdict while from any day on the mean gain
                is at least the one claimed; by default that of the first release, or 0.05.
            note: words for the ledger.

        Raises:
            ExperimentError: its last gate is missing or did not pass, or it was released before
                with another alpha.
        """
        return self._production.release(alpha=alpha, note=note)

    @property
    def _production(self) -> Production:
        judge = self._keeper.judge_opened
        return Production(self._record, judge, self._task, self._ledger, self._history)

    def watch(
        self,
        rows: Any = None,  # whatever `assay.frame.read` takes
        *,
        model: Any = None,  # as in `attempt`
        predictions: Any = None,
        baseline: Any = None,
    ) -> Watched:
        """Score labelled rows that came since the release; withdraw the verdict if it fails there.

        Args:
            rows: a path or a table with the columns of the registered one, target included; rows
                watched before are skipped. Without it nothing is scored or recorded.
            model: what was attempted, not fitted; by default what this experiment was offered, or
                what `assay.toml` plans.
            predictions: instead of a model, a path or table with a prediction for each row.
            baseline: the baseline's predictions for these rows, where it is a file.

        Returns:
            How the verdict stands: `holds` or, for good, `withdrawn`; with the evidence.

        Raises:
            ExperimentError: nothing was released, the verdict was withdrawn already, or there is no
                model to ask, or another one than was released.
            DataError: rows that differ in form, are unlabelled, or are from before the verdict.
            PredictionsError: the model predicts the sealed rows otherwise than when it was judged.
            LockedError: the sealed targets are needed and lie in a vault.
        """
        judge = self._keeper.judge_opened
        watch = Watch(self._record, judge, self._task, self._ledger, self._history)
        if rows is None:
            return watch.standing()
        bound = None if model is None else self._task.fittable(model)
        return watch.look(
            rows, model=bound, offered=self._offered, predictions=predictions, baseline=baseline
        )

    def learn(
        self,
        words: str,
        *,
        attempt: str | None = None,
        reason: str | None = None,
        assumption: str = "",
        reopen: str = "",
        supports: Sequence[str] = (),
        contradicts: Sequence[str] = (),
    ) -> LessonBody:
        """Add to the lesson, in the author's words.

        Args:
            words: why it came out so.
            attempt: name of the attempt that they are about; by default the whole experiment.
            reason: why it did not work: `data-missing`, `data-quality`, `different-trend`,
                `model`, `effort` or `broken`.
            assumption: what was assumed and did not hold.
            reopen: what would make it worth another try.
            supports: keys of projects whose findings this bears out.
            contradicts: keys of projects whose findings this speaks against.

        Raises:
            ExperimentError: there are no words, no such attempt, or no such experiment.
            LedgerError: no such reason.
        """
        lesson = Lesson(words, attempt, reason, assumption, reopen, supports, contradicts)
        body = lesson_body(lesson, self._record, self._history.refresh())
        self._ledger.append(body, key=self.key)
        return body

    def similar(self, limit: int = 3) -> list[Record]:
        """What was asked and learnt before about the like, in other projects of this ledger."""
        return similar(self.registration, self._ledger, limit=limit)

    def facts(self) -> list[tuple[str, str]]:
        """What was registered, as pairs of label and value."""
        return [*facts(self.registration), *self._shared()]

    def _shared(self) -> list[tuple[str, str]]:
        """Who else sealed some of these rows: every look by any of them counts."""
        sharing = self._history.refresh().sharing(self._record)
        others = dict.fromkeys(each.key for each in sharing if each.hash != self._record.hash)
        if not others:
            return []
        looks = self._history.looks(sharing)
        named = ", ".join(f"`{key}`" for key in others)
        taken = f"{looks} look{'s' if looks != 1 else ''} taken so far"
        return [("Shares its rows and their alpha", f"with {named}; {taken} by all together")]

    def _overrun(self) -> str:
        """Says so where more effort was spent than was registered; nothing is refused for it."""
        budget = self.registration.effort_budget
        spent = sum(body.effort or 0.0 for body in self.attempts)
        if budget is None or spent <= budget:
            return ""
        return f" More effort was spent ({spent:g}) than the {budget:g} registered."

    def resume(self, name: str) -> Answer | None:
        """The answer of an attempt made earlier; finishes a look that was interrupted.

        Returns:
            `None` where no attempt of this name was made.
        """
        made = self._history.refresh().attempt(self._record, name)
        if made is None:
            return None
        body = attempt_of(made)
        if body.broke is not None:
            return self._broke(body.broke)
        return self._answer(self._history.look_at(self._record, str(body.predictions)) or made)

    def _attempt_model(self, model: Fittable, facts: dict[str, Any], seed: int) -> Answer:
        self._keeper.refuse(facts["name"])
        started = time.perf_counter()
        try:
            offer = of_model(model, self._task, seed=seed)
        except Exception as error:  # whatever a model raises is a measurement: it cost effort
            broke = f"{type(error).__name__}: {error}"
            spent = {"broke": broke, "duration_s": time.perf_counter() - started}
            self._keeper.broke(facts | spent)
            return self._broke(broke)
        return self._look(offer, facts | {"duration_s": time.perf_counter() - started})

    def _look(self, offer: Offer, facts: dict[str, Any]) -> Answer:
        if offer.score is not None:
            score = offer.score
            facts |= {"open_loss": score.loss, "open_skill": score.skill, "open_se": score.se}
        look = self._keeper.look(facts, self._ledger.put(offer.content))
        return self._answer(look, offer.exact, offer.notes)

    def _answer(
        self,
        look: Record,
        predictive: AbstractPredictive | None = None,
        notes: tuple[str, ...] = (),
    ) -> Answer:
        body, tries = attempt_of(look), self.registration.tries
        try:
            answer = self._keeper.answer(look, predictive).answer
        except LockedError:
            message = (
                f"Look {body.look} of {tries} planned. It is counted and waits for the keeper of "
                f"the vault (`assay vault answer`).{self._overrun()}"
            )
            return Answer("waiting", body.look, tries, body.level, message)
        what = "The seal stays closed and shows no score."
        if answer == "supported" and (verdict := self.verdict) is not None:
            what = f"The seal is open: {verdict.sentence}"
        said = "".join(f" {note}" for note in notes)
        message = f"Look {body.look} of {tries} planned. {what}{self._overrun()}{said}"
        return Answer(answer, body.look, tries, body.level, message)

    def _broke(self, why: str) -> Answer:
        message = f"Broke before predicting: {why}"
        return Answer("broke", None, self.registration.tries, None, message)


def _text_of(predictions: object) -> str:
    """What is offered in place of a model, in one line."""
    return str(predictions) if isinstance(predictions, str | Path) else "predictions table"


def _packages(model: object) -> tuple[str, ...]:
    """What the model brings with it."""
    return model.packages if isinstance(model, AbstractAdapted) else ()


def _is_fittable(model: object) -> bool:
    """Whether `fit` takes what it will be given: found out before anything is recorded."""
    fit = getattr(model, "fit", None)
    if fit is None:
        return False
    try:
        inspect.signature(fit).bind("frame", "target", seed=0)
    except (TypeError, ValueError):
        return False
    return True
