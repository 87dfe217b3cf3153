"""Does a curve fitted to the start of other people's histories foretell their end?

Learning curves of a dozen learners and public leaderboards are cut at a share of their effort; what
lies before is fitted, the value at full effort foretold. Beside it stand least squares of
`a * log(b * x)`, a power law `c - a * x^-b` by nonlinear least squares, and the last value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl
from _common import finish, read_options, show_table
from numpy.typing import NDArray
from scipy.optimize import least_squares

from assay.portfolio import Curve

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SHARES = (0.3, 0.5)
LEAST, MOST = 0.70, 0.90  # coverage of an 80 % band that is called right
STARTS = (0.1, 0.3, 0.5, 1.0, 2.0)  # exponents that the power law sets out from
SEED = 11
HALVES_SEED = 0
BEST_OF = {  # the best value of each leaderboard's measure
    **dict.fromkeys(("EM", "F1", "F1_overall", "accuracy_pct"), 100.0),
    **dict.fromkeys(("test_accuracy", "test_auc", "mean_auc"), 1.0),
    **dict.fromkeys(("error_pct", "word_error_pct", "bits_per_char"), 0.0),
}

Floats: TypeAlias = NDArray[np.float64]
Row: TypeAlias = tuple[object, ...]


@dataclass(frozen=True)
class Cut:
    """What was seen of a history, and how it ended.

    Fields:
        group: data set or leaderboard.
        effort: of the scores seen.
        score: as recorded; of a leaderboard the best so far.
        se: standard errors, where there are any.
        ceiling: the best possible score.
        end: effort at which to foretell.
        truth: score there.
        scale: what one unit of error is divided by.
    """

    group: str
    effort: Floats
    score: Floats
    se: Floats | None
    ceiling: float
    end: float
    truth: float
    scale: float


@dataclass(frozen=True)
class Foretold:
    """Errors of each way of foretelling, and whether the band held."""

    groups: tuple[str, ...]
    errors: dict[str, Floats]
    held: NDArray[np.bool_]
    width: Floats


@dataclass(frozen=True)
class Tables:
    """Tables to print (title, columns, rows), what fell short, and the sentence to remember."""

    shown: tuple[tuple[str, Sequence[str], Sequence[Row]], ...]
    shortfalls: tuple[str, ...]
    figure: str


def learning_curves(share: float, kept: float) -> list[Cut]:
    """Learning curves of the data set `effort_lcdb`, cut at a share of the largest training set.

    Args:
        share: of the effort that is seen.
        kept: share of the curves, drawn at random.
    """
    table = pl.read_parquet(DATA / "effort_lcdb" / "curves.parquet")
    groups = table.sort("n_train").group_by(["openml_id", "learner"])
    curves = sorted(groups, key=lambda item: str(item[0]))
    drawn = np.random.default_rng(SEED).random(len(curves)) < kept
    cuts = []
    for (key, curve), is_drawn in zip(curves, drawn, strict=True):
        x, y, se = (
            curve[name].to_numpy().astype(float) for name in ("n_train", "err_test", "se_test")
        )
        seen = x <= share * x[-1]
        if is_drawn and seen.sum() > 1:
            cuts.append(Cut(f"{key[0]:>6}", x[seen], y[seen], se[seen], 0.0, x[-1], y[-1], 1.0))
    return cuts


def leaderboards(share: float) -> list[Cut]:
    """Leaderboards of the data set `effort_leaderboards`, cut at a share of their days."""
    table = pl.read_csv(DATA / "effort_leaderboards" / "progress.csv", try_parse_dates=True)
    cuts = []
    for key, board in table.sort("entry").group_by(["task", "metric"], maintain_order=True):
        days = (board["date"] - board["date"][0]).dt.total_days().to_numpy().astype(float)
        best, ceiling = board["best_so_far"].to_numpy(), BEST_OF[str(key[1])]
        seen = days <= share * days[-1]
        if np.unique(days[seen]).size > 1:
            scale = abs(ceiling - best[0])
            end = (ceiling, days[-1], float(best[-1]), scale)
            cuts.append(Cut("/".join(map(str, key)), days[seen], best[seen], None, *end))
    return cuts


def foretell(cuts: Sequence[Cut], *, best: bool) -> Foretold:
    """Fit each history in each way and compare it with its end."""
    errors: dict[str, list[float]] = {name: [] for name in ("curve", *RIVALS)}
    held, width = [], []
    for cut in cuts:
        curve = Curve.fit(cut.effort, cut.score, se=cut.se, ceiling=cut.ceiling, best=best)
        low, high = (float(end) for end in curve.band(cut.end))
        held.append(low - 1e-9 <= cut.truth <= high + 1e-9)
        width.append((high - low) / cut.scale)
        said = {"curve": float(curve.mean(cut.end))}
        said |= {name: rival(cut) for name, rival in RIVALS.items()}
        for name, value in said.items():
            errors[name].append((value - cut.truth) / cut.scale)
    return Foretold(
        tuple(cut.group for cut in cuts),
        {name: np.array(values) for name, values in errors.items()},
        np.array(held),
        np.array(width),
    )


def by_logarithm(cut: Cut) -> float:
    """Least squares of `a * log(b * x)`."""
    x, end = _positive(cut)
    design = np.column_stack([np.ones(x.size), np.log(x)])
    level, slope = np.linalg.lstsq(design, cut.score, rcond=None)[0]
    return float(level + slope * np.log(end))


def by_power_law(cut: Cut) -> float:
    """Least squares of `c - a * x^-b`, the best from several starts; b from 0.001 to 10."""
    x, end = _positive(cut)
    x, end = x / x[-1], end / x[-1]
    spread = float(np.ptp(cut.score)) or 1.0

    def at(effort: Floats | float, p: Floats) -> Floats:
        return p[0] - p[1] * np.exp(-np.exp(p[2]) * np.log(effort))

    def away(p: Floats) -> Floats:
        return (at(x, p) - cut.score) / spread

    found = []
    for exponent in STARTS:
        design = np.column_stack([np.ones(x.size), -(x**-exponent)])
        linear = np.linalg.lstsq(design, cut.score, rcond=None)[0]
        limits = ([-np.inf, -np.inf, np.log(1e-3)], [np.inf, np.inf, np.log(10.0)])
        start = [*linear, np.log(exponent)]
        found.append(least_squares(away, start, bounds=limits, max_nfev=200))
    return float(at(end, min(found, key=lambda one: one.cost).x))


def by_last_value(cut: Cut) -> float:
    """No change."""
    return float(cut.score[-1])


RIVALS: dict[str, Callable[[Cut], float]] = {
    "a log(b x)": by_logarithm,
    "power law": by_power_law,
    "last value": by_last_value,
}


def tables(quick: bool) -> Tables:
    """Everything that is to be said, or one sentence where the data are not here.

    Args:
        quick: a random third of the learning curves.
    """
    missing = [
        name for name in ("effort_lcdb", "effort_leaderboards") if not (DATA / name).is_dir()
    ]
    if missing:
        return Tables((), (), f"histories: skipped, the data {' and '.join(missing)} are not here")
    kept = 1 / 3 if quick else 1.0
    found = {("learning curves", s): foretell(learning_curves(s, kept), best=False) for s in SHARES}
    found |= {("leaderboards", s): foretell(leaderboards(s), best=True) for s in SHARES}
    accuracy = (
        "Errors at full effort: of an error rate; of a leaderboard's headroom at its first entry",
        ("histories", "seen", "number", "foretold by", "RMSE", "mean absolute error"),
        [row for (kind, share), one in found.items() for row in _accuracy(kind, share, one)],
    )
    coverage = (
        "How often the 80 % band held; give or take one standard error over data sets",
        ("histories", "seen", "number", "held", "give or take", "mean width"),
        [*(_coverage(*cut, one) for cut, one in found.items()), *_pooled(found)],
    )
    halves = (
        "Learning curves in halves of the data sets; tuned mainly on the first",
        ("half", "seen", "number", "RMSE", "best rival", "mean abs. error", "best rival", "held"),
        [row for s in SHARES for row in _halves(s, found["learning curves", s])],
    )
    shortfalls = tuple(
        words for (kind, share), one in found.items() for words in _shortfalls(kind, share, one)
    )
    return Tables((accuracy, coverage, halves), shortfalls, _figure(found))


def _positive(cut: Cut) -> tuple[Floats, float]:
    """Efforts that have a logarithm: days count from 1."""
    return (cut.effort, cut.end) if cut.effort[0] > 0 else (cut.effort + 1.0, cut.end + 1.0)


def _rmse(errors: Floats) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _mean(errors: Floats) -> float:
    return float(np.mean(np.abs(errors)))


def _accuracy(kind: str, share: float, one: Foretold) -> list[Row]:
    lead = (kind, f"{share:.0%}", one.held.size)
    return [(*lead, name, _rmse(each), _mean(each)) for name, each in one.errors.items()]


def _coverage(kind: str, share: float | None, one: Foretold) -> Row:
    lead = (kind, "pooled" if share is None else f"{share:.0%}", one.held.size)
    return (*lead, f"{one.held.mean():.3f}", f"{_uncertain(one):.3f}", float(one.width.mean()))


def _pooled(found: dict[tuple[str, float], Foretold]) -> list[Row]:
    """Both cuts of each kind together; those of one data set still go together."""
    kinds = dict.fromkeys(kind for kind, _ in found)
    parts = {kind: [found[kind, share] for share in SHARES] for kind in kinds}
    return [
        _coverage(
            kind,
            None,
            Foretold(
                tuple(name for one in both for name in one.groups),
                {},
                np.concatenate([one.held for one in both]),
                np.concatenate([one.width for one in both]),
            ),
        )
        for kind, both in parts.items()
    ]


def _uncertain(one: Foretold) -> float:
    """Standard error of the share of bands that held, curves of one data set going together."""
    names, at = np.unique(one.groups, return_inverse=True)
    off = np.bincount(at, weights=one.held - one.held.mean())
    return float(np.sqrt(np.sum(off**2) * names.size / max(names.size - 1, 1)) / one.held.size)


def _halves(share: float, one: Foretold) -> list[Row]:
    names, at = np.unique(one.groups, return_inverse=True)
    drawn = np.random.default_rng(HALVES_SEED).permutation(names.size)[: names.size // 2]
    rows: list[Row] = []
    for half, chosen in (("first", np.isin(at, drawn)), ("second", ~np.isin(at, drawn))):
        of = {name: each[chosen] for name, each in one.errors.items()}
        own = of.pop("curve")
        figures = [
            value for best in (_rmse, _mean) for value in (best(own), min(map(best, of.values())))
        ]
        held = f"{one.held[chosen].mean():.3f}"
        rows.append((half, f"{share:.0%}", own.size, *figures, held))
    return rows


def _shortfalls(kind: str, share: float, one: Foretold) -> list[str]:
    where, held, own = f"{kind} cut at {share:.0%}", one.held.mean(), one.errors["curve"]
    short = [
        f"{where}: {name} has the lower {measure}"
        for name in RIVALS
        for measure, of in (("RMSE", _rmse), ("mean absolute error", _mean))
        if of(own) >= of(one.errors[name])
    ]
    if not LEAST <= held <= MOST:
        short.append(f"{where}: the 80 % band held {held:.2f} of the time")
    return short


def _figure(found: dict[tuple[str, float], Foretold]) -> str:
    parts = []
    for (kind, share), one in found.items():
        rivals = min(_rmse(one.errors[name]) for name in RIVALS)
        parts.append(
            f"{kind} cut at {share:.0%} RMSE {_rmse(one.errors['curve']):.3f} (best rival "
            f"{rivals:.3f}), 80 % band holds {one.held.mean():.2f}"
        )
    return "histories: " + "; ".join(parts)


def main() -> None:
    """Print the tables."""
    options = read_options("Does a curve fitted to the start of a history foretell its end?")
    found = tables(options.quick)
    for title, columns, rows in found.shown:
        show_table(title, columns, rows)
    finish(found.figure, found.shortfalls, options)


if __name__ == "__main__":
    main()
