"""The neural predictor: a small network whose last layer is fitted like any other columns."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.errors import ConfigError
from assay.frame import Frame
from assay.predictor.abstract import AbstractPredictor, AbstractPrepared, Sum
from assay.predictor.formula import read_formula
from assay.predictor.linear import Linear, PreparedLinear
from assay.predictor.matrix import Matrix, as_dense

Layers = tuple[tuple[np.ndarray, np.ndarray], ...]
_FLAT = 1e-6


@dataclass(frozen=True)
class PreparedNeural(AbstractPrepared):
    """Hidden layers with their weights; the last one's activations are the columns.

    Fields:
        formula: what it reads.
        inputs: the columns of that formula.
        input_centre: of each input.
        input_scale: of each input, above 0.
        layers: weights (out, in) and biases (out,) of each hidden layer; tanh follows each.
        centre: of each activation on the fitting rows.
        scale: of each activation, above 0.
        seed: of the training.
        fitting: standardised inputs of the fitting rows, until the layers are trained.
    """

    formula: str
    inputs: AbstractPrepared
    input_centre: np.ndarray
    input_scale: np.ndarray
    layers: Layers
    centre: np.ndarray
    scale: np.ndarray
    seed: int = 0
    fitting: np.ndarray | None = None
    has_intercept: bool = True
    prior_sd: float = 1.0
    is_standardised: bool = True

    @property
    def label(self) -> str:
        """`neural(a + b)`."""
        return f"neural({self.formula})"

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """`neural(a + b).1`, ..."""
        return tuple(f"{self.label}.{place + 1}" for place in range(len(self.centre)))

    @property
    def penalties(self) -> tuple[np.ndarray, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """One ridge over all activations."""
        return (np.ones(len(self.centre)),)

    @property
    def penalty_names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The network as a whole."""
        return (self.label,)

    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(read_formula(self.formula)[1]))

    def standard_inputs(self, frame: Frame) -> np.ndarray:
        """What the first layer takes, (rows, inputs)."""
        return (as_dense(self.inputs.columns(frame)) - self.input_centre) / self.input_scale

    def columns(self, frame: Frame) -> Matrix:
        return self.standardised_on(self.standard_inputs(frame))

    def standardised_on(self, inputs: np.ndarray) -> np.ndarray:
        """The columns of rows with these standardised inputs."""
        return (activations(self.layers, inputs) - self.centre) / self.scale

    def trained(self, layers: Layers, inputs: np.ndarray) -> "PreparedNeural":
        """The same network with other weights, its activations standardised on these inputs."""
        last = activations(layers, inputs)
        spread = last.std(axis=0)
        scale = np.where(spread > _FLAT, spread, 1.0)  # a unit that never moves says nothing
        return replace(self, layers=layers, centre=last.mean(axis=0), scale=scale, fitting=None)

    def state(self) -> dict[str, Any]:
        return {
            "formula": self.formula,
            "inputs": self.inputs.state(),
            "input_centre": self.input_centre,
            "input_scale": self.input_scale,
            "weights": [weight for weight, _ in self.layers],
            "biases": [bias for _, bias in self.layers],
            "centre": self.centre,
            "scale": self.scale,
            "seed": self.seed,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Any]) -> "PreparedNeural":
        pairs = zip(state["weights"], state["biases"], strict=True)
        return cls(
            formula=str(state["formula"]),
            inputs=PreparedLinear.restore(state["inputs"]),
            input_centre=np.asarray(state["input_centre"], dtype=float),
            input_scale=np.asarray(state["input_scale"], dtype=float),
            layers=tuple((np.asarray(weight), np.asarray(bias)) for weight, bias in pairs),
            centre=np.asarray(state["centre"], dtype=float),
            scale=np.asarray(state["scale"], dtype=float),
            seed=int(state["seed"]),
        )


