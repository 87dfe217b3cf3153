"""Rules that tie the keys of one project together; each returns what is wrong, or `None`."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from assay.errors import nearest
from assay.record.belief import starts_of
from assay.record.setting import shown

if TYPE_CHECKING:
    from assay.record.project import Project

BASELINES = ("climatology", "base-rate", "naive", "seasonal-naive")


def is_key(value: str) -> str:
    """Return `value` if it can stand in file names and on a command line.

    Raises:
        ValueError: it holds anything but letters, digits, `.`, `_` and `-`.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError(f'is "{value}", must be letters, digits, ".", "_" and "-" alone.')
    return value


def is_baseline(value: Any) -> Any:
    """Return `value` if it is the name of a baseline, or a table, which is checked as a model.

    Raises:
        ValueError: text that names no baseline.
    """
    if not isinstance(value, str) or value in BASELINES:
        return value
    if value.endswith((".parquet", ".csv")):
        hint = f'Write {{ predictions = "{value}" }} for a file of predictions.'
        raise ValueError(f'is "{value}". {hint}')
    raise ValueError(
        f'is "{value}", must be one of {", ".join(BASELINES)} or a model such as '
        f'{{ python = "file.py:name" }}. {nearest(value, BASELINES)}'
    )


def needed(value: Any) -> Any:
    """Projects that come first, each with the effort it must have had: 1 where none is named."""
    if isinstance(value, str):
        value = [value]
    return dict.fromkeys(value, 1.0) if isinstance(value, list | tuple) else value


def first_problem(project: "Project") -> str | None:
    """What is wrong between the keys of `project`, or `None`."""
    return next((problem for rule in RULES if (problem := rule(project))), None)


def _data_needs_a_target(project: "Project") -> str | None:
    if project.data is None or project.target is not None:
        return None
    return 'data is given and target is missing. Write target = "...", the name of a column.'


def _one_claim(project: "Project") -> str | None:
    if project.improve_by is None or project.improve_by_absolute is None:
        return None
    return (
        f"improve_by is {shown(project.improve_by)} and improve_by_absolute is "
        f"{shown(project.improve_by_absolute)}, must be one of the two. Leave one out."
    )


def _expect_above_the_claim(project: "Project") -> str | None:
    name = "improve_by" if project.improve_by is not None else "improve_by_absolute"
    least = getattr(project, name)
    if not project.expect > least:
        return (
            f"expect is {shown(project.expect)}, must lie above {name} = {shown(least)}. Write "
            "what you hope for, not the least worth having."
        )
    if name == "improve_by" and project.expect >= 1:
        return (
            f"expect is {shown(project.expect)}, must lie below 1, which is no loss left. "
            "Write 0.15 for fifteen per cent."
        )
    return None


def _replication_names_its_claim(project: "Project") -> str | None:
    given = {"claimed": project.claimed is not None, "claim_source": bool(project.claim_source)}
    if project.kind != "replication":
        said = [name for name, is_said in given.items() if is_said]
        if not said:
            return None
        return f'{said[0]} is given while kind is "{project.kind}". Write kind = "replication".'
    missing = [name for name, is_said in given.items() if not is_said]
    if missing:
        return (
            f'kind is "replication" and {missing[0]} is missing. Write claimed = 0.2, the '
            'improvement that was claimed, and claim_source = "who, when, where".'
        )
    return None


def _replication_asks_no_more_than_was_claimed(project: "Project") -> str | None:
    least = project.improve_by if project.improve_by is not None else project.improve_by_absolute
    if project.claimed is None or least is None or least < project.claimed:
        return None
    return (
        f"improve_by is {shown(least)} and claimed is {shown(project.claimed)}: a claim that is "
        "exactly right would not be supported. Ask for less than was claimed."
    )


def _both_outcomes_matter(project: "Project") -> str | None:
    same = project.if_supported.strip().lower()
    if not same or same != project.if_refuted.strip().lower():
        return None
    return (
        f'if_supported and if_refuted are both "{project.if_supported}": whatever comes out, the '
        "same is done, so there is nothing to find out. Say what each would change."
    )


