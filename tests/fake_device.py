"""A device that is none: CuPy's names and manners over NumPy, so that what is emitted for CuPy runs without a GPU.

It has the functions and keywords of CuPy's inventory and no others.  Its arrays do not mix with NumPy's, are turned
into Python numbers only where CuPy waits for the device (which is counted), and wrap subscripts that are out of range,
as CuPy does.  Nothing warns.  Kernels are compiled for the host.
"""

from __future__ import annotations

import dataclasses
import sys
import types
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.host_kernels import HostKernel
from vectorizer.backends import Backend, find_backend

MODULE = "fake_cupy"
CUPY = find_backend("cupy")
NAMES = CUPY.inventory.names  # type: ignore[union-attr]


@dataclasses.dataclass
class Counts:
    """What a program has asked of the device.

    launches: functions that were called.
    waits: values that the host has looked at.
    moved: arrays that were copied to the device or back.
    waiting: where in emitted code the host has waited: files and lines.
    """

    launches: int = 0
    waits: int = 0
    moved: int = 0
    waiting: set[tuple[str, int]] = dataclasses.field(default_factory=set)

    def wait(self) -> None:
        """The host waits, which is noted for the innermost line of emitted code."""
        self.waits += 1
        frame = sys._getframe(1)
        while frame is not None and not frame.f_code.co_filename.startswith("<vectorized "):
            frame = frame.f_back  # type: ignore[assignment]
        if frame is not None:
            self.waiting.add((frame.f_code.co_filename, frame.f_lineno))


counts = Counts()


def reset() -> Counts:
    counts.launches = counts.waits = counts.moved = 0
    counts.waiting.clear()
    return counts


def unwrapped(value: Any) -> Any:
    """Arrays of the device as NumPy's, in lists and tuples too; NumPy's own are refused."""
    if isinstance(value, DeviceArray):
        return value.host
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    if type(value) in (list, tuple):
        return type(value)(unwrapped(item) for item in value)
    if isinstance(value, slice):
        return slice(*(_index(part) for part in (value.start, value.stop, value.step)))
    return value


def _index(value: Any) -> Any:
    if isinstance(value, DeviceArray):
        raise TypeError("slice indices must be integers or None or have an __index__ method")
    return value


def wrapped(value: Any) -> Any:
    """NumPy's arrays and numbers as arrays of the device."""
    if isinstance(value, (np.ndarray, np.generic)):
        return DeviceArray(np.asarray(value))
    if isinstance(value, (list, tuple)):
        items = [wrapped(item) for item in value]
        return items if isinstance(value, list) else type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return value


def run(function: Any, *args: Any, **kwargs: Any) -> Any:
    counts.launches += 1
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # as of nanmax
        return wrapped(function(*map(unwrapped, args), **{key: unwrapped(value) for key, value in kwargs.items()}))


class DeviceArray:
    """An array on the device."""

    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, host: np.ndarray[Any, Any]) -> None:
        self.host = host

    # --- what is known without a look at the values

    shape = property(lambda self: self.host.shape)
    ndim = property(lambda self: self.host.ndim)
    size = property(lambda self: self.host.size)
    dtype = property(lambda self: self.host.dtype)
    strides = property(lambda self: self.host.strides)
    nbytes = property(lambda self: self.host.nbytes)
    itemsize = property(lambda self: self.host.itemsize)
    flags = property(lambda self: self.host.flags)
    T = property(lambda self: DeviceArray(self.host.T))
    mT = property(lambda self: DeviceArray(self.host.mT))
    real = property(lambda self: DeviceArray(self.host.real))
    imag = property(lambda self: DeviceArray(self.host.imag))

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Iterator[Any]:
        return (wrapped(item) for item in self.host)

    def __repr__(self) -> str:
        return f"DeviceArray({self.host!r})"

    def __copy__(self) -> DeviceArray:
        return DeviceArray(self.host.copy())

    def __deepcopy__(self, memo: Any) -> DeviceArray:
        return DeviceArray(self.host.copy())

    # --- waits

    def _waited(self) -> np.ndarray[Any, Any]:
        counts.wait()
        return self.host

    def __bool__(self) -> bool:
        return bool(self._waited())

    def __int__(self) -> int:
        return int(self._waited())

    def __float__(self) -> float:
        return float(self._waited())

    def __complex__(self) -> complex:
        return complex(self._waited())

    def item(self) -> Any:
        return self._waited().item()

    def tolist(self) -> Any:
        return self._waited().tolist()

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("Implicit conversion to a NumPy array is not allowed.")

    # --- NumPy's functions

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if ufunc.__name__ not in NAMES:
            return NotImplemented
        target = getattr(library, ufunc.__name__)
        return target(*args, **kwargs) if method == "__call__" else getattr(target, method)(*args, **kwargs)

    def __array_function__(self, function: Any, kinds: Any, args: Any, kwargs: Any) -> Any:
        if function.__name__ not in NAMES:
            return NotImplemented
        return getattr(library, function.__name__)(*args, **kwargs)

    # --- subscripts

    def _key(self, key: Any) -> Any:
        """A subscript for the host, whose integer arrays wrap around."""
        items = list(key) if isinstance(key, tuple) else [key]
        used = sum(_width(item) for item in items)
        axis, found = 0, []
        for item in items:
            if item is Ellipsis:
                found.append(item)
                axis += self.ndim - used
                continue
            plain = unwrapped(item)
            is_array = isinstance(item, (DeviceArray, list)) and np.asarray(plain).dtype.kind in "iu"
            if is_array and self.shape[axis]:
                plain = np.asarray(plain) % self.shape[axis]
            if isinstance(item, DeviceArray) and item.dtype.kind == "b":
                counts.wait()
            found.append(plain)
            axis += _width(item)
        return tuple(found)

    def __getitem__(self, key: Any) -> Any:
        if any(isinstance(item, DeviceArray) for item in (key if isinstance(key, tuple) else (key,))):
            counts.launches += 1
        return wrapped(self.host[self._key(key)])

    def __setitem__(self, key: Any, value: Any) -> None:
        counts.launches += 1
        with np.errstate(all="ignore"):
            self.host[self._key(key)] = unwrapped(value)


