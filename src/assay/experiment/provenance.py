"""Where an attempt came from: code version and environment."""

import platform
import subprocess
import time
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("assay-ml", "jax", "numpy", "numpyro", "polars", "scipy")


def code_version(folder: Path) -> dict[str, Any]:
    """Git commit of `folder` and whether it was changed since; empty outside a checkout.

    Asked anew each half minute: a notebook outlives a commit, a night of attempts need not.
    """
    return dict(_version_at(folder, int(time.monotonic() // 30)))


@lru_cache(maxsize=8)
def _version_at(folder: Path, _: int) -> dict[str, Any]:
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return {}
    return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain"))}


@lru_cache(maxsize=32)
def environment(*also: str) -> dict[str, Any]:
    """Versions of Python and of the packages that numbers depend on.

    Args:
        also: packages that a model brings with it.
    """
    found: dict[str, Any] = {"python": platform.python_version(), "machine": platform.machine()}
    for name in (*_PACKAGES, *also):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
