"""What drives a model: its columns, their effects, and how much a sum of them reproduces."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.experiment.explanation.effects import Effect, effects
from assay.experiment.explanation.importance import Importance, importances
from assay.experiment.explanation.subject import Subject
from assay.experiment.explanation.surrogate import (
    INSTALL,
    Surrogate,
    is_available,
    opened,
    surrogate,
)
from assay.experiment.explanation.telling import Told, told
from assay.experiment.judging import Judge
from assay.experiment.task import Fitted, Procedure
from assay.predictive import AbstractPredictive

MOST_RECORDED = 100
"""Columns whose importance is kept, the greatest."""


@dataclass(frozen=True)
class Explanation:
    """What drives a model, as a gate records it.

    Fields:
        gain: of the model over the baseline on the sealed rows, in the metric's unit.
        skill: the same as a share of the baseline's loss; `None` where that is not above 0.
        importance: of each column, the greatest first.
        effects: of the most important ones.
        surrogate: the additive stand-in; `None` where there is none, and `notes` says why.
        told: whether the part holds, in words.
        notes: what a reader should know of how it was measured, one sentence each.
    """

    gain: float
    skill: float | None
    importance: tuple[Importance, ...]
    effects: tuple[Effect, ...]
    surrogate: Surrogate | None
    told: Told
    notes: tuple[str, ...]

    @property
    def holds(self) -> bool | None:
        """Whether the model is explained well enough; `None` where that cannot be told."""
        return self.told.holds

    @property
    def finding(self) -> str:
        """What was found, in a sentence or two."""
        return self.told.finding

    @property
    def remedy(self) -> str:
        """What to do where it does not hold, or cannot be told; empty where it holds."""
        return self.told.remedy

    def as_record(self) -> dict[str, Any]:
        """Plain JSON values, enough to draw every picture; what is not finite is `None`."""
        return _plain(
            {
                "gain": self.gain,
                "skill": self.skill,
                "importance": [each.as_record() for each in self.importance[:MOST_RECORDED]],
                "columns": sum(1 for each in self.importance if each.kind == "values"),
                "effects": [each.as_record() for each in self.effects],
                "surrogate": None if self.surrogate is None else self.surrogate.as_record(),
                "notes": list(self.notes),
            }
        )


def explain(
    judge: Judge, fitted: Fitted | Procedure, predictive: AbstractPredictive, *, seed: int
) -> Explanation:
    """Explain any model on the sealed rows, once their seal is open.

    Args:
        judge: of the sealed rows.
        fitted: the model, fitted on open rows.
        predictive: what it predicts for the sealed rows, in the order in which they are judged.
        seed: of everything drawn at random; the order of columns changes nothing.

    Returns:
        Importance, effects and surrogate, each as far as the model can be asked.
    """
    subject = Subject(judge, fitted, predictive)
    every, claim = np.arange(len(subject.rows)), judge.claim
    base = np.clip(judge.baseline_losses, claim.floor, claim.cap)
    gain = float((base - subject.losses(predictive, every)).mean())
    loss = float(base.mean())
    found = importances(subject, seed=seed)
    drawn = effects(subject, found, seed=seed)
    stand_in, why = _surrogate(subject, found, gain, seed)
    skill = gain / loss if loss > 0 else None
    return Explanation(
        gain=gain,
        skill=skill,
        importance=found,
        effects=drawn,
        surrogate=stand_in,
        told=told(found, stand_in, gain=gain, skill=skill, why=why),
        notes=_notes(subject, found, why),
    )


def _surrogate(
    subject: Subject, found: tuple[Importance, ...], gain: float, seed: int
) -> tuple[Surrogate | None, str]:
    """The surrogate, or why there is none."""
    if not gain > 0:
        return None, "The model gains nothing over the baseline on these rows."
    columns = _read(subject, found)
    if not columns and not subject.is_procedure:
        return None, "The model reads none of the columns that it may see."
    if not is_available():
        return None, INSTALL
    try:
        asked = opened(subject)
    except Exception as error:  # anybody's model: what it raises must not take the gate down
        said = f"{type(error).__name__}: {error}"
        return None, f"The model could not be asked about open rows: {said}"
    return surrogate(subject, asked, columns, seed=seed), ""


def _read(subject: Subject, found: tuple[Importance, ...]) -> tuple[str, ...]:
    """Columns that the model reads; of a procedure always the keys and times.

    Whoever reads no weekday may well know it from the past, which has a place for each.
    """
    own = [each for each in found if each.kind == "values"]
    asked = {name for each in own for name in each.group.columns}
    ignored = {name for each in own if not each.is_read for name in each.group.columns}
    kept = asked - ignored
    if subject.is_procedure:
        kept |= set(subject.columns) - asked
    return tuple(sorted(kept))


def _notes(subject: Subject, found: tuple[Importance, ...], why: str) -> tuple[str, ...]:
    """How it was measured, where a reader might think otherwise."""
    notes = [why] if why else []
    own = [each for each in found if each.kind == "values"]
    joint = [each.group for each in own if len(each.group.columns) > 1]
    notes += [
        f"`{', '.join(group.columns)}` move together and were permuted as one." for group in joint
    ]
    hows = {each.how for each in own} - {"among rows"}
    notes += [f"Values were exchanged {how}." for how in sorted(hows)]
    if subject.is_procedure:
        notes.append(
            "A procedure's past is altered by another order in time of its targets within each "
            "series. Its calendar is altered by moving history and asked rows in time together, "
            "its series by exchanging the keys of both: what it reads from the history stays."
        )
    notes += [f"`{each.label}` could not be permuted: {each.broke}" for each in found if each.broke]
    if found:
        notes.append(
            "Shares of columns that tell only together may add up to more than the gain, those of "
            "columns that can stand in for each other to less."
        )
    return tuple(notes)


def _plain(value: Any) -> Any:
    """JSON values: None for what is not finite."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value
