"""A panel looked back on: the driven parameter of each row as all rows tell it, and its errors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

from assay.compute import in_flight
from assay.compute.progress import measured
from assay.series.filter.layout import Parts
from assay.series.filter.objective import Block, filtered
from assay.series.filter.recursion import Scaling, State, at_rest, moved, scaled
from assay.series.fitting.fit import SAMPLE, Fits, Machine, blocks_of, shape_of
from assay.series.fitting.pooling import Common
from assay.series.future.together import LEAST_SERIES
from assay.series.kinds import Floats, Whole
from assay.series.law.rule import AbstractRule
from assay.series.panel.arrange import Panel, Recipe
from assay.series.review.daily import Daily, no_shift, shared_shift
from assay.series.review.hindsight import Walk, drawn_back, looked_back, told, walk_of
from assay.series.review.informed import Informed, informed, uninformed
from assay.series.review.open_terms import OpenTerms, in_common, open_terms

Told = TypeVar("Told")

PASSES = 4  # of the levels, with what they share learnt between them
CHUNK = 25  # draws at once
LEAST_OWN = 0.05  # share of a level's variance that is not shared


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
        return Errors(rows, eta, off[:, :count][column].swapaxes(0, 1))


def _spread(values: Floats, panel: Panel, chosen: Whole, steps: int, columns: int) -> Floats:
    """Values of rows side by side, (steps, columns)."""
    rows, place = panel.places(chosen, steps)
    table = np.zeros((steps, columns))
    table[place] = values[rows]
    return table


def _padded(chosen: Whole, columns: int) -> Whole:
    return np.append(chosen, np.full(columns - chosen.size, chosen[0]))


@dataclass(eq=False)
class _Review:
    """A review in progress: one number a row, and what series and steps have in common."""

    recipe: Recipe
    panel: Panel
    machine: Machine
    common: Common
    fits: Fits

    def __post_init__(self) -> None:
        panel, size = self.panel, self.panel.step.size
        self.blocks = blocks_of(panel)
        self.apart, self.level, self.bend, self.score, self.spread = np.zeros((5, size))
        self.walks, self.shift = np.zeros((5, panel.series)), no_shift(int(panel.lengths.max()))
        self.limits = uninformed(size)
        self.since = panel.step - panel.end + self.shift.mean.size - 1
        self.series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
        self.aside = np.isin(np.arange(panel.series), list(panel.set_aside))
        self.tells = ~self.aside[self.series] & (panel.weight > 0)

    @property
    def sd(self) -> Floats:
        """Spreads over series of the coordinates that no observation moves."""
        return self.common.sd[self.machine.layout.first_extra :]

    def together(self) -> Floats:
        """All of the driven parameter but the level."""
        return self.apart + self.shift.mean[self.since] + self.limits.eta

    def laid(self, chosen: Whole) -> tuple[Block, Parts, Array]:
        """Some series side by side, and their parameters."""
        panel = self.panel
        steps, columns = shape_of(panel, chosen)
        block = panel.block(chosen, steps, columns, self.recipe.seasons, np.float64)
        theta = jnp.asarray(self.fits.theta[:, _padded(chosen, columns)], float)
        return block, self.machine.layout.read(theta), theta

    def spread_out(self, values: Floats, chosen: Whole) -> Array:
        """Values of rows side by side, (steps, columns)."""
        return jnp.asarray(_spread(values, self.panel, chosen, *shape_of(self.panel, chosen)))

    def begin(self, chosen: Whole) -> None:
        """Take the level from the filter."""
        block, parts, theta = self.laid(chosen)
        eta = filtered(block, theta, **self.machine.static).eta
        level, typical = _followed(
            block,
            eta,
            parts,
            rule=self.machine.rule,
            scaling=self.machine.scaling,
            is_censored=self.machine.is_censored,
        )
        start = np.where(self.aside, self.fits.level_sd, self.common.sd[0])
        start = jnp.asarray(start[_padded(chosen, theta.shape[1])])
        walk = walk_of(parts.gains, typical, self.machine.scaling, start)
        self.walks[:, chosen] = np.stack(walk)[:, : chosen.size]
        rows, place = self.panel.places(chosen, block.seen.y.shape[0])
        self.level[rows] = np.asarray(level)[place]
        self.apart[rows] = np.asarray(eta)[place] - self.level[rows]

    def look(self, chosen: Whole, together: Floats, walks: Floats) -> None:
        """Smooth the levels of a block."""
        block, parts, theta = self.laid(chosen)
        found = looked_back(
            block,
            self.spread_out(together, chosen),
            self.spread_out(self.level, chosen),
            Walk(*jnp.asarray(walks[:, _padded(chosen, theta.shape[1])])),
            parts.extra,
            rule=self.machine.rule,
            is_censored=self.machine.is_censored,
        )
        rows, place = self.panel.places(chosen, block.seen.y.shape[0])
        self.level[rows] = np.asarray(found.level)[place]
        self.spread[rows] = np.asarray(found.variance)[place]
        self.bend[rows] = np.asarray(found.told.bend)[place]
        self.score[rows] = np.asarray(found.told.score)[place]

    def look_at_all(self) -> None:
        """Smooth all levels."""
        together, walks = self.together(), less_walk(self.walks, self.shift)
        _each(lambda chosen: self.look(chosen, together, walks), self.blocks)

    def leave(self, chosen: Whole) -> OpenTerms:
        """What is open of the coordinates that no observation moves."""
        block, parts, _ = self.laid(chosen)
        return open_terms(
            block,
            self.spread_out(self.together() + self.level, chosen),
            self.spread_out(self.bend, chosen),
            parts.extra,
            self.sd,
            rule=self.machine.rule,
            is_censored=self.machine.is_censored,
        )

    def share(self, log_limits: Floats | None, fixed: Floats) -> None:
        """Learn what limits tell, and what all series share in a step."""
        tells, since, shift = self.tells, self.since, self.shift
        if log_limits is not None:
            eta = self.together() + self.level
            spread = self.spread + shift.spread[since] + fixed
            rows = (eta, self.score, self.bend, spread, self.series, tells)
            self.limits = informed(self.limits, log_limits, *rows)
        size = shift.mean.size
        score, bend = (
            np.bincount(since[tells], each[tells], size).astype(float)
            for each in (self.score, self.bend)
        )
        count = np.bincount(since[tells], minlength=size)
        self.shift = shared_shift(shift.mean, score, bend, count, LEAST_SERIES)

    def done(self, terms: list[OpenTerms], fixed: Floats) -> Reviewed:
        """All that was found."""
        sizes = [chosen.size for chosen in self.blocks]
        roots = [one.root[:size] for one, size in zip(terms, sizes, strict=True)]
        mean = sum(np.sum(root**2, axis=(0, 2)) for root in roots) / self.panel.series
        learnt = min(SAMPLE, int(np.sum(~self.aside)))
        steps = self.shift.spread[self.since] + (self.limits.sd * self.limits.known) ** 2
        return Reviewed(
            self.recipe,
            self.panel,
            self.machine,
            self.blocks,
            self.apart,
            self.level,
            self.bend,
            self.spread + fixed + steps,
            less_walk(self.walks, self.shift),
            self.shift,
            self.limits,
            terms,
            in_common(np.asarray(mean), self.sd, learnt),
        )


def reviewed(
    recipe: Recipe, panel: Panel, machine: Machine, common: Common, fits: Fits
) -> Reviewed:
    """Look back on a panel, in blocks of series."""
    review = _Review(recipe, panel, machine, common, fits)
    _each(review.begin, review.blocks)
    review.look_at_all()
    terms = _each(review.leave, review.blocks)
    fixed = _fixed_spread(recipe, panel, review.blocks, terms)
    log_limits = _log_limits(recipe, panel)
    for _ in range(PASSES - 1):
        review.share(log_limits, fixed)
        review.look_at_all()
    return review.done(terms, fixed)


def _each(work: Callable[[Whole], Told], blocks: list[Whole]) -> list[Told]:
    """Results of work on each block, while a bar says how far it is."""
    sizes = [chosen.size for chosen in blocks]
    return list(measured(in_flight(work, blocks), sizes, "looking back on series"))


def less_walk(walks: Floats, shift: Daily) -> Floats:
    """Walks without the part that all series share: gains follow both."""
    pull, step_x, step_rest, start_x, start_rest = walks
    shared = shift.step / (1.0 - shift.lasting**2)
    kept = np.clip(1.0 - shared / start_x, LEAST_OWN, 1.0)
    return np.stack([pull, kept * step_x, step_rest, kept * start_x, start_rest])


def counts_of(recipe: Recipe, panel: Panel, rows: Whole, column: Whole, terms: OpenTerms) -> Floats:
    """What each coordinate's error does to each row, (rows, coordinates)."""
    others = terms.centre.shape[0] - recipe.seasons.owners.size - panel.features.shape[1]
    basis = recipe.seasons.basis(panel.step[rows])
    whole = [np.zeros((rows.size, others)), basis, panel.features[rows]]
    return np.concatenate(whole, axis=1) - terms.centre[:, column].T


def _fixed_spread(
    recipe: Recipe, panel: Panel, blocks: list[Whole], terms: list[OpenTerms]
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


@partial(jax.jit, static_argnames=("rule", "scaling", "is_censored"))
def _followed(
    block: Block,
    eta: Array,
    parts: Parts,
    *,
    rule: AbstractRule,
    scaling: Scaling,
    is_censored: bool,
) -> tuple[Array, Array]:
    """The filter's level without its slope, and a typical information of each series."""
    score = told(rule, block, eta, parts.extra, is_censored=is_censored).score
    information = rule.information(eta, parts.extra) + jnp.zeros_like(eta)
    gains = parts.gains._replace(trend=0.0 * parts.gains.trend, season=parts.gains.season[:0])

    def step(state: State, move: Array) -> tuple[State, Array]:
        return moved(state, gains, jnp.zeros(0), move), state.level

    _, level = lax.scan(step, at_rest(0, gains.level), scaled(score, information, scaling))
    weight = block.seen.weight
    total = jnp.maximum(jnp.sum(weight, axis=0), 1.0)
    return level, jnp.exp(jnp.sum(weight * jnp.log(information), axis=0) / total)
