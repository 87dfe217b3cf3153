"""A project beside the attempts that its curve was learnt from, so that some can be forgotten."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assay.ledger import History, Record, attempt_of
from assay.portfolio.curves import AbstractCurve
from assay.portfolio.point import Point, points_of
from assay.portfolio.project_state import ProjectState
from assay.portfolio.state import bodies_of, curve_of, project_states
from assay.record import Portfolio

Learn = Callable[[Sequence[Point]], AbstractCurve]
"""What makes a project's curve of its attempts."""

FAILED = ("no better", "broke")


@dataclass(frozen=True)
class Tried:
    """One attempt and who made it.

    Fields:
        point: what the project's curve sees of it.
        author: whoever the attempt names, else whoever recorded it.
    """

    point: Point
    author: str = "unknown"

    @property
    def is_failure(self) -> bool:
        """Whether it broke or did not beat the best before it."""
        return self.point.kind in FAILED

    @property
    def tells(self) -> bool:
        """Whether a curve learns anything from it; not so where its effort is unknown."""
        return self.point.observation is not None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One project as the answers see it.

    Fields:
        state: with the curve that all attempts together give.
        tried: its attempts, in order.
        learn: makes the curve of some of them.
    """

    state: ProjectState
    tried: tuple[Tried, ...] = ()
    learn: Learn

    def knowing(self, kept: Collection[int]) -> ProjectState:
        """The project if only some of its attempts were known.

        Knowledge is taken away, not history: efforts stay as they were spent, and a broken attempt
        still did not beat the best that it was measured against.

        Args:
            kept: places of the attempts that are known, in `tried`.
        """
        if all(at in kept for at, each in enumerate(self.tried) if each.tells):
            return self.state
        points = [each.point for at, each in enumerate(self.tried) if at in kept]
        return replace(self.state, curve=self.learn(points))

    def without(self, forgotten: Collection[int]) -> ProjectState:
        """The project if some of its attempts were not known; otherwise as `knowing`."""
        return self.knowing([at for at in range(len(self.tried)) if at not in forgotten])

    def failures(self) -> tuple[int, ...]:
        """Places of the attempts that failed."""
        return tuple(at for at, each in enumerate(self.tried) if each.is_failure)


def cases_of(history: History | None, portfolio: Portfolio | None = None) -> tuple[Case, ...]:
    """Every project with its curve and its attempts.

    Args:
        history: the ledger's, up to date; `None` where there is none yet.
        portfolio: its projects replace those that the ledger recorded.
    """
    states = project_states(history, portfolio)
    bodies = bodies_of(history, portfolio)
    return tuple(
        Case(state=state, tried=_tried(history, state.key), learn=partial(curve_of, body))
        for state, body in zip(states, bodies, strict=True)
    )


def _tried(history: History | None, key: str) -> tuple[Tried, ...]:
    if history is None:
        return ()
    made = zip(points_of(history, key), history.made_for(key), strict=True)
    return tuple(Tried(point, _author(record)) for point, record in made)


def _author(record: Record) -> str:
    return attempt_of(record).author or record.author or "unknown"
