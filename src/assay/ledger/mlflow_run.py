"""What a run of MLflow says as an attempt: what it does not say stays unknown."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, count
from math import isfinite
from typing import Any

from assay.errors import LedgerError
from assay.ledger.mlflow_store import MlflowExperiment, MlflowRun
from assay.record import STAGES, AttemptBody

EFFORT_TAG = "effort"
OWN_EFFORT_TAG = "assay.effort"
"""Read where a run does not carry the tag that was asked for."""

BROKEN = {"FAILED": "MLflow says that it failed", "KILLED": "MLflow says that it was killed"}
DONE = ("FINISHED", *BROKEN)
"""Statuses of runs that have come to an end; what is still running is imported later."""

_LONGEST = 500  # characters of a tag that MLflow itself wrote
_TOLD_ELSEWHERE = ("mlflow.runName", "mlflow.note.content", "mlflow.log-model.history")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How runs are read; `None` keeps what an earlier import into the project said.

    Fields:
        effort_tag: the tag that holds a run's effort in the portfolio's unit; default `effort`.
        metric: the metric that is the loss, lower is better; empty text for none.
        se_metric: the metric that holds the standard error of the loss; empty text for none.
        baseline: the run that the others must beat, by name or id, or its loss; default the run
            with the tag `baseline = true`.
    """

    effort_tag: str | None = None
    metric: str | None = None
    se_metric: str | None = None
    baseline: str | float | None = None

    def after(self, earlier: "Reading") -> "Reading":
        """What was said now, completed by what was said before."""
        is_other = self.metric is not None and self.metric != earlier.metric
        # The loss of a baseline and its standard error belong to the metric they were given for.
        kept = not (is_other and as_number(earlier.baseline) is not None)
        return Reading(
            effort_tag=_first(self.effort_tag, earlier.effort_tag),
            metric=_first(self.metric, earlier.metric),
            se_metric=_first(self.se_metric, None if is_other else earlier.se_metric),
            baseline=_first(self.baseline, earlier.baseline if kept else None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What turns a loss into skill.

    Fields:
        metric: the loss; empty where nobody named one.
        se_metric: its standard error; empty where nobody named one.
        baseline: loss of the baseline, above 0; `None` where it is not known, and then why not.
        run: id of the baseline's run; `None` where its loss was given as a number.
    """

    metric: str = ""
    se_metric: str = ""
    baseline: float | None = None
    run: str | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Makes attempts of runs.

    Fields:
        store: address of the tracking store.
        experiment: whose runs they are.
        reading: what was said of how to read them.
        scale: of their scores.
    """

    store: str
    experiment: MlflowExperiment
    reading: Reading = field(default_factory=Reading)
    scale: Scale = field(default_factory=Scale)

    @property
    def effort_tag(self) -> str:
        """The tag that holds a run's effort."""
        return self.reading.effort_tag or EFFORT_TAG

    def body(self, run: MlflowRun, name: str) -> AttemptBody:
        """The attempt that a run was.

        Args:
            run: one that has come to an end.
            name: what it is called in the ledger.
        """
        commit = run.tags.get("mlflow.source.git.commit")
        broke = BROKEN.get(run.status)
        return AttemptBody(
            name=name,
            stage=self._stage(run),  # pyright: ignore[reportArgumentType] - one of STAGES
            effort=effort_of(run, self.effort_tag),
            author=run.tags.get("mlflow.user"),
            note=run.tags.get("mlflow.note.content", ""),
            code={"commit": commit} if commit else {},
            duration_s=run.duration_s,
            broke=broke,
            imported=self._imported(run),
            **(self._scores(run) if broke is None else {}),
        )

    def _stage(self, run: MlflowRun) -> str | None:
        said = run.tags.get("stage", "").strip().lower()
        if said in STAGES:
            return said
        return "baseline" if run.id == self.scale.run else None

    def _scores(self, run: MlflowRun) -> dict[str, float]:
        loss, scale = finite(run, self.scale.metric), self.scale
        if loss is None:
            return {}
        if scale.baseline is None:
            return {"open_loss": loss}
        scores = {"open_loss": loss, "open_skill": 1 - loss / scale.baseline}
        se = finite(run, scale.se_metric)
        return scores if se is None or not se > 0 else scores | {"open_se": se / scale.baseline}

    def _imported(self, run: MlflowRun) -> dict[str, Any]:
        plain = {name: value for name, value in asdict(run).items() if name not in _BODY_S_OWN}
        found = {"baseline_run": self.scale.run, "baseline_loss": self.scale.baseline}
        return {
            "source": source_of(run),
            "store": self.store,
            "experiment": self.experiment.name,
            "experiment_id": self.experiment.id,
            "run": run.id,
            **plain,
            "tags": {name: value for name, value in run.tags.items() if is_kept(name, value)},
            "read": asdict(self.reading) | found,
        }


_BODY_S_OWN = ("id", "duration_s", "tags")


def source_of(run: MlflowRun) -> str:
    """What names a run for good: ids are unique, while one store may have several addresses."""
    return f"mlflow:{run.id}"


def effort_of(run: MlflowRun, tag: str) -> float | None:
    """What a run took by its own words, or `None`."""
    effort = as_number(_effort_text(run, tag))
    return effort if effort is not None and 0 < effort < float("inf") else None


def effort_example(run: MlflowRun, tag: str) -> str:
    """A run whose effort is unknown, and what it says instead."""
    said = _effort_text(run, tag)
    return called(run) if said is None else f"{called(run)} ({tag} = {said!r})"


def _effort_text(run: MlflowRun, tag: str) -> str | None:
    return run.tags.get(tag, run.tags.get(OWN_EFFORT_TAG))


def finite(run: MlflowRun, metric: str) -> float | None:
    """A metric of a run, `None` where it has none or it is no number."""
    value = run.metrics.get(metric)
    return value if value is not None and isfinite(value) else None


def called(run: MlflowRun) -> str:
    """What a run is called, by MLflow or by the beginning of its id."""
    return " ".join(run.name.split()) or run.id[:8]


def is_kept(tag: str, value: str) -> bool:
    """Whether a tag is recorded: all of users, and the short ones of MLflow itself."""
    return not tag.startswith("mlflow.") or (tag not in _TOLD_ELSEWHERE and len(value) <= _LONGEST)


def numbered(name: str, taken: Collection[str], *, kept: str | None = None) -> str:
    """The name, with a number where it is taken.

    Args:
        name: wanted.
        taken: names of others.
        kept: what it was called before; stays if it is this name or this name with a number.
    """
    if kept is not None and re.fullmatch(rf"{re.escape(name)}( \(\d+\))?", kept):
        return kept
    return next(
        each for each in chain([name], (f"{name} ({n})" for n in count(2))) if each not in taken
    )


def slug_of(experiment: MlflowExperiment) -> str:
    """A key made of an experiment's name; its number where no letter or digit can be kept.

    >>> slug_of(MlflowExperiment(id="7", name="Größe der Körbe, v2"))
    'grosse-der-korbe-v2'
    """
    plain = unicodedata.normalize("NFKD", experiment.name.casefold())
    letters = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-") or f"experiment-{experiment.id}"


def scale_of(runs: Sequence[MlflowRun], reading: Reading, where: str) -> Scale:
    """What the losses of an experiment are measured by.

    Args:
        runs: all of them that have come to an end.
        reading: which metric and which baseline.
        where: the experiment, for an error.

    Raises:
        LedgerError: several runs bear the baseline's name.
    """
    metric, se_metric = reading.metric or "", reading.se_metric or ""
    if not metric:
        return Scale(why_not="no loss is named: `--metric NAME`")
    run, loss, why_not = _baseline(runs, reading, where)
    if run is not None:
        loss = finite(run, metric)
        why_not = f"the baseline `{called(run)}` has no finite `{metric}`" if loss is None else ""
    if loss is not None and not 0 < loss < float("inf"):
        loss, why_not = None, f"the baseline's loss is {loss:g}, must be above 0"
    return Scale(
        metric=metric,
        se_metric=se_metric,
        baseline=loss,
        run=None if run is None else run.id,
        why_not=why_not,
    )


def _baseline(
    runs: Sequence[MlflowRun], reading: Reading, where: str
) -> tuple[MlflowRun | None, float | None, str]:
    """The baseline's run or its loss, or why there is neither."""
    said = reading.baseline
    found = runs_called(runs, str(said)) if said else [run for run in runs if _is_tagged(run)]
    if len(found) == 1:
        return found[0], None, ""
    if not said:
        several = f"{len(found)} runs carry the tag `baseline = true`" if found else "no baseline"
        return None, None, f"{several}: name one with `--baseline RUN_OR_NUMBER`"
    if found:
        ids = ", ".join(run.id for run in found[:3])
        raise LedgerError(
            f'{where}: {len(found)} runs are called "{said}". Name the baseline by its id, such '
            f"as {ids}."
        )
    number = as_number(said)
    return None, number, "" if number is not None else f'no run is called "{said}"'


def runs_called(runs: Sequence[MlflowRun], name: str) -> list[MlflowRun]:
    """The runs with this id or, if there is none, of this name."""
    return [run for run in runs if run.id == name] or [run for run in runs if run.name == name]


def as_number(said: str | float | None) -> float | None:
    """What was said as a number, `None` where it is none."""
    try:
        return float(said or "")
    except ValueError:
        return None


def earlier_reading(attempt: AttemptBody) -> Reading:
    """How an imported attempt was read."""
    read = (attempt.imported or {}).get("read", {})
    return Reading(**{name: read.get(name) for name in Reading.__slots__})


def _is_tagged(run: MlflowRun) -> bool:
    return run.tags.get("baseline", "").strip().lower() == "true"


def _first(*said: Any) -> Any:
    return next((each for each in said if each is not None), None)
