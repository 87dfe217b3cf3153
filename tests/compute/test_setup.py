"""JAX computes in float64 and compiles nothing twice, wherever the cache may or may not be."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from assay.compute import configure, setup

CODE = """
import jax
jax.jit(lambda x: x - 1)(1.0)  # somebody used JAX before Assay
from assay.compute import configure
print(configure())
jax.jit(lambda x: x + 2)(1.0)
"""


def run(code: str, **environment: str) -> str:
    """What a fresh process prints under these settings alone."""
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(
        command, env=kept | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def unset(monkeypatch: pytest.MonkeyPatch):
    """JAX without a cache folder, and an environment that says nothing about one."""
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    for name in ("ASSAY_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    jax.config.update("jax_compilation_cache_dir", before)


def test_numbers_are_float64():
    configure()
    assert jnp.asarray(0.1).dtype == jnp.float64
    assert float(jnp.asarray(0.1)) == 0.1  # in float32 it is 0.10000000149


def test_what_was_compiled_is_kept_even_if_jax_ran_before(tmp_path: Path):
    folder = tmp_path / "mine" / "jax"
    assert run(CODE, ASSAY_CACHE=str(tmp_path / "mine")) == str(folder)
    kept = sorted(folder.glob("*-cache"))
    assert len(kept) == 1
    stamp = kept[0].stat().st_mtime_ns
    assert run(CODE, ASSAY_CACHE=str(tmp_path / "mine")) == str(folder)
    assert [(path, path.stat().st_mtime_ns) for path in folder.glob("*-cache")] == [
        (kept[0], stamp)
    ]


def test_a_home_that_cannot_be_written_is_no_error(tmp_path: Path):
    not_a_folder = tmp_path / "home"
    not_a_folder.write_text("")
    assert run(CODE, HOME=str(not_a_folder)) == "None"


def test_a_cache_that_jax_was_given_is_left_alone(tmp_path: Path):
    own = str(tmp_path / "own")
    assert run(CODE, JAX_COMPILATION_CACHE_DIR=own, ASSAY_CACHE=str(tmp_path / "a")) == own
    assert not (tmp_path / "a").exists()


def test_twice_is_as_once(unset: pytest.MonkeyPatch, tmp_path: Path):
    unset.setenv("ASSAY_CACHE", str(tmp_path))
    first = configure()
    settings = dict(jax.config.values)
    unset.setenv("ASSAY_CACHE", str(tmp_path / "later"))
    assert configure() == first == tmp_path / "jax"
    assert dict(jax.config.values) == settings


@pytest.mark.parametrize("word", ["off", "OFF"])
def test_off_keeps_nothing(unset: pytest.MonkeyPatch, word: str):
    unset.setenv("ASSAY_CACHE", word)
    assert configure() is None
    assert jax.config.values["jax_compilation_cache_dir"] is None


def test_the_users_cache_folder_is_taken(unset: pytest.MonkeyPatch, tmp_path: Path):
    unset.setenv("HOME", str(tmp_path))
    unset.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    assert configure() == tmp_path / ".cache" / "assay" / "jax"


def test_the_xdg_folder_comes_before_home(unset: pytest.MonkeyPatch, tmp_path: Path):
    unset.setenv("HOME", str(tmp_path / "home"))
    unset.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    folder = configure()
    assert folder == tmp_path / "xdg" / "assay" / "jax"
    assert folder.stat().st_mode & 0o077 == 0, "others could plant executables here"


def test_a_user_without_a_home_keeps_nothing(unset: pytest.MonkeyPatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    unset.setattr(setup.Path, "home", homeless)
    assert configure() is None
