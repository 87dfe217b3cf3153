"""`assay forecast`: what may come of many series, and what stock-outs hid."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.options import AsJson
from assay.cli.profile import Above, Data, Target, hidden_by
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, pairs, working

if TYPE_CHECKING:
    from assay.frame import Frame
    from assay.model import Model
    from assay.series import Backtest, FittedSeries, Forecast

Time = Annotated[str, typer.Option(metavar="COLUMN", help="When a row was seen.")]
Series = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN[,COLUMN...]", help="Keys of the series.", show_default="one series"
    ),
]
Horizon = Annotated[int, typer.Option(metavar="STEPS", help="How many steps ahead.")]
Season = Annotated[
    str | None,
    typer.Option(
        metavar="STEPS[,STEPS...]",
        help="Steps until the course repeats; 0 for none.",
        show_default="usual for the steps, such as 7 for days",
    ),
]
Family = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="FAMILY",
        help="Such as negative-binomial, tweedie or gamma.",
        show_default="by the target, said aloud",
    ),
]
Features = Annotated[
    str | None,
    typer.Option(
        metavar="FORMULA", help='Known ahead, such as "price + promo".', show_default="none"
    ),
]
Future = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="Rows of the next steps with what is known.", show_default="none"
    ),
]
Open = Annotated[
    str | None,
    typer.Option(
        "--open", metavar="COLUMN", help="True or 1 where the shop is open.", show_default="none"
    ),
]
Returns = Annotated[
    str,
    typer.Option(metavar="WAY", help="Negative values: refuse (their series), zero or missing."),
]
Absent = Annotated[
    str,
    typer.Option(metavar="WAY", help="Steps without a row: missing (unknown) or zero (no sale)."),
]
Level = Annotated[str, typer.Option(metavar="N[,N...]", help="Intervals, in per cent.")]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The forecast: .parquet or .csv.")]
Report = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A page about it: .html.", show_default="none")
]
Resume = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Keep what is done there, and go on from it.",
        show_default="nothing is kept",
    ),
]
Paths = Annotated[int, typer.Option(metavar="N", help="Futures drawn of each series.")]
Seed = Annotated[int, typer.Option(metavar="N", help="Of the futures.")]


MORE = (
    "Demand is forecast, not sales: where stock hid it, it is known only to be at least what was "
    "sold. A series with rows that cannot be is named and forecast from the others; it never stops "
    "them. The long format is that of forecasting tools: unique_id, ds, mean, lo-90, hi-90."
)

EXAMPLES = (
    "assay forecast sales.parquet --target units --time date \\",
    "    --series store,item --censored-above stock --horizon 14",
    "assay forecast sales.csv --target units --time date --horizon 28 \\",
    "    --report page.html --resume kept",
)


def add(app: typer.Typer) -> None:
    """Announce `assay forecast`."""

    @command(
        app,
        "forecast",
        purpose="Forecast every series of a table, behind its stock-outs.",
        more=MORE,
        example=EXAMPLES,
        writes="the forecast, the page, and what --resume keeps.",
    )
    def forecast(
        data: Data,
        target: Target,
        time: Time,
        horizon: Horizon,
        series: Series = None,
        censored_above: Above = None,
        season: Season = None,
        model: Family = None,
        features: Features = None,
        future: Future = None,
        open_on: Open = None,
        returns: Returns = "refuse",
        gaps: Absent = "missing",
        level: Level = "80,90",
        out: Out = Path("forecast.parquet"),
        report: Report = None,
        resume: Resume = None,
        paths: Paths = 200,
        seed: Seed = 0,
        as_json: AsJson = False,
    ) -> None:
        levels = _levels(level)
        _check_files(out, report)
        _check_keys(_split(series), time, report)
        from assay.frame import read

        roles = {"time": time, "by": _split(series), "returns": returns, "gaps": gaps}
        with working():
            frame = read(data)
            built, said = _model(
                frame, target, roles, censored_above, season, model, features, open_on
            )
            for each in () if as_json else said:
                aside(each)
            fitted = built.fit(frame, target, seed=seed, checkpoint=resume, **roles)
            found = fitted.forecast(horizon, None if future is None else read(future), paths=paths)
            _write(found.table(levels), out)
            tested = None
            if report is not None:
                # A table that is shorter than two horizons is tested on its second half.
                steps = int(fitted.panel.end - fitted.panel.step.min())
                held = max(min(horizon, steps // 2), 1)
                tested = built.backtest(frame, target, horizon=held, origins=1, seed=seed, **roles)
                from assay.report.forecast_page import write_forecast

                write_forecast(fitted, found, tested, said, report)
        _say(fitted, found, tested, said, (out, report), as_json=as_json)


def _split(series: list[str] | None) -> list[str]:
    return [name.strip() for each in series or () for name in each.split(",") if name.strip()]


def _levels(text: str) -> list[float]:
    """Levels of intervals.

    Raises:
        ConfigError: no numbers, or one that is not between 1 and 100.
    """
    from assay.errors import ConfigError
    from assay.series.levels import per_cents

    try:
        levels = [float(each) for each in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"--level is {text!r}, must be numbers between 1 and 100: 80,90."
        ) from None
    return [int(each) if each.is_integer() else each for each in per_cents(levels, "--level")]


def _check_files(out: Path, report: Path | None) -> None:
    """Refuse places that could not be written, before anything is computed.

    Raises:
        ConfigError: a name that says no kind, or no folder.
    """
    from assay.cli.report import refuse_other_than_page
    from assay.errors import ConfigError

    if out.suffix.lower() not in (".parquet", ".csv"):
        raise ConfigError(f"{out}: a forecast ends in .parquet or .csv. Write forecast.parquet.")
    if report is not None:
        refuse_other_than_page(report)
    for file in (out, report):
        if file is not None and (file.is_dir() or not file.parent.is_dir()):
            raise ConfigError(f"{file}: there is no folder {file.parent}, or a folder is there.")


def _check_keys(by: list[str], time: str, report: Path | None) -> None:
    """Refuse names that the scores of the page need, before anything is computed.

    Raises:
        ConfigError: names the column.
    """
    from assay.series.backtest import TAKEN
    from assay.series.check import check_names

    if report is not None:
        check_names(by, time, TAKEN)


def _model(
    frame: "Frame",
    target: str,
    roles: dict[str, Any],
    above: str | None,
    season: str | None,
    family: str | None,
    features: str | None,
    open_on: str | None,
) -> "tuple[Model, tuple[str, ...]]":
    """The model, and what was decided for the user."""
    from assay.family import Censored
    from assay.model import Model
    from assay.predictor import Linear, ScoreDriven
    from assay.registry import families, parse
    from assay.series.check import check_returns
    from assay.series.gaps import check_gaps
    from assay.series.usual import usual_family, usual_season

    ways = {name: roles[name] for name in ("returns", "gaps")}
    check_returns(ways["returns"])
    check_gaps(ways["gaps"])
    hides: dict[str, Any] = {
        name.removeprefix("censored_"): column for name, column in hidden_by(above).items()
    }
    if family is None:
        made, why = usual_family(frame.numbers(target), target, **hides, **ways)
        said = [why]
    else:
        base = parse(family, families, "--model")
        made = Censored(base, **hides) if hides else base
        said = [f"family {made.describe()}: as asked"]
    if season is None:
        from assay.series.arrange import grid_steps

        periods, why = usual_season(*grid_steps(frame, roles["time"], roles["by"]))
    else:
        periods = tuple(_number(each) for each in season.split(",") if each.strip() != "0")
        why = f"season {season}: as asked"
    driven = next(
        name
        for name in ("mean", "median", "location", "scale", "probability")
        if any(each.name == name for each in made.parameters)
    )
    term: Any = ScoreDriven(season=periods, open=open_on)
    built = Model(made, **{driven: term + Linear(features) if features else term})
    return built, (*said, why)


def _number(text: str) -> float:
    """One period.

    Raises:
        ConfigError: no number.
    """
    from assay.errors import ConfigError

    try:
        found = float(text)
    except ValueError:
        raise ConfigError(
            f"--season: {text!r} is no number of steps. Write 7, or 7,365.25."
        ) from None
    return int(found) if found.is_integer() else found


def _write(table: Any, file: Path) -> None:
    """Write the forecast, whole or not at all.

    Raises:
        DataError: it cannot be written.
    """
    from assay.errors import DataError

    part = file.with_name(f".{file.name}.part")
    try:
        if file.suffix.lower() == ".csv":
            table.write_csv(part)
        else:
            table.write_parquet(part)
        part.replace(file)
    except OSError as error:
        why = error.strerror or str(error)
        raise DataError(f"{file}: the forecast cannot be written: {why}.") from error


def _say(
    fitted: "FittedSeries",
    found: "Forecast",
    tested: "Backtest | None",
    said: tuple[str, ...],
    files: tuple[Path, Path | None],
    *,
    as_json: bool,
) -> None:
    total = found.sums(levels=(90,)).row(0, named=True)
    odd = fitted.results()
    odd = odd.filter(odd["message"] != "")
    notes = (*fitted.notes, *found.future.notes)
    lost = fitted.lost_sales().sums().row(0, named=True) if fitted.panel.hidden.any() else None
    out, report = files
    if as_json:
        answer(
            {
                "forecast": str(out),
                "report": None if report is None else str(report),
                "series": found.series,
                "horizon": found.horizon,
                "step": found.future.grid.said,
                "model": list(said),
                "total": total,
                "lost_sales": lost,
                "backtest": None if tested is None else tested.summary().to_dicts(),
                "notes": list(notes),
                "findings": odd.to_dicts(),
            }
        )
        return
    rows = [
        ("series", f"{found.series:,}, {found.future.grid.quantity(found.horizon)} ahead"),
        (
            "total",
            f"{total['mean']:,.0f} expected, {total['lo-90']:,.0f} to {total['hi-90']:,.0f} with a "
            "chance of 90 %",
        ),
    ]
    if lost is not None:
        rows.append(
            (
                "lost sales",
                f"{lost['mean']:,.0f} so far, {lost['low']:,.0f} to {lost['high']:,.0f}, on "
                f"{lost['days']:,} sold-out days",
            )
        )
    if tested is not None:
        own = tested.summary().filter(tested.summary()["model"] == "assay").row(0, named=True)
        rows.append(
            ("held back", f"{100 * own['pit_90']:.0f} % within 90 % intervals, by randomised PIT")
        )
    rows += [("note", each) for each in notes]
    if odd.height:
        rows.append(("findings", f"{odd.height:,} series with a message: --json lists them"))
    rows += [("wrote", str(file)) for file in files if file is not None]
    console().print(pairs(rows))
