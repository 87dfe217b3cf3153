"""What a run of MLflow says as an attempt: what it does not say stays unknown."""

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, count
from typing import Any

from assay.ledger.mlflow.reading import Reading, Scale, as_number, called, finite
from assay.ledger.mlflow.store import MlflowExperiment, MlflowRun
from assay.record import STAGES, AttemptBody

EFFORT_TAG = "effort"
OWN_EFFORT_TAG = "assay.effort"
EXAMPLES = 3  # of what is said where an effort should stand
"""Read where a run does not carry the tag that was asked for."""

BROKEN = {"FAILED": "MLflow says that it failed", "KILLED": "MLflow says that it was killed"}
DONE = ("FINISHED", *BROKEN)
"""Statuses of runs that have come to an end; what is still running is imported later."""

_LONGEST = 500  # characters of a tag that MLflow itself wrote
_TOLD_ELSEWHERE = ("mlflow.runName", "mlflow.note.content", "mlflow.log-model.history")


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

    def _scores(self, run: MlflowRun) -> dict[str, Any]:
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


def effort_examples(runs: Sequence[MlflowRun], tag: str) -> str:
    """Runs whose effort is unknown, one for each of the first three things that they say instead.

    Args:
        runs: all of them, in order.
        tag: that holds the effort.
    """
    one_each = {_effort_text(run, tag): run for run in reversed(runs)}
    named = sorted(one_each.items(), key=lambda item: runs.index(item[1]))[:EXAMPLES]
    return ", ".join(
        called(run) if said is None else f"{called(run)} ({tag} = {said!r})" for said, run in named
    )


def _effort_text(run: MlflowRun, tag: str) -> str | None:
    return run.tags.get(tag, run.tags.get(OWN_EFFORT_TAG))


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


def earlier_reading(attempt: AttemptBody) -> Reading:
    """How an imported attempt was read."""
    read = (attempt.imported or {}).get("read", {})
    return Reading(**{name: read.get(name) for name in Reading.__slots__})
