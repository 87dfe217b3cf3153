import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from assay.errors import ConfigError
from assay.record import load_portfolio, starts_of


def test_the_example_of_the_design_is_read(write):
    portfolio = load_portfolio(write())
    project = portfolio.project("demand")
    assert portfolio.settings.name == "Rapid grocery"
    assert portfolio.ledger == portfolio.folder / "assay.db"
    assert project.roles() == {
        "target": "units",
        "time": "date",
        "series": ("store", "item"),
        "group": None,
        "season": 7,
        "horizon": 14,
        "censored_above": "stock",
        "censored_flag": None,
        "censored_below": None,
        "known_ahead": (),
    }
    assert project.seal.table() == {"from": "2025-01-01"}
    assert project.belief is not None
    assert project.belief.share == 0.6
    attempt = project.attempts[0]
    assert attempt.model.parameters == {"mean": "score-driven(season=7)"}
    assert attempt.model.text() == "negative-binomial(mean=score-driven(season=7))"
    assert (attempt.stage, attempt.effort, attempt.close) == ("ml", 3.0, True)


def test_the_file_or_its_folder_may_be_named(write):
    folder = write()
    assert load_portfolio(folder) == load_portfolio(str(folder / "assay.toml"))


def test_a_byte_order_mark_is_no_obstacle(write):
    file = write() / "assay.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert len(load_portfolio(file).projects) == 1


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("seal = 0.3", {"share": 0.3}),
        ("seal = { rows = 1697 }", {"rows": 1697}),
        ("seal = { groups = 0.3 }\ngroup = 'writer'", {"groups": 0.3}),
        ("seal = { from = 2025-01-01 }\ntime = 'date'", {"from": "2025-01-01"}),
        ("group = 'writer'", {"groups": 0.3}),
        ("", {"share": 0.3}),
    ],
)
def test_a_seal_may_be_written_in_four_ways(write, written, read):
    folder = write(after=f'\n[[project]]\nkey = "digits"\n{written}\n')
    assert load_portfolio(folder).project("digits").seal.table() == read


@pytest.mark.parametrize(
    ("written", "key", "default"),
    [
        ("", "improve_by", 0.05),
        ("", "expect", 0.15),
        ("improve_by = 0.1", "expect", 0.3),
        ("improve_by = 0.4", "expect", 0.7),
        ("improve_by_absolute = 2.0", "improve_by", None),
        ("improve_by_absolute = 2.0", "expect", 6.0),
        ("", "baseline", "climatology"),
        ("time = 'date'", "baseline", "naive"),
        ("time = 'date'\nseason = 7", "baseline", "seasonal-naive"),
        ("metric = 'brier'", "baseline", "base-rate"),
        ("", "ceiling", 0.0),
        ("metric = 'log'", "ceiling", None),
        ("metric = 'pinball'", "levels", (0.1, 0.5, 0.9)),
    ],
)
def test_defaults_follow_from_the_other_keys(write, written, key, default):
    folder = write(after=f'\n[[project]]\nkey = "other"\n{written}\n')
    assert getattr(load_portfolio(folder).project("other"), key) == default


def test_every_default_is_said_and_no_written_key(write):
    said = load_portfolio(write("alpha = 0.01")).project("demand").said_defaults()
    assert "tries = 10 (looks planned)" in said
    assert not [line for line in said if line.startswith(("alpha", "season", "attempt"))]
    settings = load_portfolio(write()).settings.said_defaults()
    assert 'ledger = "assay.db" (beside this file)' in settings


def test_what_was_read_cannot_be_changed(write):
    project = load_portfolio(write()).project("demand")
    with pytest.raises(ValidationError, match="frozen"):
        project.alpha = 0.5


def test_the_specification_changes_with_registered_keys_alone(write):
    def sha(keys: str) -> str:
        return load_portfolio(write(keys)).project("demand").spec_sha()

    assert sha("") == sha("alpha = 0.05") == sha('source = "elsewhere"')
    assert len({sha(""), sha("alpha = 0.04"), sha("tries = 9"), sha("group = 'x'")}) == 4


