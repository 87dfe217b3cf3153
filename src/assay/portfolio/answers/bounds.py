"""The least and most effort of single projects, which every answer keeps.

A project's least is given to it whatever is asked. So the answers split what is left, and look at
each project from its least on; beyond its most, more units add nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from assay.portfolio.allocation import Constraints
from assay.portfolio.kinds import Floats, Whole
from assay.portfolio.project_state import ProjectState
from assay.portfolio.rules import NO_RULES, Rules, constraints_of


@dataclass(frozen=True)
class Bounds:
    """Units of effort from now on.

    Fields:
        least: what each project gets in any case.
        most: what each may get; `None` for no limit.
    """

    least: tuple[int, ...]
    most: tuple[int | None, ...]

    def units(self, at: int, free: int) -> Whole:
        """Units of a project with the first 0, 1, ... `free` units above its least."""
        most, least = self.most[at], self.least[at]
        steps = np.arange(free + 1)
        return least + (steps if most is None else np.minimum(steps, most - least))

    def above(self, at: int, values: Floats, free: int) -> Floats:
        """What the first 0, 1, ... `free` units above a project's least add.

        Args:
            at: which project.
            values: of its first 0, 1, 2, ... units, to its least and `free` more.
            free: units that no project's least takes.
        """
        return values[self.units(at, free)] - values[self.least[at]]


def alone(states: Sequence[ProjectState]) -> Constraints:
    """What binds single projects, without what ties them together."""
    return replace(constraints_of(states, NO_RULES), prerequisites=())


def bounds_of(states: Sequence[ProjectState]) -> Bounds:
    """The least and most of each project; what is promised to it is part of its least."""
    asked = alone(states)
    least = tuple(max(pair) for pair in zip(asked.least, asked.committed, strict=True))
    return Bounds(least, tuple(asked.most))


def left_out(states: Sequence[ProjectState], rules: Rules) -> str:
    """The rules that the answers do not keep, in words; empty where they keep all.

    Args:
        states: the projects that compete.
        rules: of the portfolio.
    """
    asked = constraints_of(states, rules)
    kinds = {
        "teams": bool(asked.capacity),
        "prerequisites": bool(asked.waiting),
        "the limit on active projects": asked.most_active is not None,
    }
    found = [name for name, is_there in kinds.items() if is_there]
    return f"{', '.join(found[:-1])} and {found[-1]}" if len(found) > 1 else "".join(found)
