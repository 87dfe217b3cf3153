"""Fitting a panel: what series have in common first, then all of them in blocks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from assay.compute import apart, in_flight
from assay.compute.progress import measured, stage
from assay.family import AbstractFamily
from assay.series.filter.layout import Layout
from assay.series.filter.objective import Block, filtered, fit_block
from assay.series.filter.recursion import State
from assay.series.fitting.doubt import Drawn, drawn_around, units_of
from assay.series.fitting.groups import NO_GROUPS, Groups, learn_groups
from assay.series.fitting.kept import COMMON as KEPT_COMMON
from assay.series.fitting.kept import Kept
from assay.series.fitting.levels import levels_near, rough_levels
from assay.series.fitting.pooling import Common, Told, bends_along, learn_common
from assay.series.kinds import Floats, Whole
from assay.series.law.rule import AbstractRule
from assay.series.law.rules import rule_of
from assay.series.panel.arrange import Panel, Recipe

# Blocks are filled up to few shapes, since each is compiled anew. One of 256 series is as fast as
# larger ones and keeps to a core's cache.
COLUMNS = (8, 32, 128, 256)
LENGTHS = 8  # lengths from one power of 2 to the next
# Few series are compiled for longer than they run: their lengths are powers of 2, from this one on.
FEW, SHORTEST = 32, 64
CELLS = 4_000_000  # of one array of a block
SAMPLE = 256  # series that tell what all have in common, in one block like all others
TOLERANCE, MOST = 1e-3, 60
COMMON = ("mean", "sd", "open", "told")
DRAWN = "drawn "  # before names of what drawn parameters lead to
KEPT = ("theta", "level_sd", "log_likelihood", "left")
PASSES = 2  # of levels near what groups say of them
TELLS = 0.99  # share of the prior variance that a fit must take away to tell anything


@dataclass(frozen=True, eq=False)
class Fits:
    """Parameters and states of every series of a panel, in its order.

    Fields:
        theta: parameters, (coordinates, series).
        level_sd: what is left open of each series' level.
        state: after the last step of the panel.
        drawn: parameters as they may be as well, and their states.
        log_likelihood: of each series.
        left: what each log posterior would still gain.
    """

    theta: Floats
    level_sd: Floats
    state: State
    drawn: Drawn
    log_likelihood: Floats
    left: Floats


@dataclass(frozen=True)
class Machine:
    """What all compiled functions of a fit share.

    Fields:
        rule: of the family.
        layout: of the coordinates.
        scaling: of the score.
        is_censored: whether any row is hidden.
    """

    rule: AbstractRule
    layout: Layout
    scaling: Any
    is_censored: bool

    @property
    def static(self) -> dict[str, Any]:
        """As keywords."""
        return {
            "rule": self.rule,
            "layout": self.layout,
            "scaling": self.scaling,
            "is_censored": self.is_censored,
        }


def machine_of(recipe: Recipe, panel: Panel) -> Machine:
    """The compiled functions that a recipe needs on a panel."""
    rule = rule_of(recipe.family, recipe.driven)
    names = panel.design.names[int(panel.design.has_intercept) :] if panel.design else ()
    layout = Layout(
        extra=rule.names,
        owners=tuple(recipe.seasons.owners.tolist()),
        effects=names,
        has_trend=recipe.term.trend is not None,
        has_level=recipe.term.level,
    )
    return Machine(rule, layout, recipe.term.scaling, bool(panel.hidden.any()))


def first_beliefs(panel: Panel, machine: Machine, family: AbstractFamily, rough: Floats) -> Common:
    """What is believed of the parameters before any series is looked at."""
    natural = family.start(panel.y[panel.weight > 0], {})
    links = {each.name: each.link for each in family.parameters}
    said = []
    for at, name in enumerate(machine.layout.names):
        if at == 0:
            said.append((float(np.median(rough)), max(float(np.std(rough)), 0.5), 0.1))
        elif name in machine.rule.names:
            linked = float(links[name].inverse(jnp.asarray(natural[name])))
            said.append((linked, 1.0, 0.3))
        else:
            said.append(_first_belief(name))
    mean, sd, left = (np.array(column) for column in zip(*said, strict=True))
    return Common(mean, sd, left, np.zeros((mean.size, mean.size)))


def _first_belief(name: str) -> tuple[float, float, float]:
    """Mean, spread over series and what a fit leaves open, before anything is known."""
    if name == "pull":
        return 3.0, 1.0, 0.5
    if name == "lasting":
        return -1.0, 1.0, 0.5
    if name.startswith("gain"):
        return (-2.0 if name == "gain of level" else -4.0), 1.0, 0.5
    return 0.0, 0.3, 0.1


def told_of(machine: Machine, rough: Floats, count: Floats, common: Common) -> Told:
    """What each series tells, by its rough level."""
    first, names = machine.layout.first_extra, machine.rule.names
    extra = tuple(jnp.full(rough.size, common.mean[first + k]) for k in range(len(names)))
    one = np.asarray(machine.rule.information(jnp.asarray(rough), extra))
    return Told(np.broadcast_to(one, rough.shape).copy(), count)


def learnt_groups(panel: Panel, recipe: Recipe, machine: Machine, first: Common) -> Groups:
    """Effects of groups on levels before any fit, of all series that were not set aside.

    Args:
        panel: the series.
        recipe: what is fitted.
        machine: what does it.
        first: what is believed of the other parameters.

    Source: Breslow & Clayton (1993), Approximate inference in generalized linear mixed models,
        JASA 88, for levels that are taken linear near their own predictions.
    """
    near, count = rough_levels(panel, recipe.family, recipe.driven)
    count[list(panel.set_aside)] = 0.0
    every, groups = np.arange(panel.series), NO_GROUPS
    for _ in range(PASSES):
        levels = levels_near(panel, recipe.family, recipe.driven, near)
        told = told_of(machine, near, count, first).of_level
        groups = learn_groups(panel.pools, levels, told)
        near = groups.mean + groups.offsets(panel.pools, every)[0]
        own = groups.own_sd**2 * told
        near = near + own / (1.0 + own) * (levels - near)
    return groups


def common_now(panel: Panel, common: Common, fits: "Fits") -> Common:
    """What series that no fit has seen begin with: the same, with levels as they are at the end.

    Effects of groups are learnt again, from what fits found: they know of features, seasons and of
    what was hidden, and where levels went since their series began.

    Args:
        panel: the series.
        common: what they were fitted with.
        fits: of all of them.
    """
    if not common.groups.columns:
        return common
    offset, unsure = common.groups.offsets(panel.pools, np.arange(panel.series))
    prior, left = common.sd[0] ** 2, fits.level_sd**2
    # What was open of groups is taken out again, and then what the prior said.
    left = 2.0 * left / (1.0 + np.sqrt(1.0 + 4.0 * left * (unsure / prior) ** 2))
    told = np.where(left < TELLS * prior, 1.0 / left - 1.0 / prior, 0.0)
    told[list(panel.set_aside)] = 0.0
    around = common.mean[0] + offset
    levels = around + (fits.theta[0] - around) / (1.0 - np.minimum(left / prior, TELLS))
    groups = learn_groups(panel.pools, levels + np.asarray(fits.state.level), told)
    if not groups.columns:
        return common
    mean, sd = common.mean.copy(), common.sd.copy()
    mean[0], sd[0] = groups.mean, groups.own_sd
    return replace(common, mean=mean, sd=sd, groups=groups)


@dataclass(frozen=True, eq=False)
class Levels:
    """What is known of each series' level before it is fitted.

    Fields:
        rough: first guess.
        told: what they tell.
        offset: what its groups add to the mean of all.
        unsure: standard deviation of what is not known of that.
    """

    rough: Floats
    told: Told
    offset: Floats
    unsure: Floats


def levels_of(panel: Panel, recipe: Recipe, machine: Machine, common: Common) -> Levels:
    """What is known of the level of each series of a panel before it is fitted."""
    groups = common.groups
    offset, unsure = groups.offsets(panel.pools, np.arange(panel.series))
    near = groups.mean + offset if groups.columns else None
    rough, count = rough_levels(panel, recipe.family, recipe.driven, near)
    return Levels(rough, told_of(machine, rough, count, common), offset, unsure)


def fit_panel(
    panel: Panel, recipe: Recipe, *, dtype: Any = np.float64, kept: Kept | None = None
) -> tuple[Common, Fits]:
    """Fit every series of a panel; those set aside tell nothing of what all have in common.

    Args:
        panel: the series.
        recipe: what is fitted.
        dtype: of all numbers; float32 takes half the time and memory, and moves a log posterior
            by some 1e-6 of its size.
        kept: where finished parts are kept, and taken from.

    Returns:
        What the series have in common, and their parameters and states.
    """
    stage("learning what all series have in common")
    work, common = apart(lambda: _begun(panel, recipe, dtype, kept))
    stage(f"fitting {panel.series:,} series")
    blocks = blocks_of(panel)

    def part(number: int) -> Part:
        return _part(work, blocks[number], common, kept, number)

    done = in_flight(part, range(len(blocks)))
    parts = list(measured(done, [block.size for block in blocks], "fitting series"))
    fits = collected(parts)
    return common_now(panel, common, fits), fits


def _begun(panel: Panel, recipe: Recipe, dtype: Any, kept: Kept | None) -> "tuple[Work, Common]":
    """A panel that is ready to be fitted, and what its series have in common."""
    machine = machine_of(recipe, panel)
    rough, _ = rough_levels(panel, recipe.family, recipe.driven)
    first = first_beliefs(panel, machine, recipe.family, rough)
    known = _kept_common(kept)
    groups = learnt_groups(panel, recipe, machine, first) if known is None else known.groups
    first = replace(first, groups=groups)
    levels = levels_of(panel, recipe, machine, first)
    if groups.columns:
        beyond = first_beliefs(panel, machine, recipe.family, levels.rough - levels.offset)
        first = replace(beyond, groups=groups)
    work = Work(panel, recipe, machine, levels, dtype)
    return work, _common(work, first, kept) if known is None else known


@dataclass(frozen=True, eq=False)
class Work:
    """A panel on its way.

    Fields:
        panel: the series.
        recipe: what is fitted.
        machine: what does it.
        levels: what is known of each level.
        dtype: of all numbers.
    """

    panel: Panel
    recipe: Recipe
    machine: Machine
    levels: Levels
    dtype: Any

    def block(self, chosen: Whole) -> Block:
        """Some series side by side."""
        steps, columns = shape_of(self.panel, chosen)
        return self.panel.block(chosen, steps, columns, self.recipe.seasons, self.dtype)

    def common(self, first: Common) -> Common:
        """What series have in common, learnt from a sample of them."""
        chosen = sample_of(self.panel)
        block = self.block(chosen)
        columns = block.seen.y.shape[1]
        told, offset, unsure = self.filled(chosen, columns)
        start = self.start(chosen, first, columns)
        return learn_common(
            block, start, told, first, self.machine.static, offset=offset, unsure=unsure
        )

    def filled(self, chosen: Whole, columns: int) -> tuple[Told, Floats, Floats]:
        """What series tell of their levels, and their groups; 0 where a block is filled up."""
        levels, rest = self.levels, np.zeros(columns - chosen.size)
        offset, unsure = (np.append(own[chosen], rest) for own in (levels.offset, levels.unsure))
        return levels.told.of(chosen, columns), offset, unsure

    def start(self, chosen: Whole, common: Common, columns: int) -> Floats:
        """Common parameters, and each series' rough level."""
        start = np.repeat(common.mean[:, None], columns, axis=1)
        start[0, : chosen.size] = self.levels.rough[chosen]
        return start

    def fit(self, chosen: Whole, common: Common) -> "Part":
        """Parameters and states of some series."""
        block = self.block(chosen)
        columns = block.seen.y.shape[1]
        told, offset, unsure = self.filled(chosen, columns)
        prior = common.prior(told, self.dtype, offset)
        start = prior.coordinates(jnp.asarray(self.start(chosen, common, columns), self.dtype))
        static, sd = self.machine.static, common.sd
        found = fit_block(start, block, prior, tolerance=TOLERANCE, most=MOST, **static)
        theta = prior.theta(found.at)
        kept, scale = slice(chosen.size), np.asarray(prior.scale[0])
        bend = np.maximum(bends_along(0, found, block, prior, static)[0], (scale / sd[0]) ** 2)
        level_sd = scale / np.sqrt(bend)
        # As far as its rows do not decide, what is not known of its groups is not known of it.
        level_sd = np.hypot(level_sd, (level_sd / sd[0]) ** 2 * unsure)[kept]
        run, mode = filtered(block, theta, **static), np.asarray(theta)[:, kept]
        return Part(
            chosen,
            mode,
            level_sd,
            State(*(each[..., kept] for each in run.state)),
            self.drawn(block, chosen, mode, level_sd, common),
            np.asarray(run.log_likelihood)[kept],
            np.asarray(found.left)[kept],
        )

    def drawn(
        self, block: Block, chosen: Whole, theta: Floats, level_sd: Floats, common: Common
    ) -> Drawn:
        """Parameters of some series as they may be as well, and where they leave the filter."""
        told = self.levels.told.of(chosen, chosen.size)
        units = units_of(self.machine.layout, *told, told.of_level)
        names = [self.panel.name(int(k)) for k in chosen]
        theta = drawn_around(theta, level_sd, common.told, units, common.sd, names)
        return Drawn(theta, states_of(block, theta, self.machine, self.dtype))


