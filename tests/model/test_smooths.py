"""Models with curves, groups and offsets: what they find, and what they say of it."""

import numpy as np
import polars as pl
import pytest
from scipy.interpolate import make_smoothing_spline

from assay.errors import DataError
from assay.family import Gamma, NegativeBinomial, Normal
from assay.frame import read
from assay.model import Model
from assay.predictor import Linear
from assay.predictor.group import Group
from assay.predictor.offset import Offset
from assay.predictor.spline import Spline

RNG = np.random.default_rng(21)


def frame_of(**columns):
    return read(pl.DataFrame(columns), source="t.csv")


@pytest.fixture(scope="module")
def wave():
    x = RNG.uniform(0, 10, 400)
    return frame_of(x=x, y=np.sin(x) + 0.3 * RNG.normal(size=400))


@pytest.fixture(scope="module")
def stores():
    """Sales of 40 stores in 5 regions; the number of days differs from store to store."""
    days = RNG.integers(2, 25, 40)
    store = np.repeat(np.arange(40), days)
    region = store % 5
    own, shared = RNG.normal(0, 0.5, 40), RNG.normal(0, 0.8, 5)
    y = 3 + shared[region] + own[store] + RNG.normal(0, 0.7, len(store))
    return frame_of(region=region, store=store, y=y), own


def test_a_curve_is_as_good_as_one_whose_smoothness_is_known(wave):
    fitted = Model(Normal(), mean=Spline("x")).fit(wave, "y")
    x, y = wave.numbers("x"), wave.numbers("y")
    error = np.sqrt(np.mean((fitted.predict(wave).mean() - np.sin(x)) ** 2))
    order = np.argsort(x)
    trials = [make_smoothing_spline(x[order], y[order], lam=lam) for lam in np.logspace(-4, 1, 21)]
    best = min(np.sqrt(np.mean((curve(x) - np.sin(x)) ** 2)) for curve in trials)
    assert error < 1.25 * best
    sd = np.exp(fitted.mode[-1])
    assert sd == pytest.approx(0.3, rel=0.1)


def test_a_line_stays_a_line_and_is_said_to():
    x = RNG.uniform(-3, 3, 200)
    frame = frame_of(x=x, y=1 + 2 * x + RNG.normal(size=200))
    fitted = Model(Normal(), mean=Spline("x")).fit(frame, "y")
    assert "spline(x): no wiggle beyond chance" in fitted.result.message
    assert fitted.smooths()["freedom"][0] < 0.01
    line = Model(Normal(), mean=Linear("x")).fit(frame, "y").predict(frame)
    assert fitted.predict(frame).mean() == pytest.approx(line.mean(), abs=0.02)


def test_bands_hold_the_curve():
    inside = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.uniform(0, 1, 150)
        truth = np.exp(1 + np.sin(2 * np.pi * x))
        frame = frame_of(x=x, y=rng.gamma(4.0, truth / 4.0))
        fitted = Model(Gamma(), mean=Spline("x")).fit(frame, "y")
        table = fitted.effects()
        at, low, high = (table[name].to_numpy() for name in ("value", "lo-95", "hi-95"))
        curve = np.sin(2 * np.pi * at) - np.mean(np.sin(2 * np.pi * x))
        inside.append(np.mean((low <= curve) & (curve <= high)))
    # Averaged over the curve and over tables, 95 % bands cover about 95 % (Nychka 1988).
    assert 0.9 < np.mean(inside) < 0.99


def test_a_seasonal_surface_is_found():
    day, size = RNG.uniform(0, 365.25, 900), RNG.uniform(0, 1, 900)
    truth = (1 + 2 * size) * np.cos(2 * np.pi * day / 365.25)
    frame = frame_of(day=day, size=size, y=truth + 0.5 * RNG.normal(size=900))
    surface = Spline("day", "size", cyclic="day", period=365.25)
    fitted = Model(Normal(), mean=surface).fit(frame, "y")
    assert np.std(fitted.predict(frame).mean() - truth) < 0.15
    ends = frame_of(day=[0.0, 365.25], size=[0.4, 0.4])
    low, high = fitted.predict(ends).mean()
    assert low == pytest.approx(high, abs=1e-9)


def test_every_parameter_may_bend():
    x = RNG.uniform(0, 1, 1500)
    sd = np.exp(-1 + np.sin(2 * np.pi * x))
    frame = frame_of(x=x, y=3 * x + sd * RNG.normal(size=1500))
    fitted = Model(Normal(), mean=Spline("x"), sd=Spline("x")).fit(frame, "y")
    low, high = fitted.predict(frame).interval(0.9)
    assert np.median(np.abs((high - low) / (2 * 1.645 * sd) - 1)) < 0.08


