"""Registration: everything that a verdict depends on is fixed before any model is tried."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from assay.errors import ConfigError, ExperimentError
from assay.experiment.claiming import (
    Power,
    check_metric,
    claim_of,
    power_of,
    refuse,
    refuse_impossible,
)
from assay.experiment.experiment import Experiment
from assay.experiment.registered import existing, plain
from assay.experiment.sealing import row_names, seal
from assay.experiment.task import SealedTask
from assay.ledger import History, Ledger, registration_of
from assay.predictive import to_bytes
from assay.problem import Problem
from assay.record import (
    PortfolioSettings,
    Project,
    RegistrationBody,
    portfolio_from,
    project_body,
)
from assay.verdict import Claim

NAME_BYTES = 16
"""Length of a row's salted name."""


def register(
    problem: Problem,
    *,
    ledger: Ledger,
    key: str | None = None,
    seed: int = 0,
    folder: str | Path = ".",
    accept_underpowered: str | None = None,
    **terms: Any,
) -> Experiment:
    """Register an experiment on a profiled problem.

    Args:
        problem: what `assay.profile` returned.
        ledger: where everything is recorded.
        key: short name of the project; by default the target's name.
        seed: of every random step.
        folder: what paths in `terms` are relative to.
        accept_underpowered: why to go on although the sealed rows cannot detect the improvement.
        terms: the keys of a project in `assay.toml`: `hypothesis`, `baseline`, `metric`,
            `improve_by` or `improve_by_absolute`, `expect`, `alpha`, `tries`, `seal`, ...

    Returns:
        The experiment, open for attempts. Registering the same terms again returns it as it is.

    Raises:
        ConfigError: a term is unknown or out of range.
        UnderpoweredError: the sealed rows cannot detect what is claimed; says what would.
        ExperimentError: other terms are registered under this key, or the rows are spent.
    """
    roles = {name: value for name, value in problem.roles.as_dict().items() if value}
    _refuse_other_roles(terms, problem)
    named = key or problem.roles.target.lower().replace(" ", "-").replace("_", "-")
    table = {"key": named, "data": problem.frame.source, **roles, **terms}
    portfolio = portfolio_from(
        {"version": 1, "portfolio": {"name": named, "seed": seed}, "project": [table]},
        Path("assay.register(...)"),
    )
    project = portfolio.projects[0]
    record_project(project, portfolio.settings, ledger)
    task = task_of(project, problem, ledger, seed=seed, folder=Path(folder))
    return register_task(task, ledger=ledger, accept_underpowered=accept_underpowered)


def record_project(
    project: Project,
    settings: PortfolioSettings,
    ledger: Ledger,
    history: History | None = None,
) -> bool:
    """Record what a plan needs to know of a project, unless that is what stands there already.

    Returns:
        Whether a record was added.
    """
    body = project_body(project, settings)
    history = history or History(ledger)
    with ledger.transaction():
        known = history.refresh().projects.get(project.key)
        if known is not None and known.body == body:
            return False
        ledger.append(body, key=project.key)
    return True


def register_task(
    task: SealedTask,
    *,
    ledger: Ledger,
    accept_underpowered: str | None = None,
    history: History | None = None,
) -> Experiment:
    """Register a problem with its split, or return its experiment if that is registered already.

    Raises:
        UnderpoweredError, ExperimentError, ConfigError: as `register`.
    """
    project, history = task.project, history or History(ledger)
    known = existing(project, task, history.refresh())
    if known is not None:
        return Experiment(known, task, ledger, history)
    _refuse_history_in_a_vault(task)
    # Asked before anything is fitted, and again under the lock.
    _overlaps(task, ledger, history)
    claim, power = require_power(task, accept_underpowered=accept_underpowered)
    body = _body(task, claim, power, ledger, accept_underpowered)
    with ledger.transaction():
        known = existing(project, task, history.refresh())
        if known is None:
            overlaps = _overlaps(task, ledger, history)
            known = ledger.append(body.model_copy(update={"overlaps": overlaps}), key=project.key)
    return Experiment(known, task, ledger, history)


