"""Which rows are sealed, how the ledger knows them, and in which order they are judged."""

import hashlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from assay.errors import DataError, ExperimentError
from assay.frame import Frame, Roles
from assay.record import Seal
from assay.score import copies, row_fingerprints, seal_from, seal_groups, seal_rows, seal_share

TURN = "\0"
"""Stands in the target's place; a name that no column has, so that the target's does not matter."""

Kind = Literal["independent", "series", "groups"]
"""How sealed rows depend on each other, which decides their test."""


@dataclass(frozen=True)
class Sealing:
    """The split of one problem's rows.

    Fields:
        open_rows: rows that may be used to fit and compare, ascending.
        gap_rows: rows just before the first sealed ones that neither side may use.
        units: number of the case that each row of the table belongs to; copies share one, and no
            case stands on both sides.
        copies: rows that share their case with others, groups aside.
        sealed_rows: rows that only the seal sees, in the order in which they are judged.
        identity: columns that say which row is which, in this and later tables.
        fingerprints: salted name of each sealed row by these columns, in that order.
        data_sha: SHA-256 over all rows, their targets included, in the table's order.
        target_sha: SHA-256 over the sorted targets, which no change of features can move.
        test: which statistics apply.
    """

    open_rows: np.ndarray
    gap_rows: np.ndarray
    units: np.ndarray
    copies: int
    sealed_rows: np.ndarray
    identity: tuple[str, ...]
    fingerprints: list[bytes]
    data_sha: str
    target_sha: str
    test: Kind


def seal(frame: Frame, roles: Roles, spec: Seal, *, salt: str, seed: int) -> Sealing:
    """Split the rows that have a target before anything is fitted.

    Args:
        frame: the checked table.
        roles: what its columns mean.
        spec: `from` a date, a `share`, a number of `rows` or a share of `groups`. Where there is
            a time column, shares and numbers take the latest rows.
        salt: secret of the ledger, under which it knows the rows.
        seed: chooses rows or groups, and their order; the same seed and rows, the same split.

    Raises:
        DataError: no row with a target would be sealed, or none would stay open.
        ExperimentError: `groups` without a group column, or a seal that would part groups.
    """
    names = row_fingerprints(frame.table, salt=salt.encode(), target=roles.target)
    chance = _chance(seed)
    blind = _blind_names(frame.table.drop(roles.target), chance)
    units, count = units_of(frame, roles, spec)
    mask = _mask(frame, roles, spec, _shared(blind, units), units, chance)
    gap = _gap(frame, roles, spec, mask)
    has_target = ~np.isnan(frame.numbers(roles.target))
    sealed = np.flatnonzero(mask & has_target)
    _refuse_empty(frame, roles.target, len(sealed), int((~mask & ~gap & has_target).sum()))
    identity = _identity(frame, roles)
    return Sealing(
        open_rows=np.flatnonzero(~mask & ~gap),
        gap_rows=np.flatnonzero(gap),
        units=units,
        copies=count,
        sealed_rows=(ordered := _in_order(sealed, roles, blind)),
        identity=identity,
        fingerprints=row_names(frame, identity, ordered, salt=salt),
        data_sha=hashlib.sha256(names.tobytes()).hexdigest(),
        target_sha=target_sha_of(frame.numbers(roles.target), salt),
        test=_kind(roles),
    )


def seal_again(
    frame: Frame,
    roles: Roles,
    is_sealed: np.ndarray,
    *,
    salt: str,
    seed: int,
    data_sha: str,
    target_sha: str,
    has_copies: bool,
) -> Sealing:
    """The split of rows that were sealed before, whose targets are elsewhere.

    Args:
        frame: the checked table; what stands as the target of sealed rows does not matter.
        roles: what its columns mean.
        is_sealed: of each row.
        salt: secret of the ledger.
        seed: fixes the order in which the rows are judged.
        data_sha: of the whole data, targets included, as it was sealed.
        target_sha: of the targets, likewise.
        has_copies: whether rows were kept on one side with their copies.
    """
    blind = _blind_names(frame.table.drop(roles.target), _chance(seed))
    units, count = units_of(frame, roles, Seal(share=0.5), has_copies)
    ordered, identity = _in_order(np.flatnonzero(is_sealed), roles, blind), _identity(frame, roles)
    return Sealing(
        open_rows=np.flatnonzero(~is_sealed),
        gap_rows=np.zeros(0, dtype=np.int64),
        units=units,
        copies=count,
        sealed_rows=ordered,
        identity=identity,
        fingerprints=row_names(frame, identity, ordered, salt=salt),
        data_sha=data_sha,
        target_sha=target_sha,
        test=_kind(roles),
    )


