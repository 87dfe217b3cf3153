"""What a fit leaves open: parameters drawn from about their posterior, a few of each series.

A forecast that takes the most probable parameters for the true ones tells too narrow intervals of
sums, where what is wrong of a level or a gain is wrong on every day. So each path of a series takes
one of a few draws, and the filter has been run with each of them.

The posterior is normal around the mode, with a precision that is the prior's plus what the rows
tell. Of the latter a sample of series has told the shape; size is each series' own: its rows, their
information, and for the level the curvature that was measured.

Source: Laplace's approximation; Durbin & Koopman (2012), Time series analysis by state space
methods, 11.3, for antithetic draws.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from assay.series.filter.layout import Layout
from assay.series.filter.recursion import State
from assay.series.future.paths import stream_of
from assay.series.kinds import Floats, Whole

DRAWS = 8  # of each series, in pairs around the mode
SEED = 0  # draws belong to the fit, not to a forecast of it
FLAT = 1e-12


class Drawn(NamedTuple):
    """Parameters of each series as they may be as well, and where they leave its filter.

    Fields:
        theta: (coordinates, series, draws).
        state: after the last step of the panel, each (..., series, draws).
    """

    theta: Floats
    state: State


def units_of(layout: Layout, one: Floats, rows: Floats, of_level: Floats) -> Floats:
    """What the curvature of each coordinate grows with, (coordinates, series).

    Args:
        layout: of the coordinates.
        one: information of a row of each series.
        rows: how many there are.
        of_level: information about its level.
    """
    places = np.zeros(layout.size, bool)
    places[layout.first_season :] = True
    units = np.where(places[:, None], one * rows, rows)
    units[0] = of_level
    return units


def typical(curvature: Floats, units: Floats, sd: Floats, share: Floats) -> Floats:
    """What rows tell of all coordinates, per unit, on average over series.

    Args:
        curvature: of the log likelihoods, (coordinates, coordinates, series).
        units: (coordinates, series).
        sd: prior standard deviations, (coordinates,).
        share: weight of each series, with a sum of 1.

    Returns:
        (coordinates, coordinates), symmetric, with no negative curvature along any direction.
    """
    root = np.sqrt(np.where(units > 0, units, 1.0))
    each = curvature / (root[:, None] * root[None])
    each = np.where(np.isfinite(each).all(axis=(0, 1)) & (share > 0), each, 0.0)
    mean = each @ share
    # In units in which the prior is as wide in all directions, before small values are cut.
    width = sd * np.sqrt(units @ share) + FLAT
    values, axes = np.linalg.eigh(0.5 * (mean + mean.T) * np.outer(width, width))
    found = (axes * values.clip(0.0)) @ axes.T
    return found / np.outer(width, width)


def drawn_around(
    theta: Floats, level_sd: Floats, told: Floats, units: Floats, sd: Floats, names: Sequence[str]
) -> Floats:
    """Parameters as they may be as well, (coordinates, series, draws).

    Args:
        theta: modes, (coordinates, series).
        level_sd: of each series' level, the others given.
        told: what `typical` found.
        units: (coordinates, series).
        sd: prior standard deviations, (coordinates,).
        names: of the series: each has draws of its own.
    """
    root = np.sqrt(units)
    own = np.maximum(level_sd**-2.0 - sd[0] ** -2.0, 0.0)
    root[0] = np.sqrt(own / max(told[0, 0], FLAT))
    precision = np.einsum("ks,kj,js->skj", root, told, root)
    precision += np.diag(sd**-2.0)
    z = normals(names, sd.size)
    half = np.linalg.cholesky(precision).swapaxes(1, 2)
    return theta[:, :, None] + np.linalg.solve(half, z.swapaxes(0, 1)).swapaxes(0, 1)


def normals(names: Sequence[str], coordinates: int) -> Floats:
    """Standard normals in antithetic pairs, (coordinates, series, draws)."""
    found = np.empty((coordinates, len(names), DRAWS))
    for at, name in enumerate(names):
        stream = stream_of(SEED, "parameters", name)
        half = stream.normal(size=(coordinates, DRAWS // 2))
        found[:, at] = np.concatenate([half, -half], axis=1)
    return found


def picked(names: Sequence[str], paths: int, seed: int) -> Whole:
    """Which draw each path of each series takes, (series, paths): all of them equally often."""
    turns = [stream_of(seed, "turns", name).permutation(DRAWS) for name in names]
    return np.stack(turns)[:, np.arange(paths) % DRAWS]
