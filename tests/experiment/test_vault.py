"""Sealed targets in a vault: out of a modeller's reach, counted there, answered by its keeper."""

import os
from pathlib import Path
from shutil import copy, rmtree

import numpy as np
import polars as pl
import pytest

from assay.errors import ExperimentError, LockedError
from assay.experiment import Workspace, answer_waiting, seal_into_vault
from assay.experiment.vault import KEY_FILE, LABELS, Look, Vault, read_key

TOML = """
version = 1
[[project]]
key = "dose"
data = "{data}"
target = "y"
metric = "absolute"
seal = {{ rows = 150 }}
improve_by = 0.1
expect = 0.6
tries = 5
{more}
"""


@pytest.fixture
def kept(tmp_path: Path, table: pl.DataFrame) -> Path:
    """An owner's portfolio, sealed into a vault, and a modeller's that holds no sealed target."""
    owner, modeller = tmp_path / "owner", tmp_path / "modeller"
    for folder in (owner, modeller):
        folder.mkdir()
    table.write_csv(owner / "doses.csv")
    (owner / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    with Workspace.open(owner) as workspace:
        report = seal_into_vault(
            workspace,
            "dose",
            out=modeller / "rows",
            vault=tmp_path / "vault",
            key_file=owner / "vault.key",
        )
    assert report.n_sealed == 150
    (modeller / "assay.toml").write_text(TOML.format(data="rows", more='vault = "../vault"'))
    return tmp_path


def opened(kept: Path, *, by_keeper: bool = False) -> Workspace:
    key = kept / "owner" / "vault.key" if by_keeper else None
    return Workspace.open(kept / "modeller", key_file=key)


def keeper(kept: Path) -> Vault:
    return Vault(kept / "vault", read_key(kept / "owner" / "vault.key"))


def offer(workspace: Workspace, factor: float, **terms):
    experiment = workspace.register("dose")
    sealed = experiment.task.asked.table
    offered = sealed.select("row_id", mean=factor * pl.col("x"))
    return experiment.attempt(predictions=offered, effort=1, **terms)


def test_no_sealed_target_is_within_reach(kept, table):
    with opened(kept) as workspace:
        experiment = workspace.register("dose")
        assert np.isnan(experiment.task.y[experiment.task.sealing.sealed_rows]).all()
    told = {f"{value:.12g}" for value in table["y"]}
    rows = pl.read_parquet(kept / "modeller" / "rows" / "open.parquet")
    assert len(rows) == 100
    for file in [*(kept / "modeller").rglob("*"), *(kept / "vault").rglob("*")]:
        if file.suffix in (".json", ".md", ".toml", ".jsonl"):
            assert not any(each in file.read_text() for each in told)
    assert "y" not in pl.read_parquet(kept / "modeller" / "rows" / "sealed.parquet").columns
    assert (kept / "owner" / "vault.key").stat().st_mode & 0o077 == 0


def test_a_look_waits_for_the_keeper_and_is_answered_as_ever(kept):
    with opened(kept) as workspace:
        assert offer(workspace, 0.0, name="zero").text == "waiting"
        assert offer(workspace, 1.0, name="x").text == "waiting"
        with pytest.raises(LockedError, match="keeper"):
            workspace.experiment("dose").close()
    with opened(kept, by_keeper=True) as workspace:
        found = [(each.attempt, each.look, each.answer) for each in answer_waiting(workspace)]
        assert found == [("zero", 1, "not yet"), ("x", 2, "supported")]
        assert answer_waiting(workspace) == []
    with opened(kept) as workspace:
        verdict = workspace.experiment("dose").verdict
        assert verdict.outcome == "supported"
        assert workspace.ledger.verify().ok


def test_vaulted_rows_are_judged_as_the_whole_table_would_be(kept):
    """The same rows in the same order, so the same scores to the last digit."""
    scores = []
    for path, key in ((kept / "owner", None), (kept / "modeller", kept / "owner" / "vault.key")):
        with Workspace.open(path, key_file=key) as workspace:
            offer(workspace, 1.0, name="x")
            scores.append(workspace.experiment("dose").verdict.scores)
    assert scores[0] == scores[1]


def test_a_model_is_fitted_on_open_rows_alone(kept, scaled):
    with opened(kept) as workspace:
        experiment = workspace.register("dose")
        answer = experiment.attempt(scaled(1.0), effort=1)
        assert answer.text == "waiting"
        assert experiment.attempts[0].open_skill > 0.5
        assert len(experiment.waiting()) == 1


def test_a_ledger_that_forgot_gets_no_further_answer(kept):
    with opened(kept) as workspace:
        offer(workspace, 0.0, name="zero")
    with opened(kept, by_keeper=True) as workspace:
        answer_waiting(workspace)
    for file in (kept / "modeller").glob("assay.db*"):
        rmtree(file) if file.is_dir() else file.unlink()
    with opened(kept) as workspace:
        offer(workspace, 0.1, name="again")
    with opened(kept, by_keeper=True) as workspace:
        with pytest.raises(ExperimentError, match=r"counted 1 look at .* calls this one look 1"):
            answer_waiting(workspace)
        assert [record.kind for record in workspace.ledger.records("answer")] == []


def test_a_look_that_was_counted_and_not_answered_is_resumed(kept, monkeypatch):
    with opened(kept) as workspace:
        offer(workspace, 1.0, name="x")

    class Crash(BaseException):
        pass

    def crash(*_, **__):
        raise Crash

    with opened(kept, by_keeper=True) as workspace:
        with monkeypatch.context() as patch:
            patch.setattr("assay.experiment.judging.Judge.supports", crash)
            with pytest.raises(Crash):
                answer_waiting(workspace)
        assert len(keeper(kept).looks()) == 1
        assert [each.answer for each in answer_waiting(workspace)] == ["supported"]
    assert len(keeper(kept).looks()) == 1


def test_a_count_that_a_crash_cut_short_does_not_stop_the_next(kept):
    vault = keeper(kept)
    vault.count(Look("a" * 64, 1, 0.01, "b" * 64))
    with vault.key.looks.open("a") as file:
        file.write('\n["aaaa", 2, 0.0')
    vault.count(Look("a" * 64, 2, 0.01, "c" * 64))
    assert [look.number for look in vault.looks()] == [1, 2]


def test_a_replayed_ledger_gets_no_look_at_a_higher_level(kept):
    """Looks are counted with their level, and together spend no more than the vault's alpha."""
    vault = keeper(kept)
    vault.count(Look("a" * 64, 1, 0.001, "b" * 64))
    vault.count(Look("a" * 64, 1, 0.001, "b" * 64))  # the same one, resumed
    for again in (Look("a" * 64, 1, 0.04, "b" * 64), Look("a" * 64, 3, 0.001, "c" * 64)):
        with pytest.raises(ExperimentError, match="looks are not forgotten"):
            vault.count(again)
    with pytest.raises(ExperimentError, match=r"alpha of 0\.05 is spent"):
        vault.count(Look("a" * 64, 2, 0.0495, "c" * 64))
    assert len(vault.looks()) == 1


def test_the_count_lies_beside_the_key_and_not_in_the_vault(kept):
    with opened(kept) as workspace:
        offer(workspace, 0.0, name="zero")
    with opened(kept, by_keeper=True) as workspace:
        answer_waiting(workspace)
    assert sorted(file.name for file in (kept / "vault").iterdir()) == ["labels.bin", "vault.json"]
    assert (kept / "owner" / "vault.key.looks.jsonl").exists()


@pytest.mark.parametrize("name", ["open.parquet", "sealed.parquet"])
def test_rows_that_were_changed_are_refused(kept, name):
    """A scaled open target would make any forecast look good; fewer sealed rows could be chosen."""
    file = kept / "modeller" / "rows" / name
    table = pl.read_parquet(file)
    change = table.with_columns(y=10 * pl.col("y")) if "y" in table.columns else table[1:]
    change.write_parquet(file)
    with opened(kept) as workspace, pytest.raises(ExperimentError, match="is not as"):
        workspace.register("dose")


def test_facts_that_were_changed_are_refused_by_whoever_answers(kept):
    facts = kept / "vault" / "vault.json"
    facts.write_text(facts.read_text().replace('"alpha": 0.05', '"alpha": 0.5'))
    with (
        opened(kept, by_keeper=True) as workspace,
        pytest.raises(ExperimentError, match="somebody changed it"),
    ):
        workspace.task("dose")


def test_numbers_of_rows_tell_nothing_of_a_sorted_table(tmp_path, table):
    table.sort("y").write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    with Workspace.open(tmp_path) as workspace:
        seal_into_vault(
            workspace, "dose", out=tmp_path / "rows", vault=tmp_path / "v", key_file=tmp_path / "k"
        )
    rows = pl.read_parquet(tmp_path / "rows" / "open.parquet")
    assert abs(np.corrcoef(rows["row_id"], rows["y"])[0, 1]) < 0.4  # 1.0 as it was sorted


def test_whoever_has_no_key_is_told_so(kept):
    with opened(kept) as workspace, pytest.raises(ExperimentError, match="--key-file FILE"):
        answer_waiting(workspace)


def test_nothing_is_overwritten(kept):
    with Workspace.open(kept / "owner") as workspace:
        for vault, key, says in (
            (kept / "vault", kept / "other.key", "holds a vault already"),
            (kept / "second", kept / "owner" / "vault.key", "never overwritten"),
        ):
            with pytest.raises(ExperimentError, match=says):
                seal_into_vault(workspace, "dose", out=kept / "o", vault=vault, key_file=key)
    assert not (kept / "other.key").exists()


def test_wrong_keys_and_damaged_vaults_are_named(kept, monkeypatch):
    other = kept / "other.key"
    other.write_bytes(b"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    with (
        Workspace.open(kept / "modeller", key_file=other) as workspace,
        pytest.raises(ExperimentError, match="does not open the vault"),
    ):
        workspace.task("dose")
    other.write_text("no key")
    with pytest.raises(ExperimentError, match="holds no key"):
        Workspace.open(kept / "modeller", key_file=other)
    with pytest.raises(ExperimentError, match="cannot be read"):
        Workspace.open(kept / "modeller", key_file=kept / "none.key")
    labels = kept / "vault" / LABELS
    labels.write_bytes(labels.read_bytes()[:-10])
    monkeypatch.setenv(KEY_FILE, str(kept / "owner" / "vault.key"))
    with (
        Workspace.open(kept / "modeller") as workspace,
        pytest.raises(ExperimentError, match="damaged"),
    ):
        workspace.task("dose")


def test_a_split_of_another_vault_is_refused(kept, tmp_path):
    with Workspace.open(kept / "owner") as workspace:
        seal_into_vault(workspace, "dose", out=kept / "o2", vault=kept / "v2", key_file=kept / "k2")
    copy(kept / "o2" / "split.json", kept / "modeller" / "rows" / "split.json")
    with opened(kept) as workspace, pytest.raises(ExperimentError, match="in another vault"):
        workspace.task("dose")
    os.remove(kept / "modeller" / "rows" / "split.json")
    with opened(kept) as workspace, pytest.raises(ExperimentError, match=r"split\.json"):
        workspace.task("dose")
    (kept / "vault").rename(kept / "elsewhere")
    with opened(kept) as workspace, pytest.raises(ExperimentError, match="holds no vault"):
        workspace.task("dose")


def test_classes_keep_their_numbers_where_only_sealed_rows_have_one(tmp_path):
    random = np.random.default_rng(3)
    label = random.choice(["ant", "bee", "cat"], 300)
    table = pl.DataFrame({"x": random.normal(size=300), "y": label})
    table.write_csv(tmp_path / "doses.csv")
    terms = TOML.replace("absolute", "0-1").replace("expect = 0.6", "expect = 0.9")
    (tmp_path / "assay.toml").write_text(terms.format(data="doses.csv", more=""))
    with Workspace.open(tmp_path) as workspace:
        sealed = workspace.task("dose").sealing.sealed_rows
        rare = np.where((label == "ant") & ~np.isin(np.arange(300), sealed), "bee", label)
    table.with_columns(y=pl.Series(rare)).write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.db").unlink()
    with Workspace.open(tmp_path) as workspace:
        seal_into_vault(
            workspace, "dose", out=tmp_path / "rows", vault=tmp_path / "v", key_file=tmp_path / "k"
        )
    (tmp_path / "assay.toml").write_text(terms.format(data="rows", more='vault = "v"'))
    for key in (None, tmp_path / "k"):
        with Workspace.open(tmp_path, key_file=key) as workspace:
            assert workspace.task("dose").classes == ("ant", "bee", "cat")
