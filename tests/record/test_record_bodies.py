import math

import numpy as np
import pytest
from pydantic import ValidationError

from assay.errors import LedgerError
from assay.record import (
    BODIES,
    AmendmentBody,
    AnswerBody,
    AttemptBody,
    GenesisBody,
    LessonBody,
    RegistrationBody,
    VerdictBody,
    canonical,
    load_portfolio,
    project_body,
    read_canonical,
)

SHA = "0123456789abcdef" * 4


def registration(**changes) -> RegistrationBody:
    given = {
        "project": "demand", "data_sha": SHA, "target": "units", "metric": "crps", "cap": 4.0,
        "baseline": "naive", "baseline_predictions": SHA, "improve_by": 0.05, "expect": 0.15,
        "alpha": 0.05, "tries": 10, "seal": {"share": 0.3}, "sealed_rows_file": SHA, "n_open": 70,
        "n_sealed": 30, "test": "independent", "baseline_open_loss": 1.0, "sd0": 0.5,
        "spec_sha": SHA,
    }  # fmt: skip
    return RegistrationBody(**(given | changes))


EXAMPLES = [
    GenesisBody(salt="ab", software="assay-ml 0.1"),
    registration(levels=[0.1, 0.9], metric="pinball", tags=["a"], order_seed=3),
    AttemptBody(experiment=SHA, name="tree", open_loss=math.inf, environment={"numpy": "2"}),
    AttemptBody(experiment=SHA, name="net", effort=2, predictions=SHA, look=1, level=0.004),
    AttemptBody(
        name="run", stage=None, imported={"source": "mlflow:1", "metrics": {"a": math.inf}}
    ),
    AnswerBody(attempt=SHA, answer="not yet"),
    VerdictBody(
        experiment=SHA,
        outcome="refuted",
        sentence="No.",
        conditions=["one"],
        scores=[{"name": "tree", "p": 0.5}],
        interval=[-0.1, 0.1],
    ),
    LessonBody(project="demand", words="Stock-outs hid demand."),
    AmendmentBody(experiment=SHA, changes={"tries": [10, 20]}, reason="more", seen="nothing"),
]


@pytest.mark.parametrize("body", EXAMPLES, ids=lambda body: body.kind)
def test_a_body_survives_the_ledger(body):
    fields = read_canonical(canonical(body.model_dump()))
    assert BODIES[body.kind](**fields) == body


def test_a_project_of_the_file_survives_the_ledger(write):
    portfolio = load_portfolio(write())
    body = project_body(portfolio.project("demand"), portfolio.settings)
    assert body.has_data
    assert (body.importance, body.effort_unit) == (3.0, "person-day")
    assert BODIES["project"](**read_canonical(canonical(body.model_dump()))) == body


@pytest.mark.parametrize("effort", [0, -1.0, math.nan, math.inf])
def test_effort_is_above_zero_or_unknown(effort):
    with pytest.raises(LedgerError, match=r"must be above 0\. A failed attempt took time too"):
        AttemptBody(experiment=SHA, name="tree", effort=effort)
    assert AttemptBody(experiment=SHA, name="tree").effort is None


def test_numpy_numbers_are_welcome():
    body = AttemptBody(experiment=SHA, name="x", effort=np.float32(2), seed=np.int64(3))
    assert (type(body.effort), type(body.seed)) == (float, int)


def test_a_body_names_its_files():
    other = "f" * 64
    assert registration(order_file=other).file_shas() == (SHA, SHA, other)
    assert AttemptBody(experiment=SHA, name="x").file_shas() == ()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: registration(improve_by_absolute=1.0), "exactly one of improve_by"),
        (lambda: registration(improve_by=None), "exactly one of improve_by"),
        (lambda: registration(expect=0.05), "expect is 0.05, must lie above"),
        (lambda: registration(expect=math.nan), "expect is nan, must lie above"),
        (lambda: registration(metric="auc"), 'Take "brier" or "log"'),
        (lambda: registration(spec_sha="abc"), "spec_sha"),
        (lambda: registration(tryes=3), "unknown key `tryes`. Did you mean `tries`"),
        (lambda: AttemptBody(experiment=SHA, name="x", look=1), "both of look and level"),
        (
            lambda: AttemptBody(experiment=SHA, name="x", look=1, level=0.01),
            "a look without predictions",
        ),
        (lambda: AttemptBody(name="x"), "exactly one of experiment and imported"),
        (
            lambda: AttemptBody(name="x", experiment=SHA, imported={"source": "y"}),
            "exactly one of experiment and imported",
        ),
        (lambda: AttemptBody(name="x", imported={"run": "y"}), "imported without its source"),
        (
            lambda: AttemptBody(
                name="x", imported={"source": "y"}, predictions=SHA, look=1, level=0.1
            ),
            "no seal ever saw it",
        ),
        (lambda: AttemptBody(experiment=SHA, name="x", stage=None), "only an imported attempt"),
        (lambda: AnswerBody(attempt=SHA, answer="nearly"), "must be 'supported' or 'not yet'"),
        (lambda: LessonBody(project="x"), "must hold measured or words"),
        (lambda: LessonBody(words="x"), "must name the experiment or the project"),
        (lambda: GenesisBody(salt="x"), "genesis record: software is missing"),
    ],
)
def test_a_wrong_body_is_refused_in_a_sentence(make, said):
    with pytest.raises(LedgerError, match=said):
        make()


def test_a_body_cannot_be_changed():
    body = AnswerBody(attempt=SHA, answer="not yet")
    with pytest.raises(ValidationError, match="frozen"):
        body.answer = "supported"
