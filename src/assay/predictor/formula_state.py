"""What a formula learnt from the fitting rows, as plain values; nothing in them is ever run."""

from collections.abc import Mapping
from typing import Any, cast

import formulaic
from formulaic.materializers.base import EncodedTermStructure
from formulaic.materializers.types import EvaluatedFactor, ScopedFactor, ScopedTerm
from formulaic.parser.types import Factor
from formulaic.transforms.contrasts import ContrastsState, TreatmentContrasts

from assay.errors import DataError
from assay.predictor.formula import read_formula

_MATERIALIZER = "narwhals"
_FIRST = TreatmentContrasts().base  # stands for: the first level is the reference


def spec_state(spec: formulaic.ModelSpec) -> dict[str, Any]:
    """Levels, knots, names of columns: all that repeats a formula's columns on another table.

    Raises:
        TypeError: a contrast that no formula of ours can name.
    """
    return {
        "output": spec.output,
        "transforms": spec.transform_state,
        "encoders": {expr: _encoder(*state) for expr, state in spec.encoder_state.items()},
        "structure": [
            {
                "term": str(row.term),
                "columns": [str(name) for name in row.columns],
                "scoped": [
                    {
                        "scale": term.scale,
                        "factors": [[each.factor.expr, each.reduced] for each in term.factors],
                    }
                    for term in row.scoped_terms
                ],
            }
            for row in spec.structure or []
        ],
    }


def restored_spec(text: str, state: Mapping[str, Any]) -> formulaic.ModelSpec:
    """The specification whose `spec_state` this was.

    Args:
        text: the formula; it is checked as any other is, for it may come from anywhere.
        state: what `spec_state` gave.

    Raises:
        ConfigError: the text is no formula.
        DataError: the state is that of another formula.
    """
    formula = read_formula(text)[0]
    spec = formulaic.ModelSpec(
        formula=cast(formulaic.SimpleFormula, formula),  # one-sided, as `read_formula` has it
        materializer=_MATERIALIZER,
        materializer_params={},
        na_action="ignore",  # pyright: ignore[reportArgumentType]  # formulaic turns it into its enum
        output=state["output"],
        transform_state=dict(state["transforms"]),
        encoder_state={expr: _decoder(each) for expr, each in state["encoders"].items()},
    )
    terms, rows = list(spec.terms), state["structure"]
    if [str(term) for term in terms] != [row["term"] for row in rows]:
        raise DataError(
            f"Formula `{text}` was saved with the terms {[row['term'] for row in rows]}, which are "
            "not its own. The file was changed; fit the model again."
        )
    structure = [
        EncodedTermStructure(term, [_scoped(each) for each in row["scoped"]], list(row["columns"]))
        for term, row in zip(terms, rows, strict=True)
    ]
    return spec.update(structure=structure)


def _scoped(state: Mapping[str, Any]) -> ScopedTerm:
    # Values are filled in by formulaic, from the factors of the formula itself.
    return ScopedTerm(
        [
            ScopedFactor(EvaluatedFactor(Factor(expr), values=None), reduced=bool(reduced))  # pyright: ignore[reportArgumentType]
            for expr, reduced in state["factors"]
        ],
        scale=state["scale"],
    )


def _encoder(kind: Factor.Kind, state: Mapping[str, Any]) -> dict[str, Any]:
    contrasts = state.get("contrasts")
    if contrasts is None:
        return {"kind": kind.value}
    how = contrasts.contrasts
    if type(how) is not TreatmentContrasts or set(state) != {"categories", "contrasts"}:
        raise TypeError(f"contrasts of type {type(how).__name__} cannot be written")
    base = {} if how.base is _FIRST else {"base": how.base}
    levels = {"categories": list(state["categories"]), "levels": list(contrasts.levels)}
    return {"kind": kind.value, **levels, **base}


def _decoder(state: Mapping[str, Any]) -> tuple[Factor.Kind, dict[str, Any]]:
    kind = Factor.Kind(state["kind"])
    if "levels" not in state:
        return kind, {}
    how = TreatmentContrasts(state["base"]) if "base" in state else TreatmentContrasts()
    contrasts = ContrastsState(how, list(state["levels"]))
    return kind, {"categories": list(state["categories"]), "contrasts": contrasts}
