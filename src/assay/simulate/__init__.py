"""Companies, shops and epidemics whose truth is known."""

from assay.simulate.shops import Shop, shop

__all__ = ["Shop", "shop"]
