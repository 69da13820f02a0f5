"""Recurrences over an axis: running sums and extremes, variables of the iteration before, the best of all."""

from __future__ import annotations

from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.accumulate import Accumulation, LoopAxis
from vectorizer.rewrite.iteration import INT
from vectorizer.rewrite.recurrences import Update
from vectorizer.rules.elementwise import lower_ufunc, select
from vectorizer.rules.python import ITEM, python_number, truth
from vectorizer.rules.table import Call
from vectorizer.source.operand import TERNARY, Operand, call
from vectorizer.values import MISSING, Affine, Array, Unsupported, join, number, union_axes

SCANS = {"+": "cumsum", "-": "cumsum", "*": "cumprod"}
EXTREMES = {"fmax": ">", "fmin": "<", "max": ">", "min": "<", "late max": ">", "late min": "<"}


class Scans(Accumulation):
    """What updates and choices become in loops that have become axes."""

    # --- statements --------------------------------------------------------------------------------------------------

    def small_Assign(self, node: cst.Assign) -> bool:
        return False if self.update_at(node) else super().small_Assign(node)

    def small_AugAssign(self, node: cst.AugAssign) -> bool:
        name = node.target.value if isinstance(node.target, cst.Name) else ""
        if any(name in loop.recurrences.scanned for loop in self.loops) and self.update_at(node):
            return False
        return super().small_AugAssign(node)

    def update_at(self, node: cst.CSTNode) -> bool:
        """Takes care of a statement that updates a variable of an open loop; whether it does."""
        updates = next((u for u in (x.recurrences.updates.get(id(node)) for x in reversed(self.loops)) if u), None)
        for update in updates or ():
            self.update(update)
        return updates is not None

    def update(self, update: Update) -> None:
        """``name = name op value``."""
        name = update.name
        inner = [loop for loop in self.loops if name in loop.carried]
        if any(name in loop.recurrences.early for loop in inner):
            self.env[name] = inner[-1].after[name]  # it was made at the top of the body
            return
        before = self.read(name)
        right = self.as_array(self.expression(update.value))
        self.assign_outside(name, self.combined_over(name, update.op, before, right), inner)

    def assign_outside(self, name: str, operand: Operand, loops: list[LoopAxis]) -> None:
        """Assigns a variable as seen from outside of the loops that hand it on."""
        inner, self.scopes = self.scopes, self.scopes[: loops[0].scopes]
        try:
            self.assign_name(name, operand)
        finally:
            self.scopes = inner

    def combined_over(self, name: str, op: str, before: Operand, right: Operand) -> Operand:
        """A variable behind an update: reduced over the loops that only update it, scanned over one that reads it."""
        loops = [loop for loop in self.loops if name in loop.carried]
        scanning = [loop for loop in loops if name in loop.recurrences.scanned]
        if len(scanning) > 1 or scanning and scanning[0] is not loops[0]:
            raise Unsupported(f"{name} is handed from one iteration to the next")
        reducing = [loop for loop in loops if loop not in scanning]
        if any(not self.relies_on(loop.trips - 1) for loop in loops):
            raise Unsupported(f"{name} is handed on by a loop that may not run")
        if reducing:
            whole = self.from_start(op, before, right, reducing) if not scanning else None
            if whole is not None:
                return whole
            right = self.reduced(op, before, right, reducing)
        if scanning:
            right = self.scan(op, before, right, scanning[0], masked=not reducing)
        return self.combine(op, before, right)

    # --- reductions --------------------------------------------------------------------------------------------------

    def reduced(self, op: str, before: Operand, right: Operand, loops: list[LoopAxis]) -> Operand:
        """`right` over all iterations of some loops."""
        axes = [loop.axis for loop in loops]
        if op not in EXTREMES:
            return self.reduce(op, right, axes, self.summed_dtype(op, before, right))
        self.check_order(op, right)
        right = self.with_identity(op, right)
        present = [a for a in axes if a in self.array(right).axes]
        if not present:
            return right
        value = self.array(right)
        places = sorted(value.axes.index(a) for a in present)
        axis = str(places[0]) if len(places) == 1 else f"({', '.join(map(str, places))})"
        kept = value.with_(axes=tuple(a for a in value.axes if a not in present), dims=value.dims, origins=frozenset())
        code = call(self.np(self.extreme_code(op, value, "reduce")), right.code, axis=axis)
        return python_number(Operand(code, kept, fresh=True))

    def from_start(self, op: str, before: Operand, right: Operand, loops: list[LoopAxis]) -> Operand | None:
        """``np.fmax.reduce(e, initial=m)``, where `m` is a number that is known; None where that will not do."""
        start, value = self.array(before), self.array(right)
        floats = start.kind == value.kind == "f" and start.weak and not self.never_nan()
        if op not in ("fmax", "fmin") or start.const is MISSING or not floats or start.const != start.const:
            return None
        made = self.reduced(op, before, right, loops)
        code = made.code.removesuffix(ITEM)
        if "reduce(" not in code or not code.endswith(")"):
            return None
        initial = repr(start.const) if np.isfinite(start.const) else before.code
        return python_number(Operand(f"{code[:-1]}, initial={initial})", made.value, fresh=True))

    def extreme_code(self, op: str, value: Array, how: str) -> str:
        """The function that finds extremes: Python's, as a loop has them, pass over nan."""
        least = op.endswith("min")
        if value.kind == "f" and op.startswith("f") and not self.never_nan():
            return f"{'fmin' if least else 'fmax'}.{how}"
        if how == "reduce":
            return "min" if least else "max"
        return f"{'minimum' if least else 'maximum'}.{how}"

    def never_nan(self) -> bool:
        """Whether nan does not occur, because nothing is run here."""
        return self.facts.samples is None and self.facts.no_nan()

    def is_no_nan(self, value: Array) -> bool:
        """Whether numbers may be taken to be other than nan; elements of arguments are what the guard has seen."""
        elements = bool(value.origins) and not value.origins & self.plan.stored
        if elements and all(isinstance(o, tuple) and o[0] in ("argument", "shared") for o in value.origins):
            self.facts.uses_nan_free |= self.facts.nan_free
            return self.facts.nan_free
        return self.facts.no_nan()

    def check_order(self, op: str, right: Operand) -> None:
        """Numbers that can be ordered; ``max(e, m)`` gives the other of the two where one is nan."""
        value = self.array(right)
        if value.kind not in "iuf" or value.rank or value.dtype is None:
            raise Unsupported("the least or greatest of what are no real numbers")
        if op.startswith("late") and value.kind == "f" and not self.facts.no_nan():
            raise Unsupported("max of numbers that may be nan")

    def with_identity(self, op: str, right: Operand) -> Operand:
        """`right` with something that is no extreme where the conditions in the loop do not hold."""
        masks = self.inner_masks()
        if not masks:
            return right
        value = self.array(right)
        if value.kind in "iu" and value.dtype is not None:
            limits, end = np.iinfo(value.dtype), "max" if op.endswith("min") else "min"
            code = f"{call(self.np('iinfo'), self.dtype_code(value.dtype))}.{end}"
            nothing = Operand(code, Array(value.dtype, 0, const=getattr(limits, end)))
            return self._as_weak_as(select(self, self.conjunction(masks), right, nothing), value)
        if value.kind != "f" or op in ("max", "min"):
            raise Unsupported("an extreme under a condition")
        nothing = Operand(self.np("nan"), number(float("nan")))
        return self._as_weak_as(select(self, self.conjunction(masks), right, nothing), value)

    def combine(self, op: str, before: Operand, right: Operand) -> Operand:
        """``before op right``, or for "=" `right` alone."""
        if op == "=":
            return right
        if op not in EXTREMES:
            return self.combine_sums(op, before, right)
        a, b = self.array(before), self.array(right)
        if op in ("max", "min"):
            function = "maximum" if op == "max" else "minimum"
            ufunc = getattr(np, function)
            return lower_ufunc(self, Call(self.np(function), [before, right], {}, None, ufunc, object()))
        if a.const is not MISSING and a.const == (-np.inf if EXTREMES[op] == ">" else np.inf) and b.kind in "iu":
            return right
        if (b.kind in "iu" or self.never_nan()) and a.kind == b.kind and (a.axes or b.axes):
            return self.combine("max" if EXTREMES[op] == ">" else "min", before, right)
        right = self.temp(right, "extreme")
        before = self.temp(before, "start") if not before.lazy and before.array.const is MISSING else before
        return self.chosen(self.compare(EXTREMES[op], right, before), right, before)

    def combine_sums(self, op: str, before: Operand, right: Operand) -> Operand:
        value = self.array(before)
        if op == "|" or op == "&":
            if value.kind != "b" or self.array(right).kind != "b":
                raise Unsupported("a choice between values that are no booleans")
            if value.const is (op == "&"):
                return right
            return self.logical(op, before, right)
        made = self.binary(op, before, right)
        result = self.array(made)
        neutral = value.const is not MISSING and value.const == {"+": 0, "*": 1}.get(op, MISSING)
        if neutral and result.dtype == self.array(right).dtype and result.rank == self.array(right).rank:
            same = result.with_(dims=result.dims, weak=result.weak, affine=result.affine)
            return right if right.lazy else Operand(right.code, same, right.level, fresh=True)
        return made

    def chosen(self, test: Operand, body: Operand, orelse: Operand) -> Operand:
        """``body if test else orelse``."""
        if any(self.array(o).axes for o in (test, body, orelse)):
            return self.merge(truth(self, test), body, orelse)
        value = join(body.value, orelse.value)
        return Operand(f"{body.at(TERNARY + 1)} if {test.at(TERNARY + 1)} else {orelse.at(TERNARY)}", value, TERNARY)

    # --- scans -------------------------------------------------------------------------------------------------------

    def iteration_number(self, loop: LoopAxis) -> Operand:
        """0, 1, ... along a loop; an array of it is made where it is needed."""
        symbol = Affine.of(loop.symbol)
        affine = (symbol - loop.first) * loop.step if abs(loop.step) == 1 else None
        value = Array(INT, 0, (loop.axis,), weak=True, affine=affine)
        code = call(self.np("arange"), loop.length())
        return Operand(None, value, make=lambda: self.temp(Operand(code, value, fresh=True), "number"))

    def scan(self, op: str, before: Operand, right: Operand, loop: LoopAxis, masked: bool) -> Operand:
        """`right` accumulated along a loop, up to and with each iteration."""
        value = self.array(right)
        if op == "=":
            return self.spread(right, union_axes(value.axes, (loop.axis,)))
        if op in "+-" and loop.axis not in value.axes and value.weak and value.kind == "i" and not self.inner_masks():
            return self.binary("*", right, self.binary("+", self.iteration_number(loop), Operand("1", number(1))))
        if op in EXTREMES:
            self.check_order(op, right)
            right = self.with_identity(op, right) if masked else right
        elif self.inner_masks() and masked:
            right = self.masked(right, op)
        right = self.spread(right, union_axes(self.array(right).axes, (loop.axis,)))
        value = self.array(right)
        position = str(value.axes.index(loop.axis))
        if op in EXTREMES:
            function, dtype, keyword = self.extreme_code(op, value, "accumulate"), value.dtype, None
        elif op in ("|", "&") and value.kind == "b":
            function, dtype, keyword = f"logical_{'or' if op == '|' else 'and'}.accumulate", value.dtype, None
        elif op in SCANS:
            function, (dtype, keyword) = SCANS[op], self._scan_dtype(op, before, right)
        else:
            raise Unsupported(f"a variable that is updated by {op}= and read in each iteration")
        code = call(self.np(function), right.code, axis=position, dtype=keyword)
        result = value.with_(dtype=dtype, dims=value.dims, origins=frozenset())
        self.change("scan", f"a variable that grows in each iteration: np.{function}")
        return Operand(code, result, fresh=True)

    def _scan_dtype(self, op: str, before: Operand, right: Operand) -> tuple[Any, str | None]:
        """The dtype in which a loop adds, and how it is written where NumPy would take another."""
        value = self.array(right)
        if op == "*" and value.weak and value.kind in "iu":
            raise Unsupported("a product of Python integers in a loop may outgrow 64 bits")
        summed = self.summed_dtype(op, before, right)
        if summed is not None:
            return summed, self.dtype_code(summed)
        if value.kind == "b":
            return INT, None
        if value.kind in "iu" and value.dtype != INT and value.dtype is not None:
            return value.dtype, self.dtype_code(value.dtype)
        return value.dtype, None

    def make_early(self, loop: LoopAxis) -> None:
        """Variables that the body reads before it updates them: what they are in front of each update."""
        for name, update in sorted(loop.recurrences.early.items()):
            before = self.read(name)
            right = self.as_array(self.expression(update.value))
            if any(name in x.carried for x in self.loops if x is not loop):
                raise Unsupported(f"{name} is handed from one iteration to the next")
            if not self.relies_on(loop.trips - 1):
                raise Unsupported(f"{name} is handed on by a loop that may not run")
            counted = self._counter_of(update, before, right, loop)
            if counted is not None:
                self.env[name] = counted[0]
                loop.after[name] = counted[1]
                continue
            scanned = self.scan(update.op, before, right, loop, masked=False)
            after = self.temp(self.combine(update.op, before, scanned), name)
            self.env[name] = self.shifted(name, before, after, loop)
            loop.after[name] = after

    def _counter_of(
        self, update: Update, before: Operand, right: Operand, loop: LoopAxis
    ) -> tuple[Operand, Operand] | None:
        """``k += 1``: what `k` is in front of each update and behind it."""
        value = self.array(right)
        if update.op not in "+-" or value.axes or not value.weak or value.kind != "i" or self.array(before).rank:
            return None
        grown = self.binary("*", right, self.iteration_number(loop))
        front = self.binary(update.op, before, grown)
        return front, self.binary(update.op, front, right)

    def shifted(self, name: str, before: Operand, after: Operand, loop: LoopAxis) -> Operand:
        """A variable in front of its update: what it was before the loop, then what each iteration left."""
        start, value = self.array(before), self.array(after)
        merged = join(start.with_(dims=start.dims), value.with_(dims=value.dims))
        assert isinstance(merged, Array)
        if start.rank != value.rank or value.rank or merged.dtype is None or start.dtype != value.dtype:
            raise Unsupported(f"{name} changes what it is from one iteration to the next")
        axes = union_axes(start.axes, value.axes)
        after = self.spread(after, axes)
        position = axes.index(loop.axis)
        lead, tail = [":"] * position, [":"] * (len(axes) - position - 1)
        held = self.fresh(f"{name}_before")
        self.emit(f"{held} = {call(self.np('empty_like'), after.code)}", target=held)
        first = self.fully(before, tuple(a for a in axes if a is not loop.axis), 0) if start.axes else before
        self.emit(f"{held}[{', '.join([*lead, '0', *tail])}] = {first.code}")
        rest = ", ".join([*lead, "1:", *tail])
        self.emit(f"{held}[{rest}] = {after.primary}[{', '.join([*lead, ':-1', *tail])}]")
        self.change("shift", f"{name} of the iteration before")
        return Operand(held, Array(value.dtype, 0, axes, weak=start.weak and value.weak))
