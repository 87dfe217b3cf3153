"""What `assay plan --picture` draws."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from assay.cli.drawing import check_picture
from assay.cli.plan_answers import ANSWERS_DRAWN
from assay.errors import ConfigError

if TYPE_CHECKING:
    import altair as alt

    from assay.portfolio import Plan
    from assay.portfolio.pictures import PlanPicture

    Drawing: TypeAlias = PlanPicture | Literal["information", "credit"]


def check_kind(said: str | None, picture: Path | None) -> "Drawing":
    """The kind of picture, once it is known that it can be drawn; before anything is computed.

    Args:
        said: as typed; `None` for the optimum.
        picture: the file that is to be written.

    Raises:
        ConfigError: no such kind, no file to draw it into, or one of no known kind.
        AssayError: the file cannot be written.
    """
    from assay.portfolio.pictures import KINDS

    known = (*KINDS, *ANSWERS_DRAWN)
    if said is not None and said not in known:
        raise ConfigError(f"--draw is {said!r}, must be one of {', '.join(known)}.")
    if said is not None and picture is None:
        raise ConfigError(
            f"--draw {said} needs a file to draw into. Write --picture {said}.svg --draw {said}."
        )
    if picture is not None:
        check_picture(picture)
    return cast("Drawing", said or KINDS[0])


def plan_drawing(kind: "Drawing", plan: "Plan", answers: Mapping[str, Any]) -> "alt.TopLevelMixin":
    """A picture of a plan or of an answer to it.

    Args:
        kind: as `check_kind` gives it.
        plan: what is drawn.
        answers: by name, as `answers_of` gives them; the one that is drawn is among them.
    """
    if kind == "information":
        return answers[kind]["worth"].picture()
    if kind == "credit":
        return answers[kind].picture()
    return plan.picture(kind)
