"""Loops that become axes: those whose iterations do not depend on each other but for what they accumulate."""

from __future__ import annotations

import math
import re
import sys

import libcst as cst
import numpy as np

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.appends import Appends
from vectorizer.rewrite.control_flow import has_jump
from vectorizer.rewrite.iteration import INT, Iteration
from vectorizer.rewrite.loop_syntax import (
    augmented_names,
    conditional_names,
    exposed_names,
    inner_targets,
    occurrences,
    stored_subscripts,
    target_names,
)
from vectorizer.rewrite.names import names_read, nodes_of
from vectorizer.rewrite.recurrences import find_recurrences
from vectorizer.rewrite.statements import _statements, assigned_names
from vectorizer.rules.indexing import Parts
from vectorizer.source.operand import PRIMARY, LastValue, Operand, call
from vectorizer.values import (
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
    axes_of,
    sites,
)

FEWEST_AT_ONCE = 32  # examples, where they are run in blocks
# What a loop that becomes an axis must not contain.
# Functions whose calls do not tell in which order they are made.
UNORDERED = frozenset(("abs", "bool", "float", "int", "len", "max", "min", "pow", "range", "round", "sum"))
NO_AXIS = (cst.Break, cst.Continue, cst.Return, cst.Raise, cst.While, cst.Try, cst.With)


