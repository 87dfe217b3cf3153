"""What may be handed to a split: checked at the door, with messages that name the project."""

from collections.abc import Sequence

import numpy as np

from assay.errors import PlanError
from assay.portfolio.kinds import Floats


def names_of(names: Sequence[str], projects: int) -> list[str]:
    """What projects are called in messages: their names, or their positions."""
    if names and len(names) != projects:
        raise PlanError(
            f"allocate: `names` has {len(names)} entries, but there are {projects} projects. "
            "Give one name for each project, in their order."
        )
    return [f'"{name}"' for name in names] or [f"project {at}" for at in range(projects)]


def check_budget(budget: float) -> None:
    """Refuse a budget that is not a whole number of units."""
    if not 0 <= budget < np.inf or budget != int(budget):  # written so that nan is refused too
        raise PlanError(
            f"allocate: `budget` is {budget}, must be a whole number of units, 0 or more. "
            "Round it down, or state values in smaller units."
        )


def checked_values(values: Sequence[Floats], names: Sequence[str] = ()) -> list[Floats]:
    """The values as arrays.

    Raises:
        PlanError: one does not start at 0, falls somewhere, or is no row of finite numbers.
    """
    called = names_of(names, len(values))
    return [_checked(value, name) for value, name in zip(values, called, strict=True)]


def _checked(values: Floats, name: str) -> Floats:
    curve = np.asarray(values, float)
    if curve.ndim != 1 or curve.size == 0:
        raise _refusal(name, f"have shape {curve.shape}, must be one row of numbers")
    if not np.isfinite(curve).all():
        first = int(np.flatnonzero(~np.isfinite(curve))[0])
        raise _refusal(name, f"are {curve[first]} at {first} units, must be finite")
    if curve[0] != 0:
        raise _refusal(name, f"start at {curve[0]}, must start at 0")
    falls = np.flatnonzero(np.diff(curve) < 0)
    if falls.size:
        raise _refusal(name, f"fall after {falls[0]} units, must never fall")
    return curve


def _refusal(name: str, found: str) -> PlanError:
    return PlanError(
        f"allocate: the values of {name} {found}. "
        "Pass the value of 0, 1, 2, ... units, counted from what is already spent."
    )
