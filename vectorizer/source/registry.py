"""Generated source, put where tracebacks and debuggers look for the lines of a file."""

from __future__ import annotations

import linecache
import threading

LIMIT = 1024  # texts that are kept; the one registered longest ago goes first
_registered: dict[str, None] = {}  # file names, in the order of registration
_changing = threading.Lock()


def register(filename: str, text: str) -> None:
    """Let `linecache` give `text` for `filename`, the name under which it is compiled.

    A name registered again gives the newer text.
    """
    lines = text.splitlines(keepends=True)
    with _changing:
        _registered.pop(filename, None)
        _registered[filename] = None
        linecache.cache[filename] = (len(text), None, lines, filename)  # without a time, `checkcache` leaves it alone
        while len(_registered) > LIMIT:
            _drop(next(iter(_registered)))


def forget(filename: str) -> None:
    """Drop the text of `filename`; it need not be registered."""
    with _changing:
        if filename in _registered:
            _drop(filename)


def _drop(filename: str) -> None:
    del _registered[filename]
    linecache.cache.pop(filename, None)
