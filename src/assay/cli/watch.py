"""`assay watch`: a released verdict meets new labelled rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.drawing import check_picture, draw
from assay.cli.guard import DOES_NOT_HOLD
from assay.cli.options import AsJson, KeyFile, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, working
from assay.cli.watch_table import show_watched
from assay.cli.workspace import open_workspace
from assay.errors import ConfigError

if TYPE_CHECKING:
    from assay.frame import Frame

Data = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Labelled rows that came since the verdict: Parquet, CSV, or "
        "`python:file.py:function` beside assay.toml.",
        show_default="none: only show how it stands",
    ),
]
Predictions = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What was predicted for these rows, where the attempt was a file.",
        show_default="the released model is asked",
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What the baseline predicts for these rows, where it is a file.",
        show_default="none",
    ),
]
Picture = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw evidence and mean gain since the release: .svg, .png or .html.",
        show_default="none",
    ),
]


def add(app: typer.Typer) -> None:
    """Announce `assay watch`."""

    @command(
        app,
        "watch",
        purpose="Score new rows after release; withdraw a verdict that fails.",
        more="Give rows with their targets as they come in, in the columns of the registered "
        "table: only new ones or all since the release, for those watched before are skipped. "
        "The released model is fitted again on the rows that were open, and must predict the "
        "sealed ones as it did. Evidence adds up over all batches. Looking often costs nothing: "
        "while from any day on the mean gain is at least the one claimed, it is ever withdrawn "
        "with a chance of at most the first release's alpha (for a series or groups: as they "
        "grow), provided that all rows are given, or a random part. A withdrawal is for good. "
        "Exits with 1 where the verdict is withdrawn, now or before.",
        example=(
            "assay watch examples/first digits --data python:data.py:digits_later",
            "assay watch . demand --data new.parquet --picture watch.svg",
            "assay watch . demand",
        ),
        writes="the new rows, their scores and the evidence in the ledger; the picture.",
    )
    def watch(
        path: PortfolioPath,
        key: ProjectKey,
        data: Data = None,
        predictions: Predictions = None,
        baseline: Baseline = None,
        picture: Picture = None,
        key_file: KeyFile = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        if picture is not None:
            check_picture(picture)
        if data is None and (predictions or baseline):
            raise ConfigError(
                "watch: --predictions and --baseline say what was predicted for the rows of "
                "--data, which is not given. Give it too."
            )
        with open_workspace(path, ledger, key_file=key_file) as workspace, working():
            experiment = workspace.experiment(key)
            # A withdrawal is for good: it is the answer, whatever rows are given.
            is_gone = experiment.withdrawal is not None
            rows = None if data is None or is_gone else _rows(data, workspace.portfolio.folder)
            said = {} if is_gone else {"predictions": predictions, "baseline": baseline}
            found = experiment.watch(rows, **said)
        if is_gone and data is not None:
            aside("the verdict was withdrawn before, so the given rows were not scored")
        if as_json:
            answer(found.as_dict())
        else:
            show_watched(found)
        if picture is not None:
            draw(found.picture(), picture)
            aside(f"picture: {picture}")
        if found.is_withdrawn:
            raise typer.Exit(DOES_NOT_HOLD)


def _rows(data: str, folder: Path) -> "Frame":
    """The given rows; a function is looked for beside `assay.toml`, as for `data` there."""
    from assay.frame import read

    return read(data, root=folder) if data.startswith("python:") else read(Path(data))
