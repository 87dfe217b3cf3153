"""temporary"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    holds: bool | None = True
    finding: str = "tmp"
    remedy: str = ""

    def as_record(self):
        return {}


def explain(judge, fitted, predictive, *, seed):
    return Explanation()
