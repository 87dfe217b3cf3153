"""`assay simulate`."""

import pytest

FEW = ("--projects", 3, "--budget", 12, "--rounds", 4)


def test_it_plays_policies_side_by_side(answered):
    got = answered("simulate", *FEW, "--policy", "equal,least-squares", "--companies", 3)
    assert got["efforts"] == [3, 6, 9, 12]
    assert list(got["policies"]) == ["equal", "least-squares"]
    for course in got["policies"].values():
        assert len(course["regret"]) == len(course["se"]) == 4
        assert all(0 <= regret <= 100 for regret in course["regret"])
    assert [row["equal"] for row in got["split"]] == [4, 4, 4]


def test_one_company_has_no_standard_error_and_the_same_seed_the_same_answer(answered):
    got = answered("simulate", *FEW, "--policy", "equal", "--seed", 7)
    assert got["policies"]["equal"]["se"] == [None] * 4
    assert answered("simulate", *FEW, "--policy", "equal", "--seed", 7) == got
    assert answered("simulate", *FEW, "--policy", "equal", "--seed", 8) != got


def test_the_answer_fits_the_terminal_and_says_what_regret_is(assay):
    done = assay("simulate", *FEW, "--companies", 2, "--seed", 5)
    assert done.exit_code == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    for word in ("12 (the end)", "posterior-mean", "Regret: ", "±", "oracle", "seed 5 to 6"):
        assert word in done.stdout


def test_a_dead_project_is_named(assay):
    done = assay("simulate", *FEW, "--policy", "equal", "--share-dead", 1)
    assert done.stdout.count("(dead)") == 3


def test_it_is_drawn(assay, tmp_path):
    file = tmp_path / "regret.svg"
    done = assay("simulate", *FEW, "--policy", "equal", "--companies", 2, "--picture", file)
    assert done.exit_code == 0, done.stderr
    text = file.read_text()
    assert text.startswith("<svg")
    assert "equal " in text
    assert str(file) in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--budget", -5), "`budget` is -5"),
        (("--rounds", 0), "`rounds` is 0"),
        (("--budget", 5), "`rounds` is 10"),
        (("--projects", 0), "`projects` is 0"),
        (("--seed", -1), "`seed` is -1"),
        (("--companies", 0), "--companies is 0"),
        (("--share-dead", 2), "`share_dead` is 2"),
        (("--share-late", "nan"), "`share_late` is nan"),
        (("--policy", "magic"), "Known: equal, least-squares"),
        (("--policy", "equal,equal"), "Name each policy once"),
        (("--policy", ""), "Known: equal"),
        (("--picture", "regret.doc"), ".svg, .png, .html"),
        (("--policy", "equal", "--picture", "nowhere/a.svg"), "cannot be written"),
    ],
)
def test_bad_input_is_one_sentence(assay, words, said):
    done = assay("simulate", *words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