def test_a_stage_is_an_effort_or_a_table_with_its_start_up(write):
    folder = write("stages = { deep = { from = 40, start_up = 10 }, ml = 5 }")
    starts = starts_of(load_portfolio(folder).project("demand").stages)
    assert {name: (at.begins, at.start_up) for name, at in starts.items()} == {
        "ml": (5.0, 0.0),
        "deep": (40.0, 10.0),
    }


def test_stages_stand_in_a_curve_or_beside_it_but_not_in_both(write):
    body = '\n[[project]]\nkey = "digits"\nstages = { ml = 1 }\n'
    folder = write(after=body + "curve = { a = 10, stages = { ml = 1 } }\n")
    with pytest.raises(ConfigError, match="stages are given twice, in curve and beside it"):
        load_portfolio(folder)


REFUSED = [
    ("alpha = 5", "alpha is 5, must lie strictly between 0 and 1. Write 0.05 for five per cent."),
    ("alpha = 0", "alpha is 0, must lie strictly"),
    ("alpha = nan", "alpha is nan, must be finite."),
    ('alpha = "0.05"', 'alpha is "0.05", must be a number. Leave out the quotes.'),
    ("tries = 1.5", "tries is 1.5, must be a whole number."),
    ("tries = true", "tries is true, must be a whole number."),
    ("tries = 0", "tries is 0, must be a whole number from 1 on."),
    ("improve_by = 5", "improve_by is 5, must lie between 0 and 1."),
    (
        "improve_by = 0.1\nimprove_by_absolute = 2",
        "improve_by is 0.1 and improve_by_absolute is 2, must be one of the two.",
    ),
    ("expect = 0.05", "expect is 0.05, must lie above improve_by = 0.05."),
    ("expect = 15", "expect is 15, must lie below 1"),
    ("improve_by_absolute = 2\nexpect = 1", "must lie above improve_by_absolute = 2."),
    ("importence = 2", "unknown key `importence`. Did you mean `importance`?"),
    ('metric = "auc"', 'Take "brier" or "log"'),
    ("metric = 3", "metric is 3, must be text in quotes."),
    ("levels = [0.5]", 'levels is [0.5] while metric is "crps", not "pinball".'),
    ('metric = "pinball"\nlevels = [0.9, 0.1]', "levels is [0.9, 0.1], must rise"),
    ('baseline = "naiv"', "Did you mean `naive`?"),
    ('baseline = "p.csv"', 'Write { predictions = "p.csv" }'),
    ('baseline = { pyton = "a.py:b" }', "unknown key `baseline.pyton`. Did you mean `python`?"),
    ('baseline = { python = "a.py" }', 'names python "a.py", must be "file.py:name".'),
    ("baseline = 3", "baseline is 3, must be a table"),
    ("cap = 0", 'cap is 0, must be "default" or a loss above 0.'),
    ("cap = inf", "cap is inf, must be"),
    ("curve = { a = 10, b = 1 }", "belief and curve are both given"),
    ("curve = { a = 10, b = -1 }", "curve.b is -1, must be above 0."),
    ("curve = { a = 10, stages = { mll = 3 } }", 'curve.stages.mll is "mll", must be'),
    ('returns = "log"', 'returns is "log", must be "linear" or a table such as { threshold'),
    (
        "curve = { a = 10, stages = { ml = -3 } }",
        "curve.stages.ml is -3, must be 0 or above.",
    ),
    ("stages = { mll = 3 }", 'stages.mll is "mll", must be'),
    ("stages = { ml = -3 }", "stages.ml is -3, must be 0 or above."),
    ('stages = { ml = "3" }', 'stages.ml is "3", must be a number. Leave out the quotes.'),
    ("stages = { ml = { start_up = 3 } }", "stages.ml.from is missing. Write from = ..."),
    ("stages = { ml = { from = 3, start_up = -1 } }", "stages.ml.start_up is -1, must be 0"),
    (
        "stages = { ml = { from = 3, startup = 1 } }",
        "unknown key `stages.ml.startup`. Did you mean `start_up`?",
    ),
    (
        "stages = { deep = 4, ml = 5 }",
        "stages has deep from 4, must begin after ml at 5 and when its start-up is over, at 5. "
        "The order is baseline, data, features, ml, deep, research.",
    ),
    (
        "stages = { ml = { from = 3, start_up = 9 }, deep = 10 }",
        "stages has deep from 10, must begin after ml at 3 and when its start-up is over, at 12.",
    ),
    (
        "stages = { baseline = { from = 0, start_up = 30 } }",
        "belief.effort is 20, all of which goes into the start-up of baseline, 30.",
    ),
    ('group = "store"\nseries = "x"', "Cannot overwrite a value (at line"),
]


