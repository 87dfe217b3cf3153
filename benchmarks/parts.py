"""Are the parts that run often, or on whole tables, quick enough not to be noticed?

Run `python benchmarks/parts.py` (seconds), with `--quick` for fewer repetitions, with `--check` to
fail where one takes longer than its limit. Times depend on the machine and on what else it does, so
this is never part of CI. Each figure is the fastest of several: other work can only add to it.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from _common import finish, read_options, show_table

from assay.ledger import Ledger
from assay.portfolio.curves.prior import draw_atoms
from assay.problem import profile
from assay.record import RegistrationBody
from assay.score.split import row_fingerprints, seal_rows
from assay.verdict import star_supports

SEED = 0


@dataclass(frozen=True)
class Part:
    """What is timed, what it must find, how often, and how many seconds it may take."""

    name: str
    act: Callable[[], object]
    answer: object
    times: int
    limit_s: float


def star_bet() -> Callable[[], object]:
    """A verdict on 2,000 rows that gains nothing, so that the bet runs to its end."""
    gains = np.random.default_rng(SEED).choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=2000)
    return lambda: star_supports(gains, delta=0.0, lower=-1.0, level=1e-9, sd0=0.45)


def panel() -> Callable[[], object]:
    """A profile of 2,674 series of 49 steps."""
    draw = np.random.default_rng(SEED)
    series, steps = 2674, 49
    table = pl.DataFrame(
        {
            "s": np.repeat(np.arange(series), steps),
            "t": np.tile(np.arange(steps), series),
            "y": draw.negative_binomial(0.5, 0.4, size=series * steps),
            "stock": draw.poisson(4.0, size=series * steps),
        }
    )

    def act() -> int:
        found = profile(table, target="y", time="t", series="s", censored_above="stock", season=12)
        return found.frame.rows

    return act


def stores() -> pl.DataFrame:
    """150,000 rows of 50 stores."""
    draw = np.random.default_rng(SEED)
    return pl.DataFrame(
        {"store": draw.integers(0, 50, 150_000).astype(str), "y": draw.normal(size=150_000)}
    )


def sealed_before(ledger: Ledger) -> Callable[[], object]:
    """Ask for 50,000 sealed rows whether any was sealed before; all were."""
    sealed = [os.urandom(16) for _ in range(50_000)]
    body = RegistrationBody(
        project="demand",
        data_sha="0" * 64,
        target="units",
        metric="crps",
        baseline="naive",
        baseline_predictions=ledger.put(b"predictions"),
        improve_by=0.05,
        expect=0.15,
        alpha=0.05,
        tries=10,
        seal={"share": 0.3},
        sealed_rows_file=ledger.put(b"".join(sealed)),
        n_open=70,
        n_sealed=len(sealed),
        test="independent",
        baseline_open_loss=1.0,
        sd0=0.5,
        spec_sha="0" * 64,
    )
    sequence = ledger.append(body, key="demand").sequence
    return lambda: ledger.overlapping(sealed) == {sequence}


def curves() -> int:
    """Draw the prior that all projects share."""
    return len(draw_atoms(20_000, 505).tau)


def fingerprints(table: pl.DataFrame) -> np.ndarray:
    """Of each row but its target, under a ledger's salt."""
    return row_fingerprints(table, salt=b"salt", target="y")


def fastest(part: Part, times: int) -> float:
    """Seconds of the quickest of several calls, after one whose answer is looked at.

    Raises:
        ValueError: the answer is another than it must be.
    """
    if (answer := part.act()) != part.answer:
        raise ValueError(f"{part.name}: {answer}, must be {part.answer}")
    found = []
    for _ in range(times):
        began = time.perf_counter()
        part.act()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    """Time each part and print the table."""
    options = read_options("Are the parts that run often, or on whole tables, quick enough?")
    table = stores()
    keys = fingerprints(table)
    with tempfile.TemporaryDirectory() as name, Ledger(Path(name) / "assay.db") as ledger:
        parts = [
            Part("a bet on 2,000 sealed rows", star_bet(), False, 100, 0.001),
            Part("20,000 curves of the prior", curves, 20_000, 20, 0.05),
            Part("a profile of 2,674 series", panel(), 2674 * 49, 3, 1.0),
            Part("fingerprints of 150,000 rows", lambda: len(fingerprints(table)), 150_000, 5, 1.0),
            Part("which of 150,000 to seal", lambda: seal_rows(keys, 1697).sum(), 1697, 5, 1.0),
            Part("50,000 rows sealed before?", sealed_before(ledger), True, 5, 1.0),
        ]
        taken = {part.name: fastest(part, 3 if options.quick else part.times) for part in parts}
    rows = [(part.name, taken[part.name], part.limit_s) for part in parts]
    show_table("Parts, seconds", ("part", "fastest", "limit"), rows)
    short = [
        f"{part.name}: {taken[part.name]:.3g} s, promised are {part.limit_s:g} s"
        for part in parts
        if taken[part.name] > part.limit_s
    ]
    closest = max(parts, key=lambda part: taken[part.name] / part.limit_s)
    finish(
        f"parts: {len(parts) - len(short)} of {len(parts)} within their limits, closest "
        f"{closest.name} at {taken[closest.name] / closest.limit_s:.0%}",
        short,
        options,
    )


if __name__ == "__main__":
    main()
