"""What it took to get here: tries, amendments, and words that nobody can check."""

from assay.experiment.gate.candidate import Candidate
from assay.experiment.gate.part import Part, untold


def tries(candidate: Candidate) -> Part:
    """How many looks were taken and what the verdict rests on beside its test.

    However many tries were made, a useless model passes with probability at most alpha: the level
    of each look has paid for that. What cannot be paid for is a promise of the author's.
    """
    body, attempt = candidate.registration, candidate.attempt
    figures = {
        "look": attempt.look,
        "looks_at_these_rows": candidate.looks,
        "tries_planned": body.tries,
        "level": attempt.level,
        "p_value": candidate.verdict.p_value,
        "alpha": body.alpha,
    }
    over = candidate.looks - body.tries
    more = f", {over} more than planned: each of those had to clear a higher bar" * (over > 0)
    shared = " by all who sealed some of them" * (candidate.looks > (attempt.look or 0))
    said = (
        f"Supported at look {attempt.look} of {body.tries} planned, at level "
        f"{attempt.level:.2g} of alpha {body.alpha:g}; {_times(candidate.looks)} taken at these "
        f"rows{shared}{more}."
    )
    figures |= {"amendments": candidate.amendments, "gates_not_passed_before": candidate.shut}
    if candidate.amendments:
        said += f" Its terms were amended {_often(candidate.amendments)}."
    if candidate.shut:
        said += f" It came to this gate {_often(candidate.shut)} before and did not pass."
    if attempt.attested:
        return untold(
            "tries",
            f"{said} It rests on the author's word that no forecast looked ahead.",
            "Offer the model instead of a file, so that it is asked at each origin.",
            figures,
        )
    return Part(name="tries", outcome="holds", finding=said, figures=figures)


def _times(looks: int) -> str:
    return "1 look was" if looks == 1 else f"{looks} looks were"


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
