"""Answers that people ask of a plan: what knowledge is worth, what to try next, what if."""

from assay.portfolio.answers.bounds import Bounds, left_out
from assay.portfolio.answers.case import Case, Tried, cases_of
from assay.portfolio.answers.change import what_would_change, with_changes
from assay.portfolio.answers.credit import AuthorCredit, Credit, credit
from assay.portfolio.answers.frontier import Crossing, frontier, least_budget, least_factor
from assay.portfolio.answers.hiding import Hiding, cost_of_hiding
from assay.portfolio.answers.information import (
    AttemptValue,
    FailuresValue,
    Information,
    information,
    value_of,
    value_of_attempt,
)
from assay.portfolio.answers.max_plus import best_mix
from assay.portfolio.answers.more_data import (
    DataMix,
    DataPlan,
    Labelling,
    labelling_of,
    with_more_data,
)
from assay.portfolio.answers.next_attempt import Next, NextAttempt, next_attempts
from assay.portfolio.answers.today import Today, today_of
from assay.portfolio.answers.what_if import importance_sweep

__all__ = [
    "AttemptValue",
    "AuthorCredit",
    "Bounds",
    "Case",
    "Credit",
    "Crossing",
    "DataMix",
    "DataPlan",
    "FailuresValue",
    "Hiding",
    "Information",
    "Labelling",
    "Next",
    "NextAttempt",
    "Today",
    "Tried",
    "best_mix",
    "cases_of",
    "cost_of_hiding",
    "credit",
    "frontier",
    "importance_sweep",
    "information",
    "labelling_of",
    "least_budget",
    "least_factor",
    "left_out",
    "next_attempts",
    "today_of",
    "value_of",
    "value_of_attempt",
    "what_would_change",
    "with_changes",
    "with_more_data",
]
