"""Size and values of a target: what it can be, which values pile up."""

import numpy as np
from scipy import stats

from assay.problem.facts import Facts
from assay.problem.property import Property, evidence
from assay.problem.words import number, p_value, percent, plural


def size(facts: Facts) -> Property:
    """How much there is to learn from."""
    n = len(facts.values)
    distinct = len(np.unique(facts.values))
    return Property(
        name="size",
        finding=f"{plural(facts.frame.rows, 'row')}, {n:,} with a target",
        evidence=evidence(
            rows=facts.frame.rows, targets=n, distinct=distinct, columns=len(facts.frame.columns)
        ),
        meaning=f"A mean of independent rows is known to {percent(1 / np.sqrt(n))} of the "
        "target's standard deviation; rows that move together count for less.",
    )


def missing(facts: Facts) -> Property:
    """How much was never recorded."""
    gone = int((~facts.known).sum())
    table = facts.frame.table.drop(facts.roles.target)
    holes = {column.name: column.null_count() for column in table}
    worst = max(holes, key=lambda name: (holes[name], name))
    others = sum(count > 0 for count in holes.values())
    finding = f"{gone:,} of {facts.frame.rows:,} targets missing" if gone else "no target missing"
    return Property(
        name="missing",
        finding=f"{finding}; holes in {others} of {table.width} other columns",
        evidence=evidence(
            targets_missing=gone,
            share=gone / facts.frame.rows,
            columns_with_holes=others,
            worst_column=worst if others else None,
            worst_missing=holes[worst] if others else None,
        ),
        meaning="A missing target is not a zero: such rows are neither fitted nor scored."
        if gone
        else "Every row can be fitted and scored.",
    )


def support(facts: Facts) -> Property:
    """Where the target can be, as far as the recorded values show it."""
    y = facts.values
    below, zeros, above_one = int((y < 0).sum()), int((y == 0).sum()), int((y > 1).sum())
    # Clopper-Pearson for 0 of n: at 95 % confidence no more than this share lies there unseen.
    unseen = 1.0 - 0.05 ** (1.0 / len(y))
    kind = support_kind(facts)
    finding = {
        "binary": "binary: 0 or 1",
        "unit interval": f"unit interval: 0 to 1, from {number(y.min())} to {number(y.max())}",
        "positive": f"positive: above 0, from {number(y.min())} to {number(y.max())}",
        "nonnegative": f"nonnegative: 0 and above, up to {number(y.max())}",
        "real": f"real: {below:,} of {len(y):,} values lie below 0",
    }[kind]
    return Property(
        name="support",
        finding=finding,
        evidence=evidence(
            kind=kind,
            values=len(y),
            least=float(y.min()),
            greatest=float(y.max()),
            below_zero=below,
            zeros=zeros,
            above_one=above_one,
            unseen_share_at_most=None if below else unseen,
        ),
        meaning=_support_meaning(facts, below, unseen),
    )


def _support_meaning(facts: Facts, below: int, unseen: float) -> str:
    if below:
        return "A predictive may lie on either side of 0."
    if facts.hidden_at_zero:
        return (
            f"{facts.hidden_at_zero:,} values are hidden at or below 0: no recorded value is "
            "negative, the target itself may be."
        )
    return (
        f"0 of {len(facts.values):,} values lie below 0, so if rows are independent at "
        f"most {percent(unseen)} ever do (95 % confidence): a family that puts mass there predicts "
        "the impossible."
    )


def support_kind(facts: Facts) -> str:
    """`binary`, `unit interval`, `positive`, `nonnegative` or `real`."""
    y = facts.values
    if facts.is_binary:
        return "binary"
    if y.min() >= 0 and y.max() <= 1:
        return "unit interval"
    if y.min() > 0:
        return "positive"
    return "nonnegative" if y.min() >= 0 else "real"


def integrality(facts: Facts) -> Property:
    """Whether the target counts something."""
    y = facts.values
    shares = {digits: _share_on_grid(y, digits) for digits in range(4)}
    whole = int((y == np.round(y)).sum())
    digits = next((d for d, share in shares.items() if share == 1.0), None)
    nearly = next((d for d, share in shares.items() if share >= 0.95), None)
    if facts.is_whole:
        finding, meaning = f"all {len(y):,} values are whole numbers", "The target may be a count."
    elif nearly is not None:
        finding = f"{percent(shares[nearly])} of values lie on a grid of {10**-nearly:g}"
        meaning = (
            f"Counted in units of {10**-nearly:g} these are whole numbers: a family of counts "
            f"would fit the target times {10**nearly:,}."
        )
    else:
        finding = f"{whole:,} of {len(y):,} values are whole numbers"
        meaning = "The target is measured, not counted: families of counts are out."
    return Property(
        name="integrality",
        finding=finding,
        evidence=evidence(
            whole=whole,
            values=len(y),
            share=whole / len(y),
            decimals=digits,
            share_on_tenths=shares[1],
            share_on_hundredths=shares[2],
        ),
        meaning=meaning,
    )


def _share_on_grid(y: np.ndarray, digits: int) -> float:
    scaled = y * 10.0**digits
    # float32 columns hold 0.1 as 0.10000000149: seven digits count, not sixteen.
    return float(np.isclose(scaled, np.round(scaled), rtol=1e-6, atol=1e-6).mean())


def bounds(facts: Facts) -> Property:
    """Whether values pile up at the least or greatest of them, as at a cap or a detection limit."""
    values, counts = np.unique(facts.values, return_counts=True)
    if len(values) < 3:
        return Property(
            name="bounds",
            finding=f"{plural(len(values), 'distinct value')}, no inside to compare with",
            evidence=evidence(at_least=int(counts[0]), at_greatest=int(counts[-1])),
            meaning="Nothing can pile up at an end.",
        )
    low, low_p = _pile(counts[0], counts[1])
    high, high_p = _pile(counts[-1], counts[-2])
    sides = [
        f"{int(count):,} values sit at the {word} ({number(value)}), {int(beside):,} at the value "
        f"beside it ({p_value(p)})"
        for piled, word, value, count, beside, p in (
            (low, "least", values[0], counts[0], counts[1], low_p),
            (high, "greatest", values[-1], counts[-1], counts[-2], high_p),
        )
        if piled
    ]
    return Property(
        name="bounds",
        finding="; ".join(sides) or "no pile-up at the least or the greatest value",
        evidence=evidence(
            least=float(values[0]),
            at_least=int(counts[0]),
            beside_least=int(counts[1]),
            least_p_value=low_p,
            greatest=float(values[-1]),
            at_greatest=int(counts[-1]),
            beside_greatest=int(counts[-2]),
            greatest_p_value=high_p,
        ),
        meaning=_pile_meaning(low and values[0] != 0, high),
    )


def _pile(at_end: int, beside: int) -> tuple[bool, float]:
    # The tail of a law falls towards its end: then the last value is no likelier than the one
    # beside it, and of both counts together the last has at most Binomial(n, 1/2).
    p = stats.binomtest(int(at_end), int(at_end + beside), 0.5, alternative="greater").pvalue
    return bool(p < 0.01), float(p)


def _pile_meaning(low: bool, high: bool) -> str:
    if high:
        return (
            "A pile at the greatest value is often a cap: if higher values were cut there, name "
            "the cap as `censored_above`."
        )
    if low:
        return (
            "A pile at the least value is often a detection limit: if lower values were cut "
            "there, name it as `censored_below`."
        )
    return "Nothing suggests that values were cut at an end (a pile at 0 is read under zeros)."
