"""The bodies of ledger records, one class for each kind."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from assay.record.attempt_plan import Stage
from assay.record.belief import Belief, KnownCurve, Stages
from assay.record.body_base import Body, Count, Effort, Fraction, Sha, Size, Words
from assay.record.lesson import AmendmentBody, LessonBody
from assay.record.metric import metric_refusal
from assay.record.portfolio_file import PortfolioSettings
from assay.record.production import GateBody, ReleaseBody, WatchBody
from assay.record.project import Project
from assay.record.returns import AnyReturns
from assay.record.setting import Amount, as_tuple, shown


def _accepted_metric(name: str) -> str:
    refusal = metric_refusal(name)
    if refusal is not None:
        raise ValueError(refusal)
    return name


class GenesisBody(Body):
    """The first record of every ledger.

    Fields:
        salt: secret to this ledger; row fingerprints are salted with it.
        software: what made the ledger.
        format: version of the bodies.
    """

    kind: ClassVar[str] = "genesis"
    salt: str
    software: str
    format: Literal[1] = 1


class ProjectBody(Body):
    """What a plan needs to know of a project; a later record of the same key replaces it.

    Fields:
        key, question, hypothesis, importance, belief, curve, stages, returns, team, needs, least,
            most, committed, source, simulated: as in `assay.toml`.
        ceiling: loss of a perfect model, `None` where it is not known.
        effort_unit, effort_per_person_day: of its portfolio.
        has_data: whether experiments on it are possible.
    """

    kind: ClassVar[str] = "project"
    key: str
    question: str = ""
    hypothesis: str = ""
    importance: Amount = 1.0
    belief: Belief | None = None
    curve: KnownCurve | None = None
    stages: Stages | None = None
    ceiling: float | None = 0.0
    returns: AnyReturns = "linear"
    team: str | None = None
    needs: dict[str, Size] = Field(default_factory=dict)
    least: Amount = 0.0
    most: Size | None = None
    committed: Amount = 0.0
    effort_unit: str = "person-day"
    effort_per_person_day: Size = 1.0
    source: str = ""
    simulated: bool = False
    has_data: bool = True


class RegistrationBody(Body):
    """An experiment as it was registered, before any answer.

    Fields:
        project: its key.
        data_sha: fingerprint of the problem, of all rows open and sealed.
        target, roles, season, horizon: which column plays which part.
        experiment: kind of question: an improvement over a baseline, the replication of a claim,
            or whether there is anything to be gained at all.
        claim_source, claimed: of a replication, who claimed it and how large an improvement.
        cap: largest row loss that counts; `None` where the loss is bounded by itself.
        baseline: its name; `baseline_predictions` is the file of what it predicts, with the hash
            `baseline_sha`; no file where it looks back on sealed targets.
        improve_by, improve_by_absolute: least improvement worth having; exactly one is given.
        expect: improvement hoped for; sets `rows_needed`.
        rows_to_refute: rows with which a model that gains nothing is likely ruled out.
        tries: looks planned.
        seal: as in `assay.toml`, such as `{"share": 0.3}`.
        identity: columns that say which row is which.
        target_sha: of the sorted targets, salted.
        sealed_rows_file: file of `n_sealed` salted row hashes, 16 or 32 bytes each.
        test: which statistics apply.
        order_file, order_seed: row order of the test, as a file or as a seed.
        baseline_open_loss: mean loss of the baseline on open rows.
        sd0: standard deviation of row gains assumed before any model.
        population: whom the verdict speaks of, such as "new images of the same writers".
        spec_sha: hash of the registered keys; `spec` holds them, so that a change can be named.
        accepted_underpowered: why too few sealed rows were accepted; `None` if they suffice.
        floor: least row loss that counts; below 0 only for the log score of a density.
        clipped_share: share of open baseline losses that the cap clips.
        overlaps: sequence numbers of earlier registrations that sealed some of these rows.
        open_rows_file: file of the salted hashes of the open rows, of 16 bytes each.
        copies: rows that were kept on one side with near-copies of theirs.
        vault: identity of the vault that holds the sealed targets; `None` where the data do.
    """

    kind: ClassVar[str] = "registration"
    files: ClassVar[tuple[str, ...]] = (
        "baseline_predictions",
        "sealed_rows_file",
        "order_file",
        "open_rows_file",
    )
    project: str
    data_sha: Sha
    target: str
    roles: dict[str, Any] = Field(default_factory=dict)
    question: str = ""
    hypothesis: str = ""
    experiment: Literal["improvement", "replication", "feasibility"] = "improvement"
    claim_source: str = ""
    claimed: float | None = None
    metric: Annotated[str, AfterValidator(_accepted_metric)]
    cap: Size | None = None
    levels: Annotated[tuple[Fraction, ...], BeforeValidator(as_tuple)] = ()
    baseline: str
    baseline_predictions: Sha | None = None
    baseline_sha: Sha | None = None
    improve_by: float | None = None
    improve_by_absolute: float | None = None
    expect: float
    alpha: Fraction
    tries: Count
    effort_budget: Effort = None
    seal: dict[str, Any]
    sealed_rows_file: Sha
    identity: Words = ()
    target_sha: Sha | None = None
    n_open: Count
    n_sealed: Count
    rows_needed: int | None = None
    rows_to_refute: int | None = None
    test: Literal["independent", "series", "groups"]
    season: Count | None = None
    horizon: Count | None = None
    order_file: Sha | None = None
    order_seed: int | None = None
    ceiling: float | None = None
    baseline_open_loss: float
    sd0: float
    population: str = ""
    if_supported: str = ""
    if_refuted: str = ""
    if_inconclusive: str = ""
    author: str | None = None
    tags: Words = ()
    spec_sha: Sha
    spec: dict[str, Any] = Field(default_factory=dict)
    accepted_underpowered: str | None = None
    floor: float = 0.0
    clipped_share: float = 0.0
    overlaps: Annotated[tuple[int, ...], BeforeValidator(as_tuple)] = ()
    open_rows_file: Sha | None = None
    copies: int = 0
    vault: str | None = None

    @model_validator(mode="after")
    def _one_claim_below_what_is_hoped(self) -> "RegistrationBody":
        given = [
            least for least in (self.improve_by, self.improve_by_absolute) if least is not None
        ]
        if len(given) != 1:
            raise ValueError("must hold exactly one of improve_by and improve_by_absolute.")
        if not self.expect > given[0]:
            raise ValueError(
                f"expect is {shown(self.expect)}, must lie above the least improvement worth "
                f"having, {shown(given[0])}."
            )
        return self


class AttemptBody(Body):
    """One model offered to the seal and its cost; broken ones are recorded too.

    Fields:
        experiment: hash of the registration record; `None` for what was imported, whose question
            was never registered.
        name, stage, model: what was tried; `model` is one line of text. The stage of an imported
            attempt is `None` where nothing says it.
        effort: what it took; `None` where an imported attempt does not say.
        belief_about: what the author believed before the answer, in words.
        expect: improvement that the author expected of it, in the claim's unit.
        data_sha: fingerprint of the data it was made from.
        code: `{"commit": ..., "dirty": ...}`.
        environment: versions of what it ran with.
        open_loss, open_skill, open_se: mean loss on open rows, skill, standard error of the skill.
        broke: what went wrong before it could predict; `None` if it predicted.
        predictions: file of the predictions for the sealed rows.
        model_file: file of the fitted model.
        attested: the author vouches that the predictions of a series did not look ahead.
        look, level: number of the look and the alpha it spends; `None` where it is no look.
        imported: what the place it was imported from says of it, beside `source`, the text that
            names it there once and for all: a later record of the same source replaces it.
    """

    kind: ClassVar[str] = "attempt"
    files: ClassVar[tuple[str, ...]] = ("predictions", "model_file")
    experiment: Sha | None = None
    name: str
    stage: Stage | None = "ml"
    effort: Effort = None
    author: str | None = None
    note: str = ""
    belief_about: str = ""
    expect: float | None = None
    data_sha: Sha | None = None
    code: dict[str, Any] = Field(default_factory=dict)
    environment: dict[str, Any] = Field(default_factory=dict)
    seed: int | None = None
    duration_s: float | None = None
    open_loss: float | None = None
    open_skill: float | None = None
    open_se: float | None = None
    broke: str | None = None
    predictions: Sha | None = None
    model_file: Sha | None = None
    attested: bool = False
    look: Count | None = None
    level: Fraction | None = None
    model: str = ""
    imported: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _registered_or_imported(self) -> "AttemptBody":
        if (self.experiment is None) == (self.imported is None):
            raise ValueError("must hold exactly one of experiment and imported.")
        if self.imported is None and self.stage is None:
            raise ValueError("has no stage, which only an imported attempt may lack.")
        if self.imported is not None and not isinstance(self.imported.get("source"), str):
            raise ValueError("is imported without its source, which must be text.")
        if self.imported is not None and self.look is not None:
            raise ValueError("is imported and a look, but no seal ever saw it.")
        return self

    @model_validator(mode="after")
    def _look_and_level_together(self) -> "AttemptBody":
        if (self.look is None) != (self.level is None):
            raise ValueError("must hold both of look and level, or neither.")
        if self.look is not None and self.predictions is None:
            raise ValueError("is a look without predictions; nothing could be judged.")
        return self


class AnswerBody(Body):
    """What a look got. Nothing else may be said before the seal opens.

    Fields:
        attempt: hash of the attempt record.
    """

    kind: ClassVar[str] = "answer"
    attempt: Sha
    answer: Literal["supported", "not yet"]


class VerdictBody(Body):
    """What was found when the seal opened.

    Fields:
        experiment: hash of the registration record.
        sentence: what a product owner reads.
        conditions: what the verdict rests on, one sentence each.
        scores: for each attempt its name, effort, loss, gain, skill, low, high, p.
        baseline_loss: mean loss of the baseline on sealed rows.
        interval: of the gain, low and high.
        at_look: the look that was supported, if one was.
        p_value: of the project over all its looks, for the portfolio.
        segments: gain of the attempt that the verdict speaks of, by segment of the sealed rows.
        reliability: its claims beside what came, from the least claim to the greatest.
    """

    kind: ClassVar[str] = "verdict"
    experiment: Sha
    outcome: Literal["supported", "refuted", "inconclusive"]
    sentence: str
    conditions: Words = ()
    scores: Annotated[tuple[dict[str, Any], ...], BeforeValidator(as_tuple)] = ()
    baseline_loss: float | None = None
    interval: Annotated[tuple[float, float] | None, BeforeValidator(as_tuple)] = None
    at_look: Count | None = None
    p_value: float = 1.0
    segments: Annotated[tuple[dict[str, Any], ...], BeforeValidator(as_tuple)] = ()
    reliability: Annotated[tuple[dict[str, Any], ...], BeforeValidator(as_tuple)] = ()

    def __str__(self) -> str:
        return "\n".join([self.sentence, *(f"- {each}" for each in self.conditions)])


BODIES: dict[str, type[Body]] = {
    body.kind: body
    for body in (
        GenesisBody,
        ProjectBody,
        RegistrationBody,
        AttemptBody,
        AnswerBody,
        VerdictBody,
        LessonBody,
        AmendmentBody,
        GateBody,
        ReleaseBody,
        WatchBody,
    )
}
"""The class of each kind of record."""


def project_body(project: Project, settings: PortfolioSettings) -> ProjectBody:
    """The plan-relevant part of a project, ready for the ledger."""
    same = (
        "key", "question", "hypothesis", "importance", "belief", "curve", "stages", "ceiling",
        "returns", "team", "needs", "least", "most", "committed",
    )  # fmt: skip
    return ProjectBody(
        **{name: getattr(project, name) for name in same},
        effort_unit=settings.effort_unit,
        effort_per_person_day=settings.effort_per_person_day,
        source=project.source,
        simulated=project.simulated,
        has_data=project.data is not None,
    )
