"""What is done of a long fit, kept in a folder so that it may be stopped at any moment."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from zipfile import BadZipFile

import numpy as np

from assay.errors import ConfigError, DataError
from assay.series.panel.arrange import Panel, Recipe

NAME = "fit.txt"
COMMON = "common"  # what all series have in common
FORMAT = "format 3"
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Kept:
    """A folder of finished parts of one fit.

    Fields:
        folder: where they are; nothing else is written there.
    """

    folder: Path

    @classmethod
    def of(cls, folder: str | Path, recipe: Recipe, panel: Panel, dtype: Any) -> "Kept":
        """The folder of this fit, made where it is not there.

        Raises:
            ConfigError: it keeps another fit, or other files.
            DataError: it cannot be written.
        """
        place, text = Path(folder), f"{FORMAT}\n{_fingerprint(recipe, panel, dtype)}\n"
        try:
            place.mkdir(parents=True, exist_ok=True)
            names = sorted(each.name for each in place.iterdir())
        except OSError as error:
            raise _unwritable(place, error) from error
        # What a kill left of a file is nobody's.
        held = [name for name in names if not name.startswith(_UNFINISHED)]
        if NAME in held:
            if (place / NAME).read_text("utf-8") != text:
                raise ConfigError(
                    f"{place}: keeps parts of another fit: the table, the model or its version "
                    "changed since. Name another folder, or empty this one."
                )
        elif held:
            raise ConfigError(f"{place}: holds other files, such as {held[0]}. Name a new folder.")
        else:
            _write(place / NAME, text.encode())
        return cls(place)

    @property
    def parts(self) -> int:
        """How many parts are kept."""
        return len(list(self.folder.glob("part-*.npz")))

    def told(self) -> str:
        """What is kept, in words."""
        if not (self.folder / f"{COMMON}.npz").is_file():
            return "nothing yet"
        return f"what all series have in common, and finished parts of the fit: {self.parts:,}"

    def load(self, name: str) -> Mapping[str, np.ndarray] | None:
        """Arrays that were kept under a name; `None` where there are none, or not whole."""
        try:
            written = BytesIO((self.folder / f"{name}.npz").read_bytes())
            with np.load(written, allow_pickle=False) as found:
                return {key: found[key] for key in found.files}
        except (OSError, ValueError, EOFError, KeyError, BadZipFile):
            return None  # what was not written to its end is made again

    def save(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays under a name: whole or not at all.

        Raises:
            DataError: they cannot be written.
        """
        written = BytesIO()
        np.savez(written, **arrays)  # pyright: ignore[reportArgumentType]
        _write(self.folder / f"{name}.npz", written.getvalue())


def _write(path: Path, content: bytes) -> None:
    """Fill a neighbour first: a rename is atomic, a write is not."""
    beside: Path | None = None
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=_UNFINISHED, delete=False) as file:
            beside = Path(file.name)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise _unwritable(path.parent, error) from error
    finally:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()  # there only if something stopped the rename


def _unwritable(place: Path, error: OSError) -> DataError:
    why = error.strerror or str(error)
    return DataError(f"{place}: the checkpoint cannot be written: {why}. Name another folder.")


def _fingerprint(recipe: Recipe, panel: Panel, dtype: Any) -> str:
    """Of everything that decides a fit's numbers."""
    from assay import __version__

    said = (
        __version__,
        np.dtype(dtype).name,
        recipe.family.describe(),
        recipe.driven,
        recipe.term.describe(),
        recipe.others.describe() if recipe.others else "",
        str(panel.grid),
        str(sorted(panel.set_aside)),
        str(panel.pools.columns),
    )
    digest = sha256("\0".join(said).encode())
    digest.update(panel.keys.write_csv().encode() if panel.keys.width else b"")
    digest.update(panel.pools.write_csv().encode() if panel.pools.width else b"")
    arrays = (panel.edges, panel.step, panel.y, panel.hidden, panel.weight, panel.offset)
    for each in (*arrays, panel.features):
        digest.update(each.tobytes())
    return digest.hexdigest()
