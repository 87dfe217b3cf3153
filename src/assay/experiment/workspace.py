"""A portfolio at work: its file, its ledger, and each project's data, loaded once."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Self

from assay.errors import ExperimentError
from assay.experiment.amending import amend
from assay.experiment.experiment import Experiment
from assay.experiment.gate import OnDisk, Part, refuse_unacceptable
from assay.experiment.recipe import planned_model
from assay.experiment.register import (
    record_project,
    register_task,
    require_power,
    task_of,
)
from assay.experiment.registered import existing
from assay.experiment.task import SealedTask
from assay.experiment.vault import Key, Vault, read_key
from assay.experiment.vaulted import VaultedRows, read_vaulted
from assay.frame import read
from assay.ledger import History, Ledger
from assay.problem import Problem, profile
from assay.record import (
    AmendmentBody,
    AttemptPlan,
    GateBody,
    Portfolio,
    Project,
    load_portfolio,
)


class Workspace:
    """Everything that the commands work on: `assay.toml`, its ledger, its data."""

    def __init__(
        self, portfolio: Portfolio, ledger: Ledger, *, vault_key: Key | None = None
    ) -> None:
        """Work on a loaded portfolio; `Workspace.open` loads one."""
        self.portfolio = portfolio
        self.ledger = ledger
        self.history = History(ledger)
        self._vault_key = vault_key
        self._problems: dict[str, Problem] = {}
        self._vaulted: dict[str, VaultedRows] = {}

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        ledger: str | Path | None = None,
        key_file: str | Path | None = None,
    ) -> Self:
        """Load a portfolio and open its ledger.

        Args:
            path: `assay.toml` or its folder.
            ledger: another ledger than the file names.
            key_file: key of the vaults, for their keeper; by default the file that
                `ASSAY_VAULT_KEY_FILE` names, if any.

        Raises:
            ConfigError: the file is missing or wrong.
            LedgerError: the ledger cannot be opened.
            ExperimentError: the key cannot be read.
        """
        portfolio = load_portfolio(path)
        key = read_key(None if key_file is None else Path(key_file))
        return cls(portfolio, Ledger(ledger or portfolio.ledger), vault_key=key)

    def close(self) -> None:
        """Let go of the ledger."""
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def project(self, key: str) -> Project:
        """The project with this key.

        Raises:
            ConfigError: there is none; names those that are near.
        """
        return self.portfolio.project(key)

    def problem(self, key: str) -> Problem:
        """The profiled problem of a project.

        Raises:
            ExperimentError: the project has no data.
            DataError: the data cannot be used.
        """
        if key not in self._problems:
            project = self.project(key)
            if project.data is None or project.target is None:
                raise ExperimentError(
                    f'project "{key}" has no `data` and `target` yet, so there is nothing to '
                    "register. It is planned by its belief or curve."
                )
            vault = self.vault(key)
            if vault is None:
                frame = read(project.data, root=self.portfolio.folder)
            else:
                rows = read_vaulted(self.portfolio.folder / project.data, vault)
                self._vaulted[key], frame = rows, rows.frame
            seed = self.portfolio.settings.seed
            self._problems[key] = profile(frame, seed=seed, **project.roles())
        return self._problems[key]

    def vault(self, key: str) -> Vault | None:
        """Where the sealed targets of a project lie; `None` where its data hold them."""
        folder = self.project(key).vault
        return None if folder is None else Vault(self.portfolio.folder / folder, self._vault_key)

    def open_problem(self, key: str) -> Problem:
        """The problem as its open rows show it: what may be looked at while the seal is closed.

        Raises:
            AssayError: as `problem`, or the rows cannot be split.
        """
        task = self.task(key)
        frame = task.frame.take(task.sealing.open_rows)
        return profile(frame, seed=task.seed, **self.project(key).roles())

    def task(self, key: str) -> SealedTask:
        """A project's problem with its split."""
        project, problem, vault = self.project(key), self.problem(key), self.vault(key)
        seed, folder = self.portfolio.settings.seed, self.portfolio.folder
        if vault is None:
            return task_of(project, problem, self.ledger, seed=seed, folder=folder)
        frame, roles = self._vaulted[key].labelled(problem.frame), problem.roles
        sealing = self._vaulted[key].sealing(frame, roles, salt=self.ledger.salt, seed=seed)
        return SealedTask(project, frame, roles, sealing, folder, seed, vault)

    def record_projects(self) -> list[str]:
        """Record what a plan needs to know; returns the keys of projects that changed."""
        settings = self.portfolio.settings
        return [
            project.key
            for project in self.portfolio.projects
            if record_project(project, settings, self.ledger, self.history)
        ]

    def register(self, key: str, *, accept_underpowered: str | None = None) -> Experiment:
        """Register a project, or return its experiment.

        What a plan needs to know of it is recorded beside, its unit of effort too.

        Raises:
            UnderpoweredError: its sealed rows cannot detect what is claimed.
            ExperimentError: other terms or data are registered, or its rows are spent.
        """
        experiment = register_task(
            self.task(key),
            ledger=self.ledger,
            accept_underpowered=accept_underpowered,
            history=self.history,
        )
        record_project(self.project(key), self.portfolio.settings, self.ledger, self.history)
        return experiment

    def amend(self, key: str, reason: str) -> AmendmentBody:
        """Record openly that registered keys of a project changed.

        Raises:
            ExperimentError: nothing changed, the seal is open, or a key cannot be amended.
        """
        return amend(self.project(key), reason, self.ledger, self.history)

    def check(self, key: str) -> None:
        """Whether a project could be registered; nothing is recorded.

        Raises:
            UnderpoweredError: its sealed rows cannot detect what is claimed.
            AssayError: its data cannot be used.
        """
        require_power(self.task(key))

    def gate(
        self,
        key: str,
        *,
        accept: Mapping[str, str] | None = None,
        told: Callable[[Part], None] = lambda part: None,
    ) -> GateBody:
        """Look at the supported attempt of a project, as `Experiment.gate` does.

        Its model is made anew from `assay.toml`; an attempt that is not planned there, or plans a
        file of predictions, has none.

        Raises:
            ExperimentError: nothing is supported here, or a part may not be accepted.
        """
        refuse_unacceptable(accept or {})  # a slip in a word is said before any data are read
        experiment = self.experiment(key)
        plan = self.planned(key, experiment.supported)
        if plan is None or plan.model.predictions is not None:
            return experiment.gate(accept=accept, told=told)
        task, on_disk = experiment.task, None
        if plan.model.python is not None:
            data, ledger = str(self.project(key).data), self.ledger.path.name
            file = None if data.startswith("python:") else data
            on_disk = OnDisk(
                partial(planned_model, plan, task), file, self.portfolio.folder, ledger
            )
        model = planned_model(plan, task)
        return experiment.gate(model, accept=accept, told=told, on_disk=on_disk)

    def planned(self, key: str, name: str) -> AttemptPlan | None:
        """The attempt that `assay.toml` plans under this name."""
        plans = self.project(key).attempts
        return next((plan for plan in plans if plan.name == name), None)

    def experiment(self, key: str) -> Experiment:
        """The registered experiment of a project.

        Raises:
            ExperimentError: it is not registered, or what is registered differs.
        """
        task = self.task(key)
        record = existing(self.project(key), task, self.history.refresh())
        if record is None and self.history.experiments(key):
            raise ExperimentError(
                f'project "{key}" is not registered with these data and terms; its last experiment '
                "is closed. Restore them as they were registered to see or watch that one (rows "
                "that came since go into a file of their own), or `assay register` anew."
            )
        if record is None:
            raise ExperimentError(
                f'project "{key}" is not registered. Run `assay register` first: a question is '
                "written down before it is answered."
            )
        return Experiment(record, task, self.ledger, self.history)
