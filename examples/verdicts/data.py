"""The data of five questions, as statsmodels and scikit-learn ship them; none is made up here."""

from datetime import date

import numpy as np
import polars as pl


def visits() -> pl.DataFrame:
    """20,190 person-years of the RAND Health Insurance Experiment: `visits` to a physician.

    The table has no key of persons; years of one person share all other columns, so these columns
    together are the `person`. Some persons alike in all of them are taken for one, which only
    makes the groups fewer.
    """
    from statsmodels.datasets import randhie

    table = pl.from_pandas(randhie.load_pandas().data).rename({"mdvis": "visits"})
    others = [name for name in table.columns if name != "visits"]
    return table.with_columns(
        person=pl.struct(others).rank("dense"), visits=pl.col("visits").cast(pl.Int64)
    )


def tumours() -> pl.DataFrame:
    """569 breast masses: thirty measurements of a fine-needle image, `malignant` or not."""
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    columns = {
        name.replace(" ", "_"): found.data[:, place]
        for place, name in enumerate(found.feature_names)
    }
    return pl.DataFrame({**columns, "malignant": (found.target == 0).astype(int)})


def sunspots() -> pl.DataFrame:
    """Mean number of sunspots in each year from 1700 to 2008."""
    from statsmodels.datasets import sunspots as recorded

    table = recorded.load_pandas().data
    years = table["YEAR"].astype(int)
    return pl.DataFrame(
        {
            "year": [date(year, 7, 1) for year in years],
            "spots": table["SUNACTIVITY"].to_numpy(),
        }
    )


def travel() -> pl.DataFrame:
    """210 travellers from Sydney to Melbourne, a row for each of four modes: `chosen` or not."""
    from statsmodels.datasets import modechoice

    table = pl.from_pandas(modechoice.load_pandas().data)
    modes = {1: "air", 2: "train", 3: "bus", 4: "car"}
    return table.select(
        traveller=pl.col("individual").cast(pl.Int64),
        mode=pl.col("mode").cast(pl.Int64).replace_strict(modes, return_dtype=pl.String),
        terminal="ttme",
        cost="invc",
        hours=pl.col("invt") / 60,
        income="hinc",
        party="psize",
        chosen=pl.col("choice").cast(pl.Int64),
    )


def affairs() -> pl.DataFrame:
    """6,366 married women asked by a magazine in 1974: time spent in extramarital affairs."""
    from statsmodels.datasets import fair

    table = pl.from_pandas(fair.load_pandas().data)
    return table.with_columns(affairs=np.sqrt(table["affairs"].to_numpy()))
