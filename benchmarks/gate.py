"""Does the gate stop what is unsound, and let pass what is sound?

Run `python benchmarks/gate.py` (some minutes on two cores; `--quick` a minute), with `--check` to
fail where a promise does not hold.

Each time a table is drawn anew, a question is registered on it, and a model offered until its
verdict is supported; then it comes to the gate. Sound models must pass. Each unsound one is made
so in one way, and must be stopped by the part that looks for it: a booster with as many trees as
it takes to know its rows by heart; intervals half as wide as they should be; a throw of the seed's
dice; harm to one row in ten; predictions that depend on the rows asked for beside them; a product
that no sum of effects reproduces.
"""

import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from _common import finish, read_options, show_table
from scipy.special import ndtri
from scipy.stats import beta

import assay
from assay.experiment import register
from assay.frame import Frame
from assay.predictive import EnsemblePredictive
from assay.problem import profile
from assay.record import GateBody

SEED, OPEN, SEALED, NOISE = 20, 200, 600, 20
REPEATS, QUICK = 20, 2
STEPS = ndtri((np.arange(50) + 0.5) / 50)

# What is promised; a check fails where a one-sided 99 % bound leaves no doubt.
LEAST_PASSED, LEAST_STOPPED = 0.9, 0.9


@dataclass(frozen=True, eq=False)
class Made:
    """A model that knows its rule, so that it is unsound in one way and no other.

    Fields:
        rule: of the columns' values and a seed, the mean.
        sd: of what it claims around the mean.
    """

    rule: Callable[[Frame, int], np.ndarray]
    sd: float = 1.0
    seed: int = 0

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Made":
        """Nothing is learnt."""
        return Made(self.rule, self.sd, seed)

    def predict(self, data: Frame, /) -> EnsemblePredictive:
        """A Normal around the rule."""
        mean = self.rule(data, self.seed)
        return EnsemblePredictive(mean[:, None] + self.sd * STEPS)


@dataclass(frozen=True)
class Kind:
    """One way of being sound or unsound.

    Fields:
        name: what it is.
        stopped_by: the part that must stop it; empty for a sound one.
        model: makes it.
        table: makes rows from a generator.
        metric: of its question.
    """

    name: str
    stopped_by: str
    model: Callable[[], Any]
    table: Callable[[np.random.Generator], pl.DataFrame]
    metric: str = "crps"


def line(random: np.random.Generator) -> pl.DataFrame:
    """Y is x and noise; the other columns know nothing."""
    return _table(random, lambda x, z: x)


def two(random: np.random.Generator) -> pl.DataFrame:
    """Y is a sum of a curve and a line."""
    return _table(random, lambda x, z: np.sin(2 * x) + z)


def product(random: np.random.Generator) -> pl.DataFrame:
    """Y is a product of two columns."""
    return _table(random, lambda x, z: 1.5 * np.sign(x * z))


def turned(random: np.random.Generator) -> pl.DataFrame:
    """In one row of ten x means its opposite."""
    table = line(random).with_columns(odd=pl.Series(np.arange(OPEN + SEALED) % 10 == 0).cast(int))
    return table.with_columns(y=pl.when(pl.col("odd") == 1).then(-pl.col("y")).otherwise("y"))


def classes(random: np.random.Generator) -> pl.DataFrame:
    """A chance that rises with x."""
    table = line(random)
    chance = 1 / (1 + np.exp(-2 * table["x"].to_numpy()))
    return table.with_columns(y=pl.Series((random.uniform(size=len(chance)) < chance).astype(int)))


