"""Statements: assignments, stores, returns, uniform control flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.calls import Calls
from vectorizer.rewrite.expressions import BINARY, SYMBOLS
from vectorizer.rules.elementwise import strengthen
from vectorizer.rules.indexing import FULL, Masked, Parts, Region, Slice, is_varying_mask, item_code, locate
from vectorizer.rules.python import truth
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    DictV,
    FuncV,
    ListV,
    MaskedV,
    Obj,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    is_uniform,
    join,
    union_axes,
)

JUMPS = (cst.Return, cst.Break, cst.Continue, cst.Raise)


class Statements(Calls):
    """What a statement becomes.  `block` returns whether control leaves the block for good."""

    pending: tuple[str, ...] = ()

    def block(self, statements: Sequence[cst.BaseStatement]) -> bool:
        for k, statement in enumerate(statements):
            start = len(self.out)
            self.line = self.line_of(statement)
            comments = self.comments(getattr(statement, "leading_lines", ()))
            self.pending += comments
            ended = self.statement(statement, statements[k + 1 :])
            if len(self.out) > start and self.pending:
                self.out[start].leading = self.pending + self.out[start].leading
                self.pending = ()
            if ended:
                return True
        return False

    @staticmethod
    def comments(lines: Sequence[cst.EmptyLine]) -> tuple[str, ...]:
        return tuple(line.comment.value if line.comment is not None else "" for line in lines)

    def line_of(self, node: cst.CSTNode) -> int:
        return self.lines.get(id(node), self.line)

    lines: dict[int, int]

    def statement(self, node: cst.BaseStatement, rest: Sequence[cst.BaseStatement]) -> bool:
        if isinstance(node, cst.SimpleStatementLine):
            return self.simple_line(node)
        if isinstance(node, cst.If):
            return self.visit_If(node, rest)
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is None:
            raise Unsupported(f"{type(node).__name__} has no rule", node)
        return bool(method(node, rest))

    def simple_line(self, node: cst.SimpleStatementLine) -> bool:
        comment = node.trailing_whitespace.comment
        start = len(self.out)
        ended = False
        for small in node.body:
            ended = self.small(small)
            if ended:
                break
        if comment is not None:
            if len(self.out) > start:
                last = next((s for s in reversed(self.out[start:]) if s.body is None), self.out[-1])
                last.trailing = last.trailing or comment.value
            else:
                self.pending += (comment.value,)
        return ended

    def small(self, node: cst.BaseSmallStatement) -> bool:
        method = getattr(self, f"small_{type(node).__name__}", None)
        if method is None:
            raise Unsupported(f"{type(node).__name__} has no rule", node)
        try:
            return bool(method(node))
        except Unsupported as error:
            error.node = error.node or node
            raise

    # --- simple statements -------------------------------------------------------------------------------------------

    def small_Pass(self, node: cst.Pass) -> bool:
        self.emit("pass")
        return False

    def small_Expr(self, node: cst.Expr) -> bool:
        if isinstance(node.value, (cst.SimpleString, cst.ConcatenatedString)):
            self.emit(self.text(node.value))
            return False
        if isinstance(node.value, cst.Call) and self.effect(node.value):
            return False
        operand = self.expression(node.value)  # made for its effect: it is not looped on its own
        self.emit(operand.code)
        return False

    def effect(self, node: cst.Call) -> bool:
        """Calls that are made for what they change: list.append, array.sort, np.add.at ..."""
        if not isinstance(node.func, cst.Attribute):
            return self.effect_function(node)
        name = node.func.attr.value
        base = self.expression(node.func.value)
        if isinstance(base.value, (ListV, SeqV, StackedV)) and name in (
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
        if isinstance(base.value, Array) and name in ("fill", "sort"):
            args, keywords = self.arguments(node)
            self.change_array(base, name, args, keywords)
            return True
        if isinstance(base.value, Obj) and isinstance(base.value.value, np.ufunc) and name == "at":
            args, keywords = self.arguments(node)
            self.ufunc_at(base, args)
            return True
        return self.effect_function(node)

    def effect_function(self, node: cst.Call) -> bool:
        return False

    def ufunc_at(self, base: Operand, args: list[Operand]) -> None:
        ufunc = base.value.value  # type: ignore[union-attr]
        symbol = {np.add: "+", np.subtract: "-", np.multiply: "*"}.get(ufunc)
        if len(args) != 3 or symbol is None:
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
        from vectorizer.rules.indexing import locate_gather

        anchored = [i if k or self.array(i).axes else self.spread(i, target.axes) for k, i in enumerate(index)]
        region = locate_gather(self, args[0], [*anchored, *[FULL] * (target.rank - len(index))])
        if region.moved:
            raise Unsupported(f"{base.code}.at over later axes")
        fitted = self.fully(value, region.value.axes, region.value.rank) if self.array(value).axes else value
        self.emit(call(f"{base.code}.at", args[0].code, f"({region.index})", fitted.code))

    def change_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        value = base.value
        if self.regions or self.speculating:
            raise Unsupported("a list that only some examples change")
        if self.loops:
            self.loop_list(base, name, args)
            return
        if isinstance(value, StackedV):
            self.sequential_again("a list is changed again after the loop that filled it")
        assert isinstance(value, (ListV, SeqV))
        args = [self.kept(a) for a in args]
        code = call(f"{base.primary}.{name}", *(a.code for a in args))
        site = value.site
        if name == "append" and len(args) == 1:
            item = args[0].value
            if isinstance(item, (ListV, SeqV, DictV)) and getattr(item, "site", None) is not None and args[0].is_name:
                pass
            made: Value = (
                ListV((*value.items, item), site) if isinstance(value, ListV) else SeqV(join(value.item, item), site)
            )
            if isinstance(made, SeqV) and isinstance(value, SeqV) and not self.same_layout(item, made.item):
                args = [self.coerced(args[0], made.item)]
                code = call(f"{base.primary}.append", args[0].code)
            self.emit(code)
            self.update_site(site, made)
            return
        if name == "extend" and isinstance(value, ListV) and isinstance(args[0].value, (ListV, TupleV)):
            self.emit(code)
            self.update_site(site, ListV(value.items + args[0].value.items, site))
            return
        if name == "insert" and isinstance(value, ListV) and len(args) == 2:
            items = list(value.items)
            items.insert(self.pin_int(args[0], "a position"), args[1].value)
            self.emit(code)
            self.update_site(site, ListV(tuple(items), site))
            return
        if name == "reverse" and isinstance(value, (ListV, SeqV)):
            self.emit(code)
            self.update_site(site, ListV(value.items[::-1], site) if isinstance(value, ListV) else value)
            return
        if name == "insert" and isinstance(value, SeqV) and len(args) == 2:
            self.emit(code)
            self.update_site(site, SeqV(join(value.item, args[1].value), site))
            return
        raise Unsupported(f"list.{name} has no rule here")

    def loop_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        raise Unsupported("a list is changed in a loop that has become an axis")

    def sequential_again(self, reason: str) -> None:
        raise Unsupported(reason)

    def change_array(self, base: Operand, name: str, args: list[Operand], keywords: dict[str, Operand]) -> None:
        value = self.array(base)
        if self.regions or self.speculating or self.loops:
            raise Unsupported(f"array.{name} under a condition")
        if name == "fill" and len(args) == 1 and not keywords:
            self.store(base, [*[FULL] * value.rank], args[0], None)
            return
        if name == "sort":
            axis = self.pin_int(args[0], "an axis") if args else -1
            if keywords or len(args) > 1:
                raise Unsupported("array.sort with keywords")
            self.written(base)
            if not value.origins:
                raise Unsupported("a sort of memory whose origin is not known")
            shifted = axis if axis < 0 else axis + len(value.axes)
            self.emit(call(f"{base.primary}.sort", *([str(shifted)] if args else [])))
            return
        raise Unsupported(f"array.{name} in a form that has no rule")

    def value_or_loop(self, node: cst.BaseExpression) -> Operand:
        """An expression; one that has no rule is looped over the examples."""
        mark = self.mark()
        try:
            operand = self.expression(node)
            if not operand.lazy:
                _ = operand.code
            return self.fresh_memory(operand, node)
        except Unsupported as error:
            self.rollback(mark)
            return self.loop_expression(node, error)

    def loop_expression(self, node: cst.BaseExpression, error: Unsupported) -> Operand:
        raise error

    def small_Assign(self, node: cst.Assign) -> bool:
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
        elements = list(target.elements)
        if any(isinstance(e, cst.StarredElement) for e in elements):
            self._unpack_starred(elements, operand)
            return
        parts = self.parts_of(operand, len(elements))
        held = [self.kept(p) for p in parts]
        if any(h is not p for h, p in zip(held, parts, strict=True)):
            parts, operand = held, Operand(operand._code, operand.value, node=Parts(held))
        names = [e.value for e in elements]
        if all(isinstance(n, cst.Name) for n in names) and not any(p.lazy for p in parts):
            targets = [self.target_name(n.value) for n in names]  # type: ignore[attr-defined]
            written_out = isinstance(operand.node, Parts)
            right = ", ".join(p.code for p in parts) if written_out else operand.code
            if written_out and len(parts) == 1:
                right += ","
            left = ", ".join(targets) + ("," if len(targets) == 1 else "")
            self.emit(f"{left} = {right}", generated=None)
            for name, emitted, part in zip(names, targets, parts, strict=True):
                assert isinstance(name, cst.Name)
                for region in self.regions:
                    region.cache.pop(name.value, None)
                value = part.value
                self.env[name.value] = Operand(emitted, value)
            return
        held = [p if p.lazy or not isinstance(operand.node, Parts) else self.pinned_temp(p, "item") for p in parts]
        for name, part in zip(names, held, strict=True):
            self.assign(name, part)

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
            array = self.array(operand)
            if not array.rank:
                raise Unsupported("a number is unpacked")
            dim = array.dims[0]
            if array.axes and not (dim is not None and self.equal(dim, Affine(count))):
                raise Unsupported("an array of unknown length is unpacked")
            item = array.with_(rank=array.rank - 1, dims=array.dims[1:], zero_d=False)
            if not array.axes:
                return (
                    [Operand(f"{operand.primary}[{k}]", item) for k in range(count)]
                    if not operand.is_name
                    else [Operand(f"{operand.code}[{k}]", item) for k in range(count)]
                )
            lead = ", ".join([":"] * len(array.axes))
            base = self.temp(operand, "row").primary
            parts = [Operand(f"{base}[{lead}, {k}]", item) for k in range(count)]
            operand.node = Parts(parts)
            return parts
        if isinstance(value, SeqV):
            return [Operand(f"{operand.primary}[{k}]", value.item) for k in range(count)]
        raise Unsupported("something unknown is unpacked")

    # --- stores --------------------------------------------------------------------------------------------------------

    def assign_item(self, target: cst.Subscript, operand: Operand) -> None:
        base = self.store_base(target.value)
        if isinstance(base.value, (DictV, ListV, SeqV)):
            self.assign_container(base, target, operand)
            return
        if isinstance(base.value, StackedV):
            self.sequential_again("a list is changed after the loop that filled it")
        self.store(base, self.indices(target.slice), operand, None)

    def store_base(self, node: cst.BaseExpression) -> Operand:
        """The array that a store goes to; a variable is taken with all its examples, also where only some are active."""
        if isinstance(node, cst.Name) and node.value in self.env:
            return self.env[node.value]
        if isinstance(node, cst.Subscript):  # A[i][j] = v: through the row, which is a view
            inner = self.store_base(node.value)
            if isinstance(inner.value, Array) and not (
                set(axes_of(inner.value)) & {a for r in self.regions for a in r.replaced}
            ):
                region = locate(self, inner, self.indices(node.slice))
                if region.view:
                    return Operand(region.code, region.value)
            if isinstance(inner.value, (ListV, TupleV, DictV, SeqV)):
                if not all(is_uniform(b.value) for i in self.indices(node.slice) for b in self._bounds(i)):
                    raise Unsupported("a store into an item of a list that differs between the examples")
                return self.expression(node)
            raise Unsupported("a store into a copy")
        return self.expression(node)

    def assign_container(self, base: Operand, target: cst.Subscript, operand: Operand) -> None:
        value = base.value
        index = self.indices(target.slice)
        if len(index) != 1 or not isinstance(index[0], Operand) or self.regions or self.speculating or self.loops:
            raise Unsupported("an item of a container is assigned under a condition")
        if not is_uniform(index[0].value):
            raise Unsupported("an item of a list is assigned at an index that varies")
        if isinstance(value, DictV):
            key = self.pin(index[0], "a key")
            pairs = dict(value.items)
            pairs[key] = operand.value
            self.emit(f"{base.primary}[{index[0].code}] = {operand.code}")
            self.update_site(value.site, DictV(tuple(pairs.items()), value.site))
            return
        if isinstance(value, ListV) and isinstance(index[0].value, Array) and index[0].value.const is not MISSING:
            items = list(value.items)
            items[int(index[0].value.const)] = operand.value
            self.emit(f"{base.primary}[{index[0].code}] = {operand.code}")
            self.update_site(value.site, ListV(tuple(items), value.site))
            return
        items_value = value.item if isinstance(value, SeqV) else None
        if isinstance(value, ListV):
            items_value = value.items[0]
            for other in value.items[1:]:
                items_value = join(items_value, other)
        assert items_value is not None
        merged = join(items_value, operand.value)
        if not self.same_layout(items_value, merged):
            raise Unsupported("a list whose items become varying one by one")
        operand = self.coerced(operand, merged)
        self.emit(f"{base.primary}[{index[0].code}] = {operand.code}")
        made: Value = (
            SeqV(merged, value.site) if isinstance(value, SeqV) else ListV((merged,) * len(value.items), value.site)
        )  # type: ignore[union-attr]
        self.update_site(value.site, made)  # type: ignore[union-attr]

    def store(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """``base[index] = operand``, or ``base[index] op= operand``."""
        target = self.array(base)
        if len(index) == 1 and is_varying_mask(index[0], target):
            self.store_masked(base, index[0], operand, symbol)
            return
        if not isinstance(operand.value, (Array, TupleV, ListV, StackedV, SeqV)):
            raise Unsupported("a value of unknown kind is stored")
        operand = self.as_array(operand)
        if isinstance(base.value, Array) and target.rank == 0:
            raise Unsupported("a store into a number")
        value = self.array(operand)
        if value.lazy_index if hasattr(value, "lazy_index") else False:
            pass
        index_axes = union_axes(*(axes_of(b.value) for i in index for b in self._bounds(i)))
        inside = self.axes_inside(target)
        needed = set(value.axes) | set(index_axes) | (self.mask_axes() - inside)
        covered = {loop.axis for loop in self.loops}
        replaced = {axis: below for axis, below in self.replaced_axes().items() if axis not in inside}
        outer = {a for axis in needed for a in replaced.get(axis, (axis,))}
        missing = outer - set(target.axes) - covered
        if missing:
            self.store_needs(base, tuple(sorted({*missing, *[a for a in target.axes]})))
        self.written(base)
        if set(target.axes) & {a for axes in replaced.values() for a in axes}:
            self.store_lanes(base, index, operand, symbol)
            return
        if self.mask_axes() - inside and not self.loops and not (self.mask_axes() & set(target.axes)):
            raise Unsupported("examples under a condition write into one array that they share")
        region = locate(self, base, index)
        self.check_loop_store(base, region, symbol)
        if symbol is not None:
            operand = self.weak_for(operand, region.value)
        else:
            self.check_cast(self.array(operand), region.value)
        self.write(base, region, operand, symbol)

    @staticmethod
    def _bounds(item: Any) -> list[Operand]:
        if isinstance(item, Operand):
            return [item]
        if isinstance(item, Slice):
            return [b for b in (item.lower, item.upper, item.step) if b is not None]
        return []

    def mask_axes(self) -> set[Any]:
        return {region.axis for region in self.regions}

    def replaced_axes(self) -> dict[Any, tuple[Any, ...]]:
        """Each lanes axis with the batch and loop axes that it stands for."""
        table: dict[Any, tuple[Any, ...]] = {}
        for region in self.regions:
            table[region.axis] = tuple(a for axis in region.replaced for a in table.get(axis, (axis,)))
        return table

    def axes_inside(self, target: Array) -> set[Any]:
        """Axes of the regions inside which a buffer was made: it holds their examples only."""
        sites = [set(self.site_axes.get(origin, ())) for origin in target.origins]
        return set.intersection(*sites) & self.mask_axes() if sites else set()

    def all_replaced(self) -> list[Any]:
        return [a for axes in self.replaced_axes().values() for a in axes]

    def check_loop_store(self, base: Operand, region: Region, symbol: str | None) -> None:
        """A store inside loops that have become axes must go to another place in each iteration."""
        for loop in self.loops:
            if loop.axis not in self.array(base).axes and loop.axis not in region.covered:
                raise Unsupported("iterations store into the same place")
        if self.loops and region.gathered and any(loop.axis in region.covered for loop in self.loops):
            raise Unsupported("iterations store through an index that may repeat")

    def check_cast(self, value: Array, target: Array) -> None:
        """Python numbers that do not fit an integer array raise; an array of them would wrap."""
        if value.rank or not value.axes or target.kind not in "iu":
            return
        if value.kind in "fc":
            self.facts.strict_floats = True  # too large a number raises, where an array of them only warns
        elif not value.weak:
            return
        elif target.dtype != np.dtype(np.int64):
            raise Unsupported("Python integers that differ between the examples are stored into a smaller type")

    def weak_for(self, operand: Operand, value: Array) -> Operand:
        return strengthen(self, [Operand("", value), operand], np.add)[1]

    def write(self, base: Operand, region: Region, operand: Operand, symbol: str | None) -> None:
        value = self.array(operand)
        target = region.value
        if value.rank > target.rank:
            raise Unsupported("an array of higher rank is stored")
        if region.moved and region.gathered:
            raise Unsupported("a store through integer arrays over later axes")
        if value.axes:
            operand = self.expand(operand, target.axes, target.rank)
        code = region.code
        if region.moved:
            code = f"{code}[...]"
        elif not code.endswith("]"):
            code = f"{code}[:]" if len(target.axes) + target.rank else f"{code}[()]"
        elif code == base.primary and not base.code.endswith("]"):
            code = f"{code}[:]"
        if code == base.code:
            code = f"{code}[...]"
        whole = base.code if base.is_name and self.sets_all(base, region, operand) else None
        self.emit(f"{code} {symbol or ''}= {operand.code}", whole=whole)

    def sets_all(self, base: Operand, region: Region, operand: Operand) -> bool:
        """Whether a store sets the whole of an array to a fresh one of its own dtype and shape."""
        value, target = self.array(operand), self.array(base)
        covers = not region.gathered and set(region.index) <= set(":, ")
        alike = value.dtype == target.dtype and value.axes == region.value.axes and None not in region.value.dims
        same = value.rank == region.value.rank and value.dims == region.value.dims and not value.origins
        return covers and alike and same and len(value.axes) + value.rank == len(target.axes) + target.rank

    def store_masked(self, base: Operand, mask: Operand, operand: Operand, symbol: str | None) -> None:
        """``x[mask] = value`` with a mask that varies: one number for all places, or one for each place that is set."""
        target = self.array(base)
        if self.regions or self.loops or self.masks:
            raise Unsupported("a store through a mask under a condition")
        if isinstance(operand.value, MaskedV) and isinstance(operand.node, Masked):
            if operand.node.mask.code != mask.code:
                raise Unsupported("a store of as many elements as another mask chooses")
            operand = operand.node.array
        elif not isinstance(operand.value, Array) or operand.value.rank:
            raise Unsupported("a store of an array through a mask that varies")
        value = self.array(operand)
        needed = set(mask.array.axes) | set(value.axes)
        if needed - set(target.axes):
            self.store_needs(base, tuple(sorted({*needed, *target.axes})))
        self.written(base)
        if value.kind == "c" and target.kind != "c" or value.kind == "f" and target.kind in "iub":
            raise Unsupported("a store through a mask into an array of another kind")
        self.check_cast(value, target)
        if (
            value.weak
            and not value.axes
            or not needed - set(mask.array.axes)
            and not value.axes
            and mask.array.axes == target.axes
        ):
            if mask.array.axes == target.axes:
                self.emit(f"{base.primary}[{mask.code}] {symbol or ''}= {operand.code}")
                return
        new = self.binary(symbol, base, operand) if symbol is not None else operand
        where = self.expand(mask, target.axes, target.rank)
        fitted = self.expand(new, target.axes, target.rank) if self.array(new).axes else new
        self.emit(call(self.np("copyto"), base.code, fitted.code, where=where.code))

    def store_lanes(self, base: Operand, index: list[Any], operand: Operand, symbol: str | None) -> None:
        """A store for the active examples only, into an array that holds all examples."""
        target = self.array(base)
        chain = self.chain_to(target)
        if self.loops or self.masks or chain is None:
            raise Unsupported("a store under nested conditions")
        region, index_code = chain
        if region is None:
            raise Unsupported("a store under a condition over several axes")
        from vectorizer.rules.indexing import expand_index

        items = expand_index(index, target.rank)
        operands = [i for i in items if isinstance(i, Operand)]
        if any(o.array.rank for o in operands) or any(o.array.kind == "b" for o in operands):
            raise Unsupported("a store at integer arrays under a condition")
        first = next((k for k, i in enumerate(items) if isinstance(i, Operand)), None)
        if first is not None and any(
            not isinstance(i, Operand) for i in items[: max(k for k, i in enumerate(items) if isinstance(i, Operand))]
        ):
            raise Unsupported("a store behind a slice under a condition")
        codes = [index_code, *(item_code(i) for i in items)]
        while codes[-1] == ":":
            codes.pop()
        rank = sum(1 for i in items if isinstance(i, Slice))
        value = self.array(operand)
        if value.rank > rank:
            raise Unsupported("an array of higher rank is stored")
        if value.axes:
            operand = self.expand(operand, (region.axis,), rank)
        if symbol is None:
            self.check_cast(value, target)
        if symbol is not None:
            operand = strengthen(self, [Operand("", Array(target.dtype, rank, (region.axis,))), operand], np.add)[1]
        self.emit(f"{base.primary}[{', '.join(codes)}] {symbol or ''}= {operand.code}")
        for other in self.regions:
            for name in [
                n for n, o in self.env.items() if isinstance(o.value, Array) and o.value.origins & target.origins
            ]:
                other.cache.pop(name, None)

    masks: list[Operand]

    def chain_to(self, target: Array) -> Any:
        """The innermost region below an array's axis, and the active examples as an index into that axis."""
        if len(target.axes) != 1:
            return None
        axis, code, found = target.axes[0], "", None
        for region in self.regions:
            if region.replaced != (axis,):
                continue
            if not code:
                code = region.mask
            else:
                first = found is not None and not found.is_index and "[" not in code
                code = f"{call(self.np('flatnonzero'), code) if first else code}[{region.mask}]"
            axis, found = region.axis, region
        if found is None or found is not self.regions[-1]:
            return None
        return found, code

    # --- augmented assignment --------------------------------------------------------------------------------------------

    def small_AugAssign(self, node: cst.AugAssign) -> bool:
        symbol = SYMBOLS[type(node.operator)]
        if isinstance(node.target, cst.Name):
            self.augment_name(node.target.value, symbol, node)
        elif isinstance(node.target, cst.Subscript):
            self.augment_item(node.target, symbol, node)
        else:
            raise Unsupported("an attribute is assigned to", node)
        return False

    def augment_name(self, name: str, symbol: str, node: cst.AugAssign) -> None:
        before = self.read(name)
        right = self.value_or_loop(node.value)
        if isinstance(before.value, (ListV, SeqV, StackedV)) and symbol == "+":
            if (
                isinstance(right.value, (ListV, SeqV))
                and isinstance(before.value, (ListV, SeqV))
                and not (self.loops or self.regions or self.speculating)
            ):
                joined = self.binary("+", before, right)
                site = before.value.site
                made = joined.value
                assert isinstance(made, (ListV, SeqV))
                self.emit(f"{before.code} += {right.code}")
                self.update_site(site, ListV(made.items, site) if isinstance(made, ListV) else SeqV(made.item, site))
                return
            raise Unsupported("a list is extended in place")
        value = self.array(before)
        if self.loops and self.accumulate(name, symbol, before, right):
            return
        if value.rank or value.zero_d:
            self.augment_array(name, before, symbol, right)
            return
        result = self.binary(symbol, before, right)
        if (
            not axes_of(result.value)
            and not self.scopes
            and not result.lazy
            and before.code == name
            and not self.regions
        ):
            self.emit(f"{name} {symbol}= {right.code}", target=None)
            self.env[name] = Operand(name, result.value)
            return
        self.assign_name(name, result)

    def augment_array(self, name: str, before: Operand, symbol: str, right: Operand) -> None:
        """``a += b`` on an array writes into its memory."""
        value, other = self.array(before), self.array(self.as_array(right))
        if self.regions or self.loops or self.speculating:
            if set(axes_of(self.env[name].value)) != set(value.axes) or not self._is_private(value):
                raise Unsupported("an array is changed in place under a condition")
        missing = set(other.axes) - set(value.axes)
        if missing:
            self.store_needs(before, tuple(sorted({*missing, *value.axes})))
        if other.rank > value.rank:
            raise Unsupported("an array of higher rank is added in place")
        if symbol == "@":
            raise Unsupported("a matrix product in place")
        self.written(before)
        right = strengthen(self, [before, self.as_array(right)], BINARY[symbol][0])[1]
        from vectorizer.rules.elementwise import note_hazard

        note_hazard(self, BINARY[symbol][0].__name__, [value, self.array(right)])
        if self.array(right).axes:
            right = self.expand(right, value.axes, value.rank)
        self.emit(f"{before.code} {symbol}= {right.code}")

    def _is_private(self, value: Array) -> bool:
        return False

    def accumulate(self, name: str, symbol: str, before: Operand, right: Operand) -> bool:
        return False

    def augment_item(self, target: cst.Subscript, symbol: str, node: cst.AugAssign) -> None:
        base = self.store_base(target.value)
        right = self.value_or_loop(node.value)
        if isinstance(base.value, (ListV, SeqV, DictV)):
            current = self.expression(target)
            if isinstance(current.value, Array) and current.value.rank:
                raise Unsupported("an array inside a container is changed in place")
            self.assign_container(base, target, self.binary(symbol, current, right))
            return
        if symbol == "@":
            raise Unsupported("a matrix product in place")
        index = self.indices(target.slice)
        if self.loops and self.accumulate_item(base, index, symbol, right):
            return
        self._augment_hazard(symbol, right)
        self.store(base, index, right, symbol)

    def _augment_hazard(self, symbol: str, right: Operand) -> None:
        from vectorizer.rules.elementwise import note_hazard

        if isinstance(right.value, Array):
            note_hazard(self, BINARY[symbol][0].__name__, [right.value, right.value])

    def accumulate_item(self, base: Operand, index: list[Any], symbol: str, right: Operand) -> bool:
        return False

    # --- other simple statements -------------------------------------------------------------------------------------------

    def small_Assert(self, node: cst.Assert) -> bool:
        test = self.condition(node.test)
        message = ""
        if node.msg is not None:
            message = f", {self.message(node.msg)}"
        if is_uniform(test.value):
            self.emit(f"assert {test.code}{message}")
            return False
        self.hazard("an assertion")
        as_bool = truth(self, test)
        self.emit(f"assert {self.np('all')}({as_bool.code}){message}")
        return False

    def message(self, node: cst.BaseExpression) -> str:
        """A message for all examples; where it would differ between them, its text as it is written."""
        try:
            operand = self.expression(node)
            if is_uniform(operand.value):
                return operand.code
        except Unsupported:
            pass
        if isinstance(node, cst.FormattedString):
            return self.text(node).lstrip("fFrR")
        return repr(self.text(node))

    def small_Raise(self, node: cst.Raise) -> bool:
        if node.exc is None:
            raise Unsupported("a bare raise")
        self.emit(f"raise {self.raised(node.exc)}")
        return True

    def raised(self, node: cst.BaseExpression) -> str:
        if isinstance(node, cst.Call):
            function = self.expression(node.func)
            return call(function.code, *(self.message(a.value) for a in node.args))
        return self.expression(node).code

    def small_Import(self, node: cst.Import) -> bool:
        import importlib

        for alias in node.names:
            name = self.text(alias.name)
            module = (
                importlib.import_module(name)
                if name.split(".")[0] in ("numpy", "math", "cmath", "operator", "scipy", "itertools", "functools")
                else None
            )
            if module is None:
                raise Unsupported(f"import of {name} inside a function")
            bound = (
                alias.asname.name.value
                if alias.asname is not None and isinstance(alias.asname.name, cst.Name)
                else name.split(".")[0]
            )
            self.env[bound] = Operand(bound, Obj(module))
        self.emit(self.text(node))
        return False

    def small_ImportFrom(self, node: cst.ImportFrom) -> bool:
        import importlib

        name = self.text(node.module) if node.module is not None else ""
        if name.split(".")[0] not in (
            "numpy",
            "math",
            "cmath",
            "operator",
            "scipy",
            "itertools",
            "functools",
        ) or isinstance(node.names, cst.ImportStar):
            raise Unsupported(f"import from {name} inside a function")
        module = importlib.import_module(name)
        for alias in node.names:
            what = self.text(alias.name)
            bound = (
                alias.asname.name.value
                if alias.asname is not None and isinstance(alias.asname.name, cst.Name)
                else what
            )
            self.env[bound] = Operand(bound, self.value_of(getattr(module, what)))
        self.emit(self.text(node))
        return False

    def small_Del(self, node: cst.Del) -> bool:
        if not isinstance(node.target, cst.Name):
            raise Unsupported("del of an item")
        if self.env.pop(node.target.value, None) is None:
            raise Unsupported("del of an unknown name")
        return False

    # --- blocks ----------------------------------------------------------------------------------------------------------------

    def nested_block(self, body: cst.BaseSuite) -> tuple[list[Stmt], bool]:
        """A block walked into a list of its own."""
        saved, self.out = self.out, []
        try:
            statements = body.body
            if isinstance(body, cst.SimpleStatementSuite):
                ended = False
                for small in body.body:
                    ended = self.small(small)
                    if ended:
                        break
            else:
                ended = self.block(statements)  # type: ignore[arg-type]
            made = self.out
            if isinstance(body, cst.IndentedBlock) and made:
                made[-1].after += tuple(line for line in self.comments(body.footer) if line)
            return made, ended
        finally:
            self.out = saved

    def visit_Match(self, node: cst.Match, rest: Any) -> bool:
        """``match`` on numbers is a chain of comparisons."""
        subject = node.subject
        if not isinstance(subject, cst.Name):
            operand = self.value_or_loop(subject)
            name = self.fresh("subject")
            self.local_names = self.local_names | {name}
            self.assign_name(name, operand)
            subject = cst.Name(name)
        chain: Any = None
        for case in reversed(node.cases):
            test = case_test(case, subject)
            if test is None:
                chain = cst.Else(case.body)
            else:
                chain = cst.If(test, case.body, orelse=chain)
        if not isinstance(chain, cst.If):
            raise Unsupported("a match statement with one case", node)
        return self.visit_If(chain, rest)

    def visit_FunctionDef(self, node: cst.FunctionDef, rest: Any) -> bool:
        if node.decorators or node.asynchronous is not None:
            raise Unsupported("a decorated function inside the function")
        name = node.name.value
        self.env[name] = Operand(name, FuncV(name, node, {}))
        return False

    def visit_With(self, node: cst.With, rest: Any) -> bool:
        if len(node.items) != 1 or node.items[0].asname is not None:
            raise Unsupported("a with statement that has no rule")
        manager = self.items_of_with(node.items[0].item)
        body, ended = self.nested_block(node.body)
        self.emit(f"with {manager}:", body=body)
        return ended

    def items_of_with(self, node: cst.BaseExpression) -> str:
        if isinstance(node, cst.Call):
            function = self.expression(node.func)
            if isinstance(function.value, Obj) and function.value.value is np.errstate:
                return self.text(node)
        raise Unsupported("a with statement that has no rule")

    # --- if --------------------------------------------------------------------------------------------------------------------

    def visit_If(self, node: cst.If, rest: Sequence[cst.BaseStatement]) -> bool:
        test = self.condition(node.test)
        if isinstance(test.value, Array) and test.value.const is not MISSING:
            return self.decided_if(node, bool(test.value.const))
        if isinstance(test.value, (Obj,)) and not callable(test.value.value):
            return self.decided_if(node, bool(test.value.value))
        if is_uniform(test.value) and not isinstance(test.value, PerExample):
            return self.uniform_if(node, test, rest)
        return self.varying_if(node, truth(self, test), rest)

    def decided_if(self, node: cst.If, taken: bool) -> bool:
        """The condition is known when the function is rewritten: only the branch that is taken is emitted."""
        if taken:
            return self.block(_statements(node.body))
        if node.orelse is None:
            return False
        if isinstance(node.orelse, cst.If):
            return self.visit_If(node.orelse, ())
        return self.block(_statements(node.orelse.body))

    def uniform_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        if self.speculating or self.scopes:
            self.stabilize(assigned_names(node))
        before = dict(self.env)
        first, first_ended = self.nested_block(node.body)
        first_env = self.env
        self.env = dict(before)
        second: list[Stmt] = []
        second_ended = False
        if node.orelse is not None:
            if isinstance(node.orelse, cst.If):
                saved, self.out = self.out, []
                second_ended = self.visit_If(node.orelse, ())
                second, self.out = self.out, saved
                if self.pending:
                    self.pending = ()
            else:
                second, second_ended = self.nested_block(node.orelse.body)
        second_env = self.env
        if first_ended or second_ended:
            self.env = second_env if first_ended else first_env
        else:
            self.env = self.join_paths(first_env, first, second_env, second)
        self.emit(f"if {test.code}:", body=first)
        if second:
            if isinstance(node.orelse, cst.If) and second[0].text.startswith("if ") and _is_chain(second):
                second[0].text = "el" + second[0].text
                if self.comments(node.orelse.leading_lines):
                    second[0].leading = self.comments(node.orelse.leading_lines)
                self.out += second
            else:
                self.emit("else:", body=second)
        return first_ended and second_ended and node.orelse is not None

    def stabilize(self, names: set[str]) -> None:
        """Gives variables the names under which both paths of a uniform branch will assign them."""
        if not self.scopes:
            return
        for name in sorted(names):
            operand = self.env.get(name)
            target = self.target_name(name)
            if operand is not None and operand.code != target:
                operand = self.read(name)
                self.emit(f"{target} = {operand.code}", target=target)
                self.env[name] = Operand(target, operand.value)

    def join_paths(
        self, one: dict[str, Operand], first: list[Stmt], two: dict[str, Operand], second: list[Stmt]
    ) -> dict[str, Operand]:
        """The variables after two paths meet; a path gets the statements that give its variables the common form."""
        joined: dict[str, Operand] = {}
        for name in {**one, **two}:
            a, b = one.get(name), two.get(name)
            if a is None or b is None:
                only = a or b
                assert only is not None
                joined[name] = only
                continue
            if a is b or a.value == b.value and a._code == b._code:
                joined[name] = a
                continue
            joined[name] = self._join_variable(name, a, first, b, second)
        return joined

    def _join_variable(self, name: str, a: Operand, first: list[Stmt], b: Operand, second: list[Stmt]) -> Operand:
        try:
            value = path_join(a.value, b.value)
        except Unsupported:
            return Operand(None, Obj(None), make=_unusable(name)) if False else Operand(f"<{name}>", _Conflict())
        target = self.target_name(name)
        for operand, path in ((a, first), (b, second)):
            if operand.lazy or operand.code != target or not self.same_layout(operand.value, value):
                saved, self.out = self.out, path
                made = self.coerced(operand, value)
                if made.code != target:
                    self.emit(f"{target} = {made.code}", target=target)
                self.out = saved
        return Operand(target, value)

    def varying_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        raise Unsupported("a condition that differs between the examples", node)


