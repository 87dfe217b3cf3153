"""MLflow in: experiments become projects, runs become attempts; twice in a row changes nothing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from assay.errors import LedgerError, nearest
from assay.ledger.chain import Record
from assay.ledger.history import History, attempt_of
from assay.ledger.ledger import Ledger
from assay.ledger.mlflow.opening import opened
from assay.ledger.mlflow.project import new_project, project_key
from assay.ledger.mlflow.reading import Reading, as_number, called, runs_called, scale_of
from assay.ledger.mlflow.run import DONE, Reader, earlier_reading, numbered, source_of
from assay.ledger.mlflow.store import MlflowExperiment, MlflowRun, MlflowStore
from assay.ledger.mlflow.summary import Imported, counted
from assay.record import AttemptBody, Body, Portfolio, canonical, is_key

BATCH = 1000
"""Runs recorded in one transaction."""

Fate = Literal["new", "changed", "unchanged"]
_Made = list[tuple[AttemptBody, Record | None]]

Watch = Callable[[str, int, int | None], None]
"""Is told what is under way, how much of it is done and, where that is known, of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be imported, and how it is read.

    Fields:
        experiments: names; none for all active ones that have runs.
        project: key that the one experiment gets; default made of its name.
        reading: where effort and scores stand.
    """

    experiments: tuple[str, ...] = ()
    project: str | None = None
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True, slots=True)
class Found:
    """An experiment with its runs.

    Fields:
        store: address of the tracking store.
        runs: those that came to an end, in the order in which they were started.
        running: number of the others.
        ids: of all of them.
    """

    store: str
    experiment: MlflowExperiment
    runs: tuple[MlflowRun, ...]
    running: int
    ids: frozenset[str] = frozenset()


def import_mlflow(
    ledger: Ledger,
    uri: str,
    wanted: Wanted | None = None,
    *,
    portfolio: Portfolio | None = None,
    watch: Watch = lambda what, done, total: None,
) -> tuple[Imported, ...]:
    """Bring MLflow's experiments and runs into a ledger, and nothing into MLflow.

    A run that was imported before is left as it is, or superseded by a new record if it changed
    since, by a tag that was added, say. What a run does not say stays unknown.

    Args:
        ledger: where attempts are recorded.
        uri: of an `mlflow server`, such as `http://127.0.0.1:5000`, or of its database, such as
            `sqlite:///mlflow.db`.
        wanted: which experiments, and where their effort and scores stand.
        portfolio: whose ledger it is; gives the unit of effort, and projects of known keys.
        watch: is told how far it is.

    Returns:
        What came of each experiment, the oldest first.

    Raises:
        LedgerError: MLflow is not installed or does not answer, its database would have to be
            made or migrated, a name is unknown or ambiguous; then nothing was recorded.
    """
    wanted = wanted or Wanted()
    found = read_mlflow(uri, wanted, watch=watch)
    return record_mlflow(ledger, found, wanted, portfolio=portfolio, watch=watch)


def read_mlflow(uri: str, wanted: Wanted, *, watch: Watch) -> tuple[Found, ...]:
    """The first half of `import_mlflow`: all that is wanted, before anything is recorded."""
    _refuse_unclear(wanted)
    with opened(uri) as store:
        every = [_read(store, each, watch) for each in _chosen(store, wanted.experiments)]
    _refuse_slips(every, wanted.reading, store.address)
    return tuple(every)


def record_mlflow(
    ledger: Ledger,
    found: Sequence[Found],
    wanted: Wanted,
    *,
    portfolio: Portfolio | None,
    watch: Watch,
) -> tuple[Imported, ...]:
    """The second half of `import_mlflow`."""
    return tuple(_Import(ledger, wanted, portfolio, watch).run(found))


def _refuse_unclear(wanted: Wanted) -> None:
    if wanted.project is None:
        return
    if len(wanted.experiments) != 1:
        raise LedgerError(
            f'project "{wanted.project}": {len(wanted.experiments) or "no"} experiments are named '
            "for it, must be one. Add `--experiment NAME`, once."
        )
    try:
        is_key(wanted.project)
    except ValueError as error:
        raise LedgerError(f"the project's key {error}") from error


def _chosen(store: MlflowStore, names: Sequence[str]) -> list[MlflowExperiment]:
    every = store.experiments()
    known = {each.name for each in every}
    for name in names:
        if name not in known:
            raise LedgerError(
                f'{store.address}: no active experiment is called "{name}". {nearest(name, known)}'
            )
    return [each for each in every if not names or each.name in names]


def _read(store: MlflowStore, experiment: MlflowExperiment, watch: Watch) -> Found:
    watch(f"reading {experiment.name}", 0, None)
    runs = store.runs(experiment, lambda done: watch(f"reading {experiment.name}", done, None))
    ended = tuple(run for run in runs if run.status in DONE)
    ids = frozenset(run.id for run in runs)
    return Found(store.address, experiment, ended, len(runs) - len(ended), ids)


def _refuse_slips(found: Sequence[Found], reading: Reading, address: str) -> None:
    """A metric or a baseline that nowhere exists is a slip, and would leave everything unscored."""
    runs = [run for each in found for run in each.runs]
    metrics = {name for run in runs for name in run.metrics}
    for name in filter(None, (reading.metric, reading.se_metric)):
        if runs and name not in metrics:
            raise LedgerError(f'{address}: no run has a metric "{name}". {nearest(name, metrics)}')
    said = reading.baseline
    if runs and said and as_number(said) is None and not runs_called(runs, str(said)):
        raise LedgerError(
            f'{address}: no run is called "{said}". Name the baseline by its run\'s name or id, '
            "or give its loss as a number."
        )


@dataclass(frozen=True, slots=True)
class _Import:
    """One import under way."""

    ledger: Ledger
    wanted: Wanted
    portfolio: Portfolio | None
    watch: Watch

    def run(self, found: Sequence[Found]) -> list[Imported]:
        """Record experiment by experiment."""
        history, keys = History(self.ledger).refresh(), set[str]()
        plans: list[tuple[Found, str, Reader]] = []
        for each in found:
            is_there = each.runs or each.running or _gone(each, history)
            if not is_there and not self.wanted.experiments:
                continue
            key = self.wanted.project or project_key(each.experiment, each.runs, history, keys)
            keys.add(key)
            # Whatever is unclear about a baseline is said before anything is recorded.
            plans.append((each, key, self._reader(each, key, history)))
        return [self._record(each, key, reader, history) for each, key, reader in plans]

    def _reader(self, found: Found, key: str, history: History) -> Reader:
        before = max(history.imported_into(key), key=lambda record: record.sequence, default=None)
        earlier = Reading() if before is None else earlier_reading(attempt_of(before))
        reading = self.wanted.reading.after(earlier)
        where = f'{found.store}: experiment "{found.experiment.name}"'
        return Reader(
            store=found.store,
            experiment=found.experiment,
            reading=reading,
            scale=scale_of(found.runs, reading, where),
        )

    def _record(self, found: Found, key: str, reader: Reader, history: History) -> Imported:
        is_new = key not in history.projects
        counts: Counter[str] = Counter()
        bodies: list[AttemptBody] = []
        for start in range(0, len(found.runs), BATCH):
            batch = found.runs[start : start + BATCH]
            try:
                with self.ledger.transaction():
                    made = _bodies(batch, key, reader, history.refresh())
                    self._append(made, key, found, history)
            except BaseException:
                history.forget()
                raise
            counts.update(_fate(body, before) for body, before in made)
            bodies += [body for body, _ in made]
            self.watch(f"recording {found.experiment.name}", len(bodies), len(found.runs))
        return Imported(
            experiment=found.experiment.name,
            project=key,
            is_new=is_new and bool(bodies),
            new=counts["new"],
            changed=counts["changed"],
            unchanged=counts["unchanged"],
            running=found.running,
            gone=len(_gone(found, history)),
            **counted(found.runs, bodies, reader),
        )

    def _append(self, made: _Made, key: str, found: Found, history: History) -> None:
        wanted: list[Body] = []
        if key not in history.projects:
            wanted += [new_project(key, found.experiment, found.store, self.portfolio, history)]
        wanted += [body for body, before in made if _fate(body, before) != "unchanged"]
        self.ledger.append_many([(body, key) for body in wanted])


def _gone(found: Found, history: History) -> list[Record]:
    """Attempts whose run this very store had, and has no more.

    One store may have several addresses, and several stores experiments of one name; a store is
    known by its address, or by a run that it still has.
    """
    own = [
        (record, facts)
        for record in history.imported.values()
        if (facts := attempt_of(record).imported or {}).get("experiment_id") == found.experiment.id
        and facts.get("experiment") == found.experiment.name
    ]
    stores = {facts["store"] for _, facts in own if facts["run"] in found.ids} | {found.store}
    return [
        record
        for record, facts in own
        if facts["store"] in stores and facts["run"] not in found.ids
    ]


def _bodies(runs: Sequence[MlflowRun], key: str, reader: Reader, history: History) -> _Made:
    """Each run as an attempt, with the record that it has already."""
    taken = {attempt_of(record).name for record in history.imported_into(key)}
    for each in history.experiments(key):
        taken |= {attempt_of(record).name for record in history.attempts[each.hash]}
    made: _Made = []
    for run in runs:
        before = history.imported.get(source_of(run))
        is_here = before is not None and before.key == key
        kept = attempt_of(before).name if before is not None and is_here else None
        name = numbered(called(run), taken, kept=kept)
        taken.add(name)
        made.append((reader.body(run, name), before if is_here else None))
    return made


def _fate(body: AttemptBody, before: Record | None) -> Fate:
    if before is None:
        return "new"
    return "unchanged" if _facts(body) == _facts(attempt_of(before)) else "changed"


def _facts(body: AttemptBody) -> str:
    """All that a record says but the address of the store: one store may have several."""
    dumped = body.model_dump()
    return canonical(dumped | {"imported": (body.imported or {}) | {"store": None}})
