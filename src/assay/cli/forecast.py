"""`assay forecast`: what may come of many series, and what stock-outs hid."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.options import AsJson
from assay.cli.profile import Above, Data, hidden_by
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, pairs, working

if TYPE_CHECKING:
    from assay.frame import Frame
    from assay.model import Model
    from assay.series import Backtest, FittedSeries, Forecast

Target = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="What is to be forecast.", show_default="that of --fitted"),
]
Time = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="When a row was seen.", show_default="that of --fitted"),
]
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
    str | None,
    typer.Option(
        metavar="WAY",
        help="Negative values: refuse (their series), zero or missing.",
        show_default="refuse",
    ),
]
Pool = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN[,COLUMN...]",
        help="Groups that series with few rows, and new ones, lean on; none for none.",
        show_default="the keys, where there are several",
    ),
]
Absent = Annotated[
    str | None,
    typer.Option(
        metavar="WAY",
        help="Steps without a row: missing (unknown) or zero (no sale).",
        show_default="missing",
    ),
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
Precision = Annotated[
    str | None,
    typer.Option(
        metavar="KIND",
        help="Of the fit: float64, or float32 in half the time and memory.",
        show_default="float64",
    ),
]
Save = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="The fitted model, for a later --fitted.", show_default="none"
    ),
]
Fitted = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A saved model, moved over DATA without a new fit.",
        show_default="none",
    ),
]
Paths = Annotated[int, typer.Option(metavar="N", help="Futures drawn of each series.")]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help="Of the futures.", show_default="0, or that of --fitted"),
]


MORE = (
    "Demand is forecast, not sales: where stock hid it, it is known only to be at least what was "
    "sold. A series with rows that cannot be is named and forecast from the others; it never stops "
    "them. The long format is that of forecasting tools: unique_id, ds, mean, lo-90, hi-90."
)

EXAMPLES = (
    "assay forecast sales.parquet --target units --time date \\",
    "    --series store,item --censored-above stock --horizon 14",
    "assay forecast sales.csv --target units --time date --horizon 28 \\",
    "    --report page.html --resume kept --save demand.assay",
    "assay forecast sales-to-may.csv --fitted demand.assay --horizon 28",
)


def add(app: typer.Typer) -> None:
    """Announce `assay forecast`."""

    @command(
        app,
        "forecast",
        purpose="Forecast every series of a table, behind its stock-outs.",
        more=MORE,
        example=EXAMPLES,
        writes="the forecast, the page, the model, and what --resume keeps.",
    )
    def forecast(
        data: Data,
        horizon: Horizon,
        target: Target = None,
        time: Time = None,
        series: Series = None,
        censored_above: Above = None,
        season: Season = None,
        model: Family = None,
        features: Features = None,
        future: Future = None,
        open_on: Open = None,
        returns: Returns = None,
        gaps: Absent = None,
        pool: Pool = None,
        level: Level = "80,90",
        out: Out = Path("forecast.parquet"),
        report: Report = None,
        resume: Resume = None,
        precision: Precision = None,
        save: Save = None,
        fitted: Fitted = None,
        paths: Paths = 200,
        seed: Seed = None,
        as_json: AsJson = False,
    ) -> None:
        from assay.frame import read

        levels = _levels(level)
        _check_files(out, report, save)
        _check_keys(_split(series), time, report)
        given = {
            "--target": target, "--time": time, "--series": _split(series) or None,
            "--censored-above": censored_above, "--open": open_on, "--returns": returns,
            "--gaps": gaps, "--pool": _pooled(pool), "--season": season, "--model": model,
            "--features": features, "--precision": precision, "--resume": resume,
            "--report": report,
        }  # fmt: skip
        with working(), _saying_what_is_kept(resume):
            if fitted is None:
                done = _fitted(data, given, seed, quiet=as_json)
            else:
                done = _moved(data, fitted, given)
            if save is not None:
                done.fitted.save(save)
            known = None if future is None else read(future)
            found = done.fitted.forecast(horizon, known, paths=paths, seed=seed)
            found.write(out, levels)
            tested = _report(done, found, report)
        _say(done, found, tested, (out, report, save), as_json=as_json)


@dataclass(frozen=True)
class _Done:
    """A model that is ready to forecast.

    Fields:
        fitted: the model.
        said: what was decided, one sentence each.
        test: scores it on held-back steps, so many ahead; not of a model that was loaded.
    """

    fitted: "FittedSeries"
    said: tuple[str, ...]
    test: "Callable[[int], Backtest] | None" = None


def _fitted(data: str, given: Mapping[str, Any], seed: int | None, *, quiet: bool) -> _Done:
    """A model that is fitted now.

    Raises:
        ConfigError: no target or no time is named, or a fit refuses what is asked.
    """
    from assay.errors import ConfigError
    from assay.frame import read

    for name in ("--target", "--time"):
        if given[name] is None:
            raise ConfigError(f"{name} is missing: name its column, or give a model by --fitted.")
    target, frame, seed = given["--target"], read(data), seed or 0
    roles: dict[str, Any] = {
        "time": given["--time"],
        "by": given["--series"] or [],
        "returns": given["--returns"] or "refuse",
        "gaps": given["--gaps"] or "missing",
        "pool": given["--pool"],
        "seed": seed,
    }
    asked = ("--censored-above", "--season", "--model", "--features", "--open")
    built, said = _model(frame, target, roles, *(given[name] for name in asked))
    for each in () if quiet else said:
        aside(each)
    fitted = built.fit(
        frame,
        target,
        precision=given["--precision"] or "float64",
        checkpoint=given["--resume"],
        **roles,
    )
    return _Done(
        fitted,
        said,
        lambda horizon: built.backtest(frame, target, horizon=horizon, origins=1, **roles),
    )


def _moved(data: str, file: Path, given: Mapping[str, Any]) -> _Done:
    """A saved model, moved over a table.

    Raises:
        ConfigError: an option says otherwise than the model, or would need a fit.
        DataError: the file holds no model of series, or the table is not one of its kind.
    """
    from assay.errors import ConfigError, DataError
    from assay.model import load
    from assay.series import FittedSeries

    fitted = load(file)
    if not isinstance(fitted, FittedSeries):
        raise DataError(f"{file}: holds a model of single rows, which follows no series in time.")
    recipe = fitted.recipe
    holds = {
        "--target": recipe.target,
        "--time": recipe.time,
        "--series": list(recipe.by),
        "--censored-above": _hides(recipe.family),
        "--open": recipe.term.open,
        "--returns": recipe.returns,
        "--gaps": recipe.gaps,
        "--pool": list(recipe.pooled),
    }
    for name, value in given.items():
        if value is None or (name in holds and value == holds[name]):
            continue
        if name not in holds:
            raise ConfigError(f"{name} needs a fit, but {file} is fitted already. Leave it out.")
        raise ConfigError(
            f"{name} is {value!r}, but {file} was fitted with {holds[name]!r}. Leave it out, or "
            "leave out --fitted."
        )
    return _Done(fitted.after(data), (f"{fitted!r}: as saved in {file}",))


def _hides(family: Any) -> str | None:
    """What `--censored-above` was: a limit, a flag or both."""
    named = [getattr(family, name, None) for name in ("above", "flag")]
    return ",".join(str(each) for each in named if each is not None) or None


@contextmanager
def _saying_what_is_kept(folder: Path | None) -> Iterator[None]:
    """Inside, Ctrl-C tells what it leaves and how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        if folder is None:
            raise KeyboardInterrupt("; nothing is kept without --resume FOLDER") from stop
        from assay.series.kept import Kept

        raise KeyboardInterrupt(
            f"; finished parts of the fit kept in {folder}: {Kept(folder).parts:,}, run the same "
            "command again to go on"
        ) from stop


