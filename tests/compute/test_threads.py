"""Work side by side: results in order, and no more of them waiting than asked for."""

import threading
from collections.abc import Callable

import pytest

import assay.compute.threads as threads
from assay.compute import apart, in_flight


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


def test_whoever_stops_asking_does_not_wait_for_what_runs(many: int):
    go_on = threading.Event()

    def work(item: int) -> int:
        return item if item == 0 or go_on.wait(60) else -1

    results = in_flight(work, range(10))
    assert next(results) == 0
    results.close()  # what is under way still waits
    assert not go_on.is_set()
    go_on.set()


def test_work_apart_is_done_by_another_thread():
    assert apart(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        apart(lambda: 1 // 0)
