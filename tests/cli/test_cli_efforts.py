"""Efforts that are slips: refused before they are recorded, and told apart from those recorded."""

from assay.experiment import Workspace


def edit(folder, old, new):
    toml = folder / "assay.toml"
    assert old in toml.read_text()
    toml.write_text(toml.read_text().replace(old, new))


def test_an_effort_beyond_the_whole_budget_is_refused_and_not_recorded(assay, answered, fresh):
    answered("register", fresh, "dose")
    offer = ("attempt", fresh, "dose", "--predictions", fresh / "weight.csv")
    done = assay(*offer, "--effort", "1e6")
    assert done.exit_code == 2
    assert "1e+06 person-days, more than the whole `budget` of 10" in done.stderr
    edit(fresh, "effort = 1\n", "effort = 1000\n")
    assert assay("attempt", fresh, "dose", "--name", "coin").exit_code == 2
    assert "coin: attempt: its effort is 1,000" in assay("run", fresh, "--only", "dose").stdout
    with Workspace.open(fresh) as workspace:
        assert workspace.experiment("dose").attempts == []
    assert assay(*offer, "--effort", "10").exit_code == 0


def test_an_effort_edited_after_its_attempt_is_told_apart_from_the_recorded_one(assay, tiny):
    assert "assay.toml now says" not in assay("run", tiny).stdout
    assert "assay.toml now says" not in assay("plan", tiny).stdout
    edit(tiny, "effort = 2\n", "effort = 6\n")
    said = 'Recorded, and so counted: "weight" with effort 2 (assay.toml now says effort 6).'
    assert said in " ".join(assay("plan", tiny).stdout.split())
    again = assay("run", tiny).stderr
    assert "recorded with effort 2, which stays, though assay.toml now says effort 6" in again


def test_a_budget_that_is_used_up_says_what_used_it_where_no_plan_keeps_the_rules(assay, tiny):
    assay("run", tiny)
    edit(tiny, "budget = 10\n", "budget = 2\n")
    edit(tiny, "belief = { share = 0.3", "least = 5\nbelief = { share = 0.3")
    done = assay("plan", tiny)
    assert done.exit_code == 2
    assert "3 person-days were spent. Most went to dose (3)." in done.stderr
