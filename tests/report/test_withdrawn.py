"""A verdict that a watch withdrew leads its card as withdrawn; what it was is told as history."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assay.experiment import Workspace, run, split
from assay.record import GATE_PARTS, GateBody, ReleaseBody
from assay.report import ReportContent, build_report, render

FILE = """
version = 1
[portfolio]
name = "Clinic"
budget = 10

[[project]]
key = "dose"
question = "How long does a dose last?"
data = "doses.csv"
target = "hours"
metric = "absolute"
improve_by = 0.1
expect = 0.8
tries = 1

[[project.attempt]]
name = "weight"
effort = 1
model = { predictions = "said.csv" }
"""
WHOLE = tuple(
    {"name": name, "outcome": "holds", "finding": "", "remedy": "", "figures": {}}
    for name in GATE_PARTS
)


def doses(first: int, count: int, hours: float = 1.0) -> pl.DataFrame:
    random = np.random.default_rng(first)
    weight = random.normal(10, 3, count)
    noise = random.normal(0, 0.2, count)
    at = np.arange(first, first + count)
    return pl.DataFrame({"row_id": at, "weight": weight, "hours": hours * weight + noise})


def said(table: pl.DataFrame) -> pl.DataFrame:
    return table.select("row_id", mean="weight")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    folder: Path = tmp_path_factory.mktemp("released")
    doses(0, 300).drop("row_id").write_csv(folder / "doses.csv")
    (folder / "assay.toml").write_text(FILE)
    with Workspace.open(folder) as workspace:
        split(workspace, "dose", folder / "split")
        said(pl.read_parquet(folder / "split" / "sealed.parquet")).write_csv(folder / "said.csv")
        for _ in run(workspace):
            pass
        (registered,) = workspace.history.refresh().experiments("dose")
        gate = GateBody(experiment=registered.hash, attempt="weight", passed=True, parts=WHOLE)
        gated = workspace.ledger.append(gate, key="dose").hash
        release = {"experiment": registered.hash, "gate": gated, "attempt": "weight"}
        workspace.ledger.append(ReleaseBody(**release, alpha=0.05), key="dose")
        yield workspace


@pytest.fixture(scope="module")
def standing(released: Workspace) -> ReportContent:
    return build_report(released)


@pytest.fixture(scope="module")
def withdrawn(released: Workspace, standing: ReportContent) -> ReportContent:
    """The same portfolio, after rows of which the weight says nothing any longer."""
    rows = doses(1000, 150, hours=0.4)
    experiment = released.experiment("dose")
    assert experiment.watch(rows, predictions=said(rows)).is_withdrawn
    return build_report(released)


def visible(content: ReportContent) -> str:
    page = render(content)
    body = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_a_verdict_that_stands_is_confirmed_and_leads(standing):
    (dose,) = standing.projects
    assert dose.is_confirmed
    assert dose.verdict.startswith("Supported: ")
    assert dose.before == ""
    assert "Confirmed: it still holds" in visible(standing)


def test_a_withdrawal_leads_and_the_old_verdict_is_history(withdrawn, standing):
    (dose,), (was,) = withdrawn.projects, standing.projects
    assert dose.status == "verdict withdrawn"
    assert re.match(r"Withdrawn on \d{4}-\d\d-\d\d: from about row ", dose.verdict)
    rest = was.verdict.removeprefix("Supported: ")
    assert re.fullmatch(r"It was supported on \d{4}-\d\d-\d\d: " + re.escape(rest), dose.before)
    text = visible(withdrawn)
    assert text.index("Withdrawn on ") < text.index("It was supported on ")


def test_a_withdrawn_verdict_is_not_called_confirmed(withdrawn):
    assert not withdrawn.projects[0].is_confirmed
    assert "onfirmed" not in visible(withdrawn)
    assert "still holds when" not in visible(withdrawn)
    told_what_it_means = 1
    assert visible(withdrawn).count("Supported: ") == told_what_it_means


def test_why_it_was_withdrawn_is_said_once(withdrawn):
    (dose,) = withdrawn.projects
    assert dose.production is not None
    told = f"{dose.production.sentence} {dose.production.watched}"
    assert re.search(
        r"`weight` passed its gate and was released on \S+ by .+\. "
        r"Its verdict was withdrawn on \d{4}-\d\d-\d\d, after 150 rows\.$",
        dose.production.sentence,
    )
    assert visible(withdrawn).count("Do not rely on it any longer") == 1
    assert "evidence against that" not in told
    assert dose.production.watched.startswith("Exact at any number of rows")
