"""The claim of an experiment, its test, and whether its sealed rows can bear it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from assay.errors import ConfigError, UnderpoweredError
from assay.experiment.task import SealedTask
from assay.record import Project, RegistrationBody
from assay.score import CLASS_METRICS
from assay.verdict import (
    LEAST_GROUPS,
    AbstractTest,
    Claim,
    GroupTest,
    IndependentTest,
    SeriesTest,
    assumed_sd,
    date_averages,
    default_cap,
    floored_sd,
    group_design_effect,
    rows_at_level,
    rows_needed,
    season_averages,
    series_rows_needed,
)

BOUNDED = ("brier", "0-1")
WITHOUT_DENSITY = ("climatology", "naive", "seasonal-naive")


@dataclass(frozen=True)
class Power:
    """What the sealed rows can show.

    Fields:
        rows_needed: rows (independent or grouped) or dates (series) for a fair chance.
        rows_sealed: the same unit.
        unit: `rows`, `dates` or `groups`.
        shortfalls: one sentence for each way in which the sealed rows fall short.
        sd0: standard deviation of a row's gain, assumed before any model.
        to_refute: the same unit: for a fair chance to rule out a model that gains nothing; `None`
            where the claim asks for no more than that.
    """

    rows_needed: int
    rows_sealed: int
    unit: str
    shortfalls: tuple[str, ...]
    sd0: float
    to_refute: int | None = None


def check_metric(task: SealedTask) -> None:
    """Refuse a metric that does not fit the target.

    Raises:
        ConfigError: names the metric and what fits.
    """
    project = task.project
    y = task.y[task.open_rows]  # a refusal quotes no sealed target
    where = f'project "{project.key}"'
    if task.classes:
        _check_class_metric(task, where)
        return
    is_class = np.isin(y, (0.0, 1.0)).all()
    if project.metric in BOUNDED and not is_class:
        raise ConfigError(
            f"{where}: metric `{project.metric}` scores a target of 0 and 1, but "
            f"`{task.roles.target}` runs from {y.min():g} to {y.max():g}. Take `crps`."
        )
    is_whole = bool(np.all(y == np.floor(y)))
    if project.metric == "log" and project.improve_by_absolute is None and not is_whole:
        raise ConfigError(
            f"{where}: `improve_by` is relative, but the log score of a density changes with the "
            "target's unit and has no zero. Write `improve_by_absolute = 0.05` (nats a row)."
        )
    if project.metric == "log" and project.baseline in WITHOUT_DENSITY:
        raise ConfigError(
            f"{where}: metric `log` needs a baseline with a density, and `{project.baseline}` is a "
            'handful of values. Write a model, such as baseline = { family = "normal" }, or take '
            "the metric `crps`."
        )
    if task.roles.censored_below is not None:
        raise ConfigError(
            f"{where}: `censored_below` is `{task.roles.censored_below}`, but sealed rows can be "
            "scored under an upper limit only. Turn the target round (its negative has the limit "
            "above), or leave out `censored_below` and claim what is recorded."
        )
    if task.flags and project.metric != "log":
        raise ConfigError(
            f"{where}: `{task.flags[0]}` is a flag without a limit, so what could be recorded is "
            f"not known and metric `{project.metric}` cannot be computed. Only `log` can; or name "
            "a column of limits."
        )


def _check_class_metric(task: SealedTask, where: str) -> None:
    project, target = task.project, task.roles.target
    if project.metric not in CLASS_METRICS:
        raise ConfigError(
            f"{where}: metric `{project.metric}` scores numbers, but `{target}` is one of "
            f"{len(task.classes)} classes. Take `brier`, which scores each class's probability, "
            "`log`, or `0-1`."
        )
    if project.baseline in ("naive", "seasonal-naive"):
        raise ConfigError(
            f"{where}: baseline `{project.baseline}` forecasts numbers, but `{target}` is one of "
            f"{len(task.classes)} classes. Take `base-rate`, the share of each class."
        )


def claim_of(project: Project, losses: np.ndarray) -> Claim:
    """The claim that a project registers, with its cap.

    Args:
        project: the registered keys.
        losses: the baseline's losses on open rows.
    """
    least = float(losses.min())
    # A density's log score can fall below 0; nobody can gain more than e^5 times its best density.
    floor = 0.0 if least >= 0 else least - 5.0
    if project.cap != "default":
        cap = float(project.cap)
    elif project.metric in BOUNDED:
        cap = 1.0
    else:
        cap = floor + default_cap(losses - floor)
    if floor < 0 and project.improve_by_absolute is None:
        raise ConfigError(
            f'project "{project.key}": `improve_by` is relative, but the log score of a density '
            "has no zero to be relative to. Write `improve_by_absolute = 0.05` (nats a row)."
        )
    return Claim(
        improve_by=None if project.improve_by_absolute is not None else project.improve_by,
        improve_by_absolute=project.improve_by_absolute,
        cap=cap,
        floor=floor,
    )


def refuse_impossible(task: SealedTask, claim: Claim) -> None:
    """Refuse a plan that cannot come out as supported, whatever the model.

    Raises:
        ConfigError: a perfect model would gain less than what is asked or hoped for.
    """
    project, losses = task.project, task.baseline_open_losses[1]
    if project.ceiling is None:
        return
    loss = float(np.clip(losses, claim.floor, claim.cap).mean())
    room = loss - project.ceiling
    relative = claim.improve_by is not None
    most = room / loss if relative and loss > 0 else room
    asked = {"expect": project.expect, "improve_by": claim.improve_by or claim.delta}
    name = next((name for name, value in asked.items() if value >= most), None)
    if name is not None:
        raise ConfigError(
            f'project "{project.key}": `{name}` is {asked[name]:g}, but a perfect model, whose '
            f"loss is the `ceiling` of {project.ceiling:g}, would gain {most:.3g}: the baseline's "
            f"open loss is {loss:.4g}. The claim could not come out as supported. Ask for less."
        )


def registered_claim(body: RegistrationBody) -> Claim:
    """The claim as it was registered."""
    return Claim(
        improve_by=body.improve_by,
        improve_by_absolute=body.improve_by_absolute,
        cap=body.cap if body.cap is not None else 1.0,
        floor=body.floor,
    )


def test_of(kind: str, claim: Claim, task: SealedTask, *, sd0: float) -> AbstractTest:
    """The test for the sealed rows, in the order in which they are judged."""
    rows = task.sealing.sealed_rows
    if kind == "series":
        dates = task.frame.column(str(task.roles.time)).gather(rows).rank("dense").to_numpy()
        return SeriesTest(delta=claim.delta, dates=dates, season=task.roles.season)
    if kind == "groups":
        return GroupTest(delta=claim.delta, groups=task.sealing.units[rows])
    units = task.sealing.units[rows]
    return IndependentTest(
        delta=claim.delta,
        lower=claim.lower,
        upper=claim.upper,
        sd0=sd0,
        cases=units if len(np.unique(units)) < len(units) else None,
    )


def power_of(task: SealedTask, claim: Claim) -> Power:
    """Whether the sealed rows can show what is hoped for, before any model.

    The spread of the gains is assumed: .63 times that of the baseline's open losses.

    Source: integrity rules of this project; Cohen (1988), Statistical power analysis.
    """
    project, (rows, raw) = task.project, task.baseline_open_losses
    losses = np.clip(raw, claim.floor, claim.cap)
    sd0 = floored_sd(assumed_sd(losses), lower=claim.lower, upper=claim.upper)
    excess = claim.expected_excess(float(losses.mean()), expect=project.expect)
    plan = partial(rows_needed, alpha=project.alpha, tries=project.tries, excess=excess)
    if task.roles.time is not None:
        return _series_power(task, rows, losses, plan, sd0)
    if task.roles.group is not None:
        needed = plan(sd_gain=sd0, design_effect=_design_effect(task, rows, losses))
    else:
        needed = plan(sd_gain=sd0, greatest_loss=claim.delta - claim.lower)
    sealed = len(task.sealing.sealed_rows)
    if task.roles.group is None:  # near-copies tell no more than one row
        sealed = len(np.unique(task.sealing.units[task.sealing.sealed_rows]))
    short = () if sealed >= needed else (_too_few(task, sealed, needed, sd0),)
    effect = _design_effect(task, rows, losses) if task.roles.group is not None else 1.0
    least = claim.delta if claim.improve_by is None else claim.improve_by * float(losses.mean())
    rule_out = (
        math.ceil(effect * rows_at_level(level=project.alpha, sd_gain=sd0, excess=least))
        if least > 0
        else None
    )
    return Power(needed, sealed, "rows", (*short, *_too_few_groups(task)), sd0, rule_out)


def refuse(task: SealedTask, power: Power) -> UnderpoweredError:
    """The refusal, with what would be enough."""
    return UnderpoweredError(
        f'project "{task.project.key}": these sealed rows cannot carry a verdict. '
        + " ".join(power.shortfalls)
        + " Seal more, hope for more (`expect`), or plan fewer `tries`; to go on all the same, "
        'say why: `assay register PATH KEY --accept-underpowered "reason"`.'
    )


def _design_effect(task: SealedTask, rows: np.ndarray, losses: np.ndarray) -> float:
    """How many grouped rows tell as much as one, seen in the baseline's open losses."""
    groups = task.sealing.units[rows]
    if len(np.unique(groups)) < 2 or np.ptp(losses) == 0:
        return 1.0  # nothing to see it in; the gate on groups speaks for itself
    return max(1.0, group_design_effect(losses, groups))


