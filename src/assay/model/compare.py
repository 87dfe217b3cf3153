"""Models ranked by how well they foretell rows that they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import polars as pl

from assay.compute.progress import tracked
from assay.errors import ConfigError, DataError, FitError
from assay.family import UPPER_END, AbstractFamily, Rounded
from assay.frame import Frame, Roles, check, read
from assay.model.model import Model
from assay.model.prepared import limit_column
from assay.predictive import DistributionPredictive
from assay.score import Fold, k_folds, rolling_origins, row_fingerprints

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Comparison:
    """What held-out rows say of several models.

    Fields:
        table: best first: `rank`, `model`, `log_score` (mean of the log predictive probability of a
            held-out row, in nats; higher is better), `se`, `difference` from the best,
            `difference_se` (of the paired differences), `note` (why a model has no score).
        rows: held-out rows that were scored.
        folds: how they were held out, in words.
        scores: log score of each held-out row (columns) under each model that fitted.
    """

    table: pl.DataFrame
    rows: int
    folds: str
    scores: Mapping[str, np.ndarray]

    @property
    def best(self) -> str:
        """Name of the model with the highest score."""
        return str(self.table["model"][0])

    def __repr__(self) -> str:
        with pl.Config(tbl_rows=-1, fmt_str_lengths=80, tbl_hide_dataframe_shape=True):
            return f"Log score of {self.rows:,} held-out rows ({self.folds})\n{self.table}"

    def picture(self) -> Any:  # an Altair chart; Altair is imported where it is drawn
        """Differences from the best model, with two standard errors on either side."""
        from assay.picture.comparison import differences

        return differences(self.table.drop_nulls("log_score"))


def compare(
    models: Sequence[Model] | Mapping[str, Model],
    data: Any,
    target: str | None = None,
    *,
    time: str | None = None,
    series: str | Sequence[str] = (),
    group: str | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> Comparison:
    """Rank models by their log score on held-out rows, never by how they fit what they saw.

    Every model predicts the same rows from the same other rows. With a time column each is tested
    on spans that follow all that it was fitted to; with a group column no group is on both sides.
    Otherwise rows are dealt one by one: rows that were copied belong in a group of their own.
    What a row says (its value, or a limit behind which it hides) is a fact about the row: where
    one model names limits, all are scored by them. Where counts compete with densities, a density
    is scored by its mass within half a unit of each whole number.

    Args:
        models: to be compared; a mapping gives them names, otherwise their recipes do.
        data: a table, or a `Problem`, whose roles then stand for the arguments below.
        target: column to be predicted.
        time: column of time.
        series: key columns of a panel.
        group: column whose values are never split.
        folds: in how many parts rows are held out, 2 or more.
        seed: deals rows to folds.

    Returns:
        The comparison, best model first. A model that cannot be fitted is ranked last, with why.

    Raises:
        ConfigError: fewer than two models, names that clash, limits that contradict one another.
        DataError: as `check`; too few rows, groups or times for the folds.
        FitError: no model at all could be fitted.

    Source: Gneiting & Raftery (2007) for the score; Vehtari, Gelman & Gabry (2017) for the
        standard error of paired differences; rows of one time or group count as one observation.
    """
    named = _named(models)
    if time is not None and group is not None:
        raise ConfigError(
            "compare: name `time` or `group`, not both: a split by time has rows of one group on "
            "both sides."
        )
    frame, roles = _table(data, target, time, series, group)
    observer = _observer(named)
    if not isinstance(observer, Rounded):
        _refuse_atoms(named)
    y = frame.numbers(roles.target)
    kept = ~np.isnan(observer.recorded(y, _columns(frame, observer)))
    frame = frame if kept.all() else frame.take(kept)
    splits, words = _splits(frame, roles, folds, seed)
    scores, notes = _scores(named, frame, roles.target, splits, observer, seed)
    tested = np.concatenate([fold.test for fold in splits])
    return Comparison(
        table=_ranked(scores, notes, _clusters(frame, roles)[tested]),
        rows=len(tested),
        folds=words,
        scores=scores,
    )


def _named(models: Sequence[Model] | Mapping[str, Model]) -> dict[str, Model]:
    pairs = models.items() if isinstance(models, Mapping) else ((repr(m), m) for m in models)
    named = dict(pairs)
    if len(named) < len(models):
        raise ConfigError(
            "compare: two of the models have one recipe. Leave one out, or give them names: "
            '`compare({"plain": ..., "with promo": ...}, ...)`.'
        )
    if len(named) < 2:
        raise ConfigError(f"compare: found {len(named)} model, needs two or more.")
    for name, model in named.items():
        if not isinstance(model, Model):
            raise ConfigError(f"compare: `{name}` is {model!r}, must be an `assay.Model`.")
    return named


def _table(
    data: Any, target: str | None, time: str | None, series: str | Sequence[str], group: str | None
) -> tuple[Frame, Roles]:
    if isinstance(getattr(data, "roles", None), Roles):
        return data.frame, data.roles
    if target is None:
        raise ConfigError('compare: name the column to be predicted: `target="units"`.')
    keys = (series,) if isinstance(series, str) else tuple(series)
    roles = Roles(target, time=time, series=keys, group=group)
    return check(read(data), roles), roles


def _observer(named: Mapping[str, Model]) -> AbstractFamily:
    """The family that says what rows say of their target; one for all models.

    Raises:
        ConfigError: two models contradict one another.
    """
    ways = {way: model.family for model in named.values() if (way := _way(model.family))}
    if len(ways) > 1:
        raise ConfigError(
            f"compare: the models disagree about what the rows say: {'; '.join(sorted(ways))}. "
            "Limits and rounding are facts about the table: state the same ones in every model."
        )
    return next(iter(ways.values()), next(iter(named.values())).family.underlying)


def _way(family: AbstractFamily) -> str:
    """How a family observes its target, without the family of the target itself."""
    if family.underlying == family:
        return ""
    inside = [_way(family.base) or "..."]  # pyright: ignore[reportAttributeAccessIssue]
    for each in fields(family):  # pyright: ignore[reportArgumentType]
        value = getattr(family, each.name)
        if each.name != "base" and value != each.default:
            inside.append(f"{each.name}={value!r}")
    return f"{family.name}({', '.join(inside)})"


def _columns(frame: Frame, family: AbstractFamily) -> dict[str, np.ndarray]:
    return {name: limit_column(frame, name) for name in family.needs()}


def _splits(frame: Frame, roles: Roles, folds: int, seed: int) -> tuple[tuple[Fold, ...], str]:
    if roles.time is not None:
        times = frame.column(roles.time)
        return rolling_origins(times, folds=folds), f"{folds} spans of time, each after its past"
    if roles.group is not None:
        keys = frame.column(roles.group)
        return k_folds(keys, folds, seed=seed), f"{folds} folds of whole groups"
    return k_folds(_single(frame, roles.target), folds, seed=seed), f"{folds} folds"


def _single(frame: Frame, target: str) -> pl.Series:
    """A key for each row by its values and not its place, equal rows counted.

    Values that repeat by nature, such as counts and limits, must not all be held out at once.
    """
    prints = row_fingerprints(frame.table, salt=b"compare", target=target).astype(str)
    turn = pl.int_range(pl.len()).over("print").cast(pl.String)
    return pl.DataFrame({"print": prints}).select(pl.col("print") + turn).to_series()


def _clusters(frame: Frame, roles: Roles) -> np.ndarray:
    """Rows that share a number count as one observation."""
    shared = roles.time or roles.group
    if shared is None:
        return np.arange(frame.rows)
    return np.unique(frame.column(shared).to_numpy(), return_inverse=True)[1]


def _scores(
    named: Mapping[str, Model],
    frame: Frame,
    target: str,
    splits: tuple[Fold, ...],
    observer: AbstractFamily,
    seed: int,
) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Log scores of the held-out rows by model, and what kept the others from having any.

    Raises:
        FitError: nothing could be fitted.
    """
    scores: dict[str, np.ndarray] = {}
    notes: dict[str, str] = {}
    kinds = {each.family.underlying.support.whole for each in named.values()}
    values = frame.numbers(target)
    values = values[np.isfinite(values)]
    # A family of counts takes no other target, and then there is nothing to put on one footing.
    is_mixed = len(kinds) > 1 and np.array_equal(values, np.floor(values))
    for name, model in tracked(named.items(), "comparing models"):
        try:
            parts = [
                _held_out(model, frame, target, fold, observer, is_mixed, seed) for fold in splits
            ]
        except (FitError, DataError) as error:
            notes[name] = str(error)
        else:
            scores[name] = np.concatenate(parts)
    if not scores:
        first = next(iter(notes.values()))
        raise FitError(f"{frame.source}: none of {len(named)} models could be fitted. {first}")
    return scores, notes


