"""The benchmark of allocation measures what it says, and notices what falls short."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from assay.portfolio import allocate

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(BENCHMARKS)

    def called(name: str) -> ModuleType:
        return importlib.import_module(name)

    return called


def test_envelopes_are_right_where_returns_diminish_and_never_beat_the_search(part):
    late, rng = part("_late"), np.random.default_rng(1)
    for _ in range(40):
        steady = [np.cumsum([0.0, *np.sort(rng.exponential(size=9))[::-1]]) for _ in range(3)]
        assert late.along_envelopes(steady, 7) == pytest.approx(allocate(steady, 7).value)
        slow = [late.late_values(rng, 30) for _ in range(4)]
        best = allocate(slow, 30).value
        assert late.one_at_a_time(slow, 30) <= best * (1 + 1e-12)
        assert late.along_envelopes(slow, 30) <= best * (1 + 1e-12)


def test_an_envelope_by_hand(part):
    # Nothing until the third unit, then less and less: one straight part up to there.
    parts = part("_late").envelope(np.array([0.0, 0.0, 0.0, 6.0, 7.0]))
    assert parts == [(2.0, 0, 3), (1.0, 3, 4)]


def test_a_start_up_that_does_not_fit_leaves_the_units_to_others(part):
    big, small = np.array([0.0, 0, 0, 0, 10]), np.array([0.0, 1, 2, 2, 2])
    assert part("_late").along_envelopes([big, small], 3) == 2.0
    assert part("_late").along_envelopes([big, small], 4) == 10.0
    assert part("_late").along_envelopes([big, small], 5) == 11.0


def test_an_attempt_is_never_worth_less_than_nothing(part):
    worths = part("_value").of_company(7003)
    assert len(worths) == 5 * 5 + 1
    assert min(worth.value for worth in worths) >= -1e-9
    assert all(worth.value == worth.realised == 0 for worth in worths if not worth.moves)
    assert any(worth.value > 0 for worth in worths)
    assert {worth.kind for worth in worths} >= {"failed", "improving", "company"}


def test_a_plan_that_loses_what_equal_shares_lose_is_noticed(part):
    policies = part("_policies")
    losses = np.random.default_rng(3).normal(5.0, 1.0, 50)
    sound = {policies.PLAN: losses, policies.HIDDEN: losses + 2, policies.ONE_BIT: losses}
    others = dict.fromkeys(policies.SHOWN, losses + 15)
    cell = policies.Cell(5, 100, 0.25, others | sound)
    assert policies.shortfalls([cell]) == []
    bad = policies.Cell(5, 100, 0.25, cell.regrets | {policies.PLAN: losses + 15})
    said = " ".join(policies.shortfalls([bad]))
    for words in ("the plan loses 20", "equal loses", "hiding failures costs nothing (-13"):
        assert words in said
    assert policies.differences([cell]) == []
    assert len(policies.differences([bad])) == 2
    none_die = policies.Cell(30, 100, 0.0, sound)
    assert any("where no project dies" in words for words in policies.shortfalls([none_die]))
