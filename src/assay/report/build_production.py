"""What stands between a verdict and production, in the report."""

from collections.abc import Mapping
from typing import Any

from assay.errors import AssayError
from assay.experiment import Watched, Workspace
from assay.experiment.explanation import effects_of, importance_of
from assay.ledger import History, Record, watch_of
from assay.picture import svg
from assay.record import PASSING, GateBody, ReleaseBody
from assay.report.content import GatePart, Picture, ProductionContent


def watched_of(workspace: Workspace, key: str) -> Watched | None:
    """How a released verdict stands; `None` where nothing was released or it cannot be read."""
    registered = workspace.history.experiments(key)
    if not registered or registered[-1].hash not in workspace.history.releases:
        return None
    try:
        return workspace.experiment(key).watch()
    except AssayError:  # data that are not what they were; the card says so elsewhere
        return None


def production_content(
    registration: Record, history: History, watched: Watched | None
) -> ProductionContent | None:
    """The last gate, its explanation, and what was seen since the release.

    Args:
        registration: of the project.
        history: of its ledger.
        watched: how its released verdict stands.
    """
    found = next(reversed(history.gates.get(registration.hash, [])), None)
    if found is None or not isinstance(found.body, GateBody):
        return None
    gate = found.body
    parts = tuple(
        GatePart(
            **{name: str(part.get(name, "")) for name in ("name", "outcome", "finding", "remedy")}
        )
        for part in gate.parts
    )
    return ProductionContent(
        sentence=_sentence(
            found,
            gate,
            history.releases.get(registration.hash),
            history.withdrawn_by(registration.hash),
        ),
        parts=parts,
        explained=next(part.finding for part in parts if part.name == "explanation"),
        pictures=tuple(_pictures(gate.explanation)),
        watched=_watched(watched),
        course=_course(watched),
    )


def _sentence(
    record: Record, gate: GateBody, release: Record | None, withdrawn_by: Record | None
) -> str:
    day = record.at[:10]
    if release is not None and isinstance(release.body, ReleaseBody):
        note = f" {release.body.note.rstrip('.')}." if release.body.note else ""
        return (
            f"`{release.body.attempt}` passed its gate and was released on {release.at[:10]} by "
            f"{release.author}.{note}{_gone(withdrawn_by)}"
        )
    if gate.passed:
        return f"`{gate.attempt}` passed its gate on {day} and is not released yet."
    shut = [part["name"] for part in gate.parts if part["outcome"] not in PASSING]
    return f"`{gate.attempt}` did not pass its gate on {day}: {', '.join(shut)}."


def _gone(withdrawn_by: Record | None) -> str:
    """That it was withdrawn; why is the lead of the card."""
    if withdrawn_by is None:
        return ""
    rows = watch_of(withdrawn_by).rows_so_far
    return f" Its verdict was withdrawn on {withdrawn_by.at[:10]}, after {rows:,} rows."


def _pictures(explanation: Mapping[str, Any]) -> list[Picture]:
    if not explanation:
        return []
    bars, curves = importance_of(explanation), effects_of(explanation)
    found = []
    if bars is not None:
        found.append(
            Picture(
                title="What the gain rests on",
                svg=svg(bars),
                caption="How much of the gain is lost when a column is shuffled among the sealed "
                "rows, so that it tells nothing.",
            )
        )
    if curves is not None:
        found.append(
            Picture(
                title="What moves its predictions",
                svg=svg(curves),
                caption="The prediction as one column moves and the others stay as they come; the "
                "band is how far rows differ.",
            )
        )
    return found


def _watched(watched: Watched | None) -> str:
    if watched is None:
        return ""
    if not watched.rows_so_far:
        return "No labelled row has come in since the release."
    return watched.condition if watched.is_withdrawn else f"{watched.sentence} {watched.condition}"


def _course(watched: Watched | None) -> Picture | None:
    if watched is None or not len(watched.course):
        return None
    return Picture(
        title="Since the release",
        svg=svg(watched.picture()),
        caption=f"Evidence of {watched.needed:g} or more withdraws the verdict, however often one "
        "looks: one that still holds gets there with a chance of at most "
        f"{100 / watched.needed:g} %.",
    )
