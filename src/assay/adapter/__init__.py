"""Other people's predictions, and baselines, as predictives."""

from assay.adapter.baseline import BASELINES as BASELINES
from assay.adapter.baseline import Task as Task
from assay.adapter.baseline import baseline as baseline
from assay.adapter.baseline import forecast_blocks as forecast_blocks
from assay.adapter.baseline import time_axis as time_axis
from assay.adapter.predictions import read_predictions as read_predictions
