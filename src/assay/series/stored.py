"""Which parts of fitted series stand in a file."""

from assay.predictor import Design, Sum
from assay.predictor.seen import Seen
from assay.series.filter.recursion import State
from assay.series.fitted import FittedSeries
from assay.series.fitting.crossed import Errors
from assay.series.fitting.doubt import Drawn
from assay.series.fitting.fit import Fits
from assay.series.fitting.groups import Groups
from assay.series.fitting.pooling import Common
from assay.series.panel.arrange import Panel, Recipe
from assay.series.panel.grid import Grid

PARTS = (
    FittedSeries,
    Recipe,
    Panel,
    Grid,
    Common,
    Groups,
    Errors,
    Fits,
    Drawn,
    State,
    Sum,
    Design,
    Seen,
)
