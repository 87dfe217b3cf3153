"""`assay forecast`: what may come of many series, and what stock-outs hid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assay.cli.forecast_options import (
    Absent,
    Family,
    Features,
    Fitted,
    Future,
    Horizon,
    Level,
    Open,
    Out,
    Paths,
    Pool,
    Precision,
    Report,
    Resume,
    Returns,
    Save,
    Season,
    Seed,
    Series,
    Target,
    Time,
)
from assay.cli.forecast_words import say, saying_what_is_kept, told_of
from assay.cli.options import AsJson
from assay.cli.profile import Above, Data, hidden_by
from assay.cli.teach import command
from assay.cli.terminal import aside, working

if TYPE_CHECKING:
    from assay.frame import Frame
    from assay.model import Model
    from assay.series import Answer, Backtest, FittedSeries, Forecast

MORE = (
    "Demand is forecast, not sales: where stock hid it, it is known only to be at least what was "
    "sold. A series with rows that cannot be is named and forecast from its other rows; it never "
    "stops the rest. The long format is that of forecasting tools: unique_id, ds, mean, lo-90, "
    "hi-90."
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
        from assay.compute.progress import stages
        from assay.series import Answer

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
        with working(), saying_what_is_kept(resume), stages(aside):
            done = _ready(data, fitted, given, seed, quiet=as_json)
            if save is not None:
                done.fitted.save(save)
            found = _drawn(done, horizon, future, paths, seed)
            found.write(out, levels)
            answer = Answer(done.fitted, found, done.said, _tested(done, horizon, report))
            _write_page(answer, report)
            told = told_of(answer)
        say(answer, told, (out, report, save), as_json=as_json)


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


def _ready(
    data: str, file: Path | None, given: Mapping[str, Any], seed: int | None, *, quiet: bool
) -> _Done:
    """A model, fitted now or saved before."""
    if file is not None:
        return _moved(data, file, given)
    return _fitted(data, given, seed, quiet=quiet)


def _fitted(data: str, given: Mapping[str, Any], seed: int | None, *, quiet: bool) -> _Done:
    """A model that is fitted now.

    Raises:
        ConfigError: no target or no time is named, or a fit refuses what is asked.
    """
    from assay.compute.progress import stage
    from assay.errors import ConfigError
    from assay.frame import read

    for name in ("--target", "--time"):
        if given[name] is None:
            raise ConfigError(f"{name} is missing: name its column, or give a model by --fitted.")
    stage(f"reading {data}")
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
    from assay.compute.progress import stage
    from assay.errors import ConfigError, DataError
    from assay.model import load
    from assay.series import FittedSeries

    stage(f"moving {file} over {data}")
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


def _drawn(
    done: _Done, horizon: int, future: str | None, paths: int, seed: int | None
) -> "Forecast":
    """The forecast, not drawn yet."""
    from assay.compute.progress import stage
    from assay.frame import read

    known = None if future is None else read(future)
    found = done.fitted.forecast(horizon, known, paths=paths, seed=seed)
    ahead = found.future.grid.quantity(horizon)
    stage(f"drawing {paths:,} futures of {found.series:,} series, {ahead} ahead")
    return found


def _write_page(answer: "Answer", report: Path | None) -> None:
    if report is not None and answer.tested is not None:
        from assay.report.forecast_page import write_forecast

        write_forecast(answer, answer.tested, report)


def _tested(done: _Done, horizon: int, report: Path | None) -> "Backtest | None":
    """Scores on what is held back for the page."""
    from assay.compute.progress import stage

    if report is None or done.test is None:
        return None
    # A table that is shorter than two horizons is tested on its second half.
    panel = done.fitted.panel
    held = max(min(horizon, int(panel.end - panel.step.min()) // 2), 1)
    stage(f"testing on the last {panel.grid.quantity(held)}, held back")
    return done.test(held)


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
    from assay.series.future.percent import per_cents

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
    from assay.series.future.written import refuse_other_kinds

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
    from assay.series.judged.backtest import TAKEN
    from assay.series.panel.check import check_names

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
    from assay.series.panel.check import check_returns
    from assay.series.panel.gaps import check_gaps
    from assay.series.panel.usual import usual_family, usual_season

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
        from assay.series.panel.arrange import grid_steps

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