def _width(item: Any) -> int:
    """How many axes a subscript takes."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    return item.ndim if isinstance(item, DeviceArray) and item.dtype.kind == "b" else 1


def cupys_quotient(a: Any, b: Any) -> Any:
    """``a // b`` as CuPy computes it: of floats, the whole part of the rounded quotient."""
    exact = np.floor_divide(a, b)
    return np.floor(np.true_divide(a, b)).astype(exact.dtype) if exact.dtype.kind == "f" else exact


def cupys_remainder(a: Any, b: Any) -> Any:
    """``a % b``, which follows from the quotient."""
    exact = np.remainder(a, b)
    return (a - cupys_quotient(a, b) * b).astype(exact.dtype) if exact.dtype.kind == "f" else exact


def cupys_solve(a: Any, b: Any) -> Any:
    """`linalg.solve`, whose operands must have the same axes before the last."""
    if b.ndim > 1 and a.shape[:-1] != b.shape[:-1]:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K) for multidimensional b")
    return np.linalg.solve(a, b)


WAITING = frozenset(
    """nonzero flatnonzero argwhere unique intersect1d setdiff1d setxor1d union1d trim_zeros compress extract place
    delete bincount histogram histogram2d histogramdd nanmax nanmin ravel_multi_index unravel_index choose put
    linalg.cholesky linalg.eigh linalg.eigvalsh linalg.inv linalg.lstsq linalg.pinv linalg.qr linalg.solve
    linalg.svd linalg.tensorinv linalg.tensorsolve""".split()
)
"""Functions of CuPy's that look at values, read off its source: `linalg` does where it must raise."""


def waits(name: str, args: Any, kwargs: Any) -> bool:
    if name in ("average", "where"):
        return len(args) == 1 and name == "where" or kwargs.get("weights") is not None
    return name in WAITING and any(isinstance(arg, DeviceArray) for arg in [*args, *kwargs.values()])


SEMANTICS = {
    "floor_divide": cupys_quotient,
    "remainder": cupys_remainder,
    "mod": cupys_remainder,
    "divmod": lambda a, b: (cupys_quotient(a, b), cupys_remainder(a, b)),
    "linalg.solve": cupys_solve,
}
"""Functions of CuPy's that do otherwise than NumPy's, read off its source."""


def _operator(name: str) -> Any:
    plain = SEMANTICS.get({"floordiv": "floor_divide", "mod": "mod", "divmod": "divmod"}.get(name.strip("_ri"), ""))

    def apply(self: DeviceArray, *others: Any) -> Any:
        if any(isinstance(other, (list, tuple, np.ndarray)) for other in others):
            raise TypeError(f"Unsupported type {type(others[0])}")
        if plain is not None:
            operands = (others[0], self) if name.startswith("__r") else (self, others[0])
            made = run(plain, *operands)
            if name.startswith("__i"):
                self[...] = made
            return self if name.startswith("__i") else made
        if name.startswith("__i") and name not in ("__invert__",):
            counts.launches += 1
            with np.errstate(all="ignore"):
                made = getattr(self.host, name)(*map(unwrapped, others))
            return NotImplemented if made is NotImplemented else self
        made = run(getattr(np.ndarray, name), self, *others)
        return made

    return apply


