"""The same attack by a team that keeps registering the same sealed rows under other names.

Every few tries the team makes one of the moves of `_faces` in its one ledger and goes on from
there. What Assay refuses is counted. Whatever is accepted must share one budget: a look by any face
counts for all of them.

The team uses answers alone. Where a move draws another split, as another name of the target does,
it does not learn from rows that were sealed and now lie open.
"""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from _attack import ALPHA, MODELS, OPENED, SEALED, SHOWN, TRIES, attack, scratch, votes
from _common import show_table
from _counting import Floats, Workers, lowest
from _faces import MOVES, REOPENED, Face

import assay
from assay.errors import AssayError
from assay.experiment import Answer, Experiment
from assay.frame import Frame
from assay.predictive import EnsemblePredictive

SEED = 204
ROWS = OPENED + SEALED
TRIES_A_MOVE = 10
A_FILE, A_MODEL = 4, 20
"""Every so many tries come as a file, and as a model that Assay fits; the others as a table."""


@dataclass(frozen=True)
class Coins:
    """A useless classifier as a model that Assay fits: it looks its votes up.

    Fields:
        model: a vote for each row of the world.
    """

    model: Floats

    def fit(self, data: Frame, target: str, /, *, seed: int) -> "Coins":
        """Learn nothing."""
        return self

    def predict(self, data: Frame, /) -> EnsemblePredictive:
        """The vote for each row, as 0 or 1."""
        voted = self.model[data.numbers("x").astype(int)] > 0
        return EnsemblePredictive.of(voted.astype(float)[:, None], is_count=True)


class Team:
    """One team, its ledger and all its faces.

    Fields:
        levels: level of each look, by its number.
        accepted: moves that were made.
        refused: moves that Assay refused.
        spent: looks that went to predictions which had their answer already.
    """

    def __init__(self, project: int, folder: Path) -> None:
        """Register the first face."""
        self._random = np.random.default_rng([SEED, project])
        self._labels = votes(self._random, ROWS) > 0
        self._folder = folder
        self._ledger = self._opened()
        terms = {"metric": "0-1", "baseline": "base-rate", "improve_by": 0.0, "alpha": ALPHA}
        plan = {"expect": 0.2, "tries": TRIES, "seal": {"rows": SEALED}, "hypothesis": "none"}
        self._face = Face("face0", np.arange(ROWS), terms=terms | plan)
        self._experiment = self._registered(self._face)
        self._moves: list[str] = self._random.permutation(list(MOVES)).tolist()
        self._asked = 0
        self.levels: dict[int, float] = {}
        self.accepted, self.refused = Counter[str](), Counter[str]()
        self.spent = 0

    def answer(self, model: Floats) -> float | None:
        """Offer a classifier, after a move where one is due; `None` where it is supported."""
        if self._asked and self._asked % TRIES_A_MOVE == 0:
            self._move()
        self._asked += 1
        is_model = self._asked % A_MODEL == 0
        told = (
            self._experiment.attempt(Coins(model), effort=1)
            if is_model
            else self._attempt(model, as_file=self._asked % A_FILE == 0)
        )
        self.levels[int(told.look or 0)] = float(told.level or 0.0)
        if is_model and not told.supported:
            # The same predictions once more, now as a file, must not buy another look.
            again = self._attempt(model, as_file=True)
            self.spent += again.look != told.look
        return None if told.supported else -1.0

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()

    def _attempt(self, model: Floats, *, as_file: bool) -> Answer:
        rows = np.sort(self._experiment.task.sealing.sealed_rows)
        says = (model[self._face.numbers[rows]] > 0).astype(float)
        offered = pl.DataFrame({"row_id": rows, "mean": says})
        if not as_file:
            return self._experiment.attempt(predictions=offered, effort=1)
        path = self._folder / "offered.parquet"
        offered.write_parquet(path)
        return self._experiment.attempt(predictions=path, effort=1)

    def _move(self) -> None:
        number = self._asked // TRIES_A_MOVE
        name = self._moves[(number - 1) % len(self._moves)]
        face = MOVES[name](self._face, f"face{number}", self._random)
        if name == REOPENED:
            self._ledger.close()
            self._ledger = self._opened()
        try:
            self._experiment = self._registered(face)
        except AssayError:
            self.refused[name] += 1
            self._write_ones(len(self._face.numbers))  # the baseline of the face that stays
        else:
            self.accepted[name] += 1
            self._face = face

    def _opened(self) -> assay.Ledger:
        return assay.Ledger(self._folder / "assay.db", author="benchmark")

    def _write_ones(self, rows: int) -> None:
        """The baseline under the Brier score: a file of ones."""
        ones = pl.DataFrame({"row_id": np.arange(rows), "mean": np.ones(rows)})
        ones.write_parquet(self._folder / "ones.parquet")

    def _registered(self, face: Face) -> Experiment:
        labels = self._labels[face.numbers].astype(int)
        table = pl.DataFrame({"x": face.numbers.astype(float), face.target: labels})
        if face.extra:
            table = table.with_columns(extra=pl.Series(self._random.uniform(size=table.height)))
        self._write_ones(table.height)
        return assay.register(
            assay.profile(table, target=face.target),
            ledger=self._ledger,
            key=face.key,
            seed=face.seed,
            folder=self._folder,
            accept_underpowered="the attack does not care",
            **face.terms,
        )


