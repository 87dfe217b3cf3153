"""Networks of a model, trained before their last layer is fitted."""

from dataclasses import replace

import numpy as np

from assay.family import AbstractFamily
from assay.fit import PartRows
from assay.model.penalised import climb
from assay.model.prepared import Prepared
from assay.model.prior import units, weak_prior
from assay.predictor import Design
from assay.predictor.matrix import Matrix, rows_of, shape_of, side_by_side
from assay.predictor.neural import PreparedNeural


def with_trained(ready: Prepared, family: AbstractFamily) -> Prepared:
    """The same rows, with hidden layers trained on them and their activations as columns.

    Args:
        ready: fitting rows, with networks that hold their first weights.
        family: recipe of the likelihood.
    """
    places = [
        (k, t)
        for k, design in enumerate(ready.designs)
        for t, term in enumerate(design.terms)
        if isinstance(term, PreparedNeural) and term.fitting is not None
    ]
    if not places:
        return ready
    from assay.fit.train import Network, train  # Optax takes its time to import

    reduced = _without_networks(ready)
    spread = ready.spread
    unit = units(family, reduced.designs, spread)
    start = reduced.start(family)
    prior = weak_prior(family, reduced.designs, start, spread, ready.offsets)
    end = climb(reduced.designs, reduced.fitting_rows(), prior, unit=unit)
    terms = [_network(ready, k, t) for k, t in places]
    networks = tuple(
        Network(k, term.layers, tuple(_inputs(term)[part.rows] for part in ready.parts))
        for (k, _), term in zip(places, terms, strict=True)
    )
    seed = int(np.random.default_rng([term.seed for term in terms]).integers(2**31))
    layers = train(
        _all_rows(reduced), networks, end.prior, end.optimum.coefficients, unit, seed=seed
    )
    designs, matrices = list(ready.designs), list(ready.matrices)
    for (k, t), term, own in zip(places, terms, layers, strict=True):
        made = term.trained(own, _inputs(term))
        block = made.standardised_on(_inputs(term))
        designs[k], matrices[k] = _put(designs[k], matrices[k], t, made, block)
    return replace(ready, designs=tuple(designs), matrices=tuple(matrices))


def _network(ready: Prepared, parameter: int, term: int) -> PreparedNeural:
    found = ready.designs[parameter].terms[term]
    if not isinstance(found, PreparedNeural):
        raise TypeError(f"{found!r} is no network")
    return found


def _inputs(term: PreparedNeural) -> np.ndarray:
    return np.zeros((0, 0)) if term.fitting is None else term.fitting


def _without_networks(ready: Prepared) -> Prepared:
    pairs = [_reduced(*each) for each in zip(ready.designs, ready.matrices, strict=True)]
    designs, matrices = zip(*pairs, strict=True)
    return replace(ready, designs=designs, matrices=matrices)


def _reduced(design: Design, matrix: Matrix) -> tuple[Design, Matrix]:
    """A design and its matrix without the networks' columns."""
    is_network = [isinstance(term, PreparedNeural) for term in design.terms]
    if not any(is_network):
        return design, matrix
    drop = np.zeros(len(design.names), dtype=bool)
    for own, place in zip(is_network, design.places(), strict=True):
        drop[place] = own
    kept = np.flatnonzero(~drop)
    raw = kept[design.has_intercept :] - design.has_intercept
    left = replace(
        design,
        terms=tuple(t for t, own in zip(design.terms, is_network, strict=True) if not own),
        names=tuple(design.names[j] for j in kept),
        centre=design.centre[raw],
        scale=design.scale[raw],
        prior_sd=design.prior_sd[raw],
    )
    return left, matrix[:, kept]


def _all_rows(ready: Prepared) -> tuple[PartRows, ...]:
    """All rows by what they say, none of them merged: their inputs to a network may differ."""
    shared = ready.offsets.shape[1] == 1
    return tuple(
        PartRows(
            family=part.family,
            known=part.known,
            designs=tuple(rows_of(matrix, part.rows) for matrix in ready.matrices),
            y=part.y,
            offsets=ready.offsets if shared else ready.offsets[:, part.rows],
            columns=part.columns,
            weights=None if ready.weights is None else ready.weights[part.rows],
        )
        for part in ready.parts
    )


def _put(
    design: Design, matrix: Matrix, term: int, made: PreparedNeural, block: np.ndarray
) -> tuple[Design, Matrix]:
    """A term and its columns in the place of what stood there."""
    place = design.places()[term]
    terms = tuple(made if t == term else each for t, each in enumerate(design.terms))
    blocks = [matrix[:, : place.start], block, matrix[:, place.stop :]]
    return replace(design, terms=terms), side_by_side(blocks, shape_of(matrix)[0])
