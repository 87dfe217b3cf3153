"""All that is asked of a model and its forecast at once: what takes long is computed once."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from assay.compute.progress import stage
from assay.series.fitted import FittedSeries
from assay.series.future.forecast import Forecast
from assay.series.future.total import Total, total_of
from assay.series.judged.backtest import OWN, Backtest
from assay.series.review.lost import LostSales


@dataclass(frozen=True, eq=False)
class Answer:
    """What is told of a forecast, in words and on a page.

    Fields:
        fitted: the model.
        forecast: of the next steps.
        said: model and defaults, one sentence each.
        tested: scores on held-back steps, where it was tested.
    """

    fitted: FittedSeries
    forecast: Forecast
    said: tuple[str, ...]
    tested: Backtest | None = None

    @cached_property
    def total(self) -> Total:
        """What all series of the forecast come to."""
        stage("adding up all series")
        return total_of(self.forecast)

    @cached_property
    def lost(self) -> LostSales | None:
        """What stock-outs hid; `None` where nothing is hidden."""
        if not self.fitted.panel.hidden.any():
            return None
        stage(f"finding what was lost on {int(self.fitted.panel.hidden.sum()):,} sold-out days")
        return self.fitted.lost_sales()

    @cached_property
    def lost_sums(self) -> tuple[pl.DataFrame, pl.DataFrame] | None:
        """Lost in all, and by series, largest first; the second is for a page and else empty."""
        if self.lost is None:
            return None
        by = self.fitted.recipe.by
        if self.tested is None or not by:
            return self.lost.sums(), pl.DataFrame()
        whole, each = self.lost.sums_of((), by)
        return whole, each.sort("mean", descending=True, maintain_order=True)

    @cached_property
    def odd(self) -> pl.DataFrame:
        """Series with a message: their number `__n`, keys and results."""
        found = self.fitted.results().with_row_index("__n")
        return found.filter(pl.col("message") != "")

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was odd about table, future and test, each once."""
        tested = () if self.tested is None else self.tested.notes
        return tuple(dict.fromkeys((*self.fitted.notes, *self.forecast.future.notes, *tested)))

    @cached_property
    def own(self) -> dict[str, float] | None:
        """The model's own scores on held-back steps."""
        if self.tested is None:
            return None
        return self.tested.summary().filter(pl.col("model") == OWN).row(0, named=True)
