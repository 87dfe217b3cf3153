"""Writes `docs/models.md` from families and predictors: `python tools/model_reference.py`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.family import AbstractFamily, Parameter
from assay.registry import families, parse, predictors

PAGE = Path(__file__).resolve().parents[1] / "docs" / "models.md"

HEAD = """\
# Families, wrappers and predictors

*Written by `python tools/model_reference.py` from what the code says of itself.*

A model is a family with a predictor for each of its parameters; a parameter without one is
constant. In Python it is made of objects: `assay.Model(assay.Gamma(), mean=assay.Linear("price"))`.
In `assay.toml` and for scikit-learn the same parts are text, `gamma` and `linear('price')`: the
**recipes** below, which are read and never run. How one model grows from such parts, step by step:
[from a Normal to a truncated, censored Gamma](demand.md).

A predictor adds up to any real number; the **link** takes it to the parameter's range. Under `log`
effects multiply: 0.1 more means `exp(0.1)` times as much. Under `logit` they move the odds. Under
`identity` they add, in the target's unit where the parameter has one. Coefficients are reported
before the link.
"""
# What a reader would write, by registered name; what is not here shows its own examples.
RECIPES = {
    "censored": (
        "censored(gamma, above='stock')",
        "censored(negative-binomial, above='stock', flag='sold_out')",
        "censored(log-normal, below='detection_limit')",
        "censored(weibull, between=('from', 'to'))",
        "censored(truncated(gamma, below=8), above='stock')",
    ),
    "hurdle": ("hurdle(gamma)", "hurdle(negative-binomial)"),
    "mixture": ("mixture(normal, normal)", "mixture(poisson, negative-binomial)"),
    "rounded": ("rounded(normal, grid=0.5)", "censored(rounded(gamma, grid=5), above='stock')"),
    "truncated": ("truncated(gamma, below=2)", "truncated(negative-binomial, below=1)"),
    "zero-inflated": ("zero-inflated(poisson)", "censored(zero-inflated(gamma), above='stock')"),
    "constant": ("constant()",),
    "group": ("group('store')", "group('region', 'store')"),
    "linear": ("linear('price + C(store):promo + log(area)')", "linear('dose', prior_sd=0.5)"),
    "neural": ("neural('price', 'age', 'C(store)', hidden=(32,))",),
    "offset": ("offset('exposure', log=True)",),
    "polynomial": ("polynomial('speed', 3)",),
    "quadratic": ("quadratic('speed')",),
    "spline": ("spline('price')", "spline('day', cyclic=True, period=365.25)", "spline('x', 'y')"),
}
FITTING = """\
## Fitting

| in Python | what it does |
|---|---|
| `Model(..., method="laplace")` | most probable coefficients, a Normal around them; the default |
| `Model(..., method="map")` | most probable coefficients, taken as certain in predictions |
| `Model(..., method="nuts")` | draws of the posterior, however skewed |
| `Model(..., prior="flat")` | the data alone speak: maximum likelihood |
| `Model(..., information="expected")` | standard errors as generalised linear models report them |
| `model.fit(table, "units", by="store")` | one model for each store, all in one batch |
| `panel["north"]`, `panel.results()` | the model of one group; how each group's fit went |
| `model.fit(..., time="date", by="item")` | with `ScoreDriven`: a filter for each item |
| `model.fit(..., pool="category")`, `fitted.groups()` | what groups add to levels of series |
| `model.fit(table, "units", weights="n")` | each row counts as often as its column `n` says |
| `fitted.result` | how the fit went; its `notes` tell of separation and of rows left out |
| `fitted.coefficients()`, `fitted.effects()`, `fitted.picture()` | what was learnt, how surely |
| `fitted.parameters()` | of a `ScoreDriven` fit instead: what was learnt, before links |
| `fitted.demand()`, `fitted.picture("north", 3)` | likewise: what was expected of each past row |
| `fitted.predict(table)` | a distribution a row: `mean()`, `quantile(0.9)`, `interval(0.9)` |
| `fitted.predict(table).observed` | what limits let through, instead of the value itself |
| `fitted.to_arviz(table)` | the draws of `nuts` for ArviZ |
| `fitted.save("demand.assay")`, `assay.load("demand.assay")` | a file whose reading runs nothing |

