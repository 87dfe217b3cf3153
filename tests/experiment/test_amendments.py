"""A registration is changed openly, or not at all."""

import pytest

from assay.errors import ConfigError, ExperimentError
from assay.experiment import Workspace
from assay.record import AmendmentBody

TOML = """
version = 1
[portfolio]
name = "Doses"
[[project]]
key = "dose"
data = "doses.csv"
target = "y"
metric = "absolute"
seal = {{ rows = 150 }}
improve_by = {improve_by}
expect = 0.6
tries = {tries}
alpha = {alpha}
hypothesis = "{hypothesis}"
"""
TERMS = {"improve_by": 0.1, "tries": 2, "alpha": 0.05, "hypothesis": "x tells y"}


@pytest.fixture
def written(tmp_path, table):
    """Writes assay.toml with some terms and opens the portfolio."""
    table.write_csv(tmp_path / "doses.csv")
    opened = []

    def write(**terms):
        (tmp_path / "assay.toml").write_text(TOML.format(**{**TERMS, **terms}))
        opened.append(Workspace.open(tmp_path))
        return opened[-1]

    yield write
    for workspace in opened:
        workspace.close()


def test_who_when_why_and_what_was_seen_is_recorded(written, guess):
    experiment = written().register("dose")
    experiment.attempt(predictions=guess(experiment, 0.0), effort=1)
    body = written(hypothesis="x tells most of y").amend("dose", "a clearer wording")
    assert body.changes == {"hypothesis": ["x tells y", "x tells most of y"]}
    assert body.seen == "1 attempt; 1 look, each answered `not yet`."
    again = written(hypothesis="x tells most of y")
    assert again.experiment("dose").registration.hypothesis == "x tells most of y"
    verdict = again.experiment("dose").close()
    assert any("a clearer wording" in each and "1 look" in each for each in verdict.conditions)


def test_more_tries_share_what_is_left_of_alpha(written, guess):
    experiment = written().register("dose")
    experiment.attempt(predictions=guess(experiment, 0.0), effort=1)
    more = written(tries=8)
    body = more.amend("dose", "six more ideas")
    assert (body.looks, body.spent) == (1, pytest.approx(0.02))
    experiment = more.experiment("dose")
    levels = [
        experiment.attempt(predictions=guess(experiment, 0.0, shift), effort=1).level
        for shift in (0.01, 0.02)
    ]
    assert levels == [pytest.approx(0.8 * 0.03 / 8)] * 2
    assert experiment.attempt(predictions=guess(experiment, 0.0, 0.03)).tries == 8


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"alpha": 0.2}, "`alpha` .* cannot be amended"),
        ({"improve_by": 0.01}, "`improve_by` .* key of its own, which shares the budget"),
        ({}, "nothing differs"),
    ],
)
def test_what_is_asked_of_the_sealed_rows_stands(written, terms, says):
    written().register("dose")
    workspace = written(**terms)
    head = workspace.ledger.head()
    with pytest.raises(ExperimentError, match=says):
        workspace.amend("dose", "please")
    assert workspace.ledger.head() == head


def test_a_change_without_an_amendment_names_the_way(written):
    written().register("dose")
    with pytest.raises(ExperimentError, match=r"assay amend PATH dose --reason"):
        written(tries=5).register("dose")
    with pytest.raises(ExperimentError, match=r"or close this experiment first"):
        written(tries=5, alpha=0.1).register("dose")


def test_no_amendment_without_a_reason_or_an_open_experiment(written):
    with pytest.raises(ExperimentError, match="no open experiment"):
        written().amend("dose", "early")
    written().register("dose")
    with pytest.raises(ExperimentError, match="says why"):
        written(tries=5).amend("dose", " ")
    workspace = written()
    workspace.experiment("dose").close()
    with pytest.raises(ExperimentError, match="no open experiment"):
        written(tries=5).amend("dose", "late")


def test_a_second_amendment_starts_from_the_first(written):
    written().register("dose")
    written(tries=5).amend("dose", "first")
    body = written(tries=6).amend("dose", "second")
    assert isinstance(body, AmendmentBody)
    assert body.changes == {"tries": [5, 6]}


def test_a_notebook_amends_without_a_file(begin, guess):
    experiment = begin()
    body = experiment.amend("two more ideas", tries=7, hypothesis="x tells y, and more")
    assert body.changes["tries"] == [5, 7]
    assert experiment.registration.tries == 7
    assert experiment.attempt(predictions=guess(experiment, 0.0), effort=1).tries == 7
    with pytest.raises(ConfigError, match="tries"):
        experiment.amend("none", tries=0)
    with pytest.raises(ExperimentError, match="cannot be amended"):
        experiment.amend("easier", improve_by=0.01)
    again = experiment.amend("one more", tries=8)
    assert again.changes == {"tries": [7, 8]}  # the first amendment stands
