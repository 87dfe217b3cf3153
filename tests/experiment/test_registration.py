"""What registration writes down, and what it refuses."""

import datetime
import hashlib
from importlib import import_module
from pathlib import Path
from shutil import copytree

import numpy as np
import polars as pl
import pytest

import assay
from assay.errors import ConfigError, ExperimentError, LedgerError, UnderpoweredError
from assay.experiment import Workspace, register
from assay.experiment.sealing import row_names
from assay.ledger import Ledger
from assay.predictive import from_bytes
from assay.problem import profile
from assay.record import canonical
from assay.verdict import rows_needed


def test_everything_that_a_verdict_depends_on_is_written_down(begin, ledger, table):
    experiment = begin(population="anyone", effort_budget=9)
    body, task = experiment.registration, experiment.task
    assert (body.metric, body.improve_by, body.expect, body.alpha, body.tries) == (
        "absolute", 0.1, 0.6, 0.05, 5,
    )  # fmt: skip
    assert (body.n_open, body.n_sealed, body.test, body.target) == (100, 150, "independent", "y")
    assert (body.population, body.effort_budget, body.hypothesis) == ("anyone", 9.0, "x tells y")
    y = table["y"].to_numpy()
    losses = np.abs(y[task.open_rows] - np.sort(y[task.open_rows])[49])  # the lower median of 100
    assert body.baseline_open_loss == pytest.approx(losses.mean(), rel=1e-9)
    assert body.cap == pytest.approx(max(4 * losses.mean(), np.quantile(losses, 0.99)))
    assert body.clipped_share == np.mean(losses > body.cap)
    assert body.sd0 == pytest.approx(0.63 * losses.std(ddof=1))
    assert body.rows_needed < 150


def test_the_judged_order_is_committed_under_salted_names(begin, ledger):
    experiment = begin()
    content = ledger.read_file(experiment.registration.sealed_rows_file)
    names = [content[at : at + 16] for at in range(0, len(content), 16)]
    assert names == experiment.task.sealing.fingerprints
    assert len(set(names)) == 150
    rows = experiment.task.sealing.sealed_rows.tolist()
    assert rows != sorted(rows)


def test_the_baseline_learns_open_rows_alone_and_its_predictions_are_kept(begin, ledger, table):
    experiment = begin()
    kept, rows = from_bytes(ledger.read_file(experiment.registration.baseline_predictions))
    task = experiment.task
    assert rows.tolist() == sorted(task.sealing.sealed_rows.tolist())
    assert kept.mean() == pytest.approx(np.full(150, table["y"].to_numpy()[task.open_rows].mean()))


def test_registering_again_adds_nothing(begin, ledger):
    first = begin()
    head = ledger.head()
    again = begin()
    assert ledger.head() == head
    assert canonical(again.registration.model_dump()) == canonical(first.registration.model_dump())


def test_another_process_finds_the_same_rows_sealed(begin, ledger):
    before = begin().task.sealing
    with Ledger(ledger.path, create=False) as other:
        after = begin(ledger=other).task.sealing
    assert before.sealed_rows.tolist() == after.sealed_rows.tolist()
    assert before.data_sha == after.data_sha


def test_a_changed_term_is_named_with_both_values_and_the_way_out(begin):
    begin()
    with pytest.raises(ExperimentError, match=r"`tries` \(was 5, is 50\).*assay amend"):
        begin(tries=50)


def test_changed_data_are_refused(begin, table):
    begin()
    other = table.with_columns(y=pl.when(pl.int_range(250) == 7).then(9.0).otherwise(pl.col("y")))
    with pytest.raises(ExperimentError, match="the data changed since registration"):
        begin(other)
    with pytest.raises(ExperimentError, match="another order"):
        begin(table.reverse())


def test_another_seed_would_seal_other_rows(begin):
    begin(seed=1)
    with pytest.raises(ExperimentError, match="`seed` was 1 at registration and is 2"):
        begin(seed=2)


