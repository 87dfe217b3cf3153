"""House rules: what holds for every file, whoever wrote it."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import assay

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("altair", "jax", "numpyro", "pandas", "polars", "scipy", "sklearn", "sqlalchemy")

# Written so that this file does not match itself.
REGISTRY_HOST = re.compile(
    r"pypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|(?:deb|security)\.debian\.org|jsdelivr\.net"
)
MACHINE_PATH = re.compile(r"(?<![\w.~])/(?:home|root|Users|work|workspace)/")


def files(*suffixes: str) -> list[Path]:
    """The project's files, also those not yet committed, without what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / line for line in sorted(set(listed.stdout.splitlines()))]
    found = [path for path in paths if path.is_file() and path.name.endswith(suffixes or ("",))]
    assert found, f"no file ends in {suffixes}"
    return found


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines() -> Iterator[tuple[str, str]]:
    """Each line of each text file, with its place."""
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a Parquet file
        for number, line in enumerate(text.splitlines(), start=1):
            yield f"{name(path)}:{number}", line


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = function.body[0]
    text = first.end_lineno - first.lineno + 1 if ast.get_docstring(function) else 0  # type: ignore[operator]
    return (function.end_lineno or 0) - function.lineno + 1 - text


def modules_after(statement: str) -> set[str]:
    """What a fresh process has imported after `statement`."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_file_names_a_package_registry():
    assert [place for place, line in lines() if REGISTRY_HOST.search(line)] == []


def test_no_file_names_a_folder_of_somebodys_machine():
    assert [place for place, line in lines() if MACHINE_PATH.search(line)] == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (REGISTRY_HOST, "index" + "-url = https://" + "pypi" + ".org/simple"),
        (MACHINE_PATH, "open('/" + "home/ann/data.csv')"),
        (MACHINE_PATH, "/" + "root/.cache"),
    ],
)
def test_the_patterns_catch_what_they_are_for(pattern: re.Pattern[str], text: str):
    assert pattern.search(text)


def test_no_module_is_over_500_lines():
    assert [name(p) for p in files(".py") if p.read_text().count("\n") > 500] == []


def test_no_function_is_over_60_lines():
    long = [
        f"{name(path)}:{node.lineno} {node.name} has {length(node)}"
        for path in files(".py")
        if name(path).startswith("src/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > 60
    ]
    assert long == []


def test_no_module_is_called_utils():
    vague = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert [name(p) for p in files(".py") if name(p).startswith("src/") and p.name in vague] == []


def test_no_two_test_modules_share_a_name():
    # pytest imports modules of folders without `__init__.py` by their bare names.
    tests = [p for p in files(".py") if p.name.startswith("test_")]
    bare = [p.name for p in tests if not (p.parent / "__init__.py").exists()]
    assert sorted(bare) == sorted(set(bare))


def test_equinox_modules_keep_their_annotations():
    # Postponed annotations turn eqx.AbstractVar silently into a plain field.
    postponed = "from __future__ import " + "annotations"
    texts = {name(path): path.read_text() for path in files(".py")}
    assert [at for at, text in texts.items() if "equinox" in text and postponed in text] == []


def test_constraints_are_exact_versions_and_nothing_else():
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line[:1] != "#"]
    assert len(pins) > 40
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.!+]+", pin)] == []


def test_the_makefile_has_at_most_ten_targets():
    targets = re.findall(r"^([a-z][\w-]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {"check", "setup", "demo", "test", "lint", "bench"} <= set(targets)
    assert len(set(targets)) <= 10


def test_the_readme_is_short():
    assert 0 < len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.parametrize("exported", sorted(set(assay.__all__) - {"__version__"}))
def test_what_assay_exports_exists_and_is_documented(exported: str):
    assert (getattr(assay, exported).__doc__ or "").strip()


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(AttributeError, match=r"no name `Modle`\. Did you mean `Model`\?"):
        assay.Modle  # noqa: B018  # the look-up is what is tested


def test_dir_shows_what_is_not_imported_yet():
    assert set(assay.__all__) <= set(dir(assay))


def test_type_checkers_and_python_find_the_same_names():
    tree = ast.parse((ROOT / "src" / "assay" / "__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    typed = {
        alias.name: node.module for node in imports for alias in node.names if alias.name[0] != "_"
    }
    for exported in set(assay.__all__) - {"__version__", "simulate", "AssayError"}:
        room = importlib.import_module(str(typed[exported]))
        assert getattr(room, exported) is getattr(assay, exported)


@pytest.mark.parametrize("statement", ["import assay", "import assay.cli"])
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str):
    assert modules_after(statement) & set(HEAVY) == set()


def test_neither_jax_nor_mlflow_is_needed_to_read_a_ledger():
    assert (
        modules_after("import assay.record, assay.ledger") & {"jax", "mlflow", "numpyro"} == set()
    )
