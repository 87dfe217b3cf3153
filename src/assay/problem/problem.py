"""What is known about a target before any model."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from assay.errors import UnknownNameError, nearest
from assay.frame import Frame, Roles
from assay.problem import card, html, pictures
from assay.problem.calendar import steps
from assay.problem.facts import Facts
from assay.problem.property import Property, RuledOut, Suggestion

if TYPE_CHECKING:
    from assay.problem.compose import Proposal


@dataclass(frozen=True, eq=False, repr=False)
class Problem:
    """A target with its properties, each with the evidence for it.

    Fields:
        frame: the checked table, in canonical order, with `row_id`.
        roles: which column plays which part.
        properties: what was found.
        suggestions: families worth trying, best first.
        ruled_out: families that do not fit, and why.
        seed: for later steps that draw at random; the profile itself draws nothing.
    """

    frame: Frame
    roles: Roles
    properties: tuple[Property, ...]
    suggestions: tuple[Suggestion, ...]
    ruled_out: tuple[RuledOut, ...]
    seed: int = 0

    def __getitem__(self, name: str) -> Property:
        """One property by its name.

        Raises:
            UnknownNameError: this problem has no such property.
        """
        found = {each.name: each for each in self.properties}
        if name not in found:
            raise UnknownNameError(
                f"{self.frame.source}: the profile has no property `{name}`. {nearest(name, found)}"
            )
        return found[name]

    def suggest(self) -> "tuple[Proposal, ...]":
        """Composed models in order of promise, each with what in the data speaks for it.

        Hand them to `assay.compare` to see which foretells held-out rows best.
        """
        from assay.problem.compose import proposals  # brings JAX in, which a profile can do without

        return proposals(Facts(self.frame, self.roles), self.suggestions)

    def card(self) -> tuple[str, ...]:
        """The profile as lines of plain text, at most 100 characters wide."""
        return card.lines(self)

    def as_dict(self) -> dict[str, Any]:  # JSON: its values are of many types
        """The profile as JSON takes it, without the table."""
        return {
            "format": 1,
            "source": self.frame.source,
            "rows": self.frame.rows,
            "roles": self.roles.as_dict(),
            "seed": self.seed,
            "properties": [asdict(each) for each in self.properties],
            "suggestions": [asdict(each) for each in self.suggestions],
            "ruled_out": [asdict(each) for each in self.ruled_out],
        }

    def pictures(self) -> dict[str, pl.DataFrame]:
        """Small tables for pictures.

        Returns:
            `histogram` always, `series` where there is time, `season_profile` where a season was
            stated or found; each with the columns that the chart of that name draws.
        """
        facts = Facts(self.frame, self.roles)
        tables = {"histogram": pictures.histogram(facts)}
        if self.roles.time is None or facts.classes:
            return tables
        tables["series"] = pictures.course(facts)
        lag = self["season"].evidence.get("lag", self.roles.season)
        if lag is not None:
            found = steps(self.frame.column(self.roles.time), facts.series)
            tables["season_profile"] = pictures.season_profile(facts, found, int(lag))
        return tables

    def __repr__(self) -> str:
        return "\n".join(self.card())

    def _repr_html_(self) -> str:
        return html.card(self)
