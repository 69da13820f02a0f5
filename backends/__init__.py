"""Where emitted code runs: NumPy, CuPy, or another library with NumPy's functions."""

from __future__ import annotations

from vectorizer.backends.base import Backend, Lacking
from vectorizer.backends.registry import ENTRY_POINTS, find_backend, find_owner, known_backends, register_backend

__all__ = [
    "ENTRY_POINTS",
    "Backend",
    "Lacking",
    "find_backend",
    "find_owner",
    "known_backends",
    "register_backend",
]
