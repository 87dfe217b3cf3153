"""What a watch says: a verdict holds only where the gain is what was claimed, and ends once."""

import numpy as np
import polars as pl
import pytest

from assay.errors import ExperimentError
from assay.experiment import Experiment
from assay.ledger import Ledger


def fresh(rows: int, *, slope: float = 1.0, seed: int = 1) -> pl.DataFrame:
    """Rows as those of the small table, or with another slope."""
    random = np.random.default_rng(seed)
    x = random.normal(size=rows)
    return pl.DataFrame({"x": x, "y": slope * x + 0.2 * random.normal(size=rows)})


@pytest.fixture
def running(release, begin, ledger: Ledger, scaled) -> Experiment:
    """An experiment whose model, y = x, was supported and released."""
    experiment = begin()
    assert experiment.attempt(scaled(1.0), name="whole").supported
    return release(experiment)


def test_a_withdrawn_verdict_comes_to_no_gate_and_that_is_said_once(running, scaled):
    running.watch(fresh(200, slope=0.2, seed=2), model=scaled(1.0))
    with pytest.raises(ExperimentError, match=r"withdrawn on \d{4}-\d\d-\d\d: from") as refused:
        running.gate(scaled(1.0))
    said = str(refused.value)
    assert said.lower().count("withdrawn") == 1
    assert said.count("register the question again on new rows") == 1
    assert "Register the question again" not in said


def test_a_gain_below_the_claim_is_not_withdrawn_yet_and_is_not_said_to_hold(running, scaled):
    assert running.watch(fresh(3), model=scaled(1.0)).sentence.startswith("Holds: since its")
    found = running.watch(fresh(9, slope=0.0, seed=2), model=scaled(1.0))
    assert found.mean_gain < found.least
    assert found.is_short
    assert found.evidence < found.needed
    assert found.sentence.startswith("Not withdrawn, but less than the verdict says: since its")
    assert f"is {found.evidence:.3g}, and it is withdrawn at 20." in found.sentence
    assert "Holds" not in found.sentence