def test_too_few_rows_are_refused_with_what_would_do(begin, ledger):
    with pytest.raises(UnderpoweredError, match="20 rows are sealed") as refusal:
        begin(seal={"rows": 20}, expect=0.3)
    needed = int(str(refusal.value).split(" are needed")[0].rsplit(" ", 1)[1].replace(",", ""))
    assert needed > 20
    assert all(record.kind != "registration" for record in ledger.records())
    insisted = begin(seal={"rows": 20}, expect=0.3, accept_underpowered="a rehearsal")
    assert insisted.registration.accepted_underpowered == "a rehearsal"
    # The open rows differ a little with their number, and with them the losses seen.
    assert insisted.registration.rows_needed == needed


def test_rows_that_were_asked_for_are_accepted(begin):
    seen = begin(key="first", seal={"rows": 120}).registration.rows_needed
    assert seen <= 120
    with pytest.raises(UnderpoweredError):
        begin(key="second", seal={"rows": 120}, tries=5, expect=0.15)


@pytest.mark.parametrize(
    ("metric", "said"),
    [("auc", "ranks rows"), ("r2", "squared"), ("rmse", "squared"), ("crsp", "crps")],
)
def test_a_metric_that_is_no_mean_of_row_losses_is_refused(begin, metric, said):
    with pytest.raises(ConfigError, match=said):
        begin(metric=metric)


@pytest.mark.parametrize("metric", ["brier", "0-1"])
def test_a_metric_of_classes_needs_classes(begin, metric):
    with pytest.raises(ConfigError, match=r"target of 0 and 1, but `y` runs from .* Take `crps`"):
        begin(metric=metric, baseline="climatology")


def test_a_log_score_needs_a_baseline_with_a_density(begin):
    with pytest.raises(ConfigError, match="needs a baseline with a density"):
        begin(metric="log", baseline="climatology", improve_by_absolute=0.1, improve_by=None)


def _hidden(column: str) -> pl.DataFrame:
    random = np.random.default_rng(4)
    y = random.gamma(4.0, 2.0, 300)
    limit = np.full(300, 12.0)
    return pl.DataFrame(
        {
            "y": np.minimum(y, limit),
            "flag": y >= limit,
            "stock": limit,
            "x": random.normal(size=300),
        }
    ).select("y", "x", column)


def test_a_flag_without_a_limit_admits_the_censored_log_score_alone(ledger):
    problem = profile(_hidden("flag"), target="y", censored_above="flag")
    terms = {"ledger": ledger, "seal": 0.5, "accept_underpowered": "a test of the metric"}
    with pytest.raises(ConfigError, match=r"`flag` is a flag without a limit.*Only `log`"):
        register(problem, metric="crps", **terms)
    experiment = register(
        problem, metric="log", baseline={"family": "normal"}, improve_by_absolute=0.1, **terms
    )
    task = experiment.task
    law = task.baseline_at(task.sealing.sealed_rows)
    rows = task.sealing.sealed_rows
    y, flag = task.y[rows], task.frame.column("flag").to_numpy()[rows]
    # A raised flag scores the chance of at least what was recorded, not its density.
    expected = -np.where(flag, law.log_reach(y), law.log_prob(y))
    assert task.losses(law, rows) == pytest.approx(expected)
    assert flag.any()


def test_no_model_sees_a_flag_that_comes_with_the_target(ledger):
    problem = profile(_hidden("flag"), target="y", censored_above="flag")
    task = register(
        problem, ledger=ledger, metric="log", baseline={"family": "normal"}, seal=0.5,
        improve_by_absolute=0.1, accept_underpowered="a test of what is seen",
    ).task  # fmt: skip
    assert set(task.visible(task.sealing.sealed_rows).columns) == {"x", "row_id"}


def test_a_lower_limit_cannot_be_judged_yet(ledger):
    random = np.random.default_rng(5)
    y = random.gamma(4.0, 2.0, 200)
    table = pl.DataFrame({"y": np.maximum(y, 4.0), "least": np.full(200, 4.0)})
    problem = profile(table, target="y", censored_below="least")
    with pytest.raises(ConfigError, match="under an upper limit only"):
        register(problem, ledger=ledger, seal=0.5)


def test_a_role_is_given_to_the_profile(begin):
    with pytest.raises(ConfigError, match=r"`target` is 'x'.*Give it to `assay.profile`"):
        begin(target="x")


