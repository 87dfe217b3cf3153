"""More labelled rows as a use of effort, beside better models."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from assay.errors import PlanError
from assay.portfolio.allocation import allocate
from assay.portfolio.answers.bounds import alone
from assay.portfolio.answers.max_plus import best_mix
from assay.portfolio.answers.today import Today
from assay.portfolio.kinds import Floats

if TYPE_CHECKING:
    from assay.problem import Feasibility

NEGLIGIBLE = 1e-8  # weights below this share of the largest move no figure that is shown


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What is known of how a project's skill rises with its labelled rows.

    Fields:
        rows: rows that are labelled today.
        rows_per_unit: further rows that one unit of effort labels.
        skills: rows, skill measured after learning from so many, its standard error; the skill is
            against the same baseline as the project's.

    Raises:
        PlanError: a number is out of range, or no skill was measured.
    """

    rows: int
    rows_per_unit: float
    skills: tuple[tuple[int, float, float], ...]

    def __post_init__(self) -> None:
        if self.rows < 1:
            raise self._refusal("rows", self.rows, "1 or more")
        if not (isfinite(self.rows_per_unit) and self.rows_per_unit > 0):
            raise self._refusal("rows_per_unit", self.rows_per_unit, "finite and above 0")
        if not self.skills:
            raise self._refusal("skills", "empty", "measured at one number of rows at least")
        for rows, skill, se in self.skills:
            if not (rows >= 1 and isfinite(skill) and skill <= 1 and isfinite(se) and se > 0):
                accepted = "rows from 1 on, a skill up to 1 and an error above 0"
                raise self._refusal("skills", (rows, skill, se), accepted)

    def values(self, units: int, value_of_skill: float) -> Floats:
        """Expected value that labelling for the next 0, 1, ... `units` units adds.

        The skill is a power law of the rows, `c - a m^-b`, whose three numbers are as uncertain as
        what was measured leaves them.

        Args:
            units: whole units of effort.
            value_of_skill: value of a skill of 1, which is a hundred points.

        Source: Hestness et al. (2017), Deep learning scaling is predictable, empirically; the prior
            and its weights are those of the study of feasibility.
        """
        from assay.problem.feasibility.curve import Point, rising

        points = [Point(rows=n, score=skill, sd=se) for n, skill, se in sorted(self.skills)]
        curve = rising(points)
        kept = curve.weight > NEGLIGIBLE * curve.weight.max()
        rows = self.rows + self.rows_per_unit * np.arange(units + 1.0)
        left = (rows[:, None] / curve.at) ** -curve.power[kept]  # of what endless rows would bring
        weight = curve.weight[kept] / curve.weight[kept].sum()
        short = left @ (weight * (curve.top - curve.here)[kept])
        return np.maximum.accumulate(value_of_skill * (short[0] - short))

    def _refusal(self, name: str, found: object, accepted: str) -> PlanError:
        return PlanError(
            f"more data: `{name}` is {found}, must be {accepted}. Write for example "
            "labelling = { rows = 442, per_unit = 50, skill = { 110 = 0.31, 442 = 0.41 } }."
        )


@dataclass(frozen=True, kw_only=True)
class DataMix:
    """How a project's effort is best divided between better models and more rows.

    Fields:
        project: its key.
        units: what it gets where labelling competes as well.
        units_before: what it gets where it does not.
        labelling: of `units`, those spent on labelling.
        rows: rows that these label.
        value: expected value of `units`, mixed as well as can be.
        modelling: expected value of as many units of modelling alone.
        first_unit: value that the first unit of labelling adds.
        is_known: whether its learning curve is known; else labelling brings nothing here.
    """

    project: str
    units: int
    units_before: int
    labelling: int
    rows: int
    value: float
    modelling: float
    first_unit: float
    is_known: bool


@dataclass(frozen=True, kw_only=True)
class DataPlan:
    """The best split of a budget where some projects may also label further rows.

    Fields:
        projects: one for each, in order.
        value: expected value of the split.
        before: expected value of the best split without labelling.
    """

    projects: tuple[DataMix, ...]
    value: float
    before: float


def with_more_data(today: Today, labelling: Mapping[str, Labelling]) -> DataPlan:
    """Split the budget where labelling competes with modelling, within and between projects.

    What models and rows bring is taken to add up. That flatters the mix where both would reach the
    same part of the skill, so the less is left to gain, the more care it needs.

    Args:
        today: the best split.
        labelling: by key of the project; the others have no learning curve.

    Raises:
        PlanError: a key is of no project, nothing is known of any learning curve, or the points of
            a project that labels are not all worth the same: what models and rows bring would then
            not add up.
    """
    if not labelling:
        raise PlanError(
            "more data: no project says how its skill rises with its rows. Write for example "
            "labelling = { rows = 442, per_unit = 50, skill = { 110 = 0.31, 442 = 0.41 } } in "
            "[[project]]; `assay feasibility` measures such skills on a pilot."
        )
    known = {today.place(key): each for key, each in labelling.items()}
    for state in (today.cases[at].state for at in known):
        if not state.returns.is_linear:
            raise PlanError(
                f'more data: project "{state.key}" has returns of its own, and labelling counts '
                "only where every point is worth the same. Leave out its `returns`, or its "
                "`labelling`."
            )
    nothing = np.zeros(today.budget + 1)
    of_rows = [
        known[at].values(today.budget, 100.0 * case.state.importance) if at in known else nothing
        for at, case in enumerate(today.cases)
    ]
    mixes = [best_mix(one, rows) for one, rows in zip(today.whole, of_rows, strict=True)]
    states = [case.state for case in today.cases]
    found = allocate([value for value, _ in mixes], today.budget, constraints=alone(states))
    return DataPlan(
        projects=tuple(
            _mix(today, at, units, mixes[at], of_rows[at], known.get(at))
            for at, units in enumerate(found.units)
        ),
        value=found.value,
        before=today.value,
    )


def labelling_of(study: "Feasibility", rows_per_unit: float) -> Labelling:
    """What a study of feasibility measured, as a use of effort.

    Args:
        study: of a pilot, whose rows are those labelled today.
        rows_per_unit: further rows that one unit of effort labels.
    """
    skills = tuple((point.rows, point.score, max(point.sd, 1e-6)) for point in study.points)
    return Labelling(rows=study.rows, rows_per_unit=rows_per_unit, skills=skills)


def _mix(
    today: Today,
    at: int,
    units: int,
    mix: tuple[Floats, np.ndarray],
    of_rows: Floats,
    known: Labelling | None,
) -> DataMix:
    value, labelling = mix
    spent = int(labelling[units])
    return DataMix(
        project=today.cases[at].state.key,
        units=units,
        units_before=today.units[at],
        labelling=spent,
        rows=round(spent * known.rows_per_unit) if known else 0,
        value=float(value[units]),
        modelling=float(today.whole[at][units]),
        first_unit=float(of_rows[1]) if of_rows.size > 1 else 0.0,
        is_known=known is not None,
    )
