"""A parameter that follows the series: level, slope and seasons moved by each observation."""

from dataclasses import dataclass
from typing import Literal

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared
from assay.predictor.matrix import Matrix


@dataclass(frozen=True)
class ScoreDriven(AbstractPredictor):
    """States that each observation moves by the scaled score of its own likelihood.

    One recursion serves every family and limit: zeros are ordinary counts, an outlier moves the
    states as far as its family believes it, and a day sold out moves them as far as "at least this
    much" warrants.

    Fields:
        level: whether the level follows the series, or stays as it began.
        trend: `damped` for a slope that fades, `None` for no slope.
        season: steps after which the course returns, one or several: `7`, `(7, 365.25)`. A short
            whole period has a value for each of its slots, a long or fractional one harmonics.
        scaling: what the score is divided by: the information (`inverse`), its root (`root`) or
            nothing (`unit`).
        open: column that is true (or 1) on days when anything could be sold; a closed day is a
            known zero that teaches nothing.

    Source: Creal, Koopman & Lucas (2013), Generalized autoregressive score models; Harvey (2013),
        Dynamic models for volatility and heavy tails.
    """

    level: bool = True
    trend: Literal["damped"] | None = None
    season: float | tuple[float, ...] = ()
    scaling: Literal["inverse", "root", "unit"] = "root"
    open: str | None = None

    def __post_init__(self) -> None:
        given = self.season if isinstance(self.season, list | tuple) else (self.season,)
        # A recipe in text may hold a list, which could not be hashed.
        object.__setattr__(self, "season", tuple(given))
        for period in self.seasons:
            if isinstance(period, bool) or not (
                isinstance(period, int | float) and 2 <= period < float("inf")
            ):
                raise ConfigError(
                    f"ScoreDriven: `season` is {self.season!r}, must hold numbers of steps of at "
                    "least 2, such as 7 for a week of days or (7, 365.25)."
                )
        if len(set(self.seasons)) < len(self.seasons):
            raise ConfigError(f"ScoreDriven: `season` is {self.season!r}; name each period once.")
        if self.trend not in (None, "damped"):
            raise ConfigError(f'ScoreDriven: `trend` is {self.trend!r}, must be "damped" or None.')
        if self.scaling not in ("inverse", "root", "unit"):
            raise ConfigError(
                f'ScoreDriven: `scaling` is {self.scaling!r}, must be "inverse", "root" or "unit".'
            )
        if not (self.open is None or isinstance(self.open, str)):
            raise ConfigError(f"ScoreDriven: `open` is {self.open!r}, must name a column.")

    @property
    def seasons(self) -> tuple[float, ...]:
        """The periods, always as a tuple."""
        return self.season if isinstance(self.season, tuple) else (self.season,)

    def prepare(self, frame: Frame) -> tuple[AbstractPrepared, Matrix]:
        raise ConfigError(
            f"{frame.source}: a score-driven predictor follows series in time. Name the column of "
            'time, and the keys of the series if there are several: `model.fit(table, "units", '
            'time="date", by=["store", "item"])`.'
        )

    def describe(self) -> str:
        said = []
        if not self.level:
            said.append("level=False")
        if self.trend is not None:
            said.append(f"trend={self.trend!r}")
        if self.seasons:
            only = len(self.seasons) == 1
            said.append(f"season={self.seasons[0] if only else self.seasons!r}")
        if self.scaling != ScoreDriven.scaling:
            said.append(f"scaling={self.scaling!r}")
        if self.open is not None:
            said.append(f"open={self.open!r}")
        return f"score-driven({', '.join(said)})"
