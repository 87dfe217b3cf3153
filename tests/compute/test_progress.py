"""A person at a terminal sees that something is going on; nobody else sees anything."""

import io
import time
from contextlib import contextmanager, redirect_stderr

import pytest

from assay.compute import progress
from assay.compute.progress import stage, stages, tracked, waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.01)
    monkeypatch.setenv("TERM", "xterm")


@contextmanager
def terminal():
    with redirect_stderr(Terminal()) as screen:
        yield screen


def wait_for(screen, words):
    """Until the words are on the screen; rich takes its time to import."""
    until = time.monotonic() + 30
    while words not in screen.getvalue() and time.monotonic() < until:
        time.sleep(0.02)
    assert words in screen.getvalue()


def test_long_work_names_itself():
    with terminal() as screen, waiting("compiling gamma"):
        wait_for(screen, "compiling gamma")


def test_short_work_is_silent(monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 60.0)
    with terminal() as screen, waiting("compiling gamma"):
        pass
    assert screen.getvalue() == ""


def test_nothing_is_shown_off_a_terminal(capsys):
    with waiting("compiling gamma"):
        assert list(tracked(range(3), "counting")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def test_one_sign_at_a_time():
    with terminal() as screen:
        for _ in tracked(range(2), "comparing"):
            with waiting("compiling gamma"):
                assert list(tracked(range(3), "sampling")) == [0, 1, 2]
                time.sleep(0.1)
    assert "comparing" in screen.getvalue()
    assert "compiling" not in screen.getvalue()
    assert "sampling" not in screen.getvalue()


def test_the_screen_is_free_again_after_an_error():
    def fail(screen):
        with waiting("compiling gamma"):
            wait_for(screen, "compiling gamma")
            raise ZeroDivisionError

    with terminal() as screen:
        with pytest.raises(ZeroDivisionError):
            fail(screen)
        with waiting("once more"):
            wait_for(screen, "once more")


def test_stages_reach_whoever_listens_and_nobody_else(capsys):
    heard: list[str] = []
    stage("before")
    with stages(heard.append):
        stage("fitting")
    stage("after")
    assert heard == ["fitting"]
    assert capsys.readouterr().err == ""
