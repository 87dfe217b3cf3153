"""Which families suit a target, and which do not, each with the numbers that say so."""

from dataclasses import dataclass

import numpy as np

from assay.problem.classes import suggestion
from assay.problem.facts import Facts
from assay.problem.law import LAWS
from assay.problem.marginal import Fitted, fit
from assay.problem.property import RuledOut, Suggestion
from assay.problem.sample import Sample, sample
from assay.problem.shape import dispersion_test
from assay.problem.target import support_kind
from assay.problem.words import number, p_value, percent, plural

# Less mass than this off the support does no harm that a verdict could see.
_MOST_OFF_SUPPORT = 0.001


@dataclass(frozen=True, eq=False)
class Case:
    """What is known when families are judged.

    Fields:
        facts: the table.
        sample: its target alone.
        fits: families that could be fitted, by name.
    """

    facts: Facts
    sample: Sample
    fits: dict[str, Fitted]


def suggest(facts: Facts) -> tuple[tuple[Suggestion, ...], tuple[RuledOut, ...]]:
    """Rank the families that suit a target's support; say of the others what rules them out.

    Returns:
        Suggestions, best first, never empty: where no family of this release has the support, the
        nearest one is named with what it gets wrong, and stands among those ruled out too.
    """
    if facts.classes:
        return (suggestion(facts),), ()
    case = _case(facts)
    reasons = {name: reason(case) for name, reason in _REASONS.items()}
    out = tuple(RuledOut(family=name, reason=said) for name, said in reasons.items() if said)
    left = [name for name, said in reasons.items() if not said]
    return (_ranked(case, left) if left else _nearest(case, reasons)), out


def _case(facts: Facts) -> Case:
    target = sample(facts)
    seen = target.seen.values
    # Values that differ only by rounding have no spread that a law could be fitted to.
    is_flat = len(seen) < 2 or target.deviation <= 1e-12 * float(np.abs(seen).max())
    laws = (
        ()
        if is_flat or facts.is_binary
        else [law for law in LAWS if _is_possible(law.name, facts, target)]
    )
    fits = {law.name: found for law in laws if (found := fit(law, target)) is not None}
    return Case(facts, target, fits)


def _is_possible(name: str, facts: Facts, target: Sample) -> bool:
    y = facts.values
    if name == "normal":
        return True
    if name == "negative-binomial":
        return bool(facts.is_whole and y.min() >= 0 and (target.most.values >= 0).all())
    seen = target.seen.values
    return bool(seen.min() > 0 and (target.most.values > 0).all())


def _ranked(case: Case, names: list[str]) -> tuple[Suggestion, ...]:
    known = sorted((case.fits[n].bic, n) for n in names if n in case.fits)
    order = [name for _, name in known] + [name for name in names if name not in case.fits]
    return tuple(
        Suggestion(family=_wrapped(case, name), reason=_praise(case, name, known), rank=place + 1)
        for place, name in enumerate(order)
    )


def _wrapped(case: Case, name: str) -> str:
    roles = case.facts.roles
    return f"censored({name})" if roles.censored_above or roles.censored_below else name


def _praise(case: Case, name: str, known: list[tuple[float, str]]) -> str:
    if name == "bernoulli":
        ones = int(case.facts.values.sum())
        return f"the target is 0 or 1, {plural(ones, 'one')} in {len(case.facts.values):,} values."
    if name not in case.fits:
        return "the values do not tell families apart (they are all equal, or too few)."
    found = case.fits[name]
    best, runner_up = known[0], known[1] if len(known) > 1 else None
    rows = f"{plural(case.sample.rows, 'row')} without covariates"
    if name == best[1]:
        ahead = (
            f", {number(round(runner_up[0] - found.bic, 1))} below `{runner_up[1]}`"
            if runner_up
            else ", the only family left"
        )
        said = f"lowest BIC, {found.bic:,.1f} on {rows}{ahead}"
    else:
        behind = number(round(found.bic - best[0], 1))
        said = f"BIC {found.bic:,.1f} on {rows}, {behind} above `{best[1]}`"
    return said + _censored_mean(case, found) + _off_grid(case, found) + "."


def _censored_mean(case: Case, found: Fitted) -> str:
    hidden = case.facts.hidden
    if not hidden.any.any():
        return ""
    return (
        f"; with hidden rows as bounds its mean is {number(found.mean)}, recorded "
        f"{number(float(case.facts.values.mean()))}"
    )


def _off_grid(case: Case, found: Fitted) -> str:
    if found.law.is_count or not case.sample.is_whole:
        return ""
    return "; the values are whole numbers, this family lies between them too"


