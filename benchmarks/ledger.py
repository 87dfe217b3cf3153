"""How fast is recording, and is a lesson found among 100,000 attempts before anybody notices?

Recording: the same attempts go by turns, a hundred at a time, through `Ledger.append` and as one
INSERT each into a bare SQLite table, both with a commit each that a power failure does not undo
(WAL, synchronous=FULL), both on the same disk. Assay checks, chains and indexes each besides, and
must keep at least half of SQLite's rate. Beside it, where MLflow is installed, its runs.

Searching: the ledger holds 2,000 experiments of 50 attempts each, with the questions, verdict-like
sentences and lessons that Assay and its users write. Words are drawn by Zipf's law, so that some
stand in nearly every lesson and most in very few; each lesson also holds a word of its own.

Run `python benchmarks/ledger.py` (a minute), with `--quick` for a tenth of the attempts, with
`--check` to fail where recording is too slow, or a search takes 50 ms or more, or misses.
"""

import secrets
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _common import finish, read_options, show_table

from assay.ledger import Ledger, Record
from assay.record import AttemptBody, Body, LessonBody, ProjectBody

SEED = 31
EXPERIMENTS, ATTEMPTS = 2000, 50
VOCABULARY, WORDS = 20_000, 25  # words in the language, words in a lesson
LIMIT_MS = 50.0
ASKED = 300  # lessons whose words are all asked for
SHOWN = 20
BATCH = 2000
COMMITS, BLOCK = 4000, 100  # of attempts recorded one by one, and so many at a turn
LEAST_RATE = 0.5  # of bare SQLite's commits a second
MLFLOW_RUNS = 50

# The same columns; the row's number is SQLite's own key there as well.
BARE = (
    "CREATE TABLE record (sequence INTEGER PRIMARY KEY, kind TEXT, key TEXT, at TEXT, author TEXT, "
    "body TEXT, previous TEXT, hash TEXT)"
)


@dataclass(frozen=True)
class Asked:
    """One search: how many lessons hold the word, whether the lesson was found, how long it took.

    `found` is `None` where more lessons hold the word than are shown.
    """

    lessons: int
    found: bool | None
    seconds: float


def vocabulary(random: np.random.Generator) -> list[str]:
    """Pronounceable words, all different."""
    syllables = [a + b for a in "bdfghklmnprstvz" for b in ("a", "e", "i", "o", "u")]
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        words.setdefault("".join(random.choice(syllables, size=random.integers(2, 5))))
    return list(words)


def sentence(random: np.random.Generator, words: list[str], length: int) -> str:
    """Words by Zipf's law."""
    places = np.minimum(random.zipf(1.3, size=length) - 1, VOCABULARY - 1)
    return " ".join(words[place] for place in places)


def bodies(random: np.random.Generator, experiments: int) -> Iterator[tuple[Body, str]]:
    """Everything that is recorded, with its project."""
    words = vocabulary(random)
    for number in range(experiments):
        key = f"project-{number}"
        yield ProjectBody(key=key, question=sentence(random, words, 12)), key
        experiment = secrets.token_hex(32)
        for attempt in range(ATTEMPTS):
            name = f"{sentence(random, words, 3)} {attempt}"
            note = sentence(random, words, 6)
            yield AttemptBody(experiment=experiment, name=name, note=note, effort=1.0), key
        lesson = f"{sentence(random, words, WORDS)} own{number}"
        yield LessonBody(project=key, words=lesson), key


def filled(path: Path, experiments: int) -> tuple[Ledger, list[Record], float]:
    """A ledger with all of it, its lessons, and how long writing took."""
    ledger, lessons = Ledger(path, author="benchmark"), []
    began, waiting = time.perf_counter(), []
    for item in bodies(np.random.default_rng(SEED), experiments):
        waiting.append(item)
        if len(waiting) == BATCH:
            lessons += [each for each in ledger.append_many(waiting) if each.kind == "lesson"]
            waiting = []
    lessons += [each for each in ledger.append_many(waiting) if each.kind == "lesson"]
    return ledger, lessons, time.perf_counter() - began


def words_in(record: Record) -> set[str]:
    """The words of a lesson."""
    return set(str(getattr(record.body, "words", "")).split())


def timed(ledger: Ledger, word: str) -> float:
    """Seconds that one search takes."""
    began = time.perf_counter()
    ledger.search(word, limit=SHOWN)
    return time.perf_counter() - began


def ask(ledger: Ledger, lessons: list[Record]) -> list[Asked]:
    """Search each word of some lessons; the quickest of three warm searches counts."""
    random = np.random.default_rng([SEED, 1])
    chosen = random.choice(len(lessons), size=min(ASKED, len(lessons)), replace=False)
    held: dict[str, int] = {}
    for lesson in lessons:
        for word in words_in(lesson):
            held[word] = held.get(word, 0) + 1
    found = []
    for place in chosen:
        for word in sorted(words_in(lessons[place])):
            # The first search warms the pages. It asks for more than is shown: questions hold the
            # word too, and so do words of the same stem.
            every = ledger.search(word, limit=10 * SHOWN)
            seconds = min(timed(ledger, word) for _ in range(3))
            is_there = any(each.hash == lessons[place].hash for each in every)
            found.append(Asked(held[word], is_there if held[word] <= SHOWN else None, seconds))
    return found


