"""Models of other libraries that the attempts name."""

from typing import Any


def yule() -> Any:
    """Yule (1927): this year's spots from those of the last two years."""
    from statsforecast.models import ARIMA

    return ARIMA(order=(2, 0, 0))


def gamma() -> Any:
    """A generalised linear model for positive amounts."""
    from sklearn.linear_model import GammaRegressor

    return GammaRegressor(alpha=0.01)


def tweedie() -> Any:
    """The same for amounts that may be exactly zero."""
    from sklearn.linear_model import TweedieRegressor

    return TweedieRegressor(power=1.5, alpha=0.01, link="log", max_iter=1000)


def boosted() -> Any:
    """Trees that learn a probability from everything at once."""
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=150, num_leaves=7, learning_rate=0.05, verbose=-1)
