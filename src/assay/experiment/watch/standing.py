"""How a released verdict stands."""

from dataclasses import dataclass, fields
from typing import Any

import polars as pl


@dataclass(frozen=True, eq=False)
class Watched:
    """A released verdict, what was seen of it since, and whether it still stands.

    Fields:
        project: key.
        attempt: name of the released attempt.
        released: day of the release.
        outcome: `holds`, or `withdrawn` for good.
        sentence: what a product owner reads.
        rows: scored just now; 0 where nothing new was given.
        rows_so_far: scored since the release.
        units_so_far: independent `unit`s among them that were counted: rows, periods or groups.
        unit: what is counted, in the plural.
        mean_gain: of all rows so far in the claim's unit, a share of the baseline's loss for a
            relative claim; `None` before the first row.
        least: improvement that the verdict says is exceeded, in the same unit.
        is_share: whether these are shares of the baseline's loss.
        evidence: against the verdict, the greatest so far; 1 says nothing either way.
        needed: evidence from which on the verdict is withdrawn.
        condition: what a withdrawal rests on.
        notes: what was left out and why, and what else should be known.
        withdrawn_at: day on which it was withdrawn, empty while it holds.
        course: for the picture, after each unit: `at` (number or time), `evidence`, `gain`.
    """

    project: str
    attempt: str
    released: str
    outcome: str
    sentence: str
    rows: int
    rows_so_far: int
    units_so_far: int
    unit: str
    mean_gain: float | None
    least: float
    is_share: bool
    evidence: float
    needed: float
    condition: str
    notes: tuple[str, ...]
    withdrawn_at: str
    course: pl.DataFrame

    @property
    def is_withdrawn(self) -> bool:
        """Whether the verdict no longer holds."""
        return self.outcome == "withdrawn"

    @property
    def is_short(self) -> bool:
        """Whether the verdict stands, though the mean gain so far is below what it says."""
        return not self.is_withdrawn and self.mean_gain is not None and self.mean_gain < self.least

    def as_dict(self) -> dict[str, Any]:
        """Everything but the picture's table, as JSON takes it."""
        names = (each.name for each in fields(self) if each.name != "course")
        return {name: getattr(self, name) for name in names}

    def picture(self) -> Any:
        """Evidence and mean gain since the release, as an Altair chart.

        Raises:
            DataError: nothing was counted yet.
        """
        from assay.picture.watch import watch_course

        return watch_course(
            self.course,
            needed=self.needed,
            least=self.least,
            unit=self.unit,
            is_share=self.is_share,
        )

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"- {note}" for note in self.notes)])
