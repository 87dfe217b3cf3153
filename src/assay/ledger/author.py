"""Who is recording, where nobody says so."""

import os
import subprocess
from functools import cache


@cache
def default_author() -> str:
    """The name in git's settings, else the user of this machine, else `"unknown"`."""
    users = (os.environ.get(name, "").strip() for name in ("USER", "USERNAME", "LOGNAME"))
    return _git_name() or next((user for user in users if user), "unknown")


def _git_name() -> str:
    try:
        found = subprocess.run(
            ["git", "config", "user.name"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