def _series_power(
    task: SealedTask,
    rows: np.ndarray,
    losses: np.ndarray,
    plan: Callable[..., int],
    sd0: float,
) -> Power:
    """The larger of the power formula and the periods at which the gate opens."""
    season = task.roles.season or 1
    times = task.frame.column(str(task.roles.time))
    daily = date_averages(losses, times.gather(rows).rank("dense").to_numpy())
    periods = season_averages(daily, min(season, len(daily)))
    persistence = _persistence(periods)
    effect = (1 + max(persistence, 0.0)) / (1 - max(persistence, 0.0))
    by_gate = series_rows_needed(persistence)
    spread = assumed_sd(periods) if len(periods) > 1 else sd0
    by_power = plan(sd_gain=max(spread, 1e-12), design_effect=effect)
    dates = times.gather(task.sealing.sealed_rows).n_unique()
    needed, short = max(by_gate, by_power) * season, []
    if dates // season < max(by_gate, by_power):
        short.append(_too_few_dates(dates, season, persistence, by_gate, by_power, len(periods)))
    return Power(needed, dates, "dates", (*short, *_too_few_groups(task)), sd0)


def _persistence(periods: np.ndarray) -> float:
    """Lag-1 autocorrelation of the baseline's loss from one period to the next."""
    if len(periods) < 3 or np.ptp(periods) == 0:
        return 0.0
    away = periods - periods.mean()
    return float(np.clip(away[1:] @ away[:-1] / (away @ away), -0.99, 0.99))


