"""Which metrics a claim may use, and what to take in place of the others."""

from assay.errors import ConfigError, nearest

METRICS: dict[str, str] = {
    "log": "negative log-likelihood of the observed value",
    "crps": "continuous ranked probability score",
    "pinball": "quantile loss, averaged over `levels`",
    "brier": "squared error of a probability",
    "0-1": "share of wrong classes",
    "absolute": "absolute error",
    "squared": "squared error",
}
"""Every accepted metric: the mean of a row loss, lower is better."""

_RANKING = (
    'ranks rows against each other and is no mean of row losses. Take "brier" or "log", which '
    "score each row's probability."
)
_SQUARED = 'Take "squared": improve_by r on RMSE means 1-(1-r)^2 on squared error.'
_REFUSED: dict[str, str] = {
    "auc": _RANKING,
    "f1": "is a ratio of counts and no mean of row losses. "
    'Take "brier" or "0-1", which score each row.',
    "r2": f"is a ratio and no mean of row losses. {_SQUARED}",
    "rmse": f"is a root of a mean and no mean of row losses. {_SQUARED}",
    "mape": "divides by the target, which may be 0, and rewards forecasting too low. "
    'Take "absolute".',
    "accuracy": 'grows with skill. Take its opposite, "0-1", the share of wrong classes.',
    "mse": 'is called "squared" here.',
    "mae": 'is called "absolute" here.',
    "logloss": 'is called "log" here.',
    "quantile": 'is called "pinball" here; `levels` says which quantiles.',
}
_SAME: dict[str, str] = {
    "rocauc": "auc", "auroc": "auc", "prauc": "auc", "averageprecision": "auc", "gini": "auc",
    "fscore": "f1", "precision": "f1", "recall": "f1", "rsquared": "r2", "smape": "mape",
    "wape": "mape", "wmape": "mape", "crossentropy": "logloss", "nll": "logloss",
    "loglikelihood": "logloss", "logscore": "logloss", "error": "accuracy", "wql": "quantile",
}  # fmt: skip


def metric_refusal(name: str) -> str | None:
    """Why `name` cannot be a metric, and what to take instead; `None` where it can."""
    if name in METRICS:
        return None
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    reason = _REFUSED.get(_SAME.get(plain, plain))
    return f'is "{name}", which {reason}' if reason else f'is "{name}". {nearest(name, METRICS)}'


def check_metric(name: str, where: str = "") -> str:
    """Return `name` if a claim can be made in this metric.

    Args:
        name: what was asked for.
        where: start of the error message, such as `assay.toml: project "demand"`.

    Raises:
        ConfigError: any other metric; the message names the nearest accepted one.
    """
    refusal = metric_refusal(name)
    if refusal is not None:
        raise ConfigError(f"{where}: metric {refusal}" if where else f"metric {refusal}")
    return name
