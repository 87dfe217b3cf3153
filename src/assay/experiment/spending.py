"""Efforts that can only be a slip, refused before they are recorded for good."""

from assay.errors import ExperimentError
from assay.record import PortfolioSettings


def refuse_beyond_budget(effort: float | None, settings: PortfolioSettings) -> None:
    """Refuse one attempt that took more than the whole portfolio has.

    Args:
        effort: of the attempt; `None` where it is not known.
        settings: of the portfolio; without a budget any effort passes.

    Raises:
        ExperimentError: names both.
    """
    if effort is None or settings.budget is None or not effort > settings.budget:
        return  # no number is refused where it is recorded
    raise ExperimentError(
        f"attempt: its effort is {effort:,g} {settings.effort_unit}s, more than the whole "
        f"`budget` of {settings.budget:,g} under [portfolio]. What is recorded cannot be "
        "corrected: check the effort, or raise the budget first."
    )