def _held_out(
    model: Model,
    frame: Frame,
    target: str,
    fold: Fold,
    observer: AbstractFamily,
    mixed: bool,
    seed: int,
) -> np.ndarray:
    """Log predictive probability of what each held-out row says."""
    fitted = model.fit(frame.take(fold.train), target, seed=seed)
    test = frame.take(fold.test)
    predictive = fitted.predict(test).underlying
    if not isinstance(predictive, DistributionPredictive):
        raise ConfigError(f"compare: `{model!r}` gives no probabilities of single rows.")
    columns = _columns(test, observer)
    y = observer.recorded(test.numbers(target), columns)
    scores = np.empty(test.rows)
    for part in observer.parts(y, columns):
        own = predictive.take(part.rows)
        seen = replace(
            own,
            family=_seen_as(part.family, own.family, mixed),
            columns={**own.columns, **_without(part.columns, UPPER_END)},
        )
        scores[part.rows] = seen.log_likelihood(part.known, part.y, part.columns.get(UPPER_END))
    return scores


def _seen_as(observer: AbstractFamily, family: AbstractFamily, mixed: bool) -> AbstractFamily:
    """A family behind another one's rounding; beside counts, densities are rounded to units."""
    if family.support.whole:
        _refuse_coarse(observer)
        return family
    if observer.underlying == observer:
        return Rounded(family, grid=1.0) if mixed else family
    return replace(observer, base=_seen_as(observer.base, family, False))  # pyright: ignore


