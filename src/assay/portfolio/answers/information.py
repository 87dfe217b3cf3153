"""What past attempts are worth to today's plan, failed ones included."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from assay.errors import PlanError, nearest
from assay.ledger import Tell
from assay.ledger.telling import silent
from assay.portfolio.answers.today import Today
from assay.portfolio.planning import POINTS
from assay.portfolio.reason import amount, figure, worth

if TYPE_CHECKING:
    import altair as alt
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class AttemptValue:
    """What one attempt is worth to today's plan.

    Fields:
        project: its key.
        attempt: name of the attempt.
        author: who made it.
        kind: `improved`, `no better`, `broke` or `not scored`.
        value: in the unit of the plan's values; 0 where the plan would be the same without it.
        effort: the same as effort; `None` where no unit of effort adds anything.
    """

    project: str
    attempt: str
    author: str
    kind: str
    value: float
    effort: float | None


@dataclass(frozen=True, kw_only=True)
class FailuresValue:
    """What the failures of one project, or of all, are worth together.

    Fields:
        project: its key; `None` for the whole company.
        failures: how many there are.
        value: in the unit of the plan's values.
        effort: the same as effort; `None` where no unit of effort adds anything.
    """

    project: str | None
    failures: int
    value: float
    effort: float | None


@dataclass(frozen=True, kw_only=True)
class Information:
    """What the attempts recorded so far are worth to today's plan.

    Fields:
        attempts: each of them, most valuable first. Single values do not add up: of two attempts
            that say the same, neither alone is missed.
        failures: of each project that has any.
        company: all failures together.
        everything: all attempts together, against a plan from beliefs alone.
        everything_effort: the same as effort.
        value_unit: of every value; empty for importance times points.
    """

    attempts: tuple[AttemptValue, ...]
    failures: tuple[FailuresValue, ...]
    company: FailuresValue
    everything: float
    everything_effort: float | None
    value_unit: str = ""

    def headline(self) -> str:
        """What they are worth together, in one sentence."""
        count, failed = len(self.attempts), self.company.failures
        failures = f"; the {failed:,} that failed are worth {figure(self.company.value)}"
        everything = worth(self.everything, self.value_unit or f"({POINTS})")
        return f"All {count:,} together are worth {everything}{failures if failed else ''}"

    def table(self) -> "pl.DataFrame":
        """What is drawn: each attempt that is worth anything, then each project's failures.

        Returns:
            Columns `name`, `kind` (of an attempt, or `failures together`), `value`. Where no
            attempt alone is worth anything, all that were scored or broke stand there, with 0.
        """
        import polars as pl

        told = [each for each in self.attempts if each.kind != "not scored"]
        drawn = [each for each in told if each.value > 0] or told
        rows = [(f"{each.project}: {each.attempt}", each.kind, each.value) for each in drawn]
        kinds = {"name": pl.String, "kind": pl.String, "value": pl.Float64}
        alone = pl.DataFrame(rows, schema=kinds, orient="row")
        lost = [
            (f"{each.project}: {amount(each.failures, 'failure')}", "failures together", each.value)
            for each in sorted(self.failures, key=lambda each: -each.value)
            if each.value > 0 and each.failures > 1
        ]
        return pl.concat([alone, pl.DataFrame(lost, schema=kinds, orient="row")])

    def picture(self, *, is_titled: bool = True) -> "alt.LayerChart":
        """What each attempt is worth to today's plan, and the failures of a project together.

        Args:
            is_titled: whether the picture says itself what it shows.

        Raises:
            PlanError: no attempt was scored or broke.
        """
        from assay.picture.information import information_value

        table = self.table()
        if table.is_empty():
            raise PlanError(
                "information: no attempt was scored or broke, so there is nothing to draw. Record "
                "attempts with `assay attempt` or `assay run`, or import them."
            )
        return information_value(
            table,
            headline=self.headline(),
            value_unit=self.value_unit or POINTS,
            is_titled=is_titled,
        )

    def _repr_html_(self) -> str:
        said = f"<p><strong>{escape(self.headline())}</strong></p>"
        if self.table().is_empty():
            return said
        from assay.picture import inline

        return said + inline(self.picture(is_titled=False))


def information(today: Today, tell: Tell = silent) -> Information:
    """What each attempt, each project's failures, all failures and all attempts are worth.

    Args:
        today: the best split, with the projects' attempts.
        tell: is told how many attempts are done.
    """
    made = [(at, which) for at, case in enumerate(today.cases) for which in range(len(case.tried))]
    attempts = []
    for done, (at, which) in enumerate(made):
        tell("attempts", done, len(made))
        attempts.append(_of_attempt(today, at, which))
    failed = {at: case.failures() for at, case in enumerate(today.cases) if case.failures()}
    every = {at: range(len(case.tried)) for at, case in enumerate(today.cases)}
    everything = value_of(today, every)
    return Information(
        attempts=tuple(sorted(attempts, key=lambda each: -each.value)),
        failures=tuple(
            _of_failures(today, {at: found}, today.cases[at].state.key)
            for at, found in failed.items()
        ),
        company=_of_failures(today, failed, None),
        everything=everything,
        everything_effort=today.in_effort(everything),
        value_unit=today.value_unit,
    )


def value_of(today: Today, forgotten: Mapping[int, Collection[int]]) -> float:
    """Value of information of some past attempts to today's plan.

    VOI = V(best split) - V(the split that would look best without them), both valued by the curves
    that all attempts together give, over the effort that is still to be split. It is never
    negative, since the first split is the best under those curves; it is 0 where the plan would be
    the same. Efforts stay as they were spent: knowledge is forgotten, not history.

    Args:
        today: the best split, with the projects' attempts.
        forgotten: for the place of a project, the places of its attempts that are forgotten.

    Returns:
        In the unit of the plan's values.

    Source: Raiffa & Schlaifer (1961), Applied Statistical Decision Theory (the conditional value
        of information).
    """
    changed = {
        at: today.above(at, today.cases[at].without(lost))
        for at, lost in forgotten.items()
        if any(today.cases[at].tried[which].tells for which in lost)
    }
    if len(changed) == 1:
        (at, values), *_ = changed.items()
        return today.loss_if(at, values)
    believed = [changed.get(at, values) for at, values in enumerate(today.values)]
    return today.loss_by(believed) if changed else 0.0


def value_of_attempt(today: Today, project: str, attempt: str) -> AttemptValue:
    """What one attempt is worth to today's plan.

    Args:
        today: the best split.
        project: key of its project.
        attempt: its name; of several with this name, the last.

    Raises:
        PlanError: there is no such project or attempt.
    """
    at = today.place(project)
    names = [each.point.name for each in today.cases[at].tried]
    if attempt not in names:
        raise PlanError(
            f'plan: project "{project}" has no attempt "{attempt}". {nearest(attempt, names)}'
        )
    return _of_attempt(today, at, len(names) - 1 - names[::-1].index(attempt))


def _of_attempt(today: Today, at: int, which: int) -> AttemptValue:
    case = today.cases[at]
    value = value_of(today, {at: (which,)})
    return AttemptValue(
        project=case.state.key,
        attempt=case.tried[which].point.name,
        author=case.tried[which].author,
        kind=case.tried[which].point.kind,
        value=value,
        effort=today.in_effort(value),
    )


def _of_failures(
    today: Today, failed: Mapping[int, Sequence[int]], project: str | None
) -> FailuresValue:
    value = value_of(today, failed)
    return FailuresValue(
        project=project,
        failures=sum(map(len, failed.values())),
        value=value,
        effort=today.in_effort(value),
    )
