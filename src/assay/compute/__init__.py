"""Where work runs: precision and the compilation cache."""

from assay.compute.setup import configure

__all__ = ["configure"]
