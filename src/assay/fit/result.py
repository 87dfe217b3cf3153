"""How a fit went, and why not."""

from dataclasses import dataclass

from assay.errors import FitError
from assay.fit.newton import MAX_ITERATIONS, Optimum


@dataclass(frozen=True)
class FitResult:
    """How a fit went.

    Fields:
        converged: whether one more step would gain nothing.
        iterations: evaluations of the log posterior.
        decrement: what one more step would gain, in log units.
        log_posterior: at the optimum, up to a constant.
        log_likelihood: at the optimum.
        rows: fitting rows.
        hidden: how many of them are known only to lie beyond a limit.
        message: one sentence.
        notes: what a user should know about it, such as what the prior alone decides.
    """

    converged: bool
    iterations: int
    decrement: float
    log_posterior: float
    log_likelihood: float
    rows: int
    hidden: int
    message: str
    notes: tuple[str, ...] = ()


def judge(
    optimum: Optimum, *, rows: int, hidden: int, where: str, notes: tuple[str, ...] = ()
) -> FitResult:
    """Say how a fit went.

    Args:
        optimum: where it ended.
        rows: fitting rows.
        hidden: how many of them are known only to lie beyond a limit.
        where: start of error messages.
        notes: what a user should know about it, in sentences without a full stop.

    Raises:
        FitError: it did not converge; says where it stopped and the likely causes.
    """
    value, decrement = optimum.log_posterior, optimum.decrement
    iterations = optimum.iterations
    if not optimum.is_settled:
        raise FitError(
            f"{where}: the fit stopped after {iterations} of at most {MAX_ITERATIONS} steps at log "
            f"posterior {value:.6g}; one more step would still gain {decrement:.3g}. Likely "
            "causes: (a) collinear columns, (b) a group without variation or with one outcome "
            "only, (c) too few uncensored rows. Drop columns, or tighten `prior_sd`."
        )
    return FitResult(
        converged=True,
        iterations=iterations,
        decrement=decrement,
        log_posterior=value,
        log_likelihood=optimum.log_likelihood,
        rows=rows,
        hidden=hidden,
        message=_said(iterations, rows, hidden, notes),
        notes=notes,
    )


def _said(iterations: int, rows: int, hidden: int, notes: tuple[str, ...]) -> str:
    went = f"converged in {iterations} steps on {rows} rows ({hidden} of them hidden)"
    return ". ".join([went, *notes])
