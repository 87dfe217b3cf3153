"""Random streams that depend on what they are for, never on the order in which they are drawn."""

from zlib import crc32

import numpy as np


def stream(seed: int, purpose: str, *key: int) -> np.random.Generator:
    """The random numbers for one purpose, the same whatever else was drawn before.

    Args:
        seed: the seed of the whole simulation, 0 or above.
        purpose: what the numbers are for, such as `"level"`.
        key: indices of the store, item or series that they belong to, 0 or above.

    Returns:
        A generator of its own; more keys or longer draws leave the earlier numbers unchanged.

    Source: O'Neill (2015), Developing a seed_seq Alternative; NumPy's `SeedSequence`.
    """
    words = np.random.SeedSequence(seed, spawn_key=(crc32(purpose.encode()), *key))
    return np.random.Generator(np.random.PCG64(words))