def _report(done: _Done, found: "Forecast", report: Path | None) -> "Backtest | None":
    """Write the page, with scores on what is held back for it."""
    if report is None or done.test is None:
        return None
    from assay.report.forecast_page import write_forecast

    # A table that is shorter than two horizons is tested on its second half.
    panel = done.fitted.panel
    steps = int(panel.end - panel.step.min())
    tested = done.test(max(min(found.horizon, steps // 2), 1))
    write_forecast(done.fitted, found, tested, done.said, report)
    return tested


def _split(series: list[str] | None) -> list[str]:
    return [name.strip() for each in series or () for name in each.split(",") if name.strip()]


def _pooled(pool: list[str] | None) -> list[str] | None:
    """Columns of groups; `None` where nothing was said."""
    if pool is None:
        return None
    names = _split(pool)
    return [] if names == ["none"] else names


def _levels(text: str) -> list[float]:
    """Levels of intervals.

    Raises:
        ConfigError: no numbers, or one that is not between 1 and 100.
    """
    from assay.errors import ConfigError
    from assay.series.percent import per_cents

    try:
        levels = [float(each) for each in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"--level is {text!r}, must be numbers between 1 and 100: 80,90."
        ) from None
    return [int(each) if each.is_integer() else each for each in per_cents(levels, "--level")]


def _check_files(out: Path, report: Path | None, save: Path | None) -> None:
    """Refuse places that could not be written, before anything is computed.

    Raises:
        ConfigError: a name that says no kind, or no folder.
    """
    from assay.cli.report import refuse_other_than_page
    from assay.errors import ConfigError
    from assay.series.written import refuse_other_kinds

    refuse_other_kinds(out)
    if report is not None:
        refuse_other_than_page(report)
    for file in (out, report, save):
        if file is not None and (file.is_dir() or not file.parent.is_dir()):
            raise ConfigError(f"{file}: there is no folder {file.parent}, or a folder is there.")


def _check_keys(by: list[str], time: str | None, report: Path | None) -> None:
    """Refuse names that the scores of the page need, before anything is computed.

    Raises:
        ConfigError: names the column.
    """
    from assay.series.backtest import TAKEN
    from assay.series.check import check_names

    if report is not None and time is not None:
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


def _say(
    done: _Done,
    found: "Forecast",
    tested: "Backtest | None",
    files: tuple[Path, Path | None, Path | None],
    *,
    as_json: bool,
) -> None:
    fitted = done.fitted
    total = found.sums(levels=(90,)).row(0, named=True)
    odd = fitted.results()
    odd = odd.filter(odd["message"] != "")
    notes = (*fitted.notes, *found.future.notes)
    lost = fitted.lost_sales().sums().row(0, named=True) if fitted.panel.hidden.any() else None
    out, report, saved = files
    if as_json:
        answer(
            {
                "forecast": str(out),
                "report": None if report is None else str(report),
                "saved": None if saved is None else str(saved),
                "series": found.series,
                "horizon": found.horizon,
                "step": found.future.grid.said,
                "model": list(done.said),
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
