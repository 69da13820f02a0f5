"""If-conversion: conditions that differ between the examples.

Branches that are cheap and cannot raise or warn are computed for all examples and merged with `np.where`.  Others run
for their own examples only (a region), and their results are scattered into arrays that hold all examples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst

from vectorizer.rewrite.statements import Statements, _statements, assigned_names
from vectorizer.rewrite.walk import copies
from vectorizer.rules.elementwise import select
from vectorizer.rules.indexing import Parts, Region
from vectorizer.source.operand import UNARY, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Array,
    ListV,
    Obj,
    TupleV,
    Unsupported,
    Value,
    is_uniform,
    join,
    union_axes,
)


@dataclass
class ReturnFrame:
    """Where a `return` inside a converted branch leaves its value."""

    result: Operand | None = None


@dataclass
class Side:
    """One side of a converted `if`: what it emits and what its variables are afterwards."""

    statements: list[Stmt]
    env: dict[str, Operand]
    ended: bool
    result: Operand | None = None
    raised: str | None = None
    names: set[str] = field(default_factory=set)


def has_jump(nodes: Sequence[cst.CSTNode], kinds: tuple[type, ...]) -> bool:
    """Whether a statement of `kinds` occurs (for break and continue: one that belongs to the surrounding loop)."""

    def walk(part: cst.CSTNode, inner: bool) -> bool:
        if isinstance(part, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
            return False
        if isinstance(part, kinds) and not (inner and isinstance(part, (cst.Break, cst.Continue))):
            return True
        if isinstance(part, cst.BaseExpression):
            return False
        deeper = inner or isinstance(part, (cst.For, cst.While))
        return any(walk(child, deeper) for child in part.children)

    return any(walk(node, False) for node in nodes)


class Branches(Statements):
    """What an `if` with a varying condition becomes."""

    frames: list[ReturnFrame]
    masks: list[Operand]

    def varying_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        body = _statements(node.body)
        orelse = self.else_statements(node)
        if self.only_raises(body) and not has_jump(orelse, (cst.Return, cst.Break, cst.Continue)):
            return self.raising_if(node, test, body, orelse)
        if has_jump([node], (cst.Break, cst.Continue)):
            return self.jumping_if(node, test, rest)
        if has_jump([node], (cst.Return,)):
            return self.returning_if(node, test, rest)
        if has_jump([node], (cst.Raise,)):
            self.hazard("an exception is raised under a condition")
        self.plain_if(node, test, body, orelse)
        return False

    def else_statements(self, node: cst.If) -> Sequence[Any]:
        if node.orelse is None:
            return []
        if isinstance(node.orelse, cst.If):
            return [node.orelse]
        return _statements(node.orelse.body)

    def jumping_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        raise Unsupported("a break or continue that only some examples reach", node)

    def jumped(self) -> bool:
        """Whether a branch may end with a jump, which has left its mark in a flag."""
        return False

    # --- exceptions --------------------------------------------------------------------------------------------------

    @staticmethod
    def only_raises(body: Sequence[Any]) -> bool:
        return bool(body) and isinstance(body[-1], cst.SimpleStatementLine) and isinstance(body[-1].body[-1], cst.Raise)

    def raising_if(self, node: cst.If, test: Operand, body: Sequence[Any], orelse: Sequence[Any]) -> bool:
        """``if bad: raise`` raises if any example is bad; behind it, none is."""
        self.hazard("an exception is raised under a condition")
        last = body[-1].body[-1]
        assert isinstance(last, cst.Raise)
        if last.exc is None:
            raise Unsupported("a bare raise")
        message = self.raised(last.exc)
        statements = [Stmt(f"raise {message}", line=self.line)]
        comment = body[-1].trailing_whitespace.comment
        statements[0].trailing = comment.value if comment is not None else ""
        statements[0].leading = self.comments(body[-1].leading_lines)
        self.emit(f"if {call(self.np('any'), test.code)}:", body=statements)
        self.change("raise", "raised if any example calls for it")
        return self.block(orelse) if orelse else False

    # --- early returns -------------------------------------------------------------------------------------------------

    def returning_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """What follows a branch that returns belongs to the examples that do not take it."""
        if self.loop_depth:
            raise Unsupported("a return inside a loop that only some examples reach", node)
        body = [*_statements(node.body)]
        orelse = [*self.else_statements(node)]
        if not ends(body):
            body += rest
        if not ends(orelse):
            orelse += rest
        frame = ReturnFrame()
        self.convert(test, body, orelse, frame)
        if frame.result is None:
            raise Unsupported("some examples return a value and others do not", node)
        self.finish_return(frame.result)
        return True

    def finish_return(self, result: Operand) -> None:
        if self.frames:
            self.frames[-1].result = result
        else:
            self.emit_return(result)

    def emit_return(self, result: Operand) -> None:
        raise NotImplementedError

    # --- both sides ----------------------------------------------------------------------------------------------------

    def plain_if(self, node: cst.If, test: Operand, body: Sequence[Any], orelse: Sequence[Any]) -> None:
        self.convert(test, body, orelse, None)

    def convert(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame | None) -> None:
        if not test.is_name:
            test = self.condition_name(test)
        mark = self.mark()
        pending = self.pending
        try:
            done = self.by_selection(test, body, orelse, frame)
        except Unsupported:
            if self.loops:
                raise
            done = False
        if done:
            self.change("where", "both branches are computed for all examples and the right one is selected")
            return
        self.rollback(mark)
        self.pending = pending
        if self.loops:
            raise Unsupported("a branch in a loop that must not be computed for all iterations")
        if self.masks:  # the outer branch must become a region first, or its condition would be lost
            raise Unsupported("a branch that must not be computed for all examples")
        self.by_region(test, body, orelse, frame)
        self.change("lanes", "each branch runs for the examples that take it")

    def condition_name(self, test: Operand) -> Operand:
        return self.temp(test, "taken")

    # --- selection -----------------------------------------------------------------------------------------------------

    def by_selection(
        self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame | None
    ) -> bool:
        hazards = len(self.hazards)
        inverse = Operand(f"~{test.at(UNARY)}", test.value, UNARY)
        first = self.side(body, "if", test, frame)
        second = self.side(orelse, "else", inverse, frame)
        if len(self.hazards) > hazards:
            return False
        if frame is not None:
            if first.result is None or second.result is None:
                raise Unsupported("some examples return a value and others do not")
            self.merging_results = True
            try:
                merged = self.merge_values(test, first.result, second.result)
            finally:
                self.merging_results = False
            if isinstance(merged.value, Array) and merged.value.rank:
                origins = first.result.array.origins | second.result.array.origins
                merged = merged.with_value(merged.value.with_(origins=copies(origins), dims=merged.value.dims))
            frame.result = merged
            return True
        names = sorted(first.names | second.names)
        before = dict(self.env)
        for name in names:
            one, two = first.env.get(name), second.env.get(name)
            if one is None or two is None:
                self.env.pop(name, None)  # set on one side only: nobody may read it
                continue
            if one is two:
                continue
            merged = self.unaliased(name, one, two, self.merge_values(test, one, two), (first.env, second.env))
            self.assign_name(name, merged)
        _ = before
        return True

    def side(self, statements: Sequence[Any], label: str, mask: Operand, frame: ReturnFrame | None) -> Side:
        """One branch, computed for all examples under names of its own."""
        saved = dict(self.env)
        self.scopes.append({"": label})
        self.masks.append(mask)
        self.speculating += 1
        inner = ReturnFrame()
        self.frames.append(inner)
        try:
            ended = self.block(statements)
            env = self.env
            carried = {n for loop in self.loops for n in loop.carried}
            names = {n for n, o in env.items() if saved.get(n) is not o} - carried
            saved |= {n: env[n] for n in carried if n in env}  # accumulated under the mask: nothing to merge
            if ended and frame is None:
                raise Unsupported("a branch that ends the block")
            return Side([], env, ended, inner.result, names=names)
        finally:
            self.frames.pop()
            self.speculating -= 1
            self.masks.pop()
            self.scopes.pop()
            self.env = saved

    def unaliased(
        self, name: str, one: Operand, two: Operand, merged: Operand, envs: tuple[dict[str, Operand], ...]
    ) -> Operand:
        """The merge of two arrays is a copy, where each example's variable is one of the two arrays itself.

        If something else can see either of them, neither the copy nor the arrays may be stored into any more.
        """
        if not isinstance(merged.value, Array) or not merged.value.rank:
            return merged
        origins = one.array.origins | two.array.origins
        others = [o for env in (*envs, self.env) for n, o in env.items() if n != name]
        shared = any(isinstance(o.value, Array) and o.value.origins & origins for o in others)
        if not shared and not any(isinstance(o, tuple) for o in origins):
            return merged.with_value(
                merged.value.with_(origins=frozenset({f"merge of {name}"}), dims=merged.value.dims)
            )
        return merged.with_value(merged.value.with_(origins=copies(origins), dims=merged.value.dims))

    # --- regions -------------------------------------------------------------------------------------------------------

    def by_region(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame | None) -> None:
        if frame is not None:
            self.returning_regions(test, body, orelse, frame)
            return
        axes = self.array(test).axes
        names = sorted(set().union(*(assigned_names(s) for s in [*body, *orelse])))
        sides = [(test, body, "taken"), (Operand(f"~{test.at(UNARY)}", test.value, UNARY), orelse, "rest")]
        merged: dict[str, Operand] = {}
        before = dict(self.env)
        for mask, statements, label in sides:
            if not statements:
                continue
            both = all(s for _, s, _ in sides)
            self.region_side(mask, statements, label, names, merged, before, axes, both)
        for name in names:
            if name in merged:
                self.env[name] = Operand(merged[name].code, merged[name].value)
                if merged[name].code != self.target_name(name):
                    target = self.target_name(name)
                    self.emit(f"{target} = {merged[name].code}", target=target)
                    self.env[name] = Operand(target, merged[name].value)
            elif name in before:
                self.env[name] = before[name]
            else:
                self.env.pop(name, None)

    def region_side(
        self, mask: Operand, statements: Sequence[Any], label: str, names: list[str], merged: dict[str, Operand],
        before: dict[str, Operand], axes: Any, both: bool,
    ) -> None:  # fmt: skip
        """One branch, run for its own examples, its variables scattered into arrays for all."""
        saved = dict(self.env)
        self.scopes.append({"": label})
        self.frames.append(ReturnFrame())
        saved_masks, self.masks = self.masks, []
        try:
            with self.region(mask, label) as region:
                ended = self.block(statements)
                if ended and not self.jumped():
                    raise Unsupported("a branch that ends the block")
                changed = {n: self.env[n] for n in names if n in self.env and self.env[n] is not saved.get(n)}
                values = {n: self.restricted(n, o) for n, o in changed.items()}
        finally:
            self.frames.pop()
            self.masks = saved_masks
            self.scopes.pop()
            self.env = saved
        for name, operand in values.items():
            if name not in merged and name not in before and not both:
                continue
            self.scatter(name, operand, region, merged, before, axes)

    def scatter(
        self,
        name: str,
        operand: Operand,
        region: Any,
        merged: dict[str, Operand],
        before: dict[str, Operand],
        axes: Any,
    ) -> None:
        held = merged.get(name)
        value = self.leaf(operand)
        if held is None:
            old = before.get(name)
            if old is not None:
                old = self.restricted(name, old)
            target = self.holder(name, value, region, old, axes)
            merged[name] = held = target
        current = self.leaf(held)
        self.check_mixed(current, value)
        joined = join(current.with_(axes=(), dims=current.dims), value.with_(axes=(), dims=value.dims))
        assert isinstance(joined, Array)
        if joined.dtype != current.dtype:
            if joined.dtype is None:
                raise Unsupported("values of unknown dtype are merged")
            self.emit(f"{held.code} = {held.code}.astype({self.dtype_code(joined.dtype)})")
        rank = value.rank
        self.emit(f"{held.code}[{region.mask}] = {self.expand(operand, (region.axis,), rank).code}")
        origins = copies(current.origins | value.origins) if value.rank else frozenset()
        merged[name] = Operand(held.code, joined.with_(axes=current.axes, dims=joined.dims, origins=origins))

    def leaf(self, operand: Operand) -> Array:
        if not isinstance(operand.value, Array):
            raise Unsupported("a container is set under a condition")
        return operand.value

    def holder(self, name: str, value: Array, region: Any, old: Operand | None, axes: Any) -> Operand:
        """An array for all examples, filled with the old values where there are some."""
        extra = [a for a in value.axes if a != region.axis]
        if extra:
            raise Unsupported("a value with axes of its own is set under a condition")
        target = self.target_name(name) if old is None or old.code != self.target_name(name) else self.fresh(name)
        if old is not None and isinstance(old.value, Array):
            current = self.array(old)
            self.check_mixed(current, value)
            joined = join(current.with_(axes=(), dims=current.dims), value.with_(axes=(), dims=value.dims))
            assert isinstance(joined, Array)
            if joined.dtype is None:
                raise Unsupported("values of unknown dtype are merged")
            if current.rank:
                self.freeze(current.with_(origins=copies(current.origins), dims=current.dims))
            full = self.spread(old, union_axes(current.axes, axes))
            same = current.dtype == joined.dtype
            code = (
                f"{full.primary}.astype({self.dtype_code(joined.dtype)})"
                if not same
                else full.code
                if full.fresh and full.code.startswith(self.np("")) and "broadcast_to" not in full.code
                else f"{full.primary}.copy()"
            )
            self.emit(f"{target} = {code}", target=target)
            origins = copies(current.origins | value.origins) if value.rank else frozenset()
            made = joined.with_(axes=self.array(full).axes, dims=joined.dims, origins=origins)
            return Operand(target, made)
        if old is not None and not isinstance(old.value, Obj):
            raise Unsupported("a container is set under a condition")
        if old is not None:
            raise Unsupported("None for some examples and a number for others")
        return self.empty(target, value, axes)

    def empty(self, target: str, value: Array, axes: Any, source: str | None = None) -> Operand:
        if value.dtype is None:
            raise Unsupported("a value of unknown dtype is set under a condition")
        dims = []
        for k, dim in enumerate(value.dims):
            if dim is None:
                if source is None:
                    raise Unsupported("an array of unknown shape is set under a condition")
                dims.append(f"{source}.shape[{k - value.rank}]")
                continue
            try:
                dims.append(self.print_affine(dim).code)
            except Unsupported:
                if source is None:
                    raise
                dims.append(f"{source}.shape[{k - value.rank}]")
        code = call(
            self.np("empty"),
            self.shape_code(axes, dims),
            *([] if value.dtype == float else [self.dtype_code(value.dtype)]),
        )
        self.emit(f"{target} = {code}", target=target)
        return Operand(target, value.with_(axes=axes, dims=value.dims))

    # --- regions that return ---------------------------------------------------------------------------------------------

    def returning_regions(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame) -> None:
        axes = self.array(test).axes
        inverse = Operand(f"~{test.at(UNARY)}", test.value, UNARY)
        results: Any = None
        for mask, statements, label in ((test, body, "taken"), (inverse, orelse, "rest")):
            saved = dict(self.env)
            inner = ReturnFrame()
            self.frames.append(inner)
            self.scopes.append({"": label})
            saved_masks, self.masks = self.masks, []
            try:
                with self.region(mask, label) as region:
                    self.block(statements)
                    if inner.result is None:
                        raise Unsupported("some examples return a value and others do not")
                    results = self.scatter_result(results, inner.result, region, axes)
            finally:
                self.masks = saved_masks
                self.frames.pop()
                self.scopes.pop()
                self.env = saved
        frame.result = results

    def scatter_result(self, held: Operand | None, result: Operand, region: Any, axes: Any) -> Operand:
        value = result.value
        if isinstance(value, (TupleV, ListV)):
            parts = self.items(result)
            olds = self.items(held) if held is not None else [None] * len(parts)
            if len(olds) != len(parts):
                raise Unsupported("results of different lengths")
            made = [self.scatter_result(o, p, region, axes) for o, p in zip(olds, parts, strict=True)]
            codes = ", ".join(m.code for m in made)
            values = tuple(m.value for m in made)
            kind: Value = TupleV(values, value.type_) if isinstance(value, TupleV) else ListV(values, value.site)
            return Operand(f"({codes},)" if isinstance(value, TupleV) else f"[{codes}]", kind, node=Parts(made))
        if isinstance(value, Obj) and value.value is None and (held is None or isinstance(held.value, Obj)):
            return result
        result = self.as_array(result)
        array = self.array(result)
        if held is None:
            if array.rank:
                result = self.temp(result, "part")
            position = len(self.regions)
            regions, self.regions = self.regions[:], self.regions[: position - 1]
            try:
                held = self.empty(self.fresh("result"), array, axes, result.code if array.rank else None)
            finally:
                self.regions = regions
        current = self.leaf(held)
        joined = join(current.with_(axes=(), dims=current.dims), array.with_(axes=(), dims=array.dims))
        assert isinstance(joined, Array)
        if joined.dtype is None:
            raise Unsupported("values of unknown dtype are merged")
        if joined.dtype != current.dtype:
            self.emit(f"{held.code} = {held.code}.astype({self.dtype_code(joined.dtype)})")
        extra = [a for a in array.axes if a != region.axis]
        if extra:
            raise Unsupported("a value with axes of its own is returned under a condition")
        self.emit(f"{held.code}[{region.mask}] = {self.expand(result, (region.axis,), array.rank).code}")
        return Operand(held.code, joined.with_(axes=axes, dims=joined.dims))

    # --- masked stores in selections -------------------------------------------------------------------------------------

    def write(self, base: Operand, region: Region, operand: Operand, symbol: str | None) -> None:
        """A store in a branch that is computed for all examples keeps the old elements of the others."""
        if not self.masks:
            super().write(base, region, operand, symbol)
            return
        if region.gathered:
            raise Unsupported("a store through an index under a condition")
        mask = self.mask()
        old = Operand(region.code, region.value)
        new = self.binary(symbol, old, operand) if symbol is not None else operand
        selected = select(self, mask, new, old)
        super().write(base, region, selected, None)

    def mask(self) -> Operand:
        """The condition under which the current branch is taken."""
        return self.conjunction(self.masks)

    def inner_masks(self) -> list[Operand]:
        """The conditions inside the outermost loop that has become an axis."""
        return self.masks[self.loops[0].masks :] if self.loops else self.masks

    def conjunction(self, masks: list[Operand]) -> Operand:
        result = masks[0]
        for other in masks[1:]:
            result = self.logical("&", result, other)
        return result


def ends(statements: Sequence[Any]) -> bool:
    """Whether control never leaves a block at its end."""
    if not statements:
        return False
    last = statements[-1]
    if isinstance(last, cst.SimpleStatementLine):
        return isinstance(last.body[-1], (cst.Return, cst.Raise, cst.Break, cst.Continue))
    if isinstance(last, cst.If) and last.orelse is not None:
        orelse = [last.orelse] if isinstance(last.orelse, cst.If) else _statements(last.orelse.body)
        return ends(_statements(last.body)) and ends(orelse)
    return False


_ = (Callable, MISSING, is_uniform)
