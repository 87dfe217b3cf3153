"""What every setting in `assay.toml` has in common: frozen, closed, its defaults said aloud."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, AllowInfNan, BaseModel, BeforeValidator, ConfigDict, Strict

Text = Annotated[str, Strict()]
"""Text in quotes; a number is never read as text."""

Flag = Annotated[bool, Strict()]
"""`true` or `false`; 0 and 1 are refused."""

Whole = Annotated[int, Strict()]
"""A whole number without a point; `true` is refused."""

Number = Annotated[float, Strict(), AllowInfNan(False)]
"""A finite number; text and `true` are refused."""


def shown(value: Any) -> str:
    """A value as `assay.toml` writes it, cut to 60 characters."""
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, tuple | list):
        text = "[" + ", ".join(shown(item) for item in value) + "]"
    elif isinstance(value, dict):
        text = "{ " + ", ".join(f"{key} = {shown(item)}" for key, item in value.items()) + " }"
    elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        text = str(int(value))
    else:
        text = "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _must(holds: Callable[[Any], bool], accepted: str) -> AfterValidator:
    def check(value: Any) -> Any:
        # Negated as a whole, so that nan, for which no comparison holds, is refused as well.
        if not holds(value):
            raise ValueError(f"is {shown(value)}, must {accepted}")
        return value

    return AfterValidator(check)


Positive = Annotated[Number, _must(lambda value: value > 0, "be above 0.")]
"""A finite number above 0."""

NotNegative = Annotated[Number, _must(lambda value: value >= 0, "not be negative.")]
"""A finite number, 0 or above."""

Counting = Annotated[Whole, _must(lambda value: value >= 1, "be a whole number from 1 on.")]
"""1, 2, 3, ..."""

Share = Annotated[
    Number,
    _must(
        lambda value: 0 < value < 1,
        "lie strictly between 0 and 1. Write 0.05 for five per cent.",
    ),
]
"""A number strictly between 0 and 1."""


def as_tuple(value: Any) -> Any:
    """A list as a tuple, which nobody can change afterwards; anything else as it is."""
    return tuple(value) if isinstance(value, list) else value


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else as_tuple(value)


Names = Annotated[tuple[Text, ...], BeforeValidator(_listed)]
"""One name, or a list of names."""


class Setting(BaseModel):
    """A table of `assay.toml`: cannot be changed once read, knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def said_defaults(self) -> list[str]:
        """Every key that the file leaves out, as a line such as `alpha = 0.05 (...)`."""
        return [
            f"{field.alias or name} = {shown(_plain(getattr(self, name)))} ({field.description})"
            for name, field in type(self).model_fields.items()
            if name not in self.model_fields_set
        ]


def _plain(value: Any) -> Any:
    return value.table() if hasattr(value, "table") else value
