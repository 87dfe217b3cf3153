"""Do learnt curves cover the truth, which idea does that rest on, and is a late rise noticed?

Projects are drawn from a law that differs from the prior in every number, and each curve is judged
at twice and four times the effort spent. The figures stand beside those of the design's simulation
of 210 projects, whose own standard error is 2 to 3 points of coverage and about 6 % of an error.
The design tells its law only in part; this one is chosen to err by as much before any attempt.

A figure falls short where it lies further from the design's than 3 points of coverage or 10 % of an
error and twice the standard error of both; where a band covers less than 77 %; where least squares
does better; or where more than 5 % of curves without a contradiction are accused of one.

Run `python benchmarks/curves.py` (some minutes on one core), with `--quick` for fewer projects
(half a minute), with `--check` to fail where a promise does not hold.
"""

import time
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from _common import Options, finish, read_options, show_table
from _curve_fits import (
    Fit,
    failures_hidden,
    learnt,
    least_squares,
    only,
    without_dead,
    without_shortfall,
)
from _curve_truth import LEAST, MOST, Floats, Truth, draw

from assay.portfolio import Curve, contradiction

SEED = 9505
PUBLISHED_PROJECTS = 210
TIMES = np.array([2.0, 4.0])
FIRST_EFFORT = 10.0  # of a project without attempts
# Attempts: coverage at 2x and 4x, width of the band at 4x, root mean square error at 2x and 4x.
PUBLISHED = {
    0: (0.92, 0.92, 0.51, 0.165, 0.193),
    1: (0.87, 0.87, 0.22, 0.068, 0.095),
    2: (0.78, 0.82, 0.21, 0.063, 0.087),
    5: (0.86, 0.83, 0.18, 0.048, 0.075),
    10: (0.80, 0.81, 0.14, 0.040, 0.061),
}
PUBLISHED_LINES = {
    1: ("0.154 / 0.214", "-"),
    2: ("0.129 / 0.169", "0.224 / 0.383"),
    5: ("0.114 / 0.150", "0.110 / 0.155"),
    10: ("0.092 / 0.124", "0.086 / 0.129"),
}
# Coverage, root mean square error and mean error at four times the effort, after five attempts.
ABLATIONS: dict[str, tuple[Fit, str]] = {
    "as it is": (learnt, "0.84 / 0.070 / +0.02"),
    "normal noise, no shortfall": (without_shortfall, "0.76 / 0.105 / -0.05"),
    "the shape log alone": (only("log"), "0.51 / 0.101 / +0.04"),
    "the shape exponential alone": (only("exponential"), "0.86 / 0.080 / +0.01"),
    "failures hidden": (failures_hidden, "0.77 / 0.125 / +0.07"),
    "no project exactly dead": (without_dead, "0.63 / - / -"),
}
POINTS, SHARE = 0.03, 0.10  # of coverage, of an error: what may lie between both simulations
LEAST_COVERED = 0.77
FALSE_ALARMS = 0.05
GROUPS = ((3, 5), (6, 9), (10, 15))  # attempts


