"""Statements in kernels: one C++ function for one function of numbers."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence, Set
from dataclasses import dataclass

from vectorizer.kernels.assignments import Assignments
from vectorizer.kernels.counters import Comments, find_counters
from vectorizer.kernels.expressions import BINARY, Outside
from vectorizer.kernels.names import RESERVED
from vectorizer.kernels.numbers import UNARY, Expr, NoKernel, bare, cast, number_type, type_of
from vectorizer.kernels.plain import plain_function
from vectorizer.kernels.sequences import Sequence_
from vectorizer.kernels.sizes import Size
from vectorizer.kernels.storage import Memory, Room
from vectorizer.values import Array, promote

INDENT = "    "


@dataclass
class Left:
    """A loop that is open.

    flag: the variable that says that `break` has left it; None where nothing asks.
    set: the variables that are set where `break` leaves it; None where nothing does.
    """

    flag: str | None
    set: set[str] | None = None


class Body(Assignments):
    """One function, walked until the types of its variables stop to change.

    results: what its returns give, one list for each; a result that is an array bears the name of its variable.
    arrays: those of its parameters that are arrays.
    inner_functions: those that are defined in it.
    left: the loops that are open.
    """

    left: list[Left]

    def __init__(
        self,
        node: ast.FunctionDef,
        text: str,
        parameters: dict[str, Array],
        outside: Outside,
        arrays: dict[str, Array] | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Reads a function.

        Args:
            node: the function, whose source is `text`.
            text: with the comments.
            parameters: those that are numbers, with their types.
            outside: what other names mean.
            arrays: the parameters that are arrays.
            memory: what it may store into.
        """
        self.node, self.inner_functions = plain_function(node)
        self.outside = outside
        self.parameters = parameters
        self.order = [arg.arg for arg in node.args.args]
        self.types = dict(parameters)
        self.names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
            n.arg for n in ast.walk(node) if isinstance(n, ast.arg)
        }
        self.arrays = {name: self.as_sequence(name, value) for name, value in (arrays or {}).items()}
        bound = [n.id for n in ast.walk(self.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        self.fixed = {name for name, value in parameters.items() if value.kind == "i" and name not in bound}
        self.memory, self.returned = memory, names_returned(self.node)
        self.stored_into = memory.rows & names_stored_into(self.node) - set(bound) if memory else frozenset[str]()
        self.counters = find_counters(self.node) - parameters.keys()
        self.comments = Comments(text)
        self.result: tuple[Array, ...] = ()
        self.results: list[list[Expr]] = []
        self.assigned: dict[str, list[Expr]] = {}
        self.lines: list[str] = []
        self.declared: set[str] = set()
        self.temporaries: dict[str, int] = {}
        self.depth = 1
        self.is_final = False

    def renamed(self, name: str) -> str:
        """The name of a variable in C++."""
        return self.unlike(name, RESERVED | self.functions())

    def unlike(self, name: str, taken: Set[str]) -> str:
        """A name that is not taken; if it must change, none of the function's own either."""
        found = name
        while found in taken or found != name and found in self.names:
            found = f"{found}_"
        return found

    def functions(self) -> Set[str]:
        """The names of the functions that stand beside this one in C++."""
        return frozenset()

    def run(self) -> None:
        """Walks until the types settle, then once more to write the code."""
        for _ in range(10):
            before = dict(self.types), self.result, self.may_be_bad
            self.walk()
            self.settle()
            if before == (self.types, self.result, self.may_be_bad):
                break
        else:
            raise NoKernel("the types of its variables do not settle")
        self.is_final = True
        self.walk()
        self.check()

    def walk(self) -> None:
        self.results, self.assigned, self.lines, self.declared, self.temporaries = [], {}, [], set(), {}
        self.made = set()
        self.set = {*self.parameters, *self.arrays}
        self.sequences, self.known, self.bounded, self.left = dict(self.arrays), {}, {}, []
        self.rooms: dict[str, Room] = {}
        self.outer: dict[str, str] = {}  # arrays that are written in front of all, by name
        if not self.block(self.node.body):
            self.end_without_return()
        if self.lines[-1:] == [INDENT + "return;"]:
            self.lines.pop()
        inner = sorted(self.types.keys() - self.parameters.keys() - self.declared)
        declared = [f"{type_of(self.types[name])} {self.renamed(name)};" for name in inner]
        self.lines[:0] = [INDENT + line for line in (*self.outer.values(), *declared)]

    def settle(self) -> None:
        """The types of variables and results, as far as they are known now."""
        for name, given in self.assigned.items():
            held = [Expr(name, self.parameters[name])] if name in self.parameters else []
            self.types[name] = _joined([*held, *given])
        counts = {len(result) for result in self.results}
        if len(counts) != 1:
            raise NoKernel("it returns tuples of different lengths")
        self.result = tuple(_result(list(column)) for column in zip(*self.results, strict=True))

    def check(self) -> None:
        """Nothing is another number for being held in a variable of a joined type."""
        for name, given in self.assigned.items():
            value = self.types[name]
            if name in self.parameters and self.parameters[name].dtype != value.dtype:
                raise NoKernel(f"the dtype of {name} changes")
            for expr in given:
                if expr.value.dtype != value.dtype and not self.holds_exactly(expr, value.dtype, expr):  # type: ignore[arg-type]
                    raise NoKernel(f"the dtype of {name} changes")
            weak = {expr.weak for expr in given} | ({self.parameters[name].weak} if name in self.parameters else set())
            if len(weak) == 2 and (not self.is_uniform_precision() or not value.weak and self.divides(name)):
                raise NoKernel(f"{name} is a Python number on one path and one of NumPy's on another")

    def divides(self, name: str) -> bool:
        """Whether something is divided by a variable."""
        divisions = (ast.Div, ast.FloorDiv, ast.Mod)
        found = [n for n in ast.walk(self.node) if isinstance(n, ast.BinOp) and isinstance(n.op, divisions)]
        return any(isinstance(n.right, ast.Name) and n.right.id == name for n in found)

    def is_uniform_precision(self) -> bool:
        """Whether all numbers of NumPy's have one precision, so that a Python number becomes one of it anyway."""
        strong = [
            v.dtype for v in [*self.types.values(), *self.parameters.values()] if not v.weak and v.dtype is not None
        ]
        floats = {dtype.itemsize // (2 if dtype.kind == "c" else 1) for dtype in strong if dtype.kind in "fc"}
        integers = {dtype for dtype in strong if dtype.kind in "iu"}
        return len(floats) <= 1 and len(integers) <= 1

    # --- statements --------------------------------------------------------------------------------------------------

    def emit(self, text: str) -> None:
        self.lines.append(INDENT * self.depth + text)

    def block(self, statements: Sequence[ast.stmt]) -> bool:
        """Some statements; returns whether what follows is never reached."""
        for statement in statements:
            for comment in self.comments.pop_before(statement.lineno) if self.is_final else ():
                self.emit(comment)
            first = len(self.lines)
            ended = self.statement(statement)
            trailing = self.comments.trailing.get(statement.lineno) if self.is_final else None
            if trailing and len(self.lines) > first:
                self.lines[first] += f"  {trailing}"
            if ended:
                return True
        return False

    def statement(self, node: ast.stmt) -> bool:
        match node:
            case ast.Assign(targets=[target], value=value):
                self.assign(target, value)
            case ast.Assign(targets=targets, value=ast.Constant() as value):
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                self.assign(target, value)
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if type(op) in BINARY:
                self.store(name, self.expression(ast.BinOp(ast.Name(name, ast.Load()), op, value)))
            case ast.AugAssign(target=ast.Subscript() as target, op=op, value=value) if type(op) in BINARY:
                old = ast.Subscript(target.value, target.slice, ast.Load())
                self.store_item(target, self.expression(ast.BinOp(old, op, value)))
            case ast.If():
                return self.if_(node)
            case ast.While():
                return self.while_(node)
            case ast.For():
                return self.for_(node)
            case ast.Return(value=ast.expr() as value):
                self.give(self.returned_values(value))
                return True
            case ast.Return(value=None):
                self.end_without_return()
                return True
            case ast.Break() | ast.Continue():
                if isinstance(node, ast.Break):
                    self.leave()
                self.emit("break;" if isinstance(node, ast.Break) else "continue;")
                return True
            case ast.Raise():
                self.fail()
                return True
            case ast.Assert(test=test):
                self.emit(f"if (!{self.test(test).at(UNARY)}) {{")
                self.depth += 1
                self.fail()
                self.depth -= 1
                self.emit("}")
            case ast.Pass():
                pass
            case _:
                raise NoKernel(f"{type(node).__name__} in a function of numbers")
        return False

    def leave(self) -> None:
        """`break`."""
        loop = self.left[-1]
        loop.set = set(self.set) if loop.set is None else loop.set & self.set
        if loop.flag is not None:
            self.emit(f"{loop.flag} = true;")

    def fail(self) -> None:
        """Python raises here."""
        self.emit(f"{self.bad()} = true;")
        self.emit(f"return ({type_of(self.result[0])})0;" if self.gives_one_number() else "return;")

    def rooms_of_the_host(self) -> list[Room]:
        return [room for room in self.rooms.values() if not room.is_local]

    def has_memory(self) -> bool:
        """Whether it stores into arrays for which the host makes room."""
        return bool(self.stored_into or self.rooms_of_the_host())

    def gives_one_number(self) -> bool:
        return len(self.result) == 1 and not self.result[0].rank

    def end_without_return(self) -> None:
        """Python gives None: what the function does is to store."""
        if not self.stored_into:
            raise NoKernel("it may end without a return")
        self.give([])

    def as_sequence(self, name: str, value: Array) -> Sequence_:
        """An array that is a parameter."""
        names = [f"{name}_length"] if value.rank == 1 else [f"{name}_rows", f"{name}_columns"]
        lengths = tuple(Expr(self.unlike(length, self.names), number_type("int64", True)) for length in names)
        sizes = tuple(Size(f"{{{name}.{axis}}}") for axis in range(len(names)))
        return Sequence_(self.renamed(name), number_type(value.dtype), lengths, sizes)

    def returned_values(self, value: ast.expr) -> list[Expr]:
        if isinstance(value, ast.Call):
            results = self.several(value)
            if results is not None:
                return results
        items = self.items(value)
        if items is not None and (len(items) == 1 or any(isinstance(part, ast.List) for part in branches_of(value))):
            raise NoKernel("a list or a tuple of one number is returned")
        return [self.returned_array(item) or self.expression(item) for item in ([value] if items is None else items)]

    def returned_array(self, node: ast.expr) -> Expr | None:
        if not isinstance(node, ast.Name) or node.id not in self.sequences:
            return None
        name, sequence = node.id, self.sequence(node.id)
        if name not in self.stored_into and (name not in self.rooms or self.rooms[name].is_list):
            raise NoKernel("an array is returned that is none of the function's own")
        return Expr(name, Array(sequence.item.dtype, len(sequence.lengths)))

    def give(self, made: list[Expr]) -> None:
        """Returns some numbers."""
        self.results.append(made)
        if len(self.result) != len(made):
            return  # not known yet
        if self.gives_one_number():
            self.emit(f"return {bare(cast(made[0], self.result[0].dtype)).code};")
            return
        for k, (expr, want) in enumerate(zip(made, self.result, strict=True)):
            if not want.rank:
                self.emit(f"result_{k} = {bare(cast(expr, want.dtype)).code};")
        self.emit("return;")

    def while_(self, node: ast.While) -> bool:
        raise NotImplementedError

    def for_(self, node: ast.For) -> bool:
        raise NotImplementedError

    # --- blocks ------------------------------------------------------------------------------------------------------

    def inner(self, statements: Sequence[ast.stmt]) -> tuple[bool, set[str]]:
        """A block; whether what follows it is never reached, and what is set behind it."""
        before = set(self.set)
        self.depth += 1
        ended = self.block(statements)
        self.depth -= 1
        after, self.set = self.set, before
        return ended, after

    def if_(self, node: ast.If) -> bool:
        self.emit(f"if ({self.test(node.test).code}) {{")
        ended, after = self.inner(node.body)
        otherwise, beside = False, set(self.set)
        if node.orelse:
            self.emit("} else {")
            otherwise, beside = self.inner(node.orelse)
        self.emit("}")
        self.set = beside if ended else after if otherwise else after & beside
        return ended and otherwise


def branches_of(node: ast.expr) -> list[ast.expr]:
    """What a conditional expression may give."""
    return [*branches_of(node.body), *branches_of(node.orelse)] if isinstance(node, ast.IfExp) else [node]


def names_returned(node: ast.AST) -> set[str]:
    """The variables that a function returns, by themselves or in tuples."""
    values = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
    parts = [item for value in values for branch in branches_of(value) for item in getattr(branch, "elts", [branch])]
    return {part.id for part in parts if isinstance(part, ast.Name)}


def names_stored_into(node: ast.AST) -> set[str]:
    """The variables into whose items a function stores."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store):
            base: ast.expr = part
            while isinstance(base, ast.Subscript):
                base = base.value
            found |= {base.id} if isinstance(base, ast.Name) else set()
    return found


def _result(exprs: list[Expr]) -> Array:
    """The value of a result: a number, or one array wherever it is returned."""
    if not any(expr.value.rank for expr in exprs):
        return _joined(exprs)
    if len({(expr.code, expr.value) for expr in exprs}) > 1:
        raise NoKernel("one array is returned here and another there")
    return exprs[0].value


def _joined(exprs: list[Expr]) -> Array:
    """The value of a variable; it counts as a Python number, which raises, where it may be one of these."""

    def join(one: Array, other: Array) -> Array:
        dtype, _ = promote(one, other)
        assert dtype is not None
        return number_type(dtype, (one.weak or other.weak) and dtype.name in ("bool", "int64", "float64", "complex128"))

    return functools.reduce(join, (number_type(expr.value.dtype, expr.weak) for expr in exprs))