class LoopAxes(Appends):
    """Turning a `for` into an axis."""

    live_names: set[str]
    rebound_names: set[str]  # variables that the function assigns somewhere

    # --- deciding ----------------------------------------------------------------------------------------------------

    def become_axis(self, node: cst.For, it: Iteration) -> bool:
        """Tries to turn a loop into an axis; undoes everything and returns False where that is not possible."""
        site = self.node_site(node)
        if site in self.plan.sequential or self.plan.no_axes:
            return False
        if has_jump(_statements(node.body), NO_AXIS):
            self.plan.sequential.setdefault(site, "it may end early")
            return False
        if self.regions and not self.loops:
            return False
        mark, pending, line = self.mark(), self.pending, self.line
        try:
            self.walk_axis(node, it)
        except Unsupported as error:
            self.rollback(mark)
            self.pending = pending
            if self.loops:
                raise  # it may become an axis on its own, where the loop around it stays one
            self.plan.sequential[site] = error.reason
            return False
        last, self.line = self.line, line
        self.change("axis", f"the loop over {self.text(node.target)} becomes an axis")
        self.line = last
        return True

    def walk_axis(self, node: cst.For, it: Iteration) -> None:
        """The body, once for all iterations."""
        body = _statements(node.body)
        it = self.pinned_iteration(it, node)
        assigned, exposed = assigned_names(node), self.and_flags(exposed_names(body, target_names(node.target)))
        carried = {n for n in assigned if n in exposed or n in self.env and n in conditional_names(body)}
        carried -= inner_targets(body) | target_names(node.target)  # these are set anew in each iteration
        upwards = None if carried else self.upwards(node, it)
        it = upwards or it
        loop = self.open_axis(it, self.text(node.target))
        loop.assigned, loop.carried, loop.node, loop.flipped = assigned, carried, node, upwards is not None
        before = [o.value for o in self.env.values()]
        loop.outside = frozenset(origin for v in before if isinstance(v, Array) for origin in v.origins)
        self.check_carried(loop, node)
        self.check_calls(node, loop)
        self.check_iterated(node, it)
        self.loops.append(loop)
        self.loop_depth += 1
        try:
            self.bind_axis_target(node.target, self.axis_item(it, loop))
            self.make_early(loop)
            if self.block(body):
                raise Unsupported("control leaves the loop")
        finally:
            self.loops.pop()
            self.loop_depth -= 1
        self.check_size(loop)
        self.check_memory(node, loop)
        self.close_axis(loop)

    def upwards(self, node: cst.For, it: Iteration) -> Iteration | None:
        """A range that counts downwards the other way round, where nothing tells in which order iterations are made."""
        if it.kind != "range" and not (it.kind == "reversed" and it.parts[0].kind == "range"):
            return None
        if any(self.may_tell_order(part, node.target) for part in nodes_of(node.body)):
            return None
        try:
            extent = self.extent(it)
            if extent.step != -1:
                return None
            start, stop = self.print_affine(extent.last), self.print_affine(extent.first + 1)
        except Unsupported:
            return None
        text = it.text if it.kind == "range" else it.parts[0].text
        return Iteration("range", bounds=(stop,) if extent.last == Affine() else (start, stop), text=text)

    def may_tell_order(self, node: cst.CSTNode, target: cst.BaseExpression) -> bool:
        """Whether a part of a body may add to what other iterations add to, or call what draws or changes a list."""
        if isinstance(node, cst.AugAssign):
            index = node.target.slice if isinstance(node.target, cst.Subscript) else ()
            return not any(self.text(i.slice) == self.text(target) for i in index)
        if not isinstance(node, cst.Call):
            return False
        if isinstance(node.func, cst.Attribute):
            module = self.expression(node.func.value).value if isinstance(node.func.value, cst.Name) else None
            return not isinstance(module, Obj) or not any(module.value is m for m in (np, math))
        return not isinstance(node.func, cst.Name) or node.func.value not in UNORDERED

    def open_axis(self, it: Iteration, name: str) -> LoopAxis:
        """An axis for a loop that runs at least once or not at all, for every example alike."""
        extent = self.extent(it)
        if not self.relies_on(extent.trips):
            raise Unsupported("the number of iterations is not known to be positive")
        depth = (len(self.axes) + len(self.loops) + 1000,)  # inside of all other axes
        label = name if name.isidentifier() else "k"
        axis = Axis(label, depth, "loop")
        self.sizes[axis] = extent.length
        loop = LoopAxis(
            extent.trips, extent.first, extent.last, extent.step, extent.length, axis, f"{label}@{len(self.loops)}"
        )
        loop.scopes, loop.masks = len(self.scopes), len(self.masks)
        return loop

    # --- the target --------------------------------------------------------------------------------------------------

    def bind_axis_target(self, target: cst.BaseExpression, operand: Operand) -> None:
        """Binds a loop's target to what varies along the loop's axis."""
        if isinstance(target, cst.Name):
            self.bind(target.value, operand)
            return
        if not isinstance(target, (cst.Tuple, cst.List)):
            raise Unsupported("a loop target that is not a name")
        parts = self.parts_of(operand, len(target.elements))
        for element, part in zip(target.elements, parts, strict=True):
            if isinstance(element, cst.StarredElement):
                raise Unsupported("a starred loop target")
            self.bind_axis_target(element.value, part)

    def axis_item(self, it: Iteration, loop: LoopAxis) -> Operand:
        """What a loop's target is bound to, for all iterations at once."""
        if it.kind == "range":
            return self.range_item(it, loop, False)
        if it.kind == "reversed":
            if it.parts[0].kind == "range":
                return self.range_item(it.parts[0], loop, True)
            return self.array_item(it.parts[0], loop, backwards=True)
        if it.kind == "enumerate":
            parts = [self._counter(it.start, loop), self.axis_item(it.parts[0], loop)]
        elif it.kind == "zip":
            parts = [self.axis_item(p, loop) for p in it.parts]
        else:
            return self.array_item(it, loop)
        return Operand("", TupleV(tuple(p.value for p in parts)), node=Parts(parts))

    def _counter(self, start: Operand | None, loop: LoopAxis) -> Operand:
        """The number that `enumerate` gives, a Python int."""
        counter = self.range_item(None, loop, False)
        if start is None:
            return counter
        counter = self.binary("+", counter, start)
        value = self.array(counter)
        return counter.with_value(value.with_(weak=True, affine=value.affine))

    def range_item(self, it: Iteration | None, loop: LoopAxis, backwards: bool) -> Operand:
        """The numbers of a range (of 0, 1, ... if there is none), as an array that is made where it is needed."""
        value = Array(INT, 0, (loop.axis,), weak=True, affine=Affine.of(loop.symbol))
        block, start = self.out, len(self.out)  # where it is made, also if a block inside that may not run needs it

        def make() -> Operand:
            bounds = [loop.length()] if it is None else [b.code for b in it.bounds]
            code = call(self.np("arange"), *bounds) + ("[::-1]" if backwards else "")
            hint = loop.axis.name
            taken = hint in self.used and hint in self.local_names and hint in self.live_names
            name = self.fresh(hint) if taken else hint
            self.used.add(name)
            if all(statement.text != f"{name} = {code}" for statement in block[start:]):
                inner, self.out = self.out, block
                self.emit(f"{name} = {code}", generated=name, target=name)
                self.out = inner
            return Operand(name, value)

        return Operand(None, value, make=make)

    def array_item(self, it: Iteration, loop: LoopAxis, backwards: bool = False) -> Operand:
        """The rows of an array, all at once: its first axis becomes the loop's."""
        assert it.operand is not None
        operand = self.temp(it.operand, "items")
        array = self.array(operand)
        if any(axis.depth > loop.axis.depth for axis in array.axes):
            raise Unsupported("an outer loop over an array that varies along an inner one")
        weak = isinstance(operand.value, StackedV) and operand.value.weak and array.rank == 1
        code, level = operand.code, operand.level
        if backwards:
            code, level = f"{operand.primary}[{', '.join([*[':'] * len(array.axes), '::-1'])}]", PRIMARY
        axes = (*array.axes, loop.axis)
        return Operand(code, array.with_(rank=array.rank - 1, dims=array.dims[1:], axes=axes, weak=weak), level)

    # --- whether the iterations are independent ----------------------------------------------------------------------

    def check_carried(self, loop: LoopAxis, node: cst.For) -> None:
        """Every variable that is handed from one iteration to the next must only be accumulated."""
        body = _statements(node.body)
        loop.recurrences = find_recurrences(loop.carried, body, target_names(node.target))
        missing = sorted(name for name in loop.carried if name not in self.env)
        if missing:
            raise Unsupported(f"{missing[0]} may not be set before the loop")
        early = loop.recurrences.early
        read = set[str]().union(*(names_read(update.value) for update in early.values()))
        if early and (
            read & (loop.assigned - target_names(node.target))
            or stored_subscripts(node.body)
            and self.sees_stores(node, read)
        ):
            raise Unsupported(f"{min(early)} is handed from one iteration to the next")

    def sees_stores(self, node: cst.For, read: set[str]) -> bool:
        """Whether any of the variables `read` may lead to memory that the body of a loop stores into."""
        for name in stored_subscripts(node.body):
            origins = self.origins_of(self.env[name].value) if name in self.env else None
            for other in read & self.env.keys():
                seen = self.origins_of(self.env[other].value)
                if origins is None or seen is None or origins & seen:
                    return True
        return False

    def check_calls(self, node: cst.For, loop: LoopAxis) -> None:
        """Arrays that were there before the loop must not be changed as a whole, by `sort` and its like."""
        for name, texts in stored_subscripts(node.body).items():
            if name in loop.assigned or name not in self.env:
                continue
            if isinstance(self.env[name].value, (ListV, SeqV, DictV)):
                raise Unsupported("a list is filled by index")
            if "whole" in texts:
                raise Unsupported(f"{name} is changed as a whole")

    def check_memory(self, node: cst.For, loop: LoopAxis) -> None:
        """No iteration may depend on what another one stores, but where the order of statements sees to it."""
        self.check_dependences(loop)
        stores = [a for a in loop.accesses if a.stores and self.is_outside(loop, a)]
        for name, places in occurrences(node.body).items():
            if name in loop.assigned or name not in places or name not in self.env:
                continue
            origins = self.origins_of(self.env[name].value)
            for store in stores:
                if origins is None or origins & store.origins:
                    raise Unsupported(f"an iteration reads {name} where another one stores {store}")
        if self.loops:
            self.loops[-1].accesses += loop.accesses

    def check_iterated(self, node: cst.For, it: Iteration) -> None:
        """What is iterated over must not be stored into by the loop."""
        held: frozenset[object] = frozenset()
        for name in [*stored_subscripts(node.body), *augmented_names(node.body)]:
            value = self.env[name].value if name in self.env else None
            held |= value.origins if isinstance(value, Array) and value.rank else frozenset()

        def visit(part: Iteration) -> None:
            if part.operand is not None and isinstance(part.operand.value, Array) and part.operand.value.origins & held:
                raise Unsupported("an array is changed while it is iterated over")
            for inner in part.parts:
                visit(inner)

        visit(it)

    def check_size(self, loop: LoopAxis) -> None:
        """A temporary over all loop axes must stay within bounds, for as many examples as are computed at once."""
        samples = self.facts.samples
        if samples is None:
            return
        total = 8
        most = FEWEST_AT_ONCE if self.shared.in_blocks and not self.facts.writes else sys.maxsize
        for axis in self.axes:
            total *= max(1, min(samples.get(f"size:{axis.name}", 1), most))
        for open_loop in [*self.loops, loop]:
            total *= max(1, open_loop.trips.evaluate(samples) or 1)
        if total > self.shared.temporaries:
            raise Unsupported("its temporaries would be too large")

    # --- behind the loop ---------------------------------------------------------------------------------------------

    def close_axis(self, loop: LoopAxis) -> None:
        """Variables that were set in each iteration keep the value of the last one."""
        for name in sorted(loop.assigned - (loop.carried - loop.recurrences.scanned)):
            operand = self.env.get(name)
            if operand is None:
                continue
            if loop.axis in axes_of(operand.value) and self.may_not_run(loop):
                self.env.pop(name)  # it may be what it was before the loop
            elif isinstance(operand.value, Array) and loop.axis in operand.value.axes:
                last = self.last_value(name, operand, loop)
                seen = sites(last.array.origins)
                if seen & self.plan.stored and not operand.lazy:
                    self.env.pop(name)
                    continue
                self.viewed |= seen
                self.env[name] = last
                if last.lazy and self.is_rebound(name, operand):
                    self.keep_last(name, last, loop)
            elif self._is_lost(operand, loop):
                self.env.pop(name)

    def may_not_run(self, loop: LoopAxis) -> bool:
        """Whether a loop has no iteration at this call, or not in every iteration of a loop around it."""
        least = self.extremes(loop.trips - 1, ())[0]
        if least is None or least.is_const:
            return least is None or least.const < 0
        if self.facts.samples is None:
            return any("@" in symbol for symbol, _ in least.terms)
        value = least.evaluate(self.facts.samples)
        return value is None or value < 0

    def is_rebound(self, name: str, operand: Operand) -> bool:
        """Whether a variable from which the last value of another one is read may be bound to something else later."""
        words = set(re.findall(r"[A-Za-z_]\w*", operand._code or ""))
        return bool(words & self.rebound_names - {name})

    def keep_last(self, name: str, last: Operand, loop: LoopAxis) -> None:
        """Reads the last value of a variable at once."""
        if not self.relies_on(loop.trips - 1):
            self.env.pop(name)
            return
        target = self.target_name(name)
        self.emit(f"{target} = {last.code}", generated=target, target=target)
        self.env[name] = Operand(target, last.value)

    def _is_lost(self, operand: Operand, loop: LoopAxis) -> bool:
        """Whether a variable's last value is not at hand: it is a container, or the loop may not have run."""
        if loop.axis in axes_of(operand.value) or isinstance(operand.value, (ListV, SeqV, DictV)):
            return True
        return not self.relies_on(loop.trips - 1)

    def last_value(self, name: str, operand: Operand, loop: LoopAxis) -> Operand:
        """A variable's value in the last iteration, taken where it is needed."""
        value = self.array(operand)
        axes = tuple(a for a in value.axes if a is not loop.axis)
        end, place = (loop.first, "0") if loop.flipped else (loop.last, "-1")
        affine = value.affine.substitute(loop.symbol, end) if value.affine is not None else None

        def make() -> Operand:
            if not self.relies_on(loop.trips - 1):
                raise Unsupported(f"{name} may not be set: its loop may not run")
            if affine is not None:
                return self.print_affine(affine)
            index = ", ".join([":"] * value.axes.index(loop.axis) + [place])
            return Operand(f"{operand.primary}[{index}]", value.with_(axes=axes, dims=value.dims))

        if affine is not None:
            return Operand(None, Array(value.dtype, value.rank, axes, weak=value.weak, affine=affine), make=make)
        return Operand(None, value.with_(axes=axes, dims=value.dims), make=make, node=LastValue(name))
