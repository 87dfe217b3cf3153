"""The law of each row that is forecast: the family's, mixed over simulated paths."""

import numpy as np

from assay.errors import ConfigError
from assay.family import AbstractFamily, Hurdle, ZeroInflated
from assay.predictive import DistributionPredictive
from assay.series.future.forecast import Forecast
from assay.series.kinds import Floats, Whole
from assay.series.law.chance import Extra
from assay.series.law.rules import followed

MIXED = 64
NOTHING = 300.0  # a log or a logit this far down leaves all mass at 0, and no number underflows


def laws_of(forecast: Forecast) -> DistributionPredictive:
    """The law of each row of the future that was asked for, in the order of these rows.

    Raises:
        ConfigError: a day is closed, and the family cannot say that its value is 0.
    """
    family, driven = followed(forecast.recipe.family), forecast.recipe.driven
    future = forecast.future
    if future.cell is None:
        raise ConfigError("laws: rows are asked for by a table. Pass it as `future`.")
    step, series = future.cell
    names = forecast.machine.rule.names
    eta = np.empty((forecast.paths, step.size))
    linked = {name: np.empty_like(eta) for name in names}
    at_step = [np.flatnonzero(step == at) for at in range(forecast.horizon)]

    def told(at: int, block: Whole, driven: Floats, extra: Extra) -> None:
        rows = at_step[at]
        rows = rows[(series[rows] >= block[0]) & (series[rows] <= block[-1])]
        place = series[rows] - block[0]
        eta[:, rows] = driven[place].T
        for name, each in zip(names, extra, strict=True):
            linked[name][:, rows] = each[place].T

    forecast.along(told)
    if future.is_open.size > 1:
        closed = future.is_open[step, series] == 0
        refuse_closed(family, driven, any_closed=bool(closed.any()))
        eta[:, closed] = -NOTHING
        if isinstance(family, Hurdle | ZeroInflated):
            linked["zero"] = np.where(closed, NOTHING, linked["zero"])
    linked[driven] = eta
    shape = eta.shape
    every = tuple(np.broadcast_to(linked[each.name], shape) for each in family.parameters)
    return DistributionPredictive(family, every, step.size)


def refuse_closed(family: AbstractFamily, driven: str, *, any_closed: bool = True) -> None:
    """Refuse closed days of a family whose driven parameter cannot say that a value is 0.

    Raises:
        ConfigError: says which families can.
    """
    link = next(each.link.name for each in family.parameters if each.name == driven)
    if any_closed and link not in ("log", "logit"):
        raise ConfigError(
            f"ScoreDriven: `open` names closed days, which are known zeros, but `{driven}` of the "
            f"family {family.describe()} has no least value. Leave closed days out of the table, "
            "or choose a family of values of 0 and above."
        )