def case_test(case: cst.MatchCase, subject: cst.Name) -> cst.BaseExpression | None:
    """The condition of a case; None where it always holds."""
    pattern = case.pattern
    if isinstance(pattern, cst.MatchAs) and pattern.pattern is None and pattern.name is None:
        return case.guard
    options = [e.pattern for e in pattern.patterns] if isinstance(pattern, cst.MatchOr) else [pattern]
    if not all(isinstance(o, cst.MatchValue) for o in options):
        raise Unsupported("a match statement on other than numbers", case)
    tests: list[cst.BaseExpression] = [
        cst.Comparison(subject, [cst.ComparisonTarget(cst.Equal(), o.value)])  # type: ignore[union-attr]
        for o in options
    ]
    result = tests[0]
    for other in tests[1:]:
        result = cst.BooleanOperation(result, cst.Or(), other)
    return result if case.guard is None else cst.BooleanOperation(result, cst.And(), case.guard)


class _Conflict(Value):
    """A variable that is one thing on one path and another on the other: it must not be used."""

    __slots__ = ()


def _unusable(name: str) -> Any:
    def make() -> Operand:
        raise Unsupported(f"{name} is one thing on one path and another on the other")

    return make


def path_join(first: Value, second: Value) -> Value:
    """The join at run time's point of view: a dtype that depends on the path taken is not known."""
    value = join(first, second)
    if isinstance(value, Array) and isinstance(first, Array) and isinstance(second, Array) and not value.axes:
        if first.dtype != second.dtype and not (first.weak or second.weak):
            return value.with_(dtype=None, dims=value.dims)
    return value


