"""Which parts of fitted series stand in a file."""

from assay.predictor import Design, Sum
from assay.predictor.seen import Seen
from assay.series.arrange import Panel, Recipe
from assay.series.crossed import Errors
from assay.series.doubt import Drawn
from assay.series.fit import Fits
from assay.series.fitted import FittedSeries
from assay.series.grid import Grid
from assay.series.groups import Groups
from assay.series.pooling import Common
from assay.series.recursion import State

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
