"""What is odd about a series, in a few words."""

import numpy as np
import polars as pl

from assay.series.fitting.fit import TOLERANCE, Fits
from assay.series.kinds import Floats, Whole
from assay.series.panel.arrange import Panel

HUGE = 1e6
EARLY = 0.1  # share of a series' own length that it may end before the others unnoticed


def found_of(panel: Panel, fits: Fits) -> pl.DataFrame:
    """Rows, hidden rows, time of the last row, log likelihood and message of each series."""
    series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
    known = panel.weight > 0
    rows = np.bincount(series, known, panel.series).astype(np.int64)
    hidden = np.bincount(series, panel.hidden, panel.series).astype(np.int64)
    has_row = np.diff(panel.edges) > 0
    last = np.where(has_row, panel.step[(panel.edges[1:] - 1).clip(0)], -1)
    times = panel.grid.times(last.clip(0))
    told = known | panel.hidden | panel.closed  # a row without a value is as good as none
    spoke = np.full(panel.series, -1)
    np.maximum.at(spoke, series[told], panel.step[told])
    message = messages(panel, rows, hidden, panel.end - spoke, fits.left)
    return pl.DataFrame(
        {
            "rows": rows,
            "hidden": hidden,
            "last": pl.select(pl.when(pl.Series(has_row)).then(times)).to_series(),
            "log_likelihood": fits.log_likelihood,
            "message": message,
        }
    )


def unended(panel: Panel, fits: Fits) -> Whole:
    """Numbers of series whose search was stopped before its end."""
    still = ~(fits.left <= TOLERANCE)
    still[list(panel.set_aside)] = False
    return np.flatnonzero(still)


def messages(panel: Panel, rows: Whole, hidden: Whole, behind: Whole, left: Floats) -> list[str]:
    """What is odd about each series, empty where nothing is.

    Args:
        panel: the series.
        rows: of each that say something.
        hidden: of those, how many only say "at least".
        behind: steps from its last row that says something to the end of the panel.
        left: what its log posterior would still gain.
    """
    series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
    total = np.bincount(series, np.abs(panel.y) * panel.weight, panel.series)
    found = [""] * panel.series
    length = panel.lengths - behind

    def say(which: np.ndarray, text: str) -> None:
        for k in np.flatnonzero(which):
            own = text.format(steps=panel.grid.quantity(float(behind[k])), left=left[k])
            found[k] = f"{found[k]}; {own}" if found[k] else own

    say(rows == 0, "no value is known: forecast from what all have in common")
    say(rows == 1, "one value alone is known: forecast near what all have in common")
    say((rows > 1) & (total == 0), "only zeros: forecast near 0, and how near all have in common")
    say((rows > 1) & (hidden >= rows), "every value is hidden: known from below alone")
    early = (rows > 0) & (behind > np.maximum(EARLY * length, 1))
    say(early, "ends {steps} before the others, and is forecast as if it went on")
    mean = total / np.maximum(rows, 1)
    usual = float(np.median(mean[mean > 0])) if (mean > 0).any() else 0.0
    say(
        (usual > 0) & (mean > HUGE * usual),
        "more than a million times what most series hold: in another unit?",
    )
    # Not a number is no end either.
    say(~(left <= TOLERANCE), "search stopped with {left:.2g} of its log posterior left to gain")
    for k, why in panel.set_aside.items():
        found[k] = f"set aside: {why}"
    return found
