"""What is made of a PyTorch module, with PyTorch where it is installed and without it elsewhere."""

import sys
from contextlib import contextmanager
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

import assay
from assay.adapter import Setting
from assay.adapter.abstract import Options
from assay.adapter.torch import AdaptedModule, check_output, read_output
from assay.errors import PredictionsError
from assay.frame import Frame, Roles
from assay.ledger import Ledger
from assay.predictive import ClassPredictive, EnsemblePredictive, QuantilePredictive


def setting(y: list[float], classes: tuple[str, ...] = (), **more: Any) -> Setting:
    table = pl.DataFrame({"a": np.arange(float(len(y))), "kind": ["u"] * len(y)})
    return Setting("here", Roles("y"), Frame(table, "t"), np.array(y), classes, **more)


NUMBER = setting([0.5, 2.0, -1.0])
BINARY = setting([0.0, 1.0, 1.0], metric="log")
THREE = setting([0.0, 1.0, 2.0], ("a", "b", "c"), metric="brier")
LOGITS = np.array([[0.0, np.log(3.0), 0.0], [5.0, -800.0, 800.0]])


def test_numbers_are_points_in_either_shape():
    for shape in ((2,), (2, 1)):
        found = read_output(np.array([1.5, 2.0]).reshape(shape), "mean", Options(), NUMBER, "Net")
        assert isinstance(found, EnsemblePredictive)
        assert found.mean().tolist() == [1.5, 2.0]


def test_logits_of_classes_pass_a_softmax_without_overflow():
    found = read_output(LOGITS, "logits", Options(), THREE, "Net")
    assert isinstance(found, ClassPredictive)
    assert found.probabilities == pytest.approx(np.array([[0.2, 0.6, 0.2], [0.0, 0.0, 1.0]]))


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_logit_of_a_yes_or_no_is_its_log_odds(shape):
    logits = np.array([0.0, np.log(4.0), -2000.0]).reshape(shape)
    found = read_output(logits, "logits", Options(), BINARY, "Net")
    assert found.mean() == pytest.approx([0.5, 0.8, 0.0])


def test_two_logits_of_a_yes_or_no_pass_a_softmax():
    logits = np.log([[1.0, 4.0], [3.0, 1.0]])
    assert read_output(logits, "logits", Options(), BINARY, "Net").mean() == pytest.approx(
        [0.8, 0.25]
    )


def test_quantiles_are_put_in_order():
    options = Options(levels=(0.1, 0.5, 0.9))
    found = read_output(np.array([[1.0, 3.0, 2.0]]), "quantiles", options, NUMBER, "Net")
    assert isinstance(found, QuantilePredictive)
    assert found.values.tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("values", "output", "levels", "where", "message"),
    [
        (np.zeros((2, 3)), "mean", (), NUMBER, r"Net returned an array of shape \(2, 3\), where"),
        (np.zeros((2, 2)), "logits", (), THREE, r"shape \(2, 2\), where \(2, 3\) is needed"),
        (np.zeros((2, 3, 1)), "logits", (), THREE, r"shape \(2, 3, 1\)"),
        (np.zeros((2, 2)), "quantiles", (0.1, 0.5, 0.9), NUMBER, r"shape \(2, 2\), where \(2, 3\)"),
        (np.array([1.0, np.nan]), "mean", (), NUMBER, r"Net predicted \[nan\] for row 2"),
        (np.array([0.5, 1.5]), "probabilities", (), BINARY, "gave 1.5 as a probability for row 2"),
        (np.full((1, 3), 0.5), "probabilities", (), THREE, r"row 1 add up to 1\.5"),
    ],
)
def test_a_wrong_output_is_told(values, output, levels, where, message):
    with pytest.raises(PredictionsError, match=message):
        read_output(values, output, Options(levels=levels), where, "Net")


@pytest.mark.parametrize(
    ("output", "levels", "where", "message"),
    [
        ("mean", (), THREE, r'output is "mean", but `y` is one of 3 classes'),
        ("logits", (), NUMBER, r'output is "logits", but `y` is a number'),
        ("mean", (), BINARY, r'which has no density.*Say output="logits"'),
        ("quantiles", (), NUMBER, "no levels are named"),
        ("quantiles", (0.9,), NUMBER, r"the quantile at 0\.9 alone"),
    ],
)
def test_an_output_that_the_target_does_not_have_is_refused(output, levels, where, message):
    with pytest.raises(PredictionsError, match=message):
        check_output(output, levels, where)


