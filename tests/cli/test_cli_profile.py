"""`assay profile`: the card, as wide as the terminal, or as JSON."""

import polars as pl

from assay.problem import profile


def test_the_card_holds_every_finding_and_fits_the_terminal(assay, tiny):
    done = assay("profile", tiny / "doses.csv", "--target", "hours")
    assert done.exit_code == 0
    words = " ".join(done.stdout.split())
    problem = profile(tiny / "doses.csv", target="hours")
    assert problem.properties
    for each in (*problem.properties,):
        assert " ".join(each.finding.split()) in words
    for each in problem.suggestions:
        assert each.family in words
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_all_roles_reach_the_profile(answered, tmp_path):
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    table = {
        "day": days, "shop": "a", "sold": [3, 4, 5, 1] * 7, "stock": 5, "price": 1.5, "town": "x",
        "least": 0,
    }  # fmt: skip
    pl.DataFrame(table).write_csv(tmp_path / "sales.csv")
    got = answered(
        "profile", tmp_path / "sales.csv", "--target", "sold", "--time", "day", "--series", "shop",
        "--group", "town", "--season", 7, "--horizon", 3, "--censored-above", "stock",
        "--known-ahead", "price", "--known-ahead", "stock",
    )  # fmt: skip
    assert got["roles"] == {
        "target": "sold", "time": "day", "series": ["shop"], "group": "town", "season": 7,
        "horizon": 3, "censored_above": "stock", "censored_below": None, "censored_flag": None,
        "known_ahead": ["price", "stock"],
    }  # fmt: skip


def test_what_a_loader_prints_does_not_reach_the_answer(answered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.py").write_text(
        "import polars as pl\n"
        "def load():\n    print('loading ...')\n    return pl.DataFrame({'y': [1.0, 2.0, 4.0]})\n"
    )
    assert answered("profile", "python:data.py:load", "--target", "y")["rows"] == 3
