"""Tables that a user's own Python function returns: `python:file.py:function`."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from assay.errors import AssayError, DataError, nearest

PREFIX = "python:"


def load(address: str, root: Path) -> Any:
    """What the function at `address` returns; its file is run.

    Args:
        address: `python:file.py:function`, the file relative to `root`. The function takes no
            arguments; it may return a pandas, Polars or PyArrow table.
        root: the folder of `assay.toml`.

    Raises:
        DataError: no such file or function, or an error inside them (type, message and line).
    """
    file, _, name = address.removeprefix(PREFIX).rpartition(":")
    if not file or not name.isidentifier():
        raise DataError(
            f"{address}: cannot be read as a loader, needed is `python:file.py:function`. "
            'Write for example "python:data.py:load".'
        )
    path = root / file
    if not path.is_file():
        raise DataError(
            f"{address}: no such file, looked for {path.absolute()}. Name a Python file relative "
            "to the folder of `assay.toml`."
        )
    with _beside(path):
        module = _guarded(address, path, lambda: _run(path))
        function = getattr(module, name, None)
        if not callable(function):
            known = [key for key, value in vars(module).items() if _is_own(value, module)]
            raise DataError(
                f"{address}: {path.name} has no function `{name}`. {nearest(name, known)}"
            )
        return _guarded(address, path, function)


def _run(path: Path) -> ModuleType:
    # Compiled from its text each time: a cached module would hide an edit between two calls.
    module = ModuleType(f"assay_data_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up by name
    exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    return module


def _guarded(address: str, path: Path, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except AssayError:
        raise
    except (Exception, SystemExit) as error:
        raise DataError(
            f"{address}: failed with {type(error).__name__}: {error or 'no message'} "
            f"({path.name}:{_line(error, path)}). The function must take no arguments and return "
            "a table: run it by itself until it does."
        ) from error


def _line(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(path) and error.lineno:
        return error.lineno
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path) and frame.lineno
    ]
    return lines[-1] if lines else 1


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Let the file import its neighbours, as it can when Python runs it."""
    folder = str(path.parent.absolute())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


def _is_own(value: object, module: ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__
