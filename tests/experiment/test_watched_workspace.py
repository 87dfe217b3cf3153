"""Watching what `assay.toml` plans: the model by itself, grown data, rows of a vault."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from assay.errors import ExperimentError
from assay.experiment import Workspace, seal_into_vault


def fresh(rows: int) -> pl.DataFrame:
    """Rows as those of the small table."""
    x, noise = np.random.default_rng(1).normal(size=(2, rows))
    return pl.DataFrame({"x": x, "y": x + 0.2 * noise})


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

[[project.attempt]]
name = "line"
effort = 1
model = {{ family = "normal", mean = "linear('x')" }}

[[project.attempt]]
name = "file"
effort = 1
model = {{ predictions = "file.csv" }}
"""


def test_the_planned_model_is_asked_by_itself(release, tmp_path: Path, table):
    table.write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    fresh(40).write_csv(tmp_path / "new.csv")
    with Workspace.open(tmp_path) as workspace:
        experiment = workspace.register("dose")
        plan = workspace.project("dose").attempts[0]
        assert experiment.attempt_planned(plan).supported
        release(experiment)
        found = workspace.experiment("dose").watch(tmp_path / "new.csv")
        assert (found.attempt, found.rows, found.outcome) == ("line", 40, "holds")


def test_grown_data_are_told_apart_from_an_unregistered_project(tmp_path: Path, table):
    table.write_csv(tmp_path / "doses.csv")
    (tmp_path / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    with Workspace.open(tmp_path) as workspace:
        workspace.register("dose").close()
    pl.concat([table, fresh(9)]).write_csv(tmp_path / "doses.csv")
    with (
        Workspace.open(tmp_path) as workspace,
        pytest.raises(ExperimentError, match="of their own"),
    ):
        workspace.experiment("dose")


def test_rows_of_a_vault_are_watched_without_its_key(release, tmp_path: Path, table):
    pytest.importorskip("cryptography")
    owner, modeller = tmp_path / "owner", tmp_path / "modeller"
    for folder in (owner, modeller):
        folder.mkdir()
    table.write_csv(owner / "doses.csv")
    (owner / "assay.toml").write_text(TOML.format(data="doses.csv", more=""))
    with Workspace.open(owner) as workspace:
        seal_into_vault(
            workspace,
            "dose",
            out=modeller / "rows",
            vault=tmp_path / "vault",
            key_file=owner / "vault.key",
        )
    (modeller / "assay.toml").write_text(TOML.format(data="rows", more='vault = "../vault"'))
    with Workspace.open(modeller) as workspace:
        experiment = workspace.register("dose")
        plan = workspace.project("dose").attempts[0]
        assert experiment.attempt_planned(plan).text == "waiting"
    with Workspace.open(modeller, key_file=owner / "vault.key") as workspace:
        assert workspace.experiment("dose").close().outcome == "supported"
        release(workspace.experiment("dose"))
    with Workspace.open(modeller) as workspace:
        found = workspace.experiment("dose").watch(fresh(40))
        assert (found.rows, found.outcome) == (40, "holds")