def _refuse_history_in_a_vault(task: SealedTask) -> None:
    """Refuse forecasts from origins whose history is locked away.

    Raises:
        ExperimentError: a series is judged from several origins, and its targets lie in a vault.
    """
    if task.vault is not None and task.is_procedure:
        raise ExperimentError(
            f'project "{task.project.key}": its sealed rows are forecast from several origins, '
            "each with the history before it, which a vault hides from models. Seal one horizon "
            "(`horizon` as long as the sealed time), or leave out `vault`."
        )


def require_power(
    task: SealedTask, *, accept_underpowered: str | None = None
) -> tuple[Claim, Power]:
    """The claim and what the sealed rows can show of it.

    Raises:
        ConfigError: the metric does not fit the target.
        UnderpoweredError: they cannot show what is hoped for, and nobody insisted.
    """
    check_metric(task)
    claim = claim_of(task.project, task.baseline_open_losses[1])
    refuse_impossible(task, claim)
    power = power_of(task, claim)
    if power.shortfalls and not accept_underpowered:
        raise refuse(task, power)
    return claim, power


def task_of(
    project: Project, problem: Problem, ledger: Ledger, *, seed: int, folder: Path
) -> SealedTask:
    """The problem with its split, which rows and seed fix; the ledger knows them by its salt."""
    sealing = seal(problem.frame, problem.roles, project.seal, salt=ledger.salt, seed=seed)
    return SealedTask(project, problem.frame, problem.roles, sealing, folder, seed)


def _overlaps(task: SealedTask, ledger: Ledger, history: History) -> tuple[int, ...]:
    """Earlier registrations that sealed some of these rows; they share one budget from now on.

    Raises:
        ExperimentError: one of them was opened, so its rows are spent; or rows that a closed seal
            hides would be open here.
    """
    found, shown = _known_rows(task, ledger, history)
    _refuse_seen_rows(task, ledger, history)
    for record in history.registrations.values():
        is_opened = record.hash in history.verdicts
        if is_opened and record.sequence in found:
            raise ExperimentError(
                f'project "{task.project.key}": some of these rows were sealed by experiment '
                f'"{record.key}", whose seal was opened, so they are spent. A new claim needs new '
                "rows."
            )
        if not is_opened and record.sequence in shown:
            raise ExperimentError(
                f'project "{task.project.key}": some of its open rows are sealed by experiment '
                f'"{record.key}", whose seal is closed, and nobody may learn from them yet. Seal '
                f'the same rows and none but new ones, or close "{record.key}" first.'
            )
    return tuple(sorted(found))


def _known_rows(task: SealedTask, ledger: Ledger, history: History) -> tuple[set[int], set[int]]:
    """Registrations that sealed some of the sealed rows, and some of the open rows.

    Each registration knows its rows by columns of its own, so that columns which came since, such
    as new features, change nothing. Where such a column is gone, or the target was renamed, equal
    targets give the rows away. Another target is another question.
    """
    sealing, target = task.sealing, task.roles.target
    found, shown = set[int](), set[int]()
    earlier = [(each.sequence, registration_of(each)) for each in history.registrations.values()]
    for identity in {body.identity for _, body in earlier if body.target == target}:
        if not identity or not set(identity) <= set(task.frame.columns):
            continue
        for known, rows in ((found, sealing.sealed_rows), (shown, sealing.open_rows)):
            names = row_names(task.frame, target, identity, rows, salt=ledger.salt)
            known |= ledger.overlapping(names)
    found |= {sequence for sequence, body in earlier if body.target_sha == sealing.target_sha}
    return found, shown


def open_names(task: SealedTask, salt: str) -> list[bytes]:
    """How the ledger knows the open rows: whoever holds them knows their targets."""
    sealing = task.sealing
    return row_names(task.frame, task.roles.target, sealing.identity, sealing.open_rows, salt=salt)


