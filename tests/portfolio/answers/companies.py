"""Companies of known projects, and hand-made ones whose answers can be worked out."""

from collections.abc import Sequence

import numpy as np

from assay.portfolio import Curve, KnownCurve, Point, ProjectState
from assay.portfolio.answers import Case, Tried
from assay.portfolio.curves.curve import AbstractCurve

from ..truth import SE, draw_project


class Steps(KnownCurve):
    """Points after 0, 1, 2, ... units, as listed; `heights` is set after it is made."""

    heights: tuple[float, ...]

    def mean(self, x):
        return np.interp(np.asarray(x, float), np.arange(len(self.heights)), self.heights)


def steps(*heights: float) -> Steps:
    curve = Steps(1.0, 1.0)
    object.__setattr__(curve, "heights", heights)
    return curve


def state(key: str, curve: AbstractCurve, **fields) -> ProjectState:
    return ProjectState(key=key, question="", curve=curve, **{"importance": 1.0, **fields})


def known(key: str, *heights: float, **fields) -> Case:
    """A project whose curve nothing can change."""
    curve = steps(*heights)
    return Case(state=state(key, curve, **fields), learn=lambda points: curve)


def tried(*points: Point, by: Sequence[str] | str = "ann") -> tuple[Tried, ...]:
    authors = [by] * len(points) if isinstance(by, str) else by
    return tuple(Tried(point, author) for point, author in zip(points, authors, strict=True))


def learnt(points: Sequence[Point]) -> Curve:
    seen = [point.observation for point in points]
    return Curve.learn([each for each in seen if each is not None])


def case(key: str, made: Sequence[Tried], **fields) -> Case:
    """A project whose curve is learnt from its attempts."""
    points = [each.point for each in made]
    spent = max((point.effort or 0.0 for point in points), default=0.0)
    return Case(
        state=state(key, learnt(points), effort_spent=spent, **fields),
        tried=tuple(made),
        learn=learnt,
    )


def drawn(seed: int, attempts: int = 4, authors: int = 3) -> Case:
    """A project from a law that differs from the prior; its attempts may fall short or break."""
    rng = np.random.default_rng([11, seed])
    best, points = 0.0, []
    for at, seen in enumerate(draw_project(seed, attempts).attempts):
        broke = rng.random() < 0.2
        score = None if broke else seen.score
        points.append(
            Point(f"try-{at}", seen.effort, best, score, None if broke else SE, broke=bool(broke))
        )
        best = max(best, score or 0.0)
    by = [f"author-{rng.integers(authors)}" for _ in points]
    importance = float(np.exp(rng.normal(0.0, 0.8)))
    return case(f"p{seed}", tried(*points, by=by), importance=importance)
