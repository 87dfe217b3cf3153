"""Models from text, as `assay.toml` writes them."""

from collections.abc import Mapping
from typing import Any

from assay.errors import ConfigError
from assay.family import Censored
from assay.model.model import Model
from assay.registry import families, parse, predictors


def build(
    recipe: Mapping[str, Any],
    *,
    censored_above: str | None = None,
    censored_flag: str | None = None,
    where: str = "",
) -> Model:
    """A model from its recipe: a family and a predictor for each parameter, as text.

    Args:
        recipe: such as ``{"family": "gamma", "mean": "linear('bmi')"}``.
        censored_above: column of limits; wraps the family in `Censored`.
        censored_flag: column of flags beside them.
        where: start of error messages, such as `assay.toml: project "demand"`.

    Raises:
        ConfigError: an unknown family, predictor or parameter, or a recipe that cannot be read.
    """
    if "family" not in recipe:
        raise ConfigError(f"{where}: the model names no `family`. Known: {', '.join(families)}.")
    family = parse(str(recipe["family"]), families, where)
    if censored_above:
        family = Censored(family, above=censored_above, flag=censored_flag)
    given = {
        name: parse(text, predictors, f"{where}: `{name}`")
        for name, text in recipe.items()
        if name not in ("family", "method")
    }
    try:
        return Model(family, method=recipe.get("method", "laplace"), **given)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from error
