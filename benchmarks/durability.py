"""Is anything lost that a ledger said was recorded, or seen that was not, whatever happens?

Run `python benchmarks/durability.py` (some minutes), with `--quick` for a tenth of it, with
`--check` to fail where a promise does not hold.

- Eight processes make one ledger and append 500 attempts each, at once.
- A process that stores files, appends one record, several, and several within a transaction is
  killed with SIGKILL at 200 random moments. After each kill the ledger must verify, hold whatever
  was acknowledged, and nothing that was begun and not finished.
- The disk is full: SQLite may not let the file grow, or the kernel no file at all.
- File and folder may only be read.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _common import finish, read_options, show_table

from assay.errors import LedgerError
from assay.ledger import Ledger, sqlite
from assay.record import AttemptBody, LessonBody

SEED = 23
PROCESSES, EACH = 8, 500
KILLS, A_LEDGER = 200, 10  # kills in all, and of one ledger before the next begins
LATEST_S = 0.3  # of a kill, after the ledger was opened
FULL = 40  # limits tried, of each sort
EXPERIMENT = "a" * 64
NOBODY = 65534

WRITER = """
import sys
from assay.ledger import Ledger
from assay.record import AttemptBody
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger(path, author=name) as ledger:
    for number in range(count):
        body = AttemptBody(experiment="a" * 64, name=f"{name} {number}")
        ledger.append(body, key=name)
"""

VICTIM = """
import os, sys
from assay.ledger import Ledger
from assay.record import AttemptBody
def body(name, **fields):
    return AttemptBody(experiment="a" * 64, name=name, **fields), "k"
def say(kind, records):
    print(kind, *(record.hash for record in records), flush=True)
ledger = Ledger(sys.argv[1], author="victim")
print("opened", flush=True)
while True:
    tag = os.urandom(8).hex()
    sha = ledger.put(os.urandom(3000))
    one, key = body(f"one {tag} of 1", predictions=sha)
    say("append", [ledger.append(one, key=key)])
    say("many", ledger.append_many([body(f"many {tag} of 5") for _ in range(5)]))
    with ledger.transaction():
        made = [ledger.append(one, key=key) for one, key in [body(f"within {tag} of 3")] * 2]
        sha = ledger.put(os.urandom(50_000))
        made += ledger.append_many([body(f"within {tag} of 3", predictions=sha)])
    say("transaction", made)
"""

LIMITED = """
import json, resource, sys
from assay.errors import LedgerError
from assay.ledger import Ledger
from assay.record import AttemptBody
kept, said = [], ""
with Ledger(sys.argv[1]) as ledger:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
    for number in range(400):
        try:
            body = AttemptBody(experiment="a" * 64, name=str(number), note="n" * 2000)
            kept.append(ledger.append(body, key="k").hash)
        except LedgerError as error:
            said = str(error)
            break
print(json.dumps([kept, said]))
"""

READER = """
import json, os, sys, tempfile
from pathlib import Path
from assay.errors import LedgerError
from assay.ledger import Ledger, verify_ledger
from assay.record import LessonBody
lesson = LessonBody(project="k", words="warm")
with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "warm.db") as ledger:
    ledger.append(lesson, key="k")
    (ledger.search("warm"), ledger.verify())  # imports now what nobody may not read
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))
found = {}
with Ledger(sys.argv[1], create=False) as ledger:
    found["records"] = len(list(ledger.records()))
    found["found"] = len(ledger.search("kept"))
    found["ok"] = verify_ledger(sys.argv[1]).ok
    for name, write in (("append", lambda: ledger.append(lesson, key="k")),
                        ("put", lambda: ledger.put(b"file"))):
        try:
            write()
        except LedgerError as error:
            found[name] = str(error)