def _is_chain(statements: list[Stmt]) -> bool:
    return all(s.text.startswith(("if ", "elif ", "else:")) and s.body is not None for s in statements) and not any(
        s.text.startswith("if ") for s in statements[1:]
    )


def _statements(body: cst.BaseSuite) -> Sequence[Any]:
    if isinstance(body, cst.SimpleStatementSuite):
        return [cst.SimpleStatementLine(body=[small]) for small in body.body]
    return body.body


def assigned_names(node: cst.CSTNode) -> set[str]:
    """Names that statements inside `node` bind, nested functions not counted."""
    found: set[str] = set()

    def targets(target: cst.BaseExpression) -> None:
        if isinstance(target, cst.Name):
            found.add(target.value)
        elif isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                targets(element.value)

    def walk(part: cst.CSTNode) -> None:
        if isinstance(part, cst.Assign):
            for item in part.targets:
                targets(item.target)
        elif isinstance(part, (cst.AugAssign, cst.AnnAssign, cst.For, cst.NamedExpr)):
            targets(part.target)
        elif isinstance(part, (cst.FunctionDef, cst.ClassDef)):
            found.add(part.name.value)
            return
        elif isinstance(part, (cst.Lambda, cst.GeneratorExp, cst.ListComp, cst.SetComp, cst.DictComp)) or isinstance(
            part, (cst.Name, cst.BaseNumber, cst.BaseString)
        ):
            return
        for child in part.children:
            walk(child)

    walk(node)
    return found


def names_read(node: cst.CSTNode) -> set[str]:
    """All names that occur in `node`, wherever they occur."""
    found: set[str] = set()

    def walk(part: cst.CSTNode) -> None:
        if isinstance(part, cst.Name):
            found.add(part.value)
            return
        for child in part.children:
            walk(child)

    walk(node)
    return found


_ = (FuncV, PerExample, StackedV)
