"""What one batch of fits found, group by group."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from assay.fit import FitResult
from assay.predictor import Design


@dataclass(frozen=True, eq=False)
class Batch:
    """What the batched fit found, group by group; groups that it left to single fits are NaN.

    Fields:
        designs: of all groups but for their centres and scales, one for each parameter.
        centres: (groups, columns) for each parameter.
        scales: likewise.
        mode: coefficients on each group's standardised scale, (groups, coefficients).
        curvature: minus the Hessian of each log posterior, (groups, coefficients, coefficients).
        prior_mean: (groups, coefficients).
        prior_sd: likewise.
        results: how each fit went; `None` where there was none.
    """

    designs: tuple[Design, ...]
    centres: tuple[np.ndarray, ...]
    scales: tuple[np.ndarray, ...]
    mode: np.ndarray
    curvature: np.ndarray
    prior_mean: np.ndarray
    prior_sd: np.ndarray
    results: tuple[FitResult | None, ...]

    def designs_of(self, group: int) -> tuple[Design, ...]:
        """One group's designs."""
        return tuple(
            replace(each, centre=centre[group], scale=scale[group])
            for each, centre, scale in zip(self.designs, self.centres, self.scales, strict=True)
        )

    def coefficients(self, parameters: tuple[str, ...], keys: pl.DataFrame) -> pl.DataFrame:
        """As `FittedPanel.coefficients`, with the position of each group in a column `_at`.

        Args:
            parameters: names of the family's parameters.
            keys: one row for each group.
        """
        groups = np.flatnonzero([each is not None for each in self.results])
        covariance, low, columns = np.linalg.inv(self.curvature[groups]), 0, []
        for name, design, centre, scale in zip(
            parameters, self.designs, self.centres, self.scales, strict=True
        ):
            back = _to_user(design, centre[groups], scale[groups])
            cut = slice(low, low := low + back.shape[1])
            estimate = np.einsum("gij,gj->gi", back, self.mode[groups, cut])
            own = np.einsum("gij,gjk,gik->gi", back, covariance[:, cut, cut], back)
            columns.append((name, design.names, estimate, np.sqrt(own)))
        estimate = np.concatenate([each[2] for each in columns], axis=1)
        se = np.concatenate([each[3] for each in columns], axis=1)
        size = estimate.shape[1]
        parameter = [name for name, names, *_ in columns for _ in names]
        names = [label for _, labels, *_ in columns for label in labels]
        found = pl.DataFrame(
            {
                "parameter": parameter * len(groups),
                "name": names * len(groups),
                "estimate": estimate.ravel(),
                "se": se.ravel(),
                "lo-95": (estimate - 1.96 * se).ravel(),
                "hi-95": (estimate + 1.96 * se).ravel(),
                "_at": np.repeat(groups, size).astype(np.int32),
            }
        )
        return pl.concat([keys[np.repeat(groups, size)], found], how="horizontal")


def _to_user(design: Design, centre: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """As `Design.to_user`, of all groups at once."""
    shift, size = int(design.has_intercept), len(design.names)
    back = np.zeros((len(scale), size, size))
    diagonal = np.arange(shift, size)
    back[:, diagonal, diagonal] = 1.0 / scale
    if shift:
        back[:, 0, 0] = 1.0
        back[:, 0, 1:] = -centre / scale
    return back
