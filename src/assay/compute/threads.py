"""How many cores there are, and who uses them."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, TypeVar

import jax

from assay.compute.device import default_device

MANY_ROWS = 65_536  # from here on one pass over a column takes longer than waking a thread
TURN_S = 0.2
_FEW = 4  # with fewer items, starting threads takes longer than they save

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS and Windows


def on_all_cores(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Results of `work` for each item, in order, side by side where there are many.

    NumPy and compiled functions let go of the interpreter while they work.
    """
    threads = min(cores(), len(items))
    if len(items) < _FEW or threads == 1:
        return [work(item) for item in items]
    device = default_device()

    def share(first: int) -> list[Result]:
        # The default device is a setting of each thread.
        with nullcontext() if device is None else jax.default_device(device):
            return [work(item) for item in items[first::threads]]

    # One task a thread: to hand over each item on its own takes as long as the work.
    with _pool(threads) as pool:
        begun = [pool.submit(share, first) for first in range(threads)]
        shares = [_result(each) for each in begun]
    return [shares[k % threads][k // threads] for k in range(len(items))]


def in_flight(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Results of `work` for each item, in order, while the next ones are being worked on.

    For items that take long and whose results are large: no more of them wait than there are
    cores. A single item is worked on apart as well, so that Ctrl-C reaches whoever waits for it.
    """
    if not items:
        return
    device = default_device()

    def alone(item: Item) -> Result:
        with nullcontext() if device is None else jax.default_device(device):
            return work(item)

    threads = min(cores(), len(items))
    with _pool(threads) as pool:
        waiting = deque(pool.submit(alone, item) for item in items[:threads])
        for item in items[threads:]:
            done = _result(waiting.popleft())
            waiting.append(pool.submit(alone, item))
            yield done
        while waiting:
            yield _result(waiting.popleft())


def apart(work: Callable[[], Result]) -> Result:
    """The result of `work`, which a thread of its own does.

    A compiled function hears no Ctrl-C before it returns; whoever waits for its thread does.
    """
    return next(in_flight(lambda _: work(), [None]))


def _result(asked: "Future[Result]") -> Result:
    """Wait in short turns: where another thread takes the signal, a long wait hears no Ctrl-C."""
    while not wait([asked], timeout=TURN_S).done:
        pass
    return asked.result()


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that are waited for, unless whoever asked has stopped asking."""
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


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
