"""What hides a target, and what that does to its mean."""

import numpy as np
from scipy import stats

from assay.problem.facts import Facts
from assay.problem.property import Property, evidence
from assay.problem.words import number, percent


def censoring(facts: Facts) -> Property:
    """How many rows only bound their target, and the mean with and without them."""
    roles, y = facts.roles, facts.values
    if roles.censored_above is None and roles.censored_below is None:
        return Property(
            name="censoring",
            finding="no column of censoring is named",
            evidence=evidence(above=0, below=0, recorded_mean=float(y.mean())),
            meaning="Recorded values are taken as the target itself. If stock, a detection limit "
            "or the end of a study hid some, name the column as `censored_above` or "
            "`censored_below`.",
        )
    hidden = facts.hidden
    above, below = int(hidden.above.sum()), int(hidden.below.sum())
    share = float(hidden.any[facts.known].mean())
    seen = np.sort(facts.y[facts.known & ~hidden.any])
    return Property(
        name="censoring",
        finding=f"{percent(share)} of rows hidden: {_bound(above, below, float(y.mean()))}",
        evidence=evidence(
            above=above,
            below=below,
            share_above=above / len(y),
            share_below=below / len(y),
            share_hidden=share,
            recorded_mean=float(y.mean()),
            mean_of_seen_rows=float(seen.mean()),
            kaplan_meier_mean=kaplan_meier_mean(facts),
            limits_missing=_limits_missing(facts),
        ),
        meaning=_meaning(facts, above, below, seen),
    )


def kaplan_meier_mean(facts: Facts) -> float | None:
    """The mean of the target if what hides it does not depend on it, up to the greatest limit.

    Hidden rows from one side only; None otherwise. Where the greatest row is hidden the rest of
    the tail counts as 0, so the mean is still a bound.

    Source: Kaplan & Meier (1958), Nonparametric estimation from incomplete observations, JASA 53.
    """
    hidden = facts.hidden
    if hidden.any.any() and not (hidden.above.any() and hidden.below.any()):
        if hidden.above.any():
            return _restricted_mean(facts.y, hidden.above, hidden.least)
        # Mirrored, a value hidden below is one hidden above.
        return -_restricted_mean(-facts.y, hidden.below, -hidden.most)
    return None


def _restricted_mean(y: np.ndarray, hidden: np.ndarray, limits: np.ndarray) -> float:
    seen = np.sort(y[~hidden & ~np.isnan(y)])
    # The target is at least the limit, so a row hidden at 5 has left before an event at 5.
    right = np.nextafter(limits[hidden], -np.inf)
    curve = stats.ecdf(stats.CensoredData(uncensored=seen, right=right)).sf
    start = min(float(seen.min()), float(right.min()))
    times = np.concatenate([[start], curve.quantiles])
    heights = np.concatenate([[1.0], curve.probabilities])
    return float(start + (np.diff(times) * heights[:-1]).sum())


def _limits_missing(facts: Facts) -> int:
    name = facts.roles.censored_above or facts.roles.censored_below
    limits = facts.frame.numbers(name) if name else np.zeros(0)
    return int(np.isinf(limits).sum())


def _bound(above: int, below: int, mean: float) -> str:
    if above and below:
        return f"recorded mean {number(mean)} is cut from both sides"
    if not above and not below:
        return f"recorded mean {number(mean)} is the mean of the target"
    return f"recorded mean {number(mean)} is {'a lower' if above else 'an upper'} bound"


def _meaning(facts: Facts, above: int, below: int, seen: np.ndarray) -> str:
    if not above and not below:
        return "No row reached its limit: censoring changes nothing here."
    better = kaplan_meier_mean(facts)
    if better is None:
        said = ""
    else:
        said = (
            f" If what hides does not depend on the target, the mean is about {number(better)} "
            "(Kaplan-Meier)."
        )
    return (
        f"Dropping hidden rows gives {number(float(seen.mean()))}, which is biased too: rows are "
        f"hidden because they are {_extreme(above, below)}.{said} Wrap the family in "
        "`censored(...)`."
    )


def _extreme(above: int, below: int) -> str:
    if above and below:
        return "extreme"
    return "high" if above else "low"
