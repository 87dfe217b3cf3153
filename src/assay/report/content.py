"""What a report says: plain data, already worded, that `build` fills and `render` lays out.

Every `str` is shown as it stands; an empty one is left out together with its heading. Numbers stay
numbers only where the page draws or sums them. Pictures are SVG text from `assay.picture.svg`.
"""

from dataclasses import dataclass
from typing import Literal

Status = Literal[
    "verdict supported",
    "verdict refuted",
    "verdict inconclusive",
    "verdict withdrawn",
    "open",
    "refused",
    "unregistered",
    "idea",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One chart with its words.

    Fields:
        title: what the reader should see in it.
        svg: SVG text whose colours are CSS variables.
        caption: how to read it; may be empty.
    """

    title: str
    svg: str
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """What one project gets.

    Fields:
        key: the project's key, as in `ProjectContent.key`.
        title: the project's question or name.
        units: effort given, in the portfolio's effort unit, 0 and up.
        expected_gain: worded, such as `"+11 points"`; empty where nothing is given.
        band: its uncertainty, such as `"4 to 19"`; empty where the curve is known.
        worth: of the expected gain, in the plan's unit of value.
        last_unit: of the last unit given (its shadow price).
        reason: why this much and not more.
    """

    key: str
    title: str
    units: float
    expected_gain: str
    band: str
    worth: str
    last_unit: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContent:
    """How the budget is split.

    Fields:
        budget: effort to spend, in the portfolio's effort unit.
        sentence: the plan in one or two sentences; the first thing that is read.
        value_unit: of what it is worth, such as "k€ a month"; empty for points times importance.
        rows: one for each project, those with no effort too.
        certificate: how sure it is that no other split returns more.
        picture: the split drawn; `None` leaves it out.
        curves: of single projects, from the first unit of effort to where the plan takes them.
        curves_caption: how to read those.
        further: other pictures of the plan, folded away.
    """

    budget: float
    sentence: str
    rows: tuple[PlanRow, ...]
    certificate: str = ""
    picture: Picture | None = None
    curves: tuple[Picture, ...] = ()
    curves_caption: str = ""
    further: tuple[Picture, ...] = ()
    value_unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyRow:
    """One thing that the profile found: its name, the finding, the evidence, what follows."""

    name: str
    finding: str
    evidence: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A family or measure that is suggested or ruled out, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemContent:
    """What is known before any model.

    Fields:
        summary: one sentence.
        properties: what was found, each with evidence.
        suggestions: families to begin with.
        ruled_out: families that cannot be right.
        pictures: histogram, course in time, season.
    """

    summary: str
    properties: tuple[PropertyRow, ...] = ()
    suggestions: tuple[Choice, ...] = ()
    ruled_out: tuple[Choice, ...] = ()
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationContent:
    """What was fixed before the first attempt.

    Fields:
        metric, baseline: by name.
        improve_by: least improvement worth having, such as `"at least 5 %"`.
        expect: improvement hoped for.
        alpha: chance of calling a useless model a success, such as `"5 %"`.
        tries: looks planned.
        open_rows, sealed_rows, rows_needed: counts, worded (`"1,404"`).
        who, when: who registered, and when.
        outcomes: what will be done for each verdict.
        kind: what kind of question, where it is no plain improvement.
        amendments: what was changed openly since, when and by whom, and why.
    """

    metric: str
    baseline: str
    improve_by: str
    alpha: str
    tries: str
    open_rows: str
    sealed_rows: str
    rows_needed: str
    expect: str = ""
    who: str = ""
    when: str = ""
    outcomes: tuple[Choice, ...] = ()
    kind: str = ""
    amendments: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt, in the order in which they were made (the numbers on the curve).

    Fields:
        name, stage: as recorded.
        effort: in the portfolio's effort unit; empty where unknown.
        open_skill: skill on open rows with its standard error, `"12.4 ± 1.8 points"`.
        look: number of the look; empty where none was spent.
        answer: `"supported"`, `"not yet"` or empty.
        broke: why it broke; empty where it did not.
    """

    name: str
    stage: str
    effort: str
    open_skill: str = ""
    look: str = ""
    answer: str = ""
    broke: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One attempt on the sealed rows, once the seal is open.

    Fields:
        name: the attempt, or the baseline.
        loss: mean loss on sealed rows, lower is better.
        gain: mean gain over the baseline.
        interval: its interval.
        reading: what that says, such as `"above the bar"`.
    """

    name: str
    loss: str
    gain: str = ""
    interval: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonContent:
    """What was learnt: the measured half, each attempt's, the author's words, who wrote them."""

    measured: str
    findings: tuple[str, ...] = ()
    words: str = ""
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePart:
    """One part of the gate: its name, `holds` or another outcome, what was found, what to do."""

    name: str
    outcome: str
    finding: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionContent:
    """A supported model on its way to production, and in it.

    Fields:
        sentence: where it stands: stopped, passed, released, withdrawn.
        parts: of its last gate.
        explained: what drives it, in a sentence or two.
        pictures: importance and effects.
        watched: what was seen since its release.
        course: the evidence against it, and its gain, since then.
    """

    sentence: str
    parts: tuple[GatePart, ...] = ()
    explained: str = ""
    pictures: tuple[Picture, ...] = ()
    watched: str = ""
    course: Picture | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectContent:
    """One project, from its question to what was learnt.

    Fields:
        key, title: its key and its question.
        status: where it stands.
        is_simulated: its data carry a visible label.
        is_confirmed: the verdict survives when all verdicts of the portfolio are judged together.
        verdict: the sentence a product owner understands, whatever the status.
        before: the verdict that a withdrawal took back; empty where none was.
        conditions: what the verdict rests on, one sentence each.
        refusal: why Assay refused to begin, or why the data cannot be read.
        remedy: what would change that.
        curve_sentence: such as `"After 5 person-days at 31 % of what is possible; ..."`.
        sealed_picture: intervals of the gains once the seal is open.
        segments_picture: the gain of the attempt that the verdict speaks of, by segment.
        reliability_picture: what that attempt promised, and what came.
        production: what stands between it and production; `None` where it came to no gate.
    """

    key: str
    title: str
    hypothesis: str
    source: str
    status: Status
    verdict: str
    importance: str
    is_simulated: bool = False
    is_confirmed: bool = False
    before: str = ""
    conditions: tuple[str, ...] = ()
    refusal: str = ""
    remedy: str = ""
    problem: ProblemContent | None = None
    registration: RegistrationContent | None = None
    attempts: tuple[AttemptRow, ...] = ()
    scores: tuple[ScoreRow, ...] = ()
    sealed_picture: Picture | None = None
    segments_picture: Picture | None = None
    reliability_picture: Picture | None = None
    production: ProductionContent | None = None
    curve: Picture | None = None
    curve_sentence: str = ""
    lesson: LessonContent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerContent:
    """Where everything is kept.

    Fields:
        name: name of the file or database, without its folder.
        head: hash of the last record.
        records: how many there are.
        notice: what the ledger cannot promise.
    """

    name: str
    head: str
    records: int
    notice: str = (
        "Assay counts looks; it cannot hide a file that its user owns, and a deleted ledger "
        "forgets."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """A setting that nobody wrote down, so that Assay chose: said aloud."""

    key: str
    value: str
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportContent:
    """One report.

    Fields:
        title: name of the portfolio.
        made_at: when, worded with its zone.
        software: name and version.
        effort_unit: such as `person-day`, in the singular.
        plan: `None` where none could be made; `plan_refusal` then says why.
        projects: in the order to be shown.
        ledger: where the records are.
        defaults: settings that nobody wrote down.
    """

    title: str
    made_at: str
    software: str
    effort_unit: str
    projects: tuple[ProjectContent, ...]
    ledger: LedgerContent
    plan: PlanContent | None = None
    plan_refusal: str = ""
    defaults: tuple[Default, ...] = ()
