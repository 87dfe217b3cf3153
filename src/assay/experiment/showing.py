"""What an opened seal shows beyond scores: promises beside what came, and signs of a leak."""

from typing import Any

import numpy as np

from assay.experiment.judging import Judge
from assay.predictive import AbstractPredictive, EnsemblePredictive, under_limit
from assay.score import randomised_pit

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
BINS = 10
FAR = 4.0
"""Standard errors between open and sealed skill from which on a leak is the likelier reason."""

Row = dict[str, Any]


def reliability(judge: Judge, predictive: AbstractPredictive) -> tuple[Row, ...]:
    """What an attempt promised on the sealed rows, beside what came.

    For a target of 0 and 1 the mean probability and the share of ones, in tenths of the rows; for
    classes the same of the most probable class; else for some levels the share of rows that lie
    below the quantile of that level. Nothing for point forecasts, which promise nothing.

    Source: Murphy & Winkler (1977), Reliability of subjective probability forecasts; Czado,
    Gneiting & Held (2009) for counts.
    """
    rows = judge.task.sealing.sealed_rows
    y = judge.task.y[rows]
    if judge.task.classes:
        numbers = range(len(judge.task.classes))
        logs = [predictive.log_prob(np.full(len(y), float(number))) for number in numbers]
        chances = np.exp(np.column_stack(logs))
        return _of_chances(
            chances.max(axis=1), (chances.argmax(axis=1) == y).astype(float), "class"
        )
    if np.isin(y, (0.0, 1.0)).all():
        return _of_chances(predictive.mean(), y, "chance")
    base = predictive.underlying
    if isinstance(base, EnsemblePredictive) and base.values.shape[1] == 1:
        return ()
    limit = None if judge.task.limit is None else judge.task.limit[rows]
    shown = under_limit(predictive, limit)
    pit = randomised_pit(shown, y if limit is None else np.minimum(y, limit), seed=judge.task.seed)
    return tuple(
        {
            "kind": "level",
            "predicted": level,
            "observed": float(np.mean(pit <= level)),
            "count": len(rows),
        }
        for level in LEVELS
    )


def _of_chances(chance: np.ndarray, y: np.ndarray, kind: str) -> tuple[Row, ...]:
    parts = np.array_split(np.argsort(chance, kind="stable"), min(BINS, len(y)))
    return tuple(
        {
            "kind": kind,
            "predicted": float(chance[part].mean()),
            "observed": float(y[part].mean()),
            "count": len(part),
        }
        for part in parts
    )


def suspicions(
    judge: Judge, scores: list[Row], predictives: dict[str, AbstractPredictive]
) -> list[str]:
    """What looks like a leak: said once the seal is open, since it depends on sealed targets.

    Args:
        judge: of the sealed rows.
        scores: of each attempt, with its open skill.
        predictives: by the attempt's name.
    """
    found = []
    y = judge.task.y[judge.task.sealing.sealed_rows]
    is_telling = len(np.unique(y)) > len(y) / 2
    for score in scores:
        name, skill, open_skill = score["name"], score["skill"], score["open_skill"]
        if skill is None:
            continue
        hits = float(np.mean(predictives[name].quantile(0.5) == y)) if is_telling else 0.0
        if hits > 0.5:
            found.append(
                f"`{name}` predicts {100 * hits:.0f} % of the sealed targets to the last digit. "
                "Unless the target is computed from the features, it has seen them: find out "
                "before relying on it."
            )
        elif open_skill is not None and _is_far(skill - open_skill, score):
            found.append(
                f"`{name}` does far better on the sealed rows ({100 * skill:.0f} points of skill) "
                f"than out of fold on open ones ({100 * open_skill:.0f}): look for a leak before "
                "relying on it."
            )
    return found


def _is_far(gap: float, score: Row) -> bool:
    errors = [score["se"], score["open_se"]]
    if any(error is None or not np.isfinite(error) for error in errors):
        return False
    return gap > FAR * float(np.hypot(*errors)) and gap > 0.1
