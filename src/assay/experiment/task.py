"""One problem with its split: what may be seen by whom, and what the baseline does."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl

from assay.adapter import (
    Adapted,
    Setting,
    Task,
    adapt,
    baseline,
    forecast_blocks,
    is_recognised,
    predictive_of,
    read_predictions,
    time_axis,
)
from assay.errors import DataError, PredictionsError, ProcedureError
from assay.experiment.sealing import Sealing
from assay.experiment.vault import Vault
from assay.frame import Frame, Roles
from assay.frame.loader import load
from assay.model import build
from assay.predictive import AbstractPredictive, concatenated
from assay.record import ModelSpec, Project
from assay.score import row_losses


class Fitted(Protocol):
    """What fitting returns, Assay's or anybody's."""

    def predict(self, data: Any, /) -> AbstractPredictive:
        """One distribution for each row of a frame, whose target is not there."""
        ...


@runtime_checkable
class Procedure(Protocol):
    """What fitting a forecasting procedure returns: asked anew at every origin."""

    def forecast(self, history: Any, asked: Any, /) -> AbstractPredictive:
        """One distribution for each row asked, from all that is known at the origin.

        Args:
            history: all rows up to the origin, their targets and every covariate included.
            asked: the rows of the next `horizon` steps: keys, time and what is `known_ahead`.
        """
        ...


class Fittable(Protocol):
    """A model, Assay's or anybody's."""

    def fit(self, data: Any, target: str, /, *, seed: int) -> Fitted | Procedure:
        """Learn from the rows of a frame."""
        ...


@dataclass(frozen=True, eq=False)
class SealedTask:
    """A checked table, its split, and the project that asks about it.

    Fields:
        project: the registered keys.
        frame: the whole table.
        roles: what its columns mean.
        sealing: which rows are sealed.
        folder: what paths in the project are relative to.
        seed: of every random step.
        vault: where the sealed targets lie; `None` where the table holds them itself.
        first: place in time from which origins step; by default that of the first row forecast.
    """

    project: Project
    frame: Frame
    roles: Roles
    sealing: Sealing
    folder: Path
    seed: int
    vault: Vault | None = None
    first: int | None = None

    @property
    def is_locked(self) -> bool:
        """Whether the sealed targets are out of reach."""
        return self.vault is not None and not self.vault.is_open

    @cached_property
    def y(self) -> np.ndarray:
        """The recorded target of all rows, NaN where missing; numbers of classes if it is text."""
        return self.frame.numbers(self.roles.target)

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels of a target of classes, numbered from 0; empty for one of numbers."""
        return self.frame.classes.get(self.roles.target, ())

    @cached_property
    def limit(self) -> np.ndarray | None:
        """The most that could be recorded in each row; `None` where nothing hides the target."""
        name = self.roles.censored_above
        if name is None:
            return None
        if name in self.flags:
            # A raised flag says that the target is at least what was recorded.
            return np.where(self.frame.column(name).to_numpy(), self.y, np.inf)
        limit = self.frame.numbers(name)
        limit = np.where(np.isnan(limit), np.inf, limit)
        if self.roles.censored_flag is None:
            return limit
        raised = self.frame.numbers(self.roles.censored_flag) == 1
        return np.where(raised, np.fmin(limit, self.y), limit)

    @cached_property
    def flags(self) -> tuple[str, ...]:
        """Flags of censoring: they come with the target, so no model may see them ahead."""
        names = (self.roles.censored_above, self.roles.censored_below)
        own = tuple(name for name in names if name and self.frame.column(name).dtype == pl.Boolean)
        return own if self.roles.censored_flag is None else (*own, self.roles.censored_flag)

    @cached_property
    def open_rows(self) -> np.ndarray:
        """Open rows that have a target."""
        rows = self.sealing.open_rows
        return rows[~np.isnan(self.y[rows])]

    @cached_property
    def asked(self) -> Frame:
        """The sealed rows as a file of predictions must answer for them, in their order."""
        return self.frame.take(self.sealing.sealed_rows)

    @property
    def is_procedure(self) -> bool:
        """Whether the sealed rows of a series are forecast from several origins."""
        if self.roles.time is None:
            return False
        return len(np.unique(self.origins(self.sealing.sealed_rows))) > 1

    def losses(self, predictive: AbstractPredictive, rows: np.ndarray) -> np.ndarray:
        """Row losses of what is recorded, under the recorded limit."""
        limit = None if self.limit is None else self.limit[rows]
        return self._losses(predictive, self.y[rows], limit)

    def refuse_unscorable(self, predictive: AbstractPredictive, rows: np.ndarray) -> None:
        """Refuse predictions that the metric cannot score, without a look at their targets.

        An open target stands in for each, so that the refusal tells nothing of the sealed ones.

        Raises:
            PredictionsError: the metric needs what these predictions lack, or one is no number.
        """
        seen = np.sort(self.y[self.open_rows])
        scored = self._losses(predictive, np.full(len(rows), seen[len(seen) // 2]), None)
        broken = np.flatnonzero(np.isnan(scored))
        if broken.size:
            row = self.frame.column("row_id")[int(rows[broken[0]])]
            raise PredictionsError(
                f'project "{self.project.key}": the prediction of the row with row_id {row} is no '
                f"number, as are {broken.size} of {len(rows)}. Each must be a finite distribution: "
                "look for features that are missing or far from all open rows."
            )

    def _losses(
        self, predictive: AbstractPredictive, y: np.ndarray, limit: np.ndarray | None
    ) -> np.ndarray:
        levels = {"levels": self.project.levels} if self.project.levels else {}
        classes = len(self.classes) or None
        return row_losses(
            self.project.metric, predictive, y, limit=limit, classes=classes, **levels
        )

    def visible(self, rows: np.ndarray) -> Frame:
        """What a model may see of rows that it predicts: never their target.

        In forecasts only keys, time, the limit and what is `known_ahead` is known.
        """
        table = self.frame.take(rows).table
        hidden = {self.roles.target, *self.flags}
        if self.roles.time is not None:
            kept = {*self.roles.series, self.roles.time, *self.roles.known_ahead, "row_id"}
            kept |= {name for name in (self.roles.group, self.roles.censored_above) if name}
            hidden |= set(table.columns) - kept
        return self.frame.having(table.drop(hidden & set(table.columns)))

    def predict(self, fitted: Fitted | Procedure, rows: np.ndarray) -> AbstractPredictive:
        """Predictions of a fitted model for some rows, from what it may see of them.

        A procedure is asked at every origin, with the history up to there.

        Raises:
            DataError: it needs a column that is not known when the forecast is made.
            PredictionsError: it predicts other rows than it was asked for.
        """
        try:
            if isinstance(fitted, Procedure):
                return self._forecast(fitted, rows)
            answer = fitted.predict(self.visible(rows))
        except DataError as error:
            if self.roles.time is None:
                raise
            raise DataError(
                f"{error} In forecasts only the keys, `{self.roles.time}` and the columns listed "
                "in `known_ahead` are known."
            ) from error
        return predictive_of(answer, len(rows), type(fitted).__name__)

    def _forecast(self, fitted: Procedure, rows: np.ndarray) -> AbstractPredictive:
        """Ask a procedure at every origin of some rows; origins step by one horizon."""
        if self.roles.time is None:
            raise PredictionsError(
                f'experiment "{self.project.key}": {type(fitted).__name__} forecasts a series, and '
                "no `time` column is named. Name it in `assay.profile`."
            )
        origins, last = self.origins(rows), int(self._times[rows].max())
        parts, order = [], []
        for origin in np.unique(origins):
            history = np.flatnonzero(self._times <= origin)
            # The gap is forecast too, since nothing in it is known yet.
            end = min(int(origin) + self.gap + (self.roles.horizon or 1), last)
            # Rows without a target are asked for too, so that no step of the block is missing.
            block = np.flatnonzero((self._times > origin) & (self._times <= end))
            wanted = np.flatnonzero(origins == origin)
            answer = self._asked_at(fitted, self.frame.take(history), self.visible(block))
            found = predictive_of(answer, len(block), type(fitted).__name__).underlying
            parts.append(found.take(np.searchsorted(block, rows[wanted])))
            order.append(wanted)
        return concatenated(parts).take(np.argsort(np.concatenate(order)))

    def _asked_at(self, fitted: Procedure, history: Frame, asked: Frame) -> Any:
        """The forecast from one origin.

        Raises:
            ProcedureError: it broke. What it says is not passed on: its history holds sealed
                targets, and an error that quotes them would hand them over.
        """
        try:
            return fitted.forecast(history, asked)
        except Exception as error:
            raise ProcedureError(
                f"{type(fitted).__name__} raised {type(error).__name__} when it was asked for "
                f"{asked.rows} rows after {history.rows} known ones; what it said is kept back, "
                "since its history may hold sealed targets. Try it on `open.parquet`."
            ) from None

    def fittable(self, model: Any) -> Fittable:
        """A model in the terms of this problem: another library's is bound to it.

        Raises:
            PredictionsError: another library's model that cannot be an attempt at this problem.
        """
        if isinstance(model, Adapted):
            return model.bind(self.setting)
        return adapt(model).bind(self.setting) if is_recognised(model) else model

    @cached_property
    def setting(self) -> Setting:
        """What adapters of other libraries may know: open rows alone."""
        rows = self.open_rows
        times = None if self.roles.time is None else self.frame.column(self.roles.time).gather(rows)
        return Setting(
            where=f'experiment "{self.project.key}"',
            roles=self.roles,
            visible=self.visible(rows),
            y=self.y[rows],
            classes=self.classes,
            metric=self.project.metric,
            levels=self.project.levels,
            open_end=None if times is None else times.max(),
        )

    def baseline_at(
        self, target_rows: np.ndarray, open_rows: np.ndarray | None = None
    ) -> AbstractPredictive:
        """The baseline, learnt on open rows only, for some rows.

        Args:
            target_rows: rows to predict.
            open_rows: rows to learn from; by default all open ones.
        """
        open_rows = self.open_rows if open_rows is None else open_rows
        spec = self.project.baseline
        if isinstance(spec, str):
            return baseline(spec, self._baseline_task(open_rows, target_rows))
        return self._model_baseline(spec, target_rows, open_rows)

    def _baseline_task(self, open_rows: np.ndarray, target_rows: np.ndarray) -> Task:
        return Task(self.frame, self.roles, open_rows, target_rows, self.gap, self.first)

    @property
    def baseline_looks_back(self) -> bool:
        """Whether the baseline's forecasts hold earlier targets, sealed ones among them."""
        return self.project.baseline in ("naive", "seasonal-naive")

    def _model_baseline(
        self, spec: ModelSpec, target_rows: np.ndarray, open_rows: np.ndarray
    ) -> AbstractPredictive:
        if spec.predictions is not None:
            every = np.union1d(self.open_rows, self.sealing.sealed_rows)
            wanted = self.frame.take(every)
            given = read_predictions(
                self.folder / spec.predictions, wanted=wanted, roles=self.roles
            )
            return given.take(np.searchsorted(every, target_rows))
        where = f'project "{self.project.key}": baseline'
        model: Fittable
        if spec.python is not None:
            model = load(f"python:{spec.python}", self.folder)
        else:
            above, flag = self.roles.censored_above, self.roles.censored_flag
            model = build(spec.table(), censored_above=above, censored_flag=flag, where=where)
        model = self.fittable(model)
        data = self.frame.take(open_rows)
        fitted = model.fit(data, self.roles.target, seed=self.seed)
        return self.predict(fitted, target_rows)

    @cached_property
    def baseline_open_losses(self) -> tuple[np.ndarray, np.ndarray]:
        """Open rows that the baseline can predict, and its loss on each.

        A baseline that looks back needs a past: its first season has none.
        """
        rows = self.open_rows
        if self.baseline_looks_back:
            time = self._times
            lag = (self.roles.season or 1) if self.project.baseline == "seasonal-naive" else 1
            later = rows[time[rows] >= min(lag, len(np.unique(time[rows])) - 1)]
            rows = later if len(later) else rows
        return rows, self.losses(self.baseline_at(rows), rows)

    def origins(self, rows: np.ndarray) -> np.ndarray:
        """The last time known when each row is forecast; origins step by one horizon."""
        time = self._times[rows]
        first = int(time.min()) if self.first is None else self.first
        return forecast_blocks(time, first, self.roles.horizon or 1) - self.gap

    @property
    def gap(self) -> int:
        """Times before each forecast whose targets are not known yet."""
        return self.project.seal.gap or 0

    @cached_property
    def _times(self) -> np.ndarray:
        """The place of each row's time among all times of the table."""
        return time_axis(self.frame, self.roles)[1]
