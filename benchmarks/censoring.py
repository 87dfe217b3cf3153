"""Does reading stock-outs as censoring recover the demand that they hide?

Run `python benchmarks/censoring.py` (about ten minutes on two cores), with `--check` to fail where
a promise does not hold. `--quick` leaves out the Tweedie panel, which takes most of it.

Each shop is simulated, so its true mean demand is known, though not to the models: they are fitted
to sales before the last 52 weeks. All series of a shop share one unseen daily drift, an AR(0.9)
with an sd of 0.1 on the log scale. No model here follows it, so each bias ahead also carries what
the drift happened to average: by its law an sd of 2.3 % over the weeks ahead and of 1.6 % over the
open ones, 2.7 % together. `demand known`, a model that no stock-out hides anything from, shows that
part alone.

Then panels of series (`_stocked.py`): score-driven filters of three laws, on 30 % of whose days
stock runs out. It follows what sold two weeks before, and is independent of the day's demand.
Beside it, held to nothing, stands stock that knows each day's true mean, as no planner does: such a
limit tells of demand, which reading it as censoring alone ignores.
"""

import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import _stocked
import numpy as np
from _common import finish, read_options, show_table

# Written down before the first run, and not the shop of examples/first, which is seed 1.
SEEDS = tuple(range(101, 121))
FORMULA = "C(store):C(item) + C(weekday) + log(price)"  # as in examples/first
AHEAD = timedelta(weeks=52)
PANEL_SEED = 1
SHOWN = ("negative binomial",)  # laws also shown with stock that knows each day's mean
PANELS = {"negative binomial": 400, "gamma": 400, "Tweedie": 100}  # how many series of each law
CENSORED, IGNORED, KNOWN = "censored", "taken as demand", "demand known"
WITHIN = 0.03  # median |bias| with censoring, at most
NEAR = 0.01  # median distance of the bias with censoring from that of `demand known`, at most
LOW = -0.10  # median bias without, at most: else stock-outs hide too little to show anything

# Two processes on two cores: each keeps to one thread.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@dataclass(frozen=True)
class Size:
    """How large each shop is; every one sells for three years."""

    items: int
    stores: int


@dataclass(frozen=True)
class Bias:
    """Predicted over true mean demand, minus 1.

    Fields:
        seed: of the shop.
        model: what the model was told of stock-outs.
        ahead: over the 52 weeks that it was not fitted to.
        in_sample: over those that it was fitted to.
        seconds: for the fit.
    """

    seed: int
    model: str
    ahead: float
    in_sample: float
    seconds: float


def models() -> dict[str, Any]:
    """The three models: one mean and one size, and what each is told of stock-outs."""
    import assay  # in the processes that fit: the one that waits needs no JAX

    count = assay.NegativeBinomial()
    families = {CENSORED: assay.Censored(count, above="stock"), IGNORED: count, KNOWN: count}
    mean = assay.Linear(FORMULA)
    return {
        name: assay.Model(family, mean=mean, size=assay.Constant())
        for name, family in families.items()
    }


def measure(seed: int, size: Size) -> list[Bias]:
    """Simulate one shop, fit all models to its open rows, and compare them with the truth."""
    import polars as pl

    from assay.simulate import shop

    made = shop(seed, items=size.items, stores=size.stores)
    known = made.sales.with_columns(units=made.truth["demand"])
    is_open = pl.col("date") <= made.sales["date"].max() - AHEAD  # pyright: ignore[reportOperatorIssue]
    found = []
    for name, model in models().items():
        table = known if name == KNOWN else made.sales
        began = time.perf_counter()
        fitted = model.fit(table.filter(is_open), "units")
        seconds = time.perf_counter() - began
        ahead, in_sample = (
            fitted.predict(table.filter(rows).drop("units")).underlying.mean().sum()
            / made.truth.filter(rows)["mean_demand"].sum()
            - 1
            for rows in (~is_open, is_open)
        )
        found.append(Bias(seed, name, float(ahead), float(in_sample), seconds))
    return found


def measure_all(seeds: tuple[int, ...], size: Size, processes: int) -> Iterator[Bias]:
    """All shops, `processes` at a time, with progress."""
    os.environ.update(ONE_THREAD)
    began = time.perf_counter()
    # Spawned, not forked: each process then reads the thread settings before it loads a library.
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawned) as pool:
        for count, done in enumerate(
            as_completed([pool.submit(measure, seed, size) for seed in seeds]), start=1
        ):
            yield from done.result()
            passed = time.perf_counter() - began
            print(f"{count} of {len(seeds)} shops, {passed:.0f} s", file=sys.stderr, flush=True)


