"""Fitted models that are saved and loaded: the same to the last bit, or a clear error."""

import hashlib
import json
import sys
import types
import zipfile
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

from assay.errors import AssayError, ConfigError, DataError
from assay.family import Bernoulli, Censored, Gamma, NegativeBinomial, Normal
from assay.fit import Nuts
from assay.frame import read
from assay.model import Model
from assay.model.store import load, save
from assay.predictor import Constant, Group, Linear, Neural, Offset, Polynomial, Spline
from assay.registry import families

ROWS = 90


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(8)
    x = rng.uniform(1, 9, ROWS)
    columns = {
        "x": x,
        "z": rng.normal(size=ROWS),
        "store": rng.choice(["north", "south", "ünü"], ROWS),
        "$odd name": rng.choice([1, 2, 3], ROWS),
        "promo": rng.random(ROWS) < 0.4,
        "day": [date(2024, 1, 1 + int(k)) for k in rng.integers(0, 3, ROWS)],
        "stock": np.where(rng.random(ROWS) < 0.5, 9.0, np.nan),
        "units": np.round(rng.gamma(3.0, 1 + x / 3)) + 1,
        "won": (rng.random(ROWS) < 0.5).astype(float),
    }
    return read(pl.DataFrame(columns), source="sales.csv")


MODELS = {
    "constant": (Normal(), {}),
    "numbers": (Gamma(), {"mean": Linear("x + z", prior_sd=1.5)}),
    "factors": (Normal(), {"mean": Linear("store + C(`$odd name`) + promo + day")}),
    "reference level": (Normal(), {"mean": Linear("C(`$odd name`, Treatment(2))")}),
    "interactions": (Normal(), {"mean": Linear("store * x + promo:z"), "sd": Linear("promo")}),
    "no intercept": (Normal(), {"mean": Linear("store:x + z - 1")}),
    "splines": (Normal(), {"mean": Linear("bs(x, df=5) + cs(z, df=4) - 1")}),
    "cyclic": (Normal(), {"mean": Linear("cc(x, df=4) - 1")}),
    "powers": (Normal(), {"mean": Linear("poly(x, 3) + log(x)")}),
    "polynomial": (Normal(), {"mean": Polynomial("x", 3) + Linear("store")}),
    "censored": (Censored(Normal(), above="stock"), {"mean": Linear("x")}),
    "curve": (Normal(), {"mean": Spline("x", knots=6) + Group("store"), "sd": Constant()}),
    "surface": (Normal(), {"mean": Spline("x", "z", knots=4)}),
    "nested groups": (Normal(), {"mean": Group("store", "$odd name") + Linear("promo")}),
    "offset": (Normal(), {"mean": Offset("x", log=True) + Linear("z")}),
    "network": (Normal(), {"mean": Neural("x", "store", hidden=4)}),
    "nested recipe": (Censored(NegativeBinomial(), above="stock"), {"size": Constant()}),
}


def is_same(one, other, data):
    """Whether two models predict the same, to the last bit."""
    here, there = one.predict(data), other.predict(data)
    at = np.full(here.rows, 4.0)
    means, tails = (here.mean(), there.mean()), (here.cdf(at), there.cdf(at))
    return all((a == b).all() for a, b in (means, tails))


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_model_is_the_one_that_was_saved(table, tmp_path, monkeypatch, name):
    monkeypatch.setitem(families.addresses, "censored", "assay.family.censored:Censored")
    family, predictors = MODELS[name]
    fitted = Model(family, **predictors).fit(table, "units")
    fitted.save(tmp_path / "model.assay")
    found = load(tmp_path / "model.assay")
    other = table.take(np.random.default_rng(1).permutation(ROWS)[:30])
    assert is_same(found, fitted, other)
    assert found.coefficients().equals(fitted.coefficients())
    assert found.priors() == fitted.priors()
    assert found.result == fitted.result
    assert [each.names for each in found.designs] == [each.names for each in fitted.designs]


def test_draws_of_nuts_are_kept(table, tmp_path):
    model = Model(Bernoulli(), method=Nuts(warmup=200, samples=200))
    fitted = model.fit(table, "won")
    fitted.save(tmp_path / "model.assay")
    found = load(tmp_path / "model.assay")
    assert (found.sampled.matrix == fitted.sampled.matrix).all()
    assert found.sampled.names == fitted.sampled.names
    assert found.coefficients().equals(fitted.coefficients())