def states_of(block: Block, theta: Floats, machine: Machine, dtype: Any) -> State:
    """Where parameters leave the filter, each (..., series, draws).

    Args:
        block: as many series, and those that only fill it up.
        theta: (coordinates, series, draws).
        machine: the filter.
        dtype: of all numbers.
    """
    columns, series = block.seen.y.shape[1], theta.shape[1]
    filled = theta[:, np.arange(columns) % series]
    turns = np.moveaxis(filled, -1, 0)
    runs = [filtered(block, jnp.asarray(each, dtype), **machine.static) for each in turns]
    every = zip(*(run.state for run in runs), strict=True)
    return State(*(jnp.stack(each, axis=-1)[..., :series, :] for each in every))


@dataclass(frozen=True, eq=False)
class Part:
    """What was found of some series; fields as those of `Fits`."""

    chosen: Whole
    theta: Floats
    level_sd: Floats
    state: State
    drawn: Drawn
    log_likelihood: Floats
    left: Floats


def sample_of(panel: Panel) -> Whole:
    """Series that tell what all have in common: evenly spaced over those that can be learnt."""
    able = np.setdiff1d(np.arange(panel.series), list(panel.set_aside))
    # A stride that does not fall in step with the order of keys.
    most = min(SAMPLE, _widest(panel))
    order = np.random.default_rng(able.size).permutation(able.size)[:most]
    return able[np.sort(order)]


