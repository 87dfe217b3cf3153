"""Every law that is written down in mpmath, on a small grid.

The benchmark takes the large grid, and second derivatives.
"""

import numpy as np
import pytest
from laws import LAWS
from laws.measure import BOUNDS, measure
from laws.wrappers import LAWS as WRAPPED

from assay.registry import families, parse

EVERY = {**LAWS, **WRAPPED}


def test_every_family_of_assays_own_has_a_law():
    own = {name for name in families if not families.get(name).is_wrapper}
    assert own <= set(LAWS)


@pytest.mark.parametrize("recipe", EVERY)
def test_values_and_gradients_are_those_of_the_law(recipe):
    law, family = EVERY[recipe], parse(recipe, families)
    found = measure(family, law, every_set=max(1, len(law.values) // 2), every_point=4, second=0)
    bad = [each for each in found if not each.excused and not each.error <= BOUNDS[each.order]]
    assert not bad, "\n".join(map(str, bad[:5]))
    values = [each.error for each in found if each.order == 0]
    assert np.median(values) <= 1e-13
