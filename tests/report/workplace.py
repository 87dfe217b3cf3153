"""A small portfolio with real data: one project for each ending that is quick to reach."""

from pathlib import Path

import numpy as np
import polars as pl

from assay.experiment import Workspace, run

FILE = """
version = 1
[portfolio]
name = "Clinic"
budget = 40

[[project]]
key = "dose"
question = "How long does a dose last?"
hypothesis = "The weight lowers CRPS by at least 20 %"
importance = 2
source = "drawn for this page"
simulated = true
population = "patients of this clinic"
data = "doses.csv"
target = "hours"
metric = "crps"
improve_by = 0.2
expect = 0.8
tries = 3
if_supported = "Dose by weight"
belief = { share = 0.4, effort = 5 }

[[project.attempt]]
name = "heart rate"
stage = "features"
effort = 1
model = { family = "normal", mean = "linear('pulse')", sd = "constant()" }

[[project.attempt]]
name = "deep network"
stage = "deep"
effort = 2
model = { python = "models.py:deep" }

[[project.attempt]]
name = "weight"
effort = 3
model = { family = "normal", mean = "linear('weight')", sd = "constant()" }

[[project]]
key = "relapse"
question = "Who falls ill again?"
data = "doses.csv"
target = "again"
metric = "brier"
improve_by = 0.05
expect = 0.6
tries = 2

[[project.attempt]]
name = "pulse"
effort = 1.5
model = { family = "bernoulli", probability = "linear('pulse')" }

[[project]]
key = "rare"
question = "Can <i>six</i> patients tell?"
data = "few.csv"
target = "hours"
metric = "crps"
improve_by = 0.05
expect = 0.1

[[project]]
key = "lost"
question = "Where is the table?"
data = "gone.csv"
target = "hours"

[[project]]
key = "idea"
question = "Would a second dose help?"
belief = { share = 0.3, effort = 10 }

[[project]]
key = "known"
question = "What do shorter forms bring?"
curve = { family = "log", a = 4, b = 0.5 }
"""

MODELS = """
class Deep:
    def fit(self, data, target, *, seed):
        raise MemoryError("63 GB were not enough")

def deep():
    return Deep()
"""


def make(folder: Path) -> Workspace:
    """Write the portfolio and its data, run it, and leave it open for a report."""
    random = np.random.default_rng(5)
    weight, pulse = random.normal(10, 3, 400), random.normal(70, 8, 400)
    table = pl.DataFrame(
        {
            "weight": weight,
            "pulse": pulse,
            "hours": 20 + weight + random.normal(0, 0.4, 400),
            "again": random.integers(0, 2, 400),
        }
    )
    table.write_csv(folder / "doses.csv")
    table.head(20).select("pulse", "hours").write_csv(folder / "few.csv")
    (folder / "models.py").write_text(MODELS)
    (folder / "assay.toml").write_text(FILE)
    workspace = Workspace.open(folder)
    for _ in run(workspace):
        pass
    workspace.experiment("dose").learn("Weight is all it takes.")
    return workspace
