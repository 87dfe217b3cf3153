"""Formulas in Wilkinson's notation, checked before formulaic evaluates them.

Formulaic evaluates what stands in a formula as Python. A formula may come from a file that
somebody else wrote, so only names, numbers, operators and calls of a few functions pass, and the
text of a reference level.
"""

import io
import itertools
import keyword
import re
import tokenize
import warnings
from collections.abc import Iterable
from typing import Any, cast

import formulaic
import numpy as np
import polars as pl
import scipy.sparse as sp
from formulaic.errors import DataMismatchWarning, FormulaicError
from formulaic.parser.types import Factor, Term

from assay.errors import ConfigError, DataError, nearest
from assay.frame import Frame
from assay.frame.rows import at_row, first, shown
from assay.predictor.matrix import Matrix, as_dense, from_columns, is_mostly_zero

_NUMERIC = ("log", "log1p", "log2", "log10", "exp", "sqrt", "sin", "cos", "abs", "floor")
FUNCTIONS = {name: getattr(np, name) for name in (*_NUMERIC, "minimum", "maximum")}
ALLOWED = {*FUNCTIONS, "C", "I", "poly", "bs", "cs", "cc", "Treatment"}
_OPERATORS = {*"+-*/:^(),=", "**"}
_QUIET = {tokenize.NEWLINE, tokenize.NL, tokenize.ENDMARKER, tokenize.NUMBER, tokenize.NAME}
_QUIET |= {tokenize.INDENT, tokenize.DEDENT}
_PLAIN_TEXT = r"""'[^'"`\\]*'|"[^'"`\\]*\""""
_POWERS = ("**", "^")
_CONSTANTS = {"True", "False", "None"}
_HIGHEST_POWER = 9
# Text or moments with more values than these, and more of them a row, label the rows.
_FEW_LABELS, _LABELS_A_ROW = 20, 0.5
_QUOTED = "quoted_column"
_BACKTICKS = r"`([^`]*)`"


def read_formula(text: str) -> tuple[formulaic.Formula, tuple[str, ...]]:
    """Parse `text` and refuse whatever is not a formula.

    Args:
        text: a one-sided formula such as ``price + C(store):promo + log(area) - 1``.

    Returns:
        The formula, and the columns that it reads.

    Raises:
        ConfigError: it calls an unknown function, reaches into an object, quotes text that
            is no reference level, names a response or is not a formula.
    """
    bare = re.sub(_BACKTICKS, _QUOTED, text)
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
        formula = formulaic.Formula(text)  # pyright: ignore[reportAbstractUsage]
    except (FormulaicError, SyntaxError) as error:
        raise _unreadable(text, error) from error
    return formula, (*re.findall(_BACKTICKS, text), *_values(tokens))


def _values(tokens: list[tokenize.TokenInfo]) -> list[str]:
    """Names that stand for columns: neither called, nor an argument's name, nor a constant."""
    return [
        this.string
        for this, following in itertools.pairwise(tokens)
        if this.type == tokenize.NAME
        and following.string not in ("(", "=")
        and this.string not in {*_CONSTANTS, _QUOTED}
    ]


def _unreadable(text: str, error: Exception) -> ConfigError:
    plain = re.sub(r"\x1b\[[0-9;]*m|[⧛⧚]", "", str(error))
    reason = next((line for line in plain.splitlines() if line.strip()), type(error).__name__)
    return ConfigError(
        f"formula `{text}` cannot be read: {reason} Write it as `price + C(store) + log(area)`."
    )


def _refuse_code(tokens: list[tokenize.TokenInfo], text: str) -> None:
    words = ["", ""]
    for this, following in itertools.pairwise(tokens):
        calls = this.type == tokenize.NAME and following.string == "("
        if calls and this.string not in ALLOWED and not keyword.iskeyword(this.string):
            raise ConfigError(
                f"formula `{text}`: unknown function `{this.string}`. "
                f"{nearest(this.string, ALLOWED)}"
            )
        # What is not known to be harmless is refused: newer Pythons bring new kinds of tokens.
        known = this.string in _OPERATORS if this.type == tokenize.OP else this.type in _QUIET
        known |= this.type == tokenize.STRING and _is_level(words, this.string)
        words = [words[1], this.string]
        reaches = this.string == ")" and following.string == "("
        word = keyword.iskeyword(this.string) and this.string not in _CONSTANTS
        if reaches or word or not known:
            raise ConfigError(
                f"formula `{text}`: `{this.string}` is not accepted. A formula holds columns, "
                "numbers, operators and calls such as `log(area)`; put a column's name with "
                "other characters between backticks."
            )
    _refuse_high_powers(tokens, text)