@dataclass(frozen=True)
class Renamed:
    """What became of one team.

    Fields:
        passed: number of the model that was supported, 0 if none was.
        offered: models offered.
        looks: numbers of its looks.
        levels: what they spent of alpha, in all.
        spent: looks that went to predictions which had their answer already.
        accepted: moves by name, and how often they were made.
        refused: the same for moves that Assay refused.
    """

    passed: int
    offered: int
    looks: tuple[int, ...]
    levels: float
    spent: int
    accepted: Counter[str]
    refused: Counter[str]

    @property
    def wrong(self) -> str | None:
        """How the budget was not one for all faces; `None` where it was."""
        if self.spent:
            return f"{self.spent} looks bought an answer twice"
        if self.looks != tuple(range(1, self.offered + 1)):
            return f"{self.offered} models were counted as looks {self.looks}"
        is_overspent = self.levels > ALPHA * (1 + 1e-9)
        return f"the looks spent {self.levels:.4f}, alpha is {ALPHA}" if is_overspent else None


def renamed(project: int) -> Renamed:
    """Attack one ledger with all moves."""
    random = np.random.default_rng([SEED, project, 1])
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        team = Team(project, Path(folder))
        passed = attack(team.answer, random, ROWS, MODELS)
        team.close()
    return Renamed(
        passed,
        passed or MODELS,
        tuple(team.levels),
        sum(team.levels.values()),
        team.spent,
        team.accepted,
        team.refused,
    )


def show_renames(workers: Workers, projects: int) -> tuple[list[Renamed], list[str]]:
    """Print how often such a team succeeds and what was refused; hand back what is wrong."""
    results = workers.map(renamed, range(projects), "with renames")
    first = np.array([one.passed or MODELS + 1 for one in results])
    show_table(
        f"A useless model passes: {projects} teams that register the same {SEALED} sealed rows "
        "again and again",
        ("models tried", "behind the seal", "at least (99 %)"),
        [
            (
                known,
                f"{np.mean(first <= known):.3f}",
                f"{lowest(int((first <= known).sum()), projects):.3f}",
            )
            for known in SHOWN
        ],
    )
    accepted = sum((one.accepted for one in results), Counter[str]())
    refused = sum((one.refused for one in results), Counter[str]())
    show_table(
        "What the teams tried",
        ("move", "accepted, with the same budget", "refused"),
        [(name, accepted[name], refused[name]) for name in MOVES],
    )
    passed = int((first <= MODELS).sum())
    short = [f"a team with many names: {one.wrong}" for one in results if one.wrong]
    if lowest(passed, projects) > ALPHA:
        short.append(f"{passed} of {projects} teams with many names pass, alpha is {ALPHA}")
    unused = [name for name in MOVES if not accepted[name] + refused[name]]
    short += [f"no team tried: {name}" for name in unused]
    return results, short
