"""The filters of a fit, moved over another history."""

import jax.numpy as jnp
import numpy as np

from assay.series.arrange import Panel, Recipe
from assay.series.fit import Fits, levels_of, machine_of, unlearnt
from assay.series.objective import filtered
from assay.series.pooling import Common
from assay.series.recursion import State

COLUMNS, MOST = 64, 512  # series of a block: filled up to a multiple, and at most


def moved_on(recipe: Recipe, past: Panel, common: Common, fits: Fits, panel: Panel) -> Fits:
    """Parameters of a fit, with the states that another history leaves them in.

    Blocks have few shapes, so that origins one after another compile nothing anew.

    Args:
        recipe: what was fitted.
        past: the panel of the fit.
        common: what its series have in common.
        fits: their parameters.
        panel: the other history, arranged like `past`.
    """
    machine = machine_of(recipe, panel)
    place = past.find(panel.keys)
    new = np.flatnonzero(place < 0)
    theta, level_sd = fits.theta[:, place], fits.level_sd[place]
    levels = levels_of(panel, recipe, machine, common)
    theta[:, new], level_sd[new] = unlearnt(common, levels, new)
    steps = 1 << (int(panel.lengths.max()) - 1).bit_length()
    columns = min(-(-panel.series // COLUMNS) * COLUMNS, MOST)
    parts, likelihood = [], []
    for first in range(0, panel.series, columns):
        chosen = np.arange(first, min(first + columns, panel.series))
        block = panel.block(chosen, steps, columns, recipe.seasons, np.float64)
        padded = np.append(chosen, np.full(columns - chosen.size, chosen[0]))
        run = filtered(block, jnp.asarray(theta[:, padded], float), **machine.static)
        parts.append([np.asarray(each)[..., : chosen.size] for each in run.state])
        likelihood.append(np.asarray(run.log_likelihood)[: chosen.size])
    state = State(
        *(jnp.asarray(np.concatenate(each, axis=-1)) for each in zip(*parts, strict=True))
    )
    left = np.where(place < 0, 0.0, fits.left[place])
    return Fits(theta, level_sd, state, np.concatenate(likelihood), left, levels.count)
