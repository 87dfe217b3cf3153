"""Pieces of long work side by side, with a bar that says how fast they go and what is left."""

import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from typing import TypeVar

import jax

from assay.compute.device import default_device
from assay.compute.progress import screen
from assay.compute.threads import cores

Item = TypeVar("Item")
Result = TypeVar("Result")
Advance = Callable[[int], None]


def in_parallel(
    work: Callable[[Item], Result], items: Sequence[Item], sizes: Sequence[int], label: str
) -> list[Result]:
    """Results of `work` for each item, in order; each is begun as soon as a core is free.

    An interrupt waits for the pieces under way alone.

    Args:
        work: lets go of the interpreter, as NumPy and compiled functions do.
        items: the pieces.
        sizes: how much of what is counted each piece is.
        label: what is being done and counted, such as `fitting series`.
    """
    threads, device = min(cores(), len(items)), default_device()

    def placed(item: Item) -> Result:
        # The default device is a setting of each thread.
        with nullcontext() if device is None else jax.default_device(device):
            return work(item)

    with _bar(label, sum(sizes)) as advance:
        if threads <= 1:
            found = []
            for item, size in zip(items, sizes, strict=True):
                found.append(work(item))
                advance(size)
            return found
        pool = ThreadPoolExecutor(threads)
        try:
            tasks: dict[Future[Result], int] = {
                pool.submit(placed, item): size for item, size in zip(items, sizes, strict=True)
            }
            for done in as_completed(tasks):
                done.result()  # what went wrong is raised at once
                advance(tasks[done])
        finally:
            pool.shutdown(cancel_futures=True)
        return [task.result() for task in tasks]


@contextmanager
def _bar(label: str, total: int) -> Iterator[Advance]:
    """Tells a bar on stderr how much was done; none off a terminal."""
    if not sys.stderr.isatty() or not screen.acquire(blocking=False):
        yield lambda size: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    try:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TaskProgressColumn(text_format="{task.completed:,}/{task.total:,}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(label, total=total, rate="")

            def advance(size: int) -> None:
                shown.advance(task, size)
                spent, done = shown.tasks[0].elapsed, shown.tasks[0].completed
                if spent:
                    shown.update(task, rate=f"{done / spent:,.0f}/s")

            yield advance
    finally:
        screen.release()
