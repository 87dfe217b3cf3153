"""The table that every family is run through: add a line for a new one."""

from dataclasses import dataclass
from functools import cached_property

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st

from assay.family import AbstractDistribution, AbstractFamily, Censored
from assay.registry import families


@dataclass(frozen=True)
class Case:
    """One family bound to parameters, with SciPy's distribution of the same law."""

    family: AbstractFamily
    parameters: dict[str, float]
    law: object

    @cached_property
    def distribution(self) -> AbstractDistribution:
        return self.family.bind({k: jnp.asarray(v) for k, v in self.parameters.items()}, {})


def _negative_binomial(mean: float, size: float) -> object:
    return st.nbinom(size, size / (size + mean))


def _gamma(mean: float, cv: float) -> object:
    return st.gamma(cv**-2, scale=mean * cv**2)


LAWS = {
    "normal": [((1.5, 2.0), st.norm(1.5, 2.0))],
    "log-normal": [((3.0, 0.7), st.lognorm(0.7, scale=3.0))],
    "gamma": [((2.0, 0.4), _gamma(2.0, 0.4)), ((2.0, 1.8), _gamma(2.0, 1.8))],
    "negative-binomial": [
        ((4.0, 1.3), _negative_binomial(4.0, 1.3)),
        ((60.0, 8.0), _negative_binomial(60.0, 8.0)),
    ],
    "bernoulli": [((0.3,), st.bernoulli(0.3))],
}


def _cases() -> list[Case]:
    found = []
    for name in families:
        family = families.get(name)()
        names = [parameter.name for parameter in family.parameters]
        assert name in LAWS, f"family `{name}` has no line in the table of laws"
        found += [Case(family, dict(zip(names, p, strict=True)), law) for p, law in LAWS[name]]
    return found


CASES = _cases()


def _label(case: Case) -> str:
    return f"{case.family.name}-{'-'.join(str(v) for v in case.parameters.values())}"


@pytest.fixture(params=CASES, ids=_label)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def points(case: Case) -> np.ndarray:
    """Values from one tail to the other, on the support."""
    levels = [1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6]
    return np.unique(case.law.ppf(levels))


@pytest.fixture
def censored(case: Case):
    """The same law seen between two limits, each at a value of its own."""
    above, below = case.law.ppf(0.8), case.law.ppf(0.1)
    if above == below:
        above = below + 1
    family = Censored(case.family, above="most", below="least")
    columns = {"most": jnp.asarray(float(above)), "least": jnp.asarray(float(below))}
    return family.bind({k: jnp.asarray(v) for k, v in case.parameters.items()}, columns)
