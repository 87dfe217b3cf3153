"""A forecast as one page: how far it can be trusted, what stock-outs hid, series best and worst."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
from markupsafe import Markup

from assay import __version__
from assay.errors import AssayError
from assay.picture import svg
from assay.picture.outlook import hidden_demand, outlook
from assay.picture.palette import css
from assay.report.content import Picture
from assay.report.render import environment, write_whole
from assay.series import Backtest, FittedSeries, Forecast

SHOWN = 3  # series at each end
HISTORY = 120  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastContent:
    """What the page says.

    Fields:
        title: what is forecast.
        software: version of Assay.
        lede: the forecast in a sentence or two.
        said: model and defaults, one sentence each.
        notes: what was odd about the table.
        scores: head and rows of the scores on what was held back.
        trust: the scores in a sentence.
        lost: what stock-outs hid, in a sentence; empty where nothing is hidden.
        most: series whose stock-outs hid most, and how much.
        hidden: that over time.
        worst: series whose held-back days were forecast worst.
        best: and best.
        odd: series with a message.
    """

    title: str
    software: str
    lede: str
    said: tuple[str, ...]
    notes: tuple[str, ...]
    scores: tuple[tuple[str, ...], ...]
    trust: str
    lost: str
    most: tuple[tuple[str, str], ...]
    hidden: tuple[Picture, ...]
    worst: tuple[Picture, ...]
    best: tuple[Picture, ...]
    odd: tuple[tuple[str, str], ...]


def write_forecast(
    fitted: FittedSeries,
    forecast: Forecast,
    tested: Backtest,
    said: tuple[str, ...],
    path: str | Path,
) -> Path:
    """Write the page, whole or not at all.

    Args:
        fitted: the model.
        forecast: its forecast.
        tested: its scores on held-back days.
        said: model and defaults.
        path: the file.

    Raises:
        AssayError: it cannot be written.
    """
    content = forecast_content(fitted, forecast, tested, said)
    style = Markup(css() + files("assay.report").joinpath("templates/page.css").read_text("utf-8"))
    page = environment().get_template("forecast.html").render(report=content, style=style)
    text = "\n".join(line.rstrip() for line in page.splitlines() if line.strip()) + "\n"
    try:
        write_whole(Path(path), text)
    except OSError as error:
        raise AssayError(
            f"report: {path} cannot be written: {error.strerror or error}. Choose another path."
        ) from error
    return Path(path)


def forecast_content(
    fitted: FittedSeries, forecast: Forecast, tested: Backtest, said: tuple[str, ...]
) -> ForecastContent:
    """Everything that the page shows."""
    target, total = fitted.recipe.target, forecast.sums(levels=(90,)).row(0, named=True)
    worst, best = _ends(fitted, tested)
    lost, most, pictures = _lost(fitted)
    own = tested.summary().filter(pl.col("model") == "assay").row(0, named=True)
    results = fitted.results().with_row_index("__n").filter(pl.col("message") != "").head(20)
    return ForecastContent(
        title=f"Forecast of {target}",
        software=f"Assay {__version__}",
        lede=(
            f"Over the next {forecast.future.grid.quantity(forecast.horizon)} all {len(fitted):,} "
            f"series together are expected to come to {total['mean']:,.0f} of `{target}`, and with "
            f"a chance of 90 % to between {total['lo-90']:,.0f} and {total['hi-90']:,.0f}."
        ),
        said=said,
        notes=(*fitted.notes, *forecast.future.notes),
        scores=_scores(tested),
        trust=(
            f"On the last {forecast.horizon} steps, held back, {100 * own['pit_90']:.0f} % of what "
            "came fell where nine in ten should (by randomised PIT)"
            f"{_measured(fitted, own['bias'])}"
        ),
        lost=lost,
        most=most,
        hidden=pictures,
        worst=_drawn(fitted, forecast, worst),
        best=_drawn(fitted, forecast, best),
        odd=tuple(
            (fitted.panel.name(int(row["__n"])), row["message"]) for row in results.to_dicts()
        ),
    )


def _measured(fitted: FittedSeries, bias: float | None) -> str:
    """What was scored, and where the forecast of it lay; the end of a sentence and another."""
    if bias is None:
        return (
            ". How far forecasts lay from demand on days that a flag hid cannot be known, so "
            "losses are left empty: those of visible days alone favour models that ignore "
            "stock-outs."
        )
    beside = f"{100 * abs(bias):.0f} % {'below' if bias < 0 else 'above'}"
    said = f", and what was forecast lay {beside} what came."
    is_limited = bool(np.isfinite(fitted.panel.limit).any())
    return said + " Scores are those of sales under the stock of each day." * is_limited


def _scores(tested: Backtest) -> tuple[tuple[str, ...], ...]:
    head = ("model", "quantile loss", "CRPS", "within 90 %", "forecast less seen")
    rows = [
        (
            row["model"],
            "" if row["wql"] is None else f"{row['wql']:.3f}",
            "" if row["crps"] is None else f"{row['crps']:.3g}",
            f"{100 * row['pit_90']:.0f} %",
            "" if row["bias"] is None else f"{100 * row['bias']:+.0f} %",
        )
        for row in tested.summary().sort("wql", nulls_last=True, maintain_order=True).to_dicts()
    ]
    return (head, *rows)


def _ends(fitted: FittedSeries, tested: Backtest) -> tuple[list[int], list[int]]:
    """Numbers of the series that were forecast worst and best, by loss over what they sell.

    Of those that were seen on some day: where each was sold out, no forecast can be far off.
    """
    keys = list(fitted.recipe.by)
    own = tested.rows.filter(pl.col("model") == "assay")
    if not keys:
        return [0], []
    own = own.filter((~pl.col("hidden")).any().over(keys), pl.col("pinball").is_not_null())
    losses = own.group_by(keys).agg(
        loss=pl.col("pinball").sum() / pl.col("seen").sum(), seen=pl.col("seen").sum()
    )
    numbered = fitted.panel.keys.with_row_index("__n").join(losses, on=keys)
    order = numbered.filter(pl.col("seen") > 0).sort("loss")["__n"].to_list()
    best = order[: min(SHOWN, len(order) // 2)]
    return order[::-1][: min(SHOWN, len(order))], best


def _drawn(fitted: FittedSeries, forecast: Forecast, chosen: list[int]) -> tuple[Picture, ...]:
    if not chosen:
        return ()
    panel, target = fitted.panel, fitted.recipe.target
    ends = forecast.quantiles([0.05, 0.25, 0.75, 0.95])
    means = forecast.means()
    times = forecast.future.grid.times(forecast.future.steps)
    drawn = []
    for number in chosen:
        own = slice(int(panel.edges[number]), int(panel.edges[number + 1]))
        recent = np.flatnonzero(panel.step[own] > panel.end - HISTORY) + own.start
        seen = np.where(panel.weight[recent] > 0, panel.y[recent], np.nan)
        past = pl.DataFrame(
            {
                "time": panel.grid.times(panel.step[recent]),
                "seen": pl.Series(seen).fill_nan(None),
                "hidden": panel.hidden[recent],
            }
        )
        low, inner_low, inner_high, high = ends[:, :, number]
        ahead = pl.DataFrame(
            {
                "time": times,
                "mean": means[:, number],
                "low": low,
                "high": high,
                "inner_low": inner_low,
                "inner_high": inner_high,
            }
        )
        drawn.append(Picture(title=panel.name(number), svg=svg(outlook(past, ahead, target))))
    return tuple(drawn)


def _lost(
    fitted: FittedSeries,
) -> tuple[str, tuple[tuple[str, str], ...], tuple[Picture, ...]]:
    """What stock-outs hid: in a sentence, by series, and drawn."""
    if not fitted.panel.hidden.any():
        return "", (), ()
    lost, target = fitted.lost_sales(), fitted.recipe.target
    time = fitted.recipe.time
    days = (
        fitted.demand()
        .group_by(time)
        .agg(sold=pl.col("seen").sum())
        .join(lost.sums(time).select(time, lost="mean"), on=time, how="left")
        .with_columns(pl.col("lost").fill_null(0.0))
        .sort(time)
        .rename({time: "time"})
    )
    picture = Picture(title="When stock-outs hide demand", svg=svg(hidden_demand(days, target)))
    keys = list(fitted.recipe.by)
    most = lost.sums(keys).sort("mean", descending=True).head(SHOWN) if keys else pl.DataFrame()
    rows = tuple(
        (
            ", ".join(f"{key}={row[key]!r}" for key in keys),
            f"{row['mean']:,.0f} lost ({row['low']:,.0f} to {row['high']:,.0f}) "
            f"on {row['days']} days",
        )
        for row in most.to_dicts()
    )
    return f"{str(lost).capitalize()}.", rows, (picture,)