def test_a_panel_is_loaded_with_all_its_models(table, tmp_path):
    keyed = read(table.table.with_columns(key=pl.col("store") + pl.col("promo").cast(pl.String)))
    lonely = keyed.table.head(1).with_columns(key=pl.lit("alone"))
    both = read(pl.concat([keyed.table, lonely]))  # one row cannot teach a spread
    with pytest.warns(UserWarning, match="6 of 7 groups converged, 1 failed: key='alone'"):
        panel = Model(Normal(), mean=Linear("x")).fit(both, "units", by=["key", "promo"])
    panel.save(tmp_path / "panel.assay")
    found = load(tmp_path / "panel.assay")
    assert is_same(found, panel, keyed)
    assert found.coefficients().equals(panel.coefficients())
    assert found.results().equals(panel.results())
    assert found.result == panel.result
    assert len(found.result.failed) == 1
    assert is_same(found["northtrue", True], panel["northtrue", True], keyed)


@pytest.fixture(scope="module")
def fitted(table):
    return Model(Normal(), mean=Linear("store + x")).fit(table, "units")


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "model.assay"
    fitted.save(path)
    return path


def test_an_unseen_category_is_refused_after_loading(table, saved):
    other = read(table.table.with_columns(store=pl.lit("west")), source="new.csv")
    with pytest.raises(
        DataError, match=r"new\.csv: column `store`, row 1: category 'west' was not"
    ):
        load(saved).predict(other)


def test_a_missing_column_is_refused_after_loading(table, saved):
    with pytest.raises(DataError, match="`x`"):
        load(saved).predict(read(table.table.drop("x")))


def test_the_same_model_gives_the_same_bytes(fitted, saved, tmp_path):
    again = tmp_path / "again.assay"
    load(saved).save(again)
    assert again.read_bytes() == saved.read_bytes()


def test_the_file_holds_text_and_numbers_alone(saved):
    with zipfile.ZipFile(saved) as archive:
        names = archive.namelist()
        head = json.loads(archive.read("manifest.json"))
        assert b"pickle" not in archive.read("body.json")
        for name in names:
            if name.endswith(".npy"):
                with archive.open(name) as file:
                    np.lib.format.read_magic(file)
    assert all(name.endswith((".json", ".npy")) for name in names)
    assert (head["format"], head["kind"]) == (1, "fitted model")


def test_saving_replaces_a_file_whole_and_leaves_nothing_beside(fitted, saved, tmp_path):
    saved.write_bytes(b"old")
    fitted.save(str(saved))
    assert load(saved).target == "units"
    assert [each.name for each in tmp_path.iterdir()] == ["model.assay"]


def test_a_folder_that_is_not_there_is_said(fitted, tmp_path):
    with pytest.raises(DataError, match=r"none.model\.assay: cannot be written: No such file"):
        fitted.save(tmp_path / "none" / "model.assay")
    (tmp_path / "folder.assay").mkdir()
    with pytest.raises(DataError, match="cannot be written"):
        fitted.save(tmp_path / "folder.assay")
    assert [each.name for each in tmp_path.iterdir()] == ["folder.assay"]


@pytest.mark.parametrize("content", [b"", b"unique_id,ds,y\n1,2,3\n", b"\x00" * 500])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"table\.csv: is not a fitted model that Assay saved"):
        load(path)


def test_a_zip_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(DataError, match=r"other\.zip: is not a fitted model that Assay saved"):
        load(tmp_path / "other.zip")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"gone\.assay: cannot be read: No such file"):
        load(tmp_path / "gone.assay")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9, 0.999])
def test_a_file_cut_short_is_refused(saved, share):
    content = saved.read_bytes()
    saved.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=r"model\.assay: is damaged: it was cut short or changed"):
        load(saved)


def test_every_changed_byte_is_noticed_or_changes_nothing(fitted, table, saved):
    content = saved.read_bytes()
    for at in np.random.default_rng(2).integers(0, len(content), 80):
        saved.write_bytes(content[:at] + bytes([content[at] ^ 0x21]) + content[at + 1 :])
        try:
            found = load(saved)
        except DataError:
            continue
        assert is_same(found, fitted, table)  # a time stamp in the zip's own directory, say


