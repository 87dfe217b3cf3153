import random
import signal
import subprocess
import sys
import time

import pytest

from assay.ledger import Ledger

CHILD = """
import os, sys
print("started", flush=True)
from assay.ledger import Ledger
from assay.record import AttemptBody, RegistrationBody
ledger = Ledger(sys.argv[1], author="child")
print("opened", flush=True)
sha = "a" * 64
while True:
    predictions = ledger.put(os.urandom(3000))
    body = AttemptBody(experiment=sha, name="x", predictions=predictions)
    print(ledger.append(body, key="k").hash, flush=True)
    rows = ledger.put(os.urandom(16 * 50))
    with ledger.transaction():
        body = RegistrationBody(
            project="k", data_sha=sha, target="y", metric="crps", baseline="naive",
            baseline_predictions=predictions, improve_by=0.05, expect=0.15, alpha=0.05, tries=10,
            seal={"rows": 50}, sealed_rows_file=rows, n_open=100, n_sealed=50, test="independent",
            baseline_open_loss=1.0, sd0=1.0, spec_sha=sha,
        )
        first = ledger.append(body, key="k").hash
        second = ledger.append_many([(AttemptBody(experiment=first, name="y"), "k")])[0].hash
    print(first, second, flush=True)
"""


def killed(path, after: str, delay_s: float) -> list[str]:
    """Run the child, kill it `delay_s` after the word `after`; the hashes it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == after:
                break
        time.sleep(delay_s)
        child.send_signal(signal.SIGKILL)
        words = child.stdout.read().split()
    assert child.returncode == -signal.SIGKILL
    # The last word may have been cut off in the pipe.
    return [word for word in words if len(word) == 64]


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
def test_what_was_acknowledged_survives_kill_9(path):
    chance = random.Random(8)
    acknowledged: list[str] = []
    for _ in range(6):
        acknowledged += killed(path, "opened", chance.uniform(0.0, 0.25))
        with Ledger(path) as ledger:
            found = ledger.verify()
            assert found.ok, found.message
            hashes = {record.hash for record in ledger.records()}
        assert set(acknowledged) <= hashes
    assert acknowledged


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX's")
def test_a_ledger_killed_while_it_is_made_can_be_opened(tmp_path):
    chance = random.Random(9)
    for number in range(4):
        path = tmp_path / f"{number}.db"
        killed(path, "started", chance.uniform(0.2, 0.8))
        with Ledger(path) as ledger:
            assert ledger.verify().ok
