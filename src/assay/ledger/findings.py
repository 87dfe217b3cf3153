"""What a check of a ledger finds."""

from dataclasses import dataclass

from assay.ledger.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A place where the chain is not what was recorded.

    Fields:
        at: number of the record that is changed, missing, not linked or not to be read.
        why: which of these, as the end of a sentence that begins with the record.
    """

    at: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Records after a break that are whole and chain among themselves.

    They hang on a record that does not hold, so they prove nothing of what came before them, nor
    that none of them was put in its place.

    Fields:
        first, last: numbers of the first and the last.
    """

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongFile:
    """A file that is missing or damaged.

    Fields:
        sha: its SHA-256, and so its name.
        state: `missing` or `damaged`.
        records: numbers of the records that name it.
        projects: keys of the experiments that name it.
    """

    sha: str
    state: str
    records: tuple[int, ...]
    projects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a check of the whole ledger found.

    Fields:
        ok: every link, file and view holds.
        records: records that hold, from the first on; what follows hangs on the first break.
        broken_at: number of the first record that is not what was recorded.
        breaks: every such record, in order.
        after: records that were read after the first break.
        runs: those of them that still chain among themselves.
        files: files that the records name.
        files_missing: SHA-256 of files that records name and that are not there.
        files_damaged: SHA-256 of files whose content has another hash.
        files_wrong: the same, with the records and projects that name them.
        experiments: what stands of each.
        views_wrong: registrations whose rows in the view are not those of their file.
        words_wrong: the search does not hold the words of the records.
        schema_wrong: tables, indices and triggers that are missing or were changed.
        head: hash of the last record that could be read.
        message: the finding in one sentence.
    """

    ok: bool
    records: int
    broken_at: int | None = None
    breaks: tuple[Break, ...] = ()
    after: int = 0
    runs: tuple[Run, ...] = ()
    files: int = 0
    files_missing: tuple[str, ...] = ()
    files_damaged: tuple[str, ...] = ()
    files_wrong: tuple[WrongFile, ...] = ()
    experiments: tuple[Standing, ...] = ()
    views_wrong: tuple[int, ...] = ()
    words_wrong: bool = False
    schema_wrong: tuple[str, ...] = ()
    head: str = ""
    message: str
