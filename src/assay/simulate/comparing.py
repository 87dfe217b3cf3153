"""Several policies side by side, in the same companies."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.compute.progress import tracked
from assay.errors import ConfigError
from assay.portfolio.kinds import Floats
from assay.simulate.companies import Company
from assay.simulate.playing import Course, play, shares_of
from assay.simulate.policies import Policy

if TYPE_CHECKING:
    import altair as alt
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How policies fared in the same companies.

    Fields:
        budget: units that each company spent.
        companies: in which they played.
        courses: for each policy one course a company.
    """

    budget: int
    companies: tuple[Company, ...]
    courses: tuple[tuple[Course, ...], ...]

    @property
    def policies(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(courses[0].policy for courses in self.courses)

    @property
    def efforts(self) -> tuple[int, ...]:
        """Units on offer up to and including each round."""
        return tuple(step.effort for step in self.courses[0][0].steps)

    def regrets(self) -> Floats:
        """Regret in per cent of the oracle's value; shape (policy, company, round)."""
        return np.array(
            [[[s.regret for s in course.steps] for course in courses] for courses in self.courses]
        )

    def table(self) -> "pl.DataFrame":
        """One row a policy and round: `policy`, `round`, `effort`, `regret`, `se`.

        Regret is the mean over companies, in per cent of what the best split of the same effort
        is worth; `se` is its standard error, null for a single company.
        """
        import polars as pl

        regrets = self.regrets()
        mean, error = regrets.mean(axis=1), standard_error(regrets, axis=1)
        kinds = {"policy": pl.String, "round": pl.Int64, "effort": pl.Int64, "regret": pl.Float64}
        rows = [
            (name, number + 1, effort, mean[at, number], error[at, number])
            for at, name in enumerate(self.policies)
            for number, effort in enumerate(self.efforts)
        ]
        found = pl.DataFrame(rows, {**kinds, "se": pl.Float64}, orient="row")
        return found.with_columns(pl.col("se").fill_nan(None))

    def splits(self) -> "pl.DataFrame":
        """Of the first company, one row a project: what each policy and the oracle spent on it."""
        import polars as pl

        first = self.companies[0].projects
        truth = {
            "project": [project.key for project in first],
            "importance": [project.importance for project in first],
            "is_dead": [project.is_dead for project in first],
            "oracle": list(self.courses[0][0].oracle.units),
        }
        spent = {each[0].policy: list(each[0].steps[-1].units) for each in self.courses}
        return pl.DataFrame({**truth, **spent})

    def picture(self) -> "alt.LayerChart":
        """Regret against effort, a line for each policy."""
        from assay.picture.regret import regret_by_effort

        return regret_by_effort(self.table())

    def as_dict(self) -> dict[str, Any]:
        """The comparison as JSON takes it."""
        table = self.table()
        return {
            "budget": self.budget,
            "companies": len(self.companies),
            "first_seed": self.companies[0].seed,
            "efforts": self.efforts,
            "policies": {
                name: {
                    column: table.filter(table["policy"] == name)[column].to_list()
                    for column in ("regret", "se")
                }
                for name in self.policies
            },
            "split": self.splits().to_dicts(),
        }


def compare(
    companies: Sequence[Company], policies: Sequence[Policy], *, budget: int, rounds: int = 10
) -> Comparison:
    """Play each policy in each company, with the same luck for all; a terminal sees a bar.

    Args:
        companies: at least one; they may differ in their number of projects.
        policies: at least one, all different.
        budget: units that each company spends.
        rounds: of plan, attempt and learn.

    Raises:
        ConfigError: there is no company or no policy, a policy twice, or a number out of range.
    """
    names = [each.name for each in policies]
    if not companies or not names or len(set(names)) < len(names):
        raise ConfigError(
            f"compare: got {len(companies)} companies and the policies {', '.join(names) or '-'}; "
            "at least one of each is needed, and no policy twice. Name each policy once."
        )
    shares_of(budget, rounds)
    pairs = [(firm, each) for firm in companies for each in policies]
    played = [play(firm, each, budget, rounds) for firm, each in tracked(pairs, "playing")]
    courses = tuple(tuple(played[at :: len(names)]) for at in range(len(names)))
    return Comparison(budget=budget, companies=tuple(companies), courses=courses)


def standard_error(values: Floats, axis: int = 0) -> Floats:
    """Standard error of the mean along an axis; nan for a single value."""
    count = values.shape[axis]
    if count < 2:
        return np.full(np.delete(values.shape, axis), np.nan)
    return np.std(values, axis=axis, ddof=1) / np.sqrt(count)