@pytest.mark.parametrize(("keys", "said"), REFUSED, ids=[keys for keys, _ in REFUSED])
def test_a_wrong_key_is_named_with_what_would_be_accepted(write, keys, said):
    with pytest.raises(ConfigError, match=re.escape(said)) as raised:
        load_portfolio(write(keys))
    is_toml = "broken TOML" in str(raised.value)
    assert "assay.toml: " + ("broken" if is_toml else 'project "demand": ') in str(raised.value)


REFUSED_AFTER = [
    ("x = = 3", "broken TOML: Invalid value (at line 29, column 5)."),
    ('efort = "x"', 'attempt "score-driven": unknown key `efort`. Did you mean `effort`?'),
    (
        '[[project.attempt]]\nname = "b"\neffort = -1\nmodel = { python = "a.py:b" }',
        'project "demand": attempt "b": effort is -1, must be above 0.',
    ),
    (
        '[[project.attempt]]\nname = "b"\nmodel = { family = "gama" }',
        'attempt "b": model has the unknown family `gama`. Did you mean `gamma`?',
    ),
    ('[[project.attempt]]\nname = "b"\nmodel = "gamma"', 'attempt "b": model is "gamma", must be'),
    ("[[project.attempt]]\nmodel = {}", "attempt 2: name is missing."),
    ("[[project.attempt]]\nmodel = {}", "attempt 2: model gives nothing, must give exactly one"),
    (
        '[[project.attempt]]\nname = "b"\nmodel = { predictions = "p.csv", python = "a.py:b" }',
        'attempt "b": model gives python and predictions, must give exactly one',
    ),
    (
        '[[project.attempt]]\nname = "b"\nmodel = { python = "a.py:b" }',
        'attempt "b" follows "score-driven", which closes the experiment.',
    ),
    (
        '[[project.attempt]]\nname = "score-driven"\nmodel = { python = "a.py:b" }',
        'two attempts are called "score-driven"',
    ),
    ('[[project]]\nkey = "demand"', 'two projects have the key "demand". Keys must differ.'),
    ('[[projects]]\nkey = "d"', "unknown key `projects`. Did you mean `project`?"),
    ('[[project]]\nquestion = "?"', "project 2: key is missing."),
    ('[[project]]\nkey = "a b"', 'key is "a b", must be letters, digits'),
    ('[[project]]\nkey = "e"\nseal = 2', 'project "e": seal.share is 2, must lie strictly'),
    ('[[project]]\nkey = "e"\nseal = { from = "20x5" }', 'seal.from is "20x5", must be a date'),
    ('[[project]]\nkey = "e"\nseal = { rows = 3, groups = 0.3 }', "seal gives rows, groups, must"),
    ('[[project]]\nkey = "e"\nseal = { groups = 0.3 }', "seal takes groups and group is missing."),
    ('[[project]]\nkey = "e"\nseason = 7', "season needs an order, and time is missing."),
    ('[[project]]\nkey = "e"\ntime = "d"\nseason = 1', "season is 1, must be 2 rows or more."),
    ('[[project]]\nkey = "e"\ntime = "d"\nbaseline = "seasonal-naive"', "season is missing."),
    ('[[project]]\nkey = "e"\ndata = "x.csv"', "data is given and target is missing."),
    ('[[project]]\nkey = "e"\ntarget = "d"\ntime = "d"', "column `d` plays two parts"),
    ('[[project]]\nkey = "e"\nattempt = 3', "attempt is 3, must be a list"),
]


