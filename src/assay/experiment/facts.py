"""What was registered, as a reader checks it: a label and a value each."""

from assay.experiment.sentences import amount
from assay.record import RegistrationBody


def facts(body: RegistrationBody) -> list[tuple[str, str]]:
    """What was registered, as pairs of label and value, in the order of reading."""
    least = body.improve_by if body.improve_by is not None else body.improve_by_absolute
    given = {
        "Hypothesis": body.hypothesis,
        "Kind": kind_words(body),
        "Metric": body.metric,
        "Cap on a row's loss": _cap(body),
        "Baseline": body.baseline,
        "Least improvement worth having": amount(body, least),
        "Improvement hoped for": amount(body, body.expect),
        "Alpha": f"{body.alpha:g}",
        "Tries planned": str(body.tries),
        "Effort budget": "none" if body.effort_budget is None else f"{body.effort_budget:g}",
        "Open rows": f"{body.n_open:,}",
        "Sealed rows": f"{body.n_sealed:,}",
        "Kept on one side with near-copies": f"{body.copies:,} rows" if body.copies else None,
        "Needed for a verdict": _count(body.rows_needed) or "unknown",
        "Needed to rule out what gains nothing": _count(body.rows_to_refute),
        "Sealed targets": "in a vault" if body.vault else None,
    }
    return [(label, value) for label, value in given.items() if value is not None]


def kind_words(body: RegistrationBody) -> str | None:
    """Said where it is not the usual one."""
    if body.experiment == "replication":
        return f"replication of {amount(body, body.claimed)}, claimed by {body.claim_source}"
    return body.experiment if body.experiment != "improvement" else None


def _cap(body: RegistrationBody) -> str:
    if body.cap is None:
        return "none"
    return f"{body.cap:.4g} (clips {100 * body.clipped_share:.1f} % of open rows)"


def _count(value: int | None) -> str | None:
    return None if value is None else f"{value:,}"
