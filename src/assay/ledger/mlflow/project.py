"""Where an experiment of MLflow goes: the key of its project, and the project itself."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import chain, count
from typing import Any

from assay.ledger.history import History, attempt_of
from assay.ledger.mlflow.run import source_of
from assay.ledger.mlflow.store import MlflowExperiment, MlflowRun
from assay.record import Portfolio, ProjectBody, project_body


def project_key(
    experiment: MlflowExperiment,
    runs: Sequence[MlflowRun],
    history: History,
    used: Collection[str],
) -> str:
    """Where its runs went before; else its name as a key, numbered where another one has it.

    Args:
        experiment: to be imported.
        runs: its runs.
        history: of the ledger, up to date.
        used: keys of other experiments of the same import.
    """
    known = [history.imported.get(source_of(run)) for run in runs]
    records = [record for record in known if record is not None]
    if records:
        return max(records, key=lambda record: record.sequence).key

    def is_another_s(key: str) -> bool:
        names = {
            (attempt_of(record).imported or {}).get("experiment")
            for record in history.imported_into(key)
        }
        return key in used or bool(names - {experiment.name})

    slug = slug_of(experiment)
    keys = chain([slug], (f"{slug}-{number}" for number in count(2)))
    return next(key for key in keys if not is_another_s(key))


def slug_of(experiment: MlflowExperiment) -> str:
    """A key made of an experiment's name; its number where no letter or digit can be kept.

    >>> slug_of(MlflowExperiment(id="7", name="Größe der Körbe, v2"))
    'grosse-der-korbe-v2'
    """
    plain = unicodedata.normalize("NFKD", experiment.name.casefold())
    letters = plain.encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-") or f"experiment-{experiment.id}"


def new_project(
    key: str,
    experiment: MlflowExperiment,
    store: str,
    portfolio: Portfolio | None,
    history: History,
) -> ProjectBody:
    """A project that the ledger does not know: `assay.toml`'s, else an idea MLflow knows of."""
    if portfolio is not None:
        known = {each.key: each for each in portfolio.projects}
        if key in known:
            return project_body(known[key], portfolio.settings)
    source = f"MLflow experiment {experiment.name}, {store}"
    return ProjectBody(key=key, source=source, has_data=False, **_unit(portfolio, history))


def _unit(portfolio: Portfolio | None, history: History) -> dict[str, Any]:
    """The unit of effort: the portfolio's, else that of the ledger's latest project."""
    known = [record.body for record in history.projects.values()]
    bodies = [body for body in known if isinstance(body, ProjectBody)]
    said = portfolio.settings if portfolio is not None else bodies[-1] if bodies else None
    if said is None:
        return {}
    return {
        "effort_unit": said.effort_unit,
        "effort_per_person_day": said.effort_per_person_day,
    }