@dataclass(frozen=True, init=False)
class Neural(AbstractPredictor):
    """A small neural network of some columns: ``Neural("price", "age", "C(store)")``.

    It learns in two stages. First all layers are trained together on the likelihood of the model,
    with a fifth of the rows held back to say when to stop. Then the hidden layers stay as they
    are, and their last activations become columns like any other's: shrunk by a ridge that
    marginal likelihood chooses, with standard errors. Beyond the data it levels off.

    Fields:
        formula: columns, factors and functions of them, as in `Linear`.
        hidden: units of each hidden layer.
        seed: of the first weights, the rows held back and the order of the others.

    Source: Snoek et al. (2015), Scalable Bayesian optimization using deep neural networks, for the
        last layer; Kristiadi et al. (2020), Being Bayesian, even just a bit, for what it buys.
    """

    formula: str
    hidden: tuple[int, ...] = (32, 32)
    seed: int = 0

    def __init__(self, *inputs: str, hidden: tuple[int, ...] | int = (32, 32), seed: int = 0):
        if not inputs or not all(isinstance(each, str) for each in inputs):
            raise ConfigError(
                f"Neural: the inputs are {inputs!r}, must be columns or a formula as text, such as "
                "`Neural('price', 'C(store)')`."
            )
        sizes = tuple(hidden) if isinstance(hidden, tuple | list) else (hidden,)
        if not sizes or not all(_is_whole(size) and 1 <= size <= 1024 for size in sizes):
            raise ConfigError(
                f"Neural({inputs[0]!r}): `hidden` is {hidden!r}, must be units of each hidden "
                "layer, 1 to 1,024, such as (32, 32)."
            )
        if not (_is_whole(seed) and seed >= 0):
            raise ConfigError(f"Neural({inputs[0]!r}): `seed` is {seed!r}, must be 0 or above.")
        chosen = {"formula": " + ".join(inputs), "hidden": sizes, "seed": seed}
        for name, value in chosen.items():
            object.__setattr__(self, name, value)
        read_formula(self.formula)

    def prepare(self, frame: Frame) -> tuple[PreparedNeural, Matrix]:
        """The network with its first, random weights; fitting trains them."""
        design, _ = Sum((Linear(self.formula),)).prepare(frame)
        inputs = design.terms[0]
        raw = as_dense(inputs.columns(frame))
        spread = raw.std(axis=0)
        draft = PreparedNeural(
            formula=self.formula,
            inputs=inputs,
            input_centre=raw.mean(axis=0),
            input_scale=np.where(spread > 0, spread, 1.0),
            layers=(),
            centre=np.zeros(0),
            scale=np.ones(0),
            seed=self.seed,
        )
        fitting = (raw - draft.input_centre) / draft.input_scale
        layers = first_layers(fitting.shape[1], self.hidden, self.seed)
        made = replace(draft.trained(layers, fitting), fitting=fitting)
        return made, made.standardised_on(fitting)

    def describe(self) -> str:
        extra = f", seed={self.seed}" if self.seed else ""
        layers = f", hidden={self.hidden!r}" if self.hidden != Neural.hidden else ""
        return f"neural({self.formula!r}{layers}{extra})"


def first_layers(inputs: int, hidden: tuple[int, ...], seed: int) -> Layers:
    """Random weights that keep the size of what passes through.

    Source: Glorot & Bengio (2010), Understanding the difficulty of training deep networks.
    """
    rng = np.random.default_rng([seed, 0])
    sizes = (inputs, *hidden)
    made = []
    for before, after in itertools.pairwise(sizes):
        reach = np.sqrt(6.0 / (before + after))
        bias = rng.uniform(-1.0, 1.0, after) if not made else np.zeros(after)
        made.append((rng.uniform(-reach, reach, (after, before)), bias))
    return tuple(made)


def activations(layers: Layers, inputs: np.ndarray) -> np.ndarray:
    """The last hidden layer, (rows, units)."""
    passed = inputs
    for weight, bias in layers:
        passed = np.tanh(passed @ weight.T + bias)
    return passed


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
