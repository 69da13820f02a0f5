"""Expressions that stand for themselves: calls that are made for what they change."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.calls import Calls
from vectorizer.rules.counting import counted
from vectorizer.rules.gathers import locate_gather
from vectorizer.rules.subscripts import (
    FULL,
)
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    MISSING,
    ListV,
    MaskedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    join,
    union_axes,
)


class Effects(Calls):
    """What list.append, array.sort, np.add.at and their like become."""

    def small_Expr(self, node: cst.Expr) -> bool:
        if isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
            self.emit(self.text(node.value))
            return False
        if isinstance(node.value, cst.Call) and self.effect(node.value):
            return False
        self.direct = self.node_site(node.value)
        operand = self.expression(node.value)  # made for its effect: it is not looped on its own
        is_made = operand.is_name and operand.code not in self.local_names  # and stands for what has been called
        if operand.code != "None" and not is_made:
            self.emit(operand.code)
        return False

    def effect(self, node: cst.Call) -> bool:
        """Calls that are made for what they change: list.append, array.sort, np.add.at ..."""
        if not isinstance(node.func, cst.Attribute):
            return self.effect_function(node)
        name = node.func.attr.value
        base = self.expression(node.func.value)
        if isinstance(base.value, (ListV, SeqV, StackedV, MaskedV)) and name in (
            "append",
            "extend",
            "insert",
            "clear",
            "reverse",
            "sort",
        ):
            args, keywords = self.arguments(node)
            if keywords:
                raise Unsupported(f"list.{name} with keywords")
            self.change_list(base, name, args)
            return True
        if isinstance(base.value, Obj) and isinstance(base.value.value, np.ufunc) and name == "at":
            args, keywords = self.arguments(node)
            self.ufunc_at(base, args)
            return True
        return self.effect_function(node)

    def effect_function(self, node: cst.Call) -> bool:
        return False

    def ufunc_at(self, base: Operand, args: list[Operand]) -> None:
        """``np.add.at(target, index, value)``."""
        ufunc: Any = base.value.value if isinstance(base.value, Obj) else None
        if len(args) != 3 or ufunc.nin != 2 or ufunc.nout != 1 or ufunc.signature is not None:
            raise Unsupported(f"{base.code}.at in a form that has no rule")
        index = self.items(args[1]) if isinstance(args[1].value, TupleV) else [self.as_array(args[1])]
        target = self.array(args[0])
        value = self.as_array(args[2])
        needed = union_axes(*(axes_of(i.value) for i in index), self.array(value).axes)
        if set(needed) - set(target.axes):
            self.store_needs(args[0], needed)
        if self.regions or self.loops:
            raise Unsupported(f"{base.code}.at under a condition")
        self.written(args[0])
        if not needed and not target.axes:
            self.emit(call(f"{base.code}.at", *(a.code for a in args)))
            return
        if ufunc is np.add and len(index) == 1 and self._counted(args[0], index[0], value):
            return
        anchored = [i if k or self.array(i).axes else self.spread(i, target.axes) for k, i in enumerate(index)]
        region = locate_gather(self, args[0], [*anchored, *[FULL] * (target.rank - len(index))])
        if region.moved:
            raise Unsupported(f"{base.code}.at over later axes")
        fitted = self.fully(value, region.value.axes, region.value.rank) if self.array(value).axes else value
        self.emit(call(f"{base.code}.at", args[0].code, f"({region.index})", fitted.code))

    def _counted(self, base: Operand, index: Operand, value: Operand) -> bool:
        """``np.add.at(h, i, 1)`` and ``np.add.at(h, i, w)`` as one `np.bincount`, which is several times faster."""
        target, i, v = self.array(base), self.array(index), self.array(value)
        if target.rank != 1 or i.rank != 1 or i.kind not in "iu" or len(target.axes) != 1 or not base.is_name:
            return False
        ones = v.const is not MISSING and v.const == 1 and target.dtype in (np.dtype(float), np.dtype(np.int64))
        doubles = v.rank == 1 and v.dtype == target.dtype == np.dtype(float) and self.equal(v.dims[0], i.dims[0])
        if not ones and not doubles:
            return False
        length = f"{base.code}.shape[1]"
        named = self.temp(index, "places")
        code = call(self.np("where"), f"{named.code} < 0", f"{named.code} + {length}", named.code)
        index = self.temp(Operand(code, i.with_(dims=i.dims), fresh=True), "places")
        spread = self.spread(index, target.axes)
        made = counted(self, spread, None if ones else value, length, target.dims[0])
        self.emit(f"{base.code} += {made.code}")
        return True

    def change_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        """``base.name(*args)`` on a list; every variable that names the list sees the change."""
        value = base.value
        if self.loops:
            self.loop_list(base, name, args)
            return
        if self.regions or self.speculating or isinstance(value, MaskedV):
            raise Unsupported("a list that only some examples change")
        if isinstance(value, StackedV):
            self.sequential_again("a list is changed again after the loop that filled it")
        assert isinstance(value, (ListV, SeqV))
        args = [self.kept(a) for a in args]
        if name == "append" and len(args) == 1:
            made, args = self._appended(value, args[0])
        else:
            made = self._changed_list(value, name, args)
        self.emit(call(f"{base.primary}.{name}", *(a.code for a in args)))
        self.update_site(value.site, made)

    def _appended(self, value: ListV | SeqV, item: Operand) -> tuple[Value, list[Operand]]:
        """The list with one item more, and the item in the form that all items of the list have."""
        if isinstance(value, ListV):
            return ListV((*value.items, item.value), value.site), [item]
        made = SeqV(join(value.item, item.value), value.site)
        if not self.same_layout(item.value, made.item):
            item = self.coerced(item, made.item)
        return made, [item]

    def _changed_list(self, value: ListV | SeqV, name: str, args: list[Operand]) -> Value:
        """What a list is after a method other than `append`."""
        site = value.site
        if name == "extend" and isinstance(value, ListV) and isinstance(args[0].value, (ListV, TupleV)):
            return ListV(value.items + args[0].value.items, site)
        if name == "insert" and isinstance(value, ListV) and len(args) == 2:
            items = list(value.items)
            items.insert(self.pin_int(args[0], "a position"), args[1].value)
            return ListV(tuple(items), site)
        if name == "reverse":
            return ListV(value.items[::-1], site) if isinstance(value, ListV) else value
        if name == "insert" and isinstance(value, SeqV) and len(args) == 2:
            return SeqV(join(value.item, args[1].value), site)
        raise Unsupported(f"list.{name} has no rule here")

    def loop_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        raise Unsupported("a list is changed in a loop that has become an axis")

    def sequential_again(self, reason: str) -> None:
        raise Unsupported(reason)
