"""What was scored since a release, as the ledger's files keep it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from assay.ledger import Ledger, Record, watch_of
from assay.verdict import Claim


@dataclass(frozen=True, eq=False)
class Scored:
    """Rows since a release in the order in which they count.

    Fields:
        table: for each row its salted `name`, its `time` (null where there is none), its `unit`
            (case or group; null where the row is scored and counts for nothing, since it came
            after its group or its date was counted), and the losses of `baseline` and `model`
            within the claim's bounds.
        rows: the rows themselves in the form of the registered table, in the same order.
        has_numbers: whether any batch had numbers for its rows.
    """

    table: pl.DataFrame
    rows: pl.DataFrame
    has_numbers: bool = False

    @property
    def count(self) -> int:
        """Number of rows."""
        return self.table.height

    @property
    def names(self) -> list[bytes]:
        """Salted name of each row."""
        return self.table["name"].to_list()

    @property
    def counts(self) -> np.ndarray:
        """Whether each row is evidence, (rows,)."""
        return self.table["unit"].is_not_null().to_numpy()

    def losses(self, whose: str) -> np.ndarray:
        """Losses of the `baseline` or the `model`, (rows,)."""
        return self.table[whose].to_numpy()

    def gains(self, claim: Claim) -> np.ndarray:
        """The claim's gain of each row, (rows,)."""
        return claim.gains(self.losses("baseline"), self.losses("model"))

    def followed_by(self, later: "Scored") -> "Scored":
        """These rows, and then those."""
        return Scored(
            pl.concat([self.table, later.table]),
            pl.concat([self.rows, later.rows]),
            self.has_numbers or later.has_numbers,
        )

    def files(self) -> tuple[bytes, bytes]:
        """The table and the rows as Parquet."""
        return _parquet(self.table), _parquet(self.rows)


def scored(
    names: Sequence[bytes],
    rows: pl.DataFrame,
    *,
    time: str | None,
    units: Sequence[str | None],
    baseline: np.ndarray,
    model: np.ndarray,
    has_numbers: bool = False,
) -> Scored:
    """Scored rows from their parts, each in the same order."""
    columns = {
        "name": pl.Series(names, dtype=pl.Binary),
        "time": rows[time] if time is not None else pl.Series([None] * len(rows), dtype=pl.Null),
        "unit": pl.Series(units, dtype=pl.String),
        "baseline": pl.Series(baseline, dtype=pl.Float64),
        "model": pl.Series(model, dtype=pl.Float64),
    }
    return Scored(pl.DataFrame(columns), rows, has_numbers)


def scored_before(
    records: Sequence[Record], like: pl.DataFrame, time: str | None, ledger: Ledger
) -> Scored:
    """All that some records scored, in their order.

    Args:
        records: of watches.
        like: the registered table, whose form the rows have.
        time: its time column, if any.
        ledger: keeps the files.

    Raises:
        LedgerError: a file is missing or damaged.
    """
    found = scored([], like.clear(), time=time, units=[], baseline=np.zeros(0), model=np.zeros(0))
    for record in records:
        body = watch_of(record)
        tables = (ledger.read_file(sha) for sha in (body.scored_file, body.rows_file))
        table, rows = (pl.read_parquet(io.BytesIO(each)) for each in tables)
        found = found.followed_by(Scored(table, rows, body.has_numbers))
    return found


def _parquet(table: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    table.write_parquet(out, compression="zstd", metadata={"format": "1"})
    return out.getvalue()
