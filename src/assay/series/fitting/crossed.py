"""Levels that share effects of several groupings at once: a mixed model of crossed effects.

The level that was estimated for series i, with information `told_i`, is

    level_i = mean + sum over columns k of effect_k[value of i] + own_i + error_i,

where effects of column k are normal around 0 with a variance of its own, `own_i` is normal with
another, and the error has the variance 1 / told_i. Columns may cross, nest, and be as unbalanced
as sales of items in stores are.

Best linear unbiased predictions solve the mixed model equations. Of those the column with most
values is eliminated, since its block is diagonal; what is left is dense and small. Variances are
those of restricted maximum likelihood, by its fixed point: the sum of squared effects over how many
of them the data decide. One more effect, a quarter of the spread of all levels, is added to each
sum: without it a column of few values is often held to say nothing, and its unknown values to be
known. Where values are too many for these equations, variances are learnt from series of some
values, all effects by conjugate gradients, and their errors as if each column's were independent.

Source: Henderson (1950), Estimation of genetic parameters, and (1975), Biometrics 31, for the
equations; Patterson & Thompson (1971), Biometrika 58, for the likelihood; Harville (1977), JASA 72,
for the fixed point; Gao & Owen (2017), Electronic Journal of Statistics 11, for why no method that
forms all equations is one for large data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse.linalg import LinearOperator, cg

from assay.series.kinds import Floats, Whole

ROUNDS, CLOSE = 40, 1e-3  # of variances, and a relative change after which they stay
LEAST = 1e-3  # of a standard deviation of all levels
PRIOR = 0.25  # of it, the size of one more effect that is believed in
MOST, CELLS = 512, 4_000_000  # values beside the largest column, and of one dense table
EXACT = 1e-10  # residual of a system that is solved by steps, relative


class Errors(NamedTuple):
    """How the mean and all effects err together, in blocks of their covariance.

    Fields:
        first: variances of the effects of the column with most values, which it is for the rest.
        between: minus covariances of those with the mean and the other effects; empty where errors
            of each are taken as independent.
        rest: covariances of the mean and the other effects; then their variances alone.
        starts: where the effects of each column begin in `rest`; -1 for the first.
    """

    first: Floats
    between: Floats
    rest: Floats
    starts: Whole

    def of(self, codes: Sequence[Whole], unknown: Floats) -> Floats:
        """Variances of the mean with the effects of series.

        Args:
            codes: number of the value of each column; -1 where it is not known.
            unknown: variance of the effects of each column over values.
        """
        count, own = len(codes[0]), int(np.argmin(self.starts))
        first, known = codes[own].clip(0), codes[own] >= 0
        found = np.where(known, self.first[first], unknown[own])
        rest = [(np.zeros(count, np.int64), np.ones(count, bool))]
        for k, (code, start) in enumerate(zip(codes, self.starts, strict=True)):
            if k != own:
                rest.append((start + code.clip(0), code >= 0))
                found += np.where(code >= 0, 0.0, unknown[k])
        if not self.between.size:
            return found + sum(np.where(there, self.rest[at], 0.0) for at, there in rest)
        for at, there in rest:
            found -= 2.0 * np.where(there & known, self.between[first, at], 0.0)
            for other, too in rest:
                found += np.where(there & too, self.rest[at, other], 0.0)
        return found


@dataclass(frozen=True, eq=False)
class Crossed:
    """Effects of the values of several columns.

    Fields:
        mean: of all levels, where each column has the mean effect of its values.
        own_sd: over series, of what no column explains.
        spreads: standard deviation of the effects of each column over values.
        effects: of each value of each column, beside the column's mean; they add up to 0.
        effect_sds: how far each is known.
        errors: how all of them err together.
    """

    mean: float
    own_sd: float
    spreads: Floats
    effects: tuple[Floats, ...]
    effect_sds: tuple[Floats, ...]
    errors: Errors

    def fitted(self, codes: Sequence[Whole]) -> Floats:
        """Mean and effects of series, by the number of their value of each column."""
        each = [own[code] for own, code in zip(self.effects, codes, strict=True)]
        return self.mean + np.sum(each, axis=0)


class _Variances(NamedTuple):
    """Of what is left to a series, and of the effects of each column."""

    own: float
    effects: Floats


@dataclass(frozen=True, eq=False)
class _Levels:
    """What is to be explained.

    Fields:
        levels: of series.
        told: information of each.
        codes: number of the value of each column, (columns, series); the first has most values.
        sizes: how many values each column has.
    """

    levels: Floats
    told: Floats
    codes: Whole
    sizes: Whole

    @property
    def is_small(self) -> bool:
        """Whether equations can be formed."""
        rest = 1 + int(self.sizes[1:].sum())
        return rest <= MOST and rest * int(self.sizes[0]) <= CELLS

    def weights(self, own: float) -> Floats:
        """One over the variance of each level, given its effects."""
        return self.told / (1.0 + own * self.told)

    def starts(self) -> Whole:
        """Where the effects of each column begin, after the mean; -1 for the first."""
        return np.append(-1, 1 + np.cumsum(np.append(0, self.sizes[1:])))[:-1]

    def places(self) -> Whole:
        """Where the mean and the effects of all columns but the first stand, (columns, series)."""
        rest = self.codes[1:] + self.starts()[1:, None]
        return np.concatenate([np.zeros((1, self.told.size), np.int64), rest])


def learn_crossed(levels: Floats, told: Floats, codes: Sequence[Whole]) -> Crossed:
    """Effects of the values of several columns, and how far each is known.

    Args:
        levels: estimated of each series.
        told: information of each estimate, one over its variance; 0 tells nothing.
        codes: of each column the number of each series' value, from 0; all values below the
            largest number count, those that no series tells of too.

    Returns:
        Effects in the order of `codes`.
    """
    sizes = np.array([1 + int(code.max()) for code in codes])
    order = np.argsort(-sizes, kind="stable")
    ordered = np.stack([np.asarray(codes[k], np.int64) for k in order])
    given = _Levels(levels, told, ordered, sizes[order])
    variances = _variances(given)
    found = (
        _Equations.of(given, variances).solved() if given.is_small else _by_steps(given, variances)
    )
    back = np.argsort(order)
    return Crossed(
        mean=found.mean,
        own_sd=float(np.sqrt(variances.own)),
        spreads=np.sqrt(variances.effects)[back],
        effects=tuple(found.effects[k] for k in back),
        effect_sds=tuple(found.effect_sds[k] for k in back),
        errors=found.errors._replace(starts=found.errors.starts[back]),
    )


class _Solved(NamedTuple):
    """A solution in the order of the columns, with standard errors beside the columns' means."""

    mean: float
    effects: list[Floats]
    effect_sds: list[Floats]
    errors: Errors


