"""Other people's models and predictions, and baselines, as predictives."""

from assay.adapter.abstract import AbstractAdapted as AbstractAdapted
from assay.adapter.adapt import Adapted as Adapted
from assay.adapter.adapt import adapt as adapt
from assay.adapter.adapt import is_recognised as is_recognised
from assay.adapter.baseline import BASELINES as BASELINES
from assay.adapter.baseline import Task as Task
from assay.adapter.baseline import baseline as baseline
from assay.adapter.baseline import forecast_blocks as forecast_blocks
from assay.adapter.baseline import time_axis as time_axis
from assay.adapter.outputs import predictive_of as predictive_of
from assay.adapter.predictions import predictions_frame as predictions_frame
from assay.adapter.predictions import read_predictions as read_predictions
from assay.adapter.setting import Setting as Setting
