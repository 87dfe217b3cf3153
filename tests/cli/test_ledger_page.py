"""What `docs/ledger.md` tells to type works, in its order, and says what the page shows."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```sh\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)


def without_numbers(text: str) -> list[str]:
    """Words, with neither numbers nor hashes nor how lines are broken."""
    return re.sub(r"\b[0-9a-f]{64}\b|\d+", "#", text).split()


def test_every_command_of_the_page_says_what_stands_below_it(assay, tiny, monkeypatch):
    assert assay("run", tiny).exit_code == 0
    monkeypatch.chdir(tiny)
    assert len(SHOWN) == 5
    for typed, shown in SHOWN:
        said = []
        for line in typed.splitlines():
            program, *words = shlex.split(line)
            done = assay(*words)
            assert (program, done.exit_code) == ("assay", 0), done.output
            said.append(done.stdout)
        assert without_numbers("".join(said)) == without_numbers(shown)


def test_the_page_s_python_runs(tmp_path, monkeypatch, capsys):
    (block,) = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block[0], "ledger.md", "exec"), {})
    assert capsys.readouterr().out == block[1]


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`assay ledger (\w+)", PAGE))))
def test_every_command_the_page_speaks_of_exists(assay, name):
    assert assay("ledger", name, "--help").exit_code == 0
