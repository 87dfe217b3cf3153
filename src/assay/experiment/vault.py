"""A vault: the sealed targets, kept apart and encrypted with a key that no modeller needs to hold.

Whoever holds the data splits it once. Modellers get the open rows and the sealed ones without
their target; what they offer is counted and waits. Whoever holds the key answers: one bit for each
look. Looks are counted beside the key too, so that a ledger that is deleted does not forget.

A server that keeps targets for a team stands behind the same two questions: `targets`, which only
the key answers, and `count`, which notes a look before it is answered.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TextIO

import polars as pl

from assay.errors import ExperimentError

FACTS, LABELS = "vault.json", "labels.bin"
LOOKS = ".looks.jsonl"
"""Follows the name of the key's file: looks are counted beside the key, out of modellers' reach."""

KEY_FILE = "ASSAY_VAULT_KEY_FILE"
"""Environment variable that names the file with the key, for whoever holds it."""


@dataclass(frozen=True)
class Look:
    """One look as the vault counts it: of which experiment, its number, level, predictions."""

    experiment: str
    number: int
    level: float
    predictions: str


@dataclass(frozen=True)
class Key:
    """What opens a vault, and where its looks are counted.

    Fields:
        file: where the key lies, for its keeper alone.
        secret: as `new_key` makes one.
    """

    file: Path
    secret: bytes

    @property
    def looks(self) -> Path:
        """The file in which looks are counted."""
        return self.file.with_name(self.file.name + LOOKS)


@dataclass(frozen=True)
class Vault:
    """A folder with encrypted targets.

    Fields:
        folder: where it is.
        key: opens it; `None` for everybody but its keeper.
    """

    folder: Path
    key: Key | None = None

    @classmethod
    def make(cls, folder: Path, labels: pl.DataFrame, facts: dict[str, Any], key: Key) -> "Vault":
        """Encrypt targets into a new vault.

        Args:
            folder: made if it is not there; must hold no vault.
            labels: `row_id`, the target and whatever else came with it.
            facts: what everybody may know.
            key: as `new_key` makes one.

        Raises:
            ExperimentError: there is a vault already, or the folder cannot be written.
        """
        if (folder / FACTS).exists():
            raise ExperimentError(
                f"{folder}: holds a vault already, which is never overwritten. Name another folder."
            )
        content, text = BytesIO(), json.dumps({"format": 1, **facts}, indent=2)
        # The facts stand in the open for modellers, and under the key for whoever answers.
        labels.write_parquet(content, metadata={"assay": text})
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / LABELS).write_bytes(_cipher(key.secret).encrypt(content.getvalue()))
            (folder / FACTS).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise ExperimentError(
                f"{folder}: cannot be written ({error.strerror}). Name a folder that can."
            ) from error
        return cls(folder, key)

    @property
    def facts(self) -> dict[str, Any]:
        """What everybody may know: which split it belongs to.

        Raises:
            ExperimentError: there is no vault here, or it is of a newer format.
        """
        try:
            found = json.loads((self.folder / FACTS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ExperimentError(
                f"{self.folder}: holds no vault ({FACTS} cannot be read). Check `vault` in "
                "assay.toml; `assay vault seal` makes one."
            ) from error
        if not isinstance(found, dict) or found.get("format") != 1:
            raise ExperimentError(f"{self.folder}: is no vault of format 1. Use a newer Assay.")
        return found

    @property
    def is_open(self) -> bool:
        """Whether its key is at hand."""
        return self.key is not None

    def targets(self) -> pl.DataFrame:
        """The sealed targets, with their `row_id`.

        Raises:
            ExperimentError: the key is missing or wrong, or the labels were damaged.
        """
        if self.key is None:
            raise ExperimentError(
                f"{self.folder}: the vault is locked. Its keeper runs this, with --key-file or "
                f"with {KEY_FILE} set."
            )
        from cryptography.fernet import InvalidToken

        try:
            content = _cipher(self.key.secret).decrypt((self.folder / LABELS).read_bytes())
        except InvalidToken as error:
            raise ExperimentError(
                f"{self.folder}: this key does not open the vault, or its labels were damaged. "
                "Take the key that `assay vault seal` wrote for it."
            ) from error
        except OSError as error:
            raise ExperimentError(
                f"{self.folder}: {LABELS} cannot be read ({error.strerror}). Restore the vault."
            ) from error
        if json.loads(pl.read_parquet_metadata(BytesIO(content))["assay"]) != self.facts:
            raise ExperimentError(
                f"{self.folder}: {FACTS} is not what was sealed; somebody changed it. Restore it."
            )
        return pl.read_parquet(BytesIO(content))

    def count(self, look: Look) -> None:
        """Note a look before it is answered; one that was noted before is not counted again.

        Raises:
            ExperimentError: the look does not follow those that were counted, so that looks were
                forgotten or repeated on other terms; or together they would spend more than the
                alpha of the vault; or the count cannot be written.
        """
        if self.key is None:
            raise ExperimentError(f"{self.folder}: the vault is locked, so it counts no look.")
        try:
            with self.key.looks.open("a", encoding="utf-8") as file, _alone(file):
                counted = self.looks()
                if look in counted:
                    return
                self._refuse(look, counted)
                # A line of its own, even after one that a crash cut short.
                file.write(f"\n{json.dumps(astuple(look))}\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ExperimentError(
                f"{self.key.looks}: the look cannot be counted ({error.strerror}), so it is not "
                "answered. Make it writable."
            ) from error

    def _refuse(self, look: Look, counted: list[Look]) -> None:
        if look.number != len(counted) + 1:
            times = f"{len(counted)} look{'s' if len(counted) != 1 else ''}"
            raise ExperimentError(
                f"{self.folder}: the vault has counted {times} at these rows, and the ledger calls "
                f"this one look {look.number}: it was deleted, replaced or copied. Restore it; "
                "looks are not forgotten."
            )
        alpha = float(self.facts["alpha"])
        spent = sum(each.level for each in counted)
        if spent + look.level > alpha * (1 + 1e-9):
            raise ExperimentError(
                f"{self.folder}: {spent:g} of the vault's alpha of {alpha:g} is spent, and this "
                f"look asks for {look.level:g}. Register with the alpha of the vault."
            )

    def looks(self) -> list[Look]:
        """Every look that was counted, in order; a line that a crash cut short was no look yet."""
        if self.key is None:
            return []
        try:
            lines = self.key.looks.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Look(*json.loads(line)) for line in lines if line.endswith("]")]


@contextmanager
def _alone(file: TextIO) -> Iterator[None]:
    """Hold off other processes that count, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    yield  # closing the file lets go of the lock


