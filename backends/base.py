"""What a backend says of itself."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from vectorizer.backends.calls import Lowered
from vectorizer.backends.inventory import Inventory


class Lacking(Exception):
    """A backend has nothing for a function or keyword; the message says which."""


@dataclass(frozen=True, eq=False)
class Backend:
    """A library in which emitted code may compute.

    name: what ``backend=`` is given.
    module: the library's module, ``cupy``.
    alias: its name in emitted source, ``cp``.
    array: the dotted name of its array type.
    inventory: its functions with their parameters; None for NumPy, which is what rules emit.
    rows: what is emitted for functions that it lacks, or whose keywords it lacks, by NumPy's dotted name.
    other: functions that it has, but that do otherwise than NumPy's: their rows are taken all the same.
    host: functions of NumPy's that stay NumPy's: they speak of dtypes and shapes.
    helpers: functions of `vectorizer.runtime` and `vectorizer.array_functions` that rows call.
    companions: modules that stand in for those of other libraries, as ``cupyx.scipy.special`` for ``scipy.special``.
    lanes: whether a loop that ends at different times gathers the examples still in it ("compact"), or computes all of
        them and keeps the results of those ("mask"), since to know how many are left means to wait for the device.
    patience: with masks, after how many steps it is looked whether any example is left.
    is_device: arrays lie in memory of their own; nothing there warns, raises where a subscript is out of range, or
        tells the host of a division by zero.
    kernels: whether it has ``ElementwiseKernel``, so that a function of numbers becomes one kernel.
    """

    name: str
    module: str
    alias: str
    array: str
    inventory: Inventory | None = None
    rows: Mapping[str, Lowered] = field(default_factory=dict)
    other: frozenset[str] = frozenset()
    host: frozenset[str] = frozenset()
    helpers: frozenset[str] = frozenset()
    companions: Mapping[str, str] = field(default_factory=dict)
    lanes: Literal["compact", "mask"] = "compact"
    patience: int = 1
    is_device: bool = False
    kernels: bool = False
    put: Callable[[Any, np.ndarray[Any, Any]], Any] | None = None
    take: Callable[[Any, Any], np.ndarray[Any, Any]] | None = None
    running: Callable[[Any], Any] | None = None

    @functools.cached_property
    def library(self) -> Any:
        """The module itself, which is imported where it has not been."""
        return importlib.import_module(self.module)

    @property
    def array_type(self) -> type | None:
        """The type of its arrays; None as long as nobody has imported the library, so that there can be none."""
        root, _, name = self.array.rpartition(".")
        return getattr(sys.modules.get(root), name, None)

    def owns(self, value: object) -> bool:
        """Whether a value is one of its arrays."""
        kind = self.array_type
        return kind is not None and isinstance(value, kind)

    def to_device(self, array: np.ndarray[Any, Any]) -> Any:
        """A NumPy array as one of the backend's."""
        return array if self.put is None else self.put(self.library, array)

    def to_host(self, array: Any) -> np.ndarray[Any, Any]:
        """One of the backend's arrays as NumPy's."""
        return array if self.take is None else self.take(self.library, array)
