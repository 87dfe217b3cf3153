"""Whether what a model promises comes as often as it says."""

from statistics import NormalDist
from typing import Any

import numpy as np

from assay.experiment.gate.candidate import Candidate
from assay.experiment.gate.part import Part, judged, percent, untold
from assay.experiment.segments import LEAST_ROWS
from assay.experiment.showing import BINS, LEVELS
from assay.predictive import EnsemblePredictive, under_limit
from assay.score import randomised_pit

TOLERANCE = 0.02
"""A promise that is off by no more than this is kept, however many rows could tell."""

LEVEL = 0.01
"""Chance that a model whose promises are all kept within `TOLERANCE` is found wanting."""

Row = dict[str, Any]


def calibration(candidate: Candidate) -> Part:
    """Compare promised chances with what came on the sealed rows.

    A promise is broken where what came differs from it for certain by more than the tolerance:
    the level is split over all promises (Bonferroni), and errors respect how the rows depend.

    Source: Murphy & Winkler (1977), Reliability of subjective probability forecasts; Gneiting,
    Balabdaoui & Raftery (2007), Probabilistic forecasts, calibration and sharpness; Czado,
    Gneiting & Held (2009) for counts.
    """
    rows = promises(candidate)
    known = [row for row in rows if np.isfinite(row["se"])]
    if not known:
        return untold(
            "calibration",
            f"There are too few independent sealed rows ({len(candidate.sealed):,}) to compare "
            "promises with what came.",
            "Seal more rows.",
        )
    errors = NormalDist().inv_cdf(1 - LEVEL / 2 / len(known))
    off = [row for row in known if _away(row) - errors * row["se"] > TOLERANCE]
    figures = {"promises": rows, "tolerance": TOLERANCE}
    worst = max(known, key=_away)
    return judged(
        "calibration",
        [f"Its promises are not kept: {_said(row)}." for row in _worst(off)],
        fine=f"Its promises are kept, as far as {len(candidate.sealed):,} rows can tell; the "
        f"furthest off: {_said(worst)}.",
        remedy="Calibrate on open rows (isotonic or Platt scaling, conformal intervals), or take "
        "a family whose spread can vary.",
        figures=figures,
    )


def promises(candidate: Candidate) -> list[Row]:
    """Each promise beside what came: `what`, `promised`, `came`, its standard error and rows.

    For 0 and 1 and for classes: the chance of each class, in tenths of the rows by that chance.
    For a point forecast: the share of rows that lie below it, if it is a median; else that its
    errors average to nothing, in units of their spread. Else the share of rows below quantiles.
    """
    y = candidate.task.y[candidate.sealed]
    if candidate.task.classes:
        labels, chances, came = candidate.task.classes, candidate.foretold, candidate.recorded
        return [
            row
            for number, label in enumerate(labels)
            for row in _chances(candidate, f"`{label}`", chances[:, number], came[:, number])
        ]
    if np.isin(candidate.task.y[candidate.task.open_rows], (0.0, 1.0)).all():
        return _chances(candidate, "1", candidate.foretold[:, 0], y)
    base = candidate.predictive.underlying
    if isinstance(base, EnsemblePredictive) and base.is_point:
        return [_point(candidate)]
    return _levels(candidate)


def _chances(candidate: Candidate, label: str, chance: np.ndarray, y: np.ndarray) -> list[Row]:
    count = min(BINS, max(1, len(y) // LEAST_ROWS))
    parts = np.array_split(np.argsort(chance, kind="stable"), count)
    return [
        {
            "what": f"the chance of {label}",
            "promised": float(chance[part].mean()),
            "came": float(y[part].mean()),
            "se": _chance_se(candidate, chance[part], y[part], part),
            "rows": len(part),
        }
        for part in parts
    ]


def _chance_se(candidate: Candidate, chance: np.ndarray, y: np.ndarray, rows: np.ndarray) -> float:
    """Standard error of what came, were the promise kept; seen errors, where rows depend.

    Where no 1 came among a hundred rows, the seen spread is nothing and would prove anything.
    """
    kept = float(np.sqrt((chance * (1 - chance)).sum() + 1.0)) / len(chance)
    return max(kept, candidate.judge.se(y - chance, rows))


def _point(candidate: Candidate) -> Row:
    """What a single value promises, by the metric that it is judged by."""
    rows = candidate.sealed
    if candidate.registration.metric in ("absolute", "pinball", "crps"):
        level = (candidate.registration.levels or (0.5,))[0]
        y, value = candidate.recorded[:, 0], candidate.predictive.quantile(0.5)
        below = np.where(y == value, level, (y < value).astype(float))
        what, promised = "the share of rows below it", level
    else:
        error = (candidate.recorded - candidate.foretold)[:, 0]
        below, what, promised = error / (float(error.std()) or 1.0), "its mean error over sd", 0.0
    se = candidate.judge.se(below)
    return {
        "what": what,
        "promised": promised,
        "came": float(below.mean()),
        "se": se,
        "rows": len(rows),
    }


def _levels(candidate: Candidate) -> list[Row]:
    task, rows = candidate.task, candidate.sealed
    limit = None if task.limit is None else task.limit[rows]
    shown = under_limit(candidate.predictive, limit)
    pit = randomised_pit(shown, candidate.recorded[:, 0], seed=task.seed)
    below = (pit[:, None] <= np.array(LEVELS)).astype(float)
    return [
        {
            "what": f"the share of rows below the {percent(level)} quantile",
            "promised": level,
            "came": float(column.mean()),
            "se": max(candidate.judge.se(column), float(np.sqrt(level * (1 - level) / len(rows)))),
            "rows": len(rows),
        }
        for level, column in zip(LEVELS, below.T, strict=True)
    ]


def _worst(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=_away, reverse=True)[:2]


def _away(row: Row) -> float:
    return abs(row["came"] - row["promised"])


def _said(row: Row) -> str:
    if row["what"].startswith("its mean error"):
        return f"{row['what']} is {row['came']:.2f} in place of 0"
    return (
        f"{row['what']} was promised to be {percent(row['promised'])} and was "
        f"{percent(row['came'])} ({row['rows']:,} rows)"
    )
