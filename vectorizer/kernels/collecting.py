"""What belongs to a run: from its root down, through the variables that nothing else reads."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from vectorizer.kernels.leaves import Leaves
from vectorizer.kernels.runs import Definition, Flow
from vectorizer.kernels.views import View, ndim_of, view_of


@dataclass
class Collected:
    """The parts of a run.

    folded: the definitions that it takes in, in their order.
    leaves: the expressions that are its parameters.
    views: the subscripts in it that only put in new axes.
    subscripts: what they become for the leaves below them, by the leaves' ids.
    count: of its operations.
    """

    folded: list[Definition] = field(default_factory=list)
    leaves: list[ast.expr] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    subscripts: dict[int, str] = field(default_factory=dict)
    count: int = 0


@dataclass
class Collector:
    """Collects runs.

    weight: how many operations stand behind one; 0 for what is none.
    may_fold: whether a definition may be computed with a statement.
    is_inline: whether an expression is a number that is written out.
    parts_of: the operands of an operation.
    """

    flow: Flow
    leaves: Leaves
    weight: Callable[[ast.expr], int]
    may_fold: Callable[[Definition, ast.stmt], bool]
    is_inline: Callable[[ast.expr], bool]
    parts_of: Callable[[ast.expr], list[ast.expr]]

    def collect(self, root: ast.expr, statement: ast.stmt, folding: bool) -> Collected:
        """The parts of the run that ends with `root`; `folding` says whether variables may be taken in."""
        refused: set[int] = set()  # ids of definitions and subscripts that are not taken in
        while True:
            found, wrong = self.attempt(root, statement, folding, refused)
            if not wrong:
                return found
            refused |= wrong

    def attempt(
        self, root: ast.expr, statement: ast.stmt, folding: bool, refused: set[int]
    ) -> tuple[Collected, set[int]]:
        """The parts, without those that are refused; and those that must be."""
        made, wrong = Collected(), set[int]()
        folded: dict[int, tuple[Definition, View | None]] = {}
        reads: dict[int, set[ast.expr]] = {}
        open_: list[tuple[ast.expr, View | None]] = [(root, None)]
        while open_:
            node, view = open_.pop()
            found = self.definition(node, statement, refused) if folding else None
            inner = view_of(node, self.leaves) if view is None and id(node) not in refused else None
            if found is not None:
                reads.setdefault(id(found), set()).add(node)
                if id(found) not in folded:
                    folded[id(found)] = found, view
                    open_.append((found.statement.value, view))
                elif folded[id(found)][1] is not view:
                    wrong.add(id(found))
            elif inner is not None and self.is_computed(inner.node.value, statement, folding, refused):
                made.views.append(inner)
                open_.append((inner.node.value, inner))
            elif self.weight(node):
                made.count += self.weight(node)
                open_ += [(part, view) for part in reversed(self.parts_of(node))]
            elif not self.is_inline(node):
                made.leaves.append(node)
                wrong |= self.note_subscript(made, node, view)
        wrong |= {key for key, (found, _) in folded.items() if reads[key] != found.reads}
        made.folded = sorted((found for found, _ in folded.values()), key=lambda found: found.position)
        return made, wrong

    def definition(self, node: ast.expr, statement: ast.stmt, refused: set[int]) -> Definition | None:
        found = self.flow.definitions.get(id(node)) if isinstance(node, ast.Name) else None
        taken = found is not None and id(found) not in refused and self.may_fold(found, statement)
        return found if taken else None

    def is_computed(self, node: ast.expr, statement: ast.stmt, folding: bool, refused: set[int]) -> bool:
        """Whether the run computes an expression; else a view of it is a parameter as it is."""
        return bool(self.weight(node)) or folding and self.definition(node, statement, refused) is not None

    def note_subscript(self, made: Collected, leaf: ast.expr, view: View | None) -> set[int]:
        """Gives a leaf its new axes; what must be refused where its number of axes is not known."""
        if view is None:
            return set()
        ndim = ndim_of(leaf, self.leaves)
        if ndim is None:
            return {id(view.node)}
        made.subscripts[id(leaf)] = view.of(ndim)
        return set()
