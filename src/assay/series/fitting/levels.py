"""Where the rows of series put their levels, before any fit."""

import jax
import jax.numpy as jnp
import numpy as np

from assay.family import AbstractFamily
from assay.family.link import Link
from assay.series.kinds import Floats
from assay.series.law.rules import followed
from assay.series.panel.arrange import Panel

FARTHEST = 3.0  # that rows may put a level from where it was guessed, without a unit


def rough_levels(
    panel: Panel, family: AbstractFamily, driven: str, near: Floats | None = None
) -> tuple[Floats, Floats]:
    """A first guess of each series' level before the link, and the weight of its rows.

    The mean of what was seen (for a chance, of shares of what can be), with one observation at the
    mean of all series added; with exposure it is the mean per unit of exposure.

    Args:
        panel: the series.
        family: of their values.
        driven: the parameter that the level is of.
        near: levels of each series to add the observation at, in place of the mean of all.
    """
    link = _link(family, driven)
    total, weight, count = _sums(panel, family, driven)
    whole = total.sum() / weight.sum()
    if link.name == "log":
        whole = max(whole, 0.5 / weight.sum())
    elif link.name == "logit":
        whole = float(np.clip(whole, 0.5 / weight.sum(), 1.0 - 0.5 / weight.sum()))
    if near is not None:
        whole = np.asarray(link.forward(jnp.asarray(near))) + _added(panel, link)
    mean = (total + whole) / (weight + 1.0) - _added(panel, link)
    return np.asarray(link.inverse(jnp.asarray(mean))), count


def levels_near(panel: Panel, family: AbstractFamily, driven: str, near: Floats) -> Floats:
    """Where each series' rows alone put its level, by a step from a level that is near.

    Of a series that sold nothing it is finite too: one below the given level under a logarithm.
    """
    link = _link(family, driven)
    total, weight, _ = _sums(panel, family, driven)
    at, slope = jax.vmap(jax.value_and_grad(link.forward))(jnp.asarray(near))
    with np.errstate(invalid="ignore"):
        mean = total / weight - _added(panel, link)
    step = (mean - np.asarray(at)) / np.asarray(slope)
    if not link.has_unit:
        step = np.clip(step, -FARTHEST, FARTHEST)
    return np.where(weight > 0, near + step, near)


def _link(family: AbstractFamily, driven: str) -> Link:
    return next(each.link for each in family.parameters if each.name == driven)


def _added(panel: Panel, link: Link) -> float:
    """What is added to a mean without a parameter, where there is no logarithm in between."""
    is_added = link.name == "identity" and panel.offset.size > 1
    return float(np.mean(panel.offset)) if is_added else 0.0


def _sums(panel: Panel, family: AbstractFamily, driven: str) -> tuple[Floats, Floats, Floats]:
    """Of each series: of its values, of its exposure (elsewhere of weights), and of weights."""
    series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
    exposure = np.exp(panel.offset) if _link(family, driven).name == "log" else np.ones(1)
    shares = _shares(panel.y, family, driven)
    each = (panel.weight * shares, panel.weight * exposure, panel.weight)
    total, weight, count = (np.bincount(series, own, panel.series).astype(float) for own in each)
    return total, weight, count


def _shares(y: Floats, family: AbstractFamily, driven: str) -> Floats:
    """What a mean of is near the driven parameter: values, or shares where that is a chance."""
    if driven == "zero":
        return (y == 0) * 1.0
    link = _link(family, driven)
    return y / followed(family).support.upper if link.name == "logit" else y
