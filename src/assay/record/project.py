"""One `[[project]]` of `assay.toml`: a question, its data, its claim, its curve, its attempts."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from assay.record.attempt_plan import AttemptPlan
from assay.record.belief import Belief, KnownCurve, Stages
from assay.record.canonical import sha_of
from assay.record.labelling import Labelling
from assay.record.metric import metric_refusal
from assay.record.model_spec import ModelSpec
from assay.record.project_defaults import (
    PINBALL_LEVELS,
    default_baseline,
    default_ceiling,
    default_expect,
    default_improve_by,
    default_seal,
)
from assay.record.project_rules import first_problem, is_baseline, is_key, needed
from assay.record.returns import AnyReturns
from assay.record.seal import Seal
from assay.record.setting import (
    Amount,
    Counting,
    Flag,
    Names,
    Number,
    Positive,
    Setting,
    Share,
    Text,
    Whole,
    as_tuple,
    shown,
)

ROLES: tuple[str, ...] = (
    "target", "time", "series", "group", "season", "horizon",
    "censored_above", "censored_flag", "censored_below", "known_ahead",
)  # fmt: skip
"""Keys that say which column plays which part."""

REGISTERED: tuple[str, ...] = (
    "question", "hypothesis", *ROLES, "seal", "metric", "levels", "cap", "baseline", "improve_by",
    "improve_by_absolute", "expect", "alpha", "tries", "ceiling", "effort_budget", "population",
    "if_supported", "if_refuted", "if_inconclusive", "kind", "claimed", "claim_source", "vault",
)  # fmt: skip
"""Keys that registration fixes: changing one afterwards is an amendment."""

LATER: tuple[str, ...] = ("kind", "claimed", "claim_source", "vault", "censored_flag")
"""Registered keys that came after the first ledgers: unsaid, they leave the old hash as it was."""


def _refused(problem: str | None, value: Any) -> Any:
    if problem is not None:
        raise ValueError(problem)
    return value


def _season(value: int) -> int:
    return _refused(None if value >= 2 else f"is {value}, must be 2 rows or more.", value)


def _gain(value: float) -> float:
    problem = f"is {shown(value)}, must lie between 0 and 1. Write 0.05 for five per cent."
    return _refused(None if 0 <= value < 1 else problem, value)


def _cap(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    accepted = value == "default" or (is_number and 0 < value < float("inf"))
    problem = f'is {shown(value)}, must be "default" or a loss above 0.'
    return _refused(None if accepted else problem, value)


def _levels(value: tuple[float, ...]) -> tuple[float, ...]:
    accepted = list(value) == sorted(set(value)) and all(0 < level < 1 for level in value)
    problem = f"is {shown(value)}, must rise and lie strictly between 0 and 1, such as [0.1, 0.9]."
    return _refused(None if accepted else problem, value)


Metric = Annotated[Text, AfterValidator(lambda name: _refused(metric_refusal(name), name))]
Key = Annotated[Text, AfterValidator(is_key)]
Season = Annotated[Whole, AfterValidator(_season)]
Gain = Annotated[Number, AfterValidator(_gain)]
Cap = Annotated[Literal["default"] | Number, BeforeValidator(_cap)]
Levels = Annotated[tuple[Number, ...], BeforeValidator(as_tuple), AfterValidator(_levels)]
Needs = Annotated[dict[Key, Positive], BeforeValidator(needed)]
Baseline = Annotated[
    Annotated[str, Tag("a name")] | Annotated[ModelSpec, Tag("a table")],
    Discriminator(lambda value: "a name" if isinstance(value, str) else "a table"),
    BeforeValidator(is_baseline),
]


class Project(Setting):
    """One ML opportunity, as its owner wrote it down before any model."""

    key: Key = Field(description="short name, used everywhere")
    question: Text = Field(default="", description="not asked in words")
    hypothesis: Text = Field(
        default="", description="the claim itself, in the words of the verdict"
    )
    kind: Literal["improvement", "replication", "feasibility"] = Field(
        default="improvement", description="better than the baseline"
    )
    claimed: Number | None = Field(
        default=None, description="improvement that was claimed: nothing to replicate"
    )
    claim_source: Text = Field(default="", description="who claimed it: nothing to replicate")
    importance: Amount = Field(default=1.0, description="value of one point, 0.01 of skill")
    source: Text = Field(default="", description="where the data come from: not said")
    simulated: Flag = Field(default=False, description="the data are real")
    author: Text | None = Field(default=None, description="whoever runs it")
    tags: Names = Field(default=(), description="no tags")

    data: Text | None = Field(
        default=None, description="no data: planned by its belief or curve alone"
    )
    target: Text | None = Field(default=None, description="no target")
    time: Text | None = Field(default=None, description="rows have no order in time")
    series: Names = Field(default=(), description="one series, or rows that form none")
    group: Text | None = Field(default=None, description="rows are independent of each other")
    season: Season | None = Field(default=None, description="no season")
    horizon: Counting | None = Field(default=None, description="the next row, where there is time")
    censored_above: Text | None = Field(default=None, description="nothing hides a larger target")
    censored_flag: Text | None = Field(default=None, description="limits alone hide the target")
    censored_below: Text | None = Field(default=None, description="nothing hides a smaller target")
    known_ahead: Names = Field(default=(), description="no column is known before its row")
    vault: Text | None = Field(
        default=None, description="the data hold the sealed targets themselves"
    )
    population: Text = Field(
        default="", description="the verdict speaks of rows like the sealed ones"
    )

    seal: Seal = Field(
        default_factory=default_seal, description="the latest 30 % where there is time"
    )
    metric: Metric = Field(default="crps", description="scores the whole distribution")
    levels: Levels = Field(
        default_factory=lambda data: PINBALL_LEVELS if data.get("metric") == "pinball" else (),
        description="quantiles that pinball scores",
    )
    cap: Cap = Field(
        default="default",
        description="larger of 4 x mean and 99th percentile of the baseline's losses",
    )
    baseline: Baseline = Field(
        default_factory=default_baseline, description="what the model must beat"
    )
    improve_by_absolute: Positive | None = Field(default=None, description="the claim is relative")
    improve_by: Gain | None = Field(
        default_factory=default_improve_by, description="least improvement worth having"
    )
    expect: Positive = Field(
        default_factory=default_expect, description="improvement hoped for: three times the least"
    )
    alpha: Share = Field(default=0.05, description="chance of calling a useless model a success")
    tries: Counting = Field(default=10, description="looks planned")
    ceiling: Number | None = Field(
        default_factory=default_ceiling, description="loss of a perfect model"
    )
    effort_budget: Positive | None = Field(default=None, description="effort is not limited")
    if_supported: Text = Field(default="", description="what will be done then: not said")
    if_refuted: Text = Field(default="", description="what will be done then: not said")
    if_inconclusive: Text = Field(default="", description="what will be done then: not said")

    belief: Belief | None = Field(default=None, description="the prior of every project")
    curve: KnownCurve | None = Field(default=None, description="learnt from attempts")
    stages: Stages | None = Field(default=None, description="no stage has a start-up")
    returns: AnyReturns = Field(default="linear", description="every point is worth the same")
    team: Text | None = Field(default=None, description="no team's capacity is spent")
    needs: Needs = Field(default_factory=dict, description="needs no other project first")
    least: Amount = Field(default=0.0, description="least effort in all")
    most: Amount | None = Field(default=None, description="most effort in all: no limit")
    committed: Amount = Field(default=0.0, description="effort promised from now on")
    labelling: Labelling | None = Field(
        default=None, description="not known what further rows would bring"
    )
    attempts: Annotated[tuple[AttemptPlan, ...], BeforeValidator(as_tuple)] = Field(
        default=(), alias="attempt", description="none planned"
    )

    @model_validator(mode="after")
    def _keys_fit_together(self) -> "Project":
        return _refused(first_problem(self), self)

    def roles(self) -> dict[str, Any]:
        """Which column plays which part, as the keyword arguments of `assay.frame.Roles`."""
        return {name: getattr(self, name) for name in ROLES}

    def registered(self) -> dict[str, Any]:
        """The keys that registration fixes, as plain values."""
        dumped = self.model_dump(include=set(REGISTERED) - {"seal", "baseline"})
        spec = self.baseline
        baseline = spec if isinstance(spec, str) else spec.table()
        unsaid = {name for name in LATER if dumped[name] == type(self).model_fields[name].default}
        known = {name: value for name, value in dumped.items() if name not in unsaid}
        return known | {"seal": self.seal.table(), "baseline": baseline}

    def spec_sha(self) -> str:
        """SHA-256 of the registered keys: the same for files that mean the same."""
        return sha_of(self.registered())
