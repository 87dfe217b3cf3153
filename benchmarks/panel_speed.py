"""How long do 10,000 daily series take: what they have in common, fits and quantiles of 28 days?

Run `python benchmarks/panel_speed.py` (some ten minutes on two cores, half of them those of 100,000
series), with `--quick` for 1,000 series and no limits on time, with `--check` to fail where a
promise does not hold. Times depend on the machine and on what else it does, so this is never part
of CI: seconds of all cores and the load stand beside them. Rows of statsforecast and mlforecast
want these installed, and are left out without them.

Each part runs in a process of its own, on two cores and without a compilation cache. A first call
compiles everything, the second is warm. Rivals are timed on fewer series, after they were compiled.
"""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _command import keep_to_two_cores
from _common import finish, read_options, show_table

PART = Path(__file__).with_name("_panel_part.py")
ALONE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "2",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "ASSAY_CACHE": "off",
}
OUT = 0.95  # share of days with a small stock; 34 % of days sell out
SERIES, MANY, QUICK = 10_000, 100_000, 1_000
RIVALS = {"AutoETS": 200, "ETS(A,A,A)": 1_000, "CrostonSBA": 1_000, "LightGBM": 1_000}
FEWER = 10  # times, with --quick
LIMITS_S = {False: (30.0, 20.0), True: (60.0, 40.0)}  # first and warm, by whether days are hidden
MEMORY_GB = 4.0
TIMES_RIVAL = 20.0
TIMES_MANY = 10.0
BUSY = 3.0  # load from which on two cores are shared with others


@dataclass(frozen=True)
class Part:
    """What a process took.

    Fields:
        name: for the table.
        series: how many.
        wall_s: of each call.
        cpu_s: likewise, of all cores.
        peak_gb: of its memory.
        load: of the machine when it began.
        compiling_s: within the first call, of all threads.
    """

    name: str
    series: int
    wall_s: tuple[float, ...]
    cpu_s: tuple[float, ...]
    peak_gb: float
    load: float
    compiling_s: float = 0.0

    @property
    def rate(self) -> float:
        """Series a second, warm."""
        return self.series / self.wall_s[-1]

    @property
    def thrift(self) -> float:
        """Series a second of one core, warm: what others do on the machine hardly moves it."""
        return self.series / self.cpu_s[-1]

    @property
    def cells(self) -> tuple[object, ...]:
        return (
            self.name,
            f"{self.series:,}",
            f"{self.wall_s[0]:.1f}",
            f"{self.wall_s[-1]:.1f}" if len(self.wall_s) > 1 else "",
            " / ".join(f"{each:.1f}" for each in self.cpu_s),
            f"{self.compiling_s:.1f}" if self.compiling_s else "",
            f"{self.rate:,.0f}",
            f"{self.peak_gb:.1f}",
            f"{self.load:.1f}",
        )


COLUMNS = (
    "",
    "series",
    "first call, s",
    "warm, s",
    "CPU, s",
    "compiling, s",
    "series / s",
    "peak, GB",
    "load",
)


def part(title: str, *arguments: object) -> Part:
    """Run one part alone."""
    print(f"{title} ...", file=sys.stderr, flush=True)
    command = [sys.executable, str(PART), *map(str, arguments)]
    done = subprocess.run(
        command, env=os.environ | ALONE, stdout=subprocess.PIPE, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    wall, cpu = zip(*found["calls"], strict=True)
    compiling = found.get("compiling", 0.0)
    return Part(
        title, int(str(arguments[1])), wall, cpu, found["peak_gb"], found["load"], compiling
    )


def rivals(fewer: int) -> list[Part]:
    """Those that are installed."""
    found = []
    for name, series in RIVALS.items():
        library = "mlforecast" if name == "LightGBM" else "statsforecast"
        if importlib.util.find_spec(library) is None:
            print(f"{name} is left out: {library} is not installed", file=sys.stderr)
            continue
        found.append(part(f"{library}, {name}", name, series // fewer))
    return found


def shortfalls_of(plain: Part, hidden: Part, many: Part | None, others: list[Part]) -> list[str]:
    """What is promised and does not hold."""
    promises = {}
    for found, is_hidden in ((plain, False), (hidden, True)):
        first, warm = LIMITS_S[is_hidden]
        promises |= {
            f"{found.name}: first call {found.wall_s[0]:.1f} s": found.wall_s[0] <= first,
            f"{found.name}: warm {found.wall_s[-1]:.1f} s": found.wall_s[-1] <= warm,
            f"{found.name}: {found.peak_gb:.1f} GB": found.peak_gb <= MEMORY_GB,
        }
    for each in others:
        if "AutoETS" in each.name:
            ratio = plain.rate / each.rate
            promises[f"{ratio:.0f} times the rate of AutoETS"] = ratio >= TIMES_RIVAL
    if many is not None:
        ratio = many.wall_s[0] / plain.wall_s[-1]
        promises[f"{MANY:,} series take {ratio:.1f} times as long"] = ratio < TIMES_MANY
    return [words for words, holds in promises.items() if not holds]


def main() -> None:
    """Time all parts and print the figures."""
    options = read_options("How long do 10,000 daily series take?")
    keep_to_two_cores()
    series = QUICK if options.quick else SERIES
    plain = part("Assay", "own", series, 0.0, 2)
    hidden = part("Assay, a third of days hidden", "own", series, OUT, 2)
    many = None if options.quick else part("Assay, many", "own", MANY, 0.0, 1)
    others = rivals(FEWER if options.quick else 1)
    parts = [plain, hidden, *([many] if many else []), *others]
    show_table("daily series of 365 days, quantiles of 28 more", COLUMNS, [p.cells for p in parts])
    short = [] if options.quick else shortfalls_of(plain, hidden, many, others)
    beside = [
        f"{plain.rate / each.rate:.0f} times {each.name} ({plain.thrift / each.thrift:.0f} by CPU)"
        for each in others
    ]
    busiest = max(each.load for each in parts)
    if busiest > BUSY:
        print(f"The machine was busy (load {busiest:.1f}): times are upper bounds.")
    figure = (
        f"panel speed: {series:,} series in {plain.wall_s[-1]:.1f} s warm, "
        f"{plain.wall_s[0]:.1f} s at first; with hidden days {hidden.wall_s[-1]:.1f} s, "
        f"{hidden.wall_s[0]:.1f} s; series per second: {', '.join(beside) or 'no rival installed'}"
    )
    finish(figure, short, options)


if __name__ == "__main__":
    main()
