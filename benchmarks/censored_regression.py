"""How fast is a right-censored regression, against lifelines on the same rows?

Run `python benchmarks/censored_regression.py` (ten minutes, nearly all of it lifelines'), with
`--quick` for few rows and a verdict on coefficients alone, with `--check` to fail where a promise
does not hold. It needs lifelines: `pip install lifelines`. Both fit accelerated failure times to
the same simulated table of 10 columns with 30 % of the times censored, under a flat prior and with
standard errors, on two cores. Assay's compile time is measured in a process of its own with the
cache off, its memory in another one whose cache is warm.

Where the time of 10,000 rows goes: a Newton loop in NumPy that knows Weibull's derivatives by heart
takes 0.005 s. Assay's differs by the passes that an unknown start costs (12 against 6), by
derivatives of any family through a compiled function (half of each pass), and by what a fit is
besides: reading the formula, checking columns, standard errors, posterior draws.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from _command import keep_to_two_cores
from _common import Options, finish, read_options, show_table

from assay import Censored, Linear, LogNormal, Model
from assay.family.weibull import Weibull

COLUMNS = [f"x{k}" for k in range(10)]
CENSORED = 0.3
ROWS = 1_000_000
FEW_ROWS = 10_000
CLOSE = 1e-5
RATIOS = {"weibull": 20.0, "log-normal": 40.0}
MEMORY = 3.0
FEW_S = 0.05
COMPILE_S = 3.0


@dataclass(frozen=True)
class Fit:
    """One fit of one of the two.

    Fields:
        seconds: on the clock, the fastest of a few.
        estimates: intercept, slopes, log of the scale parameter.
        errors: their standard errors.
    """

    seconds: float
    estimates: list[float]
    errors: list[float]


@dataclass(frozen=True)
class Measured:
    """One law and one number of rows."""

    law: str
    rows: int
    ours: Fit
    theirs: Fit

    @property
    def ratio(self) -> float:
        """How many times faster Assay is."""
        return self.theirs.seconds / self.ours.seconds

    @property
    def away(self) -> tuple[float, float]:
        """Largest differences of estimates and of standard errors."""
        return (
            float(np.max(np.abs(np.subtract(self.ours.estimates, self.theirs.estimates)))),
            float(np.max(np.abs(np.subtract(self.ours.errors, self.theirs.errors)))),
        )


def simulate(law: str, rows: int, seed: int = 1) -> pl.DataFrame:
    """A table of times, some of them censored, with its flag and columns of various scales."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 10)) * rng.uniform(0.5, 3, 10) + rng.uniform(-2, 2, 10)
    centre = 1 + x @ rng.uniform(-0.3, 0.3, 10)
    error = rng.normal(size=rows) * 0.7 if law == "log-normal" else np.log(rng.weibull(1.4, rows))
    log_time, log_limit = centre + error, rng.normal(size=rows)
    log_limit += np.quantile(log_time - log_limit, 1 - CENSORED)
    columns = {name: x[:, k] for k, name in enumerate(COLUMNS)}
    seen = {
        "time": np.exp(np.minimum(log_time, log_limit)),
        "hidden": log_time >= log_limit,
    }
    return pl.DataFrame({**columns, **seen})


def model_of(law: str) -> Model:
    """The model that both fit."""
    predictor = Linear(" + ".join(COLUMNS))
    if law == "weibull":
        return Model(Censored(Weibull(), above="hidden"), prior="flat", scale=predictor)
    return Model(Censored(LogNormal(), above="hidden"), prior="flat", median=predictor)


def ours(law: str, table: pl.DataFrame, times: int) -> Fit:
    """Assay's fit."""
    model, seconds = model_of(law), []
    for _ in range(times):
        began = time.perf_counter()
        model.fit(table, "time")
        seconds.append(time.perf_counter() - began)
    found = model.fit(table, "time").coefficients()
    return Fit(min(seconds), found["estimate"].to_list(), found["se"].to_list())


def theirs(law: str, table: pl.DataFrame) -> Fit:
    """The fit of lifelines."""
    import lifelines

    fitter = lifelines.WeibullAFTFitter() if law == "weibull" else lifelines.LogNormalAFTFitter()
    frame = table.with_columns(event=~pl.col("hidden")).drop("hidden").to_pandas()
    began = time.perf_counter()
    fitter.fit(frame, "time", event_col="event")
    seconds = time.perf_counter() - began
    first, second = ("lambda_", "rho_") if law == "weibull" else ("mu_", "sigma_")
    order = [(first, "Intercept"), *((first, name) for name in COLUMNS), (second, "Intercept")]
    found = fitter.summary
    return Fit(
        seconds,
        found["coef"].loc[order].tolist(),
        found["se(coef)"].loc[order].tolist(),
    )


