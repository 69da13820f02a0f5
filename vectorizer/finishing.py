"""Results in the form that the caller asks for: stacked along `out_axes`, apart from the memory of the arguments."""

from __future__ import annotations

from typing import Any

from vectorizer.errors import VectorizeValueError
from vectorizer.rewrite.function import Rewriter
from vectorizer.rules.indexing import Parts
from vectorizer.source.operand import Operand, call, literal
from vectorizer.spec import UNBATCHED, Layer, LeafAxes, broadcast_out_axes, normalize_out_axis
from vectorizer.tree import children
from vectorizer.values import (
    Array,
    Axes,
    DictV,
    ListV,
    NestedV,
    Obj,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    union_axes,
)


class Finisher:
    """Turns what the function returns into what the caller gets: all batch axes present, at `out_axes`."""

    def __init__(self, layers: tuple[Layer, ...], axes: Axes, name: str) -> None:
        self.layers, self.axes, self.name = layers, axes, name

    def __call__(self, rw: Rewriter, result: Operand) -> Operand:
        if not self.layers:
            return self.plain(rw, result)
        skeleton = self.skeleton(result.value)
        spec = broadcast_out_axes(self.layers, skeleton, self.name)
        return self.finish(rw, result, spec, "result")

    def plain(self, rw: Rewriter, result: Operand) -> Operand:
        """Without batch axes only lists that are held as arrays must become lists again."""
        value = result.value
        if isinstance(value, NestedV) or isinstance(value, SeqV) and self.needs_work(value.item):
            raise Unsupported("a list of lists is returned")
        if isinstance(value, StackedV):
            tail = ".tolist()" if value.weak else ""
            return Operand(f"{result.primary}{tail}" if tail else call("list", result.code), value)
        if isinstance(value, (TupleV, ListV)) and self.needs_work(value):
            parts = [self.plain(rw, p) for p in rw.items(result)]
            return self.rebuilt(value, parts)
        if isinstance(value, DictV) and self.needs_work(value):
            raise Unsupported("a dict of lists is returned")
        return result

    def needs_work(self, value: Value) -> bool:
        if isinstance(value, (TupleV, ListV)):
            return any(self.needs_work(i) for i in value.items)
        if isinstance(value, DictV):
            return any(self.needs_work(item) for _, item in value.items)
        if isinstance(value, SeqV):
            return self.needs_work(value.item)
        return isinstance(value, (StackedV, NestedV))

    def skeleton(self, value: Value) -> Any:
        match value:
            case TupleV():
                items = [self.skeleton(i) for i in value.items]
                return value.type_(*items) if hasattr(value.type_, "_fields") else tuple(items)
            case ListV():
                return [self.skeleton(i) for i in value.items]
            case DictV():
                return {k: self.skeleton(v) for k, v in value.items}
        return _Leaf()

    def finish(self, rw: Rewriter, operand: Operand, spec: Any, path: str) -> Operand:
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            plain = rw.items(operand)
            parts = [
                self.finish(rw, part, inner, f"{path}[{k}]")
                for k, (part, inner) in enumerate(zip(plain, children(spec), strict=True))
            ]
            if isinstance(value, TupleV) and value.type_ is not tuple:
                return self.named(operand, plain, parts)
            return self.rebuilt(value, parts)
        if isinstance(value, DictV):
            return self.dict(rw, operand, value, spec, path)
        return self.leaf(rw, operand, spec, path)

    def named(self, operand: Operand, plain: list[Operand], parts: list[Operand]) -> Operand:
        """A named tuple is returned as it is, where none of its items needs work."""
        if isinstance(operand.node, Parts) or [p.code for p in parts] != [p.code for p in plain]:
            raise Unsupported("a named tuple is returned")
        return Operand(plain[0].code.rpartition("[")[0], operand.value)

    def dict(self, rw: Rewriter, operand: Operand, value: DictV, spec: Any, path: str) -> Operand:
        base = rw.temp(operand, "result") if not operand.is_name else operand
        if base is not operand:
            rw.out[-1].generated = None
        codes = []
        for key, inner in zip((k for k, _ in value.items), children(spec), strict=True):
            item = value.get(key)
            assert item is not None
            part = self.finish(rw, Operand(f"{base.code}[{literal(key)}]", item), inner, f"{path}[{key!r}]")
            codes.append(f"{literal(key)}: {part.code}")
        return Operand("{" + ", ".join(codes) + "}", value)

    def rebuilt(self, value: TupleV | ListV, parts: list[Operand]) -> Operand:
        codes = ", ".join(p.code for p in parts)
        values = tuple(p.value for p in parts)
        if isinstance(value, ListV):
            return Operand(f"[{codes}]", ListV(values, value.site), node=Parts(parts))
        if value.type_ is not tuple:
            raise Unsupported("a named tuple is returned")
        code = f"({codes},)" if len(parts) == 1 else f"({codes})"
        return Operand(code, TupleV(values), node=Parts(parts))

    def leaf(self, rw: Rewriter, operand: Operand, spec: LeafAxes, path: str) -> Operand:
        value = operand.value
        if isinstance(value, PerExample):
            if any(a != 0 for a in spec):
                raise Unsupported("a looped result at another axis")
            return Operand(call(rw.imported("vectorizer.runtime", "stack_examples"), operand.code), value)
        if isinstance(value, Obj) and value.value is None:
            return operand
        if isinstance(value, SeqV):
            return self.sequence(rw, operand, value, spec, path)
        if isinstance(value, StackedV):
            return self.list_of(rw, operand, value, spec)
        if isinstance(value, NestedV):
            return self.nested_list_of(rw, operand, value, spec)
        if not isinstance(value, Array) or value.dtype is None and not value.axes and value.rank == 0 and value.weak:
            raise Unsupported("a result that is not known to be an array")
        return self.array(rw, operand, value, spec, path)

    def sequence(self, rw: Rewriter, operand: Operand, value: SeqV, spec: LeafAxes, path: str) -> Operand:
        if isinstance(value.item, (SeqV, TupleV, ListV)):
            raise Unsupported("a list of lists is returned")
        item = rw.fresh("item")
        made = self.leaf(rw, Operand(item, value.item), spec, path)
        if made.code == item:
            return operand
        return Operand(f"[{made.code} for {item} in {operand.code}]", value)

    def list_of(self, rw: Rewriter, operand: Operand, value: StackedV, spec: LeafAxes) -> Operand:
        if any(a != 0 for a in spec):
            raise Unsupported("a list at another axis is returned")
        array = operand.with_value(value.array)
        full = rw.spread(array, self.axes)
        if value.array.origins:
            full = Operand(f"{full.primary}.copy()", full.value, fresh=True)
        lead = len(self.axes)
        is_matrix = lead == 1 and value.array.rank == 1
        code = f"{full.primary}.T" if is_matrix else call(rw.np("moveaxis"), full.code, str(lead), "0")
        return Operand(call("list", code), value)

    def nested_list_of(self, rw: Rewriter, operand: Operand, value: NestedV, spec: LeafAxes) -> Operand:
        """A list of lists of numbers, each of which has the batch axes."""
        if value.depth != 1 or value.array.rank != 2 or len(self.axes) != 1 or any(a != 0 for a in spec):
            raise Unsupported("a list of lists is returned")
        full = rw.spread(operand.with_value(value.array), self.axes)
        code = f"{full.primary}.copy()" if value.array.origins else full.code
        row = rw.fresh("row")
        return Operand(f"[list({row}) for {row} in {call(rw.np('moveaxis'), code, '0', '-1')}]", value)

    def array(self, rw: Rewriter, operand: Operand, value: Array, spec: LeafAxes, path: str) -> Operand:
        wanted = tuple(a for a, s in zip(self.axes, spec, strict=True) if s is not UNBATCHED)
        extra = [a for a in value.axes if a not in wanted]
        if extra:
            raise VectorizeValueError(
                f"out_axes is None for {path}, but it differs between the examples; give it an axis, or return "
                "something that does not depend on the batched arguments"
            )
        if set(wanted) - set(value.axes):
            operand = rw.spread(operand, union_axes(wanted, value.axes))
            if value.rank or value.axes or not operand.fresh:
                operand = Operand(f"{operand.primary}.copy()", operand.value, fresh=True)
        elif may_be_an_arguments(rw, operand, value, wanted):
            operand = Operand(f"{operand.primary}.copy()", value, fresh=True)
        elif not wanted and value.rank == 0 and not value.zero_d:
            operand = Operand(call(rw.np("asarray"), operand.code), value)
        code = operand.code
        count = len(wanted)
        inner_first = [s for s in reversed(list(spec)) if s is not UNBATCHED]
        for k, axis in enumerate(inner_first):
            position = count - 1 - k
            target = normalize_out_axis(int(axis), value.rank + k + 1, path)
            if target:
                if value.rank + k + 1 == 2 and position == 0:
                    code = f"({code}).T" if operand.level < 15 else f"{code}.T"
                else:
                    code = call(rw.np("moveaxis"), code, str(position), str(position + target))
                operand = Operand(code, value)
        return operand


class _Leaf:
    __tree_leaf__ = True


def may_be_an_arguments(rw: Rewriter, operand: Operand, value: Array, wanted: Axes) -> bool:
    """Whether the memory of a result may be the caller's."""
    is_parameter = operand.is_name and operand.code in rw.function.parameters and bool(wanted) and not value.origins
    seen = any(isinstance(origin, tuple) and origin[0] != "copy" for origin in value.origins)
    return seen or is_parameter
