"""`assay plan --target`, `--price`, units of value, and rules that answers leave out."""

import pytest

OWN = """
version = 1
[portfolio]
budget = 30
value_unit = "k€ a month"
{portfolio}

[[project]]
key = "known"
curve = {{ a = 10, b = 0.3, stages = {{ ml = 3, deep = 12 }} }}
{known}

[[project]]
key = "other"
curve = {{ a = 8, b = 0.5 }}
{other}
"""


@pytest.fixture
def own(tmp_path):
    def write(portfolio="", known="", other=""):
        text = OWN.format(portfolio=portfolio, known=known, other=other)
        (tmp_path / "assay.toml").write_text(text)
        return tmp_path

    return write


@pytest.fixture
def grocery(root):
    return root / "examples" / "grocery"


@pytest.mark.parametrize(
    ("words", "goal", "budget", "note"),
    [
        (["--target", "60"], {"target": 60}, 52, "are the least budget worth 60 or more"),
        (["--target", "90%"], {"target_share": 0.9}, 73, "That is 90 % of the 75.2 that 100"),
        (["--price", "0.3"], {"price": 0.3}, 79, "At 0.3 for each person-day, no other budget"),
        (["--budget", "79"], {}, 79, ""),
    ],
)
def test_a_goal_finds_its_budget_and_says_how(answered, assay, grocery, words, goal, budget, note):
    got = answered("plan", grocery, *words)
    assert (got["goal"], got["budgets"]) == (goal, [budget])
    assert note in " ".join(got["plans"][0]["notes"])
    assert note in " ".join(assay("plan", grocery, *words).stdout.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "60", "--budget", "100"], "found --budget 100 and --target 60, only one"),
        (["--target", "60", "--price", "1"], "found --target 60 and --price 1, only one"),
        (["--target", "much"], "--target is much: 'much' is no number above 0. Write 120"),
        (["--target", "%"], "'nothing' is no number above 0"),
        (["--target", "0"], "'0' is no number above 0"),
        (["--price", "nan"], "--price is nan: 'nan' is no number above 0. Write 0.3"),
        (["--target", "500"], "the best use of 20,000 person-days adds 219 (43.8 % of it)"),
        (["--price", "0.0001"], "all 20,000 that a plan can split, or more, are worth it"),
    ],
)
def test_a_goal_that_cannot_be_met_gets_one_sentence(assay, grocery, words, said):
    done = assay("plan", grocery, *words)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in done.stderr


def test_a_share_needs_a_budget_that_adds_something(assay, answered, fresh):
    toml = fresh / "assay.toml"
    toml.write_text(toml.read_text().replace("budget = 10", "budget = 3"))
    answered("run", fresh)
    done = assay("plan", fresh, "--target", "90%")
    assert done.exit_code == 2
    assert "which is nothing: 0 person-days are left of it" in done.stderr
    spent = assay("plan", fresh)
    assert "0 person-days: nothing to split" in spent.stdout
    words = " ".join(spent.stdout.split())
    assert "The budget of 3 person-days is used up: 3 person-days were spent." in words


def test_the_unit_of_value_is_in_every_table_and_sentence(assay, answered, own):
    folder = own()
    shown = assay("plan", folder, "--budget", "10,30").stdout
    assert max(map(len, shown.splitlines())) <= 80
    words = " ".join(shown.split())
    assert "to known, 5 to other; worth 19.2 k€ a month" in words
    assert "k€ a month 80 % between" in words  # the second line of the head
    assert "worth, k€ a month 19.2 34.2" in words
    assert answered("plan", folder)["plans"][0]["value_unit"] == "k€ a month"


def test_answers_say_which_rules_they_leave_out(assay, answered, own):
    folder = own("active = 1", "", 'needs = "known"')
    asked = ("--next", "--importance", "known=1,8")
    got = answered("plan", folder, *asked)
    sentence = (
        "These answers describe the best split without prerequisites and the limit on active "
        "projects; the plan and the split by importance keep them."
    )
    assert got["answers_leave_out"] == sentence
    assert sentence in " ".join(assay("plan", folder, *asked).stdout.split())
    split = got["answers"]["importance"]["split"]
    assert [row["units"] for row in split] == [30, 0, 30, 0]
    assert "answers_leave_out" not in answered("plan", folder, "--importance", "known=1,8")
    assert "answers_leave_out" not in answered("plan", own("", "least = 3"), "--next")
    assert "answers_leave_out" not in answered("plan", folder)


