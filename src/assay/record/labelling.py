"""How a project's skill rises with its labelled rows, and what labelling takes."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from assay.record.setting import Counting, Number, Positive, Setting, shown


def _measured(value: Any) -> Any:
    """`{ 110 = 0.31 }` with its keys as whole numbers, ascending."""
    if not isinstance(value, dict):
        return value  # refused by its type
    wrong = next((key for key in value if not (str(key).isascii() and str(key).isdigit())), None)
    if wrong is not None or not value:
        found = "is empty" if wrong is None else f'has "{wrong}"'
        raise ValueError(f"{found}, must be rows and the skill there, such as {{ 110 = 0.31 }}.")
    high = [skill for skill in value.values() if isinstance(skill, int | float) and skill > 1]
    if high:
        raise ValueError(f"holds {shown(high[0])}, must be at most 1, where no loss is left.")
    return {int(key): value[key] for key in sorted(value, key=int)}


class Labelling(Setting):
    """What further labels may bring, as `assay.toml` says it.

    Fields:
        rows: rows that are labelled today.
        per_unit: further rows that one unit of effort labels.
        skill: skill measured after learning from so many rows, against the project's baseline.
        give_or_take: standard error of these.
    """

    rows: Counting = Field(description="rows labelled today")
    per_unit: Positive = Field(description="further rows that a unit of effort labels")
    skill: Annotated[dict[int, Number], BeforeValidator(_measured)] = Field(
        description="skill at numbers of rows"
    )
    give_or_take: Positive = Field(default=0.02, description="standard error of the skills")
