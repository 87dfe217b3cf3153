import subprocess
import sys

from assay.ledger import Ledger

WRITER = """
import sys
from assay.ledger import Ledger
from assay.record import AttemptBody
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger(path, author=name) as ledger:
    for number in range(count):
        with ledger.transaction():
            seen = len(list(ledger.records(key=name)))
            body = AttemptBody(experiment="a" * 64, name=f"{name} {seen}")
            ledger.append(body, key=name)
"""


def test_several_processes_make_and_write_one_ledger_at_once(path):
    names = ["ann", "bob", "eve"]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, "40"]) for name in names
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    with Ledger(path) as ledger:
        assert ledger.verify().message.endswith("all 121 records and 0 files hold.")
        for name in names:
            found = [record.body.name for record in ledger.records(key=name)]
            assert found == [f"{name} {number}" for number in range(40)]


FORKING = """
import os, sys
from assay.ledger import Ledger
from assay.record import LessonBody
with Ledger(sys.argv[1]) as ledger:
    ledger.append(LessonBody(project="k", words="parent"), key="k")
    child = os.fork()
    if child == 0:
        ledger.append(LessonBody(project="k", words="child"), key="k")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    ledger.append(LessonBody(project="k", words="parent again"), key="k")
"""


def test_a_forked_process_takes_connections_of_its_own(path):
    subprocess.run([sys.executable, "-W", "error", "-c", FORKING, str(path)], check=True)
    with Ledger(path) as ledger:
        words = [record.body.words for record in ledger.records(kind="lesson")]
        assert words == ["parent", "child", "parent again"]
        assert ledger.verify().ok
