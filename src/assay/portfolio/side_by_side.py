"""The same work for very many projects, on all cores."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MANY = 32  # with fewer projects, starting threads saves nothing that anybody would notice

Item = TypeVar("Item")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Results of `work` for each item, in order, as if called one after the other.

    NumPy lets go of the interpreter while it computes. `assay.compute` has the like for models, but
    to import JAX takes as long as to learn a hundred curves.

    Args:
        work: of one item, which depends on no other.
        items: what there is to do.

    Raises:
        Exception: what `work` raises.
    """
    threads = min(_cores(), len(items))
    if len(items) < MANY or threads == 1:
        return [work(item) for item in items]
    with ThreadPoolExecutor(threads) as pool:
        shares = list(
            pool.map(lambda at: [work(each) for each in items[at::threads]], range(threads))
        )
    return [shares[at % threads][at // threads] for at in range(len(items))]


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows
