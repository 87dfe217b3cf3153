"""The command `assay` in processes of its own, as a user starts it."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST = ROOT / "examples" / "first"

_SCRIPT = Path(sys.executable).with_name("assay")
COMMAND = (str(_SCRIPT),) if _SCRIPT.exists() else (sys.executable, "-m", "assay")


def environment(cache: Path) -> dict[str, str]:
    """What a command finds in its environment.

    Args:
        cache: folder of compiled functions; the user's own is neither used nor filled.
    """
    # Where bytecode is not kept, every start compiles each library anew, as no user's does.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"ASSAY_CACHE": str(cache), "NO_COLOR": "1", "COLUMNS": "100"}


def keep_to_two_cores() -> int:
    """Let this process and all that it starts use two cores; on fewer, those there are.

    Returns:
        The number of cores that are used.
    """
    if not hasattr(os, "sched_setaffinity"):  # macOS and Windows
        return os.cpu_count() or 1
    cores = sorted(os.sched_getaffinity(0))[:2]
    os.sched_setaffinity(0, cores)
    return len(cores)
