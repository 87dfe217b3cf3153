"""Blocks, cores, devices, weights and repeated rows change nothing about the likelihood."""

import jax
import numpy as np
import pytest
import scipy.sparse as sp

from assay.compute import on_all_cores
from assay.family import Bernoulli, Gamma, Known, LogNormal, Normal
from assay.fit import PartRows
from assay.fit.collapse import collapsed
from assay.fit.likelihood import Likelihood
from assay.fit.on_device import DeviceRows
from assay.fit.row_terms import BLOCK
from assay.predictor.matrix import ones

RNG = np.random.default_rng(12)
GAMMA = Gamma()
AT = np.array([0.3, -0.4, 0.2, 0.1])


def rows_of(rows, family=GAMMA, known=Known.VALUE, **more):
    design = np.asfortranarray(np.column_stack([np.ones(rows), RNG.normal(size=(rows, 2))]))
    return PartRows(family, known, (design, ones(rows)), RNG.gamma(2.0, size=rows), **more)


def assert_equal(found, wanted, rel=1e-11):
    for one, other in zip(found, wanted, strict=True):
        scale = np.abs(other).max()
        assert np.asarray(one) == pytest.approx(np.asarray(other), rel=rel, abs=rel * scale)


def test_many_blocks_on_many_cores_are_the_sum_of_their_rows():
    part = rows_of(6 * BLOCK + 11)
    whole = Likelihood((part,))(AT)
    pieces = [Likelihood((piece,))(AT) for piece in part.blocks(1000)]
    assert_equal(whole, [sum(each) for each in zip(*pieces, strict=True)])


def test_a_part_is_cut_into_blocks_that_share_its_memory():
    part = rows_of(2500)
    blocks = list(part.blocks(1000))
    assert [len(block.y) for block in blocks] == [1000, 1000, 500]
    assert all(np.shares_memory(block.designs[0], part.designs[0]) for block in blocks)


@pytest.mark.parametrize("known", [Known.VALUE, Known.AT_LEAST])
@pytest.mark.parametrize("rows", [1, 700, 1500])
def test_a_device_takes_the_same_sums(known, rows):
    offsets = np.stack([RNG.normal(size=rows), np.zeros(rows)])
    weights = RNG.integers(0, 3, rows).astype(float)
    part = rows_of(rows, LogNormal(), known, offsets=offsets, weights=weights)
    (found,) = DeviceRows(part, jax.devices("cpu")[0])(AT)
    assert_equal(found, Likelihood((part,))(AT))


def test_a_device_takes_more_rows_than_it_may_hold_in_chunks(monkeypatch):
    monkeypatch.setattr("assay.fit.on_device.CHUNK", 1024)
    monkeypatch.setattr("assay.fit.on_device._SIZES", (1024,))
    monkeypatch.setattr("assay.fit.on_device.RESIDENT_BYTES", 0)
    part = rows_of(2500, LogNormal())
    rows = DeviceRows(part, jax.devices("cpu")[0])
    for _ in range(2):
        found = list(rows(AT))
        assert len(found) == 3
        assert_equal([sum(each) for each in zip(*found, strict=True)], Likelihood((part,))(AT))


def test_a_weight_is_a_number_of_equal_rows():
    part = rows_of(300)
    often = RNG.integers(0, 4, 300)
    weighted = Likelihood((PartRows(**{**vars(part), "weights": often.astype(float)}),))
    repeated = Likelihood((part.cut(np.repeat(np.arange(300), often)),))
    assert_equal(weighted(AT), repeated(AT))


def test_sparse_and_dense_designs_say_the_same():
    part = rows_of(900)
    sparse = (sp.csr_array(part.designs[0]), sp.csr_array(np.ones((900, 1))))
    assert_equal(
        Likelihood((PartRows(**{**vars(part), "designs": sparse}),))(AT), Likelihood((part,))(AT)
    )


def test_equal_rows_are_counted_instead_of_repeated():
    rows = 20_000
    store, day = RNG.integers(0, 4, rows), RNG.integers(0, 7, rows)
    design = np.asfortranarray(np.column_stack([np.ones(rows), store == 1, day == 3]).astype(float))
    y = (RNG.random(rows) < 0.3).astype(float)
    part = PartRows(Bernoulli(), Known.VALUE, (design,), y)
    short = collapsed(part)
    assert len(short.y) == 8
    assert short.weights is not None
    assert short.weights.sum() == rows
    assert_equal(Likelihood((short,))(AT[:3]), Likelihood((part,))(AT[:3]))
    again = collapsed(PartRows(**{**vars(part), "weights": np.full(rows, 0.5)}))
    assert_equal(Likelihood((again,))(AT[:3]), [each / 2 for each in Likelihood((part,))(AT[:3])])


def test_rows_that_differ_come_back_as_they_are():
    measured = rows_of(20_000)
    assert collapsed(measured) is measured
    few = PartRows(Normal(), Known.VALUE, (ones(50), ones(50)), np.ones(50))
    assert collapsed(few) is few


def test_results_keep_the_order_of_their_items():
    assert on_all_cores(lambda item: item**2, list(range(20))) == [k**2 for k in range(20)]
