"""`assay register`: the question, before its answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.options import AsJson, LedgerFile, PortfolioPath, ProjectKey
from assay.cli.record_table import as_dict, summary
from assay.cli.teach import command
from assay.cli.terminal import answer, aside, console, pairs, working
from assay.cli.workspace import open_workspace

if TYPE_CHECKING:
    from assay.ledger import Record
    from assay.record import Project

CLAIM = (
    "seal", "metric", "cap", "baseline", "improve_by", "expect", "alpha", "tries", "ceiling",
)  # fmt: skip
"""Keys of a claim; where a project leaves one out, its default is said."""

Reason = Annotated[
    str | None,
    typer.Option(
        "--accept-underpowered",
        metavar="REASON",
        help="Go on though the sealed rows cannot show what is hoped for; recorded.",
        show_default="refuse",
    ),
]


def add(app: typer.Typer) -> None:
    """Announce `assay register`."""

    @command(
        app,
        "register",
        purpose="Fix a question before it is answered, and seal its rows.",
        more="From here on the metric, the baseline, the least improvement worth having, alpha "
        "and the number of tries stand. Registering the same again changes nothing.",
        example=(
            "assay register examples/first progression",
            'assay register . beds --accept-underpowered "the school has only these days"',
        ),
        writes="a registration in the ledger, which is made if it is not there.",
    )
    def register(
        path: PortfolioPath,
        key: ProjectKey,
        accept_underpowered: Reason = None,
        ledger: LedgerFile = None,
        as_json: AsJson = False,
    ) -> None:
        with open_workspace(path, ledger, must_exist=False) as workspace:
            with working():
                experiment = workspace.register(key, accept_underpowered=accept_underpowered)
            defaults = claim_defaults(workspace.portfolio.project(key))
            facts, like = experiment.facts(), experiment.similar()
            registration, verdict = experiment.registration, experiment.verdict
        if as_json:
            fields = {"project": key, "registration": registration, "defaults": defaults}
            answer(fields | {"similar": [as_dict(record) for record in like]})
        else:
            _show(experiment.key, facts, defaults)
            show_similar(like)
            if verdict is not None:
                aside(f"its seal is open already ({verdict.outcome}): `assay close {path} {key}`")


def claim_defaults(project: "Project") -> list[str]:
    """What a project's claim takes from Assay, a line each."""
    return [line for line in project.said_defaults() if line.partition(" = ")[0] in CLAIM]


def show_similar(records: "list[Record]") -> None:
    """What was asked or learnt before about the like; said unasked."""
    if not records:
        return
    out = console()
    out.print("\nthe like was worked on before", style="bold")
    out.print(
        pairs([(f"{each.key}, {each.kind} {each.sequence}", summary(each)) for each in records])
    )


def _show(key: str, facts: list[tuple[str, str]], defaults: list[str]) -> None:
    out = console()
    out.print(f"registered: {key}", style="bold")
    out.print()
    out.print(pairs(facts))
    if defaults:
        out.print("\nnot said in assay.toml, so Assay takes", style="bold")
        out.print(pairs([_halves(line) for line in defaults]))


def _halves(line: str) -> tuple[str, str]:
    name, _, value = line.partition(" = ")
    return name, value
