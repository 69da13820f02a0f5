"""The backends that there are: NumPy, CuPy, and those that other packages register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectorizer.backends.base import Backend
from vectorizer.backends.on_cupy import CUPY
from vectorizer.backends.on_numpy import NUMPY
from vectorizer.errors import VectorizeValueError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints

ENTRY_POINTS = "vectorizer.backends"
_known: dict[str, Backend] = {NUMPY.name: NUMPY, CUPY.name: CUPY}


def register_backend(backend: Backend) -> None:
    """Make a backend known under its name; one of the same name gives way to it.

    A package can do without the call: what it names in the entry-point group `vectorizer.backends` is found when a
    backend of that name is asked for.
    """
    _known[backend.name] = backend


def known_backends() -> list[str]:
    """The names of all backends, those of entry points included, which are not loaded for it."""
    return sorted({*_known, *(entry.name for entry in _entry_points())})


def find_backend(name: str | None) -> Backend:
    """The backend of a name; NumPy's for None.

    Raises:
        VectorizeValueError: there is none of that name.
    """
    if name is None:
        return NUMPY
    if name not in _known:
        for entry in _entry_points():
            if entry.name == name:
                register_backend(entry.load())
    if name not in _known:
        names = ", ".join(map(repr, known_backends()))
        raise VectorizeValueError(f"backend={name!r} is not known; the backends are: {names}.")
    return _known[name]


def _entry_points() -> EntryPoints:
    from importlib import metadata  # a fifth of the time of the package's own import, and few ask for it

    return metadata.entry_points(group=ENTRY_POINTS)


def find_owner(value: object) -> Backend | None:
    """The backend that an array belongs to; None for what is none of any backend's arrays.

    Only libraries that somebody has imported are asked.
    """
    return next((backend for backend in tuple(_known.values()) if backend.owns(value)), None)
