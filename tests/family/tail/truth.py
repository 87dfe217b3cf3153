"""The same functions from series and continued fractions in 60 digits, by methods unlike Assay's.

The incomplete gamma function by its series and by Legendre's fraction, the incomplete beta function
by the fraction of DLMF 8.17.22; derivatives by central differences of these.
"""

from collections.abc import Callable, Sequence
from functools import cache

import mpmath as mp
import numpy as np

DIGITS = 60
Tails = tuple[mp.mpf, mp.mpf]


@cache
def gamma_tails(a: float, x: float) -> Tails:
    a, x = mp.mpf(a), mp.mpf(x)
    factor = mp.exp(a * mp.log(x) - x - mp.loggamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = 0
        while term > total * mp.eps:
            n += 1
            term *= x / (a + n)
            total += term
        return mp.log(factor * total), mp.log1p(-factor * total)
    upper = factor * _lentz(x + 1 - a, lambda i: -i * (i - a), lambda i: x + 1 - a + 2 * i)
    return mp.log1p(-upper), mp.log(upper)


def _lentz(b0: mp.mpf, top: Callable, bottom: Callable) -> mp.mpf:
    """1 / (b0 + top(1) / (bottom(1) + ...)), from the front (modified Lentz)."""
    d = value = 1 / b0
    c = mp.mpf(10) ** 300
    i = 0
    while True:
        i += 1
        d = 1 / (top(i) * d + bottom(i))
        c = bottom(i) + top(i) / c
        value *= c * d
        if abs(c * d - 1) < 10 * mp.eps:
            return value


@cache
def beta_tails(a: float, b: float, x: float, y: float) -> Tails:
    a, b, x, y = mp.mpf(a), mp.mpf(b), mp.mpf(x), mp.mpf(y)
    factor = mp.exp(
        a * mp.log(x) + b * mp.log(y) + mp.loggamma(a + b) - mp.loggamma(a) - mp.loggamma(b)
    )
    if x < (a + 1) / (a + b + 2):
        lower = factor * _beta_fraction(a, b, x)
        return mp.log(lower), mp.log1p(-lower)
    upper = factor * _beta_fraction(b, a, y)
    return mp.log1p(-upper), mp.log(upper)


def _beta_fraction(a: mp.mpf, b: mp.mpf, x: mp.mpf) -> mp.mpf:
    def top(i: int) -> mp.mpf:
        m = i // 2
        if i % 2:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    return _lentz(mp.mpf(1), top, lambda _: mp.mpf(1)) / a


def beta_tails_at(a: float, b: float, x: float) -> Tails:
    return beta_tails(a, b, x, 1 - mp.mpf(x))


def count_tails(k: float, mean: float, size: float) -> Tails:
    mean, size = mp.mpf(mean), mp.mpf(size)
    above, upto = beta_tails(mp.mpf(k) + 1, size, mean / (mean + size), size / (mean + size))
    return upto, above


@cache
def normal_log_cdf(z: float) -> mp.mpf:
    z = mp.mpf(z)
    tail = mp.erfc(abs(z) / mp.sqrt(2)) / 2
    return mp.log(tail) if z < 0 else mp.log1p(-tail)


def slopes(tails: Callable[..., Tails], at: Sequence, which: int, step: str = "1e-20") -> Tails:
    """Central difference of both tails in argument `which`."""
    up, down = ([mp.mpf(value) for value in at] for _ in range(2))
    width = up[which] * mp.mpf(step)
    up[which] += width
    down[which] -= width
    one, two = (
        (high - low) / (2 * width) for high, low in zip(tails(*up), tails(*down), strict=True)
    )
    return one, two


def bends(tails: Callable[..., Tails], at: Sequence, first: int, second: int) -> Tails:
    """Second central difference of both tails in two arguments."""
    return slopes(lambda *near: slopes(tails, near, first, "1e-18"), at, second, "1e-15")


def worst(got: np.ndarray, want: Sequence[mp.mpf], parts: Sequence[mp.mpf] | None = None) -> float:
    """Largest relative error; what float64 cannot hold is left out.

    Where a derivative is a difference that crosses zero, its error is on the size of its `parts`.
    """
    sizes = [abs(part) for part in parts] if parts else [mp.mpf(0)] * len(want)
    errors = [
        float(abs(mp.mpf(float(value)) - truth) / max(abs(truth), size))
        for value, truth, size in zip(np.ravel(got), want, sizes, strict=True)
        if max(abs(truth), size) > mp.mpf("1e-290")
    ]
    return max(errors)


def worst_bend(
    got: np.ndarray, tails: Callable[..., Tails], points: Sequence, first: int, second: int
) -> float:
    """Largest error of (log F)'' = F''/F - (F'/F)², on its value or on its last part."""
    want = [bends(tails, at, first, second) for at in points]
    one, two = ([slopes(tails, at, which) for at in points] for which in (first, second))
    return max(
        worst(
            got[:, tail, first, second],
            [bend[tail] for bend in want],
            [left[tail] * right[tail] for left, right in zip(one, two, strict=True)],
        )
        for tail in (0, 1)
    )
