"""Study whether a score can be reached, before money is spent."""

from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from assay.errors import ConfigError, DataError
from assay.frame import Frame, Roles, check, read, recognise
from assay.frame.rows import at_row
from assay.problem.facts import codes
from assay.problem.feasibility.call import Evidence, decide, settle
from assay.problem.feasibility.curve import LOW, Pilot, Point, measured, rising
from assay.problem.feasibility.features import Features, features
from assay.problem.feasibility.labels import ceiling_of, label_columns
from assay.problem.feasibility.learners import Floats, kernels
from assay.problem.feasibility.result import Feasibility, VerdictRows, path_rows
from assay.problem.feasibility.signal import signal_p_value
from assay.problem.problem import Problem
from assay.problem.words import plural
from assay.score import copies
from assay.verdict import (
    LEAST_GROUPS,
    Claim,
    assumed_sd,
    default_cap,
    floored_sd,
    group_design_effect,
    rows_needed,
)
from assay.verdict.checks import checked_between, checked_count

LEAST_ROWS = 12
"""Rows of a pilot, or groups where rows share groups: a sixth of them must teach something."""

MOST_ROWS = 600
"""Rows that learners see; of a larger pilot they see as many, drawn by chance."""


def feasibility(
    data: Any,  # whatever `assay.frame.read` takes, or a `Problem`
    *,
    target_score: float,
    target: str | None = None,
    full_rows: int | None = None,
    double_labels: Any = None,  # a path, a table, or two names of columns
    group: str | None = None,
    alpha: float = 0.05,
    tries: int = 10,
    expect: float | None = None,
    improve_by: float | None = None,
    seed: int = 0,
) -> Feasibility:
    """Say whether a score can be reached, as far as a pilot can tell.

    A few standard learners are scored on parts of the pilot and on all of it, always on rows they
    had not seen. The call is GO where even the 10 % quantile of the curves that these scores
    allow reaches the target and 99 permutations of the labels find a signal; NO-GO only where
    double labels show that their own noise keeps every model below the target; else it says what
    would settle it. Extrapolation alone never says no.

    Args:
        data: the pilot: a path to a CSV or Parquet file, `python:file.py:function`, a pandas,
            Polars or PyArrow table, or what `assay.profile` returned. Rows without a target are
            left out.
        target_score: score aimed at, between 0 and 1: R², or for a target of 0 and 1 the skill of
            the Brier score.
        target: column to be predicted, numbers or 0/1; a `Problem` knows its own.
        full_rows: labelled rows that there will be; default those of the pilot.
        double_labels: a table whose two columns are labels of the same rows, or the names of two
            such columns of the pilot, which then are no features.
        group: column of groups that are never split; more rows then mean more groups.
        alpha: error budget of the verdict to come.
        tries: looks planned for it.
        expect: improvement over the mean that it hopes for, as a share of the loss; default the
            target score.
        improve_by: least improvement that it is to show; default a third of `expect`.
        seed: of the parts and permutations that are drawn.

    Returns:
        The call, with all that it rests on.

    Raises:
        ConfigError: a setting is out of range, or asks for what this study cannot do: order in
            time, or hidden targets.
        DataError: a table that cannot be read, fewer than 12 rows (or groups) with a target, a
            target that never changes, no usable feature, or double labels that do not fit.
    """
    frame, roles = _pilot_table(data, target, group)
    checked_between(target_score, "target_score", low=0.0, high=1.0)
    y = frame.numbers(roles.target)
    _check_size(frame, roles, y)
    full = _full_rows(full_rows, frame)
    hoped = target_score if expect is None else expect
    verdict = _verdict_rows(frame, roles, y, alpha, tries, hoped, improve_by)
    is_share = bool(np.isin(y, (0.0, 1.0)).all())
    ceiling = None
    if double_labels is not None:
        ceiling = ceiling_of(frame, roles.target, double_labels, is_share=is_share)
    rows = _sampled(frame.rows, seed)
    apart = [*(label_columns(double_labels) or ()), *([roles.group] if roles.group else [])]
    found = features(frame, roles.target, rows, apart=apart)
    pilot = _pilot(frame.take(rows), roles, found, is_share)
    points = _points(pilot, frame, roles, seed)
    evidence = Evidence(
        target=target_score,
        p_value=_p_value(pilot, seed),
        points=points,
        full_rows=max(full, points[-1].rows),
        ceiling=ceiling,
    )
    curve = rising(points)
    at_least = curve.quantile(LOW, evidence.full_rows)
    call = decide(evidence, at_least=at_least)
    line = path_rows(points[-1].rows, evidence.full_rows)
    return Feasibility(
        call=call,
        target_score=target_score,
        score="Brier skill" if is_share else "R²",
        today=points[-1].score,
        at_least=at_least,
        full_rows=full,
        rows=frame.rows,
        p_value=evidence.p_value,
        ceiling=ceiling,
        settle=settle(evidence, curve, y) if call == "CANNOT TELL YET" else (),
        verdict=verdict,
        points=points,
        path=pl.DataFrame({"rows": line, "score": [curve.quantile(LOW, rows) for rows in line]}),
        used=found.used,
        notes=_notes(frame, len(rows), found),
        source=frame.source,
        target=roles.target,
    )