def _chance(seed: int) -> bytes:
    return f"seed {seed}".encode()


def _kind(roles: Roles) -> Kind:
    return "series" if roles.time else "groups" if roles.group else "independent"


def _in_order(sealed: np.ndarray, roles: Roles, blind: np.ndarray) -> np.ndarray:
    """The bet takes independent rows one by one; a hash fixes an order that nobody chose."""
    if _kind(roles) != "independent":
        return sealed
    return sealed[np.argsort(blind[sealed], kind="stable")]


def row_names(
    frame: Frame, identity: tuple[str, ...], rows: np.ndarray, *, salt: str
) -> list[bytes]:
    """How the ledger knows some rows: by the columns of `identity`, never by their target.

    Whoever holds the salt and a sealed row's other columns could else try out its target. What the
    target is called does not enter either.

    Args:
        frame: the checked table.
        identity: columns, all in the table; several rows may share their values.
        rows: positions.
        salt: secret of the ledger.
    """
    return _as_bytes(_blind_names(frame.table.select(*identity), salt.encode())[rows])


def _identity(frame: Frame, roles: Roles) -> tuple[str, ...]:
    """Series and time where there is time; else all columns but the target."""
    if roles.time is not None:
        return (*roles.series, roles.time)
    names = tuple(name for name in sorted(frame.columns) if name not in (roles.target, "row_id"))
    if not names:
        raise DataError(
            f"{frame.source}: it holds nothing but its target `{roles.target}`, must have another "
            "column, by which rows are told apart and known again. Add one that is known when a "
            "row is predicted, a time, or a number of the case."
        )
    return names


def target_sha_of(y: np.ndarray, salt: str) -> str:
    """A name for a whole column of targets, whatever the order of its rows."""
    return hashlib.sha256(salt.encode() + np.sort(y).tobytes()).hexdigest()


def _blind_names(others: pl.DataFrame, chance: bytes) -> np.ndarray:
    """Names that choose rows without a word of their target; no two rows share one.

    Everybody knows the seed. If a row's own target decided whether it is sealed, whoever sees the
    other columns of a sealed row could try each target and rule out those that would stay open. So
    in place of the target stands how many rows with the same other columns came before.

    Args:
        others: all columns but the target.
        chance: what the names are salted with.
    """
    same = row_fingerprints(others.with_columns(pl.lit(0).alias(TURN)), salt=b"", target=TURN)
    turn = pl.DataFrame({"same": same}).select(pl.int_range(pl.len()).over("same")).to_series()
    return row_fingerprints(others.with_columns(turn.alias(TURN)), salt=chance, target=TURN)


def units_of(
    frame: Frame, roles: Roles, spec: Seal, agreed: bool | None = None
) -> tuple[np.ndarray, int]:
    """The case of each row, and how many rows are kept with a copy of theirs.

    Args:
        frame: the checked table.
        roles: what its columns mean.
        spec: says whether copies may be parted.
        agreed: whether the targets of copies agree; `None` asks the targets themselves.

    Returns:
        A number for each row, (rows,), the same for rows of one case; and a count of rows.
    """
    rows = frame.rows
    group = np.arange(rows)
    if roles.group is not None:
        group = frame.column(roles.group).rank("dense").to_numpy().astype(np.int64) - 1
    keys = {roles.target, roles.group, "row_id", *roles.series}
    features = frame.table.drop(keys & set(frame.columns) - {None})
    if roles.time is not None or spec.copies == "apart" or not features.width:
        return group, 0  # days may well be alike
    twins = copies(features)
    shared = np.bincount(twins)[twins] > 1
    if not (_agree(frame.numbers(roles.target), twins) if agreed is None else agreed):
        return group, 0
    edges = np.ones(rows, dtype=bool)
    # A group and a set of copies that have a row in common are one case.
    graph = coo_array((edges, (group, group.max() + 1 + twins)), shape=2 * (2 * rows,))
    return connected_components(graph, directed=False)[1][group], int(shared.sum())


SAME_TARGET = 0.1
"""Copies vary in their target by at most this share of its variance."""


