"""Defaults of a project that depend on its other keys.

Each takes the keys read so far; a key that was itself refused is missing there.
"""

from typing import Any

from assay.record.seal import Seal

PINBALL_LEVELS = (0.1, 0.5, 0.9)


def default_seal(data: dict[str, Any]) -> Seal:
    """30 % of the groups where rows are grouped, else 30 % of the rows."""
    return Seal(groups=0.3) if data.get("group") else Seal(share=0.3)


def default_baseline(data: dict[str, Any]) -> str:
    """What people would do without a model."""
    if data.get("metric") in ("0-1", "brier"):
        return "base-rate"
    if not data.get("time"):
        return "climatology"
    return "seasonal-naive" if data.get("season") else "naive"


def default_improve_by(data: dict[str, Any]) -> float | None:
    """5 %, unless the claim is an absolute one.

    Half of what was claimed where that is to be replicated; 0 where it is only asked whether there
    is anything to be gained.
    """
    if data.get("improve_by_absolute") is not None:
        return None
    if data.get("claimed") is not None:
        return float(f"{data['claimed'] / 2:.12g}")
    return 0.0 if data.get("kind") == "feasibility" else 0.05


def default_expect(data: dict[str, Any]) -> float:
    """What was claimed before, else three times the least improvement.

    Half of what is left above it where that passes 1; 10 % where the least is nothing.
    """
    absolute, relative = data.get("improve_by_absolute"), data.get("improve_by")
    if data.get("claimed") is not None:
        return float(data["claimed"])
    if relative == 0:
        return 0.1
    # Rounded, so that the 0.15000000000000002 of binary floating point is not said aloud.
    if relative is None:
        return float(f"{3 * (absolute or 1.0):.12g}")
    return float(f"{3 * relative if 3 * relative < 1 else (1 + relative) / 2:.12g}")


def default_ceiling(data: dict[str, Any]) -> float | None:
    """0 where losses are bounded by 0; the log score has no such bound."""
    return None if data.get("metric") == "log" else 0.0
