"""`assay init`: the first `assay.toml`."""

import os
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.options import AsJson
from assay.cli.profile import Above, Series, Time, hidden_by, profiled
from assay.cli.starter import starter, with_project
from assay.cli.teach import command
from assay.cli.terminal import answer, aside
from assay.errors import AssayError, ConfigError

Folder = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="Folder of the portfolio; made if it is not there."),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="DATA",
        help="Profile this table and begin a project with it.",
        show_default="none",
    ),
]
Target = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="With --from: what is to be predicted.")
]
PYTHON = "python:"


def add(app: typer.Typer) -> None:
    """Announce `assay init`."""

    @command(
        app,
        "init",
        purpose="Write a commented assay.toml to begin with.",
        more="With --from, a table is profiled first, and the project begins with what was found.",
        example=(
            "assay init pricing",
            "assay init . --from demand.csv --target units --time date --series store",
        ),
        writes="DIR/assay.toml; one that is there is never overwritten.",
    )
    def init(
        folder: Folder = Path(),
        data: From = None,
        target: Target = None,
        time: Time = None,
        series: Series = None,
        censored_above: Above = None,
        as_json: AsJson = False,
    ) -> None:
        file = folder / "assay.toml"
        _refuse_present(file)
        roles = {"time": time, "series": tuple(series or ()), **hidden_by(censored_above)}
        written = _text(folder, data, target, roles)
        _write(file, written)
        if as_json:
            from assay.record import load_portfolio

            keys = [project.key for project in load_portfolio(file).projects]
            answer({"file": file, "projects": keys})
        else:
            typer.echo(f"wrote {file}")
            aside(f"next: read it, then `assay {'plan' if data is None else 'run'} {folder}`")


def _text(folder: Path, data: str | None, target: str | None, roles: dict[str, object]) -> str:
    name = folder.absolute().resolve().name or "Portfolio"
    if data is None:
        _refuse_roles({"target": target, **roles})
        return starter(name)
    if target is None:
        raise ConfigError(
            "init: --from is given and --target is missing. Name the column that is to be "
            "predicted, such as --target units."
        )
    from assay.cli.starter_project import project_lines

    problem = profiled(data, {"target": target, **roles})
    return with_project(name, project_lines(problem, _from_folder(data, folder)))


def _refuse_roles(roles: dict[str, object]) -> None:
    given = [f"--{name.replace('_', '-')}" for name, value in roles.items() if value]
    if given:
        raise ConfigError(
            f"init: {', '.join(given)} is given and --from is missing. Name the table too, such "
            "as --from demand.csv."
        )


def _from_folder(data: str, folder: Path) -> str:
    """`data`, relative to the working folder, as `assay.toml` in `folder` has to name it."""
    if data.startswith(PYTHON):
        file, _, function = data.removeprefix(PYTHON).rpartition(":")
        return f"{PYTHON}{_relative(file, folder)}:{function}"
    return _relative(data, folder)


def _relative(file: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(file, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return Path(file).absolute().as_posix()


def _refuse_present(file: Path) -> None:
    if file.exists():
        raise _present(file)


def _present(file: Path) -> ConfigError:
    return ConfigError(
        f"{file}: is there already and is never overwritten. Name another folder, or edit it."
    )


def _write(file: Path, content: str) -> None:
    try:
        if not file.parent.is_dir():
            file.parent.mkdir(parents=True)
        # "x" refuses a file that another process has made since it was looked for.
        opened = file.open("x", encoding="utf-8")
    except OSError as error:
        if isinstance(error, FileExistsError) and file.exists():
            raise _present(file) from None
        raise AssayError(
            f"{file}: cannot be written: {error.strerror or error}. Name a folder that you may "
            "write to."
        ) from error
    with opened:
        opened.write(content)
