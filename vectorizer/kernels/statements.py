"""Statements in kernels: one C++ function for one function of numbers."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from vectorizer.kernels.counters import Comments, find_counters
from vectorizer.kernels.expressions import BINARY, Outside
from vectorizer.kernels.numbers import UNARY, Expr, NoKernel, bare, cast, number_type, type_of
from vectorizer.kernels.plain import plain_function
from vectorizer.kernels.sequences import Sequence_, Sequences
from vectorizer.values import MISSING, Array, promote

INDENT = "    "
RESERVED = frozenset(
    """alignas and asm auto bad bool break case catch char class complex const continue default delete do
    double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new not operator or private protected public register return short signed sizeof static
    struct switch template this throw true try typedef typename union unsigned using virtual void
    volatile while xor abs acos acosh arg asin asinh atan atan2 atanh cbrt ceil conj copysign cos cosh
    erf erfc exp exp2 expm1 fabs floor fmod gamma hypot isfinite isinf isnan j0 j1 jn log log10 log1p
    log2 max min norm pow real imag rint round sin sinh sqrt tan tanh trunc y0 y1 yn wrapping_add
    wrapping_subtract wrapping_multiply checked magnitude larger smaller nonzero in_domain nonnegative
    to_integer sign_of integer_power floor_quotient floor_remainder float_remainder float_quotient
    exact_add exact_subtract exact_multiply squared item_of item_of_matrix
    NAN INFINITY NULL HUGE_VAL assert errno signbit half float16""".split()
)


@dataclass
class Left:
    """A loop that is open.

    flag: the variable that says that `break` has left it; None where nothing asks.
    set: the variables that are set where `break` leaves it; None where nothing does.
    """

    flag: str | None
    set: set[str] | None = None


class Body(Sequences):
    """One function, walked until the types of its variables stop to change.

    results: what its returns give, one list for each.
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
    ) -> None:
        self.node, self.inner_functions = plain_function(node)
        self.outside = outside
        self.parameters = parameters
        self.order = [arg.arg for arg in node.args.args]
        self.types = dict(parameters)
        self.names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
            n.arg for n in ast.walk(node) if isinstance(n, ast.arg)
        }
        self.arrays = {name: self.as_sequence(name, value) for name, value in (arrays or {}).items()}
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
        self.made: set[str] = set()
        self.set = set(self.parameters)
        self.sequences, self.lengths, self.bounded, self.left = dict(self.arrays), {}, {}, []
        self.outer: dict[str, str] = {}  # arrays that are written in front of all, by name
        if not self.block(self.node.body):
            raise NoKernel("it may end without a return")
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
        self.result = tuple(_joined(list(column)) for column in zip(*self.results, strict=True))

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
            case ast.If():
                return self.if_(node)
            case ast.While():
                return self.while_(node)
            case ast.For():
                return self.for_(node)
            case ast.Return(value=ast.expr() as value):
                self.return_(value)
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
        self.emit("return;" if len(self.result) != 1 else f"return ({type_of(self.result[0])})0;")

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.assign_name(target.id, value)
            return
        names = [item.id for item in getattr(target, "elts", []) if isinstance(item, ast.Name)]
        if isinstance(value, ast.Call) and len(names) == len(getattr(target, "elts", [])):
            results = self.several(value)
            if results is not None and len(results) == len(names):
                for name, result in zip(names, results, strict=True):
                    self.store(name, result)
                return
        items = self.items(value)
        if (
            not isinstance(target, (ast.Tuple, ast.List))
            or items is None
            or not len(names) == len(target.elts) == len(items)
        ):
            raise NoKernel("an assignment to other than names")
        made = [self.expression(item) for item in items]
        read = [{n.id for n in ast.walk(item) if isinstance(n, ast.Name)} for item in items]
        for k, name in enumerate(names[:-1]):
            if any(name in later for later in read[k + 1 :]):
                made[k] = self.held(f"next_{name}", made[k])
        kept = [k for k, expr in enumerate(made) if expr.code.startswith("next_")]
        for k in [*(k for k in range(len(names)) if k not in kept), *kept]:
            self.store(names[k], made[k])

    def assign_name(self, name: str, value: ast.expr) -> None:
        """A number, the length of an array, or a tuple of numbers that is only read."""
        if isinstance(value, (ast.Tuple, ast.List)):
            if not value.elts or not self.is_set_once(name) or self.depth > 1:
                raise NoKernel("a tuple that changes")
            self.define(name, self.literal_sequence(name, [self.expression(item) for item in value.elts]))
            return
        length = self.length_of(value)
        self.store(name, self.expression(value))
        if length is not None and self.is_set_once(name):
            self.lengths[name] = length

    def is_set_once(self, name: str) -> bool:
        stores = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        return sum(n.id == name for n in stores) == 1 and name not in self.parameters and name not in self.arrays

    def define(self, name: str, sequence: Sequence_) -> None:
        """Writes a tuple as an array of C++; its literals stay known."""
        code = self.renamed(name)
        self.emit(self.array_of(code, sequence))
        known = sequence.items if all(item.const is not MISSING for item in sequence.items) else ()
        self.sequences[name] = replace(sequence, code=code, items=known)

    def array_of(self, code: str, sequence: Sequence_) -> str:
        items = ", ".join(item.code for item in sequence.items)
        return f"const {type_of(sequence.item)} {code}[{len(sequence.items)}] = {{{items}}};"

    def written(self, name: str, sequence: Sequence_) -> str:
        if name in self.sequences:
            return sequence.code
        code = self.renamed(name)
        self.outer[name] = self.array_of(code, sequence)
        return code

    def as_sequence(self, name: str, value: Array) -> Sequence_:
        """An array that is a parameter."""
        names = [f"{name}_length"] if value.rank == 1 else [f"{name}_rows", f"{name}_columns"]
        lengths = tuple(Expr(self.unlike(length, self.names), number_type("int64", True)) for length in names)
        return Sequence_(self.renamed(name), number_type(value.dtype), lengths)

    def fresh(self, name: str) -> str:
        """A name that the function does not have."""
        found, number = name, 2
        while found in self.names or found in self.types or found in RESERVED or found in self.made:
            found, number = f"{name}_{number}", number + 1
        self.made.add(found)
        return found

    def several(self, node: ast.Call) -> list[Expr] | None:
        """What a call of the user's function gives, if these are several numbers."""
        raise NotImplementedError

    def items(self, node: ast.expr) -> list[ast.expr] | None:
        """The items of what gives several numbers."""
        match node:
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return items
            case ast.IfExp(test=test, body=body, orelse=orelse):
                one, two = self.items(body), self.items(orelse)
                if one is None or two is None or len(one) != len(two):
                    return None
                return [ast.IfExp(test, a, b) for a, b in zip(one, two, strict=True)]
            case ast.Call(func=function, args=[a, b], keywords=[]) if self.outside.found(function) is divmod:
                return [ast.BinOp(a, ast.FloorDiv(), b), ast.BinOp(a, ast.Mod(), b)]
        return None

    def held(self, name: str, expr: Expr) -> Expr:
        """A value that is stored later."""
        if name in self.types:
            raise NoKernel(f"a variable is called {name}")
        self.temporaries[name] = self.temporaries.get(name, 0) + 1
        if self.temporaries[name] > 1:
            name = f"{name}_{self.temporaries[name]}"
        self.emit(f"const {type_of(expr.value)} {name} = {expr.code};")
        return Expr(name, expr.value, const=expr.const)

    def store(self, name: str, expr: Expr) -> None:
        if name in self.sequences or name in self.inner_functions:
            raise NoKernel(f"{name} changes")
        self.assigned.setdefault(name, []).append(expr)
        value = self.types.setdefault(name, expr.value)
        made = cast(expr, value.dtype) if (expr.kind == "c") <= (value.kind == "c") else expr
        declares = (
            self.depth == 1 and name not in self.set and name not in self.parameters and name not in self.declared
        )
        if declares:
            self.declared.add(name)
        self.emit(f"{type_of(value) + ' ' if declares else ''}{self.renamed(name)} = {bare(made).code};")
        self.set.add(name)

    def return_(self, value: ast.expr) -> None:
        self.give(self.returned(value))

    def returned(self, value: ast.expr) -> list[Expr]:
        if isinstance(value, ast.Call):
            results = self.several(value)
            if results is not None:
                return results
        items = self.items(value)
        if items is not None and (len(items) == 1 or any(isinstance(part, ast.List) for part in branches_of(value))):
            raise NoKernel("a list or a tuple of one number is returned")
        return [self.expression(item) for item in ([value] if items is None else items)]

    def give(self, made: list[Expr]) -> None:
        """Returns some numbers."""
        self.results.append(made)
        if len(self.result) != len(made):
            return  # not known yet
        codes = [bare(cast(expr, want.dtype)).code for expr, want in zip(made, self.result, strict=True)]
        if len(codes) == 1:
            self.emit(f"return {codes[0]};")
            return
        for k, code in enumerate(codes):
            self.emit(f"result_{k} = {code};")
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


def _joined(exprs: list[Expr]) -> Array:
    """The value of a variable; it counts as a Python number, which raises, where it may be one of these."""

    def join(one: Array, other: Array) -> Array:
        dtype, _ = promote(one, other)
        assert dtype is not None
        return number_type(dtype, (one.weak or other.weak) and dtype.name in ("bool", "int64", "float64", "complex128"))

    return functools.reduce(join, (number_type(expr.value.dtype, expr.weak) for expr in exprs))
