"""Per-example NumPy functions, rewritten into batched ones."""

from __future__ import annotations

from vectorizer.api import CacheInfo, Vectorized, jit, vmap
from vectorizer.broadcasting import vectorize
from vectorizer.errors import FallbackWarning, VectorizeError, VectorizeTypeError, VectorizeValueError

__version__ = "0.1.0"
__all__ = [
    "CacheInfo",
    "FallbackWarning",
    "VectorizeError",
    "VectorizeTypeError",
    "VectorizeValueError",
    "Vectorized",
    "jit",
    "vectorize",
    "vmap",
]
