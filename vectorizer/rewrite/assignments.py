"""Assignments to names and to several targets."""

from __future__ import annotations

from typing import Any

import libcst as cst

from vectorizer.rewrite.stores import Stores
from vectorizer.rules.periodic import Wrapped
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    ListV,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
)


class Assignments(Stores):
    """What an assignment becomes."""

    def value_or_loop(self, node: cst.BaseExpression) -> Operand:
        """An expression; one that has no rule is looped over the examples."""
        mark = self.mark()
        try:
            return self.fresh_memory(self.expression(node), node)
        except Unsupported as error:
            self.rollback(mark)
            return self.loop_expression(node, error)

    def loop_expression(self, node: cst.BaseExpression, error: Unsupported) -> Operand:
        raise error

    def small_Assign(self, node: cst.Assign) -> bool:
        self.direct = self.node_site(node.value)
        operand = self.value_or_loop(node.value)
        targets = [t.target for t in node.targets]
        if len(targets) > 1:
            operand = self._shared_value(operand)
        for target in reversed(targets) if len(targets) == 1 else targets:
            self.assign(target, operand)
        return False

    def _shared_value(self, operand: Operand) -> Operand:
        if (
            operand.is_name
            or not operand.fresh
            and isinstance(operand.value, Array)
            and operand.value.const is not MISSING
        ):
            return operand
        name = self.fresh("value")
        self.emit(f"{name} = {operand.code}", target=name)
        return Operand(name, operand.value)

    def small_AnnAssign(self, node: cst.AnnAssign) -> bool:
        if node.value is not None:
            self.assign(node.target, self.value_or_loop(node.value))
        return False

    def assign(self, target: cst.BaseExpression, operand: Operand) -> None:
        if isinstance(target, cst.Name):
            self.assign_name(target.value, operand)
        elif isinstance(target, (cst.Tuple, cst.List)):
            self.unpack(target, operand)
        elif isinstance(target, cst.Subscript):
            self.assign_item(target, operand)
        else:
            raise Unsupported("an attribute is assigned to", target)

    def unpack(self, target: cst.Tuple | cst.List, operand: Operand) -> None:
        """``a, b = operand``."""
        elements = list(target.elements)
        if any(isinstance(e, cst.StarredElement) for e in elements):
            self._unpack_starred(elements, operand)
            return
        if self._unpack_call([e.value for e in elements], operand):
            return
        parts = self.parts_of(operand, len(elements))
        held = [self.kept(p) for p in parts]
        if any(h is not p for h, p in zip(held, parts, strict=True)):
            parts, operand = held, Operand(operand._code, operand.value, node=Parts(held))
        targets = [e.value for e in elements]
        names = [t.value for t in targets if isinstance(t, cst.Name)]
        if len(names) == len(targets) and not any(p.lazy for p in parts):
            self._unpack_names(names, parts, operand)
            return
        held = [p if p.lazy or not isinstance(operand.node, Parts) else self.pinned_temp(p, "item") for p in parts]
        for name, part in zip(targets, held, strict=True):
            self.assign(name, part)

    def _unpack_call(self, targets: list[Any], operand: Operand) -> bool:
        """``a, b = f(x)`` stays as it is; returns False for anything else."""
        value = operand.value
        if operand.is_name or isinstance(operand.node, Parts) or not isinstance(value, (TupleV, ListV)):
            return False
        names = [t.value for t in targets if isinstance(t, cst.Name)]
        if len(names) < len(targets) or len(names) != len(value.items):
            return False
        parts = [Operand("<item>", item) for item in value.items]
        if any(self.kept(part) is not part for part in parts):
            return False
        self._unpack_names(names, parts, operand)
        return True

    def _unpack_names(self, names: list[str], parts: list[Operand], operand: Operand) -> None:
        """All targets are variables: it stays one statement."""
        targets = [self.target_name(n) for n in names]
        written_out = isinstance(operand.node, Parts)
        right = ", ".join(p.code for p in parts) if written_out else operand.code
        if written_out and len(parts) == 1:
            right += ","
        left = ", ".join(targets) + ("," if len(targets) == 1 else "")
        self.emit(f"{left} = {right}", generated=None, safe=all(isinstance(p.node, Wrapped) for p in parts))
        for name, emitted, part in zip(names, targets, parts, strict=True):
            wrapped = part.node if isinstance(part.node, Wrapped) else None
            self.bind(name, Operand(emitted, part.value, node=wrapped))

    def _unpack_starred(self, elements: list[Any], operand: Operand) -> None:
        value = operand.value
        if not isinstance(value, (TupleV, ListV)):
            raise Unsupported("a starred target takes a number of items that is not known")
        parts = self.items(operand)
        star = next(k for k, e in enumerate(elements) if isinstance(e, cst.StarredElement))
        tail = len(elements) - star - 1
        held = [self.pinned_temp(p, "item") for p in parts]
        middle = held[star : len(held) - tail]
        codes = f"[{', '.join(p.code for p in middle)}]"
        starred = Operand(codes, ListV(tuple(p.value for p in middle), object()), node=Parts(middle))
        groups = [*held[:star], starred, *held[len(held) - tail :]]
        for element, part in zip(elements, groups, strict=True):
            self.assign(element.value, part)

    def parts_of(self, operand: Operand, count: int) -> list[Operand]:
        """The items of what is unpacked into `count` targets."""
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            if len(value.items) != count:
                raise Unsupported(f"{len(value.items)} items are unpacked into {count} targets")
            return self.items(operand)
        if isinstance(value, (Array, StackedV)):
            return self._rows(operand, count)
        if isinstance(value, SeqV):
            return [Operand(f"{operand.primary}[{k}]", value.item) for k in range(count)]
        raise Unsupported("something unknown is unpacked")

    def _rows(self, operand: Operand, count: int) -> list[Operand]:
        """The numbers or rows along the first logical axis of an array, which must be `count`."""
        array = self.array(operand)
        if not array.rank:
            raise Unsupported("a number is unpacked")
        dim = array.dims[0]
        if array.axes and not (dim is not None and self.equal(dim, Affine(count))):
            raise Unsupported("an array of unknown length is unpacked")
        item = array.with_(rank=array.rank - 1, dims=array.dims[1:], zero_d=False)
        if not array.axes:
            return [Operand(f"{operand.primary}[{k}]", item) for k in range(count)]
        lead = ", ".join([":"] * len(array.axes))
        base = self.temp(operand, "row").primary
        parts = [Operand(f"{base}[{lead}, {k}]", item) for k in range(count)]
        operand.node = Parts(parts)
        return parts
