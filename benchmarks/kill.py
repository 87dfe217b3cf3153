"""Does a run that is killed at any moment lose, repeat or change anything?

Run `python benchmarks/kill.py` (some minutes: 100 kills of a run of two projects of
examples/first), with `--quick` for 10 kills, with `--check` to fail where a promise does not hold.

`assay run` is killed with SIGKILL and run again on the same ledger, as the kill left it, until it
ends by itself; then the next round starts from an empty ledger. Half of the moments are spread
evenly over the usual duration, half fall within 20 ms of a write to the ledger's file. After each
kill a copy of the ledger is checked: it verifies, it starts with all records that it held before,
and it holds whatever the run said was done. Each finished round must hold what an uninterrupted run
holds: the same records in the same order, apart from times, durations and the hashes that follow
from times. Leave the source and the example alone while it runs: what they change counts as a
difference.
"""

import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

from _command import COMMAND, FIRST, environment
from _common import finish, read_options, show_table

from assay.ledger import Ledger, Record
from assay.record import AnswerBody, AttemptBody, Body, canonical

SEED = 9  # of the moments
SOON_S = 0.02  # after a write
WRITES = 6  # a kill follows one of the first so many; a run that goes on has fewer than a whole one
POLL_S = 0.0005
PROJECTS = ("progression", "digits")
FILE = "assay.db"

Fact = tuple[str, str, str]  # kind of record, project, attempt


@dataclass(frozen=True)
class Moment:
    """When to kill: at a share of the usual duration, or a while after the n-th write."""

    share: float | None = None
    write: int = 0
    delay_s: float = 0.0


@dataclass(frozen=True)
class Heard:
    """What one run printed, and whether it ended by itself."""

    lines: list[str]
    ended: bool


@dataclass
class Round:
    """One ledger from empty to finished.

    Fields:
        kills: how often its run was killed.
        held: hashes of the records seen so far.
        told: whatever its runs said was done.
        same: whether it ended as the uninterrupted run did.
    """

    kills: int = 0
    held: list[str] = field(default_factory=list)
    told: set[Fact] = field(default_factory=set)
    same: bool = False


@dataclass(frozen=True)
class Bench:
    """Where the runs take place.

    Fields:
        root: a folder that goes when the benchmark ends.
        portfolio: a copy of examples/first, outside any checkout: a commit made meanwhile would
            otherwise stand in the records.
        attempts: of each project, the names of its attempts.
    """

    root: Path
    portfolio: Path
    attempts: dict[str, list[str]]

    @property
    def empty(self) -> Path:
        """A folder with an empty ledger. All runs start with copies: its salt decides the split."""
        return self.root / "empty"

    def start(self, place: Path) -> subprocess.Popen[str]:
        """Start `assay run` on the ledger in a folder."""
        return subprocess.Popen(
            (*COMMAND, "run", str(self.portfolio), "--ledger", str(place / FILE)),
            # A kill may cut a compiled function in half, so not the user's cache.
            env=environment(self.root / "cache"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def prepare(root: Path, keys: Sequence[str]) -> Bench:
    """Copy examples/first with some of its projects, or with all, and make an empty ledger."""
    portfolio = root / "portfolio"
    shutil.copytree(FIRST, portfolio, ignore=shutil.ignore_patterns("*.db*", "__pycache__"))
    head, *projects = (FIRST / "assay.toml").read_text(encoding="utf-8").split("[[project]]")
    kept = [each for each in projects if not keys or tomllib.loads(each)["key"] in keys]
    text = "[[project]]".join([head, *kept])
    (portfolio / "assay.toml").write_text(text, encoding="utf-8")
    attempts = {
        each["key"]: [attempt["name"] for attempt in each.get("attempt", [])]
        for each in tomllib.loads(text)["project"]
    }
    bench = Bench(root, portfolio, attempts)
    bench.empty.mkdir()
    Ledger(bench.empty / FILE).close()
    return bench


def moments() -> Iterator[Moment]:
    """Random moments without end, by turns over the whole run and just after a write."""
    chance = random.Random(SEED)
    while True:
        yield Moment(share=chance.random())
        yield Moment(write=chance.randrange(WRITES), delay_s=chance.uniform(0, SOON_S))


def run_until(bench: Bench, place: Path, usual_s: float, moment: Moment | None) -> Heard:
    """Run, and kill at the moment; `None` lets it end.

    Raises:
        RuntimeError: it ended by itself, and not well.
    """
    with bench.start(place) as child:
        if child.stderr is None:
            raise RuntimeError("stderr is no pipe")
        if moment is not None:
            _wait(child, place / f"{FILE}-wal", usual_s, moment)
            child.kill()
        lines = list(child.stderr)  # few enough for the pipe to hold them until now
    if child.returncode > 0:
        raise RuntimeError(f"assay run ended with {child.returncode}: {''.join(lines)}")
    # A kill may cut the last line; what was not said in full was not said.
    return Heard([line.strip() for line in lines if line.endswith("\n")], child.returncode == 0)


def _wait(child: subprocess.Popen[str], log: Path, usual_s: float, moment: Moment) -> None:
    """Wait for the moment, or for the end."""
    if moment.share is not None:
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=moment.share * usual_s)
        return
    written, left = _state(log), moment.write + 1
    while left and child.poll() is None:
        time.sleep(POLL_S)
        if (now := _state(log)) != written:
            written, left = now, left - 1
    time.sleep(moment.delay_s)


def _state(log: Path) -> tuple[int, int]:
    """Changes with each write; SQLite removes its log when the last process closes the file."""
    try:
        found = log.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)


