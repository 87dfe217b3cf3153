"""Help that teaches, and that appears at once."""

import subprocess
import sys

import pytest
import typer

from assay.cli.app import app


def every_command(command=None, words=()):
    command = command or typer.main.get_command(app)
    inner = getattr(command, "commands", {})
    if not inner:
        yield words
    for name, each in inner.items():
        yield from every_command(each, (*words, name))


COMMANDS = list(every_command())


def test_the_loop_is_all_there():
    assert {" ".join(words) for words in COMMANDS} == {
        "init", "profile", "feasibility", "split", "register", "attempt", "close", "amend",
        "learn", "run", "vault seal", "vault answer", "ledger ls", "ledger search", "ledger show",
        "ledger verify", "ledger rebuild", "ledger export", "ledger backup",
        "ledger import jsonl", "ledger import mlflow", "plan", "simulate", "report", "gate",
        "watch", "forecast",
    }  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_says_its_purpose_an_example_and_what_it_writes(assay, words):
    done = assay(*words, "--help")
    assert done.exit_code == 0
    assert f"Example:\n    assay {' '.join(words)} " in done.stdout
    assert "\n  Writes: " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_shows_something_answers_as_json(assay, words):
    assert "--json" in assay(*words, "--help").stdout


def test_the_list_of_commands_cuts_no_purpose_short(assay):
    assert "..." not in assay("--help").stdout.partition("Commands:")[2]


def test_help_waits_for_nothing_heavy():
    code = (
        "import sys; from assay.cli.app import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"jax", "numpy", "pandas", "polars", "pydantic", "rich", "scipy", "sqlalchemy"}
    assert "Usage: " in done.stdout
    assert set(done.stdout.splitlines()[-1].split()) & heavy == set()


def test_the_version_is_the_package_s(assay):
    from assay import __version__

    assert assay("--version").stdout == f"assay {__version__}\n"


def test_a_slip_in_a_command_names_the_nearest(assay):
    done = assay("pla")
    assert done.exit_code == 2
    assert "plan" in done.stderr
