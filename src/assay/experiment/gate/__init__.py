"""The gate between a verdict and production."""

from assay.experiment.gate.candidate import Candidate as Candidate
from assay.experiment.gate.gate import examine as examine
from assay.experiment.gate.gate import refuse_unacceptable as refuse_unacceptable
from assay.experiment.gate.lookahead import OnDisk as OnDisk
from assay.experiment.gate.part import Part as Part
