"""A watch on the terminal."""

from typing import TYPE_CHECKING

from assay.cli.terminal import COLOURS, aside, console, pairs

if TYPE_CHECKING:
    from assay.experiment import Watched
    from assay.ledger import Record


def withdrawn_words(record: "Record | None") -> str:
    """When a verdict was withdrawn and why; empty where it was not.

    Args:
        record: of the watch that withdrew it.
    """
    if record is None:
        return ""
    from assay.ledger import watch_of

    why = watch_of(record).sentence.removeprefix("Withdrawn: ")
    return f"withdrawn on {record.at[:10]}: {why}"


def show_watched(found: "Watched") -> None:
    """How a released verdict stands; what was left out is said on stderr."""
    out = console()
    word = "not withdrawn" if found.is_short else found.outcome
    out.print(f"{found.project}: {word}", style=f"bold {COLOURS[word]}")
    out.print(found.sentence)
    out.print()
    out.print(pairs(_facts(found)))
    if found.condition:
        out.print(f"- {found.condition}", style="dim")
    for note in found.notes:
        aside(note)


def _facts(found: "Watched") -> list[tuple[str, str]]:
    rows = [("released", f"{found.attempt}, {found.released}")]
    if found.withdrawn_at:
        rows.append(("withdrawn", found.withdrawn_at))
    rows += [
        ("scored now", f"{found.rows:,} rows"),
        ("since release", f"{found.rows_so_far:,} rows, {_counted(found)}"),
        ("mean gain", f"{_gain(found, found.mean_gain)}, claimed: {_gain(found, found.least)}"),
        ("evidence", f"{_number(found.evidence)} against it, withdrawn from {found.needed:g} on"),
    ]
    return rows


def _counted(found: "Watched") -> str:
    """What the evidence counts: near-copies once, whole seasons, groups."""
    unit = "different ones" if found.unit == "rows" else found.unit
    return f"{found.units_so_far:,} {unit}"


def _gain(found: "Watched", value: float | None) -> str:
    if value is None:
        return "not known yet"
    return f"{100 * value:.1f} %" if found.is_share else f"{value:.4g}"


def _number(evidence: float) -> str:
    return f"{evidence:.3g}" if evidence < 1e6 else "over a million"
