"""What a model's gain rests on: its loss where a column tells nothing, less its own."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from assay.compute.progress import tracked
from assay.experiment.explanation.altered import Alteration, Kind
from assay.experiment.explanation.certainty import Estimate, estimate, stream
from assay.experiment.explanation.reading import is_same
from assay.experiment.explanation.shuffling import shuffling
from assay.experiment.explanation.subject import Subject
from assay.experiment.explanation.together import Together, together
from assay.predictive import DistributionPredictive
from assay.verdict import IndependentTest

REPEATS = 5
"""Permutations of a column; those of a procedure are fewer, since each asks at every origin."""

PROCEDURE_REPEATS = 2

MOST_ROWS = 5_000
"""Independent sealed rows on which importance is measured: more would tell no more."""

LEAST_ROWS = 300
"""However many columns there are, no fewer are measured on."""

BUDGET_ROWS = 2_000_000
"""Rows that are predicted and scored in all: beyond, fewer permutations and fewer rows."""

COSTLY_ROWS = 5_000
"""The same where the score of each row is an integral, as the CRPS of a family is."""

CHANCE = 0.01
"""Chance that any column at all is called certain and is not (Bonferroni, two-sided)."""

SHOWN_CHANCE = 0.05
"""Chance that the interval in a picture misses."""

HISTORY = "history"
HISTORY_MOVES = "targets in time, within each series"
CALENDAR_MOVES = "of history and asked rows together, from origin to origin"
SERIES_MOVE = "of history and asked rows together, among whole series"
MOVES: dict[str, Kind] = {
    HISTORY_MOVES: "past",
    CALENDAR_MOVES: "calendar",
    SERIES_MOVE: "series",
}


@dataclass(frozen=True)
class Importance:
    """How much worse the loss is where some columns are permuted.

    Fields:
        group: the columns; empty for the history of a procedure.
        how: between what their values were exchanged.
        loss: what the permutation adds to the mean loss, in the metric's unit; `None` where the
            model could not be asked.
        gain: of the model over the baseline, in that unit.
        is_certain: whether it lies above 0 for certain among all columns; `None` where too few
            rows are independent of each other to tell.
        is_read: whether any prediction changed; so said, too, where nothing could be exchanged.
        broke: what the model said where it could not be asked.
    """

    group: Together
    how: str
    loss: Estimate | None
    gain: float
    is_certain: bool | None
    is_read: bool = True
    broke: str = ""

    @property
    def label(self) -> str:
        """What pictures and sentences call the columns."""
        return self.group.label if self.group.columns else HISTORY

    @property
    def kind(self) -> Kind:
        """What was altered: values of columns, or a procedure's past, calendar or series."""
        return MOVES.get(self.how, "values") if self.group.columns else "past"

    @property
    def share(self) -> Estimate | None:
        """As a share of the gain; shares of columns that work together may add up to over 1."""
        return self.loss.over(self.gain) if self.loss is not None and self.gain > 0 else None

    def as_record(self) -> dict[str, Any]:
        """Plain values: the loss and its share of the gain, each with its ends."""
        return {
            "label": self.label,
            "columns": list(self.group.columns),
            "permuted": self.how,
            **_ends("loss", self.loss),
            **_ends("share", self.share),
            "certain": self.is_certain,
            "broke": self.broke or None,
        }


def importances(subject: Subject, *, seed: int) -> tuple[Importance, ...]:
    """How much the loss on the sealed rows rests on each column that the model may see.

    A column is permuted among the sealed rows, which leaves its values and takes what they tell.
    Columns that move together are permuted together. The loss is the registered one, capped as
    the judge caps it; a standard error covers the rows, by how they depend on each other.

    Args:
        subject: the model; a procedure is also asked with the targets of its history permuted.
        seed: draws follow from it and from the names of the columns alone.

    Returns:
        From the most to the least important; those that could not be asked come last.

    Source: Breiman (2001), Random Forests; Fisher, Rudin & Dominici (2019), All models are wrong,
        but many are useful.
    """
    every = np.arange(len(subject.rows))
    base = np.clip(
        subject.judge.baseline_losses, subject.judge.claim.floor, subject.judge.claim.cap
    )
    gain = float((base - subject.losses(subject.predictive, every)).mean())
    groups = groups_of(subject)
    at, repeats = _effort(subject, len(groups), seed)
    own = subject.losses(subject.predictive.take(at), at)
    measure = partial(
        _importance,
        subject,
        own=own,
        at=at,
        gain=gain,
        level=CHANCE / max(len(groups), 1),
        repeats=repeats,
        seed=seed,
    )
    found = [measure(group) for group in tracked(groups, "permuting columns")]
    return tuple(sorted(found, key=_by_size))