@dataclass(frozen=True)
class Rates:
    """Commits a second, each as durable as the other; `mlflow` is runs, `None` without MLflow."""

    bare: float
    assay: float
    mlflow: float | None

    @property
    def share(self) -> float:
        """Of bare SQLite's rate that Assay keeps."""
        return self.assay / self.bare


def some_attempt(number: int) -> AttemptBody:
    """One of many that a program makes; no two are alike."""
    return AttemptBody(
        experiment="a" * 64,
        name=f"tree {number} of depth {number % 9}",
        note="leaves by age and weight, chosen on the open rows",
        model="LGBMRegressor(n_estimators=200)",
        effort=0.5,
        open_loss=0.1 + number / 1e5,
        open_skill=0.3 - number / 1e5,
    )


def rates(folder: Path, commits: int) -> Rates:
    """Record by turns, so that whatever slows the disk down slows both."""
    bare_s, assay_s = 0.0, 0.0
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    bare.execute(BARE)
    with Ledger(folder / "assay.db", author="benchmark") as ledger, closing(bare):
        ledger.append(some_attempt(0), key="k")
        for start in range(1, commits + 1, BLOCK):
            began = time.perf_counter()
            for number in range(start, start + BLOCK):
                ledger.append(some_attempt(number), key="k")
            assay_s += time.perf_counter() - began
            rows = stored_rows(folder / "assay.db", start + 1)
            began = time.perf_counter()
            for row in rows:
                bare.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            bare_s += time.perf_counter() - began
    done = -(-commits // BLOCK) * BLOCK
    return Rates(done / bare_s, done / assay_s, mlflow(folder))


def stored_rows(path: Path, after: int) -> list[tuple[object, ...]]:
    """What `append` just stored, to be stored again."""
    with closing(sqlite3.connect(path)) as connection:
        asked = "SELECT * FROM record WHERE sequence > ? ORDER BY sequence"
        return connection.execute(asked, [after]).fetchall()


def mlflow(folder: Path) -> float | None:
    """MLflow's runs a second on the same disk; `None` where it is not installed."""
    try:
        from _mlflow_rate import mlflow_rate
    except ImportError:
        return None
    return mlflow_rate(folder / "mlflow", MLFLOW_RUNS)


def show_rates(found: Rates, commits: int) -> None:
    """A table of who records how fast."""
    shown = "not installed" if found.mlflow is None else f"{found.mlflow:,.0f}"
    part = "" if found.mlflow is None else f"{found.mlflow / found.bare:.3f}"
    show_table(
        f"Recording {commits:,} attempts one by one, each durable when it returns",
        ("who", "commits a second", "of bare SQLite"),
        [
            ("SQLite alone, one INSERT of the same row", f"{found.bare:,.0f}", "1"),
            ("Ledger.append", f"{found.assay:,.0f}", f"{found.share:.2f}"),
            ("MLflow, runs", shown, part),
        ],
    )


def main() -> None:
    """Record, fill a ledger, search it, and print the figures."""
    options = read_options("How fast is recording, and how soon is a lesson found?")
    experiments = EXPERIMENTS // 10 if options.quick else EXPERIMENTS
    commits = COMMITS // 4 if options.quick else COMMITS
    with tempfile.TemporaryDirectory() as folder:
        rate = rates(Path(folder), commits)
    show_rates(rate, commits)
    with tempfile.TemporaryDirectory() as folder:
        ledger, lessons, seconds = filled(Path(folder) / "assay.db", experiments)
        size = sum(file.stat().st_size for file in Path(folder).glob("assay.db*") if file.is_file())
        found = ask(ledger, lessons)
        ledger.close()
    rows = []
    for name, low, high in (("1", 1, 1), ("2 to 20", 2, 20), ("21 to 200", 21, 200),
                            ("more", 201, experiments)):  # fmt: skip
        own = [each for each in found if low <= each.lessons <= high]
        if own:
            times = 1000 * np.array([each.seconds for each in own])
            told = [each.found for each in own if each.found is not None]
            share = f"{sum(told)} of {len(told)}" if told else "more than are shown"
            rows.append((name, len(own), share, f"{np.median(times):.1f}", f"{times.max():.1f}"))
    show_table(
        f"Search among {experiments * ATTEMPTS:,} attempts and {experiments:,} lessons "
        f"({size / 1e6:.0f} MB, written in {seconds:.0f} s)",
        ("lessons that hold the word", "searches", "lesson found", "median ms", "greatest ms"),
        rows,
    )
    slowest = 1000 * max(each.seconds for each in found)
    missed = sum(each.found is False for each in found)
    short = [f"the slowest search took {slowest:.1f} ms"] if slowest >= LIMIT_MS else []
    short += [f"{missed} searches missed their lesson"] if missed else []
    if rate.share < LEAST_RATE:
        short.append(f"append keeps {rate.share:.2f} of SQLite's rate, must be {LEAST_RATE:g}")
    figure = (
        f"ledger: {rate.assay:,.0f} durable records a second, {rate.share:.2f} of bare SQLite; "
        f"{len(found):,} searches among {experiments * ATTEMPTS:,} attempts, the slowest "
        f"{slowest:.1f} ms (limit {LIMIT_MS:g}), {missed} missed"
    )
    finish(figure, short, options)


if __name__ == "__main__":
    main()