DeviceArray.__module__ = MODULE  # code asks an array for its library
OPERATORS = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod".split()
for _name in OPERATORS:
    for _form in (f"__{_name}__", f"__r{_name}__", f"__i{_name}__"):
        if hasattr(np.ndarray, _form):
            setattr(DeviceArray, _form, _operator(_form))
for _name in "neg pos abs invert eq ne lt le gt ge".split():
    setattr(DeviceArray, f"__{_name}__", _operator(f"__{_name}__"))


def _checked(name: str, keywords: Any, count: int) -> None:
    parameters = NAMES[name]
    if parameters is None or "*" in parameters:
        return
    wrong = [key for key in keywords if key not in parameters]
    if wrong or count > len(parameters):
        raise TypeError(f"{name}() got an unexpected argument {wrong}")


def _method(name: str) -> Any:
    def apply(self: DeviceArray, *args: Any, **kwargs: Any) -> Any:
        _checked(f"ndarray.{name}", kwargs, len(args))
        if name in WAITING:
            counts.wait()
        made = run(getattr(np.ndarray, name), self, *args, **kwargs)
        return made

    return apply


for _name in NAMES:
    if _name.startswith("ndarray.") and NAMES[_name] is not None:
        _short = _name.removeprefix("ndarray.")
        if hasattr(np.ndarray, _short) and _short not in vars(DeviceArray):
            setattr(DeviceArray, _short, _method(_short))


def _function(name: str, target: Any) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        _checked(name, kwargs, len(args))
        if waits(name, args, kwargs):
            counts.wait()
        return run(target, *args, **kwargs)

    call.__name__ = name.rpartition(".")[2]
    return call


def asarray(a: Any, dtype: Any = None, order: Any = None) -> DeviceArray:
    if isinstance(a, DeviceArray):
        return a if dtype in (None, a.dtype) else DeviceArray(a.host.astype(dtype))
    if isinstance(a, np.ndarray):
        counts.moved += 1
        return DeviceArray(np.array(a, dtype))
    counts.launches += 1
    return DeviceArray(np.asarray(unwrapped(a), dtype))


def asnumpy(a: DeviceArray) -> np.ndarray[Any, Any]:
    counts.moved += 1
    return a.host.copy()


kernels: list[tuple[str, str, str, str, str]] = []  # all that were made


class ElementwiseKernel:
    """A kernel that the host's compiler makes and runs."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str = "kernel", **options: Any) -> None:
        kernels.append((in_params, out_params, operation, name, options.get("preamble", "")))
        self.kernel = HostKernel(in_params, out_params, operation, name, options.get("preamble", ""))

    def __call__(self, *args: Any, size: int | None = None) -> Any:
        counts.launches += 1
        return wrapped(self.kernel(*map(unwrapped, args), size=size))


def make_library() -> types.ModuleType:
    """A module with the names of the inventory."""
    made = types.ModuleType(MODULE)
    for name in sorted(NAMES):
        *spaces, last = name.split(".")
        if spaces[:1] in (["ndarray"], ["scipy"]):
            continue
        owner: Any = made
        source: Any = np
        for space in spaces:
            if not hasattr(owner, space):
                setattr(owner, space, types.SimpleNamespace())
            owner, source = getattr(owner, space), getattr(source, space)
        target = SEMANTICS.get(name) or getattr(source, last, None)
        if target is not None:
            plain = NAMES[name] is None or isinstance(target, type)
            setattr(owner, last, target if plain else _function(name, target))
    special = {"ndarray": DeviceArray, "asarray": asarray, "asnumpy": asnumpy, "ElementwiseKernel": ElementwiseKernel}
    vars(made).update(special)
    return made


def make_special() -> types.ModuleType:
    import scipy.special

    made = types.ModuleType(f"{MODULE}_special")
    for name in NAMES:
        short = name.removeprefix("scipy.special.")
        if short != name and hasattr(scipy.special, short):
            setattr(made, short, _function(name, getattr(scipy.special, short)))
    return made


library = make_library()
sys.modules[MODULE] = library
sys.modules[f"{MODULE}_special"] = make_special()
FAKE: Backend = dataclasses.replace(
    CUPY,
    name="fake",
    module=MODULE,
    alias="fc",
    array=f"{MODULE}.ndarray",
    companions={"scipy.special": f"{MODULE}_special"},
    running=None,
)
