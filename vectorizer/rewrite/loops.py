"""Loops: a loop whose iterations are independent becomes an axis; any other stays a loop over batched arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.branches import Branches, has_jump
from vectorizer.rewrite.statements import _statements, assigned_names, names_read
from vectorizer.rules.elementwise import DIVISIONS, select
from vectorizer.rules.indexing import Parts, masked
from vectorizer.rules.python import truth
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axis,
    DictV,
    ListV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    derived,
    is_uniform,
    join,
    number,
)

INT = np.dtype(np.int64)
# Functions that neither raise nor warn at 1: what a branch must not compute is computed of 1 instead.
HARMLESS_AT_ONE = DIVISIONS | {
    "log", "log2", "log10", "log1p", "sqrt", "exp", "exp2", "expm1", "arcsin", "arccos", "arccosh", "reciprocal",
    "tan", "sinh", "cosh", "power",
}  # fmt: skip
MOST_PASSES = 8
MOST_UNROLLED = 64


@dataclass
class LoopAxis:
    """A loop that has become an axis.

    symbol: stands for the target of a `range` in affine subscripts, which runs from `first` to `last` by `step`.
    trips: the number of iterations; code for it is made by `length`.
    carried: variables that one iteration hands to the next, all of them accumulated.
    """

    axis: Axis
    symbol: str
    first: Affine | None
    last: Affine | None
    step: int
    trips: Affine
    length: Callable[[], str]
    carried: set[str] = field(default_factory=set)
    lists: dict[object, str] = field(default_factory=dict)
    assigned: set[str] = field(default_factory=set)
    scopes: int = 0
    masks: int = 0


@dataclass
class Iteration:
    """What a `for` iterates over.

    kind: "range", "array", "items", "sequence", "enumerate", "zip" or "reversed".
    """

    kind: str
    operand: Operand | None = None
    bounds: tuple[Operand, ...] = ()
    parts: tuple[Iteration, ...] = ()
    start: Operand | None = None
    text: str = ""


@dataclass
class LoopFrame:
    """A loop that stays a loop: the variables as they are at its head."""

    head: dict[str, Operand]
    exits: list[dict[str, Operand]] = field(default_factory=list)


class Loops(Branches):
    """What a loop becomes."""

    loop_depth: int = 0
    loop_frames: list[LoopFrame]

    # --- what is iterated over -----------------------------------------------------------------------------------------

    def iteration(self, node: cst.BaseExpression) -> Iteration:
        if isinstance(node, cst.Call) and isinstance(node.func, (cst.Name, cst.Attribute)):
            function = self.expression(node.func) if isinstance(node.func, cst.Name) else None
            target = function.value.value if function is not None and isinstance(function.value, Obj) else None
            if target in (range, enumerate, zip, reversed) and function is not None:
                return self._builtin_iteration(target, node, function.code)
        return self.plain_iteration(self.expression(node))

    def _builtin_iteration(self, target: Any, node: cst.Call, code: str) -> Iteration:
        plain = [a for a in node.args if a.keyword is None and not a.star]
        if target is range:
            args, keywords = self.arguments(node)
            if keywords or not 1 <= len(args) <= 3:
                raise Unsupported("range in a form that has no rule")
            for arg in args:
                if not isinstance(arg.value, Array) or arg.value.rank:
                    raise Unsupported("a range whose ends are not numbers")
                if arg.value.axes:
                    raise Unsupported("a range whose ends differ between the examples")
            return Iteration("range", bounds=tuple(args), text=code)
        if target is enumerate:
            start = (
                plain[1].value if len(plain) > 1 else next((a.value for a in node.args if a.keyword is not None), None)
            )
            first = self.expression(start) if start is not None else None
            return Iteration("enumerate", parts=(self.iteration(plain[0].value),), start=first, text=code)
        if len(plain) != len(node.args):
            raise Unsupported("zip in a form that has no rule")
        if target is zip:
            return Iteration("zip", parts=tuple(self.iteration(a.value) for a in plain), text=code)
        return Iteration("reversed", parts=(self.iteration(plain[0].value),), text=code)

    def plain_iteration(self, operand: Operand) -> Iteration:
        value = operand.value
        if isinstance(value, (TupleV, ListV)):
            return Iteration("items", operand)
        if isinstance(value, DictV):
            keys = tuple(Obj(k) if not isinstance(k, (int, float)) else number(k) for k, _ in value.items)
            return Iteration("items", Operand(operand.code, TupleV(keys), operand.level))
        if isinstance(value, SeqV):
            return Iteration("sequence", operand)
        if isinstance(value, (Array, StackedV)):
            if not self.array(operand).rank:
                raise Unsupported("a number is iterated over")
            return Iteration("array", operand)
        if isinstance(value, Obj) and isinstance(value.value, str):
            return Iteration("sequence", Operand(operand.code, SeqV(Obj("")), operand.level)) if False else _unknown()
        return _unknown()

    # --- loops that stay loops -------------------------------------------------------------------------------------------

    def header(self, it: Iteration) -> tuple[str, Value]:
        """Code for what a loop that stays a loop iterates over, and the value of its target."""
        if it.kind == "range":
            return call(it.text, *(b.code for b in it.bounds)), Array(INT, 0, weak=True)
        if it.kind == "enumerate":
            code, item = self.header(it.parts[0])
            start = [it.start.code] if it.start is not None else []
            return call(it.text, code, *start), TupleV((Array(INT, 0, weak=True), item))
        if it.kind == "zip":
            made = [self.header(p) for p in it.parts]
            return call(it.text, *(code for code, _ in made)), TupleV(tuple(item for _, item in made))
        if it.kind == "reversed":
            code, item = self.header(it.parts[0])
            return call(it.text, code), item
        assert it.operand is not None
        if it.kind == "array":
            return self._array_header(it.operand)
        if it.kind == "sequence":
            assert isinstance(it.operand.value, SeqV)
            return it.operand.code, it.operand.value.item
        items = it.operand.value.items  # type: ignore[union-attr]
        if not items:
            return it.operand.code, Obj(None)
        merged = items[0]
        for item in items[1:]:
            merged = join(merged, item)
        if not all(self.same_layout(item, merged) for item in items):
            raise Unsupported("the items of a list vary differently")
        return it.operand.code, _forget_constants(merged)

    def _array_header(self, operand: Operand) -> tuple[str, Value]:
        array = self.array(operand)
        weak = isinstance(operand.value, StackedV) and operand.value.weak and array.rank == 1
        item = array.with_(rank=array.rank - 1, dims=array.dims[1:], weak=weak, zero_d=False)
        sources = {o[1] if isinstance(o, tuple) and o[0] == "copy" else o for o in array.origins}
        copied = any(isinstance(o, tuple) and o[0] == "copy" for o in array.origins)
        if array.axes and (array.rank == 1 or copied) and sources:
            if sources & self.plan.stored:
                raise Unsupported("an array is changed while it is iterated over")
            self.viewed |= sources
        lead = len(array.axes)
        if not lead:
            return operand.code, item
        if lead == 1 and array.rank == 1:
            return f"{operand.primary}.T", item
        return call(self.np("moveaxis"), operand.code, str(lead), "0"), item

    def visit_For(self, node: cst.For, rest: Sequence[Any]) -> bool:
        if node.asynchronous is not None:
            raise Unsupported("an asynchronous loop")
        it = self.iteration(node.iter)
        site = self.node_site(node)
        if node.orelse is None and self.become_axis(node, it, rest):
            return False
        if self.loops:
            raise Unsupported("a loop inside one that has become an axis stays a loop")
        if it.kind == "items" and self.must_unroll(it, node):
            return self.unroll(node, it)
        _ = site
        return self.sequential_for(node, it)

    def must_unroll(self, it: Iteration, node: cst.For) -> bool:
        """Items that are not alike: the body is written once for each."""
        assert it.operand is not None
        items = it.operand.value.items  # type: ignore[union-attr]
        if not 0 < len(items) <= MOST_UNROLLED or has_jump([node], (cst.Break, cst.Continue)):
            return False
        try:
            self.header(it)
        except Unsupported:
            return True
        return any(isinstance(i, (Obj,)) and callable(i.value) for i in items) or _needs_constants(items)

    def unroll(self, node: cst.For, it: Iteration) -> bool:
        assert it.operand is not None
        if node.orelse is not None:
            raise Unsupported("for ... else over items that are not alike")
        self.change("unroll", "the items are not alike, so the body is written once for each")
        for part in self.items(it.operand):
            self.assign(node.target, part)
            if self.block(_statements(node.body)):
                return True
        return False

    def sequential_for(self, node: cst.For, it: Iteration) -> bool:
        header, item = self.header(it)
        reason = self.plan.sequential.get(self.node_site(node), "")
        self.change("loop", f"the loop over {self.text(node.target)} stays a loop" + (f": {reason}" if reason else ""))

        def body() -> tuple[str, list[Stmt]]:
            target = self.bind_target(node.target, item, it)
            statements, ended = self.nested_block(node.body)
            if not ended:
                self.close_iteration(statements)
            return f"for {target} in {header}:", statements

        self.stable_loop(node, body, self.never_runs(it))
        return self.loop_else(node)

    def never_runs(self, it: Iteration) -> bool:
        """Whether a loop has no iteration at this call; that it has some is guarded, where it is known."""
        try:
            trips = self.extent(it)[0]
        except Unsupported:
            return False
        samples = self.facts.samples
        if samples is None or trips.evaluate(samples) is None:
            return False
        return not self.relies_on(trips - 1)

    def loop_else(self, node: cst.For | cst.While) -> bool:
        if node.orelse is None:
            return False
        before = dict(self.env)
        statements, ended = self.nested_block(node.orelse.body)
        after = self.env
        self.env = before
        if not ended:
            empty: list[Stmt] = []
            names = {n for n in after if before.get(n) is not after[n]}
            if any(n in before and not self.same_layout(after[n].value, before[n].value) for n in names):
                raise Unsupported("for ... else that changes what a variable is")
            for n in names:
                if n in before:
                    value = join(before[n].value, after[n].value)
                    self.env[n] = Operand(self.target_name(n), value)
                else:
                    self.env[n] = after[n]
            _ = empty
        self.emit("else:", body=statements)
        return False

    def bind_target(self, target: cst.BaseExpression, item: Value, it: Iteration) -> str:
        """Names bound by a loop's target; returns its code."""
        if isinstance(target, cst.Name):
            name = self.target_name(target.value)
            value = item
            if it.kind == "range":
                symbol = f"{target.value}@{id(target)}"
                value = Array(INT, 0, weak=True, affine=Affine.of(symbol))
            for region in self.regions:
                region.cache.pop(target.value, None)
            self.env[target.value] = Operand(name, value)
            return name
        if isinstance(target, (cst.Tuple, cst.List)):
            items: tuple[Value, ...]
            if isinstance(item, (TupleV, ListV)) and len(item.items) == len(target.elements):
                items = item.items
            elif isinstance(item, Array) and item.rank and not item.axes:
                items = (item.with_(rank=item.rank - 1, dims=item.dims[1:]),) * len(target.elements)
            else:
                raise Unsupported("a loop target that is unpacked from an array")
            inner = it.parts if it.kind in ("zip",) else (Iteration("other"),) * len(items)
            codes = [self.bind_target(e.value, i, p) for e, i, p in zip(target.elements, items, inner, strict=True)]
            text = ", ".join(codes)
            return f"({text})" if target.lpar else text
        raise Unsupported("a loop target that is not a name")

    def stable_loop(
        self, node: cst.For | cst.While, walk: Callable[[], tuple[str, list[Stmt]]], never: bool = False
    ) -> None:
        """Walks a loop until its variables no longer change what they are."""
        assigned = assigned_names(node)
        if self.scopes:
            self.stabilize({n for n in assigned if n in self.env})
        start = self.mark()
        leading = self.pending
        targets: dict[str, Value] = {}
        for _ in range(MOST_PASSES):
            self.rollback(start)
            self.pending = ()
            self.coerce_entry(targets)
            for name in assigned:
                if name in self.env:
                    self.env[name] = self.at_head(name, self.env[name], targets)
            frame = LoopFrame(dict(self.env))
            self.loop_frames.append(frame)
            self.loop_depth += 1
            try:
                header, statements = walk()
                frame.exits.append(dict(self.env))
            finally:
                self.loop_depth -= 1
                self.loop_frames.pop()
            widened = self.widened(frame, assigned, targets)
            if not widened:
                break
            targets |= widened
        else:
            raise Unsupported("a variable that changes what it is in every iteration")
        if never and any(
            _changes_dtype(start.env[name].value, value) for name, value in targets.items() if name in start.env
        ):
            raise Unsupported("a loop without iterations leaves its variables as they were")
        statement = self.emit(header, body=statements)
        statement.leading = leading + statement.leading
        if statement is not self.out[0] and leading:
            pass
        self.pending = ()
        exits = frame.exits[-1]
        for name, operand in exits.items():
            head = frame.head.get(name)
            if head is not None:
                self.env[name] = head
            else:
                self.env[name] = Operand(operand._code, _forget_constants(operand.value), make=operand.make)

    def at_head(self, name: str, operand: Operand, targets: dict[str, Value]) -> Operand:
        """A variable at the head of a loop that assigns it: what is known of its first value does not hold later."""
        value = targets.get(name, operand.value)
        others = {o.code for n, o in self.env.items() if n != name and not o.lazy}
        if operand.lazy or not operand.is_name or operand.code in others or operand.code != name in self.env:
            self.assign_name(name, Operand(operand.code, operand.value, operand.level))
            operand = self.env[name]
            value = targets.get(name, operand.value)
        return Operand(operand.code, _forget_constants(value), node=None)

    def coerce_entry(self, targets: dict[str, Value]) -> None:
        for name, value in sorted(targets.items()):
            operand = self.env[name]
            if self.same_layout(operand.value, value):
                self.env[name] = operand.with_value(value)
                continue
            made = self.coerced(self.read(name), value)
            self.assign_name(name, made)
            self.env[name] = self.env[name].with_value(value)

    def widened(self, frame: LoopFrame, assigned: set[str], targets: dict[str, Value]) -> dict[str, Value]:
        """Variables whose value at the end of an iteration is more than they were taken for at its beginning."""
        found: dict[str, Value] = {}
        for env in frame.exits:
            for name, head in frame.head.items():
                now = env.get(name)
                if now is None or now is head or isinstance(head.value, Obj) and head.value is now.value:
                    continue
                if now.value == head.value:
                    continue
                merged = join(head.value, _forget_constants(self.same_lengths(head.value, now.value)))
                merged = _forget_constants(merged)
                if isinstance(merged, Array) and isinstance(now.value, Array) and isinstance(head.value, Array):
                    merged = _loop_dtype(merged, head.value, now.value)
                if merged != head.value:
                    found[name] = join(found[name], merged) if name in found else merged
        _ = assigned
        return found

    def same_lengths(self, head: Value, now: Value) -> Value:
        """`now` with the lengths of `head` where they are the same."""
        if not isinstance(head, Array) or not isinstance(now, Array) or head.rank != now.rank or head.dims == now.dims:
            return now
        dims = tuple(a if a is not None and self.equal(a, b) else b for a, b in zip(head.dims, now.dims, strict=True))
        return now.with_(dims=dims, affine=now.affine, const=now.const)

    def close_iteration(self, statements: list[Stmt]) -> None:
        """At the end of an iteration every variable has the form that it has at the head."""
        if not self.loop_frames:
            return
        frame = self.loop_frames[-1]
        for name, head in frame.head.items():
            now = self.env.get(name)
            if now is None or now is head or now.value == head.value and now._code == head._code:
                continue
            if now.lazy or now.code != head.code or not self.same_layout(now.value, head.value):
                wide = join(head.value, now.value)
                if self.same_layout(head.value, wide) and isinstance(head.value, (Array, TupleV)):
                    saved, self.out = self.out, statements
                    made = self.coerced(self.read(name), head.value)
                    if made.code != head.code:
                        self.emit(f"{head.code} = {made.code}", target=head.code)
                    self.out = saved
                    self.env[name] = Operand(
                        head.code, now.value if not self.same_layout(now.value, head.value) and False else made.value
                    )

    def small_Break(self, node: cst.Break) -> bool:
        return self._jump("break")

    def small_Continue(self, node: cst.Continue) -> bool:
        return self._jump("continue")

    def _jump(self, word: str) -> bool:
        if self.scopes and self.masks or self.loops:
            raise Unsupported(f"a {word} under a condition that varies")
        self.close_iteration(self.out)
        self.loop_frames[-1].exits.append(dict(self.env))
        self.emit(word)
        return True

    def visit_While(self, node: cst.While, rest: Sequence[Any]) -> bool:
        if self.loops:
            raise Unsupported("a while loop inside a loop that has become an axis")

        def body() -> tuple[str, list[Stmt]]:
            start = len(self.out)
            test = self.condition(node.test)
            if not is_uniform(test.value):
                self.while_varies(node)
            if len(self.out) > start:
                raise Unsupported("a condition that needs statements of its own", node)
            statements, ended = self.nested_block(node.body)
            if not ended:
                self.close_iteration(statements)
            return f"while {test.code}:", statements

        self.stable_loop(node, body)
        return self.loop_else(node)

    def while_varies(self, node: cst.While) -> None:
        raise Unsupported("a while loop whose condition differs between the examples", node)

    # --- loops that become axes ------------------------------------------------------------------------------------------

    def become_axis(self, node: cst.For, it: Iteration, rest: Sequence[Any]) -> bool:
        """Tries to turn a loop into an axis; undoes everything and returns False where that is not possible."""
        site = self.node_site(node)
        if site in self.plan.sequential or self.plan.no_axes:
            return False
        if has_jump(
            _statements(node.body), (cst.Break, cst.Continue, cst.Return, cst.Raise, cst.While, cst.Try, cst.With)
        ):
            self.plan.sequential.setdefault(site, "it may end early")
            return False
        if self.regions and not self.loops:
            return False
        mark, pending = self.mark(), self.pending
        try:
            self.walk_axis(node, it)
        except Unsupported as error:
            self.rollback(mark)
            self.pending = pending
            self.plan.sequential[site] = error.reason
            if self.loops:
                raise
            return False
        self.change("axis", f"the loop over {self.text(node.target)} becomes an axis")
        return True

    def walk_axis(self, node: cst.For, it: Iteration) -> None:
        body = _statements(node.body)
        loop = self.open_axis(it, self.text(node.target))
        loop.assigned = assigned_names(node)
        exposed = exposed_names(body, _target_names(node.target))
        loop.carried = {n for n in loop.assigned if n in exposed or n in self.env and n in conditional_names(body)}
        self.check_carried(loop, node)
        self.check_memory(node, loop)
        self.check_iterated(node, it)
        before = dict(self.env)
        self.loops.append(loop)
        self.loop_depth += 1
        depth = len(self.out)
        try:
            self.bind_axis(node.target, it, loop)
            if self.block(body):
                raise Unsupported("control leaves the loop")
        finally:
            self.loops.pop()
            self.loop_depth -= 1
        self.check_size(loop)
        self.close_axis(loop, before, node)
        _ = depth

    def open_axis(self, it: Iteration, name: str) -> LoopAxis:
        trips, first, last, step, length = self.extent(it)
        if not self.relies_on(trips):
            raise Unsupported("the number of iterations is not known to be positive")
        depth = (len(self.axes) + len(self.loops) + 1000,)
        label = name if name.isidentifier() else "k"
        axis = Axis(label, depth, "loop")
        symbol = f"{label}@{len(self.loops)}"
        self.sizes[axis] = length
        loop = LoopAxis(axis, symbol, first, last, step, trips, length)
        loop.scopes, loop.masks = len(self.scopes), len(self.masks)
        return loop

    def extent(self, it: Iteration) -> tuple[Affine, Affine | None, Affine | None, int, Callable[[], str]]:
        """Number of iterations, first and last value of a range's target, its step."""
        if it.kind == "range":
            return self._range_extent(it)
        if it.kind in ("enumerate", "reversed"):
            trips, _, _, _, length = self.extent(it.parts[0])
            if it.kind == "reversed" and it.parts[0].kind == "range":
                trips, first, last, step, length = self.extent(it.parts[0])
                return trips, last, first, -step, length
            return trips, Affine(), trips - 1, 1, length
        if it.kind == "zip":
            extents = [self.extent(p) for p in it.parts]
            if not extents or any(not self.equal(e[0], extents[0][0]) for e in extents[1:]):
                raise Unsupported("what is zipped is not known to have one length")
            return extents[0]
        if it.kind == "array":
            assert it.operand is not None
            array = self.array(it.operand)
            if array.dims[0] is None:
                raise Unsupported("an array of unknown length is iterated over")
            operand, dim = it.operand, array.dims[0]

            def length() -> str:
                try:
                    return self.print_affine(dim).code
                except Unsupported:
                    return f"{operand.primary}.shape[{len(array.axes)}]"

            return dim, Affine(), dim - 1, 1, length
        raise Unsupported("the items of a list are handled one by one")

    def _range_extent(self, it: Iteration) -> tuple[Affine, Affine | None, Affine | None, int, Callable[[], str]]:
        bounds = [b.array.affine for b in it.bounds]
        if any(b is None for b in bounds):
            raise Unsupported("a range whose ends are not known")
        start, stop = (Affine(), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
        assert start is not None and stop is not None
        step = self.pin_int(it.bounds[2], "a step") if len(bounds) == 3 else 1
        if step == 0:
            raise Unsupported("a step of zero")
        distance = stop - start if step > 0 else start - stop
        size = abs(step)
        if size == 1:
            trips = distance
        elif distance.is_const:
            trips = Affine(-(-distance.const // size))
        else:
            trips = derived("ceil", lambda n, s: -(-n // s), distance, Affine(size))
        last = start + (trips - 1) * step
        if size != 1 and not trips.is_const:

            def length() -> str:
                return f"len({call(it.text, *(b.code for b in it.bounds))})"
        else:

            def length() -> str:
                return self.print_affine(trips).code

        return trips, start, last, step, length

    def bind_axis(self, target: cst.BaseExpression, it: Iteration, loop: LoopAxis) -> None:
        """The loop's target, varying along the loop's axis."""
        operand = self.axis_item(it, loop)
        self.bind_axis_target(target, operand)

    def bind_axis_target(self, target: cst.BaseExpression, operand: Operand) -> None:
        if isinstance(target, cst.Name):
            name = target.value
            if operand.lazy or operand.is_name or operand.node is not None and not isinstance(operand.node, Parts):
                self.env[name] = operand
            else:
                self.env[name] = operand
            return
        if isinstance(target, (cst.Tuple, cst.List)):
            parts = self.parts_of(operand, len(target.elements))
            for element, part in zip(target.elements, parts, strict=True):
                if isinstance(element, cst.StarredElement):
                    raise Unsupported("a starred loop target")
                self.bind_axis_target(element.value, part)
            return
        raise Unsupported("a loop target that is not a name")

    def axis_item(self, it: Iteration, loop: LoopAxis) -> Operand:
        if it.kind == "range" or it.kind == "reversed" and it.parts[0].kind == "range":
            source = it if it.kind == "range" else it.parts[0]
            return self.range_item(source, loop, it.kind == "reversed")
        if it.kind == "enumerate":
            first = it.start
            counter = self.range_item(None, loop, False)
            if first is not None:
                counter = self.binary("+", counter, first)
                counter = counter.with_value(self.array(counter).with_(weak=True, affine=self.array(counter).affine))
            item = self.axis_item(it.parts[0], loop)
            return Operand("", TupleV((counter.value, item.value)), node=Parts([counter, item]))
        if it.kind == "zip":
            parts = [self.axis_item(p, loop) for p in it.parts]
            return Operand("", TupleV(tuple(p.value for p in parts)), node=Parts(parts))
        if it.kind == "reversed":
            return self.array_item(it.parts[0], loop, backwards=True)
        return self.array_item(it, loop)

    def range_item(self, it: Iteration | None, loop: LoopAxis, backwards: bool) -> Operand:
        value = Array(INT, 0, (loop.axis,), weak=True, affine=Affine.of(loop.symbol))

        def make() -> Operand:
            if it is None:
                code = call(self.np("arange"), loop.length())
            else:
                code = call(self.np("arange"), *(b.code for b in it.bounds))
                if backwards:
                    code += "[::-1]"
            hint = loop.axis.name
            name = (
                self.fresh(hint) if hint in self.used and hint in self.local_names and hint in self.live_names else hint
            )
            self.used.add(name)
            self.emit(f"{name} = {code}", generated=name, target=name)
            return Operand(name, value)

        return Operand(None, value, make=make)

    live_names: set[str] = set()

    def array_item(self, it: Iteration, loop: LoopAxis, backwards: bool = False) -> Operand:
        assert it.operand is not None
        operand = self.temp(it.operand, "items")
        array = self.array(operand)
        if any(axis.depth > loop.axis.depth for axis in array.axes):
            raise Unsupported("an outer loop over an array that varies along an inner one")
        weak = isinstance(operand.value, StackedV) and operand.value.weak and array.rank == 1
        code = operand.code
        level = operand.level
        if backwards:
            code, level = f"{operand.primary}[{', '.join([*[':'] * len(array.axes), '::-1'])}]", 15
        origins = array.origins
        item = array.with_(
            rank=array.rank - 1, dims=array.dims[1:], axes=(*array.axes, loop.axis), weak=weak, origins=origins
        )
        return Operand(code, item, level)

    def check_carried(self, loop: LoopAxis, node: cst.For) -> None:
        """Every variable that is handed from one iteration to the next must only be accumulated."""
        for name in sorted(loop.carried):
            if not only_accumulated(name, _statements(node.body)):
                raise Unsupported(f"{name} is handed from one iteration to the next")
            if name not in self.env:
                raise Unsupported(f"{name} may not be set before the loop")

    def check_memory(self, node: cst.For, loop: LoopAxis) -> None:
        """No iteration may read what another one stores."""
        stores = stored_subscripts(node.body)
        if not stores:
            return
        read = occurrences(node.body)
        for name, texts in stores.items():
            if name in loop.assigned or name not in self.env:
                continue
            value = self.env[name].value
            if isinstance(value, (ListV, SeqV, DictV)):
                raise Unsupported("a list is filled by index")
            origins = value.origins if isinstance(value, Array) else frozenset()
            if not origins:
                raise Unsupported("a store into memory whose origin is not known")
            if len(texts) > 1 and not _apart(texts):
                raise Unsupported(f"{name} is stored into at several places")
            for other, places in read.items():
                held = self.env.get(other)
                if held is None or other in loop.assigned:
                    if other in loop.assigned and other in self.env:
                        pass
                    if other not in loop.assigned:
                        continue
                    continue
                shared = isinstance(held.value, Array) and held.value.origins & origins
                nested = not isinstance(held.value, (Array, Obj)) and not is_uniform(held.value) and other != name
                if (other == name or shared or nested) and not places <= texts:
                    raise Unsupported(f"an iteration reads {other} where another one stores")

    def check_iterated(self, node: cst.For, it: Iteration) -> None:
        """What is iterated over must not be stored into by the loop."""
        stores = stored_subscripts(node.body)
        held: frozenset[object] = frozenset()
        for name in stores:
            value = self.env[name].value if name in self.env else None
            held |= value.origins if isinstance(value, Array) else frozenset()

        def visit(part: Iteration) -> None:
            if part.operand is not None and isinstance(part.operand.value, Array) and part.operand.value.origins & held:
                raise Unsupported("an array is changed while it is iterated over")
            for inner in part.parts:
                visit(inner)

        visit(it)

    def check_size(self, loop: LoopAxis) -> None:
        """A temporary over all loop axes must stay within bounds."""
        samples = self.facts.samples
        if samples is None:
            return
        total = 8
        for axis in self.axes:
            total *= max(1, samples.get(f"size:{axis.name}", 1))
        for open_loop in [*self.loops, loop]:
            total *= max(1, open_loop.trips.evaluate(samples) or 1)
        if total > self.shared.temporaries:
            raise Unsupported("its temporaries would be too large")

    def close_axis(self, loop: LoopAxis, before: dict[str, Operand], node: cst.For) -> None:
        """Variables that were set in each iteration keep the value of the last one."""
        for name in loop.assigned:
            operand = self.env.get(name)
            if operand is None or name in loop.carried:
                continue
            if isinstance(operand.value, Array) and loop.axis in operand.value.axes:
                last = self.last_value(name, operand, loop)
                seen = last.array.origins
                if seen & self.plan.stored and not operand.lazy:
                    self.env.pop(name)
                    continue
                self.viewed |= seen
                self.env[name] = last
            elif (
                loop.axis in axes_of(operand.value)
                or isinstance(operand.value, (ListV, SeqV, DictV))
                or not self.relies_on(loop.trips - 1)
            ):
                self.env.pop(name)
        _ = (before, node)

    def last_value(self, name: str, operand: Operand, loop: LoopAxis) -> Operand:
        value = self.array(operand)
        axes = tuple(a for a in value.axes if a is not loop.axis)

        def make() -> Operand:
            if not self.relies_on(loop.trips - 1):
                raise Unsupported(f"{name} may not be set: its loop may not run")
            position = value.axes.index(loop.axis)
            index = ", ".join([":"] * position + ["-1"])
            return Operand(f"{operand.primary}[{index}]", value.with_(axes=axes, dims=value.dims))

        result = value.with_(axes=axes, dims=value.dims)
        if value.affine is not None and loop.last is not None:
            result = Array(
                value.dtype, value.rank, axes, weak=value.weak, affine=value.affine.substitute(loop.symbol, loop.last)
            )
            affine = result.affine
            assert affine is not None

            def make_affine() -> Operand:
                if not self.relies_on(loop.trips - 1):
                    raise Unsupported(f"{name} may not be set: its loop may not run")
                return self.print_affine(affine)

            return Operand(None, result, make=make_affine)
        return Operand(None, result, make=make)

    # --- accumulation ------------------------------------------------------------------------------------------------------

    def reduced_axes(self, name: str) -> list[Axis]:
        return [loop.axis for loop in self.loops if name in loop.carried]

    def accumulate(self, name: str, symbol: str, before: Operand, right: Operand) -> bool:
        axes = self.reduced_axes(name)
        if not axes:
            return False
        if isinstance(before.value, Array) and before.value.rank:
            if set(a for loop in self.loops for a in [loop.axis]) & set(before.value.axes):
                pass
        total = self.reduce(symbol, right, axes, self.summed_dtype(symbol, before, right))
        value = self.array(before)
        combined = self.binary(symbol, before, total)
        result = self.array(combined)
        neutral = value.const is not MISSING and value.const == {"+": 0, "*": 1}.get(symbol, MISSING)
        if value.rank and not before.array.weak:
            self._accumulate_array(name, before, symbol, total)
            return True
        if neutral and result.dtype == self.array(total).dtype and result.rank == self.array(total).rank:
            combined = Operand(total.code, result.with_(dims=result.dims, weak=result.weak), total.level, fresh=True)
        inner, self.scopes = self.scopes, self.scopes[: self.loops_of(name)[0].scopes]
        self.assign_name(name, combined)
        self.scopes = inner
        return True

    def loops_of(self, name: str) -> list[LoopAxis]:
        return [loop for loop in self.loops if name in loop.carried]

    def _accumulate_array(self, name: str, before: Operand, symbol: str, total: Operand) -> None:
        """``acc += term`` on an array, summed over the loop."""
        target = before.code
        value, other = self.array(before), self.array(total)
        missing = set(other.axes) - set(value.axes)
        if missing:
            self.store_needs(before, tuple(sorted({*missing, *value.axes})))
        if other.rank > value.rank:
            raise Unsupported("an array of higher rank is added in place")
        self.written(before)
        fitted = self.expand(total, value.axes, value.rank) if other.axes else total
        self.emit(f"{target} {symbol}= {fitted.code}")

    def summed_dtype(self, symbol: str, before: Operand, right: Operand) -> np.dtype[Any] | None:
        """The dtype in which integers are added to floats one by one."""
        a, b = before.value, right.value
        if symbol not in ("+", "-", "*") or not isinstance(a, Array) or not isinstance(b, Array):
            return None
        if a.kind not in "fc" or b.kind not in "iub" or a.dtype is None:
            return None
        return ufunc_dtypes(np.add, [a, b])[0]  # type: ignore[no-any-return]

    def reduce(self, symbol: str, right: Operand, axes: list[Axis], summed: np.dtype[Any] | None = None) -> Operand:
        """`right` summed (or multiplied, ...) over loop axes."""
        right = self.as_array(right)
        if self.inner_masks():
            right = self.masked(right, symbol)
        value = self.array(right)
        missing = [a for a in axes if a not in value.axes]
        if missing:
            right = self.repeated(symbol, right, missing)
            value = self.array(right)
            axes = [a for a in axes if a in value.axes]
            if not axes:
                return right
        function = {"+": "sum", "-": "sum", "*": "prod", "|": "any", "&": "all"}.get(symbol)
        if function is None or function in ("any", "all") and value.kind != "b":
            raise Unsupported(f"an accumulation by {symbol}=")
        if (
            function == "sum"
            and len(right.factors) > 1
            and not self.inner_masks()
            and not value.weak
            and value.kind in "fc"
        ):
            contracted = self.contraction(right, axes)
            if contracted is not None:
                return contracted
        positions = sorted(value.axes.index(a) for a in axes)
        axis = str(positions[0]) if len(positions) == 1 else f"({', '.join(map(str, positions))})"
        keyword = None
        dtype = value.dtype
        if value.kind == "b" and function in ("sum", "prod"):
            dtype = INT
        elif value.kind in "iu" and value.dtype != INT and dtype is not None:
            keyword = self.dtype_code(dtype)
        if summed is not None:
            dtype, keyword = summed, self.dtype_code(summed)
        code = call(self.np(function), right.code, axis=axis, dtype=keyword)
        kept = tuple(a for a in value.axes if a not in axes)
        return Operand(code, value.with_(axes=kept, dtype=dtype, dims=value.dims, origins=frozenset()), fresh=True)

    def masked(self, right: Operand, symbol: str) -> Operand:
        identity = {"+": "0", "-": "0", "*": "1", "|": "False", "&": "True"}.get(symbol)
        if identity is None:
            raise Unsupported(f"an accumulation by {symbol}= under a condition")
        value = self.array(right)
        if value.kind == "b" and symbol in "+-*":
            right = Operand(f"{right.primary}.astype(int)", value.with_(dtype=INT, dims=value.dims))
            value = self.array(right)
        if value.kind in "f" and symbol in "+-*":
            identity += ".0"
        known = {"0": 0, "1": 1, "0.0": 0.0, "1.0": 1.0, "False": False, "True": True}[identity]
        chosen = select(self, self.conjunction(self.inner_masks()), right, Operand(identity, number(known)))
        return chosen.with_value(
            self.array(chosen).with_(weak=value.weak, dtype=value.dtype, dims=self.array(chosen).dims)
        )

    def repeated(self, symbol: str, right: Operand, axes: list[Axis]) -> Operand:
        """The same term in each iteration."""
        if symbol not in "+-":
            raise Unsupported(f"an accumulation of one value by {symbol}=")
        result = right
        for axis in axes:
            loop = next(x for x in self.loops if x.axis == axis)
            count = self.print_affine(loop.trips)
            value = self.array(result)
            if value.kind == "b":
                raise Unsupported("a sum of one boolean")
            if value.const is not MISSING and value.const == 1 and value.weak:
                result = count
            else:
                result = self.binary("*", result, count)
        return result

    def contraction(self, right: Operand, axes: list[Axis]) -> Operand | None:
        """A sum over a product, without the product."""
        from vectorizer.rules.contractions import contract

        factors = [f for f in right.factors]
        if any(not isinstance(f.value, Array) for f in factors):
            return None
        values = [f.array for f in factors]
        if any(v.rank or v.weak and v.axes for v in values):
            return None
        varying = [f for f in factors if f.array.axes]
        uniform = [f for f in factors if not f.array.axes]
        if len(varying) < 2 or len(varying) > 3:
            return None
        if len({v.array.dtype for v in varying}) != 1:
            return None
        if not any(sum(a in f.array.axes for f in varying) > 1 for a in axes):
            return None
        result = self.as_matmul(varying, axes) or contract(self, varying, [""] * len(varying), "", tuple(axes))
        for factor in uniform:
            result = self.binary("*", result, factor)
        self.change("contract", "a sum of products is a contraction")
        return result

    def as_matmul(self, factors: list[Operand], axes: list[Axis]) -> Operand | None:
        """Two factors that share one summed axis, as a matrix product where their layouts allow it."""
        if len(factors) != 2 or len(axes) != 1:
            return None
        a, b = factors
        k = axes[0]
        x, y = a.array.axes, b.array.axes
        if k not in x or k not in y:
            return None
        shared = [s for s in x if s in y and s != k]
        left, right = [s for s in x if s not in y], [s for s in y if s not in x]
        if len(left) > 1 or len(right) > 1:
            return None
        if left and right and right[0] < left[0]:
            a, b, x, y, left, right = b, a, y, x, right, left
        dtype = a.array.dtype
        out = tuple(sorted([*shared, *left, *right]))
        value = Array(dtype, 0, out)
        if not left and not right:
            if x == y == (*shared, k):
                if dtype is not None and dtype.kind == "c":
                    return None
                return Operand(call(self.np("vecdot"), a.code, b.code), value, fresh=True)
            return None
        if left and right:
            first = self.arranged(a, (*shared, left[0], k))
            second = self.arranged(b, (*shared, k, right[0]))
            if out != (*shared, left[0], right[0]):
                return None
            return Operand(f"{first.at(PRODUCT)} @ {second.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
        matrix, vector = (a, b) if left else (b, a)
        free = left[0] if left else right[0]
        if out != (*shared, free) or dtype is None or dtype.kind == "c":
            return None
        m = self.arranged(matrix, (*shared, free, k))
        v = self.arranged(vector, (*shared, k))
        if not shared:
            return Operand(f"{m.at(PRODUCT)} @ {v.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
        return Operand(call(self.np("matvec"), m.code, v.code), value, fresh=True)

    def arranged(self, operand: Operand, axes: tuple[Axis, ...]) -> Operand:
        """`operand` with its axes in the given order."""
        current = operand.array.axes
        order = [current.index(a) for a in axes]
        if order == list(range(len(order))):
            return operand
        if len(order) == 2:
            code = operand.primary
            return Operand(code[:-2] if code.endswith(".T") else f"{code}.T", operand.value)
        if order == [*range(len(order) - 2), len(order) - 1, len(order) - 2]:
            return Operand(f"{operand.primary}.swapaxes(-2, -1)", operand.value)
        return Operand(f"{operand.primary}.transpose({', '.join(map(str, order))})", operand.value)

    def accumulate_item(self, base: Operand, index: list[Any], symbol: str, right: Operand) -> bool:
        """``out[i] += e`` in loops: summed over the loops whose target does not occur in the subscript."""
        from vectorizer.rules.indexing import locate

        target = self.array(base)
        region = locate(self, base, index)
        free = [x.axis for x in self.loops if x.axis not in target.axes and x.axis not in region.covered]
        if region.gathered:
            return self.scatter_add(base, index, symbol, right, free)
        if not free:
            return False
        total = self.reduce(symbol, right, free)
        saved = self.loops
        self.loops = [x for x in self.loops if x.axis not in free]
        masks, self.masks = self.masks, []
        try:
            # Loops that are summed over no longer take part; the others address their own elements.
            needed = set(axes_of(total.value)) - set(target.axes) - {x.axis for x in self.loops}
            if needed:
                self.store_needs(base, tuple(sorted({*needed, *target.axes})))
            self.written(base)
            located = locate(self, base, index)
            self.check_loop_store(base, located, symbol)
            self.write(base, located, self.weak_for(total, located.value), symbol)
        finally:
            self.loops, self.masks = saved, masks
        return True

    def scatter_add(self, base: Operand, index: list[Any], symbol: str, right: Operand, free: list[Axis]) -> bool:
        """``h[b[i]] += e``: equal subscripts accumulate."""
        ufunc = {"+": "add", "-": "subtract", "*": "multiply"}.get(symbol)
        target = self.array(base)
        if ufunc is None or self.masks or self.regions or free:
            raise Unsupported("iterations store through an index that may repeat")
        from vectorizer.rules.indexing import expand_index, locate_gather

        right = self.as_array(right)
        items = expand_index(index, target.rank)
        needed = {a for i in items if isinstance(i, Operand) for a in i.array.axes} | set(self.array(right).axes)
        loop_axes = {x.axis for x in self.loops}
        missing = needed - set(target.axes) - loop_axes
        if missing:
            self.store_needs(base, tuple(sorted({*missing, *target.axes})))
        self.written(base)
        anchored = items
        if target.axes and not any(set(target.axes) & set(i.array.axes) for i in items if isinstance(i, Operand)):
            k = next(n for n, i in enumerate(items) if isinstance(i, Operand))
            anchored = [
                self.spread(i, tuple(sorted({*target.axes, *i.array.axes}))) if n == k else i
                for n, i in enumerate(items)
            ]
        region = locate_gather(self, base, anchored)
        if region.moved or any(a not in region.covered and a not in target.axes for a in loop_axes):
            raise Unsupported("iterations store through an index that may repeat")
        fitted = self.fully(right, region.value.axes, region.value.rank) if self.array(right).axes else right
        fitted = self.weak_for(fitted, region.value)
        self.emit(
            call(
                self.np(f"{ufunc}.at"),
                base.code,
                f"({region.index})" if "," in region.index else region.index,
                fitted.code,
            )
        )
        self.change("scatter", "an accumulation through an index")
        return True

    def guarded(self, name: str, operands: list[Operand]) -> tuple[list[Operand], bool]:
        """In a branch of a loop that is an axis, a division by zero is avoided by dividing by 1 where nobody looks."""
        masks = self.inner_masks()
        if not self.loops or not masks or len(masks) != len(self.masks) or self.speculating != len(masks):
            return operands, False
        if name not in HARMLESS_AT_ONE:
            return operands, False
        position = len(operands) - 1 if name in DIVISIONS else 0
        operand = operands[position]
        value = operand.value
        if not isinstance(value, Array) or not value.axes or value.kind not in "iuf":
            return operands, False
        chosen = select(self, self.conjunction(masks), operand, Operand("1", number(1)))
        kept = self.array(chosen).with_(weak=value.weak, dtype=value.dtype, dims=self.array(chosen).dims)
        return [chosen.with_value(kept) if k == position else o for k, o in enumerate(operands)], True

    # --- lists ---------------------------------------------------------------------------------------------------------------

    def loop_list(self, base: Operand, name: str, args: list[Operand]) -> None:
        """``out.append(e)`` in a loop that has become an axis: the list is held as an array."""
        value = base.value
        if name != "append" or len(args) != 1 or not isinstance(value, ListV) or value.items or self.masks:
            raise Unsupported("a list is changed in a loop that has become an axis")
        variables = [n for n, o in self.env.items() if getattr(o.value, "site", None) == value.site]
        if len(variables) != 1 or value.site is None:
            raise Unsupported("a list with several names is filled")
        outer = [loop for loop in self.loops if variables[0] not in loop.assigned]
        if len(outer) != 1 or outer[0] is not self.loops[-1]:
            raise Unsupported("a list is filled by several loops")
        loop = outer[0]
        item = args[0]
        weak = False
        if isinstance(item.value, StackedV):
            weak = item.value.weak
        item = self.as_array(item)
        array = self.array(item)
        weak = weak or array.weak
        if loop.axis not in array.axes:
            item = self.spread(item, tuple(sorted({*array.axes, loop.axis})))
            array = self.array(item)
        if array.axes[-1] is not loop.axis:
            raise Unsupported("the axes of a list's items are not in the order of the loops")
        kept = array.axes[:-1]
        origins = frozenset[object]() if item.fresh else array.origins
        stacked = array.with_(
            rank=array.rank + 1, axes=kept, dims=(loop.trips, *array.dims), weak=False, origins=origins
        )
        list_name = variables[0]
        target = self.target_name(list_name)
        if item.code != target:
            self.emit(f"{target} = {item.code}", target=target)
        self.env[list_name] = self.kept(Operand(target, StackedV(stacked, weak)))
        loop.lists[value.site] = list_name
        loop.carried.add(list_name)

    def sequential_again(self, reason: str) -> None:
        raise Unsupported(reason)

    # --- comprehensions --------------------------------------------------------------------------------------------------------

    def visit_ListComp(self, node: cst.ListComp) -> Operand:
        return self.comprehension(node, "[", "]")

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> Operand:
        return self.comprehension(node, "[", "]")

    def comprehension(self, node: cst.ListComp | cst.GeneratorExp, opening: str, closing: str) -> Operand:
        generator = node.for_in
        if generator.asynchronous is not None:
            raise Unsupported("an asynchronous comprehension")
        if generator.inner_for_in is None:
            stacked = self.axis_comprehension(node, generator)
            if stacked is not None:
                return stacked
        return self.plain_comprehension(node, generator, opening, closing)

    def axis_comprehension(self, node: cst.ListComp | cst.GeneratorExp, generator: cst.CompFor) -> Operand | None:
        site = self.node_site(node)
        if site in self.plan.sequential or self.plan.no_axes:
            return None
        mark = self.mark()
        try:
            it = self.iteration(generator.iter)
            loop = self.open_axis(it, self.text(generator.target))
            saved = dict(self.env)
            shadow, self.local_names = self.local_names, self.local_names | _target_names(generator.target)
            self.loops.append(loop)
            self.loop_depth += 1
            try:
                self.bind_axis(generator.target, it, loop)
                mask = self.filters(generator)
                hazards = len(self.hazards)
                self.speculating += mask is not None
                item = self.expression(node.elt)
                self.speculating -= mask is not None
                if mask is not None and len(self.hazards) > hazards:
                    raise Unsupported("items that must not be computed where the condition does not hold")
                weak = isinstance(item.value, StackedV) and item.value.weak
                item = self.as_array(item)
                _ = item.code
            finally:
                self.loops.pop()
                self.loop_depth -= 1
                self.local_names = shadow
                self.env = saved
            self.check_size(loop)
            array = self.array(item)
            if loop.axis not in array.axes:
                item = self.spread(item, tuple(sorted({*array.axes, loop.axis})))
                array = self.array(item)
            if array.axes[-1] is not loop.axis:
                raise Unsupported("the axes of a list's items are not in the order of the loops")
            weak = weak or array.weak
            origins = frozenset() if item.fresh else array.origins
            result = array.with_(
                rank=array.rank + 1, axes=array.axes[:-1], dims=(loop.trips, *array.dims), weak=False, origins=origins
            )
            self.change("axis", f"the comprehension over {self.text(generator.target)} becomes an axis")
            if mask is not None:
                return self.filtered(Operand(item.code, result, item.level), mask, loop)
            return Operand(item.code, StackedV(result, weak), item.level, fresh=item.fresh)
        except Unsupported as error:
            self.rollback(mark)
            if self.loops:
                raise
            self.plan.sequential[site] = error.reason
            return None

    def filters(self, generator: cst.CompFor) -> Operand | None:
        """The conditions of a comprehension as one mask."""
        mask: Operand | None = None
        for clause in generator.ifs:
            test = truth(self, self.condition(clause.test))
            mask = test if mask is None else self.logical("&", mask, test)
        return mask

    def filtered(self, items: Operand, mask: Operand, loop: LoopAxis) -> Operand:
        """The items of a comprehension for which its condition holds."""
        found = self.array(mask)
        if (
            loop.axis not in found.axes
            or found.axes[-1] is not loop.axis
            or found.axes == (loop.axis,)
            and not items.array.axes
        ):
            raise Unsupported("a comprehension whose condition does not depend on its items")
        flags = found.with_(rank=1, axes=found.axes[:-1], dims=(loop.trips,), weak=False)
        return masked(self, items, mask.with_value(flags))

    def plain_comprehension(self, node: Any, generator: cst.CompFor, opening: str, closing: str) -> Operand:
        if self.loops:
            raise Unsupported("a comprehension inside a loop that has become an axis")
        saved = dict(self.env)
        shadow = self.local_names
        try:
            it = self.iteration(generator.iter)
            if it.kind == "items" and not generator.ifs and generator.inner_for_in is None:
                return self.unrolled_comprehension(node, generator, it)
            clause = self.clause(generator)
            depth = len(self.out)
            element = self.expression(node.elt)
            if element.lazy or len(self.out) > depth:
                raise Unsupported("a comprehension whose items need statements of their own")
            code = f"{opening}{element.code} {clause}{closing}"
            return Operand(code, SeqV(_forget_constants(element.value), self.node_site(node)), fresh=True)
        finally:
            self.env = saved
            self.local_names = shadow

    def clause(self, generator: cst.CompFor) -> str:
        it = self.iteration(generator.iter)
        header, item = self.header(it)
        self.local_names = self.local_names | _target_names(generator.target)
        target = self.bind_target(generator.target, item, it)
        text = f"for {target} in {header}"
        for condition in generator.ifs:
            test = self.condition(condition.test)
            if not is_uniform(test.value):
                raise Unsupported("a comprehension that keeps other items for each example")
            text += f" if {test.code}"
        if generator.inner_for_in is not None:
            text += " " + self.clause(generator.inner_for_in)
        return text

    def unrolled_comprehension(self, node: Any, generator: cst.CompFor, it: Iteration) -> Operand:
        assert it.operand is not None
        parts = []
        for part in self.items(it.operand):
            self.local_names = self.local_names | _target_names(generator.target)
            self.bind_axis_target(
                generator.target, self.temp(part, "item") if not part.lazy and part.level < 15 else part
            )
            parts.append(self.expression(node.elt))
        code = f"[{', '.join(p.code for p in parts)}]"
        return Operand(code, ListV(tuple(p.value for p in parts), self.node_site(node)), node=Parts(parts), fresh=True)


# --- syntax ------------------------------------------------------------------------------------------------------------------


def _unknown() -> Iteration:
    raise Unsupported("something unknown is iterated over")


def _forget_constants(value: Value) -> Value:
    """What remains true of a value when its number is no longer the same."""
    match value:
        case Array():
            if value.const is MISSING and value.affine is None and value.pin is None:
                return value
            return value.with_(dims=value.dims)
        case TupleV():
            return TupleV(tuple(_forget_constants(i) for i in value.items), value.type_)
        case ListV():
            return ListV(tuple(_forget_constants(i) for i in value.items), value.site)
        case SeqV():
            return SeqV(_forget_constants(value.item), value.site)
    return value


def _loop_dtype(merged: Array, head: Array, now: Array) -> Value:
    """A variable whose dtype changes from iteration to iteration: not known where it is uniform, refused where not."""
    if merged.axes and head.dtype != now.dtype and not (head.weak or now.weak):
        raise Unsupported("a variable whose dtype changes from one iteration to the next")
    if (
        head.weak != now.weak
        and (head if head.weak else now).kind == "f"
        and (now if head.weak else head).kind in "iub"
    ):
        raise Unsupported("a variable that starts as a float and goes on as an integer")
    if not merged.axes and head.dtype != now.dtype and not (head.weak or now.weak):
        return merged.with_(dtype=None, dims=merged.dims)
    return merged


def _changes_dtype(before: Value, after: Value) -> bool:
    return isinstance(before, Array) and isinstance(after, Array) and before.dtype != after.dtype


def _needs_constants(items: Sequence[Value]) -> bool:
    """Whether the items of a short list are worth knowing one by one: strings, None, functions, containers of them."""
    return any(isinstance(i, Obj) for i in items) or any(
        isinstance(i, (TupleV, ListV)) and _needs_constants(i.items) for i in items
    )


def _target_names(target: cst.BaseExpression) -> set[str]:
    if isinstance(target, cst.Name):
        return {target.value}
    if isinstance(target, (cst.Tuple, cst.List)):
        return set().union(*(_target_names(e.value) for e in target.elements))
    return set()


def exposed_names(statements: Sequence[Any], defined: set[str]) -> set[str]:
    """Names that an iteration may read before it has set them."""
    exposed: set[str] = set()
    known = set(defined)
    for statement in statements:
        found, set_here = _flow(statement, known)
        exposed |= found - known
        known |= set_here
    return exposed


def _flow(node: cst.CSTNode, known: set[str]) -> tuple[set[str], set[str]]:
    """Names that a statement may read before setting them, and names that it sets for certain."""
    if isinstance(node, cst.SimpleStatementLine):
        reads: set[str] = set()
        done: set[str] = set()
        for small in node.body:
            found, made = _flow_small(small)
            reads |= found - done
            done |= made
        return reads, done
    if isinstance(node, cst.If):
        reads = names_read(node.test)
        walrus = {n.target.value for n in _walruses(node.test)}
        one = exposed_names(_statements(node.body), walrus)
        sets_one = _sets(_statements(node.body))
        other: Sequence[Any] = []
        if node.orelse is not None:
            other = [node.orelse] if isinstance(node.orelse, cst.If) else _statements(node.orelse.body)
        return reads | one | exposed_names(other, walrus), (sets_one & _sets(other)) | walrus
    if isinstance(node, (cst.For, cst.While)):
        reads = names_read(node.iter if isinstance(node, cst.For) else node.test)
        target = _target_names(node.target) if isinstance(node, cst.For) else set()
        inner = exposed_names(_statements(node.body), target)
        return reads | inner, set()
    return names_read(node), set()


def _walruses(node: cst.CSTNode) -> list[Any]:
    found = [node] if isinstance(node, cst.NamedExpr) else []
    for child in node.children:
        found += _walruses(child)
    return found


def _sets(statements: Sequence[Any]) -> set[str]:
    done: set[str] = set()
    for statement in statements:
        done |= _flow(statement, set())[1]
    return done


def _flow_small(node: cst.CSTNode) -> tuple[set[str], set[str]]:
    if isinstance(node, cst.Assign):
        reads = names_read(node.value)
        made: set[str] = set()
        for target in node.targets:
            names = _target_names(target.target)
            made |= names
            if not names:
                reads |= names_read(target.target)
        return reads, made
    if isinstance(node, cst.AnnAssign) and node.value is not None:
        return names_read(node.value), _target_names(node.target)
    return names_read(node), set()


def conditional_names(statements: Sequence[Any]) -> set[str]:
    """Names that an iteration may or may not set."""
    return set().union(*(assigned_names(s) for s in statements)) - _sets(statements)


def only_accumulated(name: str, statements: Sequence[Any]) -> bool:
    """Whether a variable occurs in a loop's body only as the target of ``name op= ...``."""
    count = 0

    def occurrences_of(node: cst.CSTNode) -> int:
        if isinstance(node, cst.Name):
            return int(node.value == name)
        return sum(occurrences_of(child) for child in node.children)

    def accumulations(node: cst.CSTNode) -> int:
        if isinstance(node, cst.AugAssign) and isinstance(node.target, cst.Name) and node.target.value == name:
            return 0 if occurrences_of(node.value) else 1
        return sum(accumulations(child) for child in node.children)

    kinds: set[type] = set()

    def operators(node: cst.CSTNode) -> None:
        if isinstance(node, cst.AugAssign) and isinstance(node.target, cst.Name) and node.target.value == name:
            kinds.add(type(node.operator))
        for child in node.children:
            operators(child)

    for statement in statements:
        count += occurrences_of(statement) - accumulations(statement)
        operators(statement)
    additive = kinds <= {cst.AddAssign, cst.SubtractAssign}
    return count == 0 and (len(kinds) == 1 or additive)


def stored_subscripts(body: cst.CSTNode) -> dict[str, set[str]]:
    """Arrays that statements store into, with the text of each subscript."""
    found: dict[str, set[str]] = {}
    module = cst.Module([])

    def base_of(node: cst.BaseExpression) -> str | None:
        while isinstance(node, (cst.Subscript, cst.Attribute)):
            node = node.value
        return node.value if isinstance(node, cst.Name) else None

    def add(target: cst.BaseExpression) -> None:
        if isinstance(target, (cst.Tuple, cst.List)):
            for element in target.elements:
                add(element.value)
        elif isinstance(target, cst.Subscript):
            name = base_of(target)
            found.setdefault(name or "?", set()).add(module.code_for_node(target))

    def walk(node: cst.CSTNode) -> None:
        if isinstance(node, cst.Assign):
            for target in node.targets:
                add(target.target)
        elif isinstance(node, cst.AugAssign):
            add(node.target)
            if isinstance(node.target, cst.Name):
                pass
        elif isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            base = node.func.value
            if node.func.attr.value in ("fill", "sort", "put", "partition", "resize", "at"):
                name = (
                    base_of(base)
                    if node.func.attr.value != "at"
                    else base_of(node.args[0].value)
                    if node.args
                    else None
                )
                found.setdefault(name or "?", set()).update({module.code_for_node(node), "whole"})
        for child in node.children:
            walk(child)

    walk(body)
    return found


def occurrences(body: cst.CSTNode) -> dict[str, set[str]]:
    """Every name that occurs, with the text of the widest subscript around each occurrence."""
    found: dict[str, set[str]] = {}
    module = cst.Module([])

    def walk(node: cst.CSTNode) -> None:
        if isinstance(node, cst.Subscript):
            root = node.value
            while isinstance(root, cst.Subscript):
                root = root.value
            if isinstance(root, cst.Name):
                found.setdefault(root.value, set()).add(module.code_for_node(node))
                part: Any = node
                while isinstance(part, cst.Subscript):
                    for element in part.slice:
                        walk(element)
                    part = part.value
                return
        if isinstance(node, cst.Attribute):
            if isinstance(node.value, cst.Name) and node.attr.value in ("shape", "ndim", "size", "dtype"):
                return
            walk(node.value)
            return
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Name) and node.func.value == "len":
            return
        if isinstance(node, cst.Name):
            found.setdefault(node.value, set()).add(node.value)
            return
        for child in node.children:
            walk(child)

    walk(body)
    return found


def _apart(texts: set[str]) -> bool:
    """Whether subscripts of one array name different elements for certain: they differ in a constant."""
    try:
        nodes = [cst.parse_expression(t) for t in texts]
    except Exception:
        return False
    rows = []
    for node in nodes:
        if not isinstance(node, cst.Subscript) or isinstance(node.value, cst.Subscript):
            return False
        rows.append([s.slice.value if isinstance(s.slice, cst.Index) else None for s in node.slice])
    if len({len(r) for r in rows}) != 1:
        return False
    for column in zip(*rows, strict=True):
        if all(isinstance(c, cst.Integer) for c in column) and len({c.evaluated_value for c in column}) == len(rows):
            return True
    return False


_ = (np,)
