"""How JAX is set up for Assay: float64 everywhere, and nothing compiled twice."""

import os
import tempfile
from pathlib import Path

import jax


def configure() -> Path | None:
    """Set JAX up for Assay; to be called before the first array is made, any number of times.

    Every number is float64, on a CPU and on a GPU alike: tail probabilities of censored rows do not
    survive float32. JAX has one precision for the whole process, so code beside Assay in the same
    process sees float64 too.

    Whatever JAX compiles is kept in the user's cache folder, so that the second run of a command
    starts warm. `ASSAY_CACHE` names another folder, or is `off`. A cache folder that JAX was
    already given is left alone. Executables are loaded from this folder: never point it at one that
    others may write to.

    Returns:
        The folder in which compiled functions are kept, or `None` where nothing is kept: the cache
        is off, or the folder cannot be written. That costs time and is no error.
    """
    jax.config.update("jax_enable_x64", True)
    given = jax.config.values["jax_compilation_cache_dir"]
    if given:
        return Path(given)
    folder = _writable(_wanted())
    if folder is not None:
        # By default JAX keeps only what took a second to compile; a panel compiles hundreds of
        # functions that take less each, and minutes together.
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        jax.config.update("jax_compilation_cache_dir", str(folder))
    return folder


def _wanted() -> Path | None:
    """The folder that the environment asks for, existing or not; `None` where it says `off`."""
    own = os.environ.get("ASSAY_CACHE", "")
    if own.lower() == "off":
        return None
    if own:
        return Path(own).absolute() / "jax"
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # The XDG standard has a relative XDG_CACHE_HOME ignored.
    return (shared if shared.is_absolute() else _home() / ".cache") / "assay" / "jax"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without an entry in the password file, as in some containers
        return Path(os.devnull)  # no folder can be made below it, so nothing will be kept


def _writable(folder: Path | None) -> Path | None:
    """The folder, made if need be; `None` where no file can be written in it."""
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Asked by writing: permission bits do not tell of a read-only or a full disk.
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"assay")
    except OSError:
        return None
    return folder