@dataclass(frozen=True, eq=False)
class _Equations:
    """The mixed model equations, solved: what is eliminated first, and the dense rest.

    Fields:
        given: what they are of.
        variances: with which.
        first: diagonal of the column with most values.
        link: between its values and the rest, over that diagonal.
        inverse: of the equations of the rest.
        among: `link` times `inverse`.
        own: effects of the first column.
        rest: the mean, and effects of the other columns.
    """

    given: _Levels
    variances: _Variances
    first: Floats
    link: Floats
    inverse: Floats
    among: Floats
    own: Floats
    rest: Floats

    @classmethod
    def of(cls, given: _Levels, variances: _Variances) -> "_Equations":
        code, places = given.codes[0], given.places()
        size, left = int(given.sizes[0]), 1 + int(given.sizes[1:].sum())
        w = given.weights(variances.own)
        first = np.bincount(code, w, size) + 1.0 / variances.effects[0]
        between = np.zeros(size * left)
        among = np.diag(np.append(0.0, np.repeat(1.0 / variances.effects[1:], given.sizes[1:])))
        right = np.zeros(left)
        for own in places:
            between += np.bincount(code * left + own, w, size * left)
            right += np.bincount(own, w * given.levels, left)
            for other in places:
                among += np.bincount(own * left + other, w, left**2).reshape(left, left)
        between = between.reshape(size, left)
        link = between / first[:, None]
        inverse = cho_solve(cho_factor(among - between.T @ link), np.eye(left))
        above = np.bincount(code, w * given.levels, size)
        rest = inverse @ (right - link.T @ above)
        own = above / first - link @ rest
        return cls(given, variances, first, link, inverse, link @ inverse, own, rest)

    def parts(self) -> list[slice]:
        """Where each other column stands in the rest."""
        edges = 1 + np.cumsum(np.append(0, self.given.sizes[1:]))
        return [slice(low, high) for low, high in pairwise(edges)]

    def fitted(self) -> Floats:
        """What mean and effects say of each level."""
        return self.own[self.given.codes[0]] + self.rest[self.given.places()].sum(axis=0)

    def first_variances(self) -> Floats:
        """Of the effects of the first column."""
        return 1.0 / self.first + np.einsum("gr,gr->g", self.among, self.link)

    def errors(self) -> Errors:
        """How the mean and all effects err together."""
        return Errors(self.first_variances(), self.among, self.inverse, self.given.starts())

    def renewed(self, believed: float) -> _Variances:
        """A round of the fixed point, with one more squared effect in each sum."""
        given, was = self.given, self.variances
        w = given.weights(was.own)
        left = w * (given.levels - self.fitted())
        opened = self.errors().of(list(given.codes), was.effects)
        own_decided = was.own * (np.sum(w) - np.sum(w**2 * opened))
        own = (was.own**2 * float(left @ left) + believed) / (max(own_decided, 0.0) + 1.0)
        effects = [self.own, *(self.rest[part] for part in self.parts())]
        traces = [self.first_variances().sum()]
        traces += [np.trace(self.inverse[part, part]) for part in self.parts()]
        sums = np.array([each @ each for each in effects])
        decided = np.maximum(given.sizes - np.array(traces) / was.effects, 0.0)
        return _Variances(float(own), (sums + believed) / (decided + 1.0))

    def solved(self) -> _Solved:
        """With standard errors beside the mean of each column's values."""
        sizes = self.given.sizes
        rows = (1.0 / self.first + self.among @ self.link.sum(axis=0)) / sizes[0]
        sds = [_root(self.first_variances() - 2.0 * rows + rows.mean())]
        for part in self.parts():
            block = self.inverse[part, part]
            sds.append(_root(np.diag(block) - 2.0 * block.mean(axis=1) + block.mean()))
        effects = [self.own, *(self.rest[part] for part in self.parts())]
        return _Solved(float(self.rest[0]), effects, sds, self.errors())


