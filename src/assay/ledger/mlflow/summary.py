"""What came of an import, counted: what stays unknown is said, never passed over."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.ledger.mlflow.reading import Reading, called
from assay.ledger.mlflow.run import Reader, effort_examples
from assay.ledger.mlflow.store import MlflowRun
from assay.record import AttemptBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of one MLflow experiment.

    Fields:
        experiment: its name.
        project: key of the project in the ledger; `is_new` where the ledger did not know it.
        new, changed, unchanged: attempts recorded for the first time, recorded anew since their
            run changed, and left as they are.
        broke: attempts whose run failed or was killed.
        running: runs left out, since they have not come to an end.
        gone: attempts of runs that were deleted there since; they stay, and the others are counted
            without them.
        effort: of all attempts together, as far as their runs say.
        without_effort: attempts of unknown effort; they are not on the curve.
        after_unknown: attempts of known effort that came after one of unknown effort.
        scored: attempts with a skill; `without_se` of them without a standard error.
        unscored: attempts that did not break and lack the metric, or hold no finite one.
        reading: how runs were read, what earlier imports said included.
        why_not_scored: why nothing has a skill; empty where something could.
        effort_example: up to three attempts of unknown effort, and what they say instead.
        unscored_example: name of an attempt without the metric.
    """

    experiment: str
    project: str
    is_new: bool = False
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    broke: int = 0
    running: int = 0
    gone: int = 0
    effort: float = 0.0
    without_effort: int = 0
    after_unknown: int = 0
    scored: int = 0
    without_se: int = 0
    unscored: int = 0
    reading: Reading = field(default_factory=Reading)
    why_not_scored: str = ""
    effort_example: str = ""
    unscored_example: str = ""

    @property
    def attempts(self) -> int:
        """All runs that came to an end."""
        return self.new + self.changed + self.unchanged


def counted(
    runs: Sequence[MlflowRun], bodies: Sequence[AttemptBody], reader: Reader
) -> dict[str, Any]:
    """The fields of `Imported` that follow from its attempts.

    Args:
        runs: that came to an end.
        bodies: the attempt of each.
        reader: what made them.
    """
    pairs = list(zip(runs, bodies, strict=True))
    first = next((at for at, body in enumerate(bodies) if body.effort is None), len(bodies))
    silent = [run for run, body in pairs if body.effort is None]
    whole = [(run, body) for run, body in pairs if body.broke is None]
    scored = [body for _, body in whole if body.open_skill is not None]
    lacking = [run for run, body in whole if body.open_loss is None]
    metric = reader.scale.metric
    return {
        "broke": len(pairs) - len(whole),
        "effort": sum((body.effort or 0.0 for body in bodies), 0.0),
        "without_effort": len(silent),
        "after_unknown": sum(body.effort is not None for body in bodies[first:]),
        "effort_example": effort_examples(silent, reader.effort_tag),
        "scored": len(scored),
        "without_se": sum(body.open_se is None for body in scored),
        "unscored": len(lacking) if metric else 0,
        "unscored_example": called(lacking[0]) if lacking and metric else "",
        "reading": reader.reading,
        "why_not_scored": reader.scale.why_not,
    }