@pytest.mark.parametrize(("after", "said"), REFUSED_AFTER, ids=[said for _, said in REFUSED_AFTER])
def test_what_is_wrong_elsewhere_in_the_file_is_placed(write, after, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_portfolio(write(after=after))


def test_every_finding_has_its_line(write):
    with pytest.raises(ConfigError) as raised:
        load_portfolio(write("alpha = 5\ntries = 0\nseeson = 7"))
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("portfolio", "said"),
    [
        ('effort_unit = "gpu-hour"', "effort_per_person_day is missing. Write how many gpu-hours"),
        ("effort_per_person_day = 2", 'while effort_unit is "person-day", must be 1.'),
        ("budgett = 3", "[portfolio]: unknown key `budgett`. Did you mean `budget`?"),
        ('budget = "3"', '[portfolio]: budget is "3", must be a number.'),
    ],
)
def test_the_portfolio_table_is_checked(tmp_path, portfolio, said):
    (tmp_path / "assay.toml").write_text(f"[portfolio]\n{portfolio}\n")
    with pytest.raises(ConfigError, match=re.escape(said)):
        load_portfolio(tmp_path)


def test_a_version_from_the_future_is_refused(tmp_path):
    (tmp_path / "assay.toml").write_text("version = 2\n")
    with pytest.raises(ConfigError, match="version is 2, must be 1"):
        load_portfolio(tmp_path)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(ConfigError, match=r"assay\.toml: no such file\. .*`assay init` writes one"):
        load_portfolio(tmp_path)


def test_a_file_that_is_not_utf8_is_said(tmp_path):
    (tmp_path / "assay.toml").write_bytes(b"# \xff\n")
    with pytest.raises(ConfigError, match="byte 2 is not UTF-8"):
        load_portfolio(tmp_path)


def test_an_unknown_project_names_its_neighbour(write):
    with pytest.raises(ConfigError, match="Did you mean `demand`"):
        load_portfolio(Path(write())).project("demnd")


LABELLING = '[[project]]\nkey = "a"\nlabelling = {}\n'


def test_skills_at_numbers_of_rows_are_read_in_their_order(tmp_path):
    said = "{ rows = 442, per_unit = 50, skill = { 442 = 0.41, 110 = 0.31 } }"
    (tmp_path / "assay.toml").write_text(LABELLING.format(said))
    labelling = load_portfolio(tmp_path).projects[0].labelling
    assert labelling is not None
    assert list(labelling.skill.items()) == [(110, 0.31), (442, 0.41)]
    assert (labelling.rows, labelling.per_unit, labelling.give_or_take) == (442, 50, 0.02)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("{ rows = 9, per_unit = 5, skill = {} }", "labelling.skill is empty, must be rows and"),
        ("{ rows = 9, per_unit = 5, skill = { half = 0.3 } }", 'labelling.skill has "half", must'),
        ("{ rows = 9, per_unit = 5, skill = { 9 = 1.3 } }", "labelling.skill holds 1.3, must be"),
        ("{ rows = 9, per_unit = 5, skill = 0.3 }", "labelling.skill is 0.3, must be a table"),
        ("{ rows = 0, per_unit = 5, skill = { 9 = 0.3 } }", "labelling.rows is 0, must be"),
        ("{ rows = 9, skill = { 9 = 0.3 } }", "labelling.per_unit"),
        ("{ rows = 9, per_units = 5, skill = { 9 = 0.3 } }", "Did you mean `per_unit`?"),
    ],
)
def test_a_learning_curve_of_rows_that_cannot_be_is_refused(tmp_path, said, words):
    (tmp_path / "assay.toml").write_text(LABELLING.format(said))
    with pytest.raises(ConfigError) as found:
        load_portfolio(tmp_path)
    assert words in str(found.value)