def _is_level(before: list[str], text: str) -> bool:
    """Whether text is the reference level of `Treatment`, and can be nothing else.

    A backtick would begin a column's name, in which anything may stand.
    """
    is_told = before in (["Treatment", "("], ["base", "="])
    return is_told and re.fullmatch(_PLAIN_TEXT, text) is not None and _QUOTED not in text


def _refuse_high_powers(tokens: list[tokenize.TokenInfo], text: str) -> None:
    """A power multiplies terms, and a tower such as 9**9**9 would never end."""
    words = [token.string for token in tokens]
    for place, word in enumerate(words):
        if word not in _POWERS:
            continue
        if place and tokens[place - 1].type == tokenize.NAME and not _is_called(words[:place]):
            base = words[place - 1]
            raise ConfigError(
                f"formula `{text}`: in a formula `{base}{word}...` means `{base}` alone. Write "
                f"`I({base}**2)` for the square of the numbers, or use `Polynomial`."
            )
        following = words[place + 1 : place + 3]
        if not _is_small_power(following[0]) or following[1] in _POWERS:
            raise ConfigError(
                f"formula `{text}`: found the power `{''.join([word, *following])}`, accepted is "
                f"one number up to {_HIGHEST_POWER}."
            )


def _is_called(words: list[str]) -> bool:
    """Whether the last of these words stands inside a call, such as `I(x ** 2)`."""
    open_: list[bool] = []
    for before, word in itertools.pairwise(["", *words]):
        if word == "(":
            open_.append(before in ALLOWED)
        elif word == ")" and open_:
            open_.pop()
    return any(open_)


def _is_small_power(text: str) -> bool:
    return re.fullmatch(r"\d(\.\d*)?", text) is not None and float(text) <= _HIGHEST_POWER


def check_columns(frame: Frame, names: Iterable[str]) -> None:
    """Refuse missing and infinite values in the columns that a formula reads.

    Raises:
        DataError: names the column, the first row and what stands there.
    """
    for name in names:
        column = frame.column(name)
        if column.dtype.is_float():
            bad = ~np.isfinite(column.to_numpy())
        else:
            bad = column.is_null().to_numpy() if column.null_count() else np.zeros(1, dtype=bool)
        if bad.any():
            row = first(bad) or 0
            raise DataError(
                f"{frame.source}: column `{name}`, {at_row(row)}: found {shown(column[row])}, but "
                f"a predictor needs a value on every row ({int(bad.sum())} rows lack one). Fill "
                "the gaps or leave these rows out."
            )


def _refuse_labels(frame: Frame, names: Iterable[str]) -> None:
    """Refuse columns that would give nearly every row a coefficient of its own.

    Raises:
        DataError: names the column, and what could be learnt from instead.
    """
    for name in names:
        column = frame.column(name)
        is_moment = column.dtype.is_temporal()
        levels = column.n_unique() if is_moment or column.dtype == pl.String else 0
        if levels <= max(_FEW_LABELS, _LABELS_A_ROW * frame.rows):
            continue
        instead = f'Leave it out of the formula, or let `Group("{name}")` pool them.'
        if is_moment:
            instead = (
                "Add columns of numbers to the table, such as "
                f'`days=(pl.col("{name}") - pl.col("{name}").min()).dt.total_days()`.'
            )
        raise DataError(
            f"{frame.source}: column `{name}` ({column.dtype}) has {levels} different values on "
            f"{frame.rows} rows, and each would get a coefficient of its own. {instead}"
        )


def first_matrix(text: str, frame: Frame) -> tuple[Matrix, formulaic.ModelSpec]:
    """Columns of a formula on the fitting rows, and the specification that repeats them.

    Returns:
        The columns without the intercept, dense unless most cells are 0.

    Raises:
        ConfigError: it is not a formula.
        DataError: a column is missing, not numeric where it must be, or holds missing values.
    """
    formula, names = read_formula(text)
    check_columns(frame, names)
    _refuse_labels(frame, names)
    plain = _is_plain(formula, frame)
    # Columns that stand as they are need formulaic for their names alone.
    table = frame.table.head(1) if plain else frame.table
    numbers = all(frame.column(name).dtype.is_numeric() for name in names) and "C" not in text
    output = "numpy" if numbers else "sparse"  # factors leave most cells at 0, numbers do not
    try:
        with np.errstate(all="ignore"):  # what is not finite is refused below
            matrix = formulaic.model_matrix(
                formula, table, output=output, na_action="ignore", context=dict(FUNCTIONS)
            )
    except (FormulaicError, ValueError) as error:
        raise _not_made(text, frame, error) from error
    spec = cast(formulaic.ModelSpec, matrix.model_spec)  # one: the formula has no left-hand side
    return (_as_they_are(spec, frame) if plain else _kept(matrix, spec, frame)), spec


