"""After release: new labelled rows are scored, and a verdict that no longer holds is withdrawn."""

from assay.experiment.watch.standing import Watched as Watched
from assay.experiment.watch.watch import Watch as Watch