def test_stores_are_drawn_to_their_region_and_new_ones_are_uncertain(stores):
    frame, own = stores
    fitted = Model(Normal(), mean=Group("region", "store")).fit(frame, "y")
    table = fitted.effects().filter(pl.col("column") == "region:store")
    seen = table.filter(pl.col("level") != "(any other)")
    place = [int(level.split(" : ")[1]) for level in seen["level"]]
    found = seen["estimate"].to_numpy()
    assert np.corrcoef(found, own[place])[0, 1] > 0.85
    assert np.std(found) < np.std(own) * 1.2
    sds = dict(zip(fitted.smooths()["term"], fitted.smooths()["sd"], strict=True))
    assert sds["group(region:store)"] == pytest.approx(0.5, rel=0.3)
    new = frame_of(region=[0, 0], store=[0, 999])
    low, high = fitted.predict(new).interval(0.9)
    assert (high - low)[1] > 1.15 * (high - low)[0]
    expected = np.hypot(np.exp(fitted.mode[-1]), sds["group(region:store)"])
    assert (high - low)[1] == pytest.approx(2 * 1.645 * expected, rel=0.1)


def test_pooled_effects_foretell_better_than_free_ones(stores):
    frame = stores[0]
    rng = np.random.default_rng(3)
    back = rng.random(frame.rows) < 0.3
    keep, ask = frame.take(~back), frame.take(back)
    y = ask.numbers("y")
    pooled = Model(Normal(), mean=Group("store")).fit(keep, "y").predict(ask).log_prob(y)
    free = Model(Normal(), mean=Linear("C(store)")).fit(keep, "y").predict(ask).log_prob(y)
    assert np.mean(pooled) > np.mean(free)


def test_an_offset_is_what_is_known_already():
    x, known = RNG.normal(size=(2, 120))
    y = 1 + 0.5 * x + 30 * known + RNG.normal(size=120)
    shifted = frame_of(x=x, known=30 * known, y=y, left=y - 30 * known)
    with_offset = Linear("x", prior_sd=1e4) + Offset("known")
    one = Model(Normal(), mean=with_offset, prior="flat").fit(shifted, "y")
    two = Model(Normal(), mean=Linear("x"), prior="flat").fit(shifted, "left")
    assert one.mode == pytest.approx(two.mode, rel=1e-6, abs=1e-6)
    gap = one.predict(shifted).mean() - two.predict(shifted).mean()
    assert gap == pytest.approx(30 * known, abs=1e-5)


def test_a_rate_is_a_count_by_exposure():
    exposure = RNG.uniform(1e4, 1e6, 500)
    claims = RNG.poisson(2e-5 * exposure).astype(float)
    frame = frame_of(exposure=exposure, claims=claims)
    fitted = Model(NegativeBinomial(), mean=Offset("exposure", log=True)).fit(frame, "claims")
    rate = np.exp(fitted.coefficients()["estimate"][0])
    # The prior of the intercept knows of the offset, or it would pull a rate of 1e-5 towards 1.
    assert rate == pytest.approx(claims.sum() / exposure.sum(), rel=0.005)


def test_priors_are_told_as_they_are(stores):
    told = Model(Normal(), mean=Linear("store") + Group("region")).fit(stores[0], "y").priors()[0]
    assert told.startswith("mean (identity link): standardised coefficients ~ Normal(0,")
    assert "group(region) ~ Normal(0, " in told
    spline = Model(Normal(), mean=Spline("store")).fit(stores[0], "y").priors()[0]
    assert "spline(store) penalised by " in spline


def test_a_curve_beside_its_own_line_is_refused(wave):
    with pytest.raises(DataError, match=r"`x` is a combination of the columns before it"):
        Model(Normal(), mean=Spline("x") + Linear("x")).fit(wave, "y")


def test_lambdas_can_be_read_off_the_priors():
    x, z = RNG.uniform(0, 1, (2, 500))
    frame = frame_of(x=x, z=z, y=np.sin(6 * x) * z + 0.2 * RNG.normal(size=500))
    fitted = Model(Normal(), mean=Spline("x", "z")).fit(frame, "y")
    design = fitted.designs[0]
    lambdas = fitted.smooths()["lambda"].to_numpy()
    unit = np.std(frame.numbers("y"))
    covered = design.is_penalised
    precision = lambdas @ np.array(design.penalties)[:, covered]
    assert fitted.prior.sd[:-1][covered] == pytest.approx(precision**-0.5, rel=1e-6)
    # Both directions are needed: neither penalty runs to where it leaves nothing.
    assert np.all(lambdas * unit**2 < 1e4)
