"""One message and the right code, whatever goes wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.errors import DataError

MAIN = [sys.executable, "-c", "from assay.cli import main; main()"]


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let whatever opens a portfolio fail with `error`."""

    def fail(path: object) -> None:
        raise error

    monkeypatch.setattr("assay.record.load_portfolio", fail)


def test_bad_input_is_one_message_and_two(assay, monkeypatch):
    failing(monkeypatch, DataError("a.csv: row 7 is odd."))
    done = assay("plan", ".")
    assert done.exit_code == 2
    assert done.stderr == "error: a.csv: row 7 is odd.\n"
    assert done.stdout == ""


def test_a_fault_asks_for_a_report_in_one_line_and_is_three(assay, monkeypatch):
    failing(monkeypatch, ZeroDivisionError("by\nnothing"))
    done = assay("plan", ".")
    assert done.exit_code == 3
    assert done.stderr.count("\n") == 1
    assert "ZeroDivisionError: by nothing" in done.stderr
    assert "report this" in done.stderr


def test_a_fault_shows_where_it_happened_when_asked(assay, monkeypatch):
    failing(monkeypatch, ZeroDivisionError("by nothing"))
    monkeypatch.setenv("ASSAY_DEBUG", "1")
    done = assay("plan", ".")
    assert done.exit_code == 3
    assert "Traceback" in done.stderr


def test_the_keyboard_stops_without_a_traceback(assay, monkeypatch):
    failing(monkeypatch, KeyboardInterrupt())
    done = assay("plan", ".")
    assert done.exit_code == 130
    assert done.stderr == "stopped\n"  # a plan records nothing


SWALLOWED = """
import signal, sys, time
from assay.cli.entry import main
import assay.cli.app as room

class Dying:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

def app(prog_name):
    Dying()
    time.sleep(20)

room.app = app
main()
"""
IMPORTING = """
import signal, sys
from assay.cli import main
sys.modules.pop("assay.cli.app", None)
sys.meta_path.insert(0, type("Slow", (), {"find_spec": lambda *_: signal.raise_signal(2)})())
main()
"""


@pytest.mark.parametrize("program", [SWALLOWED, IMPORTING])
def test_ctrl_c_stops_in_a_callback_and_before_the_command_is_there(program: str):
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=15
    )
    assert (done.returncode, done.stderr) == (130, "stopped\n")


def test_bad_usage_is_two(assay):
    assert assay("plan").exit_code == 2
    assert assay("plan", ".", "--bugdet", "3").exit_code == 2


def test_a_reader_that_leaves_is_no_fault(tiny: Path):
    reader, writer = os.pipe()
    os.close(reader)
    command = [*MAIN, "init", str(tiny / "new")]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    said = done.stderr
    assert done.returncode == 141
    assert "Traceback" not in said
    assert "report" not in said


SLOW = """
import time
from pathlib import Path
import polars as pl

def load():
    Path(__file__).with_name("waiting").touch()
    time.sleep(60)
    return pl.DataFrame({"hours": [1.0, 2.0]})
"""


def test_ctrl_c_stops_a_run_and_what_was_recorded_stays(tiny: Path, head):
    toml = tiny / "assay.toml"
    toml.write_text(toml.read_text().replace('"doses.csv"', '"python:slow.py:load"'))
    (tiny / "slow.py").write_text(SLOW)
    command = subprocess.Popen(
        [*MAIN, "run", str(tiny)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (tiny / "waiting").exists() and command.poll() is None:
        time.sleep(0.02)
    os.kill(command.pid, signal.SIGINT)
    out, said = command.communicate(timeout=30)
    assert command.returncode == 130
    assert out == ""
    assert said.endswith("stopped; what was recorded stays, run again to go on\n")
    assert "Traceback" not in said
    assert len(head(tiny / "assay.db")) == 64


def test_no_colour_and_no_escape_reaches_a_pipe(tiny: Path):
    done = subprocess.run([*MAIN, "plan", str(tiny)], capture_output=True, text=True, check=True)
    assert "\x1b" not in done.stdout + done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
