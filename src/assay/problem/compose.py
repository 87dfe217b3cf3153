"""Models that follow from a profile, in order of promise, each with the evidence for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import add

import numpy as np
import polars as pl
from scipy import stats

from assay.family import AbstractFamily, Bernoulli, Censored, Rounded
from assay.frame import Frame, Roles
from assay.model import Model
from assay.predictor import AbstractPredictor, Group, Linear, Spline, Sum
from assay.problem.facts import Facts
from assay.problem.property import Suggestion
from assay.problem.shape import dispersion_test
from assay.problem.target import support_kind
from assay.problem.words import number, p_value, percent
from assay.registry import families, parse

_FEW_LEVELS = 8
_ENOUGH_VALUES = 20
_MOST_SPLINES = 4
_LEVEL = 0.01
# Below this share of the sd, rounding adds less than 1 % to the variance (grid²/12).
_COARSE = 0.35
_ENOUGH_FOR_FOUR = 500

Reasons = Iterator[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Proposal:
    """A model worth trying.

    Fields:
        rank: 1 for the most promising.
        model: composed, not fitted.
        reason: what in the data speaks for it.
    """

    rank: int
    model: Model
    reason: str

    def __repr__(self) -> str:
        return f"{self.rank}. {self.model!r}\n   {self.reason}"


def proposals(facts: Facts, suggestions: tuple[Suggestion, ...]) -> tuple[Proposal, ...]:
    """Compose models from a profile's findings.

    Args:
        facts: the table.
        suggestions: families that were compared on the target alone, best first.

    Returns:
        Models from the most promising on: families in order, each with all features linear and
        many-levelled keys pooled; the first one with smooth curves, too, where there are numbers
        enough for them.
    """
    found = [(*_observed(facts, parse(name, families)), why) for name, why in _laws(facts)]
    ranks = {each.family.removeprefix("censored(").removesuffix(")"): each for each in suggestions}
    linear, said = _features(facts.frame, facts.roles)
    smooth = _smoothed(facts.frame, facts.roles)
    composed: list[tuple[AbstractFamily, list[AbstractPredictor], str]] = []
    for family, how, why in found:
        known = ranks.get(family.underlying.describe())
        reason = "; ".join(filter(None, (why, known.reason.rstrip(".") if known else "", how)))
        composed.append((family, linear, f"{reason}. {said}"))
    if smooth:
        family, _, why = composed[0]
        columns = ", ".join(f"`{each.columns[0]}`" for each in smooth)
        reason = f"As the first, with curves instead of lines in {columns}: {why}"
        kept = [term for term in linear if not isinstance(term, Linear)]
        flat = _linear_terms(facts.frame, facts.roles, {each.columns[0] for each in smooth})
        composed.insert(1, (family, [*smooth, *flat, *kept], reason))
    return tuple(
        Proposal(rank, _model(family, terms), reason)
        for rank, (family, terms, reason) in enumerate(composed, start=1)
    )


def _model(family: AbstractFamily, terms: list[AbstractPredictor]) -> Model:
    if not terms:
        return Model(family)
    every: AbstractPredictor | Sum = reduce(add, terms)  # pyright: ignore[reportAssignmentType]
    return Model(family, **{family.parameters[0].name: every})


def _laws(facts: Facts) -> Reasons:
    """Recipes of families for the value itself, most promising first."""
    kind = support_kind(facts)
    if kind == "binary":
        yield Bernoulli.name, "the target is 0 or 1"
    elif facts.is_whole and kind in ("positive", "nonnegative", "unit interval"):
        yield from _counts(facts)
    elif kind == "unit interval" and 0 < facts.values[0] and facts.values[-1] < 1:
        yield "beta", "a share strictly between 0 and 1, whose spread shrinks towards both ends"
        yield "logit-normal", "a share whose log-odds vary evenly"
    elif kind == "positive":
        yield from _positive(facts)
    elif facts.values[0] >= 0 and (facts.values == 0).any():
        zeros = percent(float(np.mean(facts.values == 0)))
        said = f"{zeros} of a positive quantity are exactly 0"
        yield "hurdle(gamma)", f"{said}: whether it happens, and how much, are two questions"
        yield "tweedie", f"{said}: a sum of a random number of positive parts"
        yield "hurdle(log-normal)", f"{said}, and large values may spread in proportion"
    else:
        yield from _real(facts)


def _counts(facts: Facts) -> Reasons:
    y = facts.values
    ratio = float(y.var(ddof=1) / y.mean()) if len(y) > 1 and y.mean() > 0 else 1.0
    _, p = dispersion_test(y) if len(y) > 1 and y.mean() > 0 else (0.0, 1.0)
    # A Poisson count varies by its mean around what features explain; they only take spread away.
    spread = f"counts whose variance is {number(ratio)} times their mean"
    many, even = (
        ("negative-binomial", f"{spread} ({p_value(p)} for a Poisson law)"),
        (
            "poisson",
            f"{spread}, which features may explain",
        ),
    )
    first, second = (many, even) if ratio > 1 and p < _LEVEL else (even, many)
    yield first
    zeros, expected = int((y == 0).sum()), len(y) * _zeros_expected(facts, first[0])
    surplus = stats.binomtest(zeros, len(y), min(expected / len(y), 1.0), alternative="greater")
    if zeros and surplus.pvalue < _LEVEL:
        words = f"{zeros:,} zeros where {first[0]} expects {number(expected)}"
        yield f"zero-inflated({first[0]})", f"{words} ({p_value(float(surplus.pvalue))})"
    yield second


def _zeros_expected(facts: Facts, name: str) -> float:
    """Share of zeros by moments."""
    mean, variance = float(facts.values.mean()), float(facts.values.var())
    if name == "poisson" or variance <= mean:
        return float(np.exp(-mean))
    size = mean**2 / (variance - mean)
    return float((size / (size + mean)) ** size)


def _positive(facts: Facts) -> Reasons:
    log_skew = float(stats.skew(np.log(facts.values)))
    gamma = ("gamma", "positive, with errors in proportion to the mean")
    log_normal = ("log-normal", f"positive; the skew of its logarithm is {number(log_skew)}")
    # The logarithm of a gamma value is skewed to the left, that of a log-normal one is not.
    yield from (gamma, log_normal) if log_skew < -0.25 else (log_normal, gamma)
    yield "weibull", "positive; times and strengths of a weakest link"
    if len(facts.values) >= _ENOUGH_FOR_FOUR:
        yield "gb2", "four parameters that hold most positive laws, to see what the others miss"


def _real(facts: Facts) -> Reasons:
    y = facts.values
    tests = len(y) >= _ENOUGH_VALUES and float(y.std()) > 0
    tail = float(stats.kurtosistest(y).statistic) if tests else 0.0
    lean = float(stats.skewtest(y).pvalue) if tests else 1.0
    heavy = tests and tail > stats.norm.isf(_LEVEL)
    student = ("student-t", f"tails heavier than a Normal's (kurtosis test z = {number(tail)})")
    normal = ("normal", "any real number" + ("" if heavy else ", tails no heavier than a Normal's"))
    yield from (student, normal) if heavy else (normal, student)
    if lean < _LEVEL:
        yield "skew-normal", f"leans to one side ({p_value(lean)} for symmetry)"


def _observed(facts: Facts, family: AbstractFamily) -> tuple[AbstractFamily, str]:
    """The family behind what hides or rounds its values, and why."""
    roles, spread = facts.roles, float(facts.values.std())
    said = []
    grid = _grid(facts)
    if not family.support.whole and grid and grid > _COARSE * spread > 0:
        family = Rounded(family, grid=grid)
        said.append(f"recorded in steps of {grid:g}, coarse beside a spread of {number(spread)}")
    if roles.censored_above or roles.censored_below:
        family = Censored(family, above=roles.censored_above, below=roles.censored_below)
        hidden = int(facts.hidden.any.sum())
        said.append(f"{hidden:,} rows hide their target beyond a limit")
    return family, "; ".join(said)


def _grid(facts: Facts) -> float | None:
    """The coarsest decimal step that all values lie on."""
    for step in (10.0, 5.0, 1.0, 0.5, 0.1, 0.05, 0.01):
        scaled = facts.values / step
        if np.allclose(scaled, np.round(scaled), rtol=1e-9, atol=1e-9):
            return step
    return None


def _usable(frame: Frame, roles: Roles) -> list[str]:
    """Columns that are known when a row is predicted."""
    taken = {"row_id", *(column for _, column in roles.named)} - set(roles.known_ahead)
    if roles.time is not None:
        return list(roles.known_ahead)
    return [name for name in frame.columns if name not in taken and name not in roles.known_ahead]


def _is_number(column: pl.Series) -> bool:
    return column.dtype.is_numeric()


def _levels(column: pl.Series) -> int:
    return column.n_unique()


def _features(frame: Frame, roles: Roles) -> tuple[list[AbstractPredictor], str]:
    terms = [*_linear_terms(frame, roles, set()), *_group_terms(frame, roles)]
    if not terms:
        return [], "No column is known when a row is predicted, so its parameters are constant."
    left = [name for name in _usable(frame, roles) if not _takes(frame, name)]
    said = "Features: " + " + ".join(term.describe() for term in terms) + "."
    if left:
        names = ", ".join(f"`{name}`" for name in left[:5])
        said += f" Left out: {names} (gaps, one value only, or as many values as rows)."
    return terms, said


def _takes(frame: Frame, name: str) -> bool:
    column = frame.column(name)
    if column.null_count() or _levels(column) < 2 or column.dtype.is_temporal():
        return False
    return _is_number(column) or _levels(column) <= frame.rows / 2


def _linear_terms(frame: Frame, roles: Roles, without: set[str]) -> list[AbstractPredictor]:
    pieces = []
    for name in _usable(frame, roles):
        column = frame.column(name)
        if not _takes(frame, name) or name in without:
            continue
        if _is_number(column):
            pieces.append(f"`{name}`")
        elif _levels(column) <= _FEW_LEVELS:
            pieces.append(f"C(`{name}`)")
    return [Linear(" + ".join(pieces))] if pieces else []


def _group_terms(frame: Frame, roles: Roles) -> list[AbstractPredictor]:
    keys = [
        name
        for name in _usable(frame, roles)
        if _takes(frame, name)
        and not _is_number(frame.column(name))
        and _levels(frame.column(name)) > _FEW_LEVELS
    ]
    pooled: list[AbstractPredictor] = [Group(name) for name in keys]
    if roles.series and _levels(frame.table.select(pl.struct(roles.series)).to_series()) > 1:
        pooled.append(Group(*roles.series))
    return pooled


def _smoothed(frame: Frame, roles: Roles) -> list[Spline]:
    numeric = [
        name
        for name in _usable(frame, roles)
        if _takes(frame, name)
        and _is_number(frame.column(name))
        and _levels(frame.column(name)) >= _ENOUGH_VALUES
    ]
    return [Spline(name) for name in numeric] if len(numeric) <= _MOST_SPLINES else []
