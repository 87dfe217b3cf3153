"""A panel looked back on: the driven parameter of each row as all rows tell it, and its errors."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from assay.compute import in_flight
from assay.series.arrange import Panel, Recipe
from assay.series.daily import Daily, no_shift, shared_shift
from assay.series.fit import SAMPLE, Fits, Machine, blocks_of, shape_of
from assay.series.hindsight import Walk, drawn_back, looked_back, told, walk_of
from assay.series.informed import Informed, informed, uninformed
from assay.series.kinds import Floats, Whole
from assay.series.layout import Parts
from assay.series.objective import Block, filtered
from assay.series.open_terms import OpenTerms, in_common, open_terms
from assay.series.pooling import Common
from assay.series.recursion import Calendar, Gains, Scaling, at_rest, clipped, moved, scaled
from assay.series.together import LEAST_SERIES

PASSES = 3  # the levels, then what they share, and so on
CHUNK = 25  # draws at once


class Errors(NamedTuple):
    """Draws of what is open, of rows of some series.

    Fields:
        rows: their numbers.
        eta: errors of the driven parameter, (rows, draws).
        others: of the other parameters before their links, (parameters, rows, draws).
    """

    rows: Whole
    eta: Floats
    others: Floats


@dataclass(frozen=True, eq=False)
class Reviewed:
    """What all rows of a panel tell of each of them.

    Fields:
        recipe: what was fitted.
        panel: the rows.
        machine: its filter.
        blocks: series that are worked on together.
        apart: of the driven parameter all but level and shift, one a row.
        level: of each row.
        bend: what each row tells.
        spread: variance of what is open of the driven parameter, of each row.
        walks: of each series' level, (5, series).
        shift: what all series share.
        limits: what limits tell.
        terms: what is open of the other coordinates, of each block.
        alike: standard deviation of what all series are off by alike, of each coordinate.
    """

    recipe: Recipe
    panel: Panel
    machine: Machine
    blocks: list[Whole]
    apart: Floats
    level: Floats
    bend: Floats
    spread: Floats
    walks: Floats
    shift: Daily
    limits: Informed
    terms: list[OpenTerms]
    alike: Floats

    @property
    def eta(self) -> Floats:
        """The driven parameter before its link, of each row."""
        since = self._since(self.panel.step)
        return self.apart + self.level + self.shift.mean[since] + self.limits.eta

    def _since(self, step: Whole) -> Whole:
        return step - self.panel.end + self.shift.mean.size - 1

    def errors(self, draws: int, seed: int) -> Iterator[Errors]:
        """Draws of the errors of hidden rows, in blocks of series.

        Args:
            draws: how many; a multiple of 25.
            seed: of the draws.
        """
        stream = np.random.default_rng([seed, 3])
        shift = self.shift.drawn(stream, draws).astype(np.float32)
        alike = self.alike[:, None] * stream.normal(size=(self.alike.size, draws))
        slope = (self.limits.sd * stream.normal(size=draws)).astype(np.float32)

        def one(number: int) -> Errors:
            own = np.random.Generator(np.random.SFC64([seed, 4, number]))
            return self._errors(number, shift, alike, slope, own)

        yield from in_flight(one, range(len(self.blocks)))

    def _errors(
        self, number: int, shift: Floats, alike: Floats, slope: Floats, stream: np.random.Generator
    ) -> Errors:
        chosen, panel, terms = self.blocks[number], self.panel, self.terms[number]
        draws = slope.size
        steps, columns = shape_of(panel, chosen)
        rows, (at, column) = panel.places(chosen, steps)
        hidden = panel.hidden[rows]
        rows, at, column = rows[hidden], at[hidden], column[hidden]
        eta = np.empty((rows.size, draws), np.float32)
        if rows.size:
            bend = _spread(self.bend, panel, chosen, steps, columns)
            walk = Walk(*jnp.asarray(self.walks[:, _padded(chosen, columns)]))
            for first in range(0, draws, CHUNK):
                noise = stream.standard_normal((steps + 1, 2, columns, CHUNK), np.float32)
                drawn = np.asarray(drawn_back(walk, jnp.asarray(bend), jnp.asarray(noise)))
                eta[:, first : first + CHUNK] = drawn[at, column]
        eta += shift[self._since(panel.step[rows])]
        eta += self.limits.known[rows, None].astype(np.float32) * slope
        own = stream.standard_normal((chosen.size, alike.shape[0], draws))
        off = (np.einsum("skl,sld->skd", terms.root[: chosen.size], own) + alike).astype(np.float32)
        count = len(self.machine.rule.names)
        counts = counts_of(self.recipe, panel, rows, column, terms)
        # A series at a time: its rows count differently, its errors are the same.
        for series in np.unique(column):
            own_rows = slice(*np.searchsorted(column, [series, series + 1]))
            eta[own_rows] += counts[own_rows].astype(np.float32) @ off[series]
        return Errors(rows, eta, off[column][:, :count].swapaxes(0, 1))


def _spread(
    values: Floats, panel: Panel, chosen: Whole, steps: int, columns: int
) -> Floats:
    """Values of rows side by side, (steps, columns)."""
    rows, place = panel.places(chosen, steps)
    table = np.zeros((steps, columns))
    table[place] = values[rows]
    return table


def _padded(chosen: Whole, columns: int) -> Whole:
    return np.append(chosen, np.full(columns - chosen.size, chosen[0]))


@dataclass(eq=False)
class _Rows:
    """Work in progress, one number a row."""

    apart: Floats
    level: Floats
    bend: Floats
    score: Floats
    spread: Floats


def reviewed(
    recipe: Recipe, panel: Panel, machine: Machine, common: Common, fits: Fits
) -> Reviewed:
    """Look back on a panel."""
    blocks, size = blocks_of(panel), panel.step.size
    work = _Rows(*(np.zeros(size) for _ in range(5)))
    walks, shift = np.zeros((5, panel.series)), no_shift(int(panel.lengths.max()))
    aside = np.isin(np.arange(panel.series), list(panel.set_aside))
    start = np.where(aside, fits.level_sd, common.sd[0])
    since = panel.step - panel.end + shift.mean.size - 1
    limits, driven = uninformed(size), _log_limits(recipe, panel)
    shared = np.repeat(~aside, np.diff(panel.edges)) & (panel.weight > 0)

    def laid(chosen: Whole) -> tuple[Block, Parts, Whole]:
        steps, columns = shape_of(panel, chosen)
        block = panel.block(chosen, steps, columns, recipe.seasons, np.float64)
        padded = _padded(chosen, columns)
        return block, machine.layout.read(jnp.asarray(fits.theta[:, padded], float)), padded

    def begin(chosen: Whole) -> None:
        block, parts, padded = laid(chosen)
        steps = block.seen.y.shape[0]
        eta = filtered(block, jnp.asarray(fits.theta[:, padded], float), **machine.static).eta
        level, typical = _followed(block, eta, parts, machine)
        walk = walk_of(parts.gains, typical, machine.scaling, jnp.asarray(start[padded]))
        walks[:, chosen] = np.stack(walk)[:, : chosen.size]
        rows, place = panel.places(chosen, steps)
        work.level[rows] = np.asarray(level)[place]
        work.apart[rows] = np.asarray(eta)[place] - work.level[rows]

    def look(chosen: Whole) -> None:
        block, parts, padded = laid(chosen)
        steps, columns = block.seen.y.shape
        apart = work.apart + shift.mean[since] + limits.eta
        found = looked_back(
            block,
            jnp.asarray(_spread(apart, panel, chosen, steps, columns)),
            jnp.asarray(_spread(work.level, panel, chosen, steps, columns)),
            Walk(*jnp.asarray(walks[:, padded])),
            parts.extra,
            rule=machine.rule,
            is_censored=machine.is_censored,
        )
        rows, place = panel.places(chosen, steps)
        work.level[rows] = np.asarray(found.level)[place]
        work.spread[rows] = np.asarray(found.variance)[place]
        work.bend[rows] = np.asarray(found.told.bend)[place]
        work.score[rows] = np.asarray(found.told.score)[place]

    def leave(chosen: Whole) -> OpenTerms:
        block, parts, _ = laid(chosen)
        steps, columns = block.seen.y.shape
        eta = _spread(work.apart + work.level + shift.mean[since] + limits.eta, panel, chosen, steps, columns)
        bend = _spread(work.bend, panel, chosen, steps, columns)
        return open_terms(
            block,
            jnp.asarray(eta),
            jnp.asarray(bend),
            parts.extra,
            common.sd[machine.layout.first_extra :],
            rule=machine.rule,
            is_censored=machine.is_censored,
        )

    for _ in in_flight(begin, blocks):
        pass
    for _ in in_flight(look, blocks):
        pass
    terms = list(in_flight(leave, blocks))
    fixed = _fixed_spread(recipe, panel, machine, blocks, terms)
    series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
    for _ in range(PASSES - 1):
        if driven is not None:
            eta = work.apart + work.level + shift.mean[since] + limits.eta
            spread = work.spread + shift.spread[since] + fixed
            limits = informed(limits, driven, eta, work.score, work.bend, spread, series, shared)
        sums = [
            np.bincount(since[shared], each, shift.mean.size)
            for each in (work.score[shared], work.bend[shared], np.ones(int(shared.sum())))
        ]
        shift = shared_shift(shift.mean, *sums, LEAST_SERIES)
        for _ in in_flight(look, blocks):
            pass
    sizes = [chosen.size for chosen in blocks]
    open_ = [np.sum(one.root[:n] ** 2, axis=2).sum(axis=0) for one, n in zip(terms, sizes, strict=True)]
    told_of = min(SAMPLE, panel.series - len(panel.set_aside))
    alike = in_common(
        np.sum(open_, axis=0) / panel.series, common.sd[machine.layout.first_extra :], told_of
    )
    spread = work.spread + shift.spread[since] + fixed + (limits.sd * limits.known) ** 2
    return Reviewed(
        recipe, panel, machine, blocks, work.apart, work.level, work.bend,
        spread, walks, shift, limits, terms, alike,
    )


def counts_of(recipe: Recipe, panel: Panel, rows: Whole, column: Whole, terms: OpenTerms) -> Floats:
    """What each coordinate's error does to each row, (rows, coordinates)."""
    others = terms.centre.shape[0] - recipe.seasons.owners.size - panel.features.shape[1]
    basis = recipe.seasons.basis(panel.step[rows])
    whole = [np.zeros((rows.size, others)), basis, panel.features[rows]]
    return np.concatenate(whole, axis=1) - terms.centre[:, column].T