def test_answers_keep_the_least_and_the_most_of_each_project(answered, own):
    folder = own("", "most = 5", "least = 20")
    got = answered("plan", folder, "--next", "--frontier", "--importance", "known=0.001,8")
    units = {line["key"]: line["units"] for line in got["plans"][0]["lines"]}
    assert units == {"known": 5, "other": 25}
    assert {each["units"] for each in got["answers"]["next"]["attempts"]} == {5, 25}
    deep = next(each for each in got["answers"]["frontier"] if each["stage"] == "deep")
    assert (deep["budget"], deep["importance"]) == (None, None)
    split = got["answers"]["importance"]["split"]
    assert [row["units"] for row in split if row["project"] == "known"] == [0, 5]


@pytest.mark.parametrize(
    ("portfolio", "known", "other", "said"),
    [
        ("", "committed = 40", "", "the budget is 30 units, but projects must get at least 40"),
        ("", "least = 20", "least = 15", 'at least 35: "known" 20, "other" 15. Raise the budget'),
        ("teams = { x = 4 }", 'team = "x"\nleast = 9', "", 'team "x" has 4 units left, but its'),
        ("active = 1", "least = 1", "least = 1", "at most 1 may be active at once, but 2 must be"),
        ("", "needs = { other = 9 }\nleast = 1", "most = 5", "needs 9 units of .*at most 5"),
        ("teams = { x = 4 }", 'team = "y"', "", '"known" has the team "y". Known: `x`'),
        ("", 'needs = ["other"]', 'needs = ["known"]', "circle: known needs other needs known"),
        ("", 'needs = ["otter"]', "", 'needs "otter". Did you mean `other`?'),
        ("", "least = 9\nmost = 4", "", "least is 9 and most is 4"),
        ("", "importance = nan", "", 'project "known": importance is nan, must be finite'),
    ],
)
def test_rules_that_clash_say_which(assay, own, portfolio, known, other, said):
    for words in ([], ["--price", "1"]) if "budget" not in said else ([],):
        done = assay("plan", own(portfolio, known, other), *words)
        assert done.exit_code == 2
        assert done.stdout == ""
        assert "Traceback" not in done.stderr
        for part in said.split(".*"):
            assert part in done.stderr.replace("\n", " "), done.stderr


def test_nothing_needs_a_ledger_and_an_empty_one_changes_nothing(answered, own):
    folder = own()
    before = answered("plan", folder)
    from assay.ledger import Ledger

    Ledger(folder / "assay.db").close()
    assert answered("plan", folder) == before


def test_attempts_in_another_unit_are_refused_and_kept(assay, answered, fresh, head):
    answered("register", fresh, "dose")
    answered("attempt", fresh, "dose", "--predictions", fresh / "coin.csv", "--effort", "1")
    before = head(fresh / "assay.db")
    toml = fresh / "assay.toml"
    toml.write_text(
        toml.read_text().replace(
            "budget = 10", 'budget = 80\neffort_unit = "hour"\neffort_per_person_day = 8'
        )
    )
    done = assay("plan", fresh)
    assert done.exit_code == 2
    assert 'project "dose": attempts were recorded in person-days' in done.stderr
    assert 'effort_unit = "person-day" under [portfolio] again' in done.stderr
    assert head(fresh / "assay.db") == before


@pytest.mark.parametrize("effort", ["-1", "0", "nan"])
def test_an_impossible_effort_is_refused_and_nothing_is_written(
    assay, answered, fresh, head, effort
):
    answered("register", fresh, "dose")
    before = head(fresh / "assay.db")
    done = assay(
        "attempt", fresh, "dose", "--predictions", fresh / "coin.csv", f"--effort={effort}"
    )
    assert done.exit_code == 2
    assert "effort" in done.stderr
    assert "above 0" in done.stderr
    assert head(fresh / "assay.db") == before
