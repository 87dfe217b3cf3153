"""The data of the first portfolio: each function loads one table, and none looks at an outcome."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.ndimage import label

from assay.simulate import shop

# Pupils confined to bed, day by day: British Medical Journal (1978) 1:587, 763 boys at school.
IN_BED = (3, 8, 26, 76, 225, 298, 258, 233, 189, 128, 68, 29, 14, 4)
FULL_INK = 16  # the darkest value of a pixel in the digits
LATER = 400  # digits that come in once a model is in production


def beds() -> pl.DataFrame:
    """Influenza in an English boarding school, January 1978: one row a day."""
    first = date(1978, 1, 22)
    return pl.DataFrame(
        {
            "date": [first + timedelta(days=day) for day in range(len(IN_BED))],
            "day": range(1, len(IN_BED) + 1),  # the calendar is known ahead, so a model may use it
            "in_bed": IN_BED,
            "outbreak": "boarding school 1978",
        }
    )


def progression() -> pl.DataFrame:
    """442 diabetes patients: ten measurements at the start, `progression` a year later."""
    from sklearn.datasets import load_diabetes  # here, so that the other tables need no sklearn

    # Unscaled: scikit-learn's scaled columns carry the means of all rows, the sealed ones too.
    frame = load_diabetes(scaled=False, as_frame=True).frame
    return pl.DataFrame({name: frame[name].to_numpy() for name in frame.columns}).rename(
        {"target": "progression"}
    )


def digits() -> pl.DataFrame:
    """The first 1,397 handwritten digits: 64 pixels, features of their shape, and `is_eight`."""
    return _digits()[:-LATER]


def digits_later() -> pl.DataFrame:
    """The other 400 digits, as if they had been labelled after the first were judged."""
    return _digits()[-LATER:]


def _digits() -> pl.DataFrame:
    from sklearn.datasets import load_digits

    images, digit = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    pixels = {f"p{row}{column}": images[:, row, column] for row in range(8) for column in range(8)}
    is_eight = (np.asarray(digit) == 8).astype(int)
    return pl.DataFrame({**pixels, **_shape(images / FULL_INK), "is_eight": is_eight})


def demand() -> pl.DataFrame:
    """Three years of 120 simulated series; what stock-outs hid is not in the table."""
    return shop(seed=1, items=30, stores=4, days=1095, start=date(2022, 1, 1)).sales


def _shape(ink: np.ndarray) -> dict[str, np.ndarray]:
    """What makes an 8 an 8, from its drawing alone: two loops, one on the other, symmetric.

    Args:
        ink: images of shape (image, 8, 8), 0 for paper to 1 for full ink.
    """
    upper, lower = np.array([_holes(image) for image in ink]).T
    return {
        "loop_upper": upper,
        "loop_lower": lower,
        "both_loops": np.minimum(upper, lower),
        "left_right": _symmetry(ink, ink[:, :, ::-1]),
        "upper_lower": _symmetry(ink, ink[:, ::-1, :]),
        "crossing": ink[:, 3:5, 3:5].mean((1, 2)),  # where the strokes of an 8 meet
        "ink_upper_left": ink[:, :4, :4].mean((1, 2)),
        "ink_upper_right": ink[:, :4, 4:].mean((1, 2)),
        "ink_lower_left": ink[:, 4:, :4].mean((1, 2)),
        "ink_lower_right": ink[:, 4:, 4:].mean((1, 2)),
    }


def _holes(ink: np.ndarray) -> tuple[int, int]:
    """Number of enclosed patches of paper whose centre is in the upper and in the lower half."""
    # A frame of paper joins all that is open to the outside into one patch, the first.
    patches, count = label(np.pad(ink, 1) < 0.5)
    height = [np.argwhere(patches == patch)[:, 0].mean() for patch in range(2, count + 1)]
    middle = (patches.shape[0] - 1) / 2
    return sum(h <= middle for h in height), sum(h > middle for h in height)


def _symmetry(ink: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Share of the ink that falls on ink when the image is mirrored, 0 to 1."""
    return np.minimum(ink, mirrored).sum((1, 2)) / ink.sum((1, 2))