def test_a_claim_that_nobody_may_hope_to_exceed_is_refused(begin):
    with pytest.raises(ConfigError, match="expect"):
        begin(expect=0.05)


def test_one_outbreak_cannot_carry_a_claim_about_outbreaks(root, tmp_path):
    folder = Path(copytree(root / "examples" / "first", tmp_path / "first"))
    with Workspace.open(folder) as workspace, pytest.raises(UnderpoweredError) as refusal:
        workspace.register("beds")
    said = str(refusal.value)
    assert "5 dates are sealed" in said
    assert "needed for 16 independent ones" in said
    assert "to show the improvement hoped for (power 0.8)" in said
    assert "1 outbreak, 1 of them sealed, and a claim about outbreaks needs 40" in said


def test_opened_rows_are_refused_to_a_new_question(begin, guess):
    first = begin(key="first")
    assert first.attempt(predictions=guess(first, 1.0)).supported
    with pytest.raises(ExperimentError, match=r'sealed by experiment "first".*they are spent'):
        begin(key="second", metric="squared", seal={"rows": 50})
    with pytest.raises(ExperimentError, match="spent"):
        begin(key="first", tries=9)


def test_rows_that_a_closed_seal_hides_are_not_opened_by_another_question(begin, ledger):
    begin(key="first", seal={"rows": 150})
    with pytest.raises(ExperimentError, match='open rows are sealed by experiment "first"'):
        begin(key="second", seal={"rows": 60})


def test_rows_that_were_open_once_are_not_sealed_later(begin):
    """Whoever worked on the first question knows their targets."""
    begin(key="first", seal={"rows": 150})
    with pytest.raises(ExperimentError, match=r'10 of the 160 rows .* were open in .* "first"'):
        begin(key="second", seal={"rows": 160})
    begin(key="third", seal={"rows": 150})  # the same rows: one budget


def test_groups_raise_the_rows_that_are_needed(begin):
    random = np.random.default_rng(6)
    shop = np.repeat(np.arange(300), 4)
    level = random.gamma(2.0, 1.0, 300)[shop] * 2
    table = pl.DataFrame({"shop": shop, "x": level, "y": level + random.normal(0, 0.01, 1200)})
    terms = {"improve_by": 0.0, "expect": 0.2, "seal": {"groups": 0.5}}
    body = begin(table, group="shop", accept_underpowered="compared", **terms).registration
    assert body.test == "groups"
    excess = 0.2 * body.baseline_open_loss
    alone = rows_needed(alpha=0.05, tries=5, sd_gain=body.sd0, excess=excess)
    # Four rows of a shop are alike, so they tell as much as one.
    assert body.rows_needed / alone == pytest.approx(4.0, rel=0.02)


def test_a_refused_effort_leaves_no_trace(begin, ledger, guess):
    experiment = begin()
    head = ledger.head()
    with pytest.raises(LedgerError, match="must be above 0"):
        experiment.attempt(predictions=guess(experiment, 0.1), effort=-1)
    with pytest.raises(LedgerError, match="stage"):
        experiment.attempt(predictions=guess(experiment, 0.1), stage="magic")
    assert ledger.head() == head


def test_the_data_are_known_by_salted_hashes(begin, ledger, table):
    body = begin().registration
    plain = hashlib.sha256(table["y"].to_numpy().tobytes()).hexdigest()
    assert body.data_sha != plain
    with Ledger(ledger.path.with_name("other.db")) as other:
        assert begin(ledger=other).registration.data_sha != body.data_sha


def test_a_new_feature_does_not_give_the_rows_a_new_budget(tmp_path):
    """Rows are known by what they were registered with, whatever columns came since."""
    random = np.random.default_rng(8)
    table = pl.DataFrame({"x": random.normal(size=600)}).with_columns(
        y=pl.col("x") + random.normal(size=600)
    )
    terms = {"improve_by": 0.05, "expect": 0.6, "tries": 2, "seal": 0.5}
    with assay.Ledger(tmp_path / "assay.db") as ledger:
        first = assay.register(assay.profile(table, target="y"), ledger=ledger, **terms)
        first.close()
        wider = table.with_columns(x2=pl.col("x") ** 2)
        for changed in (wider, wider.drop("x"), table.rename({"y": "z"})):
            target = "z" if "z" in changed.columns else "y"
            problem = assay.profile(changed, target=target)
            with pytest.raises(ExperimentError, match="so they are spent"):
                assay.register(problem, ledger=ledger, key="again", **terms)


