"""Counting by simulation: work in several processes, and what a count proves of a chance."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from scipy import stats

CONFIDENCE = 0.99
POINTS = 0.02
CHUNK = 250

Floats = np.ndarray
Job = TypeVar("Job")
Done = TypeVar("Done")
Work = Callable[[Any, np.random.Generator, int], Floats]


class Workers:
    """Processes that start once and run one list of jobs after the other."""

    def __init__(self, processes: int) -> None:
        """Use this process alone where `processes` is 1."""
        self._pool: ProcessPoolExecutor | None = None
        if processes > 1:
            for library in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
                os.environ.setdefault(library, "1")  # one core for each process, which inherits it
            self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def map(self, work: Callable[[Job], Done], jobs: Sequence[Job], words: str) -> list[Done]:
        """The results of all jobs in their order, with a bar meanwhile."""
        from rich.progress import track

        if self._pool is None:
            return [work(job) for job in track(jobs, words, transient=True)]
        running: list[Future[Done]] = [self._pool.submit(work, job) for job in jobs]
        for done in track(as_completed(running), words, total=len(jobs), transient=True):
            done.result()  # what broke is told at once
        return [each.result() for each in running]

    def tally(
        self, work: Work, cases: Sequence[Any], times: int, *, seed: int, words: str
    ) -> list[Floats]:
        """Run each case `times` times and add up what its runs count.

        Args:
            work: takes a case, a source of randomness and how often to repeat; returns counts.
            cases: anything that can be sent to a process.
            times: repetitions of each case.
            seed: with the case and the chunk it fixes every draw, in however many processes.
            words: beside the bar.

        Returns:
            One array of counts for each case.
        """
        jobs = [
            (work, case, [seed, at, start], min(CHUNK, times - start))
            for at, case in enumerate(cases)
            for start in range(0, times, CHUNK)
        ]
        counts = np.array(self.map(_counted, jobs, words))
        return list(counts.reshape(len(cases), -1, counts.shape[1]).sum(axis=1))


def _counted(job: tuple[Work, Any, list[int], int]) -> Floats:
    work, case, seed, times = job
    return work(case, np.random.default_rng(seed), times)


def lowest(hits: int, times: int) -> float:
    """The one-sided 99 % lower bound of a chance, after Clopper and Pearson (1934)."""
    return float(stats.beta.ppf(1 - CONFIDENCE, hits, times - hits + 1)) if hits else 0.0


def highest(hits: int, times: int) -> float:
    """Its mirror image."""
    return 1.0 - lowest(times - hits, times)


def is_far(share: float, known: float, times: int, known_times: float = np.inf) -> bool:
    """Whether a share is more than two points, and what chance may add, from a known one.

    Args:
        share: as simulated.
        known: from the design's simulation.
        times: repetitions of ours.
        known_times: repetitions of the design's, where they are known and few.
    """
    spread = np.sqrt(max(known * (1 - known), share * (1 - share)) * (1 / times + 1 / known_times))
    return abs(share - known) > POINTS + stats.norm.ppf((1 + CONFIDENCE) / 2) * spread


def beside(share: float, known: float | None, digits: int = 3) -> str:
    """A share with the known one and the difference in points, as a cell of a table."""
    ours = f"{share:.{digits}f}"
    return ours if known is None else f"{ours} ({known:g}, {100 * (share - known):+.1f})"
