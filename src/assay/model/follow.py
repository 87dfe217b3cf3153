"""Models whose parameter follows series in time: what `fit` needs to know of them."""

from collections.abc import Mapping, Sequence

from assay.errors import ConfigError
from assay.family import AbstractFamily
from assay.predictor import AbstractPredictor, Constant, ScoreDriven, Sum, as_sum
from assay.series import Recipe
from assay.series.panel.check import Returns
from assay.series.panel.gaps import Gaps


def driven_parameter(predictors: Mapping[str, AbstractPredictor | Sum]) -> str | None:
    """The parameter that a score-driven term drives, if one does.

    Raises:
        ConfigError: two parameters are driven, or one by two terms.
    """
    terms = [
        (name, term)
        for name, given in predictors.items()
        for term in as_sum(given).terms
        if isinstance(term, ScoreDriven)
    ]
    if len(terms) > 1:
        names = ", ".join(f"`{name}`" for name, _ in terms)
        raise ConfigError(
            f"ScoreDriven stands {len(terms)} times, for {names}. One parameter of a model follows "
            "the series, by one such term."
        )
    return terms[0][0] if terms else None


def series_recipe(
    family: AbstractFamily,
    predictors: Mapping[str, AbstractPredictor | Sum],
    driven: str,
    *,
    target: str,
    time: str | None,
    by: str | Sequence[str] | None,
    returns: Returns = "refuse",
    pool: str | Sequence[str] | None = None,
    gaps: Gaps = "missing",
) -> Recipe:
    """What is to be fitted to each series.

    Raises:
        ConfigError: no column of time, another parameter has a predictor of its own, or groups are
            no columns.
    """
    if not isinstance(time, str) or not time:
        raise ConfigError(
            "A score-driven predictor follows series in time: name the column of time, and the "
            'keys of the series if there are several: `model.fit(table, "units", time="date", '
            'by=["store", "item"])`.'
        )
    for name, given in predictors.items():
        if name != driven and not isinstance(given, Constant):
            raise ConfigError(
                f"parameter `{name}` has the predictor {given.describe()}; beside a score-driven "
                f"`{driven}` the other parameters are one number for each series. Leave it out."
            )
    terms = as_sum(predictors[driven]).terms
    term = next(each for each in terms if isinstance(each, ScoreDriven))
    others = tuple(each for each in terms if each is not term and not isinstance(each, Constant))
    keys = (by,) if isinstance(by, str) else tuple(by or ())
    if time in keys or target in keys or time == target:
        raise ConfigError(
            f"target `{target}`, time `{time}` and keys {list(keys)} must be different columns."
        )
    return Recipe(
        family=family,
        driven=driven,
        term=term,
        others=Sum(others) if others else None,
        target=target,
        time=time,
        by=keys,
        returns=returns,
        pool=_pool(pool, target, time),
        gaps=gaps,
    )


def _pool(pool: str | Sequence[str] | None, target: str, time: str) -> tuple[str, ...] | None:
    """Columns whose groups levels are pooled by.

    Raises:
        ConfigError: no names of columns, one twice, or the target or time.
    """
    if pool is None:
        return None
    names = (pool,) if isinstance(pool, str) else tuple(pool)
    wrong = not all(isinstance(each, str) and each for each in names)
    if wrong or len(set(names)) < len(names) or {target, time} & set(names):
        raise ConfigError(
            f"`pool` is {pool!r}, must be columns, each once and neither the target `{target}` nor "
            f'the time `{time}`: `pool=["store", "category"]`, or `pool=()` for none.'
        )
    return names
