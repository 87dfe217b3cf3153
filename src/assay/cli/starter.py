"""The first `assay.toml` of a portfolio, commented so that it teaches its own keys."""

import json
from collections.abc import Sequence

HEAD = """\
# A portfolio of machine-learning questions. A key that is left out has a default, which
# `assay register` says aloud.{next_step}
version = 1

[portfolio]
name = {name}
effort_unit = "person-day"      # another unit says how much of it is one: effort_per_person_day
budget = 20                     # effort to split over the projects
ledger = "assay.db"             # beside this file; the first registration makes it
seed = 1                        # every random step follows from it
"""

IDEA = """

# An idea competes for the budget before it has data: its importance and a belief are enough.
[[project]]
key = "first-idea"
question = "What would change what we do, if we knew it?"
importance = 1.0                # value of one point; a point is 0.01 of skill
belief = { share = 0.3, effort = 10, give_or_take = 0.2 }  # 30 % of what can be had, after 10
"""

EXAMPLE = """

# A question with data looks so. Write your own, or let `assay init NEW --from data.csv --target
# units` begin it. Take the first `# ` off each line:

# [[project]]
# key = "demand"
# question = "How many units will each store sell tomorrow?"
# hypothesis = "Weekday and price lower CRPS by at least 5 % against last week's sales"
# importance = 3.0
# data = "demand.csv"             # or a .parquet file, or "python:data.py:load"
# target = "units"
# time = "date"
# series = ["store", "item"]
# season = 7
# horizon = 14
# known_ahead = ["price", "weekday"]  # what a forecast may use
# seal = 0.3                      # the latest 30 % of the rows; only the seal sees their target
# metric = "crps"                 # log, crps, pinball, brier, 0-1, absolute, squared
# baseline = "seasonal-naive"     # climatology, base-rate, naive, seasonal-naive, or a model
# improve_by = 0.05               # least relative improvement worth having
# tries = 10                      # looks planned; each spends part of alpha
# belief = { share = 0.4, effort = 10, give_or_take = 0.2 }
#
# [[project.attempt]]
# name = "weekday"
# stage = "features"              # baseline, data, features, ml, deep or research
# effort = 2                      # what it takes; failures cost too
# model = { family = "negative-binomial", mean = "linear('C(weekday)')", size = "constant()" }
# close = true                    # open the seal after this attempt
"""


def starter(name: str) -> str:
    """An `assay.toml` that loads, plans one idea and shows how a project with data looks."""
    words = " Next: `assay plan`, then a project with data."
    return HEAD.format(name=text(name), next_step=words) + IDEA + EXAMPLE


def with_project(name: str, project: Sequence[str]) -> str:
    """An `assay.toml` whose one project stands in `project`, a line each."""
    words = " Next: write your hypothesis, then `assay register`."
    head = HEAD.format(name=text(name), next_step=words)
    return head + "\n\n" + "\n".join(project) + "\n"


def text(value: str) -> str:
    """`value` as TOML writes text."""
    # JSON's escapes are TOML's, but for the one control character that JSON lets stand.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
