"""Formulas in Wilkinson's notation, checked before formulaic evaluates them.

Formulaic evaluates what stands in a formula as Python. A formula may come from a file that
somebody else wrote, so only names, numbers, operators and calls of a few functions pass.
"""

import io
import itertools
import keyword
import re
import tokenize
import warnings
from typing import cast

import formulaic
import numpy as np
import scipy.sparse as sp
from formulaic.errors import DataMismatchWarning, FormulaicError

from assay.errors import ConfigError, DataError, nearest
from assay.frame import Frame
from assay.frame.rows import at_row, first, shown

_NUMERIC = ("log", "log1p", "log2", "log10", "exp", "sqrt", "sin", "cos", "abs", "floor")
FUNCTIONS = {name: getattr(np, name) for name in (*_NUMERIC, "minimum", "maximum")}
ALLOWED = {*FUNCTIONS, "C", "I", "poly", "bs", "cs", "cc"}
_OPERATORS = {*"+-*/:^(),=", "**"}
_QUIET = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.NUMBER, tokenize.NAME}
_QUIET |= {tokenize.INDENT, tokenize.DEDENT}
_CONSTANTS = {"True", "False", "None"}
_HIGHEST_POWER = 9


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
        tokens = list(tokenize.generate_tokens(io.StringIO(bare).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise _unreadable(text, error) from error
    _refuse_code(tokens, text)
    try:
        # Formulaic's metaclass builds a simple or a structured formula from text.
        return formulaic.Formula(text)  # pyright: ignore[reportAbstractUsage]
    except (FormulaicError, SyntaxError) as error:
        raise _unreadable(text, error) from error


def _unreadable(text: str, error: Exception) -> ConfigError:
    plain = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error))
    reason = next((line for line in plain.splitlines() if line.strip()), type(error).__name__)
    return ConfigError(
        f"formula `{text}` cannot be read: {reason} Write it as `price + C(store) + log(area)`."
    )


def _refuse_code(tokens: list[tokenize.TokenInfo], text: str) -> None:
    for this, following in itertools.pairwise(tokens):
        calls = this.type == tokenize.NAME and following.string == "("
        if calls and this.string not in ALLOWED and not keyword.iskeyword(this.string):
            raise ConfigError(
                f"formula `{text}`: unknown function `{this.string}`. "
                f"{nearest(this.string, ALLOWED)}"
            )
        # What is not known to be harmless is refused: newer Pythons bring new kinds of tokens.
        known = this.string in _OPERATORS if this.type == tokenize.OP else this.type in _QUIET
        reaches = this.string == ")" and following.string == "("
        word = keyword.iskeyword(this.string) and this.string not in _CONSTANTS
        if reaches or word or not known:
            raise ConfigError(
                f"formula `{text}`: `{this.string}` is not accepted. A formula holds columns, "
                "numbers, operators and calls such as `log(area)`; put a column's name with "
                "other characters between backticks."
            )
        if this.string in ("**", "^") and not _is_small_power(following.string):
            raise ConfigError(
                f"formula `{text}`: found the power `{following.string}`, must be a number from "
                f"1 to {_HIGHEST_POWER}: higher ones have more terms than memory holds."
            )


def _is_small_power(text: str) -> bool:
    return re.fullmatch(r"\d(\.\d*)?", text) is not None and float(text) <= _HIGHEST_POWER


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
            row = first(bad) or 0
            raise DataError(
                f"{frame.source}: column `{name}`, {at_row(row)}: found {shown(column[row])}, but a "
                f"predictor needs a value on every row ({int(bad.sum())} rows lack one). Fill the "
                "gaps or leave these rows out."
            )


def first_matrix(
    formula: formulaic.Formula, frame: Frame
) -> tuple[sp.csc_array, formulaic.ModelSpec]:
    """Columns of a formula on the fitting rows, and the specification that repeats them."""
    check_columns(frame, sorted(str(name) for name in formula.required_variables))
    try:
        matrix = formulaic.model_matrix(
            formula, frame.table, output="sparse", na_action="ignore", context=dict(FUNCTIONS)
        )
    except FormulaicError as error:
        raise DataError(f"{frame.source}: formula `{formula}`: {error}") from error
    return sp.csc_array(matrix), matrix.model_spec


def repeat_matrix(spec: formulaic.ModelSpec, frame: Frame) -> sp.csc_array:
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
    return sp.csc_array(matrix)
