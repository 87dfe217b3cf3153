"""Work side by side: results in order, and no more of them waiting than asked for."""

import threading
from collections.abc import Callable

import pytest

import assay.compute.threads as threads
from assay.compute import in_flight


@pytest.fixture(params=[1, 2, 3])
def many(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(threads, "cores", lambda: request.param)
    return request.param


def counted(started: list[int]) -> Callable[[int], int]:
    lock = threading.Lock()

    def work(item: int) -> int:
        with lock:
            started.append(item)
        return item * item

    return work


def test_results_come_in_order(many: int):
    assert list(in_flight(counted([]), range(20))) == [k * k for k in range(20)]
    assert list(in_flight(counted([]), range(0))) == []


def test_no_more_are_begun_than_there_are_cores(many: int):
    started: list[int] = []
    results = in_flight(counted(started), range(20))
    for taken in range(5):
        assert next(results) == taken * taken
        assert len(started) <= taken + 1 + many
    results.close()
    assert len(started) <= 5 + many


def test_an_error_reaches_whoever_asks(many: int):
    def work(item: int) -> int:
        if item == 3:
            raise ValueError("three")
        return item

    results = in_flight(work, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)