def test_a_module_is_told_its_columns():
    with pytest.raises(PredictionsError, match="does not say which columns it takes"):
        AdaptedModule(object(), NUMBER, Options())
    with pytest.raises(PredictionsError, match="takes numbers alone, and feature `kind` is String"):
        AdaptedModule(object(), NUMBER, Options(("a", "kind")))
    with pytest.raises(PredictionsError, match="fitted object cannot be fitted again"):
        AdaptedModule(object(), NUMBER, Options(("a",), spread="residuals"))


class Tensor:
    """As much of a tensor as an adapter touches."""

    def __init__(self, values: Any, dtype: Any = None, device: Any = None) -> None:
        self.values, self.dtype, self.device = np.asarray(values), dtype, device

    def detach(self) -> "Tensor":
        return self

    cpu = double = detach

    def numpy(self) -> np.ndarray:
        return self.values.astype(float)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> type:
    """The public interface of PyTorch that an adapter uses, for where PyTorch is not installed."""
    entered = []

    class Module:
        def __init__(self, answer: Any = None, *parts: Any) -> None:
            self.answer, self.parts, self.training = answer, parts, True

        def modules(self) -> list[Any]:
            return [self, *self.parts]

        def parameters(self) -> Any:
            return iter([Tensor(0.0, "half", "gpu")])

        def eval(self) -> None:
            for part in self.modules():
                part.training = False

        def __call__(self, given: Any) -> Any:
            assert not any(part.training for part in self.modules())
            assert entered == ["no_grad"]
            assert (given.dtype, given.device) == ("half", "gpu")
            return self.answer(given.values)

    @contextmanager
    def no_grad() -> Any:
        entered.append("no_grad")
        yield
        entered.pop()

    Module.__module__, Module.__qualname__ = "torch.nn.modules.module", "Module"
    torch = SimpleNamespace(no_grad=no_grad, as_tensor=Tensor)
    monkeypatch.setitem(sys.modules, "torch", torch)
    return Module


def test_a_module_is_called_in_evaluation_mode_and_put_back(stand_in):
    still = stand_in()
    still.training = False
    net = stand_in(lambda values: Tensor(2 * values[:, 0] + 1), still)
    adapted = assay.adapt(net, features=["a"]).bind(NUMBER)
    found = adapted.predict(NUMBER.visible)
    assert found.mean() == pytest.approx([1.0, 3.0, 5.0])
    assert (net.training, still.training) == (True, False)
    assert not adapted.can_refit


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda values: (Tensor(values), 1), "returned tuple, where one tensor is needed"),
        (lambda values: Tensor(values[:-1]), "predicted 2 rows, 3 were asked for"),
    ],
)
def test_a_module_that_answers_otherwise_is_told(stand_in, answer, message):
    adapted = assay.adapt(stand_in(answer), features=["a"]).bind(NUMBER)
    with pytest.raises(PredictionsError, match=message):
        adapted.predict(NUMBER.visible)


@pytest.mark.skipif(
    find_spec("torch") is None, reason="PyTorch is not installed: pip install torch"
)
def test_a_module_is_an_attempt(tmp_path):
    import torch

    random = np.random.default_rng(2)
    a, b = random.normal(size=(2, 250))
    table = pl.DataFrame({"a": a, "b": b, "y": 2 * a - b + 0.1 * random.normal(size=250)})
    net = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout(0.5))
    with torch.no_grad():
        net[0].weight[:] = torch.tensor([[-1.0, 2.0]])
        net[0].bias[:] = 0.0
    net.train()
    with Ledger(tmp_path / "assay.db", author="Ann") as ledger:
        experiment = assay.register(
            assay.profile(table, target="y"), ledger=ledger, hypothesis="a and b tell y",
            metric="absolute", improve_by=0.1, expect=0.6, tries=5, seal={"rows": 150},
        )  # fmt: skip
        answer = experiment.attempt(assay.adapt(net, features=["b", "a"]), name="net")
        assert answer.supported  # without a single drop: it was called in evaluation mode
        assert net.training
        assert "it has no score on open rows" in answer.message
        (body,) = experiment.attempts
        assert body.model.startswith("Sequential( (0): Linear(in_features=2, out_features=1")
        assert (body.open_skill, body.environment["torch"]) == (None, torch.__version__)
