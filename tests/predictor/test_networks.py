"""Networks as predictors: layers, their first weights, recipes and states."""

import json

import numpy as np
import polars as pl
import pytest

from assay.errors import ConfigError
from assay.frame import read
from assay.predictor import as_sum
from assay.predictor.neural import Neural, PreparedNeural, activations
from assay.registry import parse, predictors


@pytest.fixture
def frame():
    rng = np.random.default_rng(2)
    columns = {"x": rng.normal(40, 7, 50), "kind": rng.choice(["a", "b", "c"], 50)}
    return read(pl.DataFrame(columns))


def test_layers_are_tanh_of_affine_maps():
    layers = ((np.array([[1.0, -1.0]]), np.array([0.5])), (np.array([[2.0], [0.0]]), np.zeros(2)))
    inputs = np.array([[0.3, 0.1], [0.0, 0.0]])
    first = np.tanh(inputs[:, 0] - inputs[:, 1] + 0.5)
    wanted = np.column_stack([np.tanh(2 * first), np.zeros(2)])
    assert activations(layers, inputs) == pytest.approx(wanted)


def test_a_network_has_one_penalised_column_for_each_last_unit(frame):
    design, matrix = as_sum(Neural("x", "kind", hidden=(5, 4))).prepare(frame)
    assert design.names == ("intercept", *(f"neural(x + kind).{k}" for k in range(1, 5)))
    assert design.penalty_names == ("neural(x + kind)",)
    assert design.terms[0].reads() == ("x", "kind")
    assert np.asarray(matrix)[:, 1:].mean(axis=0) == pytest.approx(np.zeros(4), abs=1e-12)
    assert np.asarray(matrix)[:, 1:].std(axis=0) == pytest.approx(np.ones(4))


def test_inputs_are_standardised_and_the_seed_fixes_the_weights(frame):
    prepared, columns = Neural("x", "kind", seed=3).prepare(frame)
    inputs = prepared.standard_inputs(frame)
    assert inputs.shape == (50, 3)
    assert inputs.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert inputs.std(axis=0) == pytest.approx(np.ones(3))
    assert np.array_equal(Neural("x", "kind", seed=3).prepare(frame)[1], columns)
    assert not np.array_equal(Neural("x", "kind", seed=4).prepare(frame)[1], columns)


@pytest.mark.parametrize(
    "predictor", [Neural("x"), Neural("x", "C(kind)", hidden=(8,), seed=2), Neural("x + kind")]
)
def test_a_recipe_and_a_state_can_be_read_back(predictor, frame):
    assert parse(predictor.describe(), predictors) == predictor
    prepared, columns = predictor.prepare(frame)
    state = prepared.state()
    assert "fitting" not in state
    told = json.loads(json.dumps(state, default=lambda array: array.tolist()))
    again = PreparedNeural.restore({**told, "inputs": state["inputs"]})
    assert np.array_equal(again.columns(frame), columns)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neural(), "the inputs are \\(\\), must be columns or a formula"),
        (lambda: Neural(3), "must be columns or a formula as text"),
        (lambda: Neural("x", hidden=()), r"`hidden` is \(\), must be units"),
        (lambda: Neural("x", hidden=(0,)), r"`hidden` is \(0,\), must be units"),
        (lambda: Neural("x", seed=-1), "`seed` is -1, must be 0 or above"),
        (lambda: Neural("x +"), "cannot be read"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ConfigError, match=message):
        make()
