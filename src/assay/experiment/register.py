"""Registration: everything that a verdict depends on is fixed before any model is tried."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
from assay.experiment.overlaps import overlaps
from assay.experiment.registered import existing, plain
from assay.experiment.registration import registration_body
from assay.experiment.sealing import seal
from assay.experiment.task import SealedTask
from assay.ledger import History, Ledger
from assay.problem import Problem
from assay.record import (
    PortfolioSettings,
    Project,
    portfolio_from,
    project_body,
)
from assay.verdict import Claim


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
    overlaps(task, ledger, history)
    claim, power = require_power(task, accept_underpowered=accept_underpowered)
    body = registration_body(task, claim, power, ledger, accept_underpowered)
    with ledger.transaction():
        known = existing(project, task, history.refresh())
        if known is None:
            shared = overlaps(task, ledger, history)
            known = ledger.append(body.model_copy(update={"overlaps": shared}), key=project.key)
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
