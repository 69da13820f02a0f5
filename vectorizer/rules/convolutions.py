"""Convolutions and correlations."""

from __future__ import annotations

import numpy as np

from vectorizer.rules.compose import composite
from vectorizer.rules.context import Context
from vectorizer.rules.searching import known_dtype
from vectorizer.rules.table import Call
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Affine, Array, Unsupported, union_axes

Bound = dict[str, Operand]
FLOAT = np.dtype(float)


def convolved(rw: Context, first: Operand, second: Operand, mode: str, correlate: bool) -> Operand:
    """A sum of shifted copies of the longer vector, one for each element of the shorter."""
    a, b = rw.array(first), rw.array(second)
    known_dtype(a, b)
    if a.rank != 1 or b.rank != 1 or mode not in ("full", "same", "valid"):
        raise Unsupported("a convolution in a form that has no rule")
    if None in (a.dims[0], b.dims[0]):
        raise Unsupported("a convolution of vectors of unknown length")
    long, short = a.dims[0], b.dims[0]
    assert long is not None and short is not None
    if not rw.relies_on(long - short):
        if not rw.relies_on(short - long):
            raise Unsupported("a convolution of vectors of which the longer is not known")
        if correlate:
            return _swapped(rw, first, second, mode)
        first, second, a, b, long, short = second, first, b, a, short, long
    if not rw.relies_on(short - 1):
        raise Unsupported("a convolution with nothing")
    dtype = np.result_type(a.dtype, b.dtype)
    axes = union_axes(a.axes, b.axes)
    signal, kernel = rw.temp(first, "signal"), rw.temp(second, "kernel")
    n, m = f"{signal.code}.shape[-1]", f"{kernel.code}.shape[-1]"
    kind = None if dtype == FLOAT else rw.dtype_code(dtype)
    result, k = rw.fresh("convolved"), rw.fresh("k")
    shape = rw.shape_code(axes, [f"{n} + {m} - 1"])
    rw.emit(f"{result} = {call(rw.np('zeros'), shape, *([kind] if kind else []))}")
    position = f"{m} - 1 - {k}" if correlate else k
    factor = f"{kernel.code}[..., {position}]" if not b.axes else f"{kernel.code}[..., {position}, None]"
    factor = call(rw.np("conj"), factor) if correlate and b.kind == "c" else factor
    left = rw.expand(signal, axes, 1)
    weight = rw.expand(Operand(factor, b.with_()), axes, 1) if b.axes else Operand(factor, b)
    step = f"{result}[..., {k} : {k} + {n}] += {left.code} * {weight.code}"
    rw.emit(f"for {k} in range({m}):", body=[Stmt(step, line=rw.line)])
    return Operand(_cut(result, mode, n, m), Array(dtype, 1, axes, dims=(_length(long, short, mode),)), fresh=True)


def _swapped(rw: Context, first: Operand, second: Operand, mode: str) -> Operand:
    """A correlation with a longer vector is that of the longer with the shorter, turned around."""
    if rw.array(second).kind == "c":
        second = Operand(call(rw.np("conj"), second.code), rw.array(second).with_(dims=rw.array(second).dims))
    if rw.array(first).kind == "c":  # its conjugate is taken on the way
        first = Operand(call(rw.np("conj"), first.code), rw.array(first).with_(dims=rw.array(first).dims))
    made = convolved(rw, second, first, mode, True)
    value = rw.array(made)
    return Operand(f"{made.primary}[..., ::-1]", value.with_(dims=value.dims), fresh=True)


def _cut(result: str, mode: str, n: str, m: str) -> str:
    if mode == "full":
        return result
    if mode == "valid":
        return f"{result}[..., {m} - 1 : {n}]"
    return f"{result}[..., ({m} - 1) // 2 : ({m} - 1) // 2 + {n}]"


def _length(long: Affine, short: Affine, mode: str) -> Affine:
    return long if mode == "same" else long + short - 1 if mode == "full" else long - short + 1


def _mode(rw: Context, bound: Bound, default: str) -> str:
    return str(rw.pin(bound["mode"], "mode=")) if "mode" in bound else default


@composite(np.convolve, "a v mode", "convolution")
def lower_convolve(rw: Context, c: Call, bound: Bound) -> Operand:
    return convolved(rw, rw.as_array(bound["a"]), rw.as_array(bound["v"]), _mode(rw, bound, "full"), False)


@composite(np.correlate, "a v mode", "convolution")
def lower_correlate(rw: Context, c: Call, bound: Bound) -> Operand:
    return convolved(rw, rw.as_array(bound["a"]), rw.as_array(bound["v"]), _mode(rw, bound, "valid"), True)
