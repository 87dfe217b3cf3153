"""Options of `assay forecast`."""

from pathlib import Path
from typing import Annotated

import typer

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
