"""Every law that is written down in mpmath, at a few points.

`benchmarks/tails.py` takes a grid, gradients and second derivatives; `--quick` is part of CI.
"""

import numpy as np
import pytest
from laws import LAWS
from laws.measure import BOUNDS, is_named, measure
from laws.wrappers import LAWS as WRAPPED

from assay.registry import families, parse

EVERY = {**LAWS, **WRAPPED}


def test_every_family_of_assays_own_has_a_law():
    own = {name for name in families if not families.get(name).is_wrapper}
    assert own <= set(LAWS)


@pytest.mark.parametrize("recipe", EVERY)
def test_values_are_those_of_the_law(recipe):
    law, family = EVERY[recipe], parse(recipe, families)
    # What is a quadrature or a long sum in mpmath takes its time: one set of parameters.
    sets = 1 if recipe in WRAPPED or recipe == "tweedie" else 2
    every = max(1, len(law.values) // sets)
    found = measure(family, law, every_set=every, every_point=2, gradients=False)
    judged = [each for each in found if not is_named(recipe, each)]
    bad = [each for each in judged if not each.error <= BOUNDS[each.order]]
    assert len(judged) >= 3
    assert not bad, "\n".join(map(str, bad[:5]))
    assert np.median([each.error for each in found]) <= 1e-13
