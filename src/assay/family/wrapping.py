"""What may be wrapped in what."""

from collections.abc import Iterable

from assay.errors import ConfigError
from assay.family.abstract import AbstractFamily, Parameter


def check_family(wrapper: str, base: object) -> AbstractFamily:
    """The family to be wrapped, whatever it is.

    Raises:
        ConfigError: it is no family.
    """
    if not isinstance(base, AbstractFamily):
        found = f"the class `{base.__name__}`" if isinstance(base, type) else repr(base)
        raise ConfigError(f"{wrapper}: wraps {found}, needs a family such as `Gamma()`.")
    return base


def check_base(wrapper: str, base: object) -> AbstractFamily:
    """The family to be wrapped in what says how a value arises.

    Args:
        wrapper: the wrapper's name in Python, such as `Truncated`.
        base: what it was given.

    Raises:
        ConfigError: it is no family, or one that hides or rounds the value: that comes last.
    """
    base = check_family(wrapper, base)
    if base.underlying != base:
        seen = type(base).__name__
        if seen == wrapper:
            raise ConfigError(f"{wrapper}: `{base.describe()}` is {base.name} already. Do it once.")
        raise ConfigError(
            f"{wrapper}: `{base.name}` says how a value is seen and stands outside what says how "
            f"it arises. Write `{seen}({wrapper}(...), ...)` instead of `{wrapper}({seen}(...))`."
        )
    return base


def with_parameter(wrapper: str, base: AbstractFamily, added: Parameter) -> tuple[Parameter, ...]:
    """The base's parameters and one more.

    Raises:
        ConfigError: the base has one of that name already.
    """
    if any(each.name == added.name for each in base.parameters):
        raise ConfigError(
            f"{wrapper}: `{base.describe()}` has a parameter `{added.name}` already, and a second "
            "one could not be told from it. Wrap the family inside once."
        )
    return (*base.parameters, added)


def all_needs(families: Iterable[AbstractFamily]) -> tuple[str, ...]:
    """The columns that any of the families reads, each once."""
    return tuple(dict.fromkeys(name for each in families for name in each.needs()))