def _fixed_spread(
    recipe: Recipe, panel: Panel, machine: Machine, blocks: list[Whole], terms: list[OpenTerms]
) -> Floats:
    """Variance of rows by what is open of the coordinates that no observation moves."""
    found = np.zeros(panel.step.size)
    for chosen, own in zip(blocks, terms, strict=True):
        rows, (_, column) = panel.places(chosen, shape_of(panel, chosen)[0])
        counts = counts_of(recipe, panel, rows, column, own)
        for at in range(chosen.size):
            mine = slice(*np.searchsorted(column, [at, at + 1]))
            found[rows[mine]] = np.sum((counts[mine] @ own.root[at]) ** 2, axis=1)
    return found


def _log_limits(recipe: Recipe, panel: Panel) -> Floats | None:
    """Log limits of rows; `None` where limits are not known of rows that were not hidden."""
    parameters = recipe.family.underlying.parameters
    link = next(each.link for each in parameters if each.name == recipe.driven)
    if panel.limit.size == 1 or link.name != "log":
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(panel.limit)


def _followed(block: Block, eta: Array, parts: Parts, machine: Machine) -> tuple[Array, Array]:
    """The filter's level without its slope, and a typical information of each series."""
    seen = told(machine.rule, block, eta, parts.extra, is_censored=machine.is_censored)
    information = machine.rule.information(eta, parts.extra) + jnp.zeros_like(eta)
    return _level(seen.score, information, block.seen.weight, parts.gains, machine.scaling)


def _level(score: Array, information: Array, weight: Array, gains: Gains, scaling: Scaling):
    root = jnp.sqrt(information)
    move = scaled(score, information, scaling)
    own = gains._replace(trend=0.0 * gains.trend, season=gains.season[:0])

    def step(state, row):
        return moved(state, own, jnp.zeros(0), row), state.level

    _, level = lax.scan(step, at_rest(0, gains.level), move)
    total = jnp.maximum(jnp.sum(weight, axis=0), 1.0)
    return level, jnp.exp(jnp.sum(weight * jnp.log(information), axis=0) / total)
