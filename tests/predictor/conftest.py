"""Small tables of features."""

import numpy as np
import polars as pl
import pytest

from assay.frame import Frame, read


@pytest.fixture
def frame() -> Frame:
    rng = np.random.default_rng(11)
    rows = 60
    return read(
        pl.DataFrame(
            {
                "price": rng.gamma(4.0, 0.5, rows),
                "promo": rng.random(rows) < 0.4,
                "store": rng.choice(["north", "south", "west"], rows),
                "weekday": rng.integers(0, 5, rows),
                "shelf (m²)": rng.uniform(1, 9, rows),
                "y": rng.normal(size=rows),
            }
        ),
        source="shop.csv",
    )
