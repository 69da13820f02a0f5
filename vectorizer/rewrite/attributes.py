"""Attributes."""

from __future__ import annotations

import types

import libcst as cst
import numpy as np

from vectorizer.rewrite.logic import Logic
from vectorizer.rules.masked import masked_attribute
from vectorizer.rules.reductions import flattened
from vectorizer.rules.shapes import attribute_T
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.source.operand import (
    ATOM,
    PRODUCT,
    Operand,
)
from vectorizer.values import (
    MISSING,
    Array,
    DictV,
    MaskedV,
    Obj,
    Opaque,
    TupleV,
    Unsupported,
    number,
)


class Attributes(Logic):
    """What attributes of arrays, containers and objects become."""

    def visit_Attribute(self, node: cst.Attribute) -> Operand:
        base = self.expression(node.value)
        return self.attribute(base, node.attr.value)

    def attribute(self, base: Operand, name: str) -> Operand:
        value = base.value
        if isinstance(value, MaskedV):
            return masked_attribute(self, base, name)
        code = f"{base.primary}.{name}"
        if isinstance(value, Array):
            return self._array_attribute(base, name)
        if isinstance(value, TupleV) and hasattr(value.type_, "_fields") and name in value.type_._fields:
            place = value.type_._fields.index(name)
            if isinstance(base.node, Parts) and not base.is_name:  # its code is that of a plain tuple
                part: Operand = base.node.parts[place]
                return part
            return Operand(code, value.items[place])
        if isinstance(value, DictV) and value.get(("attribute", name)) is not None:
            found = value.get(("attribute", name))
            assert found is not None
            return Operand(code, found)
        if isinstance(value, Obj):
            return self.object_attribute(base, name)
        if isinstance(value, Opaque):
            return Operand(code, Opaque())
        raise Unsupported(f"attribute {name!r} of something unknown")

    def object_attribute(self, base: Operand, name: str) -> Operand:
        assert isinstance(base.value, Obj)
        owner = base.value.value
        code = f"{base.primary}.{name}"
        if isinstance(owner, (np.dtype, np.finfo, np.iinfo, types.ModuleType, type)) or owner is None:
            if not hasattr(owner, name):
                raise Unsupported(f"there is no attribute {name!r}")
            found = getattr(owner, name)
            if isinstance(owner, types.ModuleType):
                return Operand(code, self.shared.namespace.attribute_value(base, owner, name, found))
            return Operand(code, self.value_of(found))
        return Operand(code, self.shared.namespace.instance_attribute(base.value, name))

    def _array_attribute(self, base: Operand, name: str) -> Operand:
        """An attribute of a number or an array, as one example has it."""
        value = self.array(base)
        code = f"{base.primary}.{name}"
        if value.weak and name not in ("real", "imag"):
            raise Unsupported(f"attribute {name!r} of a Python number")
        match name:
            case "shape":
                return self._shape(base, value)
            case "ndim":
                return Operand(str(value.rank), number(value.rank))
            case "size":
                return self._size(base, value)
            case "T":
                return attribute_T(self, base)
            case "mT":
                swapped = (*value.dims[:-2], value.dims[-1], value.dims[-2]) if value.rank >= 2 else ()
                return Operand(code, value.with_(dims=swapped)) if value.rank >= 2 else base
            case "real" | "imag":
                dtype = value.dtype
                if dtype is not None and dtype.kind == "c":
                    dtype = np.dtype(f"f{dtype.itemsize // 2}")
                if dtype is None and value.axes:  # eigenvalues, which may be complex
                    dtype = np.dtype(float)
                return Operand(code, value.with_(dtype=dtype, dims=value.dims))
            case "dtype":
                return Operand(code, Obj(value.dtype) if value.dtype is not None else Opaque())
        if name == "nbytes" and value.axes and value.dtype is not None:
            width = Operand(str(value.dtype.itemsize), number(value.dtype.itemsize))
            return self.binary("*", self._size(base, value), width)
        if name == "flat" and value.axes and value.rank:
            self.may_share(value)
            return flattened(self, base)
        if name == "itemsize" or name == "nbytes" and not value.axes:
            return Operand(code, Array(np.dtype(np.int64), 0, weak=True))
        raise Unsupported(f"attribute {name!r} has no rule")

    def _shape(self, base: Operand, value: Array) -> Operand:
        """The shape of one example: what stands behind the axes."""
        lead = len(value.axes)
        known = [self.length_of_all(dim) for dim in value.dims]
        gathered = lead and None in known and not base.is_name
        named = self.temp(base, "operand") if gathered else base
        parts = []
        for k, dim in enumerate(value.dims):
            const = dim.const if dim is not None and dim.is_const else MISSING
            length = Array(np.dtype(np.int64), 0, weak=True, affine=dim, const=const)
            place = known[k] or Operand(f"{named.primary}.shape[{k + lead}]", length)
            parts.append(place.with_value(length))
        made = f"{named.primary}.shape[{lead}:]" if lead else f"{named.primary}.shape"
        return Operand(made, TupleV(tuple(p.value for p in parts)), node=Parts(parts))

    def _size(self, base: Operand, value: Array) -> Operand:
        result = Array(np.dtype(np.int64), 0, weak=True, affine=value.dims[0] if value.rank == 1 else None)
        if value.rank == 0:
            return Operand("1", number(1))
        if not value.axes:
            return Operand(f"{base.primary}.size", result)
        lead = len(value.axes)
        named = self.temp(base, "operand") if value.rank > 1 else base
        codes = [f"{named.primary}.shape[{k + lead}]" for k in range(value.rank)]
        return Operand(" * ".join(codes), result, ATOM if len(codes) == 1 else PRODUCT)
