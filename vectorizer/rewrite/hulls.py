"""Loops over ranges that follow the target of an outer loop: an axis over all numbers that occur, and a condition.

``for j in range(i)`` inside of a loop over `i` becomes an axis over ``range(n - 1)`` in which the body counts where
``j < i``.
"""

from __future__ import annotations

import libcst as cst

from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.list_arrays import ListArrays
from vectorizer.rewrite.names import assigned_names, names_read
from vectorizer.source.operand import Operand
from vectorizer.values import Affine, Array, Unsupported


class Hulls(ListArrays):
    """Triangular nests."""

    def hull(self, node: cst.For) -> list[Operand] | None:
        """The ends of a range of which one follows an outer loop that has become an axis; None for any other loop."""
        call = node.iter
        if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Name) or call.func.value != "range":
            return None
        if "range" in self.env or any(a.keyword is not None or a.star for a in call.args):
            return None
        mark = self.mark()
        bounds = [self.expression(a.value) for a in call.args]
        varies = [isinstance(b.value, Array) and bool(b.value.axes) for b in bounds]
        if any(varies) and not any(b.lazy for b in bounds):
            raise Unsupported("a range whose ends differ between the examples")
        if any(varies):
            return bounds
        self.rollback(mark)
        return None

    def guarded_axis(self, node: cst.For, bounds: list[Operand]) -> bool:
        """Turns such a loop into an axis, with a condition around its body."""
        target = node.target
        if node.orelse is not None or not isinstance(target, cst.Name):
            raise Unsupported("a range whose ends differ between the iterations")
        if names_read(node.iter) & assigned_names(node):
            raise Unsupported("a range whose ends differ between the iterations, and are changed by them")
        step = self.pin_int(bounds[2], "a step") if len(bounds) == 3 else 1
        if abs(step) != 1:
            raise Unsupported("a range with a step whose ends differ between the iterations")
        affine = [b.value.affine if isinstance(b.value, Array) else None for b in bounds]
        start, stop = (Affine(), affine[0]) if len(affine) == 1 else affine[:2]
        if start is None or stop is None:
            raise Unsupported("a range whose ends are not known")
        first, last = self.extremes(start, self.loops), self.extremes(stop, self.loops)
        ends = (first[0], last[1]) if step > 0 else (first[1], last[0])
        if None in ends:
            raise Unsupported("a range whose ends are not known")
        codes = [self.print_affine(end) for end in ends if end is not None]
        if step < 0:
            codes.append(Operand("-1", Array(codes[0].array.dtype, 0, weak=True, affine=Affine(-1), const=-1)))
        elif ends[0] == Affine():
            codes = codes[1:]
        it = Iteration("range", bounds=tuple(codes), text="range")
        guarded = self._guarded_loop(node, target.value, [b.array.axes != () for b in bounds], step)
        if not self.become_axis(guarded, it):
            raise Unsupported("a loop inside one that has become an axis stays a loop")
        self.env.pop(target.value, None)  # its last value is another one in each iteration of the outer loop
        return False

    def _guarded_loop(self, node: cst.For, target: str, varies: list[bool], step: int) -> cst.For:
        """``for j in ...: if start <= j < stop: body``; the same node in each walk."""
        held = self.plan.guarded.get(self.node_site(node))
        if isinstance(held, cst.For):
            return held
        assert isinstance(node.iter, cst.Call)
        args = [a.value for a in node.iter.args]
        name = cst.Name(target)
        tests: list[cst.BaseExpression] = []
        if len(args) > 1 and varies[0]:
            tests.append(_compare(args[0], cst.LessThanEqual() if step > 0 else cst.GreaterThanEqual(), name))
        stop = 0 if len(args) == 1 else 1
        if varies[stop]:
            tests.append(_compare(name, cst.LessThan() if step > 0 else cst.GreaterThan(), args[stop]))
        test = tests[0] if len(tests) == 1 else cst.BooleanOperation(tests[0], cst.And(), tests[1])
        body = cst.IndentedBlock([cst.If(test, node.body)])
        made = cst.For(target=node.target, iter=node.iter, body=body)
        self.plan.guarded[self.node_site(node)] = made
        return made


def _compare(left: cst.BaseExpression, operator: cst.BaseCompOp, right: cst.BaseExpression) -> cst.Comparison:
    return cst.Comparison(left, [cst.ComparisonTarget(operator, right)])