def main() -> None:
    """Print all tables and leave."""
    options = read_options(__doc__ or "")
    count = PUBLISHED_PROJECTS * (1 if options.quick else 8)
    projects = [draw((SEED, at), 10) for at in range(count)]
    covered, short = _table_of_bands(projects)
    short += _table_of_lines(projects)
    short += _table_of_ablations(projects[: len(projects) // (2 if options.quick else 1)])
    alarms, found, unnoticed = _table_of_shapes(80 if options.quick else 1000)
    short += unnoticed
    _table_of_times(100 if options.quick else 1000)
    words = [f"80 % bands cover {100 * covered:.0f} % of the truth", *alarms]
    words += _histories(options, short)
    finish("; ".join([*words, found]), short, options)


def _histories(options: Options, short: list[str]) -> list[str]:
    """Figures on histories of other people's runs, where they are at hand."""
    if find_spec("_histories") is None:
        return []
    found = import_module("_histories").tables(options.quick)
    for title, heads, rows in found.shown:
        show_table(title, heads, rows)
    short += found.shortfalls
    return [found.figure]


def _judged(projects: Sequence[Truth], count: int, fit: Fit) -> tuple[Floats, Floats, Floats]:
    """Whether the band holds the truth, the error of the mean, and the width: a row a project."""
    rows = []
    for truth in projects:
        at = TIMES * (truth.efforts[count - 1] if count else FIRST_EFFORT)
        curve, height = fit(truth, count), truth.headroom(at)
        low, high = curve.band(at)
        inside = (low - 1e-12 <= height) & (height <= high + 1e-12)
        rows.append((inside.astype(float), curve.mean(at) - height, high - low))
    inside, error, width = (np.array(part) for part in zip(*rows, strict=True))
    return inside, error, width


def _table_of_bands(projects: Sequence[Truth]) -> tuple[float, list[str]]:
    rows, short, whole = [], [], []
    for count, said in PUBLISHED.items():
        inside, error, width = _judged(projects, count, learnt)
        found = (*inside.mean(0), width[:, 1].mean(), *_root_mean_square(error))
        rows.append((count, *_beside(found, said), f"±{_se(inside[:, 1]):.3f}"))
        short += _strayed(count, found, said, inside, error)
        whole.append((found, said))
    heads = ["attempts", *(f"covered at {at}x" for at in (2, 4)), "width at 4x"]
    heads += [*(f"error at {at}x" for at in (2, 4)), "se of coverage"]
    title = f"80 % bands and means of {len(projects):,} projects (in brackets: the design's 210)"
    show_table(title, heads, rows)
    found, said = np.array([pair[0] for pair in whole]), np.array([pair[1] for pair in whole])
    apart = float((found[:, :2] - said[:, :2]).mean())
    larger = float((found[:, 3:] / said[:, 3:]).mean()) - 1.0
    print(f"over all rows: coverage {100 * apart:+.1f} points, error {100 * larger:+.1f} %")
    # Of 210 projects in ten cells, which all but share their rows, the mean has an error as well.
    if abs(apart) > POINTS + 0.01:
        short.append(f"coverage is {100 * apart:+.1f} points from the design's, over all rows")
    if abs(larger) > SHARE:
        short.append(f"error is {100 * larger:+.1f} % from the design's, over all rows")
    return float(found[:, :2].mean()), short


def _strayed(
    count: int, found: Sequence[float], said: Sequence[float], inside: Floats, error: Floats
) -> list[str]:
    """Figures further from the design's than both simulations' noise leaves room for."""
    strayed = []
    for at in range(2):
        apart = found[at] - said[at]
        theirs = np.sqrt(said[at] * (1 - said[at]) / PUBLISHED_PROJECTS)
        noise = np.hypot(_se(inside[:, at]), theirs)
        if abs(apart) > POINTS + 2.0 * noise or found[at] < LEAST_COVERED:
            strayed.append(
                f"{count} attempts, {2 * at + 2}x: covered {found[at]:.3f}, the design {said[at]}"
            )
        share, wanted = found[3 + at], said[3 + at]
        spread = np.std(error[:, at] ** 2) / (2.0 * np.mean(error[:, at] ** 2))
        noise = spread * np.hypot(len(error) ** -0.5, PUBLISHED_PROJECTS**-0.5)
        if abs(share / wanted - 1.0) > SHARE + 2.0 * noise:
            words = f"error {share:.3f}, the design {wanted}"
            strayed.append(f"{count} attempts, {2 * at + 2}x: {words}")
    return strayed


def _table_of_lines(projects: Sequence[Truth]) -> list[str]:
    rows, short = [], []
    for count, said in PUBLISHED_LINES.items():
        ours = _root_mean_square(_judged(projects, count, learnt)[1])
        anchored = _line_errors(projects, count, through_origin=True)
        plain = None if count < 2 else _line_errors(projects, count, through_origin=False)
        shown = "-" if plain is None else _pair(plain)
        rows.append((count, _pair(ours), f"{_pair(anchored)} ({said[0]})", f"{shown} ({said[1]})"))
        if not (ours < anchored).all():
            short.append(f"{count} attempts: least squares errs less than the learnt curve")
    heads = ["attempts", "learnt curve", "least squares with (1, 0)", "least squares"]
    show_table("Root mean square error at 2x / 4x (in brackets: the design's)", heads, rows)
    return short


def _line_errors(projects: Sequence[Truth], count: int, *, through_origin: bool) -> Floats:
    errors = []
    for truth in projects:
        at = TIMES * truth.efforts[count - 1]
        height = least_squares(truth, count, at, through_origin=through_origin)
        errors.append(height - truth.headroom(at))
    return _root_mean_square(np.array(errors))


def _table_of_ablations(projects: Sequence[Truth]) -> list[str]:
    rows, found = [], {}
    for name, (fit, said) in ABLATIONS.items():
        inside, error, _ = _judged(projects, 5, fit)
        covered, rms, bias = inside[:, 1].mean(), _root_mean_square(error)[1], error[:, 1].mean()
        found[name] = (covered, rms, bias)
        noise = f"±{_se(inside[:, 1]):.3f} / - / ±{_se(error[:, 1]):.3f}"
        rows.append((name, f"{covered:.3f} / {rms:.3f} / {bias:+.3f}", said, noise))
    heads = ["five attempts", "covered / error / bias at 4x", "the design's", "se"]
    show_table(f"One idea taken out, {len(projects):,} projects", heads, rows)
    whole = found["as it is"]
    short = [
        f"{name}: errs no more than the whole does"
        for name in ("normal noise, no shortfall", "the shape log alone", "failures hidden")
        if not found[name][1] > whole[1]
    ]
    if not found["no project exactly dead"][0] < whole[0] - 0.1:
        short.append("no project exactly dead: covers as much as the whole does")
    return short


def _table_of_shapes(count: int) -> tuple[list[str], str, list[str]]:
    rows, shares = [], {}
    for kind in ("concave", "start-up", "s-shape"):
        sizes = np.array([LEAST + at % (MOST - LEAST + 1) for at in range(count)])
        flagged = np.array(
            [
                contradiction(draw((SEED, 1, at), int(size), kind).seen(int(size))) is not None
                for at, size in enumerate(sizes)
            ]
        )
        groups = [flagged[(sizes >= low) & (sizes <= high)] for low, high in GROUPS]
        shares[kind] = float(flagged.mean())
        cells = [float(group.mean()) for group in groups]
        rows.append((kind, shares[kind], f"±{_se(flagged):.3f}", *cells))
    heads = ["truth", "told to contradict", "se", "3-5 attempts", "6-9", "10-15"]
    show_table(f"Do the attempts contradict the curve? {count:,} projects each", heads, rows)
    noise = np.sqrt(FALSE_ALARMS * (1 - FALSE_ALARMS) / count)
    short = [] if shares["concave"] <= FALSE_ALARMS + noise else ["too many false alarms"]
    alarm = f"{100 * shares['concave']:.1f} % of concave curves accused"
    found = f"{100 * shares['start-up']:.0f} % of start-ups, {100 * shares['s-shape']:.0f} % of S"
    return [alarm], f"{found}-shapes found", short


def _table_of_times(count: int) -> None:
    seen = [draw((SEED, 2, at), 10).seen(10) for at in range(count)]
    Curve.learn(seen[0])
    started, spent = time.perf_counter(), time.process_time()
    curves = [Curve.learn(each) for each in seen]
    learnt_s, learnt_cpu = time.perf_counter() - started, time.process_time() - spent
    started, spent = time.perf_counter(), time.process_time()
    for curve in curves:
        curve.gain(60.0, 1000)
    gain_s, gain_cpu = time.perf_counter() - started, time.process_time() - spent
    rows = [
        ("learn a curve from 10 attempts", learnt_s, learnt_cpu),
        ("gains of 1,000 units", gain_s, gain_cpu),
    ]
    show_table(f"{count:,} projects, seconds", ["what", "on the clock", "of one core"], rows)


def _beside(found: Sequence[float], said: Sequence[float]) -> list[str]:
    return [f"{ours:.3f} ({theirs})" for ours, theirs in zip(found, said, strict=True)]


def _pair(values: Floats) -> str:
    return f"{values[0]:.3f} / {values[1]:.3f}"


def _root_mean_square(error: Floats) -> Floats:
    return np.sqrt(np.mean(error**2, axis=0))


def _se(values: Floats) -> float:
    return float(np.std(values) / np.sqrt(len(values)))


if __name__ == "__main__":
    main()