def _refuse_coarse(observer: AbstractFamily) -> None:
    """Counts have mass on single numbers, a record to tens on ten of them.

    Raises:
        ConfigError: the target is rounded to something else than whole numbers.
    """
    while observer.underlying != observer:
        if isinstance(observer, Rounded) and observer.grid != 1:
            raise ConfigError(
                f"compare: `{observer.describe()}` says that records are rounded, and a family of "
                "counts beside it gives chances to single numbers. Leave the counts out, or the "
                "rounding."
            )
        observer = observer.base  # pyright: ignore[reportAttributeAccessIssue]


def _refuse_atoms(named: Mapping[str, Model]) -> None:
    """A chance of exactly 0 and a density at 0 have no unit in common.

    Raises:
        ConfigError: some families give mass to a single value, others only density.
    """
    dense = {k: v.family.underlying for k, v in named.items() if not v.family.support.whole}
    if len({family.atom for family in dense.values()}) > 1:
        some = next(name for name, family in dense.items() if family.atom is not None)
        other = next(name for name, family in dense.items() if family.atom is None)
        raise ConfigError(
            f"compare: `{some}` gives a chance to single values, `{other}` only a density, and "
            "which of the two is larger depends on the target's unit. Compare families of one "
            "kind, or state the rounding of the records in all: `Rounded(..., grid=0.01)`."
        )


def _without(columns: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {key: column for key, column in columns.items() if key != name}


def _ranked(
    scores: Mapping[str, np.ndarray], notes: Mapping[str, str], clusters: np.ndarray
) -> pl.DataFrame:
    order = sorted(scores, key=lambda name: -float(np.mean(scores[name])))
    best = scores[order[0]]
    rows = [
        (
            place,
            name,
            float(np.mean(scores[name])),
            standard_error(scores[name], clusters),
            float(np.mean(scores[name] - best)),
            standard_error(scores[name] - best, clusters),
            "",
        )
        for place, name in enumerate(order, start=1)
    ]
    absent = [
        (place, name, None, None, None, None, note)
        for place, (name, note) in enumerate(notes.items(), start=len(rows) + 1)
    ]
    names = ("rank", "model", "log_score", "se", "difference", "difference_se", "note")
    kinds = (pl.Int64, pl.String, *(pl.Float64,) * 4, pl.String)
    schema: dict[str, Any] = dict(zip(names, kinds, strict=True))
    return pl.DataFrame([*rows, *absent], schema=schema, orient="row")


def standard_error(values: np.ndarray, clusters: np.ndarray) -> float:
    """Standard error of a mean whose rows depend on one another within clusters.

    Args:
        values: (rows,).
        clusters: number of each row's cluster, (rows,).

    Returns:
        In the unit of the values; nan where there is but one cluster.

    Source: Liang & Zeger (1986), the sandwich estimate with independent clusters.
    """
    away = np.bincount(clusters, weights=values - np.mean(values))
    away = away[np.bincount(clusters) > 0]
    count = len(away)
    if count < 2:
        return float("nan")
    return float(np.sqrt(np.sum(away**2) * count / (count - 1)) / len(values))
