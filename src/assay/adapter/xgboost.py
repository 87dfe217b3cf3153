"""XGBoost's native booster."""

import json
from typing import Any

from assay.adapter.abstract import lineage, loaded
from assay.adapter.booster import AbstractBooster
from assay.adapter.quantile import as_levels


def is_xgboost_booster(model: object) -> bool:
    """Whether a model is an `xgboost.Booster`, told by its ancestors alone."""
    return "xgboost.core.Booster" in lineage(model)


class XGBoostBooster(AbstractBooster):
    """An `xgboost.Booster`, with the trees up to its best iteration.

    Source: Chen & Guestrin (2016), XGBoost: a scalable tree boosting system.
    """

    library = "xgboost"
    numbers = frozenset(
        {
            "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
            "reg:quantileerror", "reg:gamma", "reg:tweedie", "reg:logistic", "count:poisson",
        }
    )  # fmt: skip
    yes_or_no = frozenset({"binary:logistic"})
    several = frozenset({"multi:softprob"})

    def objective(self) -> str:
        return str(self._learner()["objective"]["name"])

    def levels(self) -> tuple[float, ...]:
        own = self._learner()["objective"].get("quantile_loss_param")
        return () if own is None else as_levels(json.loads(own["quantile_alpha"]))

    def names(self) -> tuple[str, ...] | None:
        found = self.model.feature_names
        return None if found is None else tuple(found)

    def width(self) -> int:
        return self.model.num_features()

    def raw(self, X: Any) -> Any:
        table = loaded("xgboost").DMatrix(X, enable_categorical=True)
        best = self.model.attr("best_iteration")
        return self.model.predict(table, iteration_range=(0, int(best) + 1 if best else 0))

    def describe(self) -> str:
        rounds = self.model.num_boosted_rounds()
        return f"xgboost.Booster(objective={self._objective!r}, rounds={rounds})"

    def _learner(self) -> dict[str, Any]:
        return json.loads(self.model.save_config())["learner"]
