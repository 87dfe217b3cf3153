"""One part of a gate: what was looked at, what came out, what to do."""

from dataclasses import dataclass, field
from typing import Any, Literal

Outcome = Literal["holds", "does not hold", "cannot be told", "accepted"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """What one part of the gate found.

    Fields:
        name: one of `GATE_PARTS`.
        outcome: `accepted` where it does not hold and a person took responsibility for that.
        finding: one or two sentences that a product owner reads.
        remedy: what to do about it; empty where it holds.
        figures: the numbers behind the finding, plain values.
    """

    name: str
    outcome: Outcome
    finding: str
    remedy: str = ""
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether it stands in nobody's way."""
        return self.outcome in ("holds", "accepted")

    def as_record(self) -> dict[str, Any]:
        """The part as the ledger keeps it."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def judged(
    name: str,
    broken: list[str],
    *,
    fine: str,
    remedy: str,
    figures: dict[str, Any] | None = None,
) -> Part:
    """A part that holds unless something is broken.

    Args:
        name: of the part.
        broken: a sentence for each thing that does not hold.
        fine: the finding where all does.
        remedy: what to do where something does not.
        figures: the numbers behind it.
    """
    return Part(
        name=name,
        outcome="does not hold" if broken else "holds",
        finding=" ".join(broken) or fine,
        remedy=remedy if broken else "",
        figures=figures or {},
    )


def untold(name: str, why: str, remedy: str, figures: dict[str, Any] | None = None) -> Part:
    """A part that cannot be told, which passes no gate."""
    return Part(
        name=name, outcome="cannot be told", finding=why, remedy=remedy, figures=figures or {}
    )


def percent(share: float) -> str:
    """A share as people read it: `7 %`, `-12 %`, `0.4 %`."""
    value = 100 * share
    return f"{value:.0f} %" if abs(value) >= 1 or abs(value) < 0.05 else f"{value:.1f} %"
