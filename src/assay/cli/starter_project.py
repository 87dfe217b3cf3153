"""A `[[project]]` begun from a profile: what the data say is filled in, what people know is not."""

import re
from collections.abc import Iterator
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from assay.cli.starter import text

if TYPE_CHECKING:
    import polars as pl

    from assay.problem import Problem

WIDTH = 98
MOST_COLUMNS = 8  # a recipe of more is nothing to begin with
MOST_LEVELS = 20


def project_lines(problem: "Problem", data: str) -> list[str]:
    """The project as lines of `assay.toml`.

    Args:
        problem: the profile.
        data: what `data` is to say, relative to `assay.toml`.
    """
    return [
        *_found(problem),
        "[[project]]",
        f"key = {text(key_of(problem.roles.target))}",
        f"question = {text(f'How large will {problem.roles.target} be?')}",
        '# hypothesis = "What you expect, by how much, and against what"',
        "importance = 1.0                # value of one point; a point is 0.01 of skill",
        f"data = {text(data)}",
        *_roles(problem),
        *_claim(problem),
        "",
        *_attempt(problem),
    ]


def key_of(target: str) -> str:
    """A key made of a column's name: letters, digits, `.`, `_` and `-` alone."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", target).strip("-._").lower() or "project"


def _found(problem: "Problem") -> Iterator[str]:
    yield "# What the profile found (`assay profile` shows the evidence):"
    for each in problem.properties:
        yield from _comment(f"{each.name}: {each.finding}")


def _comment(words: str) -> list[str]:
    return wrap(words, WIDTH, initial_indent="# - ", subsequent_indent="#   ")


def _roles(problem: "Problem") -> Iterator[str]:
    for role, value in (problem.roles.as_dict() | _season(problem)).items():
        if value:
            yield f"{role} = {_value(value)}"


def _season(problem: "Problem") -> dict[str, int]:
    """The season that was found, where none was stated."""
    found = next((each for each in problem.properties if each.name == "season"), None)
    lag = found.evidence.get("lag") if found is not None else None
    is_new = isinstance(lag, int) and problem.roles.season is None
    return {"season": int(lag)} if is_new and lag is not None else {}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(text(item) for item in value)}]"
    return text(value) if isinstance(value, str) else str(value)


def _claim(problem: "Problem") -> list[str]:
    roles = problem.roles
    share = "0.3 }" if roles.group else "0.3"
    which = "groups" if roles.group else "latest rows" if roles.time else "rows, drawn at random"
    is_class = problem.suggestions[0].family.startswith(("bernoulli", "categorical"))
    metric, words = ("brier", "a probability") if is_class else ("crps", "the whole distribution")
    return [
        f"{('seal = { groups = ' if roles.group else 'seal = ') + share:<32}# 30 % of the {which}",
        f"{f'metric = {text(metric)}':<32}# scores {words}",
        "improve_by = 0.05               # least relative improvement worth having",
        "tries = 10                      # looks planned; each spends part of alpha",
        '# if_supported = "What you will do then"      # and if_refuted, if_inconclusive',
    ]


def _attempt(problem: "Problem") -> list[str]:
    """A first model as a comment: its effort is for people to say, and so is the choice."""
    first = problem.suggestions[0]
    family = first.family
    if family.startswith("censored("):
        family = family.removeprefix("censored(").removesuffix(")")
    return [
        *_comment(f"{first.family}: {first.reason}"),
        "# [[project.attempt]]",
        f'# name = "{family}"',
        '# stage = "ml"                  # baseline, data, features, ml, deep or research',
        "# effort = 1                    # what it takes, in person-days; failures cost too",
        '# belief_about = "What you believe of it, and why"',
        "# expect = 0.1                  # improvement that you expect of it",
        f"# model = {{ {', '.join(_recipe(family, problem))} }}",
        "# close = true                  # open the seal after this attempt",
    ]


def _recipe(family: str, problem: "Problem") -> Iterator[str]:
    from assay.registry import families, parse

    yield f'family = "{family}"'
    location, *others = [parameter.name for parameter in parse(family, families).parameters]
    columns = " + ".join(_columns(problem))
    yield f"{location} = " + text(f"linear('{columns}')" if columns else "constant()")
    yield from (f'{name} = "constant()"' for name in others)


def _columns(problem: "Problem") -> list[str]:
    """What a first model may use: in a forecast only what is known ahead."""
    roles = problem.roles
    played = {name for role, name in roles.named if role != "known_ahead"} | {"row_id"}
    names = roles.known_ahead if roles.time else problem.frame.columns
    table = problem.frame.table
    terms = [_term(table[name]) for name in names if name not in played and name.isidentifier()]
    return [term for term in terms if term][:MOST_COLUMNS]


def _term(column: "pl.Series") -> str:
    if column.null_count():
        return ""
    if column.dtype.is_numeric():
        return column.name
    is_class = column.dtype.base_type().__name__ in ("String", "Boolean")
    return f"C({column.name})" if is_class and 2 <= column.n_unique() <= MOST_LEVELS else ""
