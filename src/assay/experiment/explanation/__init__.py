"""What drives any model: importance, effects, and how much a sum of effects reproduces."""

from assay.experiment.explanation.explaining import Explanation as Explanation
from assay.experiment.explanation.explaining import explain as explain
from assay.experiment.explanation.pictures import effects_of as effects_of
from assay.experiment.explanation.pictures import importance_of as importance_of
