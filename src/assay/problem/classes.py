"""A target of text: its classes and how often each occurs."""

import numpy as np

from assay.problem.facts import Facts
from assay.problem.property import Property, Suggestion, evidence
from assay.problem.words import number, percent, plural

_SHOWN = 8


def classes(facts: Facts) -> Property:
    """How often each class occurs, and how surprising a class is on average."""
    labels, counts = facts.classes, _counts(facts)
    order = np.argsort(-counts, kind="stable")
    shares = counts[counts > 0] / counts.sum()
    shown = [f"{labels[k]!r} {counts[k]:,} ({percent(counts[k] / counts.sum())})" for k in order]
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    rarest = int(counts.min())
    return Property(
        name="classes",
        finding=f"{len(labels)} classes: {', '.join(shown[:_SHOWN])}{more}",
        evidence=evidence(
            classes=len(labels),
            commonest=int(counts.max()),
            rarest=rarest,
            entropy=float(-(shares * np.log(shares)).sum()),
            brier=float((1 - (shares**2).sum()) / 2),
        ),
        meaning=f"Always saying these shares has a Brier loss of "
        f"{number(float((1 - (shares**2).sum()) / 2))}; the rarest class has "
        f"{plural(rarest, 'row')}.",
    )


def suggestion(facts: Facts) -> Suggestion:
    """The one family for classes without an order."""
    return Suggestion(
        family=f"categorical(classes={len(facts.classes)})",
        reason=f"the target is one of {len(facts.classes)} labels, numbered in alphabetical order.",
        rank=1,
    )


def _counts(facts: Facts) -> np.ndarray:
    return np.bincount(facts.values.astype(int), minlength=len(facts.classes))