print(json.dumps(found))
"""


@dataclass
class Findings:
    """What was tried and what did not hold.

    Fields:
        rows: of the table: what was tried, how often, what came out.
        wrong: whatever did not hold, in words.
    """

    rows: list[tuple[str, int, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, words: str) -> None:
        """Note a promise that does not hold."""
        if not holds:
            self.wrong.append(words)


def started(code: str, *words: object) -> subprocess.Popen[str]:
    """A process of its own that runs `code`."""
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def answered(code: str, *words: object) -> str:
    """The last line that a process prints; it must end well."""
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def many_processes(folder: Path, each: int, found: Findings) -> int:
    """Several processes append at once; the number of records in the end."""
    path = folder / "processes.db"
    began = time.perf_counter()
    writers = [started(WRITER, path, f"writer-{number}", each) for number in range(PROCESSES)]
    codes = [writer.wait() for writer in writers]
    seconds = time.perf_counter() - began
    with Ledger(path) as ledger:
        checked = ledger.verify()
        order: dict[str, list[str]] = {}
        for record in ledger.records("attempt"):
            order.setdefault(record.key, []).append(str(getattr(record.body, "name", "")))
    found.expect(codes == [0] * PROCESSES, f"writers ended with {codes}")
    found.expect(checked.ok, checked.message)
    wanted = PROCESSES * each + 1
    found.expect(checked.records == wanted, f"{checked.records} records in place of {wanted}")
    for name, names in order.items():
        in_order = names == [f"{name} {number}" for number in range(each)]
        found.expect(in_order, f"the records of {name} are not in their order")
    found.rows.append(("processes", PROCESSES, f"{checked.records:,} records in {seconds:.0f} s"))
    return checked.records


def killed(path: Path, delay_s: float) -> list[str]:
    """Run the victim and kill it; the hashes that it said were recorded."""
    with started(VICTIM, path) as child:
        if child.stdout is None:
            raise RuntimeError("stdout is no pipe")
        child.stdout.readline()
        time.sleep(delay_s)
        child.send_signal(signal.SIGKILL)
        lines = child.stdout.readlines()
    # A line that was cut off says nothing.
    return [word for line in lines if line.endswith("\n") for word in line.split()[1:]]


def half_written(ledger: Ledger) -> list[str]:
    """Names of what was begun and is not there as a whole."""
    names = Counter(str(getattr(record.body, "name", "")) for record in ledger.records("attempt"))
    return [name for name, count in names.items() if count != int(name.split()[-1])]


def kills(folder: Path, count: int, found: Findings) -> tuple[int, int]:
    """Kill at random moments; how many records were acknowledged, and how many of them are lost."""
    chance, told, lost, held = random.Random(SEED), 0, 0, 0
    for number in range(count):
        path = folder / f"killed {number // A_LEDGER}.db"
        if number % A_LEDGER == 0:
            acknowledged: list[str] = []
        new = killed(path, chance.uniform(0.0, LATEST_S))
        told, acknowledged = told + len(new), acknowledged + new
        with Ledger(path, create=False) as ledger:
            checked = ledger.verify()
            hashes = {record.hash for record in ledger.records()}
            halves = half_written(ledger)
        gone = set(acknowledged) - hashes
        lost, held = lost + len(gone), max(held, len(hashes))
        found.expect(checked.ok, f"kill {number + 1}: {checked.message}")
        found.expect(not gone, f"kill {number + 1}: {len(gone)} acknowledged records are lost")
        found.expect(not halves, f"kill {number + 1}: half-written: {halves}")
        print(f"kill {number + 1} of {count}: {len(hashes)} records", file=sys.stderr, flush=True)
    result = f"{told:,} records acknowledged, {lost} lost, ledgers of up to {held:,} records"
    found.rows.append(("kill -9", count, result))
    return told, lost


def attempt(number: int) -> AttemptBody:
    """A record of some 2 kB."""
    return AttemptBody(experiment=EXPERIMENT, name=str(number), note="n" * 2000)


def full_by_pages(folder: Path, count: int, found: Findings) -> None:
    """The database may grow by few pages only; what was appended stays, and appending goes on."""
    refused = 0
    for number in range(count):
        path = folder / f"pages {number}.db"
        with Ledger(path) as ledger:
            kept = [ledger.append(attempt(0), key="k").hash]
            with ledger._connections.writing() as writing:
                driver = sqlite.driver(writing.connection)
            (pages,) = driver.execute("PRAGMA page_count").fetchone()
            driver.execute(f"PRAGMA max_page_count = {pages + number}")
            said = ""
            while not said and len(kept) < 400:
                try:
                    made = ledger.append_many([(attempt(n), "k") for n in range(1 + number % 3)])
                    kept += [record.hash for record in made]
                except LedgerError as error:
                    said = str(error)
        refused += check_full(path, kept, said, "the disk is full", found)
    found.rows.append(("full, by SQLite's limit", count, f"{refused} refused and unchanged"))


def full_by_size(folder: Path, count: int, found: Findings) -> None:
    """No file may grow beyond a limit, as where a quota is reached."""
    refused = 0
    for number in range(count):
        path = folder / f"size {number}.db"
        Ledger(path).close()
        kept, said = json.loads(answered(LIMITED, path, 40_000 + 7_001 * number))
        refused += check_full(path, kept, said, "Make room", found)
    found.rows.append(("full, by the kernel's limit", count, f"{refused} refused and unchanged"))


def check_full(path: Path, kept: Sequence[str], said: str, words: str, found: Findings) -> bool:
    """Whether it was refused; and that the ledger holds what it acknowledged, and goes on."""
    found.expect(words in said, f"{path.name}: a full disk is said as {said!r}")
    with Ledger(path, create=False) as ledger:
        held = [record.hash for record in ledger.records("attempt")]
        found.expect(held == list(kept), f"{path.name}: {len(held)} of {len(kept)} records")
        ledger.append(attempt(0), key="k")
        checked = ledger.verify()
        found.expect(checked.ok, checked.message)
    return bool(said)


def read_only(folder: Path, found: Findings) -> None:
    """Reading works where writing may not; and writing says why."""
    states: dict[str, Callable[[Path], None]] = {
        "file": lambda path: path.chmod(0o444),
        "folder": lambda path: path.parent.chmod(0o555),
        "file and folder": lambda path: (path.chmod(0o444), path.parent.chmod(0o555))[0],
    }
    folder.chmod(0o755)
    for name, lock in states.items():
        path = folder / f"read-only {name}" / "assay.db"
        with Ledger(path) as ledger:
            ledger.append(LessonBody(project="k", words="a lesson that is kept"), key="k")
        path.parent.chmod(0o777)
        path.chmod(0o666)
        lock(path)
        seen = json.loads(answered(READER, path, NOBODY))
        path.parent.chmod(0o755)
        reads = (seen["records"], seen["found"], seen["ok"]) == (2, 1, True)
        found.expect(reads, f"read-only {name}: reading found {seen}")
        is_said = "read-only" in seen.get("append", "")
        found.expect(is_said, f"read-only {name}: appending says {seen.get('append')!r}")
    found.rows.append(("read-only", len(states), "read, searched, verified; writing refused"))


def main() -> None:
    """Try all of it, and print what came out."""
    options = read_options("Is anything lost that a ledger said was recorded?")
    if os.name != "posix":
        finish("durability: needs a POSIX system", [], options)
    share = 10 if options.quick else 1
    found = Findings()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = many_processes(folder, EACH // share, found)
        told, lost = kills(folder, KILLS // share, found)
        full_by_pages(folder, FULL // share, found)
        full_by_size(folder, FULL // share, found)
        read_only(folder, found)
    show_table("What happened to the ledger", ("what", "times", "what came out"), found.rows)
    figure = (
        f"durability: {records:,} records of {PROCESSES} processes; {KILLS // share} kills, "
        f"{told:,} records acknowledged, {lost} lost; {2 * (FULL // share)} full disks; "
        f"{len(found.wrong)} promises broken"
    )
    finish(figure, found.wrong, options)


if __name__ == "__main__":
    main()
