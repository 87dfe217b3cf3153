"""Attempts of a project as its curve sees them, in the order in which they were made."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import hypot, isfinite, sqrt
from typing import Any, Literal

from assay.ledger import History, Record, attempt_of, registration_of, verdict_of
from assay.portfolio.curves import UNSCORED_SE, Observation
from assay.record import AttemptBody, RegistrationBody, VerdictBody, WatchBody
from assay.verdict import optimism

LEAST_SE = 0.005  # headroom; gains that are all alike would otherwise claim a score without error
LEAST_HEADROOM = 0.01  # skill; a ceiling at the baseline's own loss leaves nothing to divide by

Kind = Literal["improved", "no better", "broke", "not scored"]


@dataclass(frozen=True)
class Point:
    """One attempt.

    Fields:
        name: of the attempt.
        effort: of the project up to and including it, as far as it is known; `None` where its own
            is unknown.
        best_before: best headroom of the attempts before it, 0 where none beat the baseline.
        score: headroom, 0 = baseline, 1 = ceiling; `None` where nothing was scored. Of sealed rows
            where the seal is open, else of open rows; of the rows since its release where its
            verdict was withdrawn.
        se: standard error of the score, the optimism of several tries included.
        broke: whether it broke before it could predict.
        unknown_before: attempts of unknown effort before it; `effort` is then only the least that
            the project took.
    """

    name: str
    effort: float | None
    best_before: float = 0.0
    score: float | None = None
    se: float | None = None
    broke: bool = False
    unknown_before: int = 0

    @property
    def kind(self) -> Kind:
        """What a reader calls it."""
        if self.broke:
            return "broke"
        if self.score is None:
            return "not scored"
        return "improved" if self.score > self.best_before else "no better"

    @property
    def observation(self) -> Observation | None:
        """What the curve learns: a score, or that a broken attempt did not beat the best.

        Nothing from an unknown effort, or from predictions that only a seal has scored so far.
        """
        if self.effort is None:
            return None
        if self.broke:
            return Observation(self.effort, bound=self.best_before)
        if self.score is None:
            return None
        return Observation(self.effort, score=self.score, se=self.se)


def points_of(history: History | None, key: str) -> tuple[Point, ...]:
    """All attempts of a project in order, with the effort summed so far.

    An attempt of unknown effort is not on the curve. Those after it stay there, at the effort that
    is known: to leave them out would forget measurements, and any guess at what is missing would
    be a number that nobody measured. `too_steep` says so wherever the curve is shown.

    Args:
        history: the ledger's, up to date; `None` where there is none yet.
        key: of the project.
    """
    points: list[Point] = []
    effort, best, unknown = 0.0, 0.0, 0
    for body, scale, tries in _tried(history, key) if history is not None else ():
        effort += body.effort or 0.0
        known = None if body.effort is None else effort
        score, se = scale.score(body, tries)
        points.append(Point(body.name, known, best, score, se, body.broke is not None, unknown))
        unknown += known is None
        best = best if score is None else max(best, score)
    return tuple(points)


def unknown_before(points: Sequence[Point]) -> int:
    """Attempts of unknown effort before the last one that is on the curve."""
    return max((each.unknown_before for each in points if each.observation is not None), default=0)


def too_steep(count: int) -> str:
    """What unknown efforts do to a curve, in a sentence; empty where they do nothing.

    Args:
        count: of `unknown_before`.
    """
    if not count:
        return ""
    attempts = "1 attempt" if count == 1 else f"{count:,} attempts"
    return (
        f"{attempts} of unknown effort came before others that are on the curve, which took more "
        "than is recorded, so the curve may be too steep."
    )


def skill_at_ceiling(ceiling: float | None, baseline_loss: float | None) -> float:
    """Skill of a perfect model; 1 where its loss is 0, and taken as 1 where it is not known.

    Args:
        ceiling: loss of a perfect model.
        baseline_loss: loss of the baseline on the same rows.
    """
    if ceiling is None or baseline_loss is None or not baseline_loss > 0:
        return 1.0
    return max(1.0 - ceiling / baseline_loss, LEAST_HEADROOM)


@dataclass(frozen=True)
class _Scale:
    """What turns the skills of one experiment's attempts into headroom.

    Fields:
        of_open: skill of a perfect model on open rows.
        of_sealed: likewise on sealed rows.
        sealed: what the opened seal showed of each attempt, by name.
    """

    of_open: float
    of_sealed: float = 1.0
    sealed: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def score(self, body: AttemptBody, tries: int) -> tuple[float | None, float | None]:
        """Score and standard error of an attempt, `None` where there is no score.

        Args:
            body: of the attempt.
            tries: scores of this experiment on the same open rows so far, this one included.
        """
        shown = self.sealed.get(body.name, {})
        if shown.get("skill") is not None:
            se = _first_known(shown.get("se"), body.open_se)
            return shown["skill"] / self.of_sealed, max(se / self.of_sealed, LEAST_SE)
        if body.broke is not None or body.open_skill is None:
            return None, None
        # The best of several scores on the same open rows flatters itself.
        se = _first_known(body.open_se) * hypot(1.0, optimism(tries))
        return body.open_skill / self.of_open, max(se / self.of_open, LEAST_SE)


def _tried(history: History, key: str) -> Iterator[tuple[AttemptBody, _Scale, int]]:
    """Attempts in order, with their scale and how many scores its rows have given by then.

    Imported attempts share one scale, on which a loss of 0 is perfect.
    """
    scales = {each.hash: _scale_of(history, each) for each in history.experiments(key)}
    tries: Counter[str | None] = Counter()
    for body in map(attempt_of, history.made_for(key)):
        tries[body.experiment] += body.open_skill is not None
        yield body, scales.get(body.experiment or "", _Scale(of_open=1.0)), tries[body.experiment]


def _scale_of(history: History, registration: Record) -> _Scale:
    terms = registration_of(registration)
    of_open = skill_at_ceiling(terms.ceiling, terms.baseline_open_loss)
    record = history.verdicts.get(registration.hash)
    if record is None:
        return _Scale(of_open)
    verdict = verdict_of(record)
    of_sealed = skill_at_ceiling(terms.ceiling, verdict.baseline_loss)
    shown: dict[str, Mapping[str, Any]] = {str(score["name"]): score for score in verdict.scores}
    withdrawn = history.withdrawal(registration.hash)
    if withdrawn is not None:
        name = history.released_as(withdrawn).attempt
        shown[name] = _since_release(shown.get(name, {}), withdrawn, terms, verdict)
    return _Scale(of_open, of_sealed, shown)


def _since_release(
    score: Mapping[str, Any], seen: WatchBody, terms: RegistrationBody, verdict: VerdictBody
) -> Mapping[str, Any]:
    """What a withdrawn model scored on the rows since its release, in place of the sealed ones.

    The sealed score was refuted by later rows, so it is no more what effort has reached. A claim in
    the metric's unit becomes skill by the baseline's sealed loss. The error is that of the sealed
    rows, as much larger as the later rows are fewer, and never smaller.
    """
    relative = terms.improve_by is not None
    base = 1.0 if relative else verdict.baseline_loss
    if not base or base < 0:
        return {**score, "skill": None}
    fewer = max(1.0, sqrt(terms.n_sealed / seen.rows_so_far))
    se = _first_known(score.get("se")) * fewer
    return {**score, "skill": seen.mean_gain / base, "se": se}


def _first_known(*errors: float | None) -> float:
    known = (error for error in errors if error is not None and isfinite(error))
    return next(known, UNSCORED_SE)
