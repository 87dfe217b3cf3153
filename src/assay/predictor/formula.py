"""Formulas in Wilkinson's notation, checked before formulaic evaluates them.

Formulaic evaluates what stands in a formula as Python. A formula may come from a file that
somebody else wrote, so only names, numbers, operators and calls of a few functions pass.
"""

import io
import re
import tokenize
import warnings

import formulaic
import numpy as np
from formulaic.errors import DataMismatchWarning, FormulaicError
from jaxtyping import Float

from assay.errors import ConfigError, DataError, nearest
from assay.frame import Frame

_NUMERIC = ("log", "log1p", "log2", "log10", "exp", "sqrt", "sin", "cos", "abs", "floor")
FUNCTIONS = {name: getattr(np, name) for name in (*_NUMERIC, "minimum", "maximum")}
ALLOWED = {*FUNCTIONS, "C", "I", "poly", "bs", "cs", "cc"}


def read_formula(text: str) -> formulaic.Formula:
    """Parse `text` and refuse whatever is not a formula.

    Args:
        text: a one-sided formula such as ``price + C(store):promo + log(area) - 1``.

    Raises:
        ConfigError: it calls an unknown function, reaches into an object, quotes text, names a
            response or is not a formula.
    """
    bare = re.sub(r"`[^`]*`", "x", text)
    if "~" in bare or "|" in bare:
        raise ConfigError(
            f"formula `{text}`: found `~` or `|`, but only the right-hand side is accepted. "
            "The target is named elsewhere."
        )
    try:
        tokens = [token for token in tokenize.generate_tokens(io.StringIO(bare).readline)]
        formula = formulaic.Formula(text)
    except (FormulaicError, tokenize.TokenError, SyntaxError) as error:
        reason = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error)).splitlines()[0]
        raise ConfigError(
            f"formula `{text}` cannot be read: {reason} Write it as `price + C(store) + log(area)`."
        ) from error
    _refuse_code(tokens, text)
    return formula


def _refuse_code(tokens: list[tokenize.TokenInfo], text: str) -> None:
    for this, following in zip(tokens, tokens[1:], strict=False):
        calls = this.type == tokenize.NAME and following.string == "("
        if calls and this.string not in ALLOWED:
            raise ConfigError(
                f"formula `{text}`: unknown function `{this.string}`. "
                f"{nearest(this.string, ALLOWED)}"
            )
        reaches = this.string in {".", "[", ")"} and following.string in {"(", "["}
        if reaches or this.string in {".", "[", "{", "lambda", "@", "="}:
            raise ConfigError(
                f"formula `{text}`: `{this.string}` is not accepted. A formula holds columns, "
                "numbers, operators and calls such as `log(area)`; put a column's name with "
                "other characters between backticks."
            )
        if this.type == tokenize.STRING:
            raise ConfigError(f"formula `{text}`: quoted text {this.string} is not accepted.")


def check_columns(frame: Frame, names: list[str]) -> None:
    """Refuse missing and infinite values in the columns that a formula reads.

    Raises:
        DataError: names the column, the first row and what stands there.
    """
    for name in names:
        column = frame.column(name)
        bad = column.is_null()
        if column.dtype.is_float():
            bad = bad | ~column.is_finite().fill_null(False)
        if bad.any():
            row = int(bad.arg_max() or 0)
            raise DataError(
                f"{frame.source}: column `{name}`, row {row}: found {column[row]}, but a predictor "
                f"needs a value on every row ({int(bad.sum())} rows lack one). Fill the gaps or "
                "leave these rows out."
            )


def first_matrix(
    formula: formulaic.Formula, frame: Frame
) -> tuple[Float[np.ndarray, "rows columns"], formulaic.ModelSpec]:
    """Columns of a formula on the fitting rows, and the specification that repeats them."""
    check_columns(frame, sorted(str(name) for name in formula.required_variables))
    try:
        matrix = formulaic.model_matrix(
            formula, frame.table, output="numpy", na_action="ignore", context=dict(FUNCTIONS)
        )
    except FormulaicError as error:
        raise DataError(f"{frame.source}: formula `{formula}`: {error}") from error
    return np.asarray(matrix, dtype=float), matrix.model_spec


def repeat_matrix(
    spec: formulaic.ModelSpec, frame: Frame
) -> Float[np.ndarray, "rows columns"]:
    """The same columns of another table.

    Raises:
        DataError: a category that the fitting rows did not have, or a missing value.
    """
    check_columns(frame, sorted(str(name) for name in spec.required_variables))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            matrix = spec.get_model_matrix(frame.table, context=dict(FUNCTIONS))
    except DataMismatchWarning as warning:
        unseen = re.search(r"\{.*?\}", str(warning))
        raise DataError(
            f"{frame.source}: category {unseen.group(0) if unseen else ''} was not among the "
            f"fitting rows of `{spec.formula}`, so its effect is unknown. Fit on rows that have "
            "it, or leave these rows out."
        ) from warning
    except FormulaicError as error:
        raise DataError(f"{frame.source}: formula `{spec.formula}`: {error}") from error
    return np.asarray(matrix, dtype=float)
