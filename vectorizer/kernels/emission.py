"""From a function of numbers to the source that makes its kernel and calls it."""

from __future__ import annotations

import ast
import builtins
import types
from typing import Any

from vectorizer.backends import Backend
from vectorizer.kernels.elementwise import check_elementwise
from vectorizer.kernels.expressions import Outside
from vectorizer.kernels.helpers import Emitted
from vectorizer.kernels.numbers import Expr, NoKernel, cast, type_of
from vectorizer.kernels.statements import RESERVED, Body
from vectorizer.kernels.support import support_for
from vectorizer.rewrite.function import Function, Rewriter, is_docstring
from vectorizer.rewrite.names import statements_of
from vectorizer.rewrite.tidy import tidy
from vectorizer.rewrite.translating import translated
from vectorizer.rules.context import Plan, Shared
from vectorizer.rules.elementwise import broadcast_dims
from vectorizer.rules.subscripts import Parts
from vectorizer.source.operand import Operand, argument_list, call
from vectorizer.source.statements import Stmt
from vectorizer.values import MISSING, Array, Obj, TupleV

FEWEST = 4  # operations that are worth a kernel of their own, where nothing depends on values
TAKEN = frozenset(("i", "n"))  # names that CuPy's kernels have for themselves


class Names(Outside):
    """The names of a function's module, guarded as the walk guards them."""

    def __init__(self, shared: Shared, namespace: Any) -> None:
        self.shared, self.namespace = shared, namespace

    def constant(self, name: str) -> Any:
        value = self.namespace.lookup(name)
        if not isinstance(value, Array) or value.rank or not value.weak:
            return MISSING
        if value.const is not MISSING and value.pin is None:
            return value.const
        if value.pin is None or value.pin not in self.shared.facts.values:
            return MISSING
        self.shared.facts.pins[value.pin] = self.shared.facts.values[value.pin]
        return self.shared.facts.values[value.pin]

    def found(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Attribute):
            base = self.found(node.value)
            return getattr(base, node.attr, None) if isinstance(base, types.ModuleType) else None
        if not isinstance(node, ast.Name):
            return None
        value = self.namespace.lookup(node.id)
        if value is None:
            return getattr(builtins, node.id, None)
        return value.value if isinstance(value, Obj) else None


class Function_(Body):
    """One function of the user's, which may call others."""

    def __init__(self, kernel: Kernel, node: ast.FunctionDef, text: str, parameters: dict[str, Array], names: Outside):
        super().__init__(node, text, parameters, names)
        self.kernel, self.names = kernel, names

    def user_call(self, function: Any, args: list[Expr]) -> Expr:
        values = [arg.value for arg in args]
        if isinstance(function, Emitted):
            name, made = self.kernel.emitted(function, values)
        elif isinstance(function, types.FunctionType) and isinstance(self.names, Names):
            name, made = self.kernel.function(function, values, self.names)
        else:
            raise NoKernel(f"a call of {getattr(function, '__name__', 'something unknown')}")
        if len(made.result) != 1:
            raise NoKernel("a call of a function that returns several numbers")
        codes = [cast(arg, value.dtype).code for arg, value in zip(args, made.parameters.values(), strict=True)]
        if made.may_be_bad:
            codes.append(self.bad())
        return Expr(f"{name}({', '.join(codes)})", made.result[0])


