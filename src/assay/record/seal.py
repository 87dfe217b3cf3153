"""Which rows are sealed: `seal = 0.3`, `{ from = "2025-01-01", gap = 7 }`, `{ rows = 100 }`, ..."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from assay.record.setting import Counting, Setting, Share


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _a_date(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(f'is "{value}", must be a date such as "2025-01-01".') from None
    return value


class Seal(Setting):
    """Which rows only the seal sees; exactly one of the four is given.

    Fields:
        start: (`from`) first sealed date; every row from here on is sealed.
        share: share of the rows; the latest ones where there is a time column.
        rows: number of rows; the latest ones where there is a time column.
        groups: share of the groups, each sealed as a whole.
        gap: times just before the first sealed one that neither side may use, such as the horizon
            where each target looks so far ahead.
        copies: `apart` where rows that agree are ordinary, as in a table of a few categories.
    """

    start: Annotated[str, BeforeValidator(_iso), AfterValidator(_a_date)] | None = Field(
        default=None, alias="from", description="first sealed date"
    )
    share: Share | None = Field(default=None, description="share of the rows")
    rows: Counting | None = Field(default=None, description="number of rows")
    groups: Share | None = Field(default=None, description="share of the groups")
    gap: Counting | None = Field(default=None, description="no times are left out in between")
    copies: Literal["together", "apart"] = Field(
        default="together", description="near-copies of a row stay on its side"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_a_number(cls, value: Any) -> Any:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return {"share": value} if is_number else value

    @model_validator(mode="after")
    def _exactly_one(self) -> "Seal":
        chosen = [name for name in self.table() if name not in ("gap", "copies")]
        if len(chosen) != 1:
            given = ", ".join(chosen) or "nothing"
            raise ValueError(
                f"gives {given}, must give exactly one of from, share, rows, groups. "
                'Write 0.3, { from = "2025-01-01" }, { rows = 100 } or { groups = 0.3 }.'
            )
        return self

    def table(self) -> dict[str, Any]:
        """What is given, as in the file: `{"from": "2025-01-01"}`."""
        return self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True)
