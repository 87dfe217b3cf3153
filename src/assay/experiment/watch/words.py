"""What a watch says, in words and as a record."""

from assay.experiment.sentences import amount, baseline_words, metric_words
from assay.experiment.watch.evidence import Evidence
from assay.experiment.watch.scored import Scored
from assay.record import RegistrationBody, ReleaseBody, WatchBody


def outcome_sentence(
    body: RegistrationBody, release: ReleaseBody, found: Evidence, *, withdrawn: bool
) -> str:
    """What the watch says, in words that a product owner understands.

    Args:
        body: what was registered.
        release: of the attempt.
        found: what all rows since say.
        withdrawn: whether that suffices to withdraw the verdict.
    """
    gain = found.lately if withdrawn else found.improvement
    since = f"from about {found.began} on" if withdrawn else "since its release"
    seen = (
        f"{since}, `{release.attempt}` {'lowers' if gain >= 0 else 'raises'} the "
        f"{metric_words(body)} by {amount(body, abs(gain))} against "
        f"{baseline_words(body.baseline)}, and the verdict says that it lowers it by more than "
        f"{amount(body, least_of(body))}"
    )
    rows = f"{found.scored.count:,} rows"
    evidence, needed = told(found.greatest), f"{1 / release.alpha:g}"
    weighed = f"evidence against that {evidence}, {needed} withdraws it"
    if withdrawn:
        return (
            f"Withdrawn: {seen} ({rows}; {weighed}). Do not rely on it any longer: find "
            "what changed, and register the question again on new rows."
        )
    reason = f" {found.course.reason}" if found.course.reason else ""
    if gain < least_of(body):
        return (
            f"Not withdrawn, but less than the verdict says: {seen} ({rows}). The evidence against "
            f"the verdict is {evidence}, and it is withdrawn at {needed}.{reason}"
        )
    return f"Holds: {seen} ({rows}; {weighed}).{reason}"


def least_of(body: RegistrationBody) -> float:
    """The improvement that a verdict says is exceeded, in the claim's unit."""
    return float(body.improve_by or body.improve_by_absolute or 0.0)


def told(evidence: float) -> str:
    """Evidence as it is read: three digits, never more than a million."""
    return f"{evidence:.3g}" if evidence < 1e6 else "over a million"


def body_of(
    release: str,
    terms: RegistrationBody,
    released: ReleaseBody,
    new: Scored,
    found: Evidence,
    files: tuple[str, str],
) -> WatchBody:
    """The record of one watch.

    Args:
        release: hash of the release record.
        terms: what was registered.
        released: what was released.
        new: rows scored now.
        found: what all rows since the release say, these included.
        files: SHA-256 of the table of scores and of the rows.
    """
    needed = 1.0 / released.alpha
    withdrawn = found.greatest >= needed
    times = new.table["time"].drop_nulls()
    return WatchBody(
        release=release,
        scored_file=files[0],
        rows_file=files[1],
        rows=new.count,
        rows_so_far=found.scored.count,
        units_so_far=found.course.units,
        mean_gain=found.improvement,
        evidence=found.greatest,
        needed=needed,
        outcome="withdrawn" if withdrawn else "holds",
        sentence=outcome_sentence(terms, released, found, withdrawn=withdrawn),
        first=str(times.min()) if len(times) else "",
        last=str(times.max()) if len(times) else "",
        has_numbers=new.has_numbers,
    )
