"""Whether Markov chains can be believed: R-hat, effective sample sizes, Monte-Carlo errors."""

import numpy as np
from jaxtyping import Float
from scipy.fft import next_fast_len
from scipy.special import ndtri
from scipy.stats import rankdata

Chains = Float[np.ndarray, "chains samples"]


def r_hat(values: Chains) -> float:
    """Rank-normalised split R-hat, the larger of that of the values and of their distances.

    Args:
        values: draws of one quantity, at least 4 a chain.

    Returns:
        1 where the chains agree; NaN where a draw is not finite or all draws are one value.

    Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), Rank-normalization, folding, and
        localization: an improved R-hat.
    """
    if not _varies(values):
        return np.nan
    split = _split(values)
    folded = np.abs(split - np.median(split))
    return max(_plain_r_hat(_normal_scores(split)), _plain_r_hat(_normal_scores(folded)))


def ess_bulk(values: Chains) -> float:
    """Effective number of draws for the centre of the distribution.

    Source: Vehtari et al. (2021).
    """
    return _ess(_normal_scores(_split(values))) if _varies(values) else np.nan


def ess_tail(values: Chains) -> float:
    """Effective number of draws for the 5 and the 95 % quantile, the smaller of the two.

    Source: Vehtari et al. (2021).
    """
    if not _varies(values):
        return np.nan
    edges = np.quantile(values, [0.05, 0.95])
    return min(_ess(_split((values <= edge).astype(float))) for edge in edges)


def mcse_mean(values: Chains) -> float:
    """Monte-Carlo standard error of the mean of the draws."""
    if not _varies(values):
        return np.nan
    return float(np.std(values, ddof=1) / np.sqrt(_ess(_split(values))))


def mcse_sd(values: Chains) -> float:
    """Monte-Carlo standard error of the standard deviation of the draws.

    Source: Vehtari et al. (2021), by the delta method from the mean of squared distances.
    """
    if not _varies(values):
        return np.nan
    squares = (values - values.mean()) ** 2
    error = np.std(squares) / np.sqrt(_ess(_split(squares)))
    return float(error / (2 * np.sqrt(squares.mean())))


def _varies(values: Chains) -> bool:
    return bool(np.isfinite(values).all() and np.ptp(values) > 0)


def _split(values: Chains) -> Chains:
    """Each chain in halves, so that a trend inside it shows as chains that disagree."""
    half = values.shape[1] // 2
    return np.concatenate([values[:, :half], values[:, -half:]])


def _normal_scores(values: Chains) -> Chains:
    """Normal quantiles of the ranks: what follows then holds for heavy tails, too."""
    ranks = rankdata(values, method="average").reshape(values.shape)
    return ndtri((ranks - 0.375) / (values.size + 0.25))


def _plain_r_hat(values: Chains) -> float:
    samples = values.shape[1]
    within = np.mean(np.var(values, axis=1, ddof=1))
    between = samples * np.var(values.mean(axis=1), ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):  # chains that never move: infinity
        return float(np.sqrt((between / within + samples - 1) / samples))


def _ess(values: Chains) -> float:
    """Effective sample size of chains that are split already.

    Source: Geyer (1992), Practical Markov chain Monte Carlo: the initial monotone sequence; with
        several chains as Vehtari et al. (2021).
    """
    chains, samples = values.shape
    if np.ptp(values) == 0:
        return float(values.size)
    covariance = _autocovariance(values).mean(axis=0)
    spread = covariance[0] * samples / (samples - 1)
    total = covariance[0] + (np.var(values.mean(axis=1), ddof=1) if chains > 1 else 0.0)
    correlation = 1.0 - (spread - covariance) / total
    correlation[0] = 1.0
    pairs = correlation[: samples // 2 * 2].reshape(-1, 2).sum(axis=1)
    # The sums of neighbours are positive and fall; where they first do not, noise has taken over.
    beyond = np.append(np.flatnonzero(pairs < 0), max((samples - 3) // 2, 1))
    last = int(beyond.min())
    kept = np.minimum.accumulate(pairs[:last])
    # The last even lag counts where it is positive: it improves the estimate of antithetic chains.
    rest = max(float(correlation[2 * last]), 0.0) if 2 * last < samples else 0.0
    time = max(2 * kept.sum() - 1 + rest, 1 / np.log10(values.size))
    return float(values.size / time)


def _autocovariance(values: Chains) -> Chains:
    """At each lag, of each chain, by the fast Fourier transform."""
    samples = values.shape[1]
    size = next_fast_len(2 * samples)
    power = np.abs(np.fft.rfft(values - values.mean(axis=1, keepdims=True), size, axis=1)) ** 2
    return np.fft.irfft(power, size, axis=1)[:, :samples] / samples
