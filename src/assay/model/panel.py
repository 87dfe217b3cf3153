"""Many models of one recipe: one for each group of rows, fitted in one batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl

from assay.compute import one_blas_thread
from assay.errors import DataError, FitError, nearest
from assay.family import AbstractFamily
from assay.fit import FitResult, Prior, draw, draw_count
from assay.fit.laplace import standard_draws, stretched
from assay.frame import Frame, read
from assay.frame.rows import at_row
from assay.model.batch import Batch
from assay.model.fitted import FittedModel, predictive_of
from assay.predictive import AbstractPredictive
from assay.predictor import Design
from assay.predictor.matrix import as_dense, side_by_side

Key = tuple[Any, ...]


@dataclass(frozen=True)
class PanelResult:
    """How the fits of a panel went.

    Fields:
        groups: how many there are.
        failed: why each group failed that did, by key.
        message: one sentence, and the first failures.
    """

    groups: int
    failed: Mapping[Key, str]
    message: str

    @property
    def converged(self) -> int:
        """Groups that have a model."""
        return self.groups - len(self.failed)


@dataclass(frozen=True, eq=False, repr=False)
class FittedPanel:
    """One fitted model for each group of rows with equal keys: ``panel["north"]``.

    Each is what a fit of its own rows alone would be.

    Fields:
        family: recipe of the likelihood.
        parameters: names of its parameters, in order.
        target: column the models were fitted to.
        by: key columns.
        keys: one row for each group, in order.
        batch: fits of all groups at once, or `None`.
        alone: fits of single groups that the batch could not take, by position.
        result: how it went; `result.failed` says which groups have no model, and why.
        is_certain: whether predictives leave the uncertainty of coefficients out.
        seed: of the posterior draws.
    """

    family: AbstractFamily
    parameters: tuple[str, ...]
    target: str
    by: tuple[str, ...]
    keys: pl.DataFrame
    batch: Batch | None
    alone: Mapping[int, FittedModel]
    result: PanelResult
    is_certain: bool = False
    seed: int = 0
    _stretched: dict[int, np.ndarray] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return self.keys.height

    def __repr__(self) -> str:
        return (
            f"{self.family.describe()} fitted to `{self.target}` by {', '.join(self.by)}: "
            f"{self.result.message}"
        )

    def __getattr__(self, name: str) -> NoReturn:
        if name in dir(FittedModel) or name in FittedModel.__dataclass_fields__:
            known = (key for key in self.keys.rows() if key not in self.result.failed)
            key = ", ".join(repr(each) for each in next(known))
            raise AttributeError(
                f"A panel has no `{name}` of its own; ask the model of one group, such as "
                f"`panel[{key}].{name}`."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __getitem__(self, key: Any) -> FittedModel:
        """One group's model.

        Args:
            key: value of the key column, or a tuple where there are several.

        Raises:
            DataError: there is no such group.
            FitError: its fit failed; says why.
        """
        wanted = key if isinstance(key, tuple) else (key,)
        group = self._places.get(wanted)
        if group is None:
            known = nearest(named(self.by, wanted), [named(self.by, each) for each in self._places])
            raise DataError(f"No group {named(self.by, wanted)} among {len(self)}. {known}")
        self._refuse_failed(wanted)
        if group in self.alone:
            return self.alone[group]
        batch, result = self._batch, self._batch.results[group]
        mode, curvature = batch.mode[group], batch.curvature[group]
        count = draw_count(result.rows if result else 1, len(mode))
        draws = (
            mode[None] if self.is_certain else draw(mode, curvature, count=count, seed=self.seed)
        )
        return FittedModel(
            family=self.family,
            parameters=self.parameters,
            target=self.target,
            designs=batch.designs_of(group),
            mode=mode,
            covariance=np.linalg.inv(curvature),
            draws=draws,
            result=result,  # pyright: ignore[reportArgumentType]  # only failed groups have none
            prior=Prior(batch.prior_mean[group], batch.prior_sd[group]),
        )

    def save(self, path: str | Path) -> None:
        """Write all models to one file, as `FittedModel.save` writes one.

        Raises:
            ConfigError: a part of the models exists in Python only; nothing was written then.
            DataError: the file cannot be written.
        """
        from assay.model.store import save

        save(self, path)

    def coefficients(self) -> pl.DataFrame:
        """Coefficients on the user's scale, groups that failed left out.

        Returns:
            The key columns, then parameter, name, estimate, se, lo-95 and hi-95.
        """
        tables = (
            [self.batch.coefficients(self.parameters, self.keys)] if self.batch is not None else []
        )
        for group, model in self.alone.items():
            table = model.coefficients()
            key = self.keys[[group] * table.height]
            tables.append(pl.concat([key, table], how="horizontal").with_columns(_at=pl.lit(group)))
        whole = pl.concat(tables, how="vertical_relaxed")
        return whole.sort("_at", maintain_order=True).drop("_at")

    def results(self) -> pl.DataFrame:
        """How each fit went, one row a group.

        Returns:
            The key columns, then converged, rows, hidden, iterations, log_likelihood and message;
            numbers are missing where a group failed.
        """
        rows = []
        for group, key in enumerate(self._places):
            result = self._result_of(group)
            if result is None:
                rows.append((False, None, None, None, None, self.result.failed[key]))
                continue
            numbers = (result.rows, result.hidden, result.iterations, result.log_likelihood)
            rows.append((True, *numbers, result.message))
        schema = {
            "converged": pl.Boolean,
            "rows": pl.Int64,
            "hidden": pl.Int64,
            "iterations": pl.Int64,
            "log_likelihood": pl.Float64,
            "message": pl.String,
        }
        return pl.concat([self.keys, pl.DataFrame(rows, schema, orient="row")], how="horizontal")

    def predict(self, data: Any) -> AbstractPredictive:
        """One distribution for each row of `data`, by the model of its group.

        Raises:
            DataError: a key column or a feature is missing, or a row's group has no rows to learn
                from.
            FitError: a row's group failed; says why.
        """
        with one_blas_thread():
            return self._predicted(data if isinstance(data, Frame) else read(data))

    def _predicted(self, frame: Frame) -> AbstractPredictive:
        found = rows_by_key(frame, self.by)
        for key, rows in found.items():
            if key not in self._places:
                raise DataError(
                    f"{frame.source}, {at_row(int(rows[0]))}: no group {named(self.by, key)} was "
                    "among the fitting rows. Fit on rows that have it, or leave these rows out."
                )
            self._refuse_failed(key)
        drawn = {key: self._model_and_draws(self._places[key]) for key in found}
        count = max(len(draws) for _, draws in drawn.values())
        linked = tuple(np.empty((count, frame.rows)) for _ in self.parameters)
        together = [key for key in found if self._places[key] not in self.alone]
        if together:
            self._link_batch(frame, {key: found[key] for key in together}, drawn, linked)
        for key in found.keys() - set(together):
            designs, draws = drawn[key]
            every = draws[np.arange(count) % len(draws)]
            one = linked_of(designs, every, frame.take(found[key]))
            for out, each in zip(linked, one, strict=True):
                out[:, found[key]] = each
        return predictive_of(self.family, linked, frame)

    def _link_batch(
        self,
        frame: Frame,
        found: Mapping[Key, np.ndarray],
        drawn: Mapping[Key, tuple[tuple[Design, ...], np.ndarray]],
        linked: tuple[np.ndarray, ...],
    ) -> None:
        """Write what each parameter is before its link on the rows of the batch's groups."""
        rows = np.concatenate(list(found.values()))
        own, low = frame.take(rows), 0
        raws = [
            as_dense(side_by_side([term.columns(own) for term in each.terms], own.rows))
            for each in self._batch.designs
        ]
        offsets = [np.broadcast_to(each.offset(own), own.rows) for each in self._batch.designs]
        for key, places in found.items():
            designs, draws = drawn[key]
            cut, first = slice(low, low := low + len(places)), 0
            every = draws[np.arange(len(linked[0])) % len(draws)]
            for out, design, raw, offset in zip(linked, designs, raws, offsets, strict=True):
                block = every[:, first : (first := first + len(design.names))]
                out[:, places] = block @ as_dense(design.finish(raw[cut])).T + offset[cut]

    @cached_property
    def _places(self) -> dict[Key, int]:
        return {key: group for group, key in enumerate(self.keys.rows())}

    @property
    def _batch(self) -> Batch:
        if self.batch is None:
            raise FitError("No group of this panel was fitted in a batch.")
        return self.batch

    def _refuse_failed(self, key: Key) -> None:
        if key in self.result.failed:
            raise FitError(f"Group {named(self.by, key)} has no model: {self.result.failed[key]}")

    def _result_of(self, group: int) -> FitResult | None:
        if group in self.alone:
            return self.alone[group].result
        return None if self.batch is None else self.batch.results[group]

    def _model_and_draws(self, group: int) -> tuple[tuple[Design, ...], np.ndarray]:
        if group in self.alone:
            return self.alone[group].designs, self.alone[group].draws
        batch, result = self._batch, self._batch.results[group]
        mode = batch.mode[group]
        if self.is_certain:
            return batch.designs_of(group), mode[None]
        count = draw_count(result.rows if result else 1, len(mode))
        if count not in self._stretched:
            # Groups share their standard draws: no predictive mixes over two of them.
            self._stretched[count] = standard_draws(len(mode), count=count, seed=self.seed)
        draws = stretched(mode, batch.curvature[group], self._stretched[count])
        return batch.designs_of(group), draws


