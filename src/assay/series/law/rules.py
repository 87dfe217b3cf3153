"""Which rule a family has: a fast one where there is one, else its exact likelihood."""

from assay.family import AbstractFamily, Censored, Hurdle, Rounded, ZeroInflated
from assay.series.law.gamma import GammaRule
from assay.series.law.negative_binomial import NegativeBinomialRule
from assay.series.law.rounded import RoundedRule
from assay.series.law.rule import AbstractRule, FamilyRule
from assay.series.law.tweedie import TweedieRule
from assay.series.law.zeros import ZerosRule

FAST: dict[tuple[str, str], AbstractRule] = {
    ("negative-binomial", "mean"): NegativeBinomialRule(),
    ("gamma", "mean"): GammaRule(),
    ("tweedie", "mean"): TweedieRule(),
}


def followed(family: AbstractFamily) -> AbstractFamily:
    """The family whose values a filter follows: without the limits that hid some of them."""
    return family.base if isinstance(family, Censored) else family


def rule_of(family: AbstractFamily, driven: str) -> AbstractRule:
    """How observations of a family move one of its parameters.

    Raises:
        ConfigError: no filter drives it; names what can be driven.
    """
    family = followed(family)
    exact = FamilyRule(family, driven)
    if isinstance(family, Hurdle | ZeroInflated) and driven != "zero":
        support = family.base.support
        has_zero = support.whole or family.base.atom == 0
        if support.lower >= 0 and not (isinstance(family, Hurdle) and support.lower > 0):
            inside = rule_of(family.base, driven)
            return ZerosRule(inside, has_zero, isinstance(family, ZeroInflated))
    if isinstance(family, Rounded) and (family.base.name, driven) in FAST:
        return RoundedRule(rule_of(family.base, driven), float(family.grid))
    return FAST.get((family.name, driven), exact)
