"""How many cores there are, and who uses them."""

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows


def one_blas_thread() -> AbstractContextManager[Any]:
    """Inside, a matrix product keeps to the thread that asked for it.

    For products of blocks that fit a core's cache: these take less time than it takes BLAS to wake
    its own threads, which then burn a core waiting for the next one. Without threadpoolctl
    nothing changes but the time.
    """
    found = _controller()
    return nullcontext() if found is None else found.limit(limits=1, user_api="blas")


@cache
def _controller() -> Any:
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()
