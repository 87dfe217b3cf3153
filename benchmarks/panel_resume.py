"""Does a fit of many series that is killed go on to the same numbers, bit by bit?

Run `python benchmarks/panel_resume.py` (10,000 daily series of a year, some minutes), with
`--quick` for 1,500, with `--check` to fail where a number differs.

A process that fits with a checkpoint is killed with SIGKILL once half of the parts are kept, and
the same command is run again. Parameters, states and quantiles of the next 28 days must be those of
a process that nobody stopped.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _common import Options, finish, read_options, show_table
from _panel_part import DAYS, simulated

PART = Path(__file__).with_name("_resume_part.py")
SIZE = 512  # series of a part
POLL_S = 0.01


def started(*words: object) -> subprocess.Popen[bytes]:
    """A process that fits."""
    return subprocess.Popen([sys.executable, str(PART), *map(str, words)])


def whole(*words: object) -> float:
    """Seconds of a fit that nobody stops.

    Raises:
        CalledProcessError: it broke.
    """
    begin = time.perf_counter()
    process = started(*words)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return time.perf_counter() - begin


def killed(kept: Path, parts: int, *words: object) -> int:
    """Parts that a fit keeps which is killed once it has so many; 0 where it was too quick."""
    process = started(*words, kept)
    while process.poll() is None and kept_in(kept) < parts:
        time.sleep(POLL_S)
    process.kill()
    return kept_in(kept) if process.wait() == -signal.SIGKILL else 0


def kept_in(folder: Path) -> int:
    """How many parts are kept."""
    return len(list(folder.glob("part-*.npz")))


def differences(one: Path, other: Path) -> list[str]:
    """Names of the arrays of two files that are not the same bit by bit."""
    with np.load(one) as here, np.load(other) as there:
        return [name for name in here.files if here[name].tobytes() != there[name].tobytes()]


def measured(options: Options, folder: Path) -> None:
    """Kill, go on, compare, and say what came of it."""
    series = 1_500 if options.quick else 10_000
    parts = -(-series // SIZE)
    table, kept = folder / "sales.parquet", folder / "kept"
    simulated(series, 0.0).write_parquet(table)
    plain_s = whole(table, folder / "plain.npz")
    before = killed(kept, max(1, parts // 2), table, folder / "killed.npz")
    rest_s = whole(table, folder / "resumed.npz", kept)
    odd = differences(folder / "plain.npz", folder / "resumed.npz")
    rows = [
        ("never stopped", "", f"{plain_s:.0f} s"),
        ("killed", f"{before} of {parts}", ""),
        ("run again", f"{kept_in(kept)} of {parts}", f"{rest_s:.0f} s"),
    ]
    show_table(f"{series:,} series of {DAYS} days", ("process", "parts kept", "took"), rows)
    short = [f"{name} differ" for name in odd]
    if not 0 < before < parts:
        short.append("the fit was not killed between its first and its last part")
    same = "differ" if odd else "are the same, bit by bit"
    finish(
        f"killed after {before} of {parts} parts, parameters, states and quantiles of {series:,} "
        f"series {same}; the rest took {rest_s:.0f} s of {plain_s:.0f} s",
        short,
        options,
    )


def main() -> None:
    """Run the benchmark."""
    options = read_options(__doc__ or "")
    with tempfile.TemporaryDirectory() as folder:
        measured(options, Path(folder))


if __name__ == "__main__":
    main()
