"""Models that follow from a profile, in order of promise, each with the evidence for it."""

from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

import numpy as np
import polars as pl

from assay.family import AbstractFamily, Categorical, Censored, Hurdle, Rounded
from assay.frame import Frame, Roles
from assay.model import Model
from assay.predictor import AbstractPredictor, Group, Linear, Spline
from assay.problem.candidates import candidates
from assay.problem.facts import Facts
from assay.problem.property import Suggestion
from assay.problem.words import number
from assay.registry import families, parse

_FEW_LEVELS = 8
_ENOUGH_VALUES = 20
_MOST_SPLINES = 4
# Below this share of the sd, rounding adds less than 1 % to the variance (grid²/12).
_COARSE = 0.35


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
    found = [(*_observed(facts, parse(name, families)), why) for name, why in candidates(facts)]
    ranks = _ranks(suggestions)
    linear, said = _features(facts.frame, facts.roles)
    composed: list[tuple[AbstractFamily, list[AbstractPredictor], str]] = []
    for family, how, why in found:
        known = ranks.get(family.underlying.describe(), "")
        reason = "; ".join(filter(None, (why, known, how)))
        composed.append((family, linear, f"{reason}. {said}"))
    smooth = _smoothed(facts.frame, facts.roles)
    if smooth:
        curved = {each.columns[0] for each in smooth}
        kept = [term for term in linear if not isinstance(term, Linear)]
        terms = [*smooth, *_linear_terms(facts.frame, facts.roles, curved), *kept]
        columns = ", ".join(f"`{each.columns[0]}`" for each in smooth)
        reason = f"as the first, with curves instead of lines in {columns}."
        composed.insert(1, (composed[0][0], terms, reason))
    return tuple(
        Proposal(rank, _model(family, terms), reason[0].upper() + reason[1:])
        for rank, (family, terms, reason) in enumerate(composed, start=1)
    )


def _ranks(suggestions: tuple[Suggestion, ...]) -> dict[str, str]:
    """What the target alone says of families, where it could choose."""
    if len(suggestions) < 2:
        return {}
    bare = [each.family.removeprefix("censored(").removesuffix(")") for each in suggestions]
    reasons = [each.reason.rstrip(".") for each in suggestions]
    return dict(zip(bare, reasons, strict=True))


def _model(family: AbstractFamily, terms: list[AbstractPredictor]) -> Model:
    if not terms:
        return Model(family)
    predictors: dict[str, Any] = dict.fromkeys(_led(family), sum(terms[1:], start=terms[0]))
    return Model(family, **predictors)


def _led(family: AbstractFamily) -> list[str]:
    """Parameters that follow the features: the first, every class, what makes a zero."""
    names = [parameter.name for parameter in family.parameters]
    if isinstance(family.underlying, Categorical):
        return names
    return [names[0], "zero"] if isinstance(family.underlying, Hurdle) else names[:1]


def _observed(facts: Facts, family: AbstractFamily) -> tuple[AbstractFamily, str]:
    """The family behind what hides or rounds its values, and why."""
    roles, spread = facts.roles, float(facts.values.std())
    said = []
    grid = _grid(facts)
    if not family.support.whole and grid and grid > _COARSE * spread > 0:
        family = Rounded(family, grid=grid)
        said.append(f"recorded in steps of {grid:g}, coarse beside a spread of {number(spread)}")
    if roles.censored_above or roles.censored_below:
        above, below = roles.censored_above, roles.censored_below
        family = Censored(family, above=above, below=below, flag=roles.censored_flag)
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
            pieces.append(_quoted(name))
        elif _levels(column) <= _FEW_LEVELS:
            pieces.append(f"C({_quoted(name)})")
    return [Linear(" + ".join(pieces))] if pieces else []


def _quoted(name: str) -> str:
    """A column's name as formulas take it."""
    return name if name.isidentifier() and not iskeyword(name) else f"`{name}`"


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
