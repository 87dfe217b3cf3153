"""How runs are read: which tag is the effort, which metric the loss, which run the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from assay.errors import LedgerError
from assay.ledger.mlflow.store import MlflowRun


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


def _is_tagged(run: MlflowRun) -> bool:
    return run.tags.get("baseline", "").strip().lower() == "true"


def finite(run: MlflowRun, metric: str) -> float | None:
    """A metric of a run, `None` where it has none or it is no number."""
    value = run.metrics.get(metric)
    return value if value is not None and isfinite(value) else None


def called(run: MlflowRun) -> str:
    """What a run is called, by MLflow or by the beginning of its id."""
    return " ".join(run.name.split()) or run.id[:8]


def _first(*said: Any) -> Any:
    return next((each for each in said if each is not None), None)
