"""Axes and shapes: how operands are laid out so that they broadcast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from vectorizer.rules.state import State
from vectorizer.source.operand import (
    DictView,
    Operand,
    call,
    tuple_code,
)
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axes,
    Axis,
    ListV,
    NestedV,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    union_axes,
)

FEW_COMPONENTS = 4
MOST_UNPACKED = 8  # rows of an array that are taken one by one
Dtype: TypeAlias = "np.dtype[Any]"  # the method `np` hides the module inside of the class


class Alignment(State):
    """Tools for the layout of operands: the axes first, then the dimensions of one example."""

    def size(self, axis: Axis) -> str:
        """Code for the length of an axis."""
        return self.sizes[axis]()

    def shape_code(self, axes: Sequence[Axis], rest: Sequence[str] = ()) -> str:
        """Code for a shape tuple; a single length needs no tuple."""
        items = [*(self.size(axis) for axis in axes), *rest]
        return items[0] if len(items) == 1 and not items[0].startswith("*") else tuple_code(items)

    def array(self, operand: Operand, what: str = "an operand") -> Array:
        """The operand's value, which must be a number or an array."""
        value = operand.value
        if isinstance(value, StackedV):
            return value.array
        if not isinstance(value, Array):
            raise Unsupported(f"{what} is not known to be an array")
        return value

    def as_array(self, operand: Operand) -> Operand:
        """Tuples and lists of numbers or arrays as one array, as NumPy's functions take them."""
        value = operand.value
        if isinstance(value, Array):
            return operand
        if isinstance(value, (StackedV, NestedV)):
            self._check_not_empty(value.array)
            return operand.with_value(value.array)
        if isinstance(value, (TupleV, ListV)) and all(isinstance(item, (Array, TupleV, ListV)) for item in value.items):
            parts = [self.as_array(part) for part in self.items(operand)]
            if not parts:
                return Operand(f"{self.np('zeros')}(0)", Array(np.dtype(float), 1, dims=(Affine(0),)))
            return self.stack(parts)
        if isinstance(value, SeqV) and isinstance(value.item, Array):
            item = value.item
            position = len(item.axes)
            if position == 0:
                code = call(self.np("array"), operand.code)
            else:
                code = call(self.np("stack"), operand.code, axis=str(position))
            return Operand(code, Array(item.dtype, item.rank + 1, item.axes, dims=(None, *item.dims)), fresh=True)
        raise Unsupported("an operand is not known to be an array")

    def _check_not_empty(self, array: Array) -> None:
        """NumPy makes a list of nothing an array of no floats, whatever its items would have been."""
        if array.dtype == np.dtype(float) and array.rank == 1 or self.facts.samples is None or array.dims[0] is None:
            return
        if not self.facts.holds(array.dims[0] - 1):
            raise Unsupported("a list that is empty is taken as an array")

    def items(self, operand: Operand) -> list[Operand]:
        """The items of a tuple or list, each as an operand of its own."""
        value = operand.value
        if isinstance(value, Array) and value.rank and value.axes:
            return self._few_rows(operand, value)
        known = getattr(operand.node, "parts", None)
        if isinstance(value, SeqV) and known is not None:
            return list(known)
        if not isinstance(value, (TupleV, ListV)):
            raise Unsupported("the items of a sequence are not known one by one")
        parts = getattr(operand.node, "parts", None)
        if parts is not None:
            return list(parts)
        listed = Operand(call("list", operand.code), value) if isinstance(operand.node, DictView) else operand
        base = self.temp(listed, "items").primary
        return [Operand(f"{base}[{k}]", item) for k, item in enumerate(value.items)]

    def _few_rows(self, operand: Operand, value: Array) -> list[Operand]:
        """The rows of a short array, whose length is known now and guarded."""
        dim, samples = value.dims[0], self.facts.samples
        count = dim.evaluate(samples) if dim is not None and samples is not None else None
        if dim is None or count is None or not 0 < count <= MOST_UNPACKED:
            raise Unsupported("the items of a sequence are not known one by one")
        if not dim.is_const:
            self.facts.conditions |= {dim - count, dim * -1 + count}
        base = self.temp(operand, "items").primary
        lead = ":, " * len(value.axes)
        item = value.with_(rank=value.rank - 1, dims=value.dims[1:])
        return [self.kept(Operand(f"{base}[{lead}{k}]", item)) for k in range(count)]

    def stack(self, parts: list[Operand], axis: int = 0) -> Operand:
        """`np.stack` of the parts along logical axis `axis`."""
        values = [self.array(part) for part in parts]
        axes = union_axes(*(value.axes for value in values))
        ranks = {value.rank for value in values}
        if len(ranks) != 1:
            raise Unsupported("arrays of different ranks are put into one")
        rank = ranks.pop()
        dtypes = [value.dtype for value in values if value.dtype is not None]
        dtype = np.result_type(*dtypes) if len(dtypes) == len(values) else None  # Python numbers count like any other
        dims = list(values[0].dims)
        axis = axis if axis >= 0 else axis + rank + 1
        dims.insert(axis, Affine(len(parts)))
        result = Array(dtype, rank + 1, axes, dims=tuple(dims))
        if not axes:
            function = "array" if axis == 0 else "stack"
            codes = f"[{', '.join(part.code for part in parts)}]"
            return Operand(call(self.np(function), codes, axis=None if axis == 0 else str(axis)), result, fresh=True)
        full = [self.spread(part, axes) for part in parts]
        codes = f"[{', '.join(part.code for part in full)}]"
        code = call(self.np("stack"), codes, axis=str(len(axes) + axis) if len(axes) + axis else None)
        if dtype is None:
            raise Unsupported("the dtype of a stacked value is not known")
        return Operand(code, result, fresh=True)

    def spread(self, operand: Operand, axes: Axes) -> Operand:
        """`operand` with all of `axes` really there, for functions that do not broadcast."""
        value = self.array(operand)
        missing = [axis for axis in axes if axis not in value.axes]
        if not missing:
            return operand
        if not value.axes and value.rank == 0:
            code = call(self.np("full"), self.shape_code(axes), operand.code)
            if value.weak and isinstance(value.const, (int, float)) and not isinstance(value.const, bool):
                code = self.filled(axes, value, operand.code)
            return Operand(code, value.with_(axes=axes, const=MISSING), fresh=True)
        aligned = self.expand(operand, axes, value.rank)
        named = self.temp(aligned, "row") if value.rank else aligned
        own = f"*{named.primary}.shape" + (f"[{-value.rank}:]" if value.axes else "")
        logical = [own] if value.rank else []
        code = call(self.np("broadcast_to"), named.code, self.shape_code(axes, logical))
        return Operand(code, value.with_(axes=axes, dims=value.dims))

    def filled(self, axes: Axes, value: Array, code: str, dtype: Dtype | None = None) -> str:
        """An array of `axes` full of one number, as one writes it."""
        dtype = dtype or value.dtype
        shape = self.shape_code(axes)
        name = None if dtype is None or dtype == np.float64 else self.dtype_code(dtype)
        if isinstance(value.const, (int, float)) and value.const == 0 and math.copysign(1, value.const) > 0:
            return call(self.np("zeros"), shape, *([name] if name else []))
        if isinstance(value.const, (int, float)) and value.const == 1:
            return call(self.np("ones"), shape, *([name] if name else []))
        natural = value.dtype
        return call(
            self.np("full"), shape, code, *([self.dtype_code(dtype)] if dtype is not None and dtype != natural else [])
        )

    def dtype_code(self, dtype: Dtype) -> str:
        """A dtype as one writes it: ``int``, ``float``, ``bool``, ``complex``, ``np.float32``."""
        for python in (bool, int, float, complex):
            if dtype == np.dtype(python) and python.__name__ not in self.local_names:
                return python.__name__
        if dtype.kind in "biufc":
            return self.np(dtype.name)
        raise Unsupported(f"values of dtype {dtype}")

    def expand(self, operand: Operand, axes: Axes, rank: int) -> Operand:
        """`operand` with axes of length 1 put in, so that it broadcasts against others with `axes` and `rank`."""
        value = self.array(operand)
        if not value.axes:
            return operand
        index: list[str] = [":" if axis in value.axes else "None" for axis in axes]
        index += ["None"] * (rank - value.rank)
        while index and index[0] == "None":
            index.pop(0)
        while index and index[-1] == ":":
            index.pop()
        if "None" not in index:
            return operand
        self.note_spread(value)
        expanded = value.with_(rank=max(rank, value.rank), dims=((Affine(1),) * (rank - value.rank) + value.dims))
        return Operand(f"{operand.primary}[{', '.join(index)}]", expanded)

    def note_spread(self, value: Array) -> None:
        """An array is combined with others along an axis that it does not have."""

    def has_few(self, dim: Affine | None) -> bool:
        """Whether an axis of an example has few elements at this call: too few for an inner loop of NumPy's."""
        count = None if dim is None or self.facts.samples is None else dim.evaluate(self.facts.samples)
        return count is not None and 1 < count <= FEW_COMPONENTS

    def align(self, operands: Sequence[Operand]) -> tuple[list[Operand], Axes, int]:
        """Operands of an elementwise operation made to broadcast; also their common axes and rank."""
        values = [self.array(operand) for operand in operands]
        axes = union_axes(*(value.axes for value in values))
        rank = max((value.rank for value in values), default=0)
        if not axes:
            return list(operands), axes, rank
        return [self.expand(operand, axes, rank) for operand in operands], axes, rank

    def fully(self, operand: Operand, axes: Axes, rank: int) -> Operand:
        """`operand` with exactly `axes` and `rank` in its layout, axes of length 1 where it does not vary."""
        value = self.array(operand)
        index = [":" if axis in value.axes else "None" for axis in axes] + ["None"] * (rank - value.rank)
        while index and index[-1] == ":":
            index.pop()
        if "None" not in index:
            return operand
        if not value.axes and value.rank == 0:
            return operand
        return Operand(f"{operand.primary}[{', '.join(index)}]", value.with_(rank=rank))
