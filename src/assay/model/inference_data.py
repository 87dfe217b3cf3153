"""The draws of NUTS as ArviZ reads them."""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from assay.errors import ConfigError
from assay.fit import Draws, PartRows, posterior
from assay.frame import Frame, read
from assay.model.prepared import limit_column
from assay.predictor.matrix import rows_of

if TYPE_CHECKING:
    from assay.model.fitted import FittedModel

MOST_CELLS = 2**27  # of a log-likelihood, 1 GiB


def inference_data(fitted: "FittedModel", data: Any = None) -> Any:
    """The draws of a fitted model as ArviZ's `InferenceData`, from ArviZ 1 on a `DataTree`.

    Args:
        fitted: a model fitted by NUTS.
        data: the fitting rows, for the log-likelihood of each and the observed targets.

    Raises:
        ConfigError: ArviZ is missing, or the model was not fitted by NUTS.
        DataError: a feature is missing or has an unseen category.
    """
    draws = fitted.coefficient_draws()
    arviz = _arviz()
    groups = {"posterior": _posterior(fitted, draws), "sample_stats": _statistics(fitted.sampled)}
    if data is not None:
        frame = data if isinstance(data, Frame) else read(data)
        likelihood, y = _likelihood(fitted, frame, draws)
        groups["log_likelihood"] = {fitted.target: likelihood}
        groups["observed_data"] = {fitted.target: y}
    axes = {name: f"{name}_coefficient" for name in fitted.parameters}
    pairs = zip(fitted.parameters, fitted.designs, strict=True)
    coords = {axes[name]: list(design.names) for name, design in pairs}
    dims = {name: [axis] for name, axis in axes.items()} | {fitted.target: ["row"]}
    if fitted.penalties():
        coords["penalty"], dims["spread"] = list(fitted.penalties()), ["penalty"]
    # Before version 1 every group was an argument of its own.
    if int(arviz.__version__.split(".")[0]) < 1:
        return arviz.from_dict(**groups, coords=coords, dims=dims)
    return arviz.from_dict(groups, coords=coords, dims=dims)


def _arviz() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # 0.23 announces version 1 at import
            return import_module("arviz")
    except ImportError as error:
        raise ConfigError(
            "to_arviz: ArviZ is not installed. Install it with `pip install 'assay-ml[arviz]'`."
        ) from error


def _posterior(
    fitted: "FittedModel", draws: Float[np.ndarray, "chains samples coefficients"]
) -> dict[str, np.ndarray]:
    """Coefficients on the user's scale, by parameter, and the spreads of penalised terms."""
    blocks = zip(fitted.parameters, fitted.designs, fitted.split(draws), strict=True)
    found = {name: block @ design.to_user().T for name, design, block in blocks}
    return found | ({"spread": fitted.spread_draws()} if fitted.penalties() else {})


def _statistics(sampled: Draws | None) -> dict[str, np.ndarray]:
    """How the trajectories went, under the names that ArviZ's pictures look for."""
    if sampled is None:
        return {}
    return {
        "lp": sampled.log_density,
        "diverging": sampled.diverging,
        "energy": sampled.energy,
        "tree_depth": sampled.tree_depth,
        "n_steps": sampled.steps,
        "acceptance_rate": sampled.acceptance,
    }


def _likelihood(
    fitted: "FittedModel", frame: Frame, draws: np.ndarray
) -> tuple[Float[np.ndarray, "chains samples rows"], Float[np.ndarray, " rows"]]:
    """Log-likelihood of every row under every draw, and the targets."""
    y = frame.numbers(fitted.target)
    present = ~np.isnan(y)
    kept, y = (frame if present.all() else frame.take(present)), y[present]
    lead, cells = draws.shape[:2], draws.shape[0] * draws.shape[1] * len(y)
    if cells > MOST_CELLS:
        raise ConfigError(
            f"to_arviz: {len(y)} rows under {lead[0] * lead[1]} draws are {cells:.2g} numbers. "
            "Call it without `data`, or give fewer rows."
        )
    columns = {name: limit_column(kept, name) for name in fitted.family.needs()}
    matrices = [design.matrix(kept) for design in fitted.designs]
    offsets = [np.broadcast_to(design.offset(kept), len(y)) for design in fitted.designs]
    parts = fitted.family.parts(y, columns)
    density = posterior(
        tuple(
            PartRows(
                family=part.family,
                known=part.known,
                designs=tuple(rows_of(matrix, part.rows) for matrix in matrices),
                y=part.y,
                offsets=np.stack(offsets)[:, part.rows],
                columns=part.columns,
            )
            for part in parts
        ),
        fitted.prior,
    )
    flat = jnp.asarray(draws.reshape(-1, draws.shape[-1]))
    found = jax.jit(lambda every: jax.lax.map(density.rows, every, batch_size=64))(flat)
    rows = np.empty((*lead, len(y)))
    for part, values in zip(parts, found, strict=True):
        rows[..., part.rows] = np.asarray(values).reshape(*lead, -1)
    return rows, y
