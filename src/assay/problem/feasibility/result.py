"""What a study of feasibility found, in words and as a picture."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from html import escape
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from assay.problem.feasibility.call import Call
from assay.problem.feasibility.ceiling import Ceiling
from assay.problem.feasibility.curve import Point
from assay.problem.feasibility.signal import LEVEL
from assay.problem.words import plural

if TYPE_CHECKING:
    import altair as alt

_WIDTH = 100


@dataclass(frozen=True, kw_only=True)
class VerdictRows:
    """The sealed rows that a verdict would need.

    Fields:
        rows: how many, so that a model as good as expected is supported with a chance of .8.
        improve_by: share of the baseline's loss by which a model must improve at least.
        expect: share by which it is expected to.
        alpha: error budget.
        tries: looks planned.
        design_effect: grouped rows that tell as much as one independent row; 1 without groups.
        groups: sealed groups that a claim about groups needs as well; 0 without groups.
    """

    rows: int
    improve_by: float
    expect: float
    alpha: float
    tries: int
    design_effect: float = 1.0
    groups: int = 0


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Feasibility:
    """Whether a score can be reached, as far as a pilot can tell.

    Fields:
        call: `GO`, `NO-GO` or `CANNOT TELL YET`.
        target_score: score aimed at.
        score: the pilot's own: `R²`, or `Brier skill` for a target of 0 and 1.
        today: that score of learners trained on the pilot, on rows they had not seen.
        at_least: the score with `full_rows` rows that nine in ten possible curves exceed.
        full_rows: rows that there will be.
        rows: rows of the pilot.
        p_value: of the signal, by 99 permutations of the labels.
        ceiling: what noisy labels leave room for; None without double labels.
        settle: what would settle a call that cannot be made yet.
        verdict: sealed rows that a verdict would need.
        points: scores on parts of the pilot and on all of it.
        path: columns `rows` and `score`: the score that is to be had at least, up to `full_rows`.
        used: columns that served as features.
        notes: what a reader should know: columns left out, rows left out.
        source: what the table is called.
        target: what is predicted.
    """

    call: Call
    target_score: float
    score: str
    today: float
    at_least: float
    full_rows: int
    rows: int
    p_value: float
    ceiling: Ceiling | None
    settle: tuple[str, ...]
    verdict: VerdictRows
    points: tuple[Point, ...]
    path: pl.DataFrame = field(repr=False)
    used: tuple[str, ...]
    notes: tuple[str, ...]
    source: str
    target: str

    @property
    def headline(self) -> str:
        """The owner's view in one line."""
        return " ".join(self.sentences())

    def sentences(self) -> tuple[str, ...]:
        """The owner's view: target, pilot, ceiling, signal, call, rows."""
        return tuple(_sentences(self))

    def picture(self) -> "alt.LayerChart":
        """The scores measured, the score to be had at least, the target and the ceiling."""
        from assay.picture.feasibility import Mark, learning_curve

        points = pl.DataFrame([asdict(point) for point in self.points]).select(
            "rows",
            "score",
            low=pl.col("score") - pl.col("sd"),
            high=pl.col("score") + pl.col("sd"),
            name=pl.lit("measured"),
        )
        ceiling = None
        if self.ceiling is not None:
            ceiling = Mark(self.ceiling.bound, f"ceiling: at most {self.ceiling.bound:.2f}")
        return learning_curve(
            points, self.path, target=self.target_score, ceiling=ceiling, axis=self.score
        )

    def as_dict(self) -> dict[str, Any]:  # JSON: its values are of many types
        """The study as JSON takes it."""
        plain = ("call", "target_score", "score", "today", "at_least", "full_rows", "rows")
        head = {"format": 1, "source": self.source, "target": self.target}
        head |= {name: getattr(self, name) for name in (*plain, "p_value")}
        return head | {
            "ceiling": None if self.ceiling is None else asdict(self.ceiling),
            "settle": list(self.settle),
            "verdict": asdict(self.verdict),
            "points": [asdict(point) for point in self.points],
            "path": self.path.to_dicts(),
            "used": list(self.used),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        steps = [f"To settle it: {step}" for step in self.settle]
        return "\n".join(_filled(part) for part in (self.headline, *steps, *self.notes))

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        first = f"<p><strong>{escape(self.call)}</strong>: {escape(self.headline)}</p>"
        steps = "".join(f"<li>{escape(step)}</li>" for step in self.settle)
        listed = f"<p>To settle it:</p><ul>{steps}</ul>" if steps else ""
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<div>{first}{listed}{notes}</div>"


def path_rows(pilot: int, full: int) -> np.ndarray:
    """Rows at which the line to all rows is drawn: 1 for a pilot that is all there will be."""
    if full <= pilot:
        return np.array([pilot])
    return np.unique(np.geomspace(pilot, full, 40).round().astype(int))


def _filled(part: str) -> str:
    """A part of the text, broken into lines; all but the first are indented."""
    return fill(
        part, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _sentences(found: Feasibility) -> Iterator[str]:
    yield f"Target {found.target_score:.2f}."
    all_rows = f"at least {_score(found.at_least)} with {plural(found.full_rows, 'row')}"
    yield f"Pilot: {found.score} {_score(found.today)} today, {all_rows}."
    if found.ceiling is None:
        yield "Noise ceiling: not measured, no row is labelled twice."
    else:
        yield _ceiling(found.ceiling)
    if found.p_value <= LEVEL:
        yield f"Signal: yes (p = {found.p_value:.2f})."
    else:
        yield f"No signal found in the pilot (p = {found.p_value:.2f})."
    yield f"Call: {found.call if found.call != 'CANNOT TELL YET' else 'cannot tell yet'}."
    yield _rows(found.verdict)


def _score(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # never -0.00


def _ceiling(ceiling: Ceiling) -> str:
    said = f"Noise ceiling: at most {ceiling.bound:.2f} ({plural(ceiling.pairs, 'double label')}"
    if ceiling.agreement is not None:
        said += f", {ceiling.agreement:.0%} agree"
        if ceiling.accuracy_bound is not None:
            said += f", so no accuracy above {ceiling.accuracy_bound:.2f} can be measured"
    return said + ")."


def _rows(verdict: VerdictRows) -> str:
    tries = "one try" if verdict.tries == 1 else f"{verdict.tries} tries"
    said = f"A verdict needs {plural(verdict.rows, 'sealed row')} for {tries}"
    if verdict.groups:
        said += (
            f" in {verdict.groups} or more groups: {verdict.design_effect:.1f} rows that share "
            "groups tell as much as one that does not"
        )
    return said + (
        f" (expected improvement {verdict.expect:.0%}, at least worth having "
        f"{verdict.improve_by:.0%})."
    )