def rows_by_key(frame: Frame, by: tuple[str, ...]) -> dict[Key, np.ndarray]:
    """Positions of the rows of each group, groups in the order of their keys.

    Raises:
        DataError: a key column is missing, or a row has no key.
    """
    for name in by:
        column = frame.column(name)
        if column.null_count():
            row = int(column.is_null().arg_true()[0])
            raise DataError(
                f"{frame.source}: key column `{name}` is missing in {at_row(row)} "
                f"({column.null_count()} rows lack one). Fill it, or leave these rows out."
            )
    place = "row position"
    while place in by:
        place += "_"
    keys = frame.table.select(by).with_row_index(place)
    grouped = keys.group_by(by, maintain_order=True).agg(pl.col(place)).sort(by)
    positions = grouped[place]
    return {
        tuple(row): rows.to_numpy().astype(np.intp)
        for row, rows in zip(grouped.select(by).iter_rows(), positions, strict=True)
    }


def linked_of(
    designs: tuple[Design, ...], draws: np.ndarray, frame: Frame
) -> tuple[np.ndarray, ...]:
    """What each parameter is before its link, (draws, rows), for each draw of coefficients."""
    edges = np.cumsum([len(each.names) for each in designs])[:-1]
    return tuple(
        np.asarray((design.matrix(frame) @ own.T).T) + design.offset(frame)
        for design, own in zip(designs, np.split(draws, edges, axis=1), strict=True)
    )


def named(by: tuple[str, ...], key: Key) -> str:
    """A group as messages call it: ``store='north', item=7``."""
    return ", ".join(f"{name}={value!r}" for name, value in zip(by, key, strict=False))