A `ScoreDriven` model pools the levels of its series by crossed effects of groups: of the key
columns where there are several, or of the columns of `pool`, each the same in all rows of a series.
How wide effects spread over stores, over items and over what is left is learnt from all series. A
series with few rows leans on its groups, and a new one begins where its groups are now, as surely
as they are known; a group that nobody has seen adds nothing but doubt.

`assay.compare(models, table, "units")` ranks models by the log score of rows that they have not
seen. `assay.profile(table, target="units").suggest()` proposes models, each with its reason.
`assay.sklearn.DistributionRegressor` and `DistributionClassifier` put any of this under
scikit-learn's contract; `sample_weight` says how often each row counts.
"""


def reference() -> str:
    """The page as it should stand."""
    known = [(name, families.get(name)) for name in families]
    plain = [pair for pair in known if not pair[1].is_wrapper]
    wrappers = [pair for pair in known if pair[1].is_wrapper]
    return "\n".join(
        [HEAD, *_families(plain), *_wrappers(wrappers), LIMITS, *_predictors(), FITTING]
    )


def _families(known: list[tuple[str, type[AbstractFamily]]]) -> Iterator[str]:
    yield "## Families\n"
    yield "| in Python | recipe | values | parameters, each with its link |\n|---|---|---|---|"
    for name, family in known:
        example = family.examples()[0]
        told = "; ".join(map(_parameter, example.parameters))
        called = f"`{family.__name__}` | {_written(name, family)}"
        yield f"| {called} | {example.support.name} | {told} |"
    yield ""


def _written(name: str, family: type[AbstractFamily]) -> str:
    """The recipe with the settings that the family has, at their defaults."""
    settings = [
        f"{each.name}={each.default!r}"
        for each in inspect.signature(family).parameters.values()
        if each.default is not inspect.Parameter.empty
    ]
    return f"`{name}({', '.join(settings)})`" if settings else f"`{name}`"


def _parameter(parameter: Parameter) -> str:
    return f"`{parameter.name}` ({parameter.link.name}): {parameter.meaning}"


def _wrappers(known: list[tuple[str, type[AbstractFamily]]]) -> Iterator[str]:
    yield "## Wrappers\n"
    yield "A wrapper takes a family, or another wrapper, and keeps its parameters.\n"
    yield "| in Python | what it says | parameters of its own | recipes |\n|---|---|---|---|"
    for name, family in known:
        example = family.examples()[0]
        recipes = RECIPES.get(name) or tuple(each.describe() for each in family.examples())
        for recipe in recipes:
            parse(recipe, families)  # refuses what is no recipe
        told = f"{_says(family)} | {_own(example)} | {_quoted(recipes)}"
        yield f"| `{family.__name__}` | {told} |"
    yield ""


def _quoted(recipes: tuple[str, ...]) -> str:
    return ", ".join(f"`{recipe}`" for recipe in recipes)


def _own(family: Any) -> str:
    """Parameters that the wrapper adds to those of what it wraps."""
    if hasattr(family, "components"):
        return "those of each family, numbered (`mean_1`, ...); `share_2`, ... (log-odds of each)"
    theirs = {each.name for each in family.base.parameters}
    added = [each for each in family.parameters if each.name not in theirs]
    return "; ".join(map(_parameter, added)) or "none"


def _says(thing: Any) -> str:
    """First sentence of a docstring, with its code in single backticks."""
    first = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ")
    return re.sub(r": ``[^`]+``", "", first)  # a recipe, which has its own column


LIMITS = """\
A limit of `Censored` is a number, a column of numbers (the target is known to be at least, or at
most, the limit where it reached it) or a column of true and false (where it is true, the recorded
target is itself only a bound). `flag` names such a column beside limits, for tables that hold both
`stock` and `sold_out`: a row is hidden where either says so, and rows where they disagree are
counted and named. In a formula `x**2` multiplies terms; the square of the numbers is `I(x**2)`, or
`Quadratic("x")`.
"""


def _predictors() -> Iterator[str]:
    yield "## Predictors\n"
    yield "They are added with `+`, any of them for any parameter.\n"
    yield "| in Python | what it does | recipes |\n|---|---|---|"
    for name in predictors:
        predictor = predictors.get(name)
        recipes = RECIPES.get(name, (f"{name}(...)",))
        for recipe in RECIPES.get(name, ()):
            parse(recipe, predictors)  # refuses what is no recipe
        yield f"| `{predictor.__name__}` | {_says(predictor)} | {_quoted(recipes)} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
