"""Functions of SciPy that take `axis=` or `axes=`: one call, the batch axes in front of those that they name.

That a function treats each slice on its own is asked of the function itself: on a small stack it must give what it
gives for each part.  A subpackage's rows are made when one of its functions is first called.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.elementwise import is_none
from vectorizer.rules.reductions import flattened, normalized
from vectorizer.rules.table import FUNCTIONS, Call, Rule, dummy, register
from vectorizer.source.operand import Operand, tuple_code
from vectorizer.values import Array, Dims, Unsupported, union_axes

NAMES = {
    "scipy.fft": """dct dctn dst dstn fft fft2 fftn hfft idct idctn idst idstn ifft ifft2 ifftn ihfft irfft irfft2
        irfftn rfft rfft2 rfftn fftshift ifftshift""",
    "scipy.integrate": "cumulative_simpson cumulative_trapezoid romb simpson trapezoid",
    "scipy.ndimage": """binary_closing binary_dilation binary_erosion binary_opening black_tophat convolve convolve1d
        correlate correlate1d gaussian_filter gaussian_filter1d gaussian_gradient_magnitude gaussian_laplace
        grey_closing grey_dilation grey_erosion grey_opening laplace maximum_filter maximum_filter1d median_filter
        minimum_filter minimum_filter1d percentile_filter rank_filter uniform_filter uniform_filter1d white_tophat""",
    "scipy.signal": """decimate detrend fftconvolve filtfilt hilbert lfilter oaconvolve resample resample_poly
        savgol_filter sosfilt sosfiltfilt upfirdn""",
    "scipy.special": "log_softmax logsumexp softmax",
    "scipy.stats": """circmean circstd circvar entropy gmean gzscore hmean iqr kurtosis median_abs_deviation moment
        pmean rankdata sem skew trim_mean tstd variation zmap zscore""",
}
SIDES = {1: (64,), 2: (24, 25), 3: (7, 8, 9)}  # of the parts of a small stack; windows of a few dozen fit in
_loaded: set[str] = set()


def load(module: str) -> None:
    """Register the rows of the subpackage that a function's module stands in."""
    name = ".".join(module.split(".")[:2])
    if name not in NAMES or name in _loaded:
        return
    _loaded.add(name)
    package = importlib.import_module(name)
    for short in NAMES[name].split():
        function = getattr(package, short, None)
        if function is not None and id(function) not in FUNCTIONS:
            _add(function, f"{name}.{short}")


def _add(function: Any, name: str) -> None:
    parameters = inspect.signature(function).parameters
    axis = next((p for p in ("axis", "axes") if p in parameters), None)  # older versions lack some
    if axis is not None:
        row = AlongAxes(function, name, tuple(parameters), axis, parameters[axis].default)
        register(function, Rule(name, "axis", row.lower, row.names))


@dataclass(frozen=True)
class AlongAxes:
    """One row: the function's parameters, and which of them says along which axes it works, with its default."""

    function: Callable[..., Any]
    name: str
    names: tuple[str, ...]
    axis: str
    default: Any

    def lower(self, rw: Context, c: Call) -> Operand:
        if rw.on_device:
            raise Unsupported(f"{self.name} is not known on a device")
        bound = c.bind(self.names)
        varying = {n: rw.as_array(o) for n, o in bound.items() if _varies(o)}
        if not varying or self.axis in varying:
            raise Unsupported(f"an axis of {self.name} that varies")
        alike = {n: o for n, o in bound.items() if isinstance(o.value, Array) and o.value.rank and n not in varying}
        try:
            return self._called(rw, c, bound, varying)
        except Unsupported:
            if not alike:
                raise
            return self._called(rw, c, bound, varying | alike)  # what is shared may have to be of the same shape

    def _called(self, rw: Context, c: Call, bound: dict[str, Operand], arrays: dict[str, Operand]) -> Operand:
        rank = self._rank(rw, arrays)
        given = self._given_axis(rw, bound)
        dtypes = tuple((name, rw.array(operand).dtype) for name, operand in arrays.items())
        options = {n: _option(rw, o, n) for n, o in bound.items() if n not in (*arrays, self.axis)}
        whole = given is None and self.axis == "axis"
        logical = self._logical(given, 1 if whole else rank)
        one = _of_stack(self, rank, dtypes, None if whole else logical, _Options(options))
        rw.hazard(f"{c.name} may warn or raise")
        axes = union_axes(*(rw.array(o).axes for o in arrays.values()))
        operands = {n: flattened(rw, o) if whole else o for n, o in arrays.items()}
        spread = {n: o if rw.array(o).axes == axes else rw.spread(o, axes) for n, o in operands.items()}
        codes = {n: o.code for n, o in bound.items()} | {n: o.code for n, o in spread.items()}
        shifted = [str(k if k < 0 else k + len(axes)) for k in logical]
        codes[self.axis] = tuple_code(shifted) if self.axis == "axes" else shifted[0]
        dims: Dims = (None,) * one.ndim
        if one.ndim == rank - len(logical):
            value = rw.array(next(iter(arrays.values())))
            dims = tuple(d for k, d in enumerate(value.dims) if k not in normalized(logical, rank))
        made = Array(one.dtype, one.ndim, axes, dims=dims, zero_d=isinstance(one, np.ndarray) and not one.ndim)
        return Operand(c.render(self.names, codes), made, fresh=True)

    def _rank(self, rw: Context, arrays: Mapping[str, Operand]) -> int:
        """The rank that all arrays have."""
        ranks = {rw.array(operand).rank for operand in arrays.values()}
        if len(ranks) > 1 or not ranks <= set(SIDES):
            raise Unsupported(f"{self.name} of arrays of rank {', '.join(map(str, sorted(ranks)))}")
        return ranks.pop()

    def _given_axis(self, rw: Context, bound: Mapping[str, Operand]) -> Any:
        if self.axis not in bound:
            return self.default
        return None if is_none(bound[self.axis]) else rw.pin(bound[self.axis], f"{self.axis}=")

    def _logical(self, given: Any, rank: int) -> tuple[int, ...]:
        """The axes of an example that the function works along."""
        if given is None:
            given = -1 if self.axis == "axis" else tuple(range(-rank, 0))
        logical = tuple(int(k) for k in given) if isinstance(given, tuple | list) else (int(given),)
        if self.axis == "axis" and len(logical) > 1:
            raise Unsupported(f"{self.name} along several axes")
        normalized(logical, rank)
        return logical