def _agree(y: np.ndarray, twins: np.ndarray) -> bool:
    """Whether rows that agree in all else agree in their target too, as the same case does.

    One answer for the whole table. Where products or ages repeat, different cases have the same
    features, and their targets differ as much as any.
    """
    known = ~np.isnan(y)
    place = np.unique(twins[known], return_inverse=True)[1]
    count = np.bincount(place)
    repeated = count[place] > 1
    total = float(np.var(y[known])) if known.any() else 0.0
    if not repeated.any():
        return True
    away = y[known] - (np.bincount(place, y[known]) / count)[place]
    spread = float((away[repeated] ** 2).sum()) / (repeated.sum() - len(np.unique(place[repeated])))
    return spread <= SAME_TARGET * total


def _shared(names: np.ndarray, units: np.ndarray) -> np.ndarray:
    """The first of the names in each case, for all of its rows."""
    order = np.lexsort((names, units))
    first = np.unique(units[order], return_index=True)[1]
    return names[order][first][np.unique(units, return_inverse=True)[1]]


def _gap(frame: Frame, roles: Roles, spec: Seal, mask: np.ndarray) -> np.ndarray:
    """The times just before the first sealed one, of which `spec.gap` are left out.

    Raises:
        DataError: there are not more times than that.
    """
    if spec.gap is None or roles.time is None:
        return np.zeros(frame.rows, dtype=bool)
    place = frame.column(roles.time).rank("dense").to_numpy().astype(np.int64)
    first = place[mask].min()
    if first - spec.gap <= place.min():
        raise DataError(
            f"{frame.source}: seal has a gap of {spec.gap} times, but only {first - place.min()} "
            "lie before the first sealed one. Write a smaller gap, or seal later."
        )
    return (place < first) & (place >= first - spec.gap)


def _mask(
    frame: Frame,
    roles: Roles,
    spec: Seal,
    names: np.ndarray,
    units: np.ndarray,
    chance: bytes,
) -> np.ndarray:
    if spec.groups is not None and roles.time is not None:
        raise ExperimentError(
            f"{frame.source}: seal = {{ groups = {spec.groups:g} }} beside the time column "
            f"`{roles.time}`: groups that live through the same days share their shocks, so they "
            'are not independent. Seal the latest rows: seal = { from = "2025-01-01" } or a share.'
        )
    if spec.groups is not None:
        if roles.group is None:
            raise ExperimentError(
                f"{frame.source}: seal = {{ groups = {spec.groups:g} }} needs a `group` column. "
                "Name it, or seal by share, rows or date."
            )
        return seal_groups(_first_group(frame.column(roles.group), units), spec.groups, salt=chance)
    if roles.time is not None:
        return _latest(frame, roles.time, spec)
    if roles.group is not None:
        raise ExperimentError(
            f"{frame.source}: seal = {spec.table()} would part the rows of one `{roles.group}`, "
            "and the open ones would tell of the sealed ones. Seal whole groups: "
            "seal = { groups = 0.3 }."
        )
    if spec.start is not None:
        raise ExperimentError(
            f"{frame.source}: seal = {{ from = {spec.start!r} }} needs a `time` column. Name it, "
            "or seal by share or rows."
        )
    if spec.rows is not None:
        return seal_rows(names, spec.rows, salt=chance)
    return seal_share(names, float(spec.share or 0.0), salt=chance)


def _first_group(groups: pl.Series, units: np.ndarray) -> pl.Series:
    """For each row the least group of its case: its own, unless copies join several groups."""
    table = pl.DataFrame({"unit": units, "group": groups})
    return table.select(pl.col("group").min().over("unit")).to_series()


def _latest(frame: Frame, time: str, spec: Seal) -> np.ndarray:
    """Everything from the stated date, or whole dates from the end up to the stated size."""
    column = frame.column(time)
    if spec.start is not None:
        return seal_from(column, spec.start)
    wanted = spec.rows if spec.rows is not None else round(float(spec.share or 0) * frame.rows)
    ordered = column.sort(descending=True)
    start = ordered[max(0, min(wanted, frame.rows) - 1)]
    mask = (column >= start).to_numpy()
    if mask.all():
        raise ExperimentError(
            f"{frame.source}: sealing the latest {wanted} of {frame.rows} rows leaves none open. "
            "Seal fewer."
        )
    return mask


def _as_bytes(names: np.ndarray) -> list[bytes]:
    return [bytes.fromhex(name.decode()) for name in names.tolist()]


def _refuse_empty(frame: Frame, target: str, sealed: int, opened: int) -> None:
    if not (sealed and opened):
        raise DataError(
            f"{frame.source}: {sealed} sealed and {opened} open rows have a `{target}`; both sides "
            "need some. Move the seal, or leave out the rows without a target."
        )
