"""Values brought into the form that another path, iteration or caller asks for."""

from __future__ import annotations

from vectorizer.rewrite.memory import Memory
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.values import (
    Array,
    DictV,
    ListV,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
)


class Widening(Memory):
    """Changes of representation: more axes, another dtype."""

    def coerced(self, operand: Operand, target: Value) -> Operand:
        """`operand` in the representation of `target`: with its axes and, where it varies, its dtype."""
        value = operand.value
        if value == target or not isinstance(target, Array):
            return (
                operand.with_value(target)
                if value != target and self.same_layout(value, target)
                else self._coerced_container(operand, target)
            )
        if not isinstance(value, (Array, StackedV)):
            raise Unsupported("a value of another kind on another path")
        array = self.as_array(operand)
        value = self.array(array)
        missing = set(target.axes) - set(value.axes)
        if not missing and (not target.axes or value.dtype == target.dtype or target.dtype is None):
            return array.with_value(target)
        if missing and not value.axes and value.rank == 0 and target.dtype is not None:
            code = self.filled(target.axes, value, array.code, target.dtype)
            return Operand(code, target, fresh=True)
        if missing:
            array = self.spread(array, target.axes)
            if target.rank:
                array = Operand(f"{array.primary}.copy()", array.value, fresh=True)
        if target.dtype is not None and value.dtype != target.dtype:
            array = Operand(f"{array.primary}.astype({self.dtype_code(target.dtype)})", array.value, fresh=True)
        return Operand(array.code, target, array.level, fresh=True)

    def _coerced_container(self, operand: Operand, target: Value) -> Operand:
        value = operand.value
        if value == target:
            return operand
        site = getattr(value, "site", None)
        if site is not None and sum(getattr(o.value, "site", None) == site for o in self.env.values()) > 1:
            raise Unsupported("a list or dict with several names whose items change what they are")
        if (
            isinstance(value, (TupleV, ListV))
            and isinstance(target, (TupleV, ListV))
            and len(value.items) == len(target.items)
        ):
            parts = [self.coerced(p, t) for p, t in zip(self.items(operand), target.items, strict=True)]
            codes = ", ".join(p.code for p in parts)
            code = f"[{codes}]" if isinstance(target, ListV) else f"({codes},)" if len(parts) == 1 else f"({codes})"
            return Operand(code, target, node=Parts(parts))
        if (
            isinstance(value, DictV)
            and isinstance(target, DictV)
            and [k for k, _ in value.items] == [k for k, _ in target.items]
        ):
            base = self.temp(operand, "held").primary
            pairs = [(k, self.coerced(Operand(f"{base}[{k!r}]", v), target.get(k) or v)) for k, v in value.items]
            codes = ", ".join(f"{k!r}: {part.code}" for k, part in pairs).replace("'", '"')
            return Operand("{" + codes + "}", target)
        raise Unsupported("a container that changes from one path to another")

    def same_layout(self, value: Value, target: Value) -> bool:
        """Whether a value can be seen as `target` without being changed."""
        match value, target:
            case Array(), Array():
                return value.axes == target.axes and (
                    not value.axes or value.dtype == target.dtype or target.dtype is None
                )
            case TupleV(items=items), TupleV(items=others):
                return len(items) == len(others) and all(map(self.same_layout, items, others))
            case ListV(items=items), ListV(items=others):
                return len(items) == len(others) and all(map(self.same_layout, items, others))
            case ListV(), SeqV():
                return all(self.same_layout(item, target.item) for item in value.items)
            case SeqV(), SeqV():
                return self.same_layout(value.item, target.item)
            case DictV(), DictV():
                return [k for k, _ in value.items] == [k for k, _ in target.items] and all(
                    self.same_layout(a, b) for (_, a), (_, b) in zip(value.items, target.items, strict=True)
                )
        return value == target or (is_uniform(value) and is_uniform(target) and not isinstance(target, Array))