def alone(law: str, rows: int, cache: Path | None, warm: bool) -> dict[str, float]:
    """What one fit takes in a process of its own."""
    arguments = json.dumps({"law": law, "rows": rows, "warm": warm})
    environment = {**os.environ, "ASSAY_CACHE": str(cache) if cache else "off"}
    done = subprocess.run(
        [sys.executable, __file__, "--alone", arguments],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        done.check_returncode()
    return json.loads(done.stdout.splitlines()[-1])


def measure_alone(law: str, rows: int, warm: bool) -> dict[str, float]:
    """Seconds of a first and a second fit, and the most memory that the first one took."""
    model, table = model_of(law), simulate(law, rows)
    if warm:
        # Libraries are loaded and the functions compiled: what is left grows with the rows.
        model.fit(table.head(20_000), "time")
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5")
    before, began = _memory("VmRSS"), time.perf_counter()
    model.fit(table, "time")
    first, peak = time.perf_counter() - began, _memory("VmHWM")
    began = time.perf_counter()
    model.fit(table, "time")
    return {
        "first_s": first,
        "second_s": time.perf_counter() - began,
        "memory": (peak - before) / table.estimated_size(),
    }


def _memory(name: str) -> float:
    """Bytes by the kernel's account; nan where there is none."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    line = next(each for each in status.read_text().splitlines() if each.startswith(name))
    return float(line.split()[1]) * 1024


def measure(rows: int, times: int) -> list[Measured]:
    """Both laws by both."""
    found = []
    for law in RATIOS:
        print(f"{law}, {rows:,} rows ...", file=sys.stderr, flush=True)
        table = simulate(law, rows)
        found.append(Measured(law, rows, ours(law, table, times), theirs(law, table)))
    return found


def shortfalls_of(
    found: list[Measured], costs: dict[str, dict[str, float]], options: Options
) -> list[str]:
    """What is promised and does not hold; --quick promises coefficients alone."""
    promises = {}
    for each in found:
        for what, away in zip(("coefficients", "standard errors"), each.away, strict=True):
            promises[f"{each.law}: {what} differ by {away:.1e} on {each.rows:,} rows"] = (
                away <= CLOSE
            )
        few = f"{each.law}: {each.rows:,} rows take {each.ours.seconds:.3f} s, promised {FEW_S:g}"
        many = f"{each.law}: {each.ratio:.1f} times faster, promised {RATIOS[each.law]:g}"
        if not options.quick and each.rows == FEW_ROWS:
            promises[few] = each.ours.seconds < FEW_S
        if not options.quick and each.rows == ROWS:
            promises[many] = each.ratio >= RATIOS[each.law]
    for law, cost in costs.items():
        promises[f"{law}: {cost['memory']:.1f} times the data, promised {MEMORY:g}"] = (
            options.quick or not cost["memory"] > MEMORY
        )
        promises[f"{law}: {cost['compile_s']:.1f} s to compile, promised {COMPILE_S:g}"] = (
            options.quick or cost["compile_s"] < COMPILE_S
        )
    return [words for words, holds in promises.items() if not holds]


def show(found: list[Measured], costs: dict[str, dict[str, float]], cores: int) -> None:
    """Print both tables."""
    rows = [
        (
            each.law,
            f"{each.rows:,}",
            f"{each.ours.seconds:.3f}",
            f"{each.theirs.seconds:.2f}",
            f"{each.ratio:.0f}",
            f"{each.away[0]:.0e}",
            f"{each.away[1]:.0e}",
        )
        for each in found
    ]
    head = ("law", "rows", "Assay, s", "lifelines, s", "ratio", "coefficients", "their errors")
    show_table(f"Right-censored regression, 10 columns, {cores} cores", head, rows)
    few = f"{FEW_ROWS:,} rows"
    cells = [
        (law, each["memory"], each["cold_s"], each["compile_s"], each["warm_s"])
        for law, each in costs.items()
    ]
    head = ("law", "peak memory / data", f"{few}, cold, s", "compiling, s", f"{few}, warm, s")
    show_table("What a fit costs besides", head, cells)


def main() -> None:
    """Measure both, and print their figures."""
    if "--alone" in sys.argv:
        print(json.dumps(measure_alone(**json.loads(sys.argv[-1]))))
        return
    options = read_options("How fast is a right-censored regression, against lifelines?")
    if importlib.util.find_spec("lifelines") is None:
        print("This benchmark compares with lifelines: `pip install lifelines`.", file=sys.stderr)
        raise SystemExit(2)
    cores = keep_to_two_cores()
    most, costs = (20_000 if options.quick else ROWS), {}
    with tempfile.TemporaryDirectory() as folder:
        for law in RATIOS:
            cold = alone(law, FEW_ROWS, None, warm=False)
            large = alone(law, most, Path(folder), warm=True)
            costs[law] = {
                "memory": large["memory"],
                "cold_s": cold["first_s"],
                "compile_s": cold["first_s"] - cold["second_s"],
                "warm_s": cold["second_s"],
            }
    found = [*measure(FEW_ROWS, 5), *measure(most, 2 if options.quick else 5)]
    show(found, costs, cores)
    largest = found[-len(RATIOS) :]
    words = ", ".join(
        f"{each.law} {each.ours.seconds:.2f} s ({each.ratio:.0f} times faster than lifelines)"
        for each in largest
    )
    away = max(each.away[0] for each in found)
    figure = f"censored regression: {most:,} rows in {words}, coefficients within {away:.0e}"
    finish(figure, shortfalls_of(found, costs, options), options)


if __name__ == "__main__":
    main()
