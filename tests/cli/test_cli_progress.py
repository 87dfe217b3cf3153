"""What a run says while it works."""

import io

import pytest
from rich.console import Console

from assay.cli import progress
from assay.experiment import Event

EVENTS = [
    Event("dose", "project", "reading and profiling the data", 0, 3),
    Event("dose", "registered", "210 open rows, 90 sealed", 0, 3),
    Event("dose", "attempt", "coin: fitting", 1, 3),
    Event("dose", "answer", "coin: not yet", 1, 3),
    Event("dose", "verdict", "Refuted, for all: nothing lowers [it] ...", 2, 3),
    Event("late", "refused", 'project "late": too few rows. Much more to say.', 2, 3),
]
LINES = [
    "dose: reading and profiling the data",
    "dose: 210 open rows, 90 sealed",
    "dose: coin: fitting",
    "dose: coin: not yet",
    "dose: refuted",
    "late: refused",
]


def said(monkeypatch: pytest.MonkeyPatch, **settings: bool) -> str:
    file = io.StringIO()
    made = Console(
        file=file, width=80, color_system=None, highlight=False, markup=False, **settings
    )
    monkeypatch.setattr(progress, "console", lambda **_: made)
    assert list(progress.followed(EVENTS)) == EVENTS
    return file.getvalue()


def test_elsewhere_each_event_is_a_line(monkeypatch):
    assert said(monkeypatch).splitlines() == LINES


def test_on_a_terminal_what_is_done_stays_and_what_is_under_way_moves(monkeypatch):
    text = said(monkeypatch, force_terminal=True)
    for line in LINES:
        assert line in text
    assert "2/3" in text


def test_a_run_that_stops_gives_the_terminal_back(monkeypatch):
    def stopped():
        yield EVENTS[0]
        raise KeyboardInterrupt

    file = io.StringIO()
    made = Console(file=file, width=80, force_terminal=True)
    monkeypatch.setattr(progress, "console", lambda **_: made)
    with pytest.raises(KeyboardInterrupt):
        list(progress.followed(stopped()))
    assert file.getvalue().rindex("\x1b[?25h") > file.getvalue().rindex("\x1b[?25l")  # the cursor