def _refuse_seen_rows(task: SealedTask, ledger: Ledger, history: History) -> None:
    """Refuse to seal rows that were open in an earlier experiment on the same target.

    Raises:
        ExperimentError: some were, so models may have learnt them.
    """
    sealing = task.sealing
    names = set(sealing.fingerprints)
    for record in history.registrations.values():
        body = registration_of(record)
        file, same = body.open_rows_file, body.target == task.roles.target
        if file is None or not same or body.identity != sealing.identity:
            continue
        content = ledger.read_file(file)
        seen = {content[at : at + NAME_BYTES] for at in range(0, len(content), NAME_BYTES)} & names
        if seen:
            raise ExperimentError(
                f'project "{task.project.key}": {len(seen):,} of the {len(names):,} rows to be '
                f'sealed were open in experiment "{record.key}", so models may have learnt their '
                f"`{task.roles.target}`. Seal rows that came since, or the rows that "
                f'"{record.key}" sealed.'
            )


def _refuse_other_roles(terms: Mapping[str, Any], problem: Problem) -> None:
    """The profile fixed which column plays which part; what differs would be registered wrongly.

    Raises:
        ConfigError: names the first term that differs.
    """
    known = problem.roles.as_dict()
    for name in set(terms) & set(known):
        if plain(terms[name]) != known[name] and [terms[name]] != known[name]:
            raise ConfigError(
                f"assay.register(...): `{name}` is {terms[name]!r}, but the problem was profiled "
                f"with {known[name]!r}. Give it to `assay.profile`."
            )


def _body(
    task: SealedTask,
    claim: Claim,
    power: Power,
    ledger: Ledger,
    accepted: str | None,
) -> RegistrationBody:
    project, sealing = task.project, task.sealing
    losses = task.baseline_open_losses[1]
    predictive = task.baseline_at(sealing.sealed_rows)
    task.refuse_unscorable(predictive, sealing.sealed_rows)
    content = to_bytes(predictive, task.asked.column("row_id").to_numpy())
    spec = project.baseline
    return RegistrationBody(
        project=project.key,
        data_sha=sealing.data_sha,
        target=task.roles.target,
        roles=task.roles.as_dict(),
        question=project.question,
        hypothesis=project.hypothesis,
        experiment=project.kind,
        claimed=project.claimed,
        claim_source=project.claim_source,
        metric=project.metric,
        cap=claim.cap,
        floor=claim.floor,
        clipped_share=claim.clipped_share(losses),
        levels=project.levels,
        baseline=spec if isinstance(spec, str) else spec.text(),
        baseline_sha=hashlib.sha256(content).hexdigest(),
        # A baseline that looks back is made of sealed targets: it is made again when needed.
        baseline_predictions=None if task.baseline_looks_back else ledger.put(content),
        improve_by=claim.improve_by,
        improve_by_absolute=claim.improve_by_absolute,
        expect=project.expect,
        alpha=project.alpha,
        tries=project.tries,
        effort_budget=project.effort_budget,
        seal=project.seal.table(),
        sealed_rows_file=ledger.put(b"".join(sealing.fingerprints)),
        open_rows_file=ledger.put(b"".join(open_names(task, ledger.salt))),
        copies=sealing.copies,
        vault=None if task.vault is None else str(task.vault.facts["identity"]),
        identity=sealing.identity,
        target_sha=sealing.target_sha,
        n_open=len(task.open_rows),
        n_sealed=len(sealing.sealed_rows),
        rows_needed=power.rows_needed,
        test=sealing.test,
        season=task.roles.season,
        horizon=task.roles.horizon,
        order_seed=task.seed,
        ceiling=project.ceiling,
        baseline_open_loss=float(np.clip(losses, claim.floor, claim.cap).mean()),
        sd0=power.sd0,
        population=project.population,
        if_supported=project.if_supported,
        if_refuted=project.if_refuted,
        if_inconclusive=project.if_inconclusive,
        author=project.author,
        tags=project.tags,
        rows_to_refute=power.to_refute,
        spec_sha=project.spec_sha(),
        spec=project.registered(),
        accepted_underpowered=accepted,
    )