def _pilot_table(data: Any, target: str | None, group: str | None) -> tuple[Frame, Roles]:
    """The rows with a known target, and what their columns mean."""
    if isinstance(data, Problem):
        frame, roles = data.frame, data.roles
        for name, said, known in (("target", target, roles.target), ("group", group, roles.group)):
            if said is not None and said != known:
                raise ConfigError(
                    f"feasibility: `{name}` is {said!r}, but the problem was profiled with "
                    f"{known!r}. Leave it out, or profile the table anew."
                )
    else:
        if target is None:
            raise ConfigError(
                "feasibility: no `target` is named. Name the column to be predicted, such as "
                'target="units".'
            )
        frame = read(data)
        roles = recognise(frame, Roles(target=target, group=group))
        frame = check(frame, roles)
    _refuse_roles(frame, roles)
    classes = frame.classes.get(roles.target, ())
    if len(classes) > 2:
        raise DataError(
            f"{frame.source}: column `{roles.target}` is text with {len(classes)} different "
            f"labels ({', '.join(classes[:6])}); numbers or two classes are accepted here. Ask "
            "about one class among the others."
        )
    _refuse_copies(frame, roles)
    return frame.take(~np.isnan(frame.numbers(roles.target))), roles


def _refuse_copies(frame: Frame, roles: Roles) -> None:
    """A model that has seen a row's copy knows its answer, and a pilot of copies promises too much.

    Raises:
        DataError: some rows are near-copies of others, and no group holds them together.
    """
    features = frame.table.drop({roles.target, "row_id"} & set(frame.columns))
    if roles.group is not None or not features.width:
        return
    cases = copies(features)
    shared = np.bincount(cases)[cases] > 1
    if shared.any():
        row = int(np.argmax(shared))
        other = int(np.flatnonzero(cases == cases[row])[1])
        raise DataError(
            f"{frame.source}: {int(shared.sum())} of {frame.rows} rows are near-copies of others "
            f"in every column but `{roles.target}` (such as {at_row(row)} and {at_row(other)}). "
            "Name a `group` that holds the rows of one case, or keep one row of each."
        )


def _refuse_roles(frame: Frame, roles: Roles) -> None:
    if roles.time is not None or roles.series:
        raise ConfigError(
            f"{frame.source}: rows in order of time (`{roles.time or roles.series[0]}`) are not "
            "accepted here: learners that see the future, and permutations of labels that carry "
            "over from row to row, would promise too much. Compare forecasts with "
            "`assay register`; leave `time` out (and rename `ds`) only where order says nothing."
        )
    hides = roles.censored_above or roles.censored_below
    if hides is not None:
        raise ConfigError(
            f"{frame.source}: a target hidden behind `{hides}` is not accepted here: a score on "
            "recorded values says little of hidden ones. Profile it without `censored_above` and "
            "`censored_below` to study what is recorded."
        )


