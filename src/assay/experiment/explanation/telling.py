"""An explanation in a sentence or two that a product owner reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from assay.experiment.explanation.importance import Importance
from assay.experiment.explanation.surrogate import Surrogate

LEAST_SHARE = 0.5
"""Share of the gain that a sum of single effects must reproduce: below one half, whoever reads the
effects is told less than nothing reads from them, since most of the gain lies elsewhere."""

ALL_BUT_SHARE = 0.9
"""Share from which on a surrogate that reads calendar and series explains a procedure that could
not be asked about others: what it knows of them is then in effects that anybody can read."""

SUSPECT_SHARE = 0.8
"""Share of the gain from which on one column is said to carry nearly all of it."""

SUSPECT_SKILL = 0.8
"""Share of the baseline's loss from which on a gain is very large."""

NAMED = 3
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class Told:
    """The outcome of the part in words.

    Fields:
        holds: `None` where it cannot be told.
        finding: a sentence or two.
        remedy: what to do; empty where it holds.
    """

    holds: bool | None
    finding: str
    remedy: str


def told(
    found: Sequence[Importance],
    surrogate: Surrogate | None,
    *,
    gain: float,
    skill: float | None,
    why: str,
) -> Told:
    """Whether a model is explained, and what carries it.

    It is where an additive surrogate reproduces at least half of its gain, and at least one column
    matters for certain, or the past, the calendar or the series of a procedure. Where it could not
    be asked about another calendar or other series, a surrogate that reproduces nearly all will do.

    Args:
        found: importance of each column, the greatest first.
        surrogate: `None` where there is none.
        gain: of the model over the baseline.
        skill: the same as a share of the baseline's loss.
        why: why there is no surrogate.
    """
    if not found:
        return Told(
            None,
            "There is no column of features that the model may see, so nothing explains it: it "
            "predicts the same for all rows that it cannot tell apart.",
            "Add columns that are known when a row is predicted, or go on with the constant that "
            "the model is.",
        )
    said = [_carried(found, gain), _suspect(found, skill), _reproduced(surrogate, why, found)]
    finding = " ".join(each for each in said if each)
    holds = _holds(found, surrogate)
    return Told(holds, finding, _remedy(holds, found, surrogate, why))


def _holds(found: Sequence[Importance], surrogate: Surrogate | None) -> bool | None:
    if surrogate is None:
        return None
    if surrogate.share.mean < LEAST_SHARE:
        return False
    if any(each.is_certain for each in found):
        return True
    unasked = any(each.broke and each.kind in ("calendar", "series") for each in found)
    if unasked and surrogate.share.mean >= ALL_BUT_SHARE:
        return True
    return None if any(each.is_certain is None for each in found) else False


def _carried(found: Sequence[Importance], gain: float) -> str:
    """Which columns matter, and how many of them."""
    columns = [each for each in found if each.kind == "values"]
    certain = [each for each in found if each.is_certain]
    if not certain:
        if any(each.is_certain is None and each.loss is not None for each in found):
            return (
                f"What each of {_all(found)} adds cannot be told for certain: too few sealed rows "
                f"are independent of each other. Most seems to rest on {_named(found[:1], gain)}."
            )
        return _idle(found)
    words = _named(certain, gain)
    own = [each for each in certain if each.kind == "values"]
    if len(own) < len(certain):  # what a procedure alone reads is among them
        verb = "carries" if len(certain) == 1 else "carry"
        return f"{words[:1].upper()}{words[1:]} {verb} it."
    if len(columns) == 1:
        return f"Its only column carries it: {words}."
    verb = "carries" if len(own) == 1 else "carry"
    return f"{_number(len(own)).capitalize()} of {_columns(len(columns))} {verb} it: {words}."


def _idle(found: Sequence[Importance]) -> str:
    """Nothing matters for certain; what could not be asked about is not said to be among it."""
    asked, own = [each for each in found if not each.broke], ""
    if asked:
        none = "Not even" if len(asked) == 1 else "None of"
        own = f"{none} {_all(asked)} matters for certain on these sealed rows."
    broke = [each for each in found if each.broke]
    if not broke:
        return own
    return f"{own} What rests on {_all(broke)} could not be asked.".strip()


def _named(found: Sequence[Importance], gain: float) -> str:
    shown = [f"{_called(each)} ({_share(each, gain)})" for each in found[:NAMED]]
    more = len(found) - NAMED
    if more > 0:
        return f"{', '.join(shown)} and {_number(more)} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if shown[1:] else shown)


def _all(found: Sequence[Importance]) -> str:
    """All that was altered: how many columns, and of a procedure what else it reads."""
    columns = sum(1 for each in found if each.kind == "values")
    others = [_called(each) for each in found if each.kind != "values"]
    counted = [_columns(columns)]
    named = counted + others if columns else others
    return " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)


def _columns(count: int) -> str:
    return f"{_number(count)} column{'' if count == 1 else 's'}"


def _called(found: Importance) -> str:
    if found.kind == "past":
        return "the past of each series"
    named = f"`{found.label}`"
    return named if found.kind == "values" else f"the {found.kind} ({named})"


def _share(found: Importance, gain: float) -> str:
    if found.loss is None:
        return "not known"
    if not gain > 0:
        return f"{found.loss.mean:.3g} of loss"
    share = found.loss.mean / gain
    return "without it, worse than the baseline" if share > 1 else f"{_percent(share)} of the gain"


def _suspect(found: Sequence[Importance], skill: float | None) -> str:
    """Asks about a single column behind nearly all of a very large gain."""
    first = found[0]
    if first.kind != "values" or not first.is_certain or first.share is None or skill is None:
        return ""
    others = [each.share.mean for each in found[1:] if each.share is not None]
    is_alone = first.share.mean >= SUSPECT_SHARE and max(others, default=0.0) < 1 - SUSPECT_SHARE
    if not is_alone or skill < SUSPECT_SKILL:
        return ""
    return (
        f"{_called(first)} alone carries nearly all of a gain that takes away {_percent(skill)} of "
        "the baseline's loss: is it known when predicting?"
    )


def _reproduced(surrogate: Surrogate | None, why: str, found: Sequence[Importance]) -> str:
    if surrogate is None:
        return f"How much single effects explain cannot be told. {why}".strip()
    share = surrogate.shown
    said = f"An additive surrogate reproduces {_percent(share)} of the gain"
    if share > 0.995:
        return f"{said}; nothing is left unexplained."
    rest = "interactions"
    if any(each.kind == "past" for each in found):
        rest += " and to what a summary of the past leaves out"
    return f"{said}; {_percent(1 - share)} is left to {rest}."


def _remedy(
    holds: bool | None, found: Sequence[Importance], surrogate: Surrogate | None, why: str
) -> str:
    if holds:
        return ""
    if surrogate is None:
        return why
    if surrogate.share.mean < LEAST_SHARE:
        named = [_called(each) for each in found[:NAMED] if each.is_certain]
        among = f" ({', '.join(named)})" if len(named) > 1 else ""
        return (
            f"Most of the gain lies in how columns work together{among}: show it to someone who "
            "knows the matter and let them take responsibility for it by name, give the model that "
            "interaction as a column of its own, or offer an additive model."
        )
    return "Seal more rows that are independent of each other, or find what the gain rests on."


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{100 * share:.0f} %"


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"