def rewritten(path, *, head=None, body=None):
    """The file with other contents and hashes that fit them, as a forger would write it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop("manifest.json")) | (head or {})
    if body is not None:
        members["body.json"] = body(members["body.json"].decode()).encode()
    if "sha256" not in (head or {}):
        hashes = {name: hashlib.sha256(each).hexdigest() for name, each in members.items()}
        manifest["sha256"] = hashes
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, each in members.items():
            archive.writestr(name, each)


def test_a_newer_format_asks_for_a_newer_assay(saved):
    rewritten(saved, head={"format": 3, "assay": "0.9"})
    says = r"written by Assay 0\.9 \(format 3\); this version reads format 1\. Use a newer Assay\."
    with pytest.raises(DataError, match=says):
        load(saved)


def test_a_file_of_another_content_is_refused(saved):
    rewritten(saved, head={"kind": "ledger"})
    with pytest.raises(DataError, match="holds a ledger, not a fitted model"):
        load(saved)


def test_hashes_that_do_not_fit_are_refused(saved):
    rewritten(saved, head={"sha256": {}})
    with pytest.raises(DataError, match="is damaged"):
        load(saved)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("store + x", "store + __import__('os')"),
        ("store + x", "store + open(x)"),
        ("store + x", "store + z"),
        ('"record": "FittedModel"', '"record": "Popen"'),
        ('"record": "FittedModel"', '"record": "Prior"'),
        ('"predictor": "linear"', '"predictor": "os"'),
        ('"part": "PreparedLinear"', '"part": "read_formula"'),
        ('"part": "PreparedLinear"', '"part": "__builtins__"'),
        ('"family": "normal"', '"family": "exec(\'1\')"'),
        ('"mode": {"$array"', '"mode": {"$pickle"'),
        ('"target": "units"', '"target": "units", "more": 1'),
        ('"categories"', '"kategorien"'),
    ],
)
def test_a_forged_file_runs_nothing(saved, was, becomes):
    def forged(text: str) -> str:
        assert was in text
        return text.replace(was, becomes)

    rewritten(saved, body=forged)
    with pytest.raises(AssayError, match=r"model\.assay"):
        load(saved)


def test_a_pickled_array_is_not_read(saved):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    objects = saved.with_name("objects.npy")
    np.save(objects, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    members["0.npy"] = objects.read_bytes()
    with zipfile.ZipFile(saved, "w") as archive:
        for name, each in members.items():
            archive.writestr(name, each)
    rewritten(saved)
    with pytest.raises(DataError, match="is damaged"):
        load(saved)


@dataclass(frozen=True)
class Foreign(Normal):
    """A family of another package."""

    name: ClassVar[str] = "foreign"


def test_a_family_that_nobody_registered_is_refused_before_anything_is_written(table, tmp_path):
    fitted = Model(Foreign()).fit(table, "units")
    with pytest.raises(ConfigError, match=r"cannot be saved, and nothing was written.*`foreign`"):
        save(fitted, tmp_path / "model.assay")
    assert list(tmp_path.iterdir()) == []


def test_a_family_of_a_package_that_is_gone_is_named(table, tmp_path, monkeypatch):
    package = types.ModuleType("somebody")
    package.Foreign = Foreign
    monkeypatch.setitem(sys.modules, "somebody", package)
    monkeypatch.setitem(families.addresses, "foreign", "somebody:Foreign")
    fitted = Model(Foreign()).fit(table, "units")
    fitted.save(tmp_path / "model.assay")
    assert is_same(load(tmp_path / "model.assay"), fitted, table)
    monkeypatch.delitem(families.addresses, "foreign")
    says = r"model\.assay: unknown family `foreign`.*Install the package"
    with pytest.raises(ConfigError, match=says):
        load(tmp_path / "model.assay")


class Homemade(Constant):
    """A predictor of a notebook, whose prepared part lives nowhere that is registered."""

    def prepare(self, frame):
        matrix = super().prepare(frame)[1]
        return HomemadePart(), matrix


@dataclass(frozen=True)
class HomemadePart(type(Constant().prepare(read(pl.DataFrame({"a": [1.0]})))[0])):
    """Its prepared part."""


def test_a_predictor_of_a_notebook_is_refused(table, tmp_path):
    fitted = Model(Normal(), mean=Homemade()).fit(table, "units")
    with pytest.raises(ConfigError, match="nothing was written: it holds a HomemadePart"):
        fitted.save(tmp_path / "model.assay")