def measure_panels(laws: dict[str, int], processes: int) -> list[_stocked.Found]:
    """All fits of panels: series of each law, `processes` at a time, with progress."""
    os.environ.update(ONE_THREAD)
    told = (_stocked.KNOWN, _stocked.CENSORED, _stocked.IGNORED, _stocked.DROPPED)
    spawned = multiprocessing.get_context("spawn")
    found = []
    with ProcessPoolExecutor(processes, mp_context=spawned) as pool:
        asked = [
            pool.submit(_stocked.fit, law, each, series, PANEL_SEED)
            for law, series in laws.items()
            for each in (*told, *([_stocked.KNOWING] if law in SHOWN else []))
        ]
        for one in asked:
            found.append(one.result())
            print(f"{len(found)} of {len(asked)} panels fitted", file=sys.stderr, flush=True)
    return found


def of(biases: list[Bias], model: str) -> np.ndarray:
    """Biases of one model, shape (seed, 2): ahead and in sample."""
    return np.array([(one.ahead, one.in_sample) for one in biases if one.model == model])


def show_seeds(biases: list[Bias]) -> None:
    """Print each shop: the bias ahead of every model, with that in sample beside it."""
    rows = []
    for seed in sorted({one.seed for one in biases}):
        mine = {one.model: one for one in biases if one.seed == seed}
        rows.append(
            (seed, *(f"{mine[name].ahead:+.1%} ({mine[name].in_sample:+.1%})" for name in mine))
        )
    columns = ("seed", CENSORED, IGNORED, KNOWN)
    show_table("Bias of mean demand over the next 52 weeks (in sample)", columns, rows)


def show_models(biases: list[Bias]) -> None:
    """Print each model over all shops."""
    rows = []
    for name in (CENSORED, IGNORED, KNOWN):
        ahead, in_sample = of(biases, name).T
        seconds = [one.seconds for one in biases if one.model == name]
        rows.append(
            (
                name,
                f"{np.median(ahead):+.1%}",
                f"{np.median(np.abs(ahead)):.1%}",
                f"{np.median(in_sample):+.1%}",
                f"{np.median(np.abs(in_sample)):.1%}",
                f"{np.median(seconds):.1f}",
            )
        )
    columns = ("model", "median", "median |bias|", "in sample", "|in sample|", "fit, s")
    show_table("Median over shops, ahead and in sample", columns, rows)


def from_known(biases: list[Bias]) -> float:
    """How far censoring is from knowing demand, in which no drift is left: a median over shops."""
    return float(np.median(np.abs(of(biases, CENSORED) - of(biases, KNOWN))[:, 0]))


def shortfalls_of(biases: list[Bias]) -> list[str]:
    """What the censored model promises and does not hold."""
    censored = float(np.median(np.abs(of(biases, CENSORED)[:, 0])))
    apart = from_known(biases)
    ignored = float(np.median(of(biases, IGNORED)[:, 0]))
    promises = {
        f"with censoring the median |bias| is {censored:.2%}, promised are {WITHIN:.0%}": (
            censored <= WITHIN
        ),
        f"with censoring the bias is {apart:.1%} from that of a model which knows demand, promised "
        f"are {NEAR:.0%}": apart <= NEAR,
        f"without censoring the median bias is {ignored:+.1%}, not {LOW:.0%} or less, so these "
        "shops show nothing": ignored <= LOW,
    }
    return [words for words, holds in promises.items() if not holds]


def main() -> None:
    """Measure all shops and print their figures."""
    options = read_options("Does reading stock-outs as censoring recover hidden demand?")
    began = time.perf_counter()
    laws = {law: n for law, n in PANELS.items() if law != "Tweedie" or not options.quick}
    biases = list(measure_all(SEEDS, Size(items=30, stores=4), processes=2))
    panels = measure_panels(laws, processes=2)
    seconds = time.perf_counter() - began
    show_seeds(biases)
    show_models(biases)
    columns = ("law", "told of stock-outs", "from known", "from truth", "PIT .05-.95", "s")
    title = "Panels with 30 % of days sold out: mean demand over the next 28 days"
    show_table(title, columns, _stocked.rows_of(panels))
    censored, ignored, known = (of(biases, name)[:, 0] for name in (CENSORED, IGNORED, KNOWN))
    figure = (
        f"censoring: over {len(SEEDS)} shops the median |bias| of mean demand is "
        f"{np.median(np.abs(censored)):.2%} with censoring and {np.median(np.abs(known)):.2%} with "
        f"demand known, {from_known(biases):.2%} apart; the median bias is "
        f"{np.median(ignored):+.1%} without; {_stocked.said(panels)}; {seconds:.0f} s"
    )
    finish(figure, shortfalls_of(biases) + _stocked.shortfalls_of(panels), options)


if __name__ == "__main__":
    main()
