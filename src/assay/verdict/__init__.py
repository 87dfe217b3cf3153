"""Pure statistics of honest verdicts: tests, gates, spending of alpha, rows needed."""

from assay.verdict.claim import Claim, assumed_sd, default_cap
from assay.verdict.drift import Course, bounded_evidence, standard_evidence
from assay.verdict.groups import LEAST_GROUPS, GroupResult, cluster_t
from assay.verdict.optimism import optimism
from assay.verdict.portfolio import benjamini_hochberg, benjamini_yekutieli
from assay.verdict.rows import group_design_effect, rows_at_level, rows_needed, star_rows
from assay.verdict.series import (
    ADVISED_SEASONS,
    LEAST_EFFECTIVE_ROWS,
    SeriesResult,
    date_averages,
    ewc,
    season_averages,
    series_rows_needed,
)
from assay.verdict.spending import Schedule, level, project_p_value, shared_level
from assay.verdict.spreads import group_spread, long_run_spread
from assay.verdict.star import (
    floored_sd,
    star_interval,
    star_p_value,
    star_refutes,
    star_supports,
)
from assay.verdict.test import AbstractTest, Gate, GroupTest, IndependentTest, SeriesTest
from assay.verdict.watching import (
    AbstractWatch,
    GroupWatch,
    IndependentWatch,
    SeriesWatch,
)

__all__ = [
    "ADVISED_SEASONS",
    "LEAST_EFFECTIVE_ROWS",
    "LEAST_GROUPS",
    "AbstractTest",
    "AbstractWatch",
    "Claim",
    "Course",
    "Gate",
    "GroupResult",
    "GroupTest",
    "GroupWatch",
    "IndependentTest",
    "IndependentWatch",
    "Schedule",
    "SeriesResult",
    "SeriesTest",
    "SeriesWatch",
    "assumed_sd",
    "benjamini_hochberg",
    "benjamini_yekutieli",
    "bounded_evidence",
    "cluster_t",
    "date_averages",
    "default_cap",
    "ewc",
    "floored_sd",
    "group_design_effect",
    "group_spread",
    "level",
    "long_run_spread",
    "optimism",
    "project_p_value",
    "rows_at_level",
    "rows_needed",
    "season_averages",
    "series_rows_needed",
    "shared_level",
    "standard_evidence",
    "star_interval",
    "star_p_value",
    "star_refutes",
    "star_rows",
    "star_supports",
]
