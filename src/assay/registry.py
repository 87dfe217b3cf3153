"""How families, predictors, checks and curves announce themselves, and how recipes are read.

A recipe is a string such as ``linear('price + promo') + quadratic('speed')`` in `assay.toml` or on
the command line: calls, sums and literals, parsed and never evaluated.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from importlib import import_module
from importlib.metadata import entry_points
from inspect import signature
from operator import add
from typing import Any

from assay.errors import ConfigError, UnknownNameError, nearest


@dataclass(frozen=True, eq=False)
class Registry:
    """Names of one kind of extension, each with the address of what it stands for.

    Addresses (`"package.module:attribute"`) are imported on first use, so that listing names
    costs nothing. Other packages add theirs through the entry-point group.

    Fields:
        kind: what is registered, in the singular, for messages.
        group: entry-point group that other packages may use.
        nests: whether a recipe may stand inside another, as a family in its wrapper.
    """

    kind: str
    group: str
    nests: bool = False
    addresses: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, address: str) -> None:
        """Announce `name` (kebab-case); the line of registration that a new file needs."""
        self.addresses[_kebab(name)] = address

    def names(self) -> tuple[str, ...]:
        """All names on offer, sorted."""
        return tuple(sorted({**self._foreign(), **self.addresses}))

    def get(self, name: str, where: str = "") -> Any:
        """What `name` stands for.

        Args:
            name: kebab-case or snake_case.
            where: start of the error message, such as `assay.toml: project "demand"`.

        Raises:
            UnknownNameError: nobody registered this name.
            ConfigError: what was registered cannot be imported.
        """
        wanted = _kebab(name)
        address = self.addresses.get(wanted) or self._foreign().get(wanted)
        if address is None:
            raise UnknownNameError(
                f"{_prefix(where)}unknown {self.kind} `{name}`. {nearest(wanted, self.names())}"
            )
        module, _, attribute = address.partition(":")
        try:
            return getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise ConfigError(
                f"{_prefix(where)}{self.kind} `{wanted}` is registered as `{address}`, which "
                f"cannot be imported: {error}. Reinstall or remove the package it comes from."
            ) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def _foreign(self) -> dict[str, str]:
        return {_kebab(point.name): point.value for point in entry_points(group=self.group)}


def _kebab(name: str) -> str:
    return name.strip().replace("_", "-").lower()


def _prefix(where: str) -> str:
    return f"{where}: " if where else ""


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."


families = Registry("family", "assay.families", nests=True)
predictors = Registry("predictor", "assay.predictors")
checks = Registry("check", "assay.checks")
curves = Registry("curve", "assay.curves")

for _name, _address in {
    "asymmetric-laplace": "assay.family.asymmetric_laplace:AsymmetricLaplace",
    "bernoulli": "assay.family.bernoulli:Bernoulli",
    "beta": "assay.family.beta:Beta",
    "beta-binomial": "assay.family.beta_binomial:BetaBinomial",
    "binomial": "assay.family.binomial:Binomial",
    "categorical": "assay.family.categorical:Categorical",
    "censored": "assay.family.censored:Censored",
    "exponential": "assay.family.exponential:Exponential",
    "gamma": "assay.family.gamma:Gamma",
    "gb2": "assay.family.generalized_beta_prime:GB2",
    "generalized-beta": "assay.family.generalized_beta:GeneralizedBeta",
    "generalized-poisson": "assay.family.generalized_poisson:GeneralizedPoisson",
    "gumbel": "assay.family.gumbel:Gumbel",
    "hurdle": "assay.family.hurdle:Hurdle",
    "laplace": "assay.family.laplace:Laplace",
    "log-logistic": "assay.family.log_logistic:LogLogistic",
    "log-normal": "assay.family.lognormal:LogNormal",
    "logistic": "assay.family.logistic:Logistic",
    "logit-normal": "assay.family.logit_normal:LogitNormal",
    "lomax": "assay.family.lomax:Lomax",
    "mixture": "assay.family.mixture:Mixture",
    "negative-binomial": "assay.family.negative_binomial:NegativeBinomial",
    "normal": "assay.family.normal:Normal",
    "ordered-logistic": "assay.family.ordered_logistic:OrderedLogistic",
    "pareto": "assay.family.pareto:Pareto",
    "poisson": "assay.family.poisson:Poisson",
    "rounded": "assay.family.rounded:Rounded",
    "skew-normal": "assay.family.skew_normal:SkewNormal",
    "student-t": "assay.family.student_t:StudentT",
    "truncated": "assay.family.truncated:Truncated",
    "tweedie": "assay.family.tweedie:Tweedie",
    "weibull": "assay.family.weibull:Weibull",
    "zero-inflated": "assay.family.zero_inflated:ZeroInflated",
}.items():
    families.add(_name, _address)

for _name, _address in {
    "constant": "assay.predictor.constant:Constant",
    "linear": "assay.predictor.linear:Linear",
    "polynomial": "assay.predictor.polynomial:Polynomial",
    "quadratic": "assay.predictor.polynomial:Quadratic",
    "spline": "assay.predictor.spline:Spline",
    "group": "assay.predictor.group:Group",
    "offset": "assay.predictor.offset:Offset",
    "score-driven": "assay.predictor.score_driven:ScoreDriven",
    "neural": "assay.predictor.neural:Neural",
}.items():
    predictors.add(_name, _address)


curves.add("log", "assay.portfolio.curves.curve:KnownCurve")


def parse(recipe: str | float, registry: Registry, where: str = "") -> Any:
    """Build what a recipe describes, such as ``linear('price') + quadratic('speed')``.

    Args:
        recipe: calls of registered names, joined by `+`; arguments are literals, or
            recipes of the same kind where they nest. A bare name is a call without arguments. A
            bare number is refused, with the names on offer.
        registry: where the names are looked up.
        where: start of the error message.

    Returns:
        The sum of what the calls return.

    Raises:
        ConfigError: the recipe is anything but calls, sums and literals.
        UnknownNameError: a name that nobody registered.
    """
    text = str(recipe)
    try:
        tree = ast.parse(_snake(text.strip()), mode="eval")
        terms = _terms(tree.body)
    except _UNREADABLE as error:
        raise _unreadable(text, registry, where) from error
    parts = [_build(term, text, registry, where) for term in terms]
    try:
        return reduce(add, parts)
    except TypeError as error:
        raise ConfigError(
            f"{_prefix(where)}`{_short(text)}` adds up things that do not add up: {error}. "
            f"Name one {registry.kind}."
        ) from error


# All that Python's parser raises at text that is no expression: null bytes are a ValueError before
# 3.11.4, an unhashable key of a dictionary is a TypeError, deep nesting is one of the last two.
_UNREADABLE = (SyntaxError, ValueError, TypeError, RecursionError, MemoryError)


def _snake(text: str) -> str:
    """Hyphenated names outside quotes as Python names: `score-driven` → `score_driven`."""
    parts = re.split(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", text)
    parts[::2] = [re.sub(r"(?<=[A-Za-z0-9])-(?=[A-Za-z])", "_", part) for part in parts[::2]]
    return "".join(parts)


def _terms(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _terms(node.left) + _terms(node.right)
    return [node]


def _build(node: ast.expr, text: str, registry: Registry, where: str) -> Any:
    if isinstance(node, ast.Name):
        return _call(registry.get(node.id, where), [], {}, text, where)
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        raise _unreadable(text, registry, where)
    make = registry.get(node.func.id, where)

    def value(argument: ast.expr) -> Any:
        """A recipe inside the recipe, such as the family that a wrapper wraps, or a literal."""
        if registry.nests and isinstance(argument, ast.Name | ast.Call):
            return _build(argument, text, registry, where)
        return ast.literal_eval(argument)

    try:
        positional = [value(argument) for argument in node.args]
        named = {pair.arg: value(pair.value) for pair in node.keywords if pair.arg}
    except _UNREADABLE as error:
        raise _unreadable(text, registry, where) from error
    if len(named) < len(node.keywords):
        raise _unreadable(text, registry, where)
    return _call(make, positional, named, text, where)


def _call(
    make: Callable[..., Any], positional: list[Any], named: dict[str, Any], text: str, where: str
) -> Any:
    for name in named:
        if (known := _arguments(make)) and name not in known:
            raise ConfigError(
                f"{_prefix(where)}`{_short(text)}`: no argument is called `{name}`. "
                f"{nearest(name, known)}"
            )
    try:
        return make(*positional, **named)
    except TypeError as error:
        reason = str(error).replace(".__init__()", "")
        raise ConfigError(f"{_prefix(where)}`{_short(text)}` does not fit: {reason}.") from error


def _arguments(make: Callable[..., Any]) -> list[str]:
    """Names that a callable takes; none where it takes any, or does not say."""
    try:
        taken = signature(make).parameters
    except ValueError:
        return []
    return [] if any(each.kind is each.VAR_KEYWORD for each in taken.values()) else list(taken)


def _unreadable(text: str, registry: Registry, where: str) -> ConfigError:
    return ConfigError(
        f"{_prefix(where)}cannot read `{_short(text)}` as a recipe. A recipe is a sum of calls "
        f"with literal arguments, such as `{next(iter(registry), 'name')}(...)`. Known "
        f"{registry.kind} names: {', '.join(registry)}."
    )
