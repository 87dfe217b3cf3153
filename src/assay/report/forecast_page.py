"""A forecast as one page: its total, how far it can be trusted, what stock-outs hid, both ends."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
from markupsafe import Markup

from assay import __version__
from assay.compute.progress import stage
from assay.errors import AssayError
from assay.picture import svg
from assay.picture.outlook import hidden_demand, outlook
from assay.picture.palette import css
from assay.report.content import Picture
from assay.report.render import environment, write_whole
from assay.series import Answer, Backtest, FittedSeries
from assay.series.drawing import past_of, shown
from assay.series.judged.backtest import OWN

ENDS = 4  # pictures at each end
SHOWN = 3  # series whose stock-outs hid most
ODD = 20  # series with a message
WIDE = 720  # pixels of a plot that has the page to itself


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastContent:
    """What the page says.

    Fields:
        title: what is forecast.
        software: version of Assay.
        lede: the forecast in a sentence or two.
        total: all series together, over time.
        said: model and defaults, one sentence each.
        notes: what was odd about the table.
        scores: head and rows of the scores on what was held back.
        trust: the scores in a sentence.
        lost: what stock-outs hid, in a sentence; empty where nothing is hidden.
        most: series whose stock-outs hid most, and how much.
        hidden: that over time.
        beside: what the next pictures show.
        worst: series whose held-back days were forecast worst, with that forecast.
        best: and best.
        odd: series with a message.
        unsaid: how many more of them there are.
    """

    title: str
    software: str
    lede: str
    total: Picture
    said: tuple[str, ...]
    notes: tuple[str, ...]
    scores: tuple[tuple[str, ...], ...]
    trust: str
    lost: str
    most: tuple[tuple[str, str], ...]
    hidden: tuple[Picture, ...]
    beside: str
    worst: tuple[Picture, ...]
    best: tuple[Picture, ...]
    odd: tuple[tuple[str, str], ...]
    unsaid: int


def write_forecast(answer: Answer, tested: Backtest, path: str | Path) -> Path:
    """Write the page, whole or not at all.

    Args:
        answer: the model, its forecast, and what follows from them.
        tested: its scores on held-back days.
        path: the file.

    Raises:
        AssayError: it cannot be written.
    """
    content = forecast_content(answer, tested)
    stage(f"writing {path}")
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


def forecast_content(answer: Answer, tested: Backtest) -> ForecastContent:
    """Everything that the page shows."""
    fitted, own = answer.fitted, answer.own or {}
    target = fitted.recipe.target
    worst, best = _ends(fitted, tested)
    lost, most, days = _lost(answer)
    odd = answer.odd.head(ODD)
    held = fitted.panel.grid.quantity(_held(tested))
    return ForecastContent(
        title=f"Forecast of {target}",
        software=f"Assay {__version__}",
        lede=_lede(answer),
        total=_total(answer, days),
        said=answer.said,
        notes=answer.notes,
        scores=_scores(tested),
        trust=(
            f"On the last {held}, held back, {100 * own['pit_90']:.0f} % of what came fell where "
            f"nine in ten should (by randomised PIT){_measured(fitted, own['bias'])}"
        ),
        lost=lost,
        most=most,
        hidden=() if days is None else (_hidden(days, target),),
        beside=(
            f"The last {held}, which this forecast of them had not seen: 50 % and 90 % intervals."
        ),
        worst=_drawn(fitted, tested, worst),
        best=_drawn(fitted, tested, best),
        odd=tuple((_title(fitted, int(row["__n"])), row["message"]) for row in odd.to_dicts()),
        unsaid=answer.odd.height - odd.height,
    )


def _lede(answer: Answer) -> str:
    forecast, total, target = answer.forecast, answer.total, answer.fitted.recipe.target
    ahead = forecast.future.grid.quantity(forecast.horizon)
    count = forecast.series
    new = int((forecast.future.place < 0).sum())
    who = "the series is" if count == 1 else f"all {count:,} series together are"
    among = f", {new:,} of them new," if new and count > 1 else ""
    return (
        f"Over the next {ahead} {who.replace(' together', f'{among} together')} expected to come "
        f"to {total.mean:,.0f} of `{target}`, and with a chance of 90 % to between "
        f"{total.low:,.0f} and {total.high:,.0f}."
    )


def _title(fitted: FittedSeries, number: int) -> str:
    """How pictures call a series: `store 1, item 830`."""
    keys = fitted.panel.keys
    if not keys.width:
        return fitted.recipe.target
    return ", ".join(f"{name} {value}" for name, value in keys.row(number, named=True).items())


def _held(tested: Backtest) -> int:
    """Steps that were held back."""
    return int(tested.rows["step"].to_numpy().max(initial=1))


def _total(answer: Answer, days: pl.DataFrame | None) -> Picture:
    """All series together: what was sold, what stock-outs hid beyond it, what may come."""
    fitted, steps = answer.fitted, answer.total.steps
    panel = fitted.panel
    first = panel.end + 1 - shown(answer.forecast.horizon)
    recent = (panel.step >= first) & (panel.weight > 0)
    size = panel.end + 1 - first
    sold = np.bincount(panel.step[recent] - first, panel.y[recent], size)
    known = np.bincount(panel.step[recent] - first, minlength=size) > 0
    past = pl.DataFrame(
        {
            "time": panel.grid.times(np.arange(first, panel.end + 1)),
            "seen": pl.Series(np.where(known, sold, np.nan)).fill_nan(None),
            "hidden": False,
        }
    ).filter(pl.Series(known))
    if days is not None:
        both = days.select("time", demand=pl.col("sold") + pl.col("lost"))
        past = past.join(both, on="time", how="left", maintain_order="left")
    chart = outlook(past, steps, fitted.recipe.target, width=WIDE)
    return Picture(title="All series together", svg=svg(chart))


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
    own = tested.rows.filter(pl.col("model") == OWN)
    if not keys:
        return [0], []
    own = own.filter((~pl.col("hidden")).any().over(keys), pl.col("pinball").is_not_null())
    losses = own.group_by(keys).agg(
        loss=pl.col("pinball").sum() / pl.col("seen").sum(), seen=pl.col("seen").sum()
    )
    numbered = fitted.panel.keys.with_row_index("__n").join(losses, on=keys)
    order = numbered.filter(pl.col("seen") > 0).sort("loss")["__n"].to_list()
    best = order[: min(ENDS, len(order) // 2)]
    return order[::-1][: min(ENDS, len(order))], best


def _drawn(fitted: FittedSeries, tested: Backtest, chosen: list[int]) -> tuple[Picture, ...]:
    """Held-back days of some series beside the forecast that was made of them."""
    own = tested.rows.filter(pl.col("model") == OWN)
    panel, time, held = fitted.panel, fitted.recipe.time, _held(tested)
    ends = ("mean", "low", "inner_low", "inner_high", "high")
    drawn = []
    for number in chosen:
        past = past_of(fitted, number, held + shown(held))
        keys = panel.keys[number]
        rows = own.join(keys, on=keys.columns, how="semi") if keys.width else own
        ahead = rows.sort("step").select(pl.col(time).alias("time"), *ends)
        chart = outlook(past, ahead, fitted.recipe.target)
        drawn.append(Picture(title=_title(fitted, number), svg=svg(chart)))
    return tuple(drawn)


def _hidden(days: pl.DataFrame, target: str) -> Picture:
    chart = hidden_demand(days, target, width=WIDE)
    return Picture(title="When stock-outs hide demand", svg=svg(chart))


def _lost(
    answer: Answer,
) -> tuple[str, tuple[tuple[str, str], ...], pl.DataFrame | None]:
    """What stock-outs hid: in a sentence, by series, and `time`, `sold` and `lost` by step."""
    lost, sums = answer.lost, answer.lost_sums
    if lost is None or sums is None:
        return "", (), None
    fitted, (whole, each) = answer.fitted, sums
    panel, time = fitted.panel, fitted.recipe.time
    known = panel.weight > 0
    sold = pl.DataFrame({"step": panel.step[known], "sold": panel.y[known]})
    sold = sold.group_by("step").agg(pl.col("sold").sum()).sort("step")
    hidden = lost.table().group_by(time).agg(lost=pl.col("mean").sum())
    days = (
        sold.select(panel.grid.times(sold["step"].to_numpy()).alias("time"), "sold")
        .join(hidden.rename({time: "time"}), on="time", how="full", coalesce=True)
        .with_columns(pl.col("sold", "lost").fill_null(0.0))
        .sort("time")
    )
    rows = tuple(
        (
            ", ".join(f"{key} {row[key]}" for key in fitted.recipe.by),
            f"{row['mean']:,.0f} lost ({row['low']:,.0f} to {row['high']:,.0f}) "
            f"on {row['days']} days",
        )
        for row in each.head(SHOWN).to_dicts()
    )
    return f"{lost.said(whole).capitalize()}.", rows, days
