"""Tables in, charts out: Altair in one style, for notebooks, pages and reports alike."""

from assay.picture.calibration import pit_histogram, reliability
from assay.picture.curve import effort_accuracy
from assay.picture.history import scores_ahead
from assay.picture.intervals import gains
from assay.picture.palette import css
from assay.picture.style import inline, standalone, svg, themed
from assay.picture.target import histogram, season_profile, series
from assay.picture.watch import watch_course

__all__ = [
    "css",
    "effort_accuracy",
    "gains",
    "histogram",
    "inline",
    "pit_histogram",
    "reliability",
    "scores_ahead",
    "season_profile",
    "series",
    "standalone",
    "svg",
    "themed",
    "watch_course",
]
