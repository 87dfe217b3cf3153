"""Every law that is written down in mpmath, on a small grid.

The benchmark takes the large grid, and second derivatives.
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
def test_values_and_gradients_are_those_of_the_law(recipe):
    law, family = EVERY[recipe], parse(recipe, families)
    # What is a quadrature or a long sum in mpmath takes its time: one set of parameters.
    sets = 1 if recipe in WRAPPED or recipe == "tweedie" else 2
    every = max(1, len(law.values) // sets)
    found = measure(family, law, every_set=every, every_point=5, second=0)
    judged = [each for each in found if not each.excused and not is_named(recipe, each)]
    bad = [each for each in judged if not each.error <= BOUNDS[each.order]]
    assert not bad, "\n".join(map(str, bad[:5]))
    values = [each.error for each in found if each.order == 0]
    assert np.median(values) <= 1e-13
