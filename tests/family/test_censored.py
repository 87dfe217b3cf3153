"""What is seen of a target that hides beyond a limit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st

from assay.errors import ConfigError, DataError
from assay.family import Censored, Gamma, Known, NegativeBinomial, Normal, log_likelihood
from assay.registry import families, parse

from .conftest import LEVELS, ask


@pytest.mark.parametrize(
    ("family", "values", "law"),
    [
        (Normal(), {"mean": 1.0, "sd": 2.0}, st.norm(1, 2)),
        (NegativeBinomial(), {"mean": 4.0, "size": 1.3}, st.nbinom(1.3, 1.3 / 5.3)),
    ],
)
def test_the_variance_of_what_is_seen_is_that_of_clipped_values(family, values, law):
    seen = np.clip(law.ppf((np.arange(200_000) + 0.5) / 200_000), 1.0, 6.0)
    parameters = {name: jnp.asarray(value) for name, value in values.items()}
    columns = {"most": jnp.asarray(6.0), "least": jnp.asarray(1.0)}
    bound = Censored(family, above="most", below="least").bind(parameters, columns)
    assert float(ask(bound, "variance")) == pytest.approx(seen.var(), rel=2e-3)
    quantiles = ask(bound, "quantile", jnp.asarray(LEVELS))
    assert quantiles == pytest.approx(np.clip(law.ppf(LEVELS), 1.0, 6.0), rel=1e-9)


def test_the_likelihood_of_parts_is_that_of_the_distribution():
    rng = np.random.default_rng(5)
    most = np.where(rng.random(40) < 0.5, 2.5, np.nan)
    y = np.fmin(rng.normal(2.0, 1.0, size=40), most)
    parameters = {"mean": jnp.asarray(2.0), "sd": jnp.asarray(1.0)}
    family = Censored(Normal(), above="most")
    whole = family.bind(parameters, {"most": jnp.asarray(most)}).log_prob(jnp.asarray(y))
    for part in family.parts(y, {"most": most}):
        bound = part.family.bind(parameters, {})
        piece = log_likelihood(bound, part.known, jnp.asarray(part.y))
        assert piece == pytest.approx(np.asarray(whole)[part.rows], rel=1e-13)
        assert len(part.rows) > 0
    assert family.needs() == ("most",)


def test_a_count_at_its_limit_keeps_the_mass_on_the_limit():
    # A Poisson of mean 2: P(Y >= 3) = 0.3233235838 in tables; P(Y > 3) would be 0.1428765395.
    parameters = {"mean": jnp.asarray(2.0), "size": jnp.asarray(1e12)}
    family = Censored(NegativeBinomial(), above="stock")
    bound = family.bind(parameters, {"stock": jnp.asarray([3.0])})
    assert np.exp(ask(bound, "log_prob", jnp.asarray([3.0]))) == pytest.approx(
        [0.3233235838], rel=1e-9
    )


@pytest.mark.parametrize("side", ["above", "below"])
def test_a_flag_says_that_the_value_is_but_a_bound(side):
    y, flag = np.array([1.0, 2.0, 5.0]), np.array([False, True, False])
    parameters = {"mean": jnp.asarray(1.0), "sd": jnp.asarray(2.0)}
    base = Normal().bind(parameters, {})
    hidden = base.log_sf if side == "above" else base.log_cdf
    family = Censored(Normal(), **{side: "hidden"})
    found = family.bind(parameters, {"hidden": jnp.asarray(flag)}).log_prob(jnp.asarray(y))
    wanted = np.where(flag, hidden(jnp.asarray(y)), base.log_prob(jnp.asarray(y)))
    assert found == pytest.approx(wanted, rel=1e-14)
    parts = {part.known: part for part in family.parts(y, {"hidden": flag})}
    assert parts[Known.AT_LEAST if side == "above" else Known.AT_MOST].y.tolist() == [2.0]
    assert parts[Known.VALUE].rows.tolist() == [0, 2]


def test_a_missing_limit_hides_nothing():
    y = jnp.asarray([1.0, 2.0])
    parameters = {"mean": jnp.asarray(1.0), "sd": jnp.asarray(0.5)}
    limit = jnp.asarray([jnp.nan, 2.0])
    found = Censored(Normal(), above="stock").bind(parameters, {"stock": limit}).log_prob(y)
    base = Normal().bind(parameters, {})
    wanted = [float(base.log_prob(y)[0]), float(base.log_sf(y)[1])]
    assert found == pytest.approx(wanted, rel=1e-14)


def test_gradients_are_finite_where_an_unused_branch_is_not():
    # A limit of 0 and one that is absent: neither may spoil the sum.
    limit = jnp.asarray([0.0, jnp.inf, 1.0])

    def total(parameters):
        named = {"mean": parameters[0], "cv": parameters[1]}
        bound = Censored(Gamma(), above="stock").bind(named, {"stock": limit})
        return bound.log_prob(jnp.asarray([0.0, 2.0, 1.0])).sum()

    assert np.isfinite(jax.jit(jax.jacfwd(total))(jnp.asarray([1.5, 0.4]))).all()


def test_a_row_hidden_on_both_sides_is_refused():
    family = Censored(Normal(), above="most", below="least")
    limits = {"most": np.array([9.0, 2.0]), "least": np.array([-9.0, 3.0])}
    with pytest.raises(DataError, match=r"row 2 is hidden above 2 and below 3 at once.*`least`"):
        family.parts(np.array([0.0, 2.5]), limits)


def test_a_limit_is_named_once_and_at_all():
    with pytest.raises(ConfigError, match="names no column of limits or flags"):
        Censored(Normal())
    with pytest.raises(ConfigError, match="censored already"):
        Censored(Censored(Normal(), above="most"), below="least")


def test_a_flag_beside_a_limit_hides_where_either_says_so():
    # sold 3 of 9: seen; 3 of 3: hidden at 3; 4 of 9 but flagged: at least 4; 2, no limit, flagged;
    # above the limit and flagged: the limit holds; flag unknown: the limit decides alone.
    y = np.array([3.0, 3.0, 4.0, 2.0, 7.0, 5.0])
    stock = np.array([9.0, 3.0, 9.0, np.nan, 6.0, 5.0])
    flag = np.array([0.0, 0.0, 1.0, 1.0, 1.0, np.nan])
    law = st.nbinom(1.3, 1.3 / 5.3)
    wanted = [law.logpmf(3), *(law.logsf(k - 1) for k in (3, 4, 2, 6, 5))]
    family = Censored(NegativeBinomial(), above="stock", flag="gone")
    parameters = {"mean": jnp.asarray(4.0), "size": jnp.asarray(1.3)}
    columns = {"stock": stock, "gone": flag}
    bound = family.bind(parameters, {name: jnp.asarray(each) for name, each in columns.items()})
    assert ask(bound, "log_prob", jnp.asarray(y)) == pytest.approx(wanted, rel=1e-10)
    found = np.empty(y.size)
    for part in family.parts(y, columns):
        one = part.family.bind(parameters, {})
        found[part.rows] = log_likelihood(one, part.known, jnp.asarray(part.y))
    assert found == pytest.approx(wanted, rel=1e-10)
    assert family.needs() == ("stock", "gone")


def test_rows_where_flag_and_limit_disagree_are_counted_and_stop_nothing():
    family = Censored(NegativeBinomial(), above="stock", flag="gone")
    y, stock = np.array([3.0, 3.0, 4.0, 9.0]), np.array([9.0, 3.0, 9.0, np.nan])
    said = family.remarks(y, {"stock": stock, "gone": np.array([True, False, True, True])})
    assert said == (
        "rows that `gone` hides below their own limit `above` (column `stock`): 2 (first: row 1)",
        "rows at their limit `above` (column `stock`) though `gone` says no: 1 (first: row 2)",
    )
    agreed = family.remarks(y, {"stock": stock, "gone": np.array([False, True, False, True])})
    assert agreed == ()


def test_a_recipe_with_flag_and_limit_reads_back():
    family = Censored(NegativeBinomial(), above="stock", flag="sold_out")
    assert family.describe() == "censored(negative-binomial, above='stock', flag='sold_out')"
    assert parse(family.describe(), families) == family


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"flag": "gone"}, "`flag` is 'gone' and `above` is None. A flag alone is named as"),
        ({"above": "gone", "flag": "gone"}, "`flag` is 'gone', must be .* a column of its own"),
        ({"above": "stock", "flag": True}, "`flag` is True, must be the name of a column"),
    ],
)
def test_a_flag_needs_a_limit_beside_it(given, said):
    with pytest.raises(ConfigError, match=said):
        Censored(Normal(), **given)


def test_a_flag_holds_flags_and_a_limit_limits():
    family, y = Censored(Normal(), above="stock", flag="gone"), np.array([1.0, 2.0])
    with pytest.raises(DataError, match="flag `gone` is 7 in row 2, must be true or false"):
        family.parts(y, {"stock": y + 1, "gone": np.array([0.0, 7.0])})
    with pytest.raises(DataError, match="`above` names column `stock`, which holds true and fal"):
        family.parts(y, {"stock": y > 1, "gone": y + 1})
