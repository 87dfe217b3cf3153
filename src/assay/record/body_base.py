"""What the bodies of all ledger records have in common."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from assay.errors import LedgerError
from assay.record.explain import explain, keys_of
from assay.record.setting import as_tuple, shown

Sha = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""SHA-256 as 64 lower-case hexadecimal digits."""

Words = Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
"""A list of texts."""

Count = Annotated[int, Field(ge=1)]
"""1, 2, 3, ...; unlike in `assay.toml`, NumPy's numbers are welcome here and below."""

Size = Annotated[float, Field(gt=0)]
"""A number above 0."""

Fraction = Annotated[float, Field(gt=0, lt=1)]
"""A number strictly between 0 and 1."""


def _spent(value: float | None) -> float | None:
    # Negated, so that nan, for which no comparison holds, is refused as well.
    if value is not None and not 0 < value < float("inf"):
        raise ValueError(
            f"is {shown(value)}, must be above 0. A failed attempt took time too: record what was "
            "spent, or leave it out where nobody knows."
        )
    return value


Effort = Annotated[float | None, AfterValidator(_spent)]
"""Above 0, in the portfolio's effort unit; `None` where nobody knows, never guessed."""


class Body(BaseModel):
    """The body of one kind of ledger record. Superseded by a later one, never edited.

    Fields:
        kind: name of the kind, as it stands in the ledger's `kind` column.
        files: names of the fields that hold the SHA-256 of a file beside the ledger.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: ClassVar[str]
    files: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise LedgerError(
                explain(error, f"{self.kind} record", fields, lambda _: keys_of(type(self)))
            ) from error

    def file_shas(self) -> tuple[str, ...]:
        """SHA-256 of every file that this record needs beside the ledger."""
        named = (getattr(self, name) for name in self.files)
        return tuple(sha for sha in named if sha is not None)
