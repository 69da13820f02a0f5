"""If-conversion: conditions that differ between the examples.

Branches that are cheap and cannot raise or warn are computed for all examples and merged with `np.where`.  Others run
for their own examples only (a region), and their results are scattered into arrays that hold all examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import libcst as cst

from vectorizer.rewrite.control_flow import else_statements, ends, has_jump, only_raises
from vectorizer.rewrite.recursion import Endless
from vectorizer.rewrite.regions import Regions, ReturnFrame
from vectorizer.rewrite.statements import _statements, assigned_names
from vectorizer.rewrite.walk import copies
from vectorizer.rules.elementwise import select
from vectorizer.rules.indexing import Region
from vectorizer.source.operand import UNARY, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import MISSING, Array, Unsupported, number

__all__ = ["Branches", "ReturnFrame", "Side", "ends", "has_jump"]


@dataclass
class Side:
    """One side of a converted `if` that was computed for all examples.

    env: the variables afterwards; names: those that it has set; result: what it returns.
    """

    env: dict[str, Operand]
    names: set[str]
    result: Operand | None


class Branches(Regions):
    """What an `if` with a varying condition becomes."""

    def varying_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """Rewrites an `if`; returns whether it has taken care of the statements behind it as well."""
        body = _statements(node.body)
        orelse = else_statements(node)
        if only_raises(body) and not has_jump(orelse, (cst.Return, cst.Break, cst.Continue)):
            return self.raising_if(test, body, orelse)
        if has_jump([node], (cst.Break, cst.Continue)):
            return self.jumping_if(node, test, rest)
        if has_jump([node], (cst.Return,)):
            return self.returning_if(node, test, rest)
        if has_jump([node], (cst.Raise,)):
            self.hazard("an exception is raised under a condition")
        self.convert(test, body, orelse, None)
        return False

    def jumping_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """An `if` with a break or continue in it; only loops over live lanes can do that."""
        raise Unsupported("a break or continue that only some examples reach", node)

    # --- exceptions --------------------------------------------------------------------------------------------------

    def raising_if(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], when: bool = True) -> bool:
        """``if bad: raise`` raises if any example is bad; behind it, none is.

        when: what the test gives for those that are.
        """
        self.hazard("an exception is raised under a condition")
        last = body[-1].body[-1]
        assert isinstance(last, cst.Raise)
        if last.exc is None:
            raise Unsupported("a bare raise")
        statement = Stmt(f"raise {self.raised(last.exc)}", line=self.line)
        comment = body[-1].trailing_whitespace.comment
        statement.trailing = comment.value if comment is not None else ""
        statement.leading = self.comments(body[-1].leading_lines)
        bad = call(self.np("any"), test.code) if when else f"not {call(self.np('all'), test.code)}"
        self.emit(f"if {bad}:", body=[statement])
        self.change("raise", "raised if any example calls for it")
        return self.block(orelse) if orelse else False

    # --- early returns -----------------------------------------------------------------------------------------------

    def uniform_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """A return under a uniform condition, inside of a branch that only some examples take, is one of theirs."""
        if self.frames and not self.loop_depth and has_jump([node], (cst.Return,)):
            axes = (self.regions[-1].axis,) if self.regions else self.axes
            return self.returning_if(node, self.spread(self.as_bool(test), axes), rest)
        return super().uniform_if(node, test, rest)

    def returning_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """What follows a branch that returns belongs to the examples that do not take it."""
        if self.loop_depth:
            raise Unsupported("a return inside a loop that only some examples reach", node)
        body = [*_statements(node.body)]
        orelse = [*else_statements(node)]
        if not ends(body):
            body += rest
        if not ends(orelse):
            orelse += rest
        if only_raises(body):
            return self.raising_if(test, body, orelse)
        if only_raises(orelse):
            return self.raising_if(test, orelse, body, when=False)
        frame = ReturnFrame()
        self.convert(test, body, orelse, frame)
        if frame.result is None:
            raise self.nothing_returned()
        self.finish_return(frame.result)
        return True

    def finish_return(self, result: Operand) -> None:
        """Returns `result`, to the branch that is being converted where there is one."""
        if self.frames:
            self.frames[-1].result = result
        else:
            self.emit_return(result)

    def emit_return(self, result: Operand) -> None:
        """Returns `result` from the emitted function."""
        raise NotImplementedError

    # --- both sides --------------------------------------------------------------------------------------------------

    def convert(self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame | None) -> None:
        """Both branches: selected from if that does no harm, else each for its own examples."""
        bound = {self.target_name(name) for s in [*body, *orelse] for name in assigned_names(s)}
        if not test.is_name:
            test = self.temp(test, "taken")
        elif test.code in bound:  # a variable that the branches set
            held = self.fresh("taken")
            self.emit(f"{held} = {test.code}", generated=held, target=held)
            test = Operand(held, test.value, node=test.node)
        mark = self.mark()
        pending = self.pending
        try:
            done = self.by_selection(test, body, orelse, frame)
        except (Unsupported, Endless):
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

    # --- selection ---------------------------------------------------------------------------------------------------

    def by_selection(
        self, test: Operand, body: Sequence[Any], orelse: Sequence[Any], frame: ReturnFrame | None
    ) -> bool:
        """Computes both branches for all examples and selects; returns False where that could raise or warn."""
        hazards, unset = len(self.hazards), set(self.maybe_unset)
        inverse = Operand(f"~{test.at(UNARY)}", test.value, UNARY)
        first = self.side(body, "if", test, frame)
        second = self.side(orelse, "else", inverse, frame)
        if len(self.hazards) > hazards:
            return False
        if frame is not None:
            frame.result = self.selected_result(test, first, second)
        else:
            self.select_variables(test, first, second, unset)
        return True

    def selected_result(self, test: Operand, first: Side, second: Side) -> Operand:
        """What two branches return, merged."""
        if first.result is None or second.result is None:
            raise self.nothing_returned()
        self.merging_results = self.returns_to_caller
        try:
            merged = self.merge_values(test, first.result, second.result)
        finally:
            self.merging_results = False
        if isinstance(merged.value, Array) and merged.value.rank:
            origins = first.result.array.origins | second.result.array.origins
            merged = merged.with_value(merged.value.with_(origins=copies(origins), dims=merged.value.dims))
        return merged

    def select_variables(self, test: Operand, first: Side, second: Side, unset: set[str]) -> None:
        """Merges the variables that two branches have set; those of `unset` may not be set in front of them."""
        for name in sorted(first.names | second.names):
            one, two = (
                side.env.get(name) if name in side.names or name not in unset else None for side in (first, second)
            )
            if one is None or two is None:
                self.give_up(name)
            elif one is not two:
                one, two = self.restricted(name, one), self.restricted(name, two)
                self.may_be_none(name, one.value, two.value)
                merged = self.merge_values(test, one, two)
                self.assign_name(name, self.unaliased(name, one, two, merged, (first.env, second.env)))

    def side(self, statements: Sequence[Any], label: str, mask: Operand, frame: ReturnFrame | None) -> Side:
        """One branch, computed for all examples under names of its own."""
        saved = dict(self.env)
        inner = ReturnFrame()
        self.scopes.append({"": label})
        self.masks.append(mask)
        self.frames.append(inner)
        self.speculating += 1
        try:
            ended = self.block(statements)
            env = self.env
            carried = {n for loop in self.loops for n in loop.carried}
            carried |= self.keep_changed(saved, env)
            names = {n for n, o in env.items() if saved.get(n) is not o} - carried
            saved |= {n: env[n] for n in carried if n in env}  # accumulated under the mask: nothing to merge
            if ended and frame is None:
                raise Unsupported("a branch that ends the block")
            return Side(env, names, inner.result)
        finally:
            self.speculating -= 1
            self.frames.pop()
            self.masks.pop()
            self.scopes.pop()
            self.env = saved

    def unaliased(
        self, name: str, one: Operand, two: Operand, merged: Operand, envs: tuple[dict[str, Operand], ...]
    ) -> Operand:
        """The merge of two arrays is a copy, where each example's variable is one of the two arrays itself.

        If something else can see either of them, neither the copy nor the arrays may be stored into any more.
        """
        value = merged.value
        if not isinstance(value, Array) or not value.rank:
            return merged
        origins = one.array.origins | two.array.origins
        others = [o for env in (*envs, self.env) for n, o in env.items() if n != name]
        shared = any(isinstance(o.value, Array) and o.value.origins & origins for o in others)
        if shared or any(isinstance(o, tuple) for o in origins):
            kept = copies(origins)
        else:
            kept = frozenset({f"merge of {name}"})
        return merged.with_value(value.with_(origins=kept, dims=value.dims))

    # --- masked stores in selections ---------------------------------------------------------------------------------

    def write(self, base: Operand, region: Region, operand: Operand, symbol: str | None) -> None:
        """A store in a branch that is computed for all examples keeps the old elements of the others."""
        if not self.masks:
            super().write(base, region, operand, symbol)
            return
        if region.gathered and not region.apart:
            raise Unsupported("a store through an index under a condition")
        mask = self.conjunction(self.masks)
        old = Operand(region.code, region.value)
        new = self.binary(symbol, old, operand) if symbol is not None else operand
        chosen = self.or_zero(mask, new, region) if symbol is None and self.is_stored_first(base) else None
        super().write(base, region, chosen or select(self, mask, new, old), None)

    def or_zero(self, mask: Operand, new: Operand, region: Region) -> Operand | None:
        """What a condition leaves of an array of zeros, if no element of that array has to be looked at."""
        value, target = self.array(new), region.value
        if target.dtype is None or target.kind not in "iuf":
            return None
        if value.const is not MISSING and value.const == 1:
            code = f"{mask.primary}.astype({self.dtype_code(target.dtype)})"
            return Operand(code, Array(target.dtype, 0, self.array(mask).axes), fresh=True)
        if value.weak or value.rank or value.dtype != target.dtype:
            return None
        return select(self, mask, new, Operand("0", number(0)))

    def inner_masks(self) -> list[Operand]:
        """The conditions inside the outermost loop that has become an axis."""
        return self.masks[self.loops[0].masks :] if self.loops else self.masks