def _gap_needs_time(project: "Project") -> str | None:
    if project.seal.gap is None or project.time is not None:
        return None
    return 'seal has a gap, and time is missing. Write time = "...", a column\'s name.'


def _levels_belong_to_pinball(project: "Project") -> str | None:
    if project.metric == "pinball":
        return None if project.levels else "levels is empty, must name a quantile for pinball."
    if not project.levels:
        return None
    return f'levels is {shown(project.levels)} while metric is "{project.metric}", not "pinball".'


def _order_needs_time(project: "Project") -> str | None:
    if project.time is not None:
        return None
    asked = {
        "season": project.season is not None,
        "horizon": project.horizon is not None,
        "known_ahead": bool(project.known_ahead),
        "seal": project.seal.start is not None,
        "baseline": project.baseline in ("naive", "seasonal-naive"),
    }
    wrong = [name for name, needs_time in asked.items() if needs_time]
    if not wrong:
        return None
    return f'{wrong[0]} needs an order, and time is missing. Write time = "...", a column\'s name.'


def _parts_that_need_each_other(project: "Project") -> str | None:
    if project.baseline == "seasonal-naive" and project.season is None:
        return 'baseline is "seasonal-naive" and season is missing. Write season = 7 for weeks.'
    if project.seal.groups is not None and project.group is None:
        return 'seal takes groups and group is missing. Write group = "...", a column\'s name.'
    if project.belief is not None and project.curve is not None:
        return "belief and curve are both given; a curve is taken as known. Leave one out."
    if project.curve is not None and project.curve.stages and project.stages:
        return "stages are given twice, in curve and beside it. Leave one out."
    return None


def _effort_limits_agree(project: "Project") -> str | None:
    if project.most is not None and project.least > project.most:
        return (
            f"least is {shown(project.least)} and most is {shown(project.most)}: no effort is "
            "both. Lower least, or raise most."
        )
    if project.most is not None and project.committed > project.most:
        return (
            f"committed is {shown(project.committed)} and most is {shown(project.most)}: more is "
            "promised than it may get. Lower committed, or raise most."
        )
    if project.key in project.needs:
        return f'needs names "{project.key}" itself. Name other projects.'
    return None


def _start_up_leaves_effort_to_the_belief(project: "Project") -> str | None:
    if project.belief is None:
        return None
    effort = project.belief.effort
    starts = list(starts_of(project.stages).items())
    swallowed = starts and starts[0][1].begins == 0 and effort <= starts[0][1].start_up
    if not swallowed:
        return None
    name, start = starts[0]
    return (
        f"belief.effort is {shown(effort)}, all of which goes into the start-up of {name}, "
        f"{shown(start.start_up)}. Say what more effort than that is expected to bring."
    )


def _columns_play_one_part(project: "Project") -> str | None:
    names = [project.target, project.time, *project.series]
    given = [name for name in names if name is not None]
    twice = [name for name in given if given.count(name) > 1]
    return f"column `{twice[0]}` plays two parts in target, time, series." if twice else None


def _attempts_in_order(project: "Project") -> str | None:
    names = [attempt.name for attempt in project.attempts]
    twice = repeated(names)
    if twice is not None:
        return f'two attempts are called "{twice}". Names must differ within a project.'
    closing = [attempt.close for attempt in project.attempts]
    if True not in closing[:-1]:
        return None
    first = closing.index(True)
    return (
        f'attempt "{names[first + 1]}" follows "{names[first]}", which closes the experiment. '
        "Move close = true to the last attempt."
    )


def repeated(names: Iterable[str]) -> str | None:
    """The first name that stands there twice, or `None`."""
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), None)


RULES: tuple[Callable[["Project"], str | None], ...] = (
    _data_needs_a_target,
    _one_claim,
    _expect_above_the_claim,
    _replication_names_its_claim,
    _replication_asks_no_more_than_was_claimed,
    _both_outcomes_matter,
    _gap_needs_time,
    _levels_belong_to_pinball,
    _order_needs_time,
    _parts_that_need_each_other,
    _effort_limits_agree,
    _start_up_leaves_effort_to_the_belief,
    _columns_play_one_part,
    _attempts_in_order,
)