def _check_size(frame: Frame, roles: Roles, y: Floats) -> None:
    where = f"{frame.source}: target `{roles.target}`"
    if frame.rows < LEAST_ROWS:
        raise DataError(
            f"{where} is known in {plural(frame.rows, 'row')}, at least {LEAST_ROWS} are needed. "
            "Label more rows: a pilot of a hundred begins to tell something."
        )
    if np.ptp(y) == 0:
        raise DataError(
            f"{where} is {y[0]:g} in all {frame.rows} rows where it is known; a target that "
            "changes is needed. Check that this is the right column."
        )
    if roles.group is None:
        return
    column = frame.column(roles.group)
    if column.null_count() or column.n_unique() < LEAST_ROWS:
        raise DataError(
            f"{frame.source}: group `{roles.group}` has {column.drop_nulls().n_unique()} different "
            f"values and is missing in {plural(column.null_count(), 'row')}; each row needs its "
            f"group, and at least {LEAST_ROWS} groups are needed. Rows of one group are one event."
        )


def _full_rows(full_rows: int | None, frame: Frame) -> int:
    if full_rows is None:
        return frame.rows
    return checked_count(full_rows, "full_rows", least=frame.rows)


def _sampled(rows: int, seed: int) -> NDArray[np.intp]:
    """The rows that learners see: all of them, or some drawn by chance."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    random = np.random.default_rng([seed, 1])
    return np.sort(random.choice(rows, MOST_ROWS, replace=False))


def _pilot(seen: Frame, roles: Roles, found: Features, is_share: bool) -> Pilot:
    keys = (roles.group,) if roles.group else ()
    groups = codes(seen.table, keys) if keys else np.arange(seen.rows)
    y = seen.numbers(roles.target)
    return Pilot(kernels(found.x), y, groups, is_grouped=bool(keys), is_share=is_share)


def _points(pilot: Pilot, frame: Frame, roles: Roles, seed: int) -> tuple[Point, ...]:
    """Scores by rows. Rows of a group that were not drawn would have brought no new group."""
    points = measured(pilot, np.random.default_rng([seed, 2]))
    if roles.group is None:
        return points
    groups = frame.column(roles.group).n_unique()
    each = frame.rows / groups * (int(pilot.groups.max()) + 1) / len(pilot.y)
    return tuple(
        Point(rows=round(point.rows * each), score=point.score, sd=point.sd) for point in points
    )


def _p_value(pilot: Pilot, seed: int) -> float:
    random = np.random.default_rng([seed, 3])
    every = np.arange(len(pilot.y))
    return signal_p_value(
        pilot.kernels,
        pilot.y,
        groups=pilot.groups if pilot.is_grouped else None,
        folds=pilot.folds(every, 10, random) if pilot.is_grouped else None,
        is_share=pilot.is_share,
        random=random,
    )


def _verdict_rows(
    frame: Frame,
    roles: Roles,
    y: Floats,
    alpha: float,
    tries: int,
    expect: float,
    improve_by: float | None,
) -> VerdictRows:
    """Sealed rows for a claim on the squared error against the mean, as registration plans them."""
    least = expect / 3.0 if improve_by is None else improve_by
    raw = (y - y.mean()) ** 2
    cap = 1.0 if np.isin(y, (0.0, 1.0)).all() else default_cap(raw)
    claim = Claim(improve_by=least, cap=cap)
    losses = np.minimum(raw, cap)
    spread = floored_sd(assumed_sd(losses), lower=claim.lower, upper=claim.upper)
    excess = claim.expected_excess(float(losses.mean()), expect=expect)
    plan = partial(rows_needed, alpha=alpha, tries=tries, sd_gain=spread, excess=excess)
    said = partial(VerdictRows, improve_by=least, expect=expect, alpha=alpha, tries=tries)
    if roles.group is None:
        return said(rows=plan(greatest_loss=claim.delta - claim.lower))
    effect = 1.0
    if np.ptp(losses) > 0:
        effect = max(1.0, group_design_effect(losses, codes(frame.table, (roles.group,))))
    return said(rows=plan(design_effect=effect), design_effect=effect, groups=LEAST_GROUPS)


def _notes(frame: Frame, seen: int, found: Features) -> tuple[str, ...]:
    notes = []
    if found.left_out:
        named = "; ".join(f"`{name}` ({reason})" for name, reason in found.left_out)
        notes.append(f"Left out as features: {named}.")
    if seen < frame.rows:
        notes.append(f"Learners saw {seen:,} of {frame.rows:,} rows, drawn by chance.")
    return tuple(notes)