def new_key(file: Path) -> Key:
    """Make a key and write it where only its owner can read it.

    Raises:
        ExperimentError: the file is there already, or cannot be written.
    """
    from cryptography.fernet import Fernet

    key = Fernet.generate_key()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ExperimentError(f"{file}: is there already; a key is never overwritten.") from None
    except OSError as error:
        raise ExperimentError(f"{file}: cannot be written ({error.strerror}).") from error
    with os.fdopen(descriptor, "wb") as out:
        out.write(key + b"\n")
    return Key(file, key)


def read_key(file: Path | None) -> Key | None:
    """The key in a file, or in the one that the environment names; `None` where neither is given.

    Raises:
        ExperimentError: the file cannot be read, or holds no key.
    """
    named = os.environ.get(KEY_FILE)
    chosen = file or (Path(named) if named else None)
    if chosen is None:
        return None
    try:
        key = chosen.read_bytes().strip()
        _cipher(key)
    except OSError as error:
        raise ExperimentError(f"{chosen}: the key cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise ExperimentError(
            f"{chosen}: holds no key of a vault. Name the file that `assay vault seal` wrote."
        ) from error
    return Key(chosen, key)


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.fernet import Fernet
    except ImportError as error:
        raise ExperimentError(
            "A vault needs the package `cryptography`: pip install 'assay-ml[vault]'."
        ) from error
    return Fernet(key)
