import pytest

from assay.errors import ConfigError
from assay.record import METRICS, check_metric


@pytest.mark.parametrize("name", METRICS)
def test_a_mean_of_row_losses_is_accepted(name):
    assert check_metric(name) == name


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("auc", 'Take "brier" or "log"'),
        ("ROC-AUC", 'Take "brier" or "log"'),
        ("f1", 'Take "brier" or "0-1"'),
        ("r2", r'Take "squared": improve_by r on RMSE means 1-\(1-r\)\^2 on squared error'),
        ("R^2", 'Take "squared"'),
        ("rmse", r'Take "squared": improve_by r on RMSE means 1-\(1-r\)\^2 on squared error'),
        ("mape", 'Take "absolute"'),
        ("accuracy", '"0-1"'),
        ("mae", '"absolute"'),
        ("CRPS", "Did you mean `crps`"),
        ("wisdom", "Known: `0-1`, `absolute`"),
    ],
)
def test_any_other_metric_names_the_nearest_accepted_one(name, taken):
    with pytest.raises(ConfigError, match=taken):
        check_metric(name)


def test_the_place_stands_in_front():
    with pytest.raises(ConfigError, match=r'^assay\.toml: project "x": metric is "auc", which'):
        check_metric("auc", 'assay.toml: project "x"')