def test_the_ledger_does_not_tell_sealed_targets(tmp_path):
    """With the salt and all features, trying out both classes tells nothing."""
    random = np.random.default_rng(9)
    table = pl.DataFrame({"x": random.normal(size=400), "y": random.integers(0, 2, 400)})
    terms = {"metric": "brier", "improve_by": 0.05, "expect": 0.6, "tries": 1, "seal": 0.5}
    with assay.Ledger(tmp_path / "assay.db") as ledger:
        body = assay.register(assay.profile(table, target="y"), ledger=ledger, **terms).registration
        known = ledger.read_file(body.sealed_rows_file)
        flipped = assay.profile(table.with_columns(y=1 - pl.col("y")), target="y").frame
        rows = np.arange(400)
        same = row_names(flipped, tuple(body.identity), rows, salt=ledger.salt)
    assert sum(known[at : at + 16] in set(same) for at in range(0, len(known), 16)) == 200


def test_a_baseline_that_looks_back_is_not_stored(tmp_path):
    """Its forecasts are made of sealed targets, which the ledger must not hold before opening."""
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2023, 12, 31), eager=True)
    y = 50 + np.random.default_rng(4).normal(size=len(days))
    table = pl.DataFrame({"day": days, "y": y})
    problem = assay.profile(table, target="y", time="day", season=7, horizon=7)
    terms = {"baseline": "seasonal-naive", "improve_by": 0.01, "expect": 0.5, "seal": 0.5}
    with assay.Ledger(tmp_path / "assay.db") as ledger:
        experiment = assay.register(problem, ledger=ledger, tries=1, **terms)
        assert experiment.registration.baseline_predictions is None
        assert experiment.registration.test == "series"
        answer = experiment.attempt(assay.Model(assay.Normal()), effort=1)
    assert answer.supported  # a constant mean beats last week's noise by a third


def test_a_baseline_that_comes_out_otherwise_judges_nothing(tmp_path, monkeypatch):
    """What was not stored is held to its hash."""
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2023, 12, 31), eager=True)
    y = 50 + np.random.default_rng(4).normal(size=len(days))
    problem = assay.profile(pl.DataFrame({"day": days, "y": y}), target="y", time="day", season=7)
    terms = {"baseline": "seasonal-naive", "improve_by": 0.01, "expect": 0.5, "seal": 0.5}
    with assay.Ledger(tmp_path / "assay.db") as ledger:
        experiment = assay.register(problem, ledger=ledger, tries=1, **terms)
        module = import_module("assay.adapter.baseline")
        monkeypatch.setattr(module, "MOST_RESIDUALS", 50)
        with pytest.raises(LedgerError, match="come out otherwise than at registration"):
            experiment.close()
        assert experiment.is_open


def test_a_replication_states_whose_claim_and_how_large(begin):
    terms = {"kind": "replication", "claimed": 0.8, "claim_source": "Ann (2020)"}
    body = begin(**{**terms, "expect": 0.8}).registration
    assert (body.experiment, body.claimed, body.claim_source) == ("replication", 0.8, "Ann (2020)")
    facts = dict(begin(**{**terms, "expect": 0.8}).facts())
    assert facts["Kind"] == "replication of 80 %, claimed by Ann (2020)"


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"kind": "replication"}, "claimed is missing"),
        ({"kind": "replication", "claimed": 0.8}, "claim_source is missing"),
        ({"claimed": 0.8}, 'kind is "improvement"'),
        ({"kind": "magic"}, "replication"),
        ({"if_supported": "Ship it", "if_refuted": " ship it"}, "nothing to find out"),
        ({"seal": {"rows": 150, "gap": 3}}, "seal has a gap, and time is missing"),
        ({"seal": {"share": 0.3, "copies": "maybe"}}, "together"),
    ],
)
def test_terms_that_do_not_fit_together_are_refused(begin, ledger, terms, says):
    with pytest.raises(ConfigError, match=says):
        begin(**terms)
    assert list(ledger.records("registration")) == []


