"""`assay.toml`: reads a portfolio, and says what to change where it cannot."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from assay.errors import ConfigError, nearest
from assay.record.attempt_plan import STAGES, AttemptPlan
from assay.record.belief import Belief, KnownCurve, StageStart
from assay.record.explain import explain, keys_of
from assay.record.labelling import Labelling
from assay.record.model_spec import ModelSpec
from assay.record.portfolio_rules import first_clash
from assay.record.project import Project
from assay.record.project_rules import repeated
from assay.record.returns import Returns
from assay.record.seal import Seal
from assay.record.setting import Amount, Counting, Positive, Setting, Text, Whole, as_tuple

FILE_NAME = "assay.toml"
PERSON_DAY = "person-day"


class PortfolioSettings(Setting):
    """The `[portfolio]` table: what all projects share."""

    name: Text = Field(default="Portfolio", description="no name given")
    effort_unit: Text = Field(default=PERSON_DAY, description="unit of every effort")
    effort_per_person_day: Positive = Field(
        default=1.0, description="units of effort in a person-day"
    )
    budget: Positive | None = Field(default=None, description="given when a plan is asked for")
    value_unit: Text = Field(default="", description="importance × points")
    teams: dict[Text, Amount] = Field(
        default_factory=dict, description="effort each team has: no team is limited"
    )
    active: Counting | None = Field(default=None, description="any number of projects at once")
    ledger: Text = Field(default="assay.db", description="beside this file")
    seed: Whole = Field(default=1, description="start of every random step")

    @model_validator(mode="after")
    def _unit_is_convertible(self) -> "PortfolioSettings":
        is_said = "effort_per_person_day" in self.model_fields_set
        if self.effort_unit != PERSON_DAY and not is_said:
            raise ValueError(
                f'effort_unit is "{self.effort_unit}" and effort_per_person_day is missing. Write '
                f"how many {self.effort_unit}s one person-day is worth."
            )
        if self.effort_unit == PERSON_DAY and self.effort_per_person_day != 1:
            raise ValueError(
                f"effort_per_person_day is {self.effort_per_person_day} while effort_unit is "
                f'"{PERSON_DAY}", must be 1. Leave it out.'
            )
        return self


class PortfolioFile(Setting):
    """The file as a whole: its version, one `[portfolio]`, any number of `[[project]]`."""

    version: Literal[1] = Field(default=1, description="of this file's format")
    portfolio: PortfolioSettings = Field(
        default_factory=lambda: PortfolioSettings(), description="all of its defaults"
    )
    project: Annotated[tuple[Project, ...], BeforeValidator(as_tuple)] = Field(
        default=(), description="none yet"
    )

    @model_validator(mode="after")
    def _keys_differ(self) -> "PortfolioFile":
        twice = repeated([project.key for project in self.project])
        if twice is not None:
            raise ValueError(f'two projects have the key "{twice}". Keys must differ.')
        return self

    @model_validator(mode="after")
    def _other_projects_and_teams_exist(self) -> "PortfolioFile":
        problem = first_clash(self.project, tuple(self.portfolio.teams))
        if problem is not None:
            raise ValueError(problem)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Projects that compete for one effort budget.

    Fields:
        file: the `assay.toml` that says so; other paths are relative to its folder.
        settings: its `[portfolio]` table.
        projects: in the order of the file.
    """

    file: Path
    settings: PortfolioSettings
    projects: tuple[Project, ...]

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return self.file.parent

    @property
    def ledger(self) -> Path:
        """Path of the ledger."""
        return self.folder / self.settings.ledger

    def project(self, key: str) -> Project:
        """The project called `key`.

        Raises:
            ConfigError: no project has this key; names the nearest.
        """
        for project in self.projects:
            if project.key == key:
                return project
        known = [project.key for project in self.projects]
        raise ConfigError(f'{self.file}: no project has the key "{key}". {nearest(key, known)}')


def load_portfolio(path: str | Path) -> Portfolio:
    """Read a portfolio.

    Args:
        path: an `assay.toml`, or the folder that holds one.

    Raises:
        ConfigError: no such file, broken TOML, or a key that is unknown, missing, of the wrong
            type or out of range. Every finding is a line of the message.
    """
    file = Path(path)
    file = file / FILE_NAME if file.is_dir() else file
    return portfolio_from(_read_toml(file), file)


def portfolio_from(data: dict[str, Any], file: Path) -> Portfolio:
    """The portfolio that the tables of a file describe.

    Raises:
        ConfigError: as `load_portfolio`.
    """
    try:
        read = PortfolioFile.model_validate(data)
    except ValidationError as error:
        raise ConfigError(explain(error, str(file), data, _known_keys)) from error
    return Portfolio(file=file, settings=read.portfolio, projects=read.project)


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        # Editors on Windows put a byte-order mark in front, which TOML does not allow.
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: no such file. Name an {FILE_NAME} or its folder; `assay init` writes one."
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: byte {error.start} is not UTF-8. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: broken TOML: {error}.") from error
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror}.") from error


_TABLES: dict[tuple[str, ...], type[Setting]] = {
    (): PortfolioFile,
    ("portfolio",): PortfolioSettings,
    ("project",): Project,
    ("project", "seal"): Seal,
    ("project", "belief"): Belief,
    ("project", "curve"): KnownCurve,
    ("project", "returns"): Returns,
    ("project", "labelling"): Labelling,
    **{
        (*place, "stages", stage): StageStart
        for place in (("project",), ("project", "curve"))
        for stage in STAGES
    },
    ("project", "baseline"): ModelSpec,
    ("project", "attempt"): AttemptPlan,
    ("project", "attempt", "model"): ModelSpec,
}


def _known_keys(place: tuple[str, ...]) -> tuple[str, ...]:
    return keys_of(_TABLES[place]) if place in _TABLES else ()
