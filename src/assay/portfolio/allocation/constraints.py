"""What a split must respect beside its budget."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from assay.errors import PlanError


@dataclass(frozen=True, kw_only=True)
class Prerequisite:
    """One project may get units only if another gets enough, or is done.

    Fields:
        project: position of the one that waits.
        needs: position of the one that must be funded.
        units: the least that `needs` must get, 1 or more.
    """

    project: int
    needs: int
    units: int = 1


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """What a split must respect; projects are named by their position, from 0.

    Fields:
        least: for each project the least units it may get; empty where none has a least.
        most: for each project the most units it may get, `None` for no limit; empty for none.
        committed: for each project units that are promised already: it gets at least those, and
            they come out of the budget. Beside `least`, the larger of both holds.
        teams: for each project the team that does its work, `None` for none; empty for no teams.
        capacity: the most units of a team, all of its projects together; a team that is not
            named has no limit.
        prerequisites: which project waits for which.
        done: projects that are finished: whoever needs one of them need not wait.
        most_active: the most projects that may get any unit; `None` for no limit.
    """

    least: Sequence[int] = ()
    most: Sequence[int | None] = ()
    committed: Sequence[int] = ()
    teams: Sequence[Hashable | None] = ()
    capacity: Mapping[Hashable, int] = field(default_factory=dict, hash=False)
    prerequisites: Sequence[Prerequisite] = ()
    done: Sequence[int] = ()
    most_active: int | None = None

    def __post_init__(self) -> None:
        for name in ("least", "most", "committed", "teams", "prerequisites", "done"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        object.__setattr__(self, "capacity", MappingProxyType(dict(self.capacity)))

    @property
    def is_coupled(self) -> bool:
        """Whether what one project gets limits others in more ways than through the budget."""
        return bool(self.capacity or self.waiting or self.most_active is not None)

    @property
    def waiting(self) -> tuple[Prerequisite, ...]:
        """The prerequisites that are not done."""
        return tuple(each for each in self.prerequisites if each.needs not in self.done)


def check_constraints(constraints: Constraints, projects: int, names: Sequence[str]) -> None:
    """Refuse constraints that make no sense for any budget.

    Args:
        constraints: what a split must respect.
        projects: how many there are.
        names: of the projects, for messages.

    Raises:
        PlanError: a list of another length, a number that is no whole number of units, a position
            or a team that does not exist, or prerequisites in a circle.
    """
    for name in ("least", "most", "committed", "teams"):
        found = len(getattr(constraints, name))
        if found not in (0, projects):
            raise PlanError(
                f"allocate: `{name}` is given for {found} projects, but there are {projects}. "
                "Give one entry for each project, in their order."
            )
    _check_numbers(constraints, names)
    _check_positions(constraints, projects)
    for team in constraints.capacity:
        if team not in constraints.teams:
            raise PlanError(
                f"allocate: `capacity` names the team {team!r}, which does no project's work. "
                f"Teams are {sorted({str(each) for each in constraints.teams if each})}: correct "
                "the name, or give the team a project."
            )
    _check_circle(constraints, names)


def _check_numbers(constraints: Constraints, names: Sequence[str]) -> None:
    for name in ("least", "most", "committed"):
        for at, units in enumerate(getattr(constraints, name)):
            if not (name == "most" and units is None):
                _check_whole(f"{names[at]}: `{name}`", units, 0)
    for team, units in constraints.capacity.items():
        _check_whole(f"the `capacity` of team {team!r}", units, 0)
    for each in constraints.prerequisites:
        _check_whole(f"the `units` of a prerequisite of position {each.project}", each.units, 1)
    if constraints.most_active is not None:
        _check_whole("`most_active`", constraints.most_active, 0)


def _check_whole(what: str, units: float, least: int) -> None:
    if not least <= units < float("inf") or units != int(units):  # refuses nan too
        raise PlanError(
            f"allocate: {what} is {units}, must be a whole number, {least} or more. "
            "Round it, or state effort in smaller units."
        )


def _check_positions(constraints: Constraints, projects: int) -> None:
    asked = [(each.project, "a prerequisite") for each in constraints.prerequisites]
    asked += [(each.needs, "a prerequisite") for each in constraints.prerequisites]
    for at, where in [*asked, *((at, "`done`") for at in constraints.done)]:
        if not 0 <= at < projects:
            raise PlanError(
                f"allocate: {where} names project {at}, which is unknown; there are {projects}, "
                f"from 0 to {projects - 1}. Correct the position, or leave it out."
            )


def _check_circle(constraints: Constraints, names: Sequence[str]) -> None:
    needs: dict[int, list[int]] = {}
    for each in constraints.waiting:
        needs.setdefault(each.project, []).append(each.needs)
    finished: set[int] = set()
    for start in needs:
        circle = _circle_from(start, needs, finished)
        if circle:
            words = " needs ".join(names[at] for at in circle)
            raise PlanError(
                f"allocate: prerequisites go in a circle: {words}. None of them could ever "
                "start: remove one, or say which project is done."
            )


def _circle_from(start: int, needs: Mapping[int, list[int]], finished: set[int]) -> list[int]:
    """A circle that can be reached from `start`, its first project also last; empty for none."""
    path, branches = [start], [iter(needs.get(start, ()))]
    while path:
        after = next(branches[-1], None)
        if after is None:
            finished.add(path.pop())
            branches.pop()
        elif after in path:
            return [*path[path.index(after) :], after]
        elif after not in finished:
            path.append(after)
            branches.append(iter(needs.get(after, ())))
    return []