def test_whether_there_is_anything_at_all_asks_for_no_least_improvement(begin):
    body = begin(kind="feasibility", improve_by=0.0, expect=0.5).registration
    assert (body.experiment, body.improve_by) == ("feasibility", 0.0)
    assert body.rows_to_refute is None


@pytest.mark.parametrize("name", ["expect", "improve_by"])
def test_what_a_perfect_model_could_not_reach_is_refused(begin, name):
    """The ceiling says that half of the baseline's loss is noise."""
    loss = begin(key="asked").registration.baseline_open_loss
    terms = {"expect": 0.6} if name == "expect" else {"improve_by": 0.55, "expect": 0.56}
    with pytest.raises(ConfigError, match=rf"`{name}|`expect` is .* a perfect model"):
        begin(key="other", ceiling=0.5 * loss, **terms)


def test_rows_to_rule_out_what_gains_nothing_are_stated(begin):
    """Simulated: with so many rows, four of five useless models are refuted."""
    body = begin().registration
    excess = body.improve_by * body.baseline_open_loss
    random = np.random.default_rng(5)
    gains = random.normal(-excess, body.sd0, (400, body.rows_to_refute))
    t = gains.mean(1) / gains.std(1, ddof=1) * body.rows_to_refute**0.5
    assert 0.8 < np.mean(t < -1.645) < 0.95


def test_a_series_with_a_gap_is_forecast_from_before_it(begin):
    """What the naive baseline repeats is the last value before the gap."""
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(day) for day in range(300)]
    y = np.arange(300.0)
    table = pl.DataFrame({"day": days, "y": y})
    terms = {"baseline": "naive", "metric": "absolute", "accept_underpowered": "a test"}
    seal = {"from": "2024-07-01", "gap": 5}
    experiment = begin(table, time="day", horizon=1, seal=seal, **terms)
    task = experiment.task
    sealed = task.sealing.sealed_rows
    assert task.y[task.open_rows].max() == task.y[sealed].min() - 6
    # A line: repeated from six days before, with the residuals of six days.
    assert task.baseline_at(sealed).mean() == pytest.approx(task.y[sealed])
    origins = task.origins(sealed)
    assert (sealed - origins == 6).all()


class Memory:
    """Learns every target that it is shown, and breaks."""

    def __init__(self) -> None:
        self.known: dict[float, float] = {}

    def fit(self, data, target, /, *, seed):
        self.known |= dict(zip(data.numbers("x"), data.numbers(target), strict=True))
        raise ValueError("broke on purpose")


def test_a_renamed_target_opens_no_sealed_row(begin, table, ledger):
    """The same split and the same budget under another name: nothing is learnt by renaming."""
    first = begin(key="first")
    memory = Memory()
    renamed = table.rename({"y": "z"})
    terms = {"metric": "absolute", "expect": 0.6, "tries": 5, "seal": {"rows": 150}}
    other = register(profile(renamed, target="z"), ledger=ledger, key="other", **terms)
    (registration,) = [each for each in ledger.records("registration") if each.key == "first"]
    assert other.registration.overlaps == (registration.sequence,)
    other.attempt(memory, effort=1)
    assert len(memory.known) == 100
    with pytest.raises(ExperimentError, match=r"open rows are sealed|were open"):
        register(profile(renamed[1:], target="z"), ledger=ledger, key="less", seed=3, **terms)
    sealed = first.task.asked.column("x").to_list()
    assert not set(sealed) & set(memory.known)


def test_two_targets_of_one_table_are_two_questions(begin, table, ledger):
    both = table.with_columns(w=pl.col("x") * 2 + 0.1 * pl.col("y"))
    begin(both, key="first").close()
    problem = profile(both, target="w")
    terms = {"metric": "absolute", "expect": 0.6, "tries": 5, "seal": {"rows": 150}}
    second = register(problem, ledger=ledger, key="second", **terms)
    assert second.registration.overlaps == ()
