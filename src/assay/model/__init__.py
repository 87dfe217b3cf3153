"""Composition: a family, a predictor for each of its parameters, a way of fitting."""

from assay.model.compare import Comparison as Comparison
from assay.model.compare import compare as compare
from assay.model.fitted import FittedModel as FittedModel
from assay.model.model import Model as Model
from assay.model.recipe import build as build
from assay.model.store import load as load
