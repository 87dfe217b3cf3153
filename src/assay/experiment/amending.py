"""Changing a registration openly: who, when, why, and what had been seen by then."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.errors import ExperimentError
from assay.experiment.registered import AMENDABLE, changes
from assay.ledger import History, Ledger, Record, attempt_of, registration_of
from assay.record import AmendmentBody, Project, portfolio_from
from assay.verdict import Schedule


def amend(project: Project, reason: str, ledger: Ledger, history: History) -> AmendmentBody:
    """Record that registered keys are no longer what they were.

    Wording, hopes, budgets and the number of tries may change; what is left of alpha is spread
    over the new tries. What the sealed rows are asked may not: that is another claim.

    Args:
        project: as it stands now.
        reason: why.
        ledger: where it is recorded.
        history: of this ledger.

    Returns:
        What was recorded.

    Raises:
        ExperimentError: nothing changed, no reason is given, the seal is open, or a key changed
            that cannot be amended.
    """
    where = f'project "{project.key}"'
    if not reason.strip():
        raise ExperimentError(f"{where}: an amendment says why. Give a reason.")
    with ledger.transaction():
        registered = history.refresh().experiments(project.key)
        if not registered or registered[-1].hash in history.verdicts:
            raise ExperimentError(
                f"{where}: no open experiment is registered, so there is nothing to amend."
            )
        body = _body(project, registered[-1], reason.strip(), history)
        ledger.append(body, key=project.key)
    return body


def changed(project: Project, changes: Mapping[str, Any]) -> Project:
    """A project with other terms.

    Raises:
        ConfigError: a term is unknown or out of range.
    """
    table = project.model_dump(by_alias=True, exclude_unset=True) | dict(changes)
    data = {"version": 1, "project": [table]}
    return portfolio_from(data, Path("Experiment.amend(...)")).projects[0]


def schedule(registration: Record, history: History) -> Schedule:
    """How a registration spreads its alpha, as amended."""
    body = registration_of(registration)
    for each in reversed(history.amendments.get(registration.hash, [])):
        if isinstance(each.body, AmendmentBody) and "tries" in each.body.changes:
            return Schedule(body.alpha, body.tries, each.body.looks, each.body.spent)
    return Schedule(body.alpha, body.tries)


def _body(project: Project, registration: Record, reason: str, history: History) -> AmendmentBody:
    where, body = f'project "{project.key}"', registration_of(registration)
    changed = changes(body.spec, project.registered())
    if not changed:
        raise ExperimentError(
            f"{where}: nothing differs from what is registered. Change assay.toml first."
        )
    fixed = [name for name in changed if name not in AMENDABLE]
    if fixed:
        was, now = changed[fixed[0]]
        raise ExperimentError(
            f"{where}: `{fixed[0]}` (was {was!r}, is {now!r}) decides what the sealed rows are "
            "asked, so it cannot be amended. Restore it; or register the other claim under a key "
            f"of its own, which shares the budget of these rows. Amended can be: "
            f"{', '.join(AMENDABLE)}."
        )
    sharing = history.sharing(registration)
    levels = [
        float(attempt_of(each).level or 0.0)
        for one in sharing
        for each in history.attempts[one.hash]
    ]
    if sum(levels) >= body.alpha:
        raise ExperimentError(
            f"{where}: the looks at these rows spent {sum(levels):g}, and its alpha is "
            f"{body.alpha:g}, so nothing is left to spread over other tries. A new claim needs new "
            "rows."
        )
    return AmendmentBody(
        experiment=registration.hash,
        changes={name: list(pair) for name, pair in changed.items()},
        reason=reason,
        seen=seen(registration, history),
        looks=history.looks(sharing),
        spent=sum(levels),
    )


def seen(registration: Record, history: History) -> str:
    """What was known of the results so far, in one sentence."""
    attempts = [attempt_of(each) for each in history.attempts[registration.hash]]
    if not attempts:
        return "No attempt had been made."
    looks = sum(each.look is not None for each in attempts)
    skills = [each.open_skill for each in attempts if each.open_skill is not None]
    best = f", the best {100 * max(skills):.1f} points on open rows" if skills else ""
    return (
        f"{len(attempts)} attempt{'s' if len(attempts) != 1 else ''}{best}; {looks} "
        f"look{'s' if looks != 1 else ''}, each answered `not yet`."
    )
