"""Variables that some examples set and others do not.

Python raises `UnboundLocalError` where such a variable is read before it is set.  In a batch it starts as zeros, and
beside it stands a flag that says which examples have set it.  The flag is a variable like any other, so that branches
and loops need no rules of their own for it; where the variable is read, the flag is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import libcst as cst

from vectorizer.rewrite.control_flow import else_statements, ends
from vectorizer.rewrite.merging import inverse
from vectorizer.rewrite.names import assigned_names, names_read, nodes_of, parameter_names, statements_of
from vectorizer.rewrite.statements import Statements
from vectorizer.rules.context import PlanChange
from vectorizer.source.operand import Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Obj, TupleV, Unsupported, Value, number

ZEROS: dict[str, bool | int | float | complex] = {"b": False, "i": 0, "u": 0, "f": 0.0, "c": 0j}


class Unset(Statements):
    """Flags that say which examples have set a variable."""

    masks: list[Operand]
    loop_depth: int
    assumed: frozenset[str] = frozenset()  # variables that are not None where the walk is
    unchecked: frozenset[str] = frozenset()  # variables of which the place where they are read knows that they may be
    assumed_at: dict[int, frozenset[str]]  # and in parts of the function that it has seen
    lost: set[str]  # variables that a merge has given up because one side did not set them

    def not_set(self, name: str) -> NoReturn:
        """A variable is read that may not be set: where that depends on the example, the next walk gives it a flag."""
        earlier = self.loop_depth and not self.loops and (self.masks or self.regions)  # by an earlier iteration
        if (name in self.lost or earlier) and name not in self.plan.flags and self.can_have_flag(name):
            self.plan.flags[name] = self.flag_name(name)
            self.plan.starts[name] = self.noted.get(name)
            raise PlanChange
        raise Unsupported(f"{name} may not be set here")

    def may_be_none(self, name: str, first: Value, second: Value) -> None:
        """A merge of None and of a number: in the next walk, a flag says which examples have the number."""
        found = [v for v in (first, second) if isinstance(v, Array)]
        is_none = [isinstance(v, Obj) and v.value is None for v in (first, second)]
        if len(found) != 1 or not any(is_none) or name in self.plan.flags or not self.facts.has_loop:
            return
        if not self.can_have_flag(name) or self.loops:
            return
        self.plan.flags[name] = self.flag_name(name)
        self.plan.starts[name] = found[0]
        self.plan.nones.add(name)
        raise PlanChange

    def visit_Comparison(self, node: cst.Comparison) -> Operand:
        """``x is None`` for a variable that is None for some examples."""
        found = none_test(node)
        if found is None or found[0] not in self.plan.nones:
            return super().visit_Comparison(node)
        flag = self.read(self.plan.flags[found[0]])
        known = self.array(flag).const
        if isinstance(known, bool):
            return Operand(str(known is not found[1]), number(known is not found[1]))
        return self.negation(flag) if found[1] else flag

    def expression(self, node: cst.BaseExpression) -> Operand:
        with self.assuming(node):
            return super().expression(node)

    def statement(self, node: cst.BaseStatement, rest: Sequence[cst.BaseStatement]) -> bool:
        with self.assuming(node, rest):
            return super().statement(node, rest)

    @contextmanager
    def assuming(self, node: cst.CSTNode, rest: Sequence[Any] = ()) -> Iterator[None]:
        """What stands behind a test for None holds for what is computed there."""
        if not self.plan.nones:
            yield
            return
        self.note_assumptions(node, rest)
        saved, self.assumed = self.assumed, self.assumed | self.assumed_at.get(id(node), frozenset())
        try:
            yield
        finally:
            self.assumed = saved

    def while_set(
        self, statements: Sequence[Any], names: frozenset[str]
    ) -> Iterator[tuple[cst.CSTNode, frozenset[str]]]:
        """Statements with the variables that are not None there, up to where these may become None."""
        for statement in statements:
            yield statement, names
            changed = assigned_names(statement)
            names = frozenset(n for n in names if self.plan.flags.get(n) not in changed)

    def note_assumptions(self, node: cst.CSTNode, rest: Sequence[Any] = ()) -> None:
        """Notes of the parts of a condition which variables are not None there."""
        parts: list[tuple[cst.CSTNode, frozenset[str]]] = []
        if isinstance(node, cst.BooleanOperation):
            parts = [(node.right, not_none(node.left, isinstance(node.operator, cst.And)))]
        elif isinstance(node, cst.IfExp):
            parts = [(node.body, not_none(node.test, True)), (node.orelse, not_none(node.test, False))]
        elif isinstance(node, cst.If):
            parts = [*self.while_set(statements_of(node.body), not_none(node.test, True))]
            parts += self.while_set(
                [*else_statements(node), *(rest if ends(statements_of(node.body)) else ())], not_none(node.test, False)
            )
        self.assumed_at |= {id(part): names for part, names in parts if names}

    def give_up(self, name: str) -> None:
        """Behind a merge, a variable that only one side has set."""
        self.lost.add(name)
        self.env.pop(name, None)

    def can_have_flag(self, name: str) -> bool:
        """Whether every place is known where a variable is set; not so where an expression or a function binds it."""
        node = self.function_node()
        if name in parameter_names(node) or name not in assigned_names(node.body):
            return False
        return not any(binds_inside(part, name) for part in nodes_of(node.body))

    def flag_name(self, name: str) -> str:
        """A name for a flag that the function does not have."""
        flag = f"{name}_is_set"
        while flag in self.used or flag in self.local_names:
            flag += "_"
        return flag

    def function_node(self) -> cst.FunctionDef:
        """The function that is rewritten."""
        raise NotImplementedError

    # --- in front ----------------------------------------------------------------------------------------------------

    def open_statement(self, node: cst.BaseStatement) -> None:
        """In front of the first statement that may set them, variables with a flag start as zeros."""
        for name in self.plan.first.get(id(node), ()):
            flag = self.plan.flags[name]
            if flag in self.env:
                continue
            made = self.zeros(self.plan.starts[name], name)
            self.local_names = self.local_names | {flag}
            self.assign_name(name, made)
            self.assign_name(flag, Operand("False", number(False)))

    def zeros(self, value: Value | None, name: str) -> Operand:
        """What a variable is before it is set: zeros of the rank that it will have."""
        if isinstance(value, TupleV):
            parts = [self.zeros(item, name) for item in value.items]
            codes = ", ".join(p.code for p in parts)
            return Operand(f"({codes},)" if len(parts) == 1 else f"({codes})", TupleV(tuple(p.value for p in parts)))
        if value is not None and not isinstance(value, Array):
            raise Unsupported(f"{name} may not be set here")
        if value is None or not value.rank:
            zero = ZEROS.get(value.kind, 0) if value is not None else 0
            return Operand(repr(zero), number(zero))
        if value.dtype is None or None in value.dims:
            raise Unsupported(f"{name} may not be set here, and its shape is not known before")
        lengths = [self.print_affine(dim).code for dim in value.dims if dim is not None]
        dtype = [] if value.dtype == float else [self.dtype_code(value.dtype)]
        code = call(self.np("zeros"), self.shape_code((), lengths), *dtype)
        made = Array(value.dtype, value.rank, dims=value.dims, origins=frozenset({f"start of {name}"}))
        return Operand(code, made, fresh=True)

    # --- where it is read --------------------------------------------------------------------------------------------

    def check_set(self, name: str) -> None:
        """Emits a check that the examples which read a variable have set it: where not, their loop raises as well."""
        flag = self.plan.flags.get(name)
        if flag is None or name in self.unchecked:
            return
        operand = self.read(flag)
        known = self.array(operand).const
        if known is True or name in self.assumed and known is not False:
            return
        if self.speculating > len(self.masks):
            self.hazard("a variable may not be set")
        if self.masks:
            operand = self.logical("|", inverse(self.conjunction(self.masks)), operand)
        axes = self.array(operand).axes
        test = call(self.np("all"), operand.code) if axes else operand.code
        error = f'UnboundLocalError("{name} is not set")'
        if name in self.plan.nones:
            error = f'TypeError("{name} is None for some examples")'
        self.emit(f"if not {test}:", body=[Stmt(f"raise {error}", line=self.line)])


# --- the syntax ------------------------------------------------------------------------------------------------------


def binds_inside(node: cst.CSTNode, name: str) -> bool:
    """Whether an expression, a nested function or an import binds a name, or it is deleted or shared."""
    if isinstance(node, (cst.Lambda, cst.FunctionDef)):
        return name in names_read(node.params) or isinstance(node, cst.FunctionDef) and name in names_read(node)
    if isinstance(node, cst.CompFor):
        return name in names_read(node.target)
    if isinstance(node, (cst.NamedExpr, cst.Del, cst.Global, cst.Nonlocal, cst.Import, cst.ImportFrom, cst.With)):
        return name in names_read(node)
    return isinstance(node, (cst.ClassDef, cst.MatchAs)) and name in names_read(node)


class Flagged:
    """A function with ``flag = True`` behind every statement that sets a variable.

    copies: the statements that were made, with those that they stand for.
    first: for each variable the statement of the function that may set it first, by its identity.
    handed_on: where a variable that may be None is handed on to another one, by the identity of its name there.
    """

    def __init__(self, node: cst.FunctionDef, flags: dict[str, str], nones: set[str]) -> None:
        self.flags, self.nones = flags, nones
        self.copies: list[tuple[cst.CSTNode, cst.CSTNode]] = []
        self.first: dict[int, tuple[str, ...]] = {}
        self.handed_on: set[int] = set()
        body = self.block(statements_of(node.body))
        for name in flags:
            statement = next(s for s in body if {name, flags[name]} & assigned_names(s))
            self.first[id(statement)] = (*self.first.get(id(statement), ()), name)
        self.node = node.with_changes(body=node.body.with_changes(body=body))

    def block(self, statements: Sequence[Any]) -> list[Any]:
        return [self.copied(s, self.statement(s)) for s in statements]

    def copied(self, old: cst.CSTNode, new: Any) -> Any:
        if new is not old:
            self.copies.append((old, new))
        return new

    def statement(self, node: Any) -> Any:
        if not assigned_names(node) & self.flags.keys():
            return node
        if isinstance(node, cst.SimpleStatementLine):
            return node.with_changes(body=list(self.marked(node.body)))
        changes: dict[str, Any] = {}
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(node, part, None)
            if isinstance(inner, cst.BaseSuite):
                changes[part] = self.suite(inner)
            elif isinstance(inner, (cst.Else, cst.Finally, cst.If)):
                changes[part] = self.copied(inner, self.clause(inner))
        for part in ("handlers", "cases"):
            if hasattr(node, part):
                changes[part] = [self.copied(c, c.with_changes(body=self.suite(c.body))) for c in getattr(node, part)]
        made = node.with_changes(**changes)
        if isinstance(made, cst.For):
            made = made.with_changes(body=self.behind_target(made))
        return made

    def clause(self, node: Any) -> Any:
        return self.statement(node) if isinstance(node, cst.If) else node.with_changes(body=self.suite(node.body))

    def suite(self, body: cst.BaseSuite) -> cst.BaseSuite:
        lines = self.block(statements_of(body))
        header = body.header if isinstance(body, cst.IndentedBlock) else cst.TrailingWhitespace()
        footer = body.footer if isinstance(body, cst.IndentedBlock) else ()
        return cst.IndentedBlock(lines, header=header, footer=footer)

    def behind_target(self, node: cst.For) -> cst.BaseSuite:
        """The body of a loop, which sets its target in each iteration."""
        lines = [cst.SimpleStatementLine([flag]) for flag in self.raised(node.target)]
        return node.body.with_changes(body=[*lines, *statements_of(node.body)])

    def marked(self, statements: Sequence[cst.BaseSmallStatement]) -> Iterator[cst.BaseSmallStatement]:
        for small in statements:
            if isinstance(small, cst.Assign) and is_none(small.value):
                yield from self.lowered(small)
            elif isinstance(small, cst.Assign) and self.pairs_of_nones(small):
                yield from self.unpacked(small)
            else:
                yield from self.plain(small)

    def plain(self, small: cst.BaseSmallStatement) -> Iterator[cst.BaseSmallStatement]:
        """A statement that sets variables to numbers."""
        yield small
        if isinstance(small, cst.Assign):
            for item in small.targets:
                yield from self.raised(item.target)
        elif isinstance(small, cst.AnnAssign) and small.value is not None:
            yield from self.raised(small.target)

    def pairs_of_nones(self, small: cst.Assign) -> list[tuple[cst.BaseExpression, cst.BaseExpression]]:
        """Targets and values of ``a, b = c, None``, where some of the values are None or may be; else nothing."""
        target, value = small.targets[0].target, small.value
        pairs: list[tuple[cst.BaseExpression, cst.BaseExpression]] = [(target, value)]
        if isinstance(target, (cst.Tuple, cst.List)) and isinstance(value, (cst.Tuple, cst.List)):
            pairs = [(t.value, v.value) for t, v in zip(target.elements, value.elements, strict=False)]
            if len(target.elements) != len(value.elements):
                return []
        given = [name.value for name, v in pairs if isinstance(name, cst.Name) and (is_none(v) or self.may_be_none(v))]
        return pairs if len(small.targets) == 1 and self.nones.intersection(given) else []

    def may_be_none(self, node: cst.BaseExpression) -> bool:
        return isinstance(node, cst.Name) and node.value in self.nones

    def unpacked(self, small: cst.Assign) -> Iterator[cst.BaseSmallStatement]:
        """``a, b = c, None`` is ``a = c`` with ``a_is_set, b_is_set = c_is_set, False``."""
        kept: list[tuple[cst.BaseExpression, cst.BaseExpression]] = []
        raised: list[tuple[cst.BaseExpression, cst.BaseExpression]] = []
        for target, value in self.pairs_of_nones(small):
            names = [p.value for p in nodes_of(target) if isinstance(p, cst.Name) and p.value in self.flags]
            is_variable = isinstance(target, cst.Name) and target.value in self.nones
            if not is_variable or not is_none(value):
                kept.append((target, value))
            flag: cst.BaseExpression = cst.Name("False" if is_variable and is_none(value) else "True")
            if is_variable and self.may_be_none(value):
                self.handed_on.add(id(value))
                flag = cst.Name(self.flags[value.value])  # type: ignore[attr-defined]
            raised += [(cst.Name(self.flags[name]), flag) for name in names]
        for pairs in (kept, raised):
            if pairs:
                yield assignment(pairs)

    def lowered(self, small: cst.Assign) -> Iterator[cst.BaseSmallStatement]:
        """``x = None`` is ``flag = False`` for a variable that some examples set to None."""
        names = [item.target.value if isinstance(item.target, cst.Name) else "" for item in small.targets]
        others = [item for item, name in zip(small.targets, names, strict=True) if name not in self.nones]
        if len(others) == len(names):
            yield small
            return
        if others:
            yield small.with_changes(targets=others)
        for name in self.nones.intersection(names):
            yield cst.Assign([cst.AssignTarget(cst.Name(self.flags[name]))], cst.Name("False"))

    def raised(self, target: cst.BaseExpression) -> Iterator[cst.BaseSmallStatement]:
        """``flag = True`` for the variables of a target."""
        for part in nodes_of(target):
            if isinstance(part, cst.Name) and part.value in self.flags:
                yield cst.Assign([cst.AssignTarget(cst.Name(self.flags[part.value]))], cst.Name("True"))


def assignment(pairs: Sequence[tuple[cst.BaseExpression, cst.BaseExpression]]) -> cst.Assign:
    """One assignment for pairs of targets and values."""
    if len(pairs) == 1:
        return cst.Assign([cst.AssignTarget(pairs[0][0])], pairs[0][1])  # type: ignore[arg-type]
    left, right = (cst.Tuple([cst.Element(pair[k]) for pair in pairs], lpar=[], rpar=[]) for k in (0, 1))
    return cst.Assign([cst.AssignTarget(left)], right)


# --- None ------------------------------------------------------------------------------------------------------------


def is_none(node: cst.BaseExpression) -> bool:
    return isinstance(node, cst.Name) and node.value == "None"


def none_test(node: cst.BaseExpression) -> tuple[str, bool] | None:
    """The variable of ``x is None`` (True) or ``x is not None`` (False)."""
    if not isinstance(node, cst.Comparison) or len(node.comparisons) != 1 or not isinstance(node.left, cst.Name):
        return None
    (target,) = node.comparisons
    if not is_none(target.comparator) or not isinstance(target.operator, (cst.Is, cst.IsNot)):
        return None
    return node.left.value, isinstance(target.operator, cst.Is)


def not_none(test: cst.BaseExpression, holds: bool) -> frozenset[str]:
    """Variables that are not None where a condition holds, or where it does not."""
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And if holds else cst.Or):
        return not_none(test.left, holds) | not_none(test.right, holds)
    found = none_test(test)
    return frozenset({found[0]}) if found is not None and found[1] is not holds else frozenset()