def blocks_of(panel: Panel) -> list[Whole]:
    """Series of similar length together."""
    order = np.argsort(-panel.lengths, kind="stable")
    size = _widest(panel)
    return [np.sort(order[at : at + size]) for at in range(0, order.size, size)]


def shape_of(panel: Panel, chosen: Whole) -> tuple[int, int]:
    """Steps and columns of a block that holds these series.

    One more week of history is no new length, and series that start late are worth one of their
    own where they are half as long.
    """
    columns = next(size for size in COLUMNS if size >= min(panel.series, _widest(panel)))
    longest, own = int(panel.lengths.max()), int(panel.lengths[chosen].max())
    if columns <= FEW:
        return max(SHORTEST, 1 << (own - 1).bit_length()), columns
    steps = _rounded(longest)
    while steps % 2 == 0 and steps // 2 >= own:
        steps //= 2
    return steps, columns


def _widest(panel: Panel) -> int:
    """Series in a block, such that memory does not grow with the panel."""
    cells = int(panel.lengths.max()) * (1 + panel.features.shape[1])
    return max((size for size in COLUMNS if size * cells <= CELLS), default=COLUMNS[0])


def _rounded(steps: int) -> int:
    unit = max(1, 2 ** (steps.bit_length() - 1) // LENGTHS)
    return -(-steps // unit) * unit


def _kept_common(kept: Kept | None) -> Common | None:
    """What series have in common, if it was kept."""
    found = None if kept is None else kept.load(KEPT_COMMON)
    if found is None:
        return None
    return Common(**{name: found[name] for name in COMMON}, groups=Groups.of(found))


def _common(work: Work, first: Common, kept: Kept | None) -> Common:
    """What series have in common, learnt and kept."""
    common = work.common(first)
    if kept is not None:
        own = {name: getattr(common, name) for name in COMMON}
        kept.save(KEPT_COMMON, own | common.groups.arrays())
    return common


def _part(work: Work, chosen: Whole, common: Common, kept: Kept | None, number: int) -> Part:
    """What was found of a block, as it was kept or found now."""
    found = None if kept is None else kept.load(f"part-{number}")
    if found is not None:
        state, ends = (
            State(*(jnp.asarray(found[before + name]) for name in State._fields))
            for before in ("", DRAWN)
        )
        rest = {name: found[name] for name in KEPT}
        return Part(chosen=chosen, state=state, drawn=Drawn(found[DRAWN], ends), **rest)
    part = work.fit(chosen, common)
    if kept is not None:
        rest = {name: getattr(part, name) for name in KEPT}
        for before, state in (("", part.state), (DRAWN, part.drawn.state)):
            rest |= {before + name: np.asarray(each) for name, each in state._asdict().items()}
        kept.save(f"part-{number}", rest | {DRAWN: part.drawn.theta})
    return part


def collected(parts: list[Part]) -> Fits:
    """All parts in the order of the panel.

    Whatever precision was fitted in, what follows is computed in float64.

    Args:
        parts: of all its series.
    """
    order = np.concatenate([part.chosen for part in parts])
    back = np.argsort(order)

    def joined(each: Iterable[Floats], axis: int = -1) -> Floats:
        whole = np.concatenate([np.asarray(own) for own in each], axis=axis, dtype=np.float64)
        return np.take(whole, back, axis)

    def states(each: Iterable[State], axis: int) -> State:
        return State(*(jnp.asarray(joined(own, axis)) for own in zip(*each, strict=True)))

    return Fits(
        joined(part.theta for part in parts),
        joined(part.level_sd for part in parts),
        states((part.state for part in parts), -1),
        Drawn(
            joined((part.drawn.theta for part in parts), -2),
            states((part.drawn.state for part in parts), -2),
        ),
        joined(part.log_likelihood for part in parts),
        joined(part.left for part in parts),
    )
