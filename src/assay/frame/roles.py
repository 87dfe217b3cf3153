"""Which column plays which part."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from assay.errors import ConfigError
from assay.frame.table import Frame


@dataclass(frozen=True)
class Roles:
    """What the columns of a table mean.

    Fields:
        target: what is to be predicted.
        time: when a row was seen: days, moments or numbers.
        series: key columns of a panel; one name may be given as plain text.
        group: rows of one group are never split between open and sealed rows.
        season: rows until the course repeats, 2 or more.
        horizon: how many rows ahead a forecast looks, 1 or more.
        censored_above: a limit (numbers) that the target cannot be seen above, or a flag (true or
            false) that the recorded target is only a lower bound.
        censored_flag: a flag beside the limits of `censored_above`: a row is hidden where either
            says so.
        censored_below: likewise from below.
        known_ahead: covariates that are known when a forecast is made.
    """

    target: str
    time: str | None = None
    series: tuple[str, ...] = ()
    group: str | None = None
    season: int | None = None
    horizon: int | None = None
    censored_above: str | None = None
    censored_flag: str | None = None
    censored_below: str | None = None
    known_ahead: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "series", _names(self.series))
        object.__setattr__(self, "known_ahead", _names(self.known_ahead))
        _refuse_small("season", self.season, least=2)
        _refuse_small("horizon", self.horizon, least=1)
        if self.censored_flag is not None and self.censored_above is None:
            raise ConfigError(
                f"roles: `censored_flag` is {self.censored_flag!r} and no limit stands beside it. "
                f"A flag alone is named as `censored_above`."
            )
        self._refuse_overlap()

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Pairs of role and column, for each role that names a column."""
        single = (
            "target", "time", "group", "censored_above", "censored_flag", "censored_below",
        )  # fmt: skip
        pairs = [(role, getattr(self, role)) for role in single]
        pairs += [("series", name) for name in self.series]
        pairs += [("known_ahead", name) for name in self.known_ahead]
        return tuple((role, name) for role, name in pairs if name is not None)

    def as_dict(self) -> dict[str, str | int | list[str] | None]:
        """The roles as JSON takes them."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return {role: list(v) if isinstance(v, tuple) else v for role, v in plain.items()}

    def _refuse_overlap(self) -> None:
        taken: dict[str, str] = {}
        for role, name in self.named:
            if role in ("group", "known_ahead") and name != self.target:
                continue  # a store may be both key and group, a limit may be known ahead
            if name in taken:
                raise ConfigError(
                    f"roles: column `{name}` is both `{taken[name]}` and `{role}`, a column "
                    f"plays one of them. Name another column as `{role}`, or leave it out."
                )
            taken[name] = role


def recognise(frame: Frame, roles: Roles) -> Roles:
    """Roles completed by the names `unique_id` (series) and `ds` (time), where both are unused.

    Args:
        frame: the table.
        roles: what the user said; nothing said is changed.

    Returns:
        The roles, with `time` and `series` filled in where the table follows those names.
    """
    used = {name for _, name in roles.named}
    if roles.time is None and "ds" in frame.columns and "ds" not in used:
        roles = replace(roles, time="ds")
    may_key = not roles.series and roles.time == "ds" and "unique_id" not in used
    if may_key and "unique_id" in frame.columns:
        roles = replace(roles, series=("unique_id",))
    return roles


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _refuse_small(role: str, value: object, *, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(
            f"roles: `{role}` is {value!r}, must be a whole number of rows, {least} or more. "
            f"Write {'7 for a week of days' if role == 'season' else '14 for two weeks of days'}, "
            "or leave it out."
        )