def told(bench: Bench, lines: Sequence[str]) -> set[Fact]:
    """The records that a run said were made."""
    return {fact for line in lines if (fact := _fact_told(bench, line)) is not None}


def _fact_told(bench: Bench, line: str) -> Fact | None:
    key, _, text = line.partition(": ")
    if re.fullmatch(r"[\d,]+ open rows, [\d,]+ sealed", text):
        return ("registration", key, "")
    if re.match(r"(supported|refuted|inconclusive)\b", text, re.IGNORECASE):
        return ("verdict", key, "")
    for name in bench.attempts.get(key, []):
        if text in (f"{name}: supported", f"{name}: not yet"):
            return ("answer", key, name)
        if text.startswith((f"{name}: broke", f"{name}: made before")):
            return ("attempt", key, name)
    return None


def facts(records: Sequence[Record]) -> set[Fact]:
    """What a run could have said of these records."""
    names = {one.hash: one.body.name for one in records if isinstance(one.body, AttemptBody)}
    found: set[Fact] = set()
    for one in records:
        if one.kind in ("registration", "verdict"):
            found.add((one.kind, one.key, ""))
        elif isinstance(one.body, AttemptBody):
            found.add((one.kind, one.key, one.body.name))
        elif isinstance(one.body, AnswerBody):
            found.add((one.kind, one.key, names[one.body.attempt]))
    return found


def timeless(records: Sequence[Record]) -> list[str]:
    """Records as text without what depends on the clock: times, durations, hashes of records."""
    numbers = {one.hash: f"record {one.sequence}" for one in records}
    found = []
    for one in records:
        body = one.body.model_dump() if isinstance(one.body, Body) else one.body
        text = canonical({name: value for name, value in body.items() if name != "duration_s"})
        # No record names one that follows it, so a hash of 64 digits is a record's or a file's.
        text = re.sub(r"[0-9a-f]{64}", lambda sha: numbers.get(sha[0], sha[0]), text)
        found.append(json.dumps([one.sequence, one.kind, one.key, one.author, text]))
    return found


def check(bench: Bench, place: Path, so_far: Round) -> tuple[list[Record], list[str]]:
    """Look into a copy of a ledger, so that the next run finds it as the kill left it.

    Returns:
        Its records, and what is wrong with it.
    """
    copy = bench.root / "copy"
    shutil.copytree(place, copy)
    try:
        with Ledger(copy / FILE, create=False) as ledger:
            verified = ledger.verify()
            records = list(ledger.records())
    finally:
        shutil.rmtree(copy)
    hashes = [one.hash for one in records]
    lost = so_far.told - facts(records)
    wrong = {
        f"the ledger does not verify: {verified.message}": verified.ok,
        f"{len(so_far.held)} records seen before are not how it starts": (
            hashes[: len(so_far.held)] == so_far.held
        ),
        f"said to be done and not recorded: {sorted(lost)}": not lost,
    }
    so_far.held = hashes
    return records, [words for words, holds in wrong.items() if not holds]


