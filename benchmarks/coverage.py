"""Whether predictives hold what they promise: randomised PIT values on data that nobody tuned to.

For each of six models and two sizes, 200 simulated data sets are fitted; fresh rows of the same law
then give u = F(y-) + V (F(y) - F(y-)), which is uniform where the predictive is right. Beside it
the coverage of plain 90 % intervals, which for counts is honestly higher.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from _common import Options, finish, read_options, show_table

import assay
from assay.compute.progress import tracked
from assay.score import coverage, randomised_pit

SIZES = (50, 500)
SETS, QUICK_SETS = 200, 20
FRESH = 200
INSIDE = (0.05, 0.95)
PROMISED = (0.88, 0.92)


@dataclass(frozen=True)
class Subject:
    """A law that makes tables, and the model that is right for it.

    Fields:
        name: as shown.
        model: to be fitted.
        draw: from a generator and a number of rows to a table with `x`, the recorded `y`, and the
            value itself as `truth`.
    """

    name: str
    model: assay.Model
    draw: Callable[[np.random.Generator, int], pl.DataFrame]


def _table(x: np.ndarray, truth: np.ndarray, **columns: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"x": x, "truth": truth, "y": truth, **columns})


def _normal(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    x = rng.normal(size=rows)
    return _table(x, 3.0 + 2.0 * x + rng.normal(scale=1.5, size=rows))


def _censored(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    x = rng.normal(size=rows)
    truth = rng.gamma(4.0, 20.0 * np.exp(0.3 * x) / 4.0)
    stock = rng.uniform(12.0, 45.0, rows)
    return _table(x, truth, stock=stock).with_columns(y=np.minimum(truth, stock))


def _truncated(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    x = rng.normal(size=8 * rows)
    truth = 1.0 + x + rng.normal(scale=1.5, size=8 * rows)
    kept = np.flatnonzero(truth > 0.0)[:rows]
    return _table(x[kept], truth[kept])


def _count(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    x = rng.normal(size=rows)
    return _table(x, rng.poisson(rng.gamma(2.0, 6.0 * np.exp(0.4 * x) / 2.0)).astype(float))


def _bounded(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    x = rng.normal(size=rows)
    mean = 1 / (1 + np.exp(-(0.5 + 0.8 * x)))
    return _table(x, np.clip(rng.beta(8 * mean, 8 * (1 - mean)), 1e-12, 1 - 1e-12))


def _zeros(rng: np.random.Generator, rows: int) -> pl.DataFrame:
    x = rng.normal(size=rows)
    return _table(x, rng.poisson(np.exp(1.0 + 0.4 * x)) * (rng.uniform(size=rows) > 0.3) * 1.0)


LINE = assay.Linear("x")
SUBJECTS = (
    Subject("Normal", assay.Model(assay.Normal(), mean=LINE), _normal),
    Subject(
        "censored Gamma",
        assay.Model(assay.Censored(assay.Gamma(), above="stock"), mean=LINE),
        _censored,
    ),
    Subject(
        "truncated Normal",
        assay.Model(assay.Truncated(assay.Normal(), below=0.0), mean=LINE),
        _truncated,
    ),
    Subject("negative binomial", assay.Model(assay.NegativeBinomial(), mean=LINE), _count),
    Subject("Beta", assay.Model(assay.Beta(), mean=LINE), _bounded),
    Subject(
        "zero-inflated Poisson", assay.Model(assay.ZeroInflated(assay.Poisson()), mean=LINE), _zeros
    ),
)


def shares(subject: Subject, rows: int, number: int) -> tuple[float, float]:
    """Share of PIT values inside, and coverage of 90 % intervals, on fresh rows of one data set."""
    rng = np.random.default_rng([number, rows, len(subject.name)])
    table, fresh = subject.draw(rng, rows), subject.draw(rng, FRESH)
    fitted = subject.model.fit(table.drop("truth"), "y", seed=number)
    predictive = fitted.predict(fresh.drop("truth", "y")).underlying
    truth = fresh["truth"].to_numpy()
    pit = randomised_pit(predictive, truth, seed=number)
    inside = float(np.mean((pit > INSIDE[0]) & (pit < INSIDE[1])))
    return inside, coverage(predictive, truth, level=0.9)


def main(options: Options) -> None:
    """Fit every model to every data set and count."""
    sets = QUICK_SETS if options.quick else SETS
    rows, shortfalls = [], []
    for subject in SUBJECTS:
        for size in SIZES:
            label = f"{subject.name}, n = {size}"
            found = [shares(subject, size, number) for number in tracked(range(sets), label)]
            inside, covered = np.mean(found, axis=0)
            error = float(np.std([each[0] for each in found], ddof=1) / np.sqrt(sets))
            rows.append([subject.name, size, float(inside), error, float(covered)])
            # Fewer data sets say less: a quick run allows for two standard errors.
            slack = 2 * error if options.quick else 0.0
            if not PROMISED[0] - slack <= inside <= PROMISED[1] + slack:
                shortfalls.append(f"{label}: {inside:.3f} of PIT values inside, promised .88-.92")
    heads = ("model", "rows", "PIT inside (.05, .95)", "± se", "interval coverage")
    show_table(f"{sets} data sets each, {FRESH} fresh rows a set", heads, rows)
    spread = [row[2] for row in rows]
    figure = f"share of PIT values inside (.05, .95): {min(spread):.3f} to {max(spread):.3f}"
    finish(figure, shortfalls, options)


if __name__ == "__main__":
    main(read_options(__doc__ or ""))
