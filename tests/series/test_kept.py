"""A fit that was killed goes on to the same numbers."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from panel_shop import shop

import assay
from assay.errors import ConfigError
from assay.series.fitting import fit, kept

KILLED = """
import os, signal, sys
import polars as pl
import assay
from assay.series.fitting import fit, kept

fit.CELLS, fit.SAMPLE, save = 1, 8, kept.Kept.save

def dying(self, name, arrays):
    if name == "part-1":
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, name, arrays)

kept.Kept.save = dying
model = assay.Model(assay.NegativeBinomial(), mean=assay.ScoreDriven())
model.fit(sys.argv[1], "units", time="date", by=["store", "item"], checkpoint=sys.argv[2])
"""
MODEL = assay.Model(assay.NegativeBinomial(), mean=assay.ScoreDriven())
ROLES = {"time": "date", "by": ["store", "item"]}


def test_a_killed_fit_goes_on_to_the_same_numbers(tmp_path, monkeypatch):
    table = tmp_path / "sales.parquet"
    shop(items=12).write_parquet(table)
    folder = tmp_path / "kept"
    done = subprocess.run([sys.executable, "-c", KILLED, table, folder], check=False)
    assert done.returncode == -signal.SIGKILL
    assert (folder / "common.npz").is_file()
    assert not (folder / "part-1.npz").exists()
    monkeypatch.setattr(fit, "CELLS", 1)
    monkeypatch.setattr(fit, "SAMPLE", 8)
    before = {each.name: each.stat().st_mtime_ns for each in folder.glob("*.npz")}
    resumed = MODEL.fit(table, "units", checkpoint=folder, **ROLES)
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == before
    whole = MODEL.fit(table, "units", **ROLES)
    assert np.array_equal(resumed.fits.theta, whole.fits.theta)
    assert resumed.forecast(5).table().equals(whole.forecast(5).table())


def folder_of(tmp_path: Path):
    folder = tmp_path / "kept"
    MODEL.fit(shop(items=2), "units", checkpoint=folder, **ROLES)
    return folder


def test_a_folder_keeps_one_fit(tmp_path):
    folder = folder_of(tmp_path)
    with pytest.raises(ConfigError, match="keeps parts of another fit"):
        MODEL.fit(shop(items=2, seed=2), "units", checkpoint=folder, **ROLES)
    with pytest.raises(ConfigError, match="keeps parts of another fit"):
        MODEL.fit(shop(items=2), "units", checkpoint=folder, pool=(), **ROLES)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match=r"holds other files, such as notes.txt"):
        MODEL.fit(shop(items=2), "units", checkpoint=tmp_path / "other", **ROLES)


def test_a_part_that_was_cut_off_is_made_again(tmp_path):
    folder = folder_of(tmp_path)
    part = folder / "part-0.npz"
    part.write_bytes(part.read_bytes()[:100])
    again = MODEL.fit(shop(items=2), "units", checkpoint=folder, **ROLES)
    assert np.isfinite(again.fits.theta).all()
    assert kept.Kept(folder).load("part-0") is not None


def test_a_checkpoint_belongs_to_models_that_follow_series(tmp_path):
    with pytest.raises(ConfigError, match="`checkpoint` belong to models"):
        assay.Model(assay.Poisson()).fit(shop(), "units", checkpoint=tmp_path)
