"""Questions registered before they are answered: the seal, looks, answers, verdicts."""

from assay.errors import UnderpoweredError as UnderpoweredError
from assay.experiment.answer import Answer as Answer
from assay.experiment.experiment import Experiment as Experiment
from assay.experiment.keeping import answer_waiting as answer_waiting
from assay.experiment.keeping import seal_into_vault as seal_into_vault
from assay.experiment.register import register as register
from assay.experiment.run import Event as Event
from assay.experiment.run import run as run
from assay.experiment.split import SplitReport as SplitReport
from assay.experiment.split import split as split
from assay.experiment.watch import Watched as Watched
from assay.experiment.workspace import Workspace as Workspace
