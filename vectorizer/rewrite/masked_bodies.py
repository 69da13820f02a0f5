"""The body of a loop with masks: at each jump the examples that take it are taken out of the masks.

A loop has a mask of the examples that are in it; where some skip the rest of an iteration, one of those that are in
the iteration; and one for each open branch that holds jumps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.control_flow import JUMPS, else_statements, has_jump, is_endless
from vectorizer.rewrite.lane_loops import LaneLoops
from vectorizer.rewrite.names import nodes_of
from vectorizer.rewrite.statements import _statements, assigned_names
from vectorizer.rewrite.structured import Loop
from vectorizer.rules.indexing import Parts
from vectorizer.rules.python import truth
from vectorizer.source.operand import BIT_AND, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Unsupported, is_uniform

BOOL = np.dtype(bool)
NAMES = {cst.Break: "leaving", cst.Continue: "skipping", cst.Return: "returning"}


@dataclass
class MaskedLoop:
    """A loop with masks that is open.

    masks: of the examples in the loop, and then of fewer and fewer of them.
    read_behind: the variables that may be read behind the loop.
    """

    node: cst.For | cst.While
    masks: list[Operand]
    read_behind: set[str]


@dataclass
class MaskedReturn:
    """What examples have returned from inside a loop with masks.

    flag: the array that tells which have.
    slot: the place in front of the loop where the arrays for the results are made.
    """

    flag: str
    slot: Stmt
    held: Operand | None = None


@dataclass
class Masked:
    """The loops with masks that are open, and what examples have returned from them."""

    loops: list[MaskedLoop] = field(default_factory=list)
    returned: MaskedReturn | None = None


class MaskedBodies(LaneLoops):
    """Statements for the examples of a mask."""

    with_masks: Masked

    def masked_loop(self, node: cst.For | cst.While) -> None:
        """Writes a loop with masks."""
        raise NotImplementedError

    def structured(self, node: Loop) -> Loop:
        """A loop without those of its `continue`s that are not needed."""
        raise NotImplementedError

    def varying_range(self, node: cst.For) -> list[Operand] | None:
        """The operands of a range that differs between the examples."""
        raise NotImplementedError

    def masked_body(self, running: Operand, head: Callable[[], None], node: cst.For | cst.While) -> list[Stmt]:
        """The statements of a loop: what comes first, and the body for those that are in the loop."""
        outer, self.out = self.out, []
        self.with_masks.loops.append(MaskedLoop(node, [running], self.live_after(node)))
        try:
            head()
            self.masked_block(list(_statements(node.body)))
            self.close_iteration(self.out)
            return self.out
        finally:
            self.with_masks.loops.pop()
            self.out = outer

    def masked_block(self, statements: Sequence[Any]) -> None:
        """Some statements for the examples of the innermost mask."""
        loop, done = self.with_masks.loops[-1], 0
        own = self.own_names(statements)
        for position, statement in enumerate(statements):
            statement, is_loop = self.ending_apart(statement)
            if not is_loop and not has_jump([statement], JUMPS):
                continue
            self.masked_part(loop.masks[-1], statements[done:position], own)
            done = position + 1
            if is_loop:
                self.masked_loop(statement)
            elif isinstance(statement, cst.If):
                self.masked_if(loop, statement)
            else:
                self.masked_jump(loop, jump_of(statement))
                return
        self.masked_part(loop.masks[-1], statements[done:], own)

    def ending_apart(self, statement: Any) -> tuple[Any, bool]:
        """A statement, and whether it is a loop that ends at different times."""
        made: cst.For | cst.While
        match statement:
            case cst.For():
                made = self.structured(statement)
            case cst.While():
                made = self.structured(statement)
            case _:
                return statement, False
        return made, self.node_site(made) in self.plan.lanes

    def own_names(self, statements: Sequence[Any]) -> frozenset[str]:
        """Variables that are set by statements of their own before they are read, and by nothing but the block.

        They may be set for all examples: nobody sees what those have that are not in the loop.
        """
        loop = self.with_masks.loops[-1]
        found = set(map(target_of, statements)) - {""} - self.env.keys() - loop.read_behind
        deeper = set[str]().union(*(assigned_names(s) for s in statements if not target_of(s)))
        found = {name for name in found if name not in deeper or is_set_first(name, statements)}
        if statements and statements[0] is _statements(loop.node.body)[0]:
            return frozenset(found)
        everywhere, here = count_names([loop.node]), count_names(statements)
        return frozenset(name for name in found if everywhere.get(name) == here.get(name))

    def masked_part(self, mask: Operand, statements: Sequence[Any], own: frozenset[str] = frozenset()) -> None:
        """Statements for the examples of a mask; what is `own` to an iteration is computed for all."""
        for position, statement in enumerate(statements):
            if own and target_of(statement) in own:
                self.masked_part(mask, statements[:position])
                before = len(self.hazards)
                self.block([statement])
                if len(self.hazards) > before:
                    raise Unsupported("a value that must not be computed for examples that have left the loop")
                self.masked_part(mask, statements[position + 1 :], own)
                return
        if statements and not self.by_selection(mask, statements, [], None):
            raise Unsupported("a loop's body that must not be computed for examples that have left it")

    # --- branches and jumps ------------------------------------------------------------------------------------------

    def masked_if(self, loop: MaskedLoop, node: cst.If) -> None:
        """An `if` that holds jumps."""
        body, orelse = list(_statements(node.body)), list(else_statements(node))
        last = jump_of(body[-1])
        is_lone = last is not None and not has_jump([*body[:-1], *orelse], JUMPS)
        if not is_lone and len(loop.masks) == 1 and has_jump([node], (cst.Continue,)):
            self.open_iteration(loop, f"{loop.masks[0].code}.copy()")
        outer, test = loop.masks[-1], self.masked_test(node.test)
        taken = self.fresh(NAMES[type(last)] if is_lone and last is not None else "taken")
        self.emit(f"{taken} = {outer.code} & {test.at(BIT_AND + 1)}", target=taken)
        other = ""
        if orelse:
            other = self.fresh("other")
            self.emit(f"{other} = {outer.code} & ~{taken}", target=other)
        for name, statements in ((taken, body), (other, orelse)):
            if statements:
                loop.masks.append(Operand(name, outer.value))
                self.masked_block(statements)
                loop.masks.pop()

    def open_iteration(self, loop: MaskedLoop, code: str) -> None:
        """A mask of the examples that are in the iteration."""
        active = self.fresh("active")
        self.emit(f"{active} = {code}", target=active)
        loop.masks.insert(1, Operand(active, loop.masks[0].value))

    def masked_jump(self, loop: MaskedLoop, node: cst.Break | cst.Continue | cst.Return | None) -> None:
        """The examples of the innermost mask jump."""
        if node is None:
            raise Unsupported("a jump beside another statement, in a loop with masks")
        if len(loop.masks) == 1:  # all examples take it
            taken = self.fresh(NAMES[type(node)])
            self.emit(f"{taken} = {loop.masks[0].code}.copy()", target=taken)
            loop.masks.append(Operand(taken, loop.masks[0].value))
            self.masked_jump(loop, node)
            loop.masks.pop()
            return
        mask, outer = loop.masks[-1], loop.masks[:-1]
        if isinstance(node, cst.Return):
            self.masked_return(node, mask)
            outer = [*(m for others in self.with_masks.loops[:-1] for m in others.masks), *outer]
        elif isinstance(node, cst.Continue):
            outer = outer[1:]
            if len(loop.masks) == 2:
                self.open_iteration(loop, f"{loop.masks[0].code} & ~{mask.code}")
        for others in outer:
            self.emit(f"{others.code} &= ~{mask.code}")

    # --- returns -----------------------------------------------------------------------------------------------------

    def masked_return(self, node: cst.Return, mask: Operand) -> None:
        """The results of the examples of a mask are kept."""
        returned = self.with_masks.returned
        if returned is None or node.value is None:
            raise Unsupported("a return without a value, from a loop with masks")
        value = node.value
        operand = self.harmless(lambda: self.expression(value))
        returned.held = self.hold_result(returned.held, operand, mask, self.axes)
        self.emit(f"{returned.flag} |= {mask.code}")

    def open_masked_returns(self) -> None:
        """In front of a loop with masks from which examples return."""
        if len(self.axes) != 1 or self.frames or self.loop_depth:
            raise Unsupported("a return from a loop under a condition")
        flag = self.fresh("returned")
        self.with_masks.returned = MaskedReturn(flag, self.emit(""))

    def behind_masked_returns(self, node: cst.For | cst.While, rest: Sequence[Any]) -> None:
        """``if returned: return result``, and what follows the loop."""
        returned, self.with_masks.returned = self.with_masks.returned, None
        if returned is None or returned.held is None:
            raise Unsupported("a return that is never reached")
        held = returned.held
        flag = f"{returned.flag} = {call(self.np('zeros'), self.shape_code(self.axes), 'bool')}"
        returned.slot.text = "\n".join([flag, *self.result_lines(held)])
        self.expand_slot(returned.slot)
        if is_endless(node):
            self.finish_return(held)
            return
        self.env[returned.flag] = Operand(returned.flag, Array(BOOL, 0, self.axes))
        self.local_names = self.local_names | {returned.flag}
        result = cst.Return(self.as_syntax(held))
        made = cst.If(cst.Name(returned.flag), cst.IndentedBlock([cst.SimpleStatementLine([result])]))
        self.plan.made.append(made)
        if not self.block([made, *rest]):
            raise self.nothing_returned()

    def as_syntax(self, held: Operand) -> cst.BaseExpression:
        """The results as an expression of variables."""
        if isinstance(held.node, Parts):
            kind = cst.List if held.code.startswith("[") else cst.Tuple
            return kind([cst.Element(self.as_syntax(part)) for part in self.items(held)])
        self.env[held.code] = held
        self.local_names = self.local_names | {held.code}
        return cst.Name(held.code)

    # --- what is computed for all ------------------------------------------------------------------------------------

    def masked_test(self, node: cst.BaseExpression) -> Operand:
        """A condition for all examples, those that have left the loop included."""
        test = self.harmless(lambda: self.condition(node))
        return self.expand(self.as_bool(test) if is_uniform(test.value) else truth(self, test), self.axes, 0)

    def harmless(self, thunk: Callable[[], Operand]) -> Operand:
        """What `thunk` gives, which may be computed for examples that have left the loop."""
        before = len(self.hazards)
        operand = thunk()
        if len(self.hazards) > before:
            raise Unsupported("a condition that must not be computed for examples that have left the loop")
        return operand


def jump_of(statement: Any) -> cst.Break | cst.Continue | cst.Return | None:
    """A jump that stands alone on its line."""
    only = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1 else None
    return only if isinstance(only, (cst.Break, cst.Continue, cst.Return)) else None


def target_of(statement: Any) -> str:
    """The variable that a statement sets, if that is all that it does."""
    if not isinstance(statement, cst.SimpleStatementLine) or len(statement.body) != 1:
        return ""
    only = statement.body[0]
    if not isinstance(only, cst.Assign) or len(only.targets) != 1:
        return ""
    target = only.targets[0].target
    return target.value if isinstance(target, cst.Name) else ""


def is_set_first(name: str, statements: Sequence[Any]) -> bool:
    """Whether the first statement that speaks of a variable sets it, and does nothing else with it."""
    first = next(statement for statement in statements if name in count_names([statement]))
    return target_of(first) == name and count_names([first])[name] == 1


def count_names(nodes: Sequence[cst.CSTNode]) -> dict[str, int]:
    """How often each name occurs."""
    found: dict[str, int] = {}
    for node in nodes:
        for part in nodes_of(node):
            if isinstance(part, cst.Name):
                found[part.value] = found.get(part.value, 0) + 1
    return found
