"""Keys that bind a plan: returns, teams, needs, least and most."""

import pytest

from assay.errors import ConfigError
from assay.record import ProjectBody, load_portfolio, project_body


@pytest.fixture
def read(tmp_path):
    """A portfolio of the projects `a` and `b`, from the lines of each part."""

    def reader(a="", b="", portfolio=""):
        text = f'[portfolio]\n{portfolio}\n[[project]]\nkey = "a"\n{a}\n[[project]]\nkey = "b"\n{b}'
        (tmp_path / "assay.toml").write_text(text)
        return load_portfolio(tmp_path)

    return reader


@pytest.mark.parametrize(
    ("written", "table"),
    [
        ("{ threshold = 0.8 }", {"threshold": 0.8}),
        ("{ concave = 0.5 }", {"concave": 0.5}),
        ("{ points = [[0, 0], [0.5, 10]] }", {"points": ((0.0, 0.0), (0.5, 10.0))}),
    ],
)
def test_returns_reach_the_ledger_as_they_are_written(read, written, table):
    portfolio = read(f"returns = {written}")
    body = project_body(portfolio.project("a"), portfolio.settings)
    assert body.returns.table() == table
    assert ProjectBody.model_validate_json(body.model_dump_json()) == body
    assert project_body(portfolio.project("b"), portfolio.settings).returns == "linear"


def test_needs_are_a_name_names_or_efforts(read):
    assert read('needs = "b"').project("a").needs == {"b": 1.0}
    assert read('needs = ["b"]').project("a").needs == {"b": 1.0}
    assert read("needs = { b = 20 }").project("a").needs == {"b": 20.0}


@pytest.mark.parametrize(
    ("a", "said"),
    [
        ('returns = "steep"', 'returns is "steep", must be "linear" or a table such as'),
        ("returns = { threshold = 80 }", "returns.threshold is 80, must lie above 0 and be at"),
        (
            "returns = { threshold = 0 }",
            "returns.threshold is 0, must lie above 0 and be at most 1",
        ),
        ("returns = { points = [[0, 0, 1]] }", "points holds [0, 0, 1], must hold pairs of skill"),
        ("importance = -1", "importance is -1, must be 0 or above"),
        ("importance = nan", "importance is nan, must be finite"),
        ("committed = 5\nmost = 4", "committed is 5 and most is 4: more is promised than it may"),
        ("returns = {}", "gives nothing, must give exactly one of threshold, concave, points"),
        ("returns = { points = [[0, 0]] }", "must hold two points or more"),
        ("returns = { points = [[0.5, 0], [0.5, 1]] }", "has skill 0.5 after 0.5"),
        ("returns = { points = [[0, 5], [1, 4]] }", "more accuracy must never be worth less"),
        ("least = 5\nmost = 4", "least is 5 and most is 4: no effort is both"),
        ("committed = -1", "committed is -1, must be 0 or above"),
        ('needs = "a"', 'needs names "a" itself'),
        ('needs = "bb"', 'project "a" needs "bb". Did you mean `b`?'),
        ("needs = { b = 0 }", "needs.b is 0, must be above 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(read, a, said):
    with pytest.raises(ConfigError) as found:
        read(a)
    assert said in str(found.value)


def test_a_perfect_skill_may_be_the_threshold_and_an_importance_may_be_0(read):
    project = read("returns = { threshold = 1 }\nimportance = 0").project("a")
    assert project.returns.threshold == 1
    assert project.importance == 0


def test_a_circle_of_needs_is_named(read):
    with pytest.raises(ConfigError, match="circle: a needs b needs a"):
        read('needs = "b"', 'needs = "a"')


def test_a_team_without_capacity_is_refused_where_teams_are_listed(read):
    assert read('team = "vision"').project("a").team == "vision"
    with pytest.raises(ConfigError, match=r'has the team "vison". Did you mean `vision`'):
        read('team = "vison"', portfolio="teams = { vision = 30 }")
