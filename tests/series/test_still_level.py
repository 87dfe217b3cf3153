"""A level that is told not to follow."""

import polars as pl

import assay


def test_a_level_that_does_not_follow_stays_where_it_began(past):
    family = assay.Censored(assay.NegativeBinomial(), above="stock")
    model = assay.Model(family, mean=assay.ScoreDriven(level=False))
    fitted = model.fit(past, "units", time="date", by=["store", "item"])
    means = fitted.demand().group_by("store", "item").agg(pl.col("mean").n_unique())
    assert means["mean"].to_list() == [1] * len(fitted)
