"""What all tests share: a warm compilation cache, and Hypothesis settings that repeat."""

import os
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parents[1]

# Before any test module imports JAX. Inherited by the commands that tests start, so that the whole
# suite compiles each function once and the next run compiles nothing.
os.environ.setdefault("ASSAY_CACHE", str(ROOT / "build" / "test-cache"))

# Tests compile much and compute little: XLA spends little time on making programs fast (none at all
# made them so slow that it took longer). Benchmarks and the demo run what users run.
_QUICK_TO_COMPILE = (
    "--xla_backend_optimization_level=1",
    "--xla_cpu_use_fusion_emitters=false",
    "--xla_cpu_parallel_codegen_split_count=1",
)
os.environ["XLA_FLAGS"] = " ".join((*_QUICK_TO_COMPILE, os.environ.get("XLA_FLAGS", "")))

# A test that fails must fail again: examples follow from the test, not from the clock.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,  # a first example may compile
    max_examples=25,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# What takes minutes to compile and little else: every example of every wrapper.
settings.register_profile("whole", parent=settings.get_profile("ci"))
settings.register_profile("deep", parent=settings.get_profile("ci"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What compiles for long waits for the profile that CI runs beside the quick one."""
    if os.environ.get("HYPOTHESIS_PROFILE") in ("whole", "deep"):
        return
    waits = pytest.mark.skip(reason="slow: set HYPOTHESIS_PROFILE=whole")
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker(waits)


class _ByCase(LoadScopeScheduling):
    """Each file to one process, but for the battery: there it is each case, which compiles anew."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        return f"{file}[{test.partition('[')[2]}" if file.endswith("test_battery.py") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """What `--dist loadscope` does here."""
    return _ByCase(config, log) if config.getvalue("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def library() -> Callable[[str], ModuleType]:
    """Imports a library of the extra `adapters`; skips without it, fails without it in CI."""

    def imported(name: str) -> ModuleType:
        if find_spec(name.partition(".")[0]) is None:
            if os.environ.get("ASSAY_CI"):
                pytest.fail(f"ASSAY_CI is set, but there is no {name}: install the extra `dev`")
            pytest.skip(f"{name} is not installed: pip install 'assay-ml[adapters]'")
        return import_module(name)

    return imported


@pytest.fixture(scope="session")
def mlflow_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a real MLflow; skips without it, fails without it in CI.

    Three experiments, two of whose names make the same key; runs of every fate and every silence.
    """
    needed = [name for name in ("mlflow", "flask", "aiohttp") if find_spec(name) is None]
    if needed and os.environ.get("ASSAY_CI"):
        pytest.fail(f"ASSAY_CI is set, but there is no {needed[0]}: install the extra `dev`")
    if needed:
        pytest.skip(f"{needed[0]} is not installed: pip install 'assay-ml[mlflow]' flask aiohttp")
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.syspath_prepend(Path(__file__).parent)
        warnings.simplefilter("ignore")  # MLflow's own
        import_module("made_by_mlflow").make(file)
    return file


@pytest.fixture(scope="module", autouse=True)
def few_programs() -> Iterator[None]:
    """Drop compiled programs now and then: Linux maps at most 65,530 pieces of memory a process."""
    yield
    maps = Path("/proc/self/maps")
    if "jax" in sys.modules and maps.exists() and maps.read_bytes().count(b"\n") > 20_000:
        sys.modules["jax"].clear_caches()
