"""Errors and warnings, written for the person who called `vmap`, not for us."""

from __future__ import annotations


class VectorizeError(Exception):
    """Base of every error that the package raises on its own account."""


class VectorizeTypeError(VectorizeError, TypeError):
    """A `TypeError` in how `vmap`, `jit` or the command line was called."""


class VectorizeValueError(VectorizeError, ValueError):
    """A `ValueError` in how `vmap`, `jit` or the command line was called."""


class SettingError(VectorizeValueError):
    """An environment variable of the package has a value that means nothing; no loop mends that."""


class RandomnessError(VectorizeError):
    """Random numbers are drawn under ``randomness="error"``; `line` of the function's text, 0 if it is not known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


class FallbackWarning(UserWarning):
    """Something has no batching rule and is computed by a loop over the examples.

    The message names the line in the user's file and the reason.  `strict=True` turns it into a `VectorizeError`.
    """