class _Options(dict[str, Any]):
    """The other arguments, as part of a key."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple((name, repr(value)) for name, value in self.items()))


def _varies(operand: Operand) -> bool:
    value = operand.value
    return bool(value.axes) if isinstance(value, Array) else not _is_plain(value)


def _is_plain(value: Any) -> bool:
    try:
        dummy(value)
    except Unsupported:
        return False
    return not any(_varies(Operand("_", item)) for item in getattr(value, "items", ()) if not isinstance(item, str))


def _option(rw: Context, operand: Operand, name: str) -> Any:
    """What stands for another argument on a small stack; where its own value could matter, that is looked at."""
    value = operand.value
    if isinstance(value, Array) and (value.rank or value.kind == "f"):
        return dummy(value)
    return rw.pin(operand, f"{name}=")


@functools.lru_cache(maxsize=512)
def _of_stack(
    row: AlongAxes,
    rank: int,
    dtypes: tuple[tuple[str, Any], ...],
    logical: tuple[int, ...] | None,
    options: _Options,
) -> Any:
    """What the function gives for one part of a small stack.

    logical: the axes that it works along; None for each part as a whole, flattened.

    Raises:
        Unsupported: for the stack as a whole it gives something else than for its parts.
    """
    rng = np.random.default_rng(0)
    parts = {name: _drawn(rng, (3, *SIDES[rank]), dtype) for name, dtype in dtypes}
    stacks = parts if logical else {name: part.reshape(3, -1) for name, part in parts.items()}
    shifted = [k if k < 0 else k + 1 for k in logical or (-1,)]
    along = {row.axis: tuple(shifted) if row.axis == "axes" else shifted[0]}
    alone = {row.axis: logical if row.axis == "axes" else logical[0] if logical else None}
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            whole = row.function(**stacks, **options, **along)
            each = [row.function(**{n: s[k] for n, s in parts.items()}, **options, **alone) for k in range(3)]
    except Exception as error:  # noqa: BLE001 - whatever a function says to a small stack
        raise Unsupported(f"{row.name}: {error}") from None
    if not all(isinstance(one, np.ndarray | np.generic) for one in each):
        raise Unsupported(f"{row.name} gives something that is not an array")
    stacked = np.stack(each)
    if whole.shape != stacked.shape or whole.dtype != stacked.dtype:
        raise Unsupported(f"{row.name} of a stack is no stack of results")
    if not np.allclose(whole, stacked, rtol=1e-3 if stacked.dtype.itemsize < 8 else 1e-8, equal_nan=True):
        raise Unsupported(f"{row.name} of a stack is not that of its parts")
    return each[0]


def _drawn(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Any:
    if dtype is None:
        raise Unsupported("the dtype of an operand is not known")
    drawn = rng.uniform(0.1, 4.0, shape)
    return (drawn + 1j * rng.uniform(0.1, 4.0, shape) if dtype.kind == "c" else drawn).astype(dtype)
