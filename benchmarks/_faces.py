"""Moves by which a team tries to get its sealed rows judged as if nobody had looked at them.

Other words, another key, another metric, another order of the rows, another name of the target,
more generous terms, objects opened anew.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from _attack import SEALED
from _counting import Floats

REOPENED = "all objects opened anew"


@dataclass(frozen=True)
class Face:
    """Under what name and on which terms the team appears.

    Fields:
        key: of the project.
        numbers: which row of the world stands where in the table.
        target: name of its target.
        seed: of the split.
        extra: another column, which says nothing.
        terms: of the registration.
    """

    key: str
    numbers: Floats
    target: str = "y"
    seed: int = 0
    extra: bool = False
    terms: dict[str, Any] = field(default_factory=dict)

    def on(self, **terms: Any) -> "Face":
        """The same with other terms."""
        return replace(self, terms=self.terms | terms)


Move = Callable[[Face, str, np.random.Generator], Face]

MOVES: dict[str, Move] = {
    "another name": lambda face, key, random: replace(face, key=key),
    "another name, other words": lambda face, key, random: replace(
        face.on(hypothesis=f"in the words of {key}"), key=key
    ),
    "another name, Brier score": lambda face, key, random: replace(
        face.on(metric="brier", baseline={"predictions": "ones.parquet"}), key=key
    ),
    "another name, absolute error": lambda face, key, random: replace(
        face.on(metric="absolute", baseline="base-rate"), key=key
    ),
    "another name, rows in another order": lambda face, key, random: replace(
        face, key=key, numbers=random.permutation(face.numbers)
    ),
    "another name, target renamed": lambda face, key, random: replace(
        face, key=key, target=key.replace("-", "_")
    ),
    "another name, one try planned": lambda face, key, random: replace(face.on(tries=1), key=key),
    "another name, larger alpha": lambda face, key, random: replace(face.on(alpha=0.2), key=key),
    REOPENED: lambda face, key, random: face,
    "same name, other words": lambda face, key, random: face.on(hypothesis=f"words of {key}"),
    "same name, rows in another order": lambda face, key, random: replace(
        face, numbers=random.permutation(face.numbers)
    ),
    "another seed": lambda face, key, random: replace(face, key=key, seed=int(key[4:])),
    "fewer sealed rows": lambda face, key, random: replace(
        face.on(seal={"rows": SEALED // 2}), key=key
    ),
    "a row left out": lambda face, key, random: replace(face, key=key, numbers=face.numbers[1:]),
    "another feature": lambda face, key, random: replace(face, key=key, extra=True),
}
"""Each takes the face so far, a name that is free and a source of randomness."""
