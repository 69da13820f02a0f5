"""Branches whose condition is the same for all examples: they stay branches."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from vectorizer.rewrite.control_flow import JUMPS, conjuncts, else_statements, has_jump, nested_if
from vectorizer.rewrite.names import assigned_names, nodes_of, statements_of
from vectorizer.rewrite.suites import Suites
from vectorizer.rules.python import truth
from vectorizer.source.operand import (
    Operand,
)
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    MISSING,
    Array,
    Conflict,
    Obj,
    PerExample,
    Unsupported,
    Value,
    is_uniform,
    join,
)


class Uniform(Suites):
    """What an `if` becomes whose condition does not vary, and how its two paths meet."""

    def visit_If(self, node: cst.If, rest: Sequence[cst.BaseStatement]) -> bool:
        if count := self.uniform_parts(node):
            node = nested_if(node, count)
        test = self.condition(node.test)
        if isinstance(test.value, Array) and test.value.const is not MISSING:
            return self.decided_if(node, bool(test.value.const))
        if isinstance(test.value, (Obj,)) and not callable(test.value.value):
            return self.decided_if(node, bool(test.value.value))
        if is_uniform(test.value) and not isinstance(test.value, PerExample):
            return self.uniform_if(node, test, rest)
        return self.varying_if(node, truth(self, test), rest)

    def uniform_parts(self, node: cst.If) -> int:
        """How many operands of ``if a and b:`` are to be a branch of their own around the others.

        They are those in front that are the same for all examples, if later ones are not: nothing of what they guard is
        then computed where they do not hold.
        """
        parts = conjuncts(node.test)
        if len(parts) == 1 or node.orelse is not None or not self.may_nest(node):
            return 0
        if any(isinstance(part, cst.NamedExpr) for part in nodes_of(node.test)):
            return 0
        mark, count, decided = self.mark(), 0, True
        try:
            for part in parts:
                value = self.condition(part).value
                if not is_uniform(value) or isinstance(value, PerExample):
                    break
                decided = decided and isinstance(value, Array) and value.const is not MISSING
                count += 1
        except Unsupported:
            return 0
        finally:
            self.rollback(mark)
        return 0 if decided or count == len(parts) else count

    def may_nest(self, node: cst.If) -> bool:
        """Whether an `if` may become two."""
        return not has_jump([node], JUMPS)

    def decided_if(self, node: cst.If, taken: bool) -> bool:
        """The condition is known when the function is rewritten: only the branch that is taken is emitted.

        Where some examples may jump in it, it is one block with what follows, which is for the others.
        """
        branch = statements_of(node.body) if taken else else_statements(node)
        if has_jump(branch, JUMPS):
            self.instead = branch
            return False
        if not taken and isinstance(node.orelse, cst.If):
            return self.visit_If(node.orelse, ())
        return self.block(branch)

    def uniform_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        """The condition is the same for all examples: it stays an `if`."""
        if self.speculating or self.scopes:
            self.stabilize(assigned_names(node))
        before, unset = dict(self.env), set(self.maybe_unset)
        first, first_ended = self.nested_block(node.body)
        first_env, first_unset = self.env, self.maybe_unset
        self.env, self.maybe_unset = dict(before), unset
        second, second_ended = self._else_block(node)
        second_env = self.env
        if (first_ended or second_ended) and not self.flags_jumps():
            self.env = second_env if first_ended else first_env
            self.maybe_unset = self.maybe_unset if first_ended else first_unset
        else:
            self.maybe_unset |= first_unset
            self.env = self.join_paths(first_env, first, second_env, second)
        self.emit(f"if {test.code}:", body=first)
        if second:
            self._emit_else(node, second)
        return first_ended and second_ended and node.orelse is not None

    def _else_block(self, node: cst.If) -> tuple[list[Stmt], bool]:
        """What the `else` or `elif` of a uniform branch emits, and whether it ends."""
        if node.orelse is None:
            return [], False
        if not isinstance(node.orelse, cst.If):
            return self.nested_block(node.orelse.body)
        saved, self.out = self.out, []
        taken = self.taken_here()
        try:
            ended = self.visit_If(node.orelse, ())
            if self.instead:
                inlined, self.instead = self.instead, ()
                ended = self.block(inlined)
            made = self.out
        finally:
            self.out = saved
            self.forget_taken(taken)
        self.pending = ()
        return made, ended

    def _emit_else(self, node: cst.If, second: list[Stmt]) -> None:
        """The second path, as `elif` where it is nothing but another `if`."""
        if isinstance(node.orelse, cst.If) and second[0].text.startswith("if ") and _is_chain(second):
            second[0].text = "el" + second[0].text
            if self.comments(node.orelse.leading_lines):
                second[0].leading = self.comments(node.orelse.leading_lines)
            self.out += second
        else:
            self.emit("else:", body=second)

    def stabilize(self, names: set[str]) -> None:
        """Gives variables the names under which both paths of a uniform branch will assign them."""
        if not self.scopes:
            return
        for name in sorted(names):
            operand = self.env.get(name)
            target = self.target_name(name)
            if operand is not None and operand.code != target and name in self.maybe_unset:
                self.env.pop(name)  # it cannot be read here
            elif operand is not None and operand.code != target:
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
                self.maybe_unset.add(name)
                continue
            if a is b or a.value == b.value and a._code == b._code:
                joined[name] = a
                continue
            joined[name] = self._join_variable(name, a, first, b, second)
        return joined

    def may_be_none(self, name: str, first: Value, second: Value) -> None:
        """A variable is None on one path and a number on another."""

    def _join_variable(self, name: str, a: Operand, first: list[Stmt], b: Operand, second: list[Stmt]) -> Operand:
        """One variable after two paths meet, under one name and in one form."""
        try:
            value = path_join(a.value, b.value)
        except Unsupported:
            self.may_be_none(name, a.value, b.value)
            return Operand(f"<{name}>", Conflict())
        target = self.target_name(name)
        for operand, path in ((a, first), (b, second)):
            if operand.lazy or operand.code != target or not self.same_layout(operand.value, value):
                saved, self.out = self.out, path
                try:
                    made = self.coerced(operand, value)
                    if made.code != target:
                        self.emit(f"{target} = {made.code}", target=target)
                finally:
                    self.out = saved
        return Operand(target, value)

    def varying_if(self, node: cst.If, test: Operand, rest: Sequence[cst.BaseStatement]) -> bool:
        raise Unsupported("a condition that differs between the examples", node)


def path_join(first: Value, second: Value) -> Value:
    """The join at run time's point of view: a dtype that depends on the path taken is not known."""
    value = join(first, second)
    arrays = isinstance(value, Array) and isinstance(first, Array) and isinstance(second, Array)
    if not arrays or value.axes or first.dtype == second.dtype or first.weak or second.weak:  # type: ignore[attr-defined]
        return value
    return value.with_(dtype=None, dims=value.dims)  # type: ignore[attr-defined, no-any-return]


def _is_chain(statements: list[Stmt]) -> bool:
    return all(s.text.startswith(("if ", "elif ", "else:")) and s.body is not None for s in statements) and not any(
        s.text.startswith("if ") for s in statements[1:]
    )
