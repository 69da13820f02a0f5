"""NumPy: what the rules emit is its own."""

from __future__ import annotations

from vectorizer.backends.base import Backend

NUMPY = Backend("numpy", "numpy", "np", "numpy.ndarray")
