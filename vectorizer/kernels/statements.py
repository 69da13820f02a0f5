"""Statements in kernels: one C++ function for one function of numbers."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

from vectorizer.kernels.counters import Comments, find_counters
from vectorizer.kernels.expressions import BINARY, Expressions, Outside
from vectorizer.kernels.numbers import SUM, UNARY, Expr, NoKernel, bare, cast, number_type, type_of
from vectorizer.values import Array, promote

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
    exact_add exact_subtract exact_multiply squared""".split()
)


class Body(Expressions):
    """One function, walked until the types of its variables stop to change.

    results: what its returns give, one list for each.
    """

    def __init__(self, node: ast.FunctionDef, text: str, parameters: dict[str, Array], outside: Outside) -> None:
        self.node, self.outside = node, outside
        self.parameters = parameters
        self.types = dict(parameters)
        self.counters = find_counters(node) - parameters.keys()
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
        return f"{name}_" if name in RESERVED else name

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
        self.set = set(self.parameters)
        statements = self.node.body[ast.get_docstring(self.node) is not None :]
        ended = self.block(statements)
        if not ended:
            raise NoKernel("it may end without a return")
        inner = sorted(self.types.keys() - self.parameters.keys() - self.declared)
        self.lines[:0] = [f"{INDENT}{type_of(self.types[name])} {self.renamed(name)};" for name in inner]

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
            case ast.While(orelse=[]):
                return self.while_(node)
            case ast.For(target=ast.Name(id=name), orelse=[]):
                self.for_(node, name)
            case ast.Return(value=ast.expr() as value):
                self.return_(value)
                return True
            case ast.Break() | ast.Continue():
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

    def fail(self) -> None:
        """Python raises here."""
        self.emit(f"{self.bad()} = true;")
        self.emit("return;" if len(self.result) != 1 else f"return ({type_of(self.result[0])})0;")

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.store(target.id, self.expression(value))
            return
        names = [item.id for item in getattr(target, "elts", []) if isinstance(item, ast.Name)]
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
        items = value.elts if isinstance(value, ast.Tuple) else [value]
        made = [self.expression(item) for item in items]
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

    def while_(self, node: ast.While) -> bool:
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        test = "true" if forever else self.test(node.test).code
        if self.may_be_bad:
            test = "!bad" if forever else f"!bad && ({test})" if " " in test else f"!bad && {test}"
        self.emit(f"while ({test}) {{")
        self.inner(node.body)
        self.emit("}")
        ends = forever and not _has_break(node)
        if ends and self.may_be_bad and len(self.result) == 1:
            self.emit(f"return ({type_of(self.result[0])})0;")
        return ends

    def for_(self, node: ast.For, name: str) -> None:
        start, stop, step = self.range(node.iter)
        counter = self.renamed(name)
        is_own = name not in self.parameters and self.is_only_inside(node, name)
        if not is_own:
            counter = f"{name}_at"
            if counter in self.types:
                raise NoKernel(f"a variable is called {counter}")
        if not (stop.const is not None and stop.code.lstrip("-").rstrip("L").isdigit()) and not self.is_kept(
            node, stop.code
        ):
            stop = self.held(f"{name}_end", stop)
        order = "<" if step > 0 else ">"
        move = f"{counter}{'++' if step > 0 else '--'}" if abs(step) == 1 else f"{counter} += {step}"
        test = f"{counter} {order} {bare(stop).at(SUM)}"
        test = f"!bad && {test}" if self.may_be_bad else test
        self.emit(f"for (long long {counter} = {bare(start).code}; {test}; {move}) {{")
        integer = number_type("int64", True)
        self.types.setdefault(name, integer)
        self.assigned.setdefault(name, []).append(Expr(counter, integer))
        self.declared |= {name} if is_own else set()
        before = set(self.set)
        self.set.add(name)
        self.depth += 1
        if not is_own:
            self.emit(f"{self.renamed(name)} = {counter};")
        self.block(node.body)
        self.depth -= 1
        self.emit("}")
        self.set = before

    def range(self, node: ast.expr) -> tuple[Expr, Expr, int]:
        """Start, stop and step of a range."""
        match node:
            case ast.Call(func=ast.Name(id="range") as function, args=args, keywords=[]) if 1 <= len(args) <= 3:
                if self.outside.found(function) is not range:
                    raise NoKernel("another range")
                made = [self.expression(arg) for arg in args]
            case _:
                raise NoKernel("a loop over other than a range")
        if any(expr.kind != "i" for expr in made):
            raise NoKernel("a range of other than integers")
        whole = [cast(expr, "int64") for expr in made]
        step = whole[2].const if len(whole) == 3 else 1
        if not isinstance(step, int) or step == 0:
            raise NoKernel("a range whose step is no literal")
        first = Expr("0", number_type("int64", True)) if len(whole) == 1 else whole[0]
        return first, whole[0] if len(whole) == 1 else whole[1], step

    def is_only_inside(self, node: ast.For, name: str) -> bool:
        """Whether a loop's target is not set in the loop, and not used outside of it."""
        inside = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
        everywhere = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and n.id == name]
        stores = [n for n in inside if isinstance(n.ctx, ast.Store)]
        others = [n for n in ast.walk(self.node) if isinstance(n, ast.For) and n is not node]
        loops = sum(
            len([m for m in ast.walk(o) if isinstance(m, ast.Name) and m.id == name])
            for o in others
            if isinstance(o.target, ast.Name) and o.target.id == name and not any(m is node for m in ast.walk(o))
        )
        return len(stores) == 1 and len(everywhere) - len(inside) == loops

    def is_kept(self, node: ast.For, code: str) -> bool:
        """Whether an expression is a variable that the loop does not set."""
        stored = {
            self.renamed(n.id) for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        return code.isidentifier() and code not in stored


def _has_break(node: ast.While) -> bool:
    """Whether a loop may be left by `break`."""

    def search(statements: Sequence[ast.stmt]) -> bool:
        for statement in statements:
            if isinstance(statement, ast.Break):
                return True
            if isinstance(statement, ast.If) and (search(statement.body) or search(statement.orelse)):
                return True
        return False

    return search(node.body)


def _joined(exprs: list[Expr]) -> Array:
    """The value of a variable; it counts as a Python number, which raises, where it may be one of these."""

    def join(one: Array, other: Array) -> Array:
        dtype, _ = promote(one, other)
        assert dtype is not None
        return number_type(dtype, (one.weak or other.weak) and dtype.name in ("bool", "int64", "float64", "complex128"))

    return functools.reduce(join, (number_type(expr.value.dtype, expr.weak) for expr in exprs))
