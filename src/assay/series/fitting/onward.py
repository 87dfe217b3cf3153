"""The filters of a fit, moved over another history."""

import jax.numpy as jnp
import numpy as np

from assay.series.filter.objective import filtered
from assay.series.filter.recursion import State
from assay.series.fitting.doubt import Drawn
from assay.series.fitting.fit import (
    Fits,
    Part,
    Work,
    collected,
    levels_of,
    machine_of,
    states_of,
)
from assay.series.fitting.pooling import Common
from assay.series.kinds import Whole
from assay.series.panel.arrange import Panel, Recipe

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
    levels = levels_of(panel, recipe, machine, common)
    work = Work(panel, recipe, machine, levels, np.float64)
    steps = 1 << (int(panel.lengths.max()) - 1).bit_length()
    known, new = np.flatnonzero(place >= 0), np.flatnonzero(place < 0)
    columns = min(-(-known.size // COLUMNS) * COLUMNS, MOST)
    parts = [
        _moved(work, fits, known[first : first + columns], place, (steps, columns))
        for first in range(0, known.size, max(columns, 1))
    ]
    size = COLUMNS
    parts += [work.fit(new[at : at + size], common) for at in range(0, new.size, size)]
    return collected(parts)


def _moved(work: Work, fits: Fits, chosen: Whole, place: Whole, shape: tuple[int, int]) -> Part:
    """Series of the fit, with its parameters, over the other history."""
    steps, columns = shape
    block = work.panel.block(chosen, steps, columns, work.recipe.seasons, np.float64)
    was = place[chosen]
    theta, drawn = fits.theta[:, was], fits.drawn.theta[:, was]
    padded = jnp.asarray(theta[:, np.arange(columns) % chosen.size], float)
    run = filtered(block, padded, **work.machine.static)
    kept = slice(chosen.size)
    return Part(
        chosen,
        theta,
        fits.level_sd[was],
        State(*(each[..., kept] for each in run.state)),
        Drawn(drawn, states_of(block, drawn, work.machine, np.float64)),
        np.asarray(run.log_likelihood)[kept],
        fits.left[was],
    )
