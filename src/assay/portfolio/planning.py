"""Plan how a budget of effort is split over projects, with the reason for each part."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

from assay.errors import PlanError, nearest
from assay.portfolio.allocation import allocate
from assay.portfolio.doubt import beyond_perfect
from assay.portfolio.kinds import Floats
from assay.portfolio.project_state import ProjectState
from assay.portfolio.reason import Split, amount, explain, figure, worth
from assay.portfolio.rules import (
    NO_RULES,
    Rules,
    constraints_of,
    held_back,
    idle_teams,
    is_bound,
    kept,
    owed,
)
from assay.portfolio.side_by_side import side_by_side

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from assay.portfolio.pictures import PlanPicture

MOST_UNITS = 20_000  # the exact search takes time as the square of the budget
DOUBTFUL = 0.3  # before any attempt the probability of a dead project is 0.2
POINTS = "importance × points"  # the unit of value where none is named


@dataclass(frozen=True, kw_only=True)
class PlanLine:
    """What one project gets.

    Fields:
        key: of the project.
        question: what it answers.
        importance: value of one point.
        units: effort it gets.
        effort_spent: effort spent before.
        expected_gain: expected value of these units, in the plan's unit of value.
        points: of skill that they are expected to add.
        low: least value, believed with 80 %.
        high: most value, believed with 80 %.
        price_of_last_unit: value that its last unit adds; `None` if it gets none.
        next_unit_gain: value that one unit more would add.
        reason: why not more, and what else its owner should know.
        unknown_before: attempts of unknown effort before others that are on the curve: where there
            are any, it may be too steep.
        what_would_change: the smallest changes that would move a unit to or from it; empty where
            nobody asked.
    """

    key: str
    question: str
    importance: float
    units: int
    effort_spent: float
    expected_gain: float
    points: float
    low: float
    high: float
    price_of_last_unit: float | None
    next_unit_gain: float
    reason: str
    unknown_before: int = 0
    what_would_change: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a budget is split, what that is expected to return, and why.

    Fields:
        budget: effort that was split, whole units.
        effort_unit: what one unit is called.
        lines: one for each project, in the order given.
        value: expected value of all units together.
        bound: no split is worth more, by an argument independent of the search.
        certificate: `bound / value`.
        notes: what the reader should know, such as a budget that was rounded.
        value_unit: of every value, such as "k€ a month"; empty for importance times points.
        curves: for each project the value of its next 0, 1, ... units.
        states: the projects, in the order of the lines; kept for pictures.
        rules: what the split kept beside the budget; likewise.
    """

    budget: int
    effort_unit: str
    lines: tuple[PlanLine, ...]
    value: float
    bound: float
    certificate: float
    notes: tuple[str, ...] = ()
    value_unit: str = ""
    curves: tuple[Floats, ...] = field(default=(), repr=False, compare=False)
    states: tuple[ProjectState, ...] = field(default=(), repr=False, compare=False)
    rules: Rules = field(default=NO_RULES, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON takes it, with `"format": 1`."""
        kept = ("budget", "effort_unit", "value", "bound", "certificate")
        head = {"format": 1, **{name: getattr(self, name) for name in kept}}
        head["value_unit"] = self.value_unit or POINTS
        return head | {"notes": list(self.notes), "lines": [asdict(line) for line in self.lines]}

    def table(self) -> "pl.DataFrame":
        """One row a project, with the fields of `PlanLine`; the key is in column `project`."""
        import polars as pl

        rows = [asdict(line) for line in self.lines]
        numbers = {"price_of_last_unit": pl.Float64}  # may be null in every row
        return pl.DataFrame(rows, schema_overrides=numbers).rename({"key": "project"})

    def picture(
        self, kind: "PlanPicture" = "optimum", *, is_titled: bool = True
    ) -> "alt.TopLevelMixin":
        """The plan drawn.

        Args:
            kind: `"optimum"`: each project's worth against its effort, and the dot where this plan
                puts it; `"curves"`: accuracy against effort from the first unit on, with its 80 %
                band, attempts and stages of work, a panel a project; `"budgets"`: the split as the
                budget grows to twice this one; `"marginal"`: what one unit more adds, and the price
                that decides; `"returns"`: what accuracy is worth, and how far the plan takes it.
            is_titled: whether the picture says itself what it shows.

        Raises:
            PlanError: no such kind.
        """
        from assay.portfolio.pictures import draw_plan

        return draw_plan(self, kind, is_titled=is_titled)

    def drawn(self) -> "pl.DataFrame":
        """Points of each project's curve, few enough to be drawn: `project`, `effort`, `value`."""
        from assay.portfolio.pictures import optimum_curves

        return optimum_curves(self)

    def headline(self) -> str:
        """The plan in one sentence."""
        funded = sorted(self.lines, key=lambda line: -line.units)
        split = ", ".join(f"{line.units} to {line.key}" for line in funded if line.units)
        all_of_it = amount(self.budget, self.effort_unit)
        brings = worth(self.value, self.value_unit or f"({POINTS})")
        none = "none is worth spending" if self.budget else "nothing to split"
        return f"{all_of_it}: {split or none}; worth {brings}"

    def __str__(self) -> str:
        reasons = [f"{line.key}: {line.reason}" for line in self.lines]
        return "\n".join((self.headline(), *reasons, *self.notes))

    def _repr_html_(self) -> str:
        brings = f"worth ({self.value_unit})" if self.value_unit else "worth"
        heads = ("project", self.effort_unit + "s", brings, "80 % between", "why")
        rows = [
            (line.key, line.units, figure(line.expected_gain), _between(line), line.reason)
            for line in self.lines
        ]
        body = "".join(_row("td", row) for row in rows)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        table = f"<table>{_row('th', heads)}{body}</table>"
        from assay.picture import inline

        drawn = inline(self.picture(is_titled=False))
        return f"<p><strong>{escape(self.headline())}</strong></p>{drawn}{table}{notes}"


def plan_projects(
    states: Sequence[ProjectState],
    *,
    budget: float,
    effort_unit: str,
    value_unit: str = "",
    rules: Rules = NO_RULES,
) -> Plan:
    """Split a budget over projects so that the expected value is greatest.

    Args:
        states: the projects that compete; their keys differ.
        budget: effort to split; what is not a whole unit is left over, and a note says so.
        effort_unit: what one unit of effort is called, such as "person-day".
        value_unit: what values are in, such as "k€ a month"; empty for importance times points.
        rules: teams, and how many projects may be active; what binds a single project, it says
            itself.

    Raises:
        PlanError: no project, two of one key, a budget that is negative, not a number or too
            large to search, or rules that no split of it keeps.
    """
    check_keys(states)
    units = whole_units(budget, effort_unit)
    values = tuple(side_by_side(lambda state: state.values(units + 1), states))
    keys = tuple(state.key for state in states)
    constraints = constraints_of(states, rules)
    found = allocate(
        [value[: units + 1] for value in values], units, constraints=constraints, names=keys
    )
    held = tuple(held_back(constraints, states, found.units, at) for at in range(len(states)))
    firm = tuple(kept(constraints, states, found.units, at) for at in range(len(states)))
    must = tuple(owed(constraints, states, found.units, at) for at in range(len(states)))
    is_limited = is_bound(constraints)
    bands = side_by_side(lambda at: states[at].band(found.units[at]), range(len(states)))
    split = Split(keys, values, found.units, units, effort_unit, held, firm, is_limited, value_unit)
    return Plan(
        budget=units,
        effort_unit=effort_unit,
        lines=tuple(
            _line(state, split, at, bands[at], must[at]) for at, state in enumerate(states)
        ),
        value=found.value,
        bound=found.bound,
        certificate=found.certificate,
        notes=(*_notes(budget, split), *filter(None, [found.note, idle_teams(states, rules)])),
        value_unit=value_unit,
        curves=values,
        states=tuple(states),
        rules=rules,
    )


def _line(
    state: ProjectState, split: Split, at: int, band: tuple[float, float], must: str
) -> PlanLine:
    doubts = (_doubt(state), beyond_perfect(state, split.units[at]))
    return PlanLine(
        key=state.key,
        question=state.question,
        importance=float(state.importance),
        units=split.units[at],
        effort_spent=float(state.effort_spent),
        expected_gain=float(split.values[at][split.units[at]]),
        points=state.points_added(split.units[at]),
        low=band[0],
        high=band[1],
        price_of_last_unit=split.price_of_last(at),
        next_unit_gain=split.gain_of_next(at),
        reason=" ".join(filter(None, [must, explain(split, at), *doubts, state.note])),
        unknown_before=state.unknown_before,
    )


def _doubt(state: ProjectState) -> str:
    dead = state.curve.probability_dead()
    words = f"With probability {dead:.2f} there is nothing to gain here."
    return words if dead >= DOUBTFUL else ""


def _notes(budget: float, split: Split) -> tuple[str, ...]:
    notes, unit = [], split.effort_unit
    if budget != split.budget:
        whole = amount(split.budget, unit)
        notes.append(f"The budget of {amount(budget, unit)} was rounded down to {whole}.")
    if split.left():
        left = amount(split.left(), unit)
        are = "is" if split.left() == 1 else "are"
        who = "no project that may get more" if split.is_bound else "no project"
        notes.append(f"{left} of the budget {are} left over: {who} would gain from more.")
    return tuple(notes)


def check_keys(states: Sequence[ProjectState]) -> None:
    """Refuse an empty list of projects, two of one key, and needs that name no project."""
    keys = [state.key for state in states]
    twice = sorted(key for key, count in Counter(keys).items() if count > 1)
    if not keys or twice:
        found = f'the key "{twice[0]}" twice' if twice else "no project"
        raise PlanError(
            f"plan: found {found}, needs at least one project, each with its own key. "
            "Add a project or rename one."
        )
    for state in states:
        unknown = [key for key in state.needs if key not in keys]
        if unknown:
            raise PlanError(
                f'project "{state.key}" needs "{unknown[0]}". {nearest(unknown[0], keys)}'
            )


def whole_units(budget: float, effort_unit: str) -> int:
    """The whole units of a budget; refuses one that is negative, not a number or too large."""
    if not 0 <= budget <= MOST_UNITS:  # written so that nan is refused too
        raise PlanError(
            f"plan: `budget` is {budget} {effort_unit}s, must be from 0 to {MOST_UNITS:,}. "
            "State a larger effort in larger units."
        )
    return math.floor(budget)


def _between(line: PlanLine) -> str:
    return f"{figure(line.low)} to {figure(line.high)}" if line.low < line.high else "–"


def _row(tag: str, cells: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(str(cell))}</{tag}>" for cell in cells) + "</tr>"
