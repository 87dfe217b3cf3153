"""Fitting a panel: what series have in common first, then all of them in blocks."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import jax.numpy as jnp
import numpy as np

from assay.compute import in_flight
from assay.compute.progress import measured
from assay.family import AbstractFamily
from assay.series.arrange import Panel, Recipe, names_of
from assay.series.doubt import Drawn, drawn_around, units_of
from assay.series.kept import Kept
from assay.series.kinds import Floats, Whole
from assay.series.layout import Layout
from assay.series.objective import Block, filtered, fit_block
from assay.series.pooling import Common, Told, bends_along, learn_common
from assay.series.recursion import State
from assay.series.rule import AbstractRule
from assay.series.rules import followed, rule_of

# Blocks are filled up to few shapes, since each is compiled anew. One of 512 series is as fast as
# larger ones and keeps to a core's cache.
COLUMNS = (8, 32, 128, 512)
LENGTHS = 8  # lengths from one power of 2 to the next
CELLS = 4_000_000  # of one array of a block
SAMPLE = 512  # series that tell what all have in common, in one block like all others
TOLERANCE, MOST = 1e-3, 60
DRAWN = "drawn "  # before names of what drawn parameters lead to
KEPT = ("theta", "level_sd", "log_likelihood", "left")


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
        count: observations of each series that were learnt from.
    """

    theta: Floats
    level_sd: Floats
    state: State
    drawn: Drawn
    log_likelihood: Floats
    left: Floats
    count: Floats


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


def rough_levels(panel: Panel, family: AbstractFamily, driven: str) -> tuple[Floats, Floats]:
    """A first guess of each series' level before the link, and the weight of its rows.

    The mean of what was seen (for a chance, of shares of what can be), with one observation at the
    mean of all series added; with exposure it is the mean per unit of exposure.
    """
    link = next(each.link for each in family.parameters if each.name == driven)
    series = np.repeat(np.arange(panel.series), np.diff(panel.edges))
    is_log = link.name == "log"
    exposure = np.exp(panel.offset) if is_log else np.ones(1)
    total = np.bincount(series, panel.weight * _shares(panel.y, family, driven), panel.series)
    weight = np.bincount(series, panel.weight * exposure, panel.series)
    count = np.bincount(series, panel.weight, panel.series).astype(float)
    whole = total.sum() / weight.sum()
    if is_log:
        whole = max(whole, 0.5 / weight.sum())
    elif link.name == "logit":
        whole = float(np.clip(whole, 0.5 / weight.sum(), 1.0 - 0.5 / weight.sum()))
    mean = (total + whole) / (weight + 1.0)
    if not is_log and link.name == "identity":
        mean = mean - (np.mean(panel.offset) if panel.offset.size > 1 else 0.0)
    return np.asarray(link.inverse(jnp.asarray(mean))), count


def _shares(y: Floats, family: AbstractFamily, driven: str) -> Floats:
    """What a mean of is near the driven parameter: values, or shares where that is a chance."""
    if driven == "zero":
        return (y == 0) * 1.0
    link = next(each.link for each in family.parameters if each.name == driven)
    return y / followed(family).support.upper if link.name == "logit" else y


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
    nothing = np.zeros((machine.layout.size, machine.layout.size))
    return Common(*(np.array(column) for column in zip(*said, strict=True)), nothing)


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


def fit_panel(
    panel: Panel, recipe: Recipe, *, dtype: Any = np.float64, kept: Kept | None = None
) -> tuple[Common, Fits]:
    """Fit every series of a panel that was not set aside.

    Args:
        panel: the series.
        recipe: what is fitted.
        dtype: of the numbers of the search; what `Model.fit` says of its `precision` was measured.
        kept: where finished parts are kept, and taken from.

    Returns:
        What the series have in common, and their parameters and states.
    """
    machine = machine_of(recipe, panel)
    family = recipe.family
    rough, count = rough_levels(panel, family, recipe.driven)
    first = first_beliefs(panel, machine, family, rough)
    told = told_of(machine, rough, count, first)
    work = Work(panel, recipe, machine, rough, told, dtype)
    common = _common(work, first, kept)
    blocks = blocks_of(panel)

    def part(number: int) -> Part:
        return _part(work, blocks[number], common, kept, number)

    done = in_flight(part, range(len(blocks)))
    parts = list(measured(done, [block.size for block in blocks], "fitting series"))
    return common, collected(parts, count)


@dataclass(frozen=True, eq=False)
class Work:
    """A panel on its way.

    Fields:
        panel: the series.
        recipe: what is fitted.
        machine: what does it.
        rough: first guess of each level.
        told: what each series tells of it.
        dtype: of all numbers.
    """

    panel: Panel
    recipe: Recipe
    machine: Machine
    rough: Floats
    told: Told
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
        told, start = self.told.of(chosen, columns), self.start(chosen, first, columns)
        return learn_common(block, start, told, first, self.machine.static)

    def start(self, chosen: Whole, common: Common, columns: int) -> Floats:
        """Common parameters, and each series' rough level."""
        start = np.repeat(common.mean[:, None], columns, axis=1)
        start[0, : chosen.size] = self.rough[chosen]
        return start

    def fit(self, chosen: Whole, common: Common) -> "Part":
        """Parameters and states of some series."""
        block = self.block(chosen)
        columns = block.seen.y.shape[1]
        prior = common.prior(self.told.of(chosen, columns), self.dtype)
        start = prior.coordinates(jnp.asarray(self.start(chosen, common, columns), self.dtype))
        static, sd = self.machine.static, common.sd
        found = fit_block(start, block, prior, tolerance=TOLERANCE, most=MOST, **static)
        theta = prior.theta(found.at)
        kept, scale = slice(chosen.size), np.asarray(prior.scale[0])
        bend = np.maximum(bends_along(0, found, block, prior, static)[0], (scale / sd[0]) ** 2)
        run = filtered(block, theta, **static)
        mode, level_sd = np.asarray(theta)[:, kept], (scale / np.sqrt(bend))[kept]
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
        told = self.told.of(chosen, chosen.size)
        units = units_of(self.machine.layout, *told, told.of_level)
        names = names_of(self.panel.keys[chosen])
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
    steps = _rounded(int(panel.lengths.max()))
    while steps % 2 == 0 and steps // 2 >= panel.lengths[chosen].max():
        steps //= 2
    able = [size for size in COLUMNS if size >= min(panel.series, _widest(panel))]
    return steps, able[0]


def _widest(panel: Panel) -> int:
    """Series in a block, such that memory does not grow with the panel."""
    cells = int(panel.lengths.max()) * (1 + panel.features.shape[1])
    return max((size for size in COLUMNS if size * cells <= CELLS), default=COLUMNS[0])


def _rounded(steps: int) -> int:
    unit = max(1, 2 ** (steps.bit_length() - 1) // LENGTHS)
    return -(-steps // unit) * unit


def _common(work: Work, first: Common, kept: Kept | None) -> Common:
    """What series have in common, as it was kept or learnt now."""
    found = None if kept is None else kept.load("common")
    common = work.common(first) if found is None else Common(**found)
    if kept is not None and found is None:
        kept.save("common", {each.name: getattr(common, each.name) for each in fields(common)})
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


def collected(parts: list[Part], count: Floats) -> Fits:
    """All parts in the order of the panel.

    Whatever precision was fitted in, what follows is computed in float64.

    Args:
        parts: of all its series.
        count: observations of each series.
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
        count,
    )