class Kernel:
    """The functions of one kernel.

    texts: their C++, in the order in which they must stand.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.texts: list[str] = []
        self.made: dict[Any, tuple[str, Body]] = {}
        self.open: list[Any] = []
        self.named: set[str] = set()

    def function(self, function: types.FunctionType, values: list[Array], names: Names) -> tuple[str, Body]:
        """A function of the user's for arguments of these types: its name in C++ and what is known of it."""
        source = names.namespace.source_of(function)
        if source is None or source.bound or source.bound_keywords or function in self.open:
            raise NoKernel(f"the source of {function.__name__} is not available, or it calls itself")
        node = ast.parse(source.text).body[0]
        parameters = _parameters(node, values)
        key = (function, tuple((value.dtype, value.weak) for value in values))
        if key not in self.made:
            self.open.append(function)
            name = self.free(node.name)
            inner = Names(self.shared, names.namespace.inside(function))
            self.made[key] = name, self.compile(name, node, source.text, parameters, inner)
            self.open.pop()
        return self.made[key]

    def emitted(self, function: Emitted, values: list[Array]) -> tuple[str, Body]:
        """A function that is emitted beside the one at hand."""
        parameters = _parameters(function.node, values)
        key = (function, tuple((value.dtype, value.weak) for value in values))
        if key not in self.made:
            name = self.free(function.name.removesuffix("_batched"))
            self.made[key] = name, self.compile(name, function.node, function.text, parameters, function.outside)
        return self.made[key]

    def free(self, name: str) -> str:
        taken = {found for found, _ in self.made.values()} | self.named
        name = f"{name}_" if name in RESERVED else f"my_{name}" if name.startswith("checked_") else name
        found, number = name, 2
        while found in taken:
            found, number = f"{name}_{number}", number + 1
        self.named.add(found)
        return found

    def compile(self, name: str, node: Any, text: str, parameters: dict[str, Array], names: Outside) -> Body:
        body = Function_(self, node, text, parameters, names)
        body.run()
        given = [f"{type_of(value)} {body.renamed(key)}" for key, value in parameters.items()]
        if len(body.result) > 1:
            given += [f"{type_of(value)}& result_{k}" for k, value in enumerate(body.result)]
        given += ["bool& bad"] if body.may_be_bad else []
        kind = type_of(body.result[0]) if len(body.result) == 1 else "void"
        lines = "\n".join(body.lines)
        self.texts.append(f"__device__ {kind} {name}({', '.join(given)}) {{\n{lines}\n}}\n")
        return body


def _parameters(node: Any, values: list[Array]) -> dict[str, Array]:
    arguments = node.args
    plain = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs)
    if not plain or len(arguments.args) != len(values):
        raise NoKernel("a call with defaults or stars")
    return dict(zip((arg.arg for arg in arguments.args), values, strict=True))


def make_kernel(source: Any, function: Function, shared: Shared, name: str) -> str:
    """The text of a function that calls a kernel, whose definition is left among the helpers.

    Raises:
        NoKernel: the function is none of numbers alone, or too small.
    """
    backend: Backend = shared.backend
    parameters: dict[str, Array] = {}
    arrays: set[str] = set()
    for key, parameter in function.parameters.items():
        value = parameter.value
        if not isinstance(value, Array) or value.zero_d:
            raise NoKernel(f"{key} is no number")
        parameters[key] = Array(value.dtype, 0, weak=value.weak)
        type_of(parameters[key])
        arrays |= {key} if value.rank else set()
    if not any(
        parameter.value.axes for parameter in function.parameters.values() if isinstance(parameter.value, Array)
    ):
        raise NoKernel("nothing is batched")
    node: Any = ast.parse(source.text).body[0]
    if not is_worth_it(node):
        raise NoKernel("it is short")
    if any(key.startswith("_") for key in parameters):
        raise NoKernel("a parameter's name begins with an underscore")
    if arrays:
        check_elementwise(node, arrays, Names(shared, shared.namespace))
    kernel = Kernel(shared)
    inner = kernel.free(name)
    body = kernel.compile(inner, node, source.text, parameters, Names(shared, shared.namespace))
    writer = Rewriter(function, shared, Plan(), shared.namespace.line_numbers(function.node))
    made = writer.fresh(f"{name}_kernel")
    text = called(writer, body, made, name)
    shared.helper_sources.append(defined(made, inner, kernel, body, writer.module(backend.module, backend.alias)))
    shared.taken.add(made)
    writer.change("kernel", f"it is one kernel, in which a thread computes each {'element' if arrays else 'example'}")
    return translated(writer, text)


def is_worth_it(node: ast.FunctionDef) -> bool:
    """Whether a function has branches or loops, or enough operations."""
    nodes = list(ast.walk(node))
    if any(isinstance(part, (ast.If, ast.While, ast.For, ast.IfExp)) for part in nodes):
        return True
    raising = [ast.unparse(part.func) for part in nodes if isinstance(part, ast.Call)]
    if any(name.startswith("math.") or name in ("int", "round") for name in raising):
        return True  # which raises where it must: array code for a device does not
    return sum(isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)) for part in nodes) >= FEWEST


