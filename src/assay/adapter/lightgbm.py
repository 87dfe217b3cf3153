"""LightGBM's native booster."""

import re
from typing import Any

from assay.adapter.abstract import lineage
from assay.adapter.booster import AbstractBooster


def is_lightgbm_booster(model: object) -> bool:
    """Whether a model is a `lightgbm.Booster`, told by its ancestors alone."""
    return "lightgbm.basic.Booster" in lineage(model)


class LightGBMBooster(AbstractBooster):
    """A `lightgbm.Booster`, with the trees up to its best iteration.

    Source: Ke et al. (2017), LightGBM: a highly efficient gradient boosting decision tree.
    """

    library = "lightgbm"
    numbers = frozenset(
        {
            "regression", "regression_l1", "huber", "fair", "poisson", "quantile", "mape", "gamma",
            "tweedie",
        }
    )  # fmt: skip
    yes_or_no = frozenset({"binary", "cross_entropy"})
    several = frozenset({"multiclass", "multiclassova"})

    def objective(self) -> str:
        return str(self._head().get("objective", "none")).partition(" ")[0]

    def levels(self) -> tuple[float, ...]:
        if self._objective != "quantile":
            return ()
        found = re.search(r"^\[alpha: ([0-9.e+-]+)\]$", self.model.model_to_string(), re.MULTILINE)
        return (float(found[1]),) if found else (float(self.model.params.get("alpha", 0.9)),)

    def names(self) -> tuple[str, ...] | None:
        found = tuple(self.model.feature_name())
        unnamed = tuple(f"Column_{place}" for place in range(len(found)))
        return None if found == unnamed else found

    def width(self) -> int:
        return self.model.num_feature()

    def raw(self, X: Any) -> Any:
        return self.model.predict(X)

    def describe(self) -> str:
        return f"lightgbm.Booster(objective={self._objective!r}, trees={self.model.num_trees()})"

    def _head(self) -> dict[str, Any]:
        return self.model.dump_model(num_iteration=1)