def _table(
    random: np.random.Generator, mean: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> pl.DataFrame:
    rows = OPEN + SEALED
    x, z = random.normal(size=rows), random.normal(size=rows)
    others = {f"n{number}": random.normal(size=rows) for number in range(NOISE)}
    return pl.DataFrame({"x": x, "z": z, **others, "y": mean(x, z) + random.normal(size=rows)})


def _x(data: Frame, seed: int) -> np.ndarray:
    return data.numbers("x")


def _dice(data: Frame, seed: int) -> np.ndarray:
    slope = 1.0 if seed == 0 else 1 + 0.8 * np.random.default_rng(seed).normal()
    return slope * data.numbers("x")


def _neighbours(data: Frame, seed: int) -> np.ndarray:
    x = data.numbers("x")
    return x - x.mean()


def _product(data: Frame, seed: int) -> np.ndarray:
    return 1.5 * np.sign(data.numbers("x") * data.numbers("z"))


def _forest() -> Any:
    from sklearn.ensemble import RandomForestRegressor

    return assay.adapt(
        RandomForestRegressor(50, min_samples_leaf=5, max_features=0.5, random_state=0),
        spread="residuals",
    )


def _booster(**settings: Any) -> Any:
    from lightgbm import LGBMRegressor

    return assay.adapt(LGBMRegressor(verbose=-1, n_jobs=1, **settings), spread="residuals")


KINDS = (
    Kind("line", "", lambda: assay.Model(assay.Normal(), mean=assay.Linear("x")), line),
    Kind("logistic line", "",
         lambda: assay.Model(assay.Bernoulli(), probability=assay.Linear("x + z")), classes,
         "brier"),
    Kind("splines", "",
         lambda: assay.Model(assay.Normal(), mean=assay.Spline("x") + assay.Spline("z")), two),
    Kind("forest", "", _forest, two),
    Kind("booster that stops early", "",
         lambda: _booster(n_estimators=60, learning_rate=0.05, num_leaves=4), two),
    Kind("booster that knows its rows by heart", "gap",
         lambda: _booster(n_estimators=400, learning_rate=0.2, min_child_samples=2), line),
    Kind("intervals half as wide", "calibration", lambda: Made(_x, 0.5), line),
    Kind("a throw of dice", "stability", lambda: Made(_dice), line, "squared"),
    Kind("harm to one row in ten", "segments", lambda: Made(_x, 1.0), turned, "squared"),
    Kind("neighbours", "look-ahead", lambda: Made(_neighbours), line),
    Kind("a product", "explanation", lambda: Made(_product), product),
)  # fmt: skip


def examined(kind: Kind, seed: int) -> GateBody | None:
    """The gate of one model on one table; `None` where its verdict was not supported."""
    random = np.random.default_rng([SEED, seed])
    with tempfile.TemporaryDirectory() as folder, assay.Ledger(Path(folder) / "l.db") as ledger:
        experiment = register(
            profile(kind.table(random), target="y"),
            ledger=ledger,
            hypothesis="the columns tell",
            metric=kind.metric,
            improve_by=0.02,
            expect=0.3,
            tries=1,
            seal={"rows": SEALED},
            accept_underpowered="a benchmark",
        )
        model = kind.model()
        if not experiment.attempt(model, name=kind.name).supported:
            return None
        # Code that is made here may know more than it is handed; none of this does.
        return experiment.gate(model, accept={"look-ahead": "a benchmark"})


def row_of(kind: Kind, repeats: int) -> tuple[list[Any], str]:
    """What came out for one kind, and what falls short."""
    gates = [gate for seed in range(repeats) if (gate := examined(kind, seed)) is not None]
    wanted = [part for gate in gates for part in gate.parts if part["name"] == kind.stopped_by]
    hits = (
        sum(part["outcome"] != "holds" for part in wanted)
        if kind.stopped_by
        else sum(gate.passed for gate in gates)
    )
    others: dict[str, int] = {}
    for gate in gates:
        for part in gate.parts:
            if part["outcome"] != "holds" and part["name"] != kind.stopped_by:
                others[part["name"]] = others.get(part["name"], 0) + 1
    said = ", ".join(f"{name} {count}" for name, count in others.items()) or "none"
    share = hits / len(gates) if gates else 0.0
    row = [kind.name, kind.stopped_by or "passes", len(gates), share, said]
    least = LEAST_STOPPED if kind.stopped_by else LEAST_PASSED
    most = float(beta.ppf(0.99, hits + 1, len(gates) - hits)) if hits < len(gates) else 1.0
    short = "" if gates and most >= least else f"{kind.name}: {share:.2f} of {len(gates)}"
    return row, short


def main() -> None:
    """Send every kind to the gate, many times over."""
    warnings.simplefilter("ignore")
    options = read_options("Does the gate stop what is unsound, and let pass what is sound?")
    repeats = QUICK if options.quick else REPEATS
    found = [row_of(kind, repeats) for kind in KINDS]
    columns = ("model", "must be stopped by", "supported", "share that was", "other parts")
    show_table(f"{repeats} tables each", columns, [row for row, _ in found])
    shares = {bool(kind.stopped_by): [] for kind in KINDS}
    for kind, (row, _) in zip(KINDS, found, strict=True):
        shares[bool(kind.stopped_by)].append(row[3])
    figure = (
        f"gate: {len(shares[False])} kinds of sound models pass in {min(shares[False]):.2f} to "
        f"{max(shares[False]):.2f} of cases, {len(shares[True])} unsound ones are stopped in "
        f"{min(shares[True]):.2f} to {max(shares[True]):.2f}"
    )
    finish(figure, [short for _, short in found if short], options)


if __name__ == "__main__":
    main()