@dataclass
class Stress:
    """All rounds.

    Fields:
        bench: where they take place.
        reference: the uninterrupted run's records, without times.
        usual_s: how long that run took.
        when: next moments.
        rounds: so far.
        at: number of records in the ledger at each kill.
        wrong: whatever did not hold.
    """

    bench: Bench
    reference: list[str]
    usual_s: float
    when: Iterator[Moment]
    rounds: list[Round] = field(default_factory=list)
    at: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Kills so far."""
        return sum(one.kills for one in self.rounds)

    def play(self, wanted: int) -> None:
        """One round: kill and resume until the run ends, or let it end after the last kill."""
        place = self.bench.root / f"round {len(self.rounds) + 1}"
        shutil.copytree(self.bench.empty, place)
        self.rounds.append(now := Round())
        records, ended = [], False
        while not ended:
            moment = next(self.when) if self.kills < wanted else None
            heard = run_until(self.bench, place, self.usual_s, moment)
            now.told |= told(self.bench, heard.lines)
            records, wrong = check(self.bench, place, now)
            self.wrong += [f"round {len(self.rounds)}, kill {now.kills + 1}: {it}" for it in wrong]
            ended = heard.ended
            if not ended:
                self._count_kill(now, len(records), wanted)
        now.same = timeless(records) == self.reference
        if not now.same:
            words = difference(timeless(records), self.reference)
            self.wrong.append(f"round {len(self.rounds)} ends otherwise: {words}")

    def _count_kill(self, now: Round, records: int, wanted: int) -> None:
        now.kills += 1
        self.at[records] += 1
        print(f"kill {self.kills} of {wanted}: {records} records", file=sys.stderr, flush=True)


def difference(found: Sequence[str], wanted: Sequence[str]) -> str:
    """The first place at which two ledgers differ, in words."""
    for mine, other in zip(found, wanted, strict=False):
        if mine != other:
            pairs = zip(mine, other, strict=False)
            at = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
            cut = slice(max(at - 60, 0), at + 60)
            return f"...{mine[cut]}... in place of ...{other[cut]}... in {mine[:40]}"
    return f"{len(found)} records in place of {len(wanted)}"


def whole_run(bench: Bench, name: str) -> tuple[list[Record], list[str], float]:
    """An uninterrupted run: its records, its lines and its duration."""
    place = bench.root / name
    shutil.copytree(bench.empty, place)
    began = time.perf_counter()
    lines = run_until(bench, place, 0.0, None).lines
    seconds = time.perf_counter() - began
    with Ledger(place / FILE, create=False) as ledger:
        return list(ledger.records()), lines, seconds


def stress(bench: Bench, wanted: int) -> Stress:
    """Two uninterrupted runs, which must agree, then rounds until there were enough kills."""
    first, _, _ = whole_run(bench, "first")  # fills the compilation cache
    second, lines, usual_s = whole_run(bench, "second")
    found = Stress(bench, timeless(second), usual_s, moments())
    if timeless(first) != found.reference:
        found.wrong.append("two uninterrupted runs differ, so no killed one can be compared")
    unsaid = {fact for fact in facts(second) if fact[0] != "attempt"} - told(bench, lines)
    if unsaid or not told(bench, lines):
        found.wrong.append(f"recorded and not said, so losing it would not be seen: {unsaid}")
    while found.kills < wanted:
        found.play(wanted)
    return found


def show(found: Stress) -> None:
    """Print what the rounds came to, and where the kills fell."""
    rows: list[tuple[Any, ...]] = [
        (number, one.kills, len(one.told), len(one.held), "yes" if one.same else "NO")
        for number, one in enumerate(found.rounds, start=1)
    ]
    columns = ("round", "kills", "said to be done", "records", "as uninterrupted")
    show_table(f"Rounds; an uninterrupted run takes {found.usual_s:.1f} s", columns, rows)
    held = sorted(found.at.items())
    show_table("Where the kills fell", ("records held", "kills"), held)


def main() -> None:
    """Kill, resume, compare, and print the figures."""
    options = read_options("Does a run that is killed lose, repeat or change anything?")
    wanted = 10 if options.quick else 100
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        found = stress(prepare(Path(name), PROJECTS), wanted)
    show(found)
    same, seconds = sum(one.same for one in found.rounds), time.perf_counter() - began
    figure = (
        f"kill: {found.kills} kills in {len(found.rounds)} rounds, {len(found.wrong)} findings; "
        f"{same} of {len(found.rounds)} rounds end with the {len(found.reference)} records of an "
        f"uninterrupted run; {seconds:.0f} s"
    )
    finish(figure, found.wrong, options)


if __name__ == "__main__":
    main()