def _nearest(case: Case, reasons: dict[str, str]) -> tuple[Suggestion, ...]:
    name = min(case.fits, key=lambda each: case.fits[each].bic) if case.fits else "normal"
    return (
        Suggestion(
            family=_wrapped(case, name),
            reason="no family of this release has this support; this one comes nearest, though "
            + reasons[name],
            rank=1,
        ),
    )


def _against_normal(case: Case) -> str:
    y = case.facts.values
    if case.facts.is_binary:
        return _two_values(case, "normal")
    found = case.fits.get("normal")
    if found is None:
        return ""
    low, high = found.mass_below(0.0), found.mass_above(1.0)
    how = "fitted with hidden rows as bounds" if case.facts.hidden.any.any() else _at_moments(case)
    if y.min() >= 0 and not case.facts.hidden_at_zero and low > _MOST_OFF_SUPPORT:
        return (
            f"`normal` puts mass below 0, where 0 of {len(y):,} values lie: {how} that is "
            f"{percent(low)}."
        )
    return _above_one(case, "normal", high, how)


def _at_moments(case: Case) -> str:
    return f"at the sample's mean ({number(case.sample.mean)}) and sd " + (
        f"({number(case.sample.deviation)})"
    )


def _above_one(case: Case, name: str, mass: float, how: str) -> str:
    if support_kind(case.facts) != "unit interval" or mass <= _MOST_OFF_SUPPORT:
        return ""
    return (
        f"`{name}` puts mass above 1, where 0 of {len(case.facts.values):,} values lie: {how} "
        f"that is {percent(mass)}."
    )


def _against_positive(name: str, case: Case) -> str:
    """`log-normal` and `gamma` share their support, the numbers above 0."""
    y = case.facts.values
    if case.facts.is_binary:
        return _two_values(case, name)
    # A target hidden at or above 0 is no evidence of a zero: the true value lies higher.
    seen, most = case.sample.seen, case.sample.most
    bad = int(seen.counts[seen.values <= 0].sum())
    if bad:
        return (
            f"`{name}` lives above 0, {bad:,} of {len(y):,} values are 0 or below "
            f"({percent(bad / len(y))}); the least is {number(seen.values[0])}."
        )
    under = int(most.counts[most.values <= 0].sum())
    if under:
        return f"`{name}` lives above 0, {under:,} values are hidden at or below 0."
    found = case.fits.get(name)
    return _above_one(case, name, found.mass_above(1.0), "fitted") if found else ""


def _against_counts(case: Case) -> str:
    y = case.facts.values
    if case.facts.is_binary:
        return (
            f"`negative-binomial` puts mass on 2, 3, ..., where 0 of {len(y):,} values lie: the "
            "target is 0 or 1."
        )
    fractions = y != np.round(y)
    if fractions.any():
        return (
            f"`negative-binomial` lives on 0, 1, 2, ..., {int(fractions.sum()):,} of {len(y):,} "
            f"values are no whole numbers, such as {number(float(y[fractions].min()))}."
        )
    under = int(case.sample.most.counts[case.sample.most.values < 0].sum())
    if under:
        return f"`negative-binomial` lives on 0, 1, 2, ..., {under:,} values are hidden below 0."
    if y.min() < 0:
        return (
            f"`negative-binomial` lives on 0, 1, 2, ..., {int((y < 0).sum()):,} of {len(y):,} "
            f"values are below 0; the least is {number(float(y.min()))}."
        )
    return _too_even(case)


def _too_even(case: Case) -> str:
    y = case.facts.values
    # What hides high values also takes spread away, so it is judged only where nothing is hidden.
    if case.facts.hidden.any.any() or len(y) < 2 or y.mean() == 0:
        return ""
    ratio = float(y.var(ddof=1) / y.mean())
    _, p = dispersion_test(y)
    if ratio >= 1 or p >= 0.01:
        return ""
    return (
        f"`negative-binomial` has a variance of at least its mean; here it is {number(ratio)} "
        f"times the mean ({p_value(p)} for a Poisson law)."
    )


def _against_bernoulli(case: Case) -> str:
    y = case.facts.values
    other = y[(y != 0) & (y != 1)]
    if not len(other):
        return ""
    return (
        f"`bernoulli` lives on 0 and 1, {len(other):,} of {len(y):,} values are neither, such as "
        f"{number(float(other.min()))}."
    )


def _two_values(case: Case, name: str) -> str:
    return (
        f"`{name}` gives single values no mass, all {len(case.facts.values):,} values are 0 or 1."
    )


_REASONS = {
    "normal": _against_normal,
    "log-normal": lambda case: _against_positive("log-normal", case),
    "gamma": lambda case: _against_positive("gamma", case),
    "negative-binomial": _against_counts,
    "bernoulli": _against_bernoulli,
}