def repeat_matrix(text: str, spec: formulaic.ModelSpec, frame: Frame) -> Matrix:
    """The same columns of another table, without the intercept.

    Raises:
        DataError: a category that the fitting rows did not have, or a missing value.
    """
    check_columns(frame, read_formula(text)[1])
    numeric = all(kind is Factor.Kind.NUMERICAL for kind, _ in spec.encoder_state.values())
    if numeric and _is_plain(spec.formula, frame):
        return _as_they_are(spec, frame)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", DataMismatchWarning)
            matrix = spec.get_model_matrix(frame.table, context=dict(FUNCTIONS))
    except DataMismatchWarning as warning:
        raise DataError(
            f"{frame.source}: {_unseen(text, str(warning), frame)} was not among the fitting rows "
            f"of `{text}`, so its effect is unknown. Fit on rows that have it, or leave these "
            "rows out."
        ) from warning
    except FormulaicError as error:
        raise _not_made(text, frame, error) from error
    return _kept(matrix, spec, frame)


def _unseen(text: str, warning: str, frame: Frame) -> str:
    """The category that a warning names, with its column and row where a column holds it."""
    found = re.search(r"\{.*?\}", warning)
    labels = re.findall(r"'(.*?)'|([\d.+-]+)", found.group(0)) if found else []
    names = {quoted or bare for quoted, bare in labels}
    for name in read_formula(text)[1]:
        row = first(frame.column(name).cast(pl.String).is_in(list(names)))
        if row is not None:
            return f"column `{name}`, {at_row(row)}: category {shown(frame.column(name)[row])}"
    return f"category {found.group(0) if found else ''}"


def effects(spec: formulaic.ModelSpec) -> np.ndarray:
    """Positions of all columns but the intercept, which the sum supplies."""
    return np.flatnonzero([name != "Intercept" for name in spec.column_names])


def _is_plain(formula: formulaic.Formula, frame: Frame) -> bool:
    """Whether every term is one column of numbers, which needs no evaluation at all."""
    factors = [term.factors for term in cast(Iterable[Term], formula) if str(term) != "1"]
    return bool(factors) and all(
        len(each) == 1
        and each[0].eval_method is Factor.EvalMethod.LOOKUP
        and frame.column(each[0].expr).dtype.is_numeric()
        for each in factors
    )


def _as_they_are(spec: formulaic.ModelSpec, frame: Frame) -> np.ndarray:
    names = [spec.column_names[index] for index in effects(spec)]
    return from_columns([frame.column(str(name)).to_numpy() for name in names], frame.rows)


def _kept(made: Any, spec: formulaic.ModelSpec, frame: Frame) -> Matrix:
    """All columns but the intercept, dense unless most cells are 0.

    Raises:
        DataError: a cell is not finite.
    """
    if sp.issparse(made):
        matrix = sp.csc_array(made)
        bad = ~np.isfinite(matrix.data)
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            column = int(np.searchsorted(matrix.indptr, at, side="right")) - 1
            raise _not_finite(spec, frame, int(matrix.indices[at]), column, matrix.data[at])
        kept = sp.csr_array(matrix[:, effects(spec)])
        return kept if is_mostly_zero(kept) else np.asfortranarray(as_dense(kept))
    dense = np.asarray(made, dtype=float)
    columns = [dense[:, j] for j in effects(spec)]
    for j, column in zip(effects(spec), columns, strict=True):
        row = first(~np.isfinite(column))
        if row is not None:
            raise _not_finite(spec, frame, row, int(j), column[row])
    return from_columns(columns, frame.rows)


def _not_finite(
    spec: formulaic.ModelSpec, frame: Frame, row: int, column: int, value: float
) -> DataError:
    return DataError(
        f"{frame.source}: `{spec.column_names[column]}` is {value} in {at_row(row)}, it must be a "
        "finite number on every row. Use a function that is defined there, such as `log1p` for "
        "values of 0."
    )


def _not_made(text: str, frame: Frame, error: Exception) -> DataError:
    return DataError(
        f"{frame.source}: formula `{text}` cannot be computed: {str(error).splitlines()[0]} "
        "Functions take numbers, `C(...)` takes categories."
    )