def _too_few(task: SealedTask, sealed: int, needed: int, sd0: float) -> str:
    return (
        f"{sealed:,} rows are sealed; {needed:,} are needed to show an improvement of "
        f"{task.project.expect:g} against the least worth having with {task.project.tries} tries "
        f"(power 0.8; spread of the gains assumed to be {sd0:.3g})."
    )


def _too_few_dates(
    dates: int, season: int, persistence: float, by_gate: int, by_power: int, seen: int
) -> str:
    unit = "periods" if season == 1 else f"seasons of {season} dates"
    return (
        f"{dates} dates are sealed, {dates // season} {unit}. The baseline's loss carries over "
        f"from one to the next with autocorrelation {persistence:.2f} (seen on {seen} open ones), "
        f"so {by_gate} are needed for 16 independent ones, and {by_power} to show the improvement "
        "hoped for (power 0.8)."
    )


def _too_few_groups(task: SealedTask) -> tuple[str, ...]:
    if task.roles.group is None:
        return ()
    column = task.frame.column(task.roles.group)
    sealed = column.gather(task.sealing.sealed_rows).n_unique()
    if sealed >= LEAST_GROUPS:
        return ()
    noun = task.roles.group
    return (
        f"Rows of one `{noun}` are one event, however many they are: the data hold "
        f"{column.n_unique()} {noun}{'s' if column.n_unique() != 1 else ''}, {sealed} of them "
        f"sealed, and a claim about {noun}s needs {LEAST_GROUPS} sealed ones.",
    )
