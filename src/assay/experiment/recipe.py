"""From an attempt as `assay.toml` plans it to the model that it names."""

from pathlib import Path

from assay.adapter import AbstractAdapted
from assay.errors import ConfigError
from assay.experiment.task import Fittable, SealedTask
from assay.frame.loader import load
from assay.model import Model, build
from assay.record import AttemptPlan


def planned_model(plan: AttemptPlan, task: SealedTask, folder: Path | None = None) -> Fittable:
    """The model of a planned attempt, not fitted, in the terms of its problem.

    Args:
        plan: names a family or a Python object.
        task: problem and split.
        folder: what `file.py:name` is relative to; by default the project's.

    Raises:
        ConfigError: the recipe cannot be read, or a file of predictions takes the model's place.
    """
    spec = plan.model
    where = f'project "{task.project.key}": attempt "{plan.name}"'
    if spec.predictions is not None:
        raise ConfigError(f"{where} is a file of predictions, and no model stands behind it.")
    if spec.python is not None:
        return task.fittable(load(f"python:{spec.python}", folder or task.folder))
    roles = task.roles
    above, flag = (roles.censored_above, roles.censored_flag) if plan.censored else (None, None)
    made = build(spec.table(), censored_above=above, censored_flag=flag, where=where)
    return task.fittable(made)


def model_text(model: object) -> str:
    """A model in one line, as the ledger keeps it."""
    describes = isinstance(model, Model | AbstractAdapted)
    return model.describe() if describes else type(model).__name__