def groups_of(subject: Subject) -> tuple[Together, ...]:
    """What a model may see of the sealed rows, in groups that move together.

    Of a procedure these are what is known ahead, its calendar, its series where there are several,
    and its history, which has no columns.
    """
    roles, task = subject.task.roles, subject.task
    names = subject.columns
    own: tuple[Together, ...] = ()
    if subject.is_procedure:
        names = tuple(
            name
            for name in names
            if name in roles.known_ahead and name not in (roles.time, *roles.series)
        )
        keys = tuple(sorted(roles.series))
        several = bool(keys) and subject.visible.table.select(keys).n_unique() > 1
        series = (Together(keys),) if several else ()
        own = (Together((str(roles.time),)), *series, Together(()))
    if not names:
        return own
    return (*together(task.visible(task.open_rows).table.select(names), roles), *own)


def _effort(subject: Subject, columns: int, seed: int) -> tuple[np.ndarray, int]:
    """Places of the sealed rows that are asked, and how often each column is permuted."""
    is_family = isinstance(subject.predictive.underlying, DistributionPredictive)
    is_costly = is_family and subject.task.project.metric == "crps"
    most = (COSTLY_ROWS if is_costly else BUDGET_ROWS) // max(columns, 1)
    at, wanted = np.arange(len(subject.rows)), min(MOST_ROWS, max(LEAST_ROWS, most))
    is_free = isinstance(subject.judge.test, IndependentTest) and subject.stands_alone
    if len(at) > wanted and is_free:
        at = np.sort(stream(seed, "rows").choice(at, wanted, replace=False))
    repeats = PROCEDURE_REPEATS if subject.is_procedure else REPEATS
    return at, min(max(most // len(at), 1), repeats)


def _importance(
    subject: Subject,
    group: Together,
    *,
    own: np.ndarray,
    at: np.ndarray,
    gain: float,
    level: float,
    repeats: int,
    seed: int,
) -> Importance:
    how, alterations = _alterations(subject, group, repeats, seed)
    plain, added = subject.predictive.take(at), []
    try:
        for answer in subject.answers(alterations, at):
            if not is_same(answer, plain):
                added.append(subject.losses(answer, at) - own)
    except Exception as error:  # anybody's model, on rows that it never saw: whatever it raises
        said = f"{type(error).__name__}: {error}"
        return Importance(group, how, None, gain, None, broke=said)
    loss = estimate(subject.judge, np.sum([np.zeros(len(at)), *added], axis=0) / repeats, at)
    is_read = bool(added) or _is_constant(subject, group)
    return Importance(group, how, loss, gain, loss.is_positive(level), is_read)


def _is_constant(subject: Subject, group: Together) -> bool:
    """Whether no two sealed rows differ in the columns; a history never is."""
    if not group.columns:
        return False
    return subject.visible.table.select(group.columns).n_unique() == 1


def _alterations(
    subject: Subject, group: Together, repeats: int, seed: int
) -> tuple[str, list[Alteration]]:
    how = _move(subject, group)
    if how is not None:
        same, kind = np.arange(len(subject.rows)), MOVES[how]
        draws = [int(stream(seed, kind, k).integers(2**31)) for k in range(repeats)]
        return how, [Alteration((), same, kind, draw) for draw in draws]
    dealt = shuffling(subject.task, group.columns)
    streams = (stream(seed, "permuted", *group.columns, k) for k in range(repeats))
    return dealt.how, [Alteration(group.columns, dealt.source(each)) for each in streams]


def _move(subject: Subject, group: Together) -> str | None:
    """How a procedure's history, calendar or series are altered; `None` for values of columns."""
    if not subject.is_procedure:
        return None
    if not group.columns:
        return HISTORY_MOVES
    if group.columns == (subject.task.roles.time,):
        return CALENDAR_MOVES
    return SERIES_MOVE if set(group.columns) <= set(subject.task.roles.series) else None


def _by_size(found: Importance) -> tuple[bool, float, str]:
    return found.loss is None, -found.loss.mean if found.loss else 0.0, found.label


def _ends(name: str, found: Estimate | None) -> dict[str, float | None]:
    if found is None:
        return dict.fromkeys((name, f"{name}_se", f"{name}_low", f"{name}_high"))
    return {name: found.mean, f"{name}_se": found.se, **found.ends(name, SHOWN_CHANCE)}