def defined(made: str, name: str, kernel: Kernel, body: Body, alias: str) -> str:
    """The statement that makes the kernel of a function."""
    names = {key: f"{key}_" if key in TAKEN else body.renamed(key) for key in body.parameters}
    results = ["result"] if len(body.result) == 1 else [f"result_{k}" for k in range(len(body.result))]
    given = [*names.values(), *(results if len(results) > 1 else []), *(["bad"] if body.may_be_bad else [])]
    operation = call(name, *given)
    if len(results) == 1:
        operation = f"result = {operation}"
    if body.may_be_bad:
        operation = f"bad = false; {operation}"
    return constructed(made, body, names, results, operation, "\n".join(kernel.texts), alias)


def write_kernel(made: str, name: str, kernel: Kernel, body: Body, alias: str) -> str:
    """The statement that makes the kernel of a run; one of a single expression needs no function of its own."""
    last = body.lines[-1].strip()
    if len(body.lines) > 1 or len(kernel.texts) > 1:
        return defined(made, name, kernel, body, alias)
    names = {key: body.renamed(key) for key in body.parameters}
    operation = f"result = {last.removeprefix('return ').removesuffix(';')}"
    return constructed(made, body, names, ["result"], operation, "", alias)


def constructed(
    made: str, body: Body, names: dict[str, str], results: list[str], operation: str, functions: str, alias: str
) -> str:
    """``made = cp.ElementwiseKernel(...)``.

    names: of the parameters in C++.
    functions: what stands in front of the kernel, without what `support.py` has.
    """
    inputs = ", ".join(f"{value.dtype} {names[key]}" for key, value in body.parameters.items())
    outputs = [f"{value.dtype} {result}" for value, result in zip(body.result, results, strict=True)]
    outputs += ["bool bad"] if body.may_be_bad else []
    support = support_for(f"{operation}\n{functions}").strip()
    preamble = "\n\n".join(filter(None, (support, functions)))
    ending = "" if preamble.endswith("\n") else "\n"
    written = f'    preamble="""\n{preamble}{ending}""",\n' if preamble else ""
    return (
        f"{made} = {alias}.ElementwiseKernel(\n"
        f'    "{inputs}",\n    "{", ".join(outputs)}",\n    "{operation}",\n    "{made}",\n'
        f'    options=("--fmad=false",),  # as NumPy computes: each operation is rounded\n'
        f"{written})"
    )


def called(writer: Rewriter, body: Body, made: str, name: str) -> str:
    """The function, which calls the kernel."""
    writer.open()
    operands = [writer.env[key] for key in body.parameters]
    aligned, axes, rank = writer.align(operands)
    dims = broadcast_dims([operand.array for operand in operands], rank)
    code = call(made, *(operand.code for operand in aligned))
    values = [Array(value.dtype, rank, axes, dims=dims) for value in body.result]
    names = [writer.fresh("result")] if len(values) == 1 else [writer.fresh(f"result_{k}") for k in range(len(values))]
    if body.may_be_bad:
        bad = writer.fresh("bad")
        writer.emit(f"{argument_list(*names, bad)} = {code}")
        raising = Stmt('raise ArithmeticError("Python raises for one of the examples")')
        writer.emit(f"if {bad}.any():", body=[raising])
    elif len(values) > 1:
        writer.emit(f"{argument_list(*names)} = {code}")
    else:
        names = [code]
    parts = [Operand(found, value, fresh=True) for found, value in zip(names, values, strict=True)]
    if len(parts) == 1:
        writer.emit_return(parts[0])
    else:
        codes = f"({argument_list(*names)})"
        writer.emit_return(Operand(codes, TupleV(tuple(values)), node=Parts(parts)))
    first = next(iter(statements_of(writer.function.node.body)), None)
    docstring = [Stmt(writer.text(first.body[0].value))] if first is not None and is_docstring(first) else []
    statements = tidy([*writer.prologue(), *writer.out], set(writer.function.parameters))
    return "\n".join(Stmt(writer.signature(name), body=[*docstring, *statements]).render())


__all__ = ["make_kernel"]
