"""Comprehensions: an axis where that is possible, one written-out item after the other, or a comprehension again."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from vectorizer.rewrite.accumulate import LoopAxis
from vectorizer.rewrite.iteration import Iteration
from vectorizer.rewrite.loop_syntax import target_names
from vectorizer.rewrite.loop_values import forget_constants
from vectorizer.rewrite.searches import Searches
from vectorizer.rules.indexing import Parts, masked
from vectorizer.rules.python import truth
from vectorizer.source.operand import PRIMARY, Operand
from vectorizer.values import Array, ListV, SeqV, Unsupported, held_list, is_uniform


class Comprehensions(Searches):
    """List comprehensions and generators, which are taken as lists."""

    def visit_ListComp(self, node: cst.ListComp) -> Operand:
        return self.comprehension(node)

    def visit_GeneratorExp(self, node: cst.GeneratorExp) -> Operand:
        return self.comprehension(node)

    def comprehension(self, node: cst.ListComp | cst.GeneratorExp) -> Operand:
        """The list that a comprehension makes."""
        generator = node.for_in
        if generator.asynchronous is not None:
            raise Unsupported("an asynchronous comprehension")
        generator = self.generator_over_all(generator)
        if generator.inner_for_in is None:
            stacked = self.axis_comprehension(node, generator)
            if stacked is not None:
                return stacked
        return self.plain_comprehension(node, generator)

    # --- as an axis --------------------------------------------------------------------------------------------------

    def axis_comprehension(self, node: cst.ListComp | cst.GeneratorExp, generator: cst.CompFor) -> Operand | None:
        """Tries to turn a comprehension into an axis; undoes everything where that is not possible."""
        site = self.node_site(node)
        if site in self.plan.sequential or self.plan.no_axes:
            return None
        mark = self.mark()
        try:
            return self.stacked_comprehension(node, generator)
        except Unsupported as error:
            self.rollback(mark)
            if self.loops:
                raise
            if not self.masks:  # else it may be another matter for the examples of the branch alone
                self.plan.sequential[site] = error.reason
            return None

    def stacked_comprehension(self, node: cst.ListComp | cst.GeneratorExp, generator: cst.CompFor) -> Operand:
        """The items of a comprehension as one array."""
        it = self.iteration(generator.iter)
        loop = self.open_axis(it, self.text(generator.target))
        saved = dict(self.env)
        shadow, self.local_names = self.local_names, self.local_names | target_names(generator.target)
        self.loops.append(loop)
        self.loop_depth += 1
        try:
            self.bind_axis_target(generator.target, self.axis_item(it, loop))
            mask = self.filters(generator)
            item = self.guarded_item(node.elt, mask)
            kind = item.value
            if mask is not None and not isinstance(kind, Array):
                raise Unsupported("lists or tuples are kept under a condition")
            item = self.as_array(item)
            _ = item.code  # a lazy one must be made while the loop is open
        finally:
            self.loops.pop()
            self.loop_depth -= 1
            self.local_names = shadow
            self.env = saved
        if self.loops:
            self.loops[-1].accesses += loop.accesses
        self.check_size(loop)
        item, result = self.stacked_along(item, loop)
        self.change("axis", f"the comprehension over {self.text(generator.target)} becomes an axis")
        if mask is not None:
            weak = isinstance(kind, Array) and kind.weak
            return self.filtered(Operand(item.code, result, item.level), mask, loop, weak)
        return Operand(item.code, held_list(kind, self.array(item).weak, result), item.level, fresh=item.fresh)

    def guarded_item(self, node: cst.BaseExpression, mask: Operand | None) -> Operand:
        """The item of a comprehension; under a condition it must do no harm where the condition does not hold."""
        if mask is None:
            return self.expression(node)
        hazards = len(self.hazards)
        self.speculating += 1
        self.masks.append(self.temp(mask, "kept"))
        try:
            item = self.expression(node)
        finally:
            self.masks.pop()
            self.speculating -= 1
        if len(self.hazards) > hazards:
            raise Unsupported("items that must not be computed where the condition does not hold")
        return item

    def filters(self, generator: cst.CompFor) -> Operand | None:
        """The conditions of a comprehension as one mask."""
        mask: Operand | None = None
        for clause in generator.ifs:
            test = truth(self, self.condition(clause.test))
            mask = test if mask is None else self.logical("&", mask, test)
        return mask

    def filtered(self, items: Operand, mask: Operand, loop: LoopAxis, weak: bool) -> Operand:
        """The items of a comprehension for which its condition holds."""
        found = self.array(mask)
        if not found.axes or found.axes[-1] is not loop.axis or found.axes == (loop.axis,) and not items.array.axes:
            raise Unsupported("a comprehension whose condition does not depend on its items")
        flags = found.with_(rank=1, axes=found.axes[:-1], dims=(loop.trips,), weak=False)
        return masked(self, items, mask.with_value(flags), is_list=True, weak=weak)

    # --- as a comprehension ------------------------------------------------------------------------------------------

    def plain_comprehension(self, node: cst.ListComp | cst.GeneratorExp, generator: cst.CompFor) -> Operand:
        """A comprehension that stays one, or whose items are written out."""
        if self.loops:
            raise Unsupported("a comprehension inside a loop that has become an axis")
        saved, around = dict(self.env), self.items_open
        shadow = self.local_names
        try:
            it = self.iteration(generator.iter)
            if it.kind == "items" and not generator.ifs and generator.inner_for_in is None:
                return self.unrolled_comprehension(node, generator, it)
            clause = self.clause(generator)
            self.items_open += 1
            element = self.stated_in_place(node.elt)
            self.items_open = around
            self.note_whole(node.elt)
            if element.lazy:
                raise Unsupported("a comprehension whose items need statements of their own")
            value = SeqV(forget_constants(element.value), self.node_site(node))
            return Operand(f"[{element.code} {clause}]", value, fresh=True)
        finally:
            self.items_open = around
            self.env = saved
            self.local_names = shadow

    def clause(self, generator: cst.CompFor) -> str:
        """``for x in y if z``, with the clauses inside of it."""
        it = self.iteration(generator.iter)
        header, item = self.header(it)
        self.local_names = self.local_names | target_names(generator.target)
        target = self.bind_target(generator.target, item, it)
        text = f"for {target} in {header}"
        for condition in generator.ifs:
            test = self.stated_in_place(condition.test, self.condition)
            if not is_uniform(test.value):
                raise Unsupported("a comprehension that keeps other items for each example")
            text += f" if {test.code}"
        if generator.inner_for_in is not None:
            depth = len(self.out)
            text += " " + self.clause(generator.inner_for_in)
            if len(self.out) > depth:
                raise Unsupported("a comprehension whose clauses need statements of their own")
        return text

    def stated_in_place(
        self, node: cst.BaseExpression, visit: Callable[[cst.BaseExpression], Operand] | None = None
    ) -> Operand:
        """A part of a comprehension, which is computed for each item: nothing of it may stand in front of the whole."""
        depth = len(self.out)
        made = (visit or self.expression)(node)
        if len(self.out) > depth:
            raise Unsupported("a comprehension whose items need statements of their own")
        return made

    def unrolled_comprehension(
        self, node: cst.ListComp | cst.GeneratorExp, generator: cst.CompFor, it: Iteration
    ) -> Operand:
        """``[f(a), f(b)]`` for ``[f(x) for x in (a, b)]``."""
        assert it.operand is not None
        parts = []
        for part in self.items(it.operand):
            self.local_names = self.local_names | target_names(generator.target)
            if not part.lazy and part.level < PRIMARY:
                part = self.temp(part, "item")
            self.bind_axis_target(generator.target, part)
            parts.append(self.expression(node.elt))
        code = f"[{', '.join(p.code for p in parts)}]"
        return Operand(code, ListV(tuple(p.value for p in parts), self.node_site(node)), node=Parts(parts), fresh=True)
