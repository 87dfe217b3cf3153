"""Profile a target."""

from collections.abc import Sequence
from typing import Any

from assay.frame import Roles, check, read, recognise
from assay.problem.calendar import steps
from assay.problem.censoring import censoring
from assay.problem.classes import classes
from assay.problem.facts import Facts
from assay.problem.groups import groups
from assay.problem.order import order
from assay.problem.problem import Problem
from assay.problem.property import Property
from assay.problem.season import season as find_season
from assay.problem.shape import dispersion, skew, zeros
from assay.problem.suggest import suggest
from assay.problem.target import bounds, integrality, missing, size, support

_OF_EVERY_TARGET = (
    size,
    missing,
    support,
    integrality,
    zeros,
    bounds,
    skew,
    dispersion,
    censoring,
)


def profile(
    data: Any,  # whatever `assay.frame.read` takes
    *,
    target: str,
    time: str | None = None,
    series: str | Sequence[str] = (),
    group: str | None = None,
    season: int | None = None,
    horizon: int | None = None,
    censored_above: str | None = None,
    censored_flag: str | None = None,
    censored_below: str | None = None,
    known_ahead: str | Sequence[str] = (),
    seed: int = 0,
) -> Problem:
    """Say what is known about a target before any model.

    Args:
        data: a path to a CSV or Parquet file, `python:file.py:function`, a pandas, Polars or
            PyArrow table, or a `Frame`.
        target: column to be predicted: numbers, true/false or 0/1; or text, whose
            labels are classes.
        time: column of days, moments or numbers; `ds` is recognised.
        series: key columns of a panel, one name or several; `unique_id` is recognised beside `ds`.
        group: column of groups that are never split.
        season: rows until the course repeats; looked for where it is not stated.
        horizon: rows ahead that a forecast looks.
        censored_above: column of limits, or of flags, that hide the target above.
        censored_flag: column of flags beside limits: a row is hidden where either says so.
        censored_below: likewise below.
        known_ahead: covariates known when a forecast is made.
        seed: kept for later steps; the profile draws nothing at random.

    Returns:
        The problem: properties with evidence, families suggested and ruled out.

    Raises:
        ConfigError: roles that do not go together.
        DataError: a table that cannot be read or does not fit its roles.
    """
    stated = Roles(
        target=target,
        time=time,
        series=(series,) if isinstance(series, str) else tuple(series),
        group=group,
        season=season,
        horizon=horizon,
        censored_above=censored_above,
        censored_flag=censored_flag,
        censored_below=censored_below,
        known_ahead=(known_ahead,) if isinstance(known_ahead, str) else tuple(known_ahead),
    )
    frame = read(data)
    roles = recognise(frame, stated)
    facts = Facts(check(frame, roles), roles)
    suggestions, ruled_out = suggest(facts)
    return Problem(facts.frame, roles, _properties(facts), suggestions, ruled_out, seed)


def _properties(facts: Facts) -> tuple[Property, ...]:
    if facts.classes:
        return tuple(look(facts) for look in (size, missing, classes))
    found = [look(facts) for look in _OF_EVERY_TARGET]
    if facts.roles.time is not None:
        calendar = steps(facts.frame.column(facts.roles.time), facts.series)
        found += [order(facts, calendar), find_season(facts, calendar)]
    if facts.roles.group is not None or facts.roles.series:
        found.append(groups(facts))
    return tuple(found)
