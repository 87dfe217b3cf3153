"""Proper scores, calibration, and splits without look-ahead."""

from assay.score.copies import copies as copies
from assay.score.rules import CLASS_METRICS as CLASS_METRICS
from assay.score.rules import METRICS as METRICS
from assay.score.rules import coverage as coverage
from assay.score.rules import randomised_pit as randomised_pit
from assay.score.rules import row_losses as row_losses
from assay.score.split import Fold as Fold
from assay.score.split import group_folds as group_folds
from assay.score.split import k_folds as k_folds
from assay.score.split import rolling_origins as rolling_origins
from assay.score.split import row_fingerprints as row_fingerprints
from assay.score.split import seal_from as seal_from
from assay.score.split import seal_groups as seal_groups
from assay.score.split import seal_rows as seal_rows
from assay.score.split import seal_share as seal_share