def _root(variance: Floats | float) -> Floats:
    return np.sqrt(np.maximum(variance, 0.0))


def _variances(given: _Levels) -> _Variances:
    """Of restricted maximum likelihood, with one more effect of each kind."""
    given = _fewer(given)
    told = given.told > 0
    whole = max(float(np.var(given.levels[told])) if told.any() else 1.0, LEAST**2)
    found = _Variances(whole / 2, np.full(len(given.sizes), whole / 2))
    for _ in range(ROUNDS):
        was, found = found, _Equations.of(given, found).renewed(PRIOR**2 * whole)
        step = np.log(np.append(found.effects / was.effects, found.own / was.own))
        if np.all(np.abs(step) < CLOSE):
            break
    return found


def _fewer(given: _Levels) -> _Levels:
    """Series of so few values that equations can be formed: of half of a column's, until they can.

    Halves are taken of the largest column beside the first, so that few series are lost.
    """
    rng = np.random.default_rng(given.told.size)
    while not given.is_small:
        rest = given.sizes[1:]
        largest = 1 + int(np.argmax(rest)) if rest.max(initial=0) > 1 else 0
        size = int(given.sizes[largest])
        half = rng.permutation(size) < size / 2
        kept = half[given.codes[largest]] & (given.told > 0)
        codes = [np.unique(code, return_inverse=True)[1] for code in given.codes[:, kept]]
        sizes = np.array([1 + int(code.max(initial=0)) for code in codes])
        given = _Levels(given.levels[kept], given.told[kept], np.stack(codes), sizes)
    return given


def _by_steps(given: _Levels, variances: _Variances) -> _Solved:
    """Effects by conjugate gradients, for values whose equations are too many to be formed."""
    w, sizes = given.weights(variances.own), given.sizes
    edges = np.cumsum(np.append(1, sizes))
    places = given.codes + edges[:-1, None]
    penalty = np.append(0.0, np.repeat(1.0 / variances.effects, sizes))

    def gathered(each: Floats) -> Floats:
        own = [np.bincount(code, each, size) for code, size in zip(given.codes, sizes, strict=True)]
        return np.concatenate([[each.sum()], *own])

    def equations(x: Floats) -> Floats:
        x = x.ravel()
        return gathered(w * (x[0] + x[places].sum(axis=0))) + penalty * x

    count = int(edges[-1])
    inverse = 1.0 / (gathered(w) + penalty)
    matrix = LinearOperator((count, count), matvec=equations, dtype=float)  # pyright: ignore[reportCallIssue]
    near = LinearOperator((count, count), matvec=lambda x: inverse * x.ravel(), dtype=float)  # pyright: ignore[reportCallIssue]
    x, _ = cg(matrix, gathered(w * given.levels), rtol=EXACT, maxiter=500, M=near)
    parts = [slice(low, high) for low, high in pairwise(edges)]
    sds = _apart(given, variances, w)
    variance = np.concatenate([[1.0 / w.sum()], *(each**2 for each in sds[1:])])
    errors = Errors(sds[0] ** 2, np.zeros((0, 0)), variance, given.starts())
    return _Solved(float(x[0]), [x[part] for part in parts], sds, errors)


def _apart(given: _Levels, variances: _Variances, w: Floats) -> list[Floats]:
    """Standard errors of effects, as if those of the other columns erred by themselves."""
    codes, told = given.codes, w > 0
    known = [np.zeros(size) for size in given.sizes]
    for _ in range(3):
        each = np.stack([own[code] for own, code in zip(known, codes, strict=True)])
        known = []
        for k, (code, size) in enumerate(zip(codes, given.sizes, strict=True)):
            others = each.sum(axis=0) - each[k]
            own = np.zeros_like(w)
            own[told] = 1.0 / (1.0 / w[told] + others[told])
            known.append(1.0 / (np.bincount(code, own, size) + 1.0 / variances.effects[k]))
    return [np.sqrt(each) for each in known]
