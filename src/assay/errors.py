"""Every error that Assay raises on purpose.

AssayError
├── DataError              a table: its file, column or row
├── ConfigError            `assay.toml`, a formula, a name in a recipe
│   └── UnknownNameError   a family, predictor, metric ... that nobody registered
├── FitError               a fit that did not converge, or cannot
├── PredictionsError       predictions that cannot be judged
│   └── ProcedureError     a forecasting procedure that broke at some origin
├── ExperimentError        a step the rules of an experiment do not allow
│   ├── UnderpoweredError  sealed rows that cannot detect what is claimed
│   └── LockedError        sealed targets in a vault whose key is not here
├── LedgerError            the ledger: locked, read-only, broken, from a newer version
│   ├── DamagedError       a ledger whose file can no longer be read as one
│   └── ReadOnlyError      a ledger that may be read, and not written
└── PlanError              a plan that cannot be made

Each message has four parts: where, what was found, what is accepted, what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class AssayError(Exception):
    """The root of all errors that a user can act on; the CLI prints it and exits with 2."""


class DataError(AssayError):
    """A table cannot be used; names its source and the column or row."""


class ConfigError(AssayError):
    """A setting is unknown, of the wrong type or out of range; names the key."""


class UnknownNameError(ConfigError):
    """A name that nobody registered; names its nearest neighbours."""


class FitError(AssayError):
    """A model could not be fitted; says how far it went and why it stopped."""


class PredictionsError(AssayError):
    """Predictions are for the wrong rows, incomplete, not finite or off the support."""


class ProcedureError(PredictionsError):
    """A forecasting procedure broke at some origin."""


class ExperimentError(AssayError):
    """The rules of an experiment do not allow this step."""


class UnderpoweredError(ExperimentError):
    """The sealed rows cannot detect what is claimed; says how many would."""


class LockedError(ExperimentError):
    """The sealed targets lie in a vault whose key is not here."""


class LedgerError(AssayError):
    """The ledger cannot be read or written; nothing was lost or half-written."""


class DamagedError(LedgerError):
    """The ledger's file can no longer be read, or not as a ledger."""


class ReadOnlyError(LedgerError):
    """The ledger's file or its folder may not be written."""


class PlanError(AssayError):
    """No plan meets what was asked."""


SHORT = 4  # letters that a short form has at least


def _is_short_for(name: str, whole: str) -> bool:
    """Whether a name leaves out letters of another after its first one, as `negbin` does."""
    rest = iter(whole)
    return len(name) >= SHORT and name[0] == whole[:1] and all(each in rest for each in name)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint such as ``Did you mean `units`?``, or the names on offer where none is near.

    Args:
        name: what was found.
        known: what would be accepted.

    Returns:
        One sentence, to be put at the end of an error message.
    """
    offered = sorted(str(other) for other in known)
    lowered = {other.lower(): other for other in reversed(offered)}
    close = [lowered[match] for match in get_close_matches(name.lower(), lowered, n=3, cutoff=0.6)]
    close = close or [lowered[other] for other in lowered if _is_short_for(name.lower(), other)][:3]
    if close:
        return "Did you mean " + " or ".join(f"`{match}`" for match in close) + "?"
    if not offered:
        return "None is known."
    shown = ", ".join(f"`{other}`" for other in offered[:20])
    return f"Known: {shown}{f' and {len(offered) - 20} more' if len(offered) > 20 else ''}."
