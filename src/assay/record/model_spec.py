"""What an attempt or a baseline is made of: a recipe, a Python name, or a file of predictions."""

from typing import Any

from pydantic import Field, model_validator

from assay.errors import nearest
from assay.record.setting import Flag, Number, Setting, Text, shown
from assay.registry import families


class ModelSpec(Setting):
    """A model as `assay.toml` names it; exactly one of `family`, `python`, `predictions`.

    Fields:
        family: name of a family, such as `"negative-binomial"`.
        parameters: recipe for each parameter of the family, such as
            `{"mean": "linear('price')"}`; in the file these stand beside `family`.
        python: `"file.py:name"`, relative to `assay.toml`.
        predictions: a Parquet or CSV file, relative to `assay.toml`.
        attested: the author's word that a predictions file saw the open history alone.
    """

    family: Text | None = Field(default=None, description="name of a family")
    parameters: dict[str, Text | Number] = Field(
        default_factory=dict, description="recipe for each parameter"
    )
    python: Text | None = Field(default=None, description="file.py:name")
    predictions: Text | None = Field(default=None, description="a Parquet or CSV file")
    attested: Flag = Field(default=False, description="the author vouches for a predictions file")

    @model_validator(mode="before")
    @classmethod
    def _gather_parameters(cls, value: Any) -> Any:
        """Everything beside `family` is a parameter of it, so that recipes read as in Python."""
        if not isinstance(value, dict):
            raise ValueError(
                f'is {shown(value)}, must be a table: {{ family = "...", mean = "..." }}, '
                '{ python = "file.py:name" } or { predictions = "file.parquet" }.'
            )
        if "family" not in value or "parameters" in value:
            return value
        own = {key: item for key, item in value.items() if key in cls.model_fields}
        return own | {"parameters": {key: value[key] for key in value if key not in own}}

    @model_validator(mode="after")
    def _exactly_one(self) -> "ModelSpec":
        given = [name for name in ("family", "python", "predictions") if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(
                f"gives {' and '.join(given) or 'nothing'}, must give exactly one of family, "
                "python, predictions."
            )
        self._check_each()
        return self

    def _check_each(self) -> None:
        if self.python is not None and not all(self.python.rpartition(":")):
            raise ValueError(f'names python "{self.python}", must be "file.py:name".')
        bare = (self.family or "").replace("_", "-").lower()
        # A recipe with brackets is parsed later, where wrappers are known.
        if bare and "(" not in bare and bare not in families.names():
            raise ValueError(f"has the unknown family `{self.family}`. {nearest(bare, families)}")
        if self.attested and self.predictions is None:
            raise ValueError("is attested = true, which only a predictions file needs.")

    def table(self) -> dict[str, Any]:
        """The model as the file writes it."""
        given = self.model_dump(exclude={"parameters"}, exclude_defaults=True)
        return given | self.parameters

    def text(self) -> str:
        """One line for the ledger: `negative-binomial(mean=score-driven(season=7))`."""
        if self.family is None:
            return str(self.python or self.predictions)
        inner = ", ".join(f"{name}={recipe}" for name, recipe in self.parameters.items())
        return f"{self.family}({inner})"
