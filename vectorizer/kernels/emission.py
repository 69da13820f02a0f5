"""From a function of numbers to the source that makes its kernel and calls it."""

from __future__ import annotations

import ast
import builtins
import copy
import re
import types
from collections.abc import Collection, Sequence, Set
from typing import Any

from vectorizer.backends import Backend
from vectorizer.kernels.elementwise import check_elementwise
from vectorizer.kernels.expressions import Outside
from vectorizer.kernels.functions import TABLE
from vectorizer.kernels.helpers import Emitted
from vectorizer.kernels.loops import Loops
from vectorizer.kernels.numbers import Expr, NoKernel, type_of
from vectorizer.kernels.plain import free_names
from vectorizer.kernels.runs import is_numeric_literal
from vectorizer.kernels.statements import RESERVED, Body
from vectorizer.kernels.support import support_for
from vectorizer.rewrite.function import Function, Rewriter, is_docstring
from vectorizer.rewrite.names import statements_of
from vectorizer.rewrite.tidy import tidy
from vectorizer.rewrite.translating import found_outside, translated
from vectorizer.rules.context import Plan, Shared
from vectorizer.rules.elementwise import broadcast_dims
from vectorizer.rules.subscripts import Parts
from vectorizer.source.operand import Operand, argument_list, call
from vectorizer.source.statements import Stmt
from vectorizer.values import MISSING, Array, ListV, Obj, TupleV

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

    def items(self, name: str) -> list[Any] | None:
        value = self.namespace.lookup(name)
        if not isinstance(value, (TupleV, ListV)) or self.namespace.values is None:
            return None
        found = found_outside(self.namespace, name)
        if type(found) not in (tuple, list) or not all(type(item) in (bool, int, float) for item in found):
            return None
        code = self.namespace.code_of(name)
        self.shared.facts.pins |= {f"{code}[{k}]": item for k, item in enumerate(found)}
        return list(found)

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


class Function_(Loops):
    """One function of the user's, which may call others."""

    def __init__(
        self,
        kernel: Kernel,
        node: ast.FunctionDef,
        text: str,
        parameters: dict[str, Array],
        names: Outside,
        arrays: dict[str, Array] | None = None,
    ) -> None:
        self.kernel = kernel
        super().__init__(node, text, parameters, names, arrays)
        self.outside, self.text = names, text

    def functions(self) -> Set[str]:
        return self.kernel.named

    def call(self, node: ast.Call) -> Expr:
        found = self.user_call(node)
        if found is None:
            return super().call(node)
        name, made, codes = found
        if len(made.result) != 1:
            raise NoKernel("a call of a function that returns several numbers")
        return Expr(f"{name}({', '.join(codes)})", made.result[0])

    def several(self, node: ast.Call) -> list[Expr] | None:
        found = self.user_call(node)
        if found is None or len(found[1].result) == 1:
            return None
        name, made, codes = found
        given = len(codes) - made.may_be_bad
        results = [Expr(self.fresh(f"{name}_{k}"), value) for k, value in enumerate(made.result)]
        for result in results:
            self.emit(f"{type_of(result.value)} {result.code};")
        codes[given:given] = [result.code for result in results]
        self.emit(f"{name}({', '.join(codes)});")
        return results

    def user_call(self, node: ast.Call) -> tuple[str, Body, list[str]] | None:
        """A call of a function of the user's: its name in C++, what is known of it, and the arguments."""
        free: list[str] = []
        if isinstance(node.func, ast.Name) and node.func.id in self.inner_functions:
            function: Any = self.inner_functions[node.func.id]
            free = [name for name in free_names(function) if name in self.types or name in self.sequences]
            given = self.given(function, node, free)
            name, made = self.kernel.inner(self, function, [value for _, value in given], free)
        elif isinstance(node.func, ast.Name) and node.func.id in self.types:
            raise NoKernel("a call of a variable")
        else:
            function = self.outside.found(node.func)
            if isinstance(function, Emitted):
                given = self.given(function.node, node)
                name, made = self.kernel.emitted(function, [value for _, value in given])
            elif isinstance(function, types.FunctionType) and isinstance(self.outside, Names) and not _is_row(function):
                source = self.kernel.source(function, self.outside)
                given = self.given(ast.parse(source.text).body[0], node)
                name, made = self.kernel.function(function, source, [value for _, value in given], self.outside)
            else:
                return None
        codes = [code for codes, _ in given for code in codes]
        return name, made, [*codes, self.bad()] if made.may_be_bad else codes

    def given(self, function: Any, node: ast.Call, free: Sequence[str] = ()) -> list[tuple[list[str], Array]]:
        """The codes and the value of each parameter of a function that is called."""
        arguments = [*bound_arguments(function, node), *(ast.Name(name, ast.Load()) for name in free)]
        return [self.argument(part) for part in arguments]

    def argument(self, node: ast.expr) -> tuple[list[str], Array]:
        is_sequence = isinstance(node, ast.Name) and node.id not in self.types
        if is_sequence and (node.id in self.sequences or self.outside.items(node.id) is not None):  # type: ignore[attr-defined]
            sequence = self.sequence(node.id)  # type: ignore[attr-defined]
            lengths = [length.code for length in sequence.lengths]
            return [self.written(node.id, sequence), *lengths], sequence.item.with_(rank=len(lengths))  # type: ignore[attr-defined]
        made = self.expression(node)
        return [made.code], made.value


def bound_arguments(function: Any, node: ast.Call) -> list[ast.expr]:
    """What a call gives to each parameter of a function; defaults are numbers."""
    arguments = function.args
    plain = not (arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs)
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if not plain or None in keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
        raise NoKernel("a call with stars")
    names = [arg.arg for arg in arguments.args]
    given = dict(zip(reversed(names), reversed(arguments.defaults), strict=False))
    if any(not is_numeric_literal(default) for default in given.values()):
        raise NoKernel("a default that is no number")
    if len(node.args) > len(names) or keywords.keys() - set(names[len(node.args) :]):
        raise NoKernel("a call that raises")
    given |= dict(zip(names, node.args, strict=False)) | keywords
    if given.keys() != set(names):
        raise NoKernel("a call that raises")
    return [given[name] for name in names]


def _is_row(function: Any) -> bool:
    return function in TABLE


class Kernel:
    """The functions of one kernel.

    texts: their C++ by name, in the order in which they must stand.
    """

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.texts: dict[str, str] = {}
        self.made: dict[Any, tuple[str, Body]] = {}
        self.open: list[Any] = []
        self.named: set[str] = set()

    def source(self, function: types.FunctionType, names: Names) -> Any:
        """The source of a function of the user's."""
        source = names.namespace.source_of(function)
        if source is None or source.bound or source.bound_keywords or function in self.open:
            raise NoKernel(f"the source of {function.__name__} is not available, or it calls itself")
        return source

    def function(
        self, function: types.FunctionType, source: Any, values: list[Array], names: Names
    ) -> tuple[str, Body]:
        """A function of the user's for arguments of these types: its name in C++ and what is known of it."""
        node: Any = ast.parse(source.text).body[0]
        inner = Names(self.shared, names.namespace.inside(function))
        return self.once(function, node.name, node, source.text, values, inner)

    def inner(self, outer: Function_, node: ast.FunctionDef, values: list[Array], free: list[str]) -> tuple[str, Body]:
        """A function that is defined in another, whose variables it reads as if they were parameters."""
        if any(isinstance(part, (ast.Nonlocal, ast.Global)) for part in ast.walk(node)):
            raise NoKernel("an inner function that sets outer variables")
        extended = copy.deepcopy(node)
        extended.args.args += [ast.arg(name) for name in free]
        extended.args.defaults = []
        return self.once((id(node), *free), node.name, extended, outer.text, values, outer.outside)

    def once(
        self, function: Any, name: str, node: ast.FunctionDef, text: str, values: list[Array], names: Outside
    ) -> tuple[str, Body]:
        """A function for arguments of some types, which is made once."""
        key = (function, tuple((value.dtype, value.weak, value.rank) for value in values))
        if key not in self.made:
            if function in self.open:
                raise NoKernel(f"{name} calls itself")
            self.open.append(function)
            free = self.free(name)
            parameters = dict(zip((arg.arg for arg in node.args.args), values, strict=True))
            self.made[key] = free, self.compile(free, node, text, parameters, names)
            self.open.pop()
        return self.made[key]

    def emitted(self, function: Emitted, values: list[Array]) -> tuple[str, Body]:
        """A function that is emitted beside the one at hand."""
        name = function.name.removesuffix("_batched")
        return self.once(function, name, function.node, function.text, values, function.outside)

    def free(self, name: str) -> str:
        taken = {found for found, _ in self.made.values()} | self.named
        name = f"{name}_" if name in RESERVED else f"my_{name}" if name.startswith("checked_") else name
        found, number = name, 2
        while found in taken:
            found, number = f"{name}_{number}", number + 1
        self.named.add(found)
        return found

    def compile(self, name: str, node: Any, text: str, given: dict[str, Array], names: Outside) -> Body:
        numbers = {key: value for key, value in given.items() if not value.rank}
        arrays = {key: value for key, value in given.items() if value.rank}
        body = Function_(self, node, text, numbers, names, arrays)
        body.run()
        codes = [code for key in given for code in declared(body, key)]
        if len(body.result) > 1:
            codes += [f"{type_of(value)}& result_{k}" for k, value in enumerate(body.result)]
        codes += ["bool& bad"] if body.may_be_bad else []
        kind = type_of(body.result[0]) if len(body.result) == 1 else "void"
        lines = "\n".join(body.lines)
        self.texts[name] = f"__device__ {kind} {name}({', '.join(codes)}) {{\n{lines}\n}}\n"
        return body

    def text(self, name: str) -> str:
        """A function with those that it calls; what was made for types that did not last is not among them."""
        used = {name}
        for found in reversed(self.texts):
            if found in used:
                used |= {other for other in self.texts if re.search(rf"\b{other}\(", self.texts[found])}
        return "\n".join(text for found, text in self.texts.items() if found in used)


def declared(body: Body, name: str) -> list[str]:
    """A parameter of a function in C++; arrays come with their lengths."""
    if name in body.parameters:
        return [f"{type_of(body.parameters[name])} {body.renamed(name)}"]
    sequence = body.arrays[name]
    lengths = [f"long long {length.code}" for length in sequence.lengths]
    return [f"const {type_of(sequence.item)}* {sequence.code}", *lengths]


def make_kernel(source: Any, function: Function, shared: Shared, name: str, reads: bool = False) -> str:
    """The text of a function that calls a kernel, whose definition is left among the helpers.

    Args:
        reads: whether a thread computes an example and reads the arrays of it; else it computes an element.

    Raises:
        NoKernel: the function is none of numbers alone, or too small.
    """
    backend: Backend = shared.backend
    parameters = {key: number_of(key, parameter.value) for key, parameter in function.parameters.items()}
    arrays = {key for key, value in parameters.items() if value.rank}
    if not any(value.axes for value in parameters.values()):
        raise NoKernel("nothing is batched")
    node: Any = ast.parse(source.text).body[0]
    if not is_worth_it(node):
        raise NoKernel("it is short")
    if any(key.startswith("_") for key in parameters):
        raise NoKernel("a parameter's name begins with an underscore")
    names = Names(shared, shared.namespace)
    if reads:
        check_reads(function, parameters)
    elif arrays:
        check_elementwise(node, arrays, names)
    kernel = Kernel(shared)
    inner = kernel.free(name)
    kept = arrays if reads else ()
    given = {
        key: Array(value.dtype, value.rank if key in kept else 0, weak=value.weak) for key, value in parameters.items()
    }
    body = kernel.compile(inner, node, source.text, given, names)
    writer = Rewriter(function, shared, Plan(), shared.namespace.line_numbers(function.node))
    made = writer.fresh(f"{name}_kernel")
    text = called(writer, body, made, name)
    batched = {key for key, value in parameters.items() if value.axes}
    alias = writer.module(backend.module, backend.alias)
    shared.helper_sources.append(defined(made, inner, kernel, body, alias, batched))
    shared.taken.add(made)
    each = "element" if arrays and not reads else "example"
    writer.change("kernel", f"it is one kernel, in which a thread computes each {each}")
    return translated(writer, text)


def number_of(name: str, value: Any) -> Array:
    """The value of a parameter that kernels can be given."""
    if not isinstance(value, Array) or value.zero_d:
        raise NoKernel(f"{name} is no number")
    type_of(Array(value.dtype, 0))
    return value


def check_reads(function: Function, parameters: dict[str, Array]) -> None:
    """Refuses arrays that a thread does not find by the number of its example."""
    arrays = [value for value in parameters.values() if value.rank]
    if not arrays or any(value.rank > 2 for value in arrays):
        raise NoKernel("there are no arrays, or some of more than two axes")
    if len(function.axes) > 1 and any(value.axes for value in arrays):
        raise NoKernel("there are several axes of examples")


def is_worth_it(node: ast.FunctionDef) -> bool:
    """Whether a function has branches or loops, or enough operations."""
    nodes = list(ast.walk(node))
    if any(isinstance(part, (ast.If, ast.While, ast.For, ast.IfExp)) for part in nodes):
        return True
    raising = [ast.unparse(part.func) for part in nodes if isinstance(part, ast.Call)]
    if any(name.startswith("math.") or name in ("int", "round") for name in raising):
        return True  # which raises where it must: array code for a device does not
    return sum(isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)) for part in nodes) >= FEWEST


def defined(
    made: str, name: str, kernel: Kernel, body: Body, alias: str, batched: Collection[str] = frozenset()
) -> str:
    """The statement that makes the kernel of a function.

    batched: the arrays of which each example has its own.
    """
    results = ["result"] if len(body.result) == 1 else [f"result_{k}" for k in range(len(body.result))]
    names, given = kernel_names(body, {name, "bad", *results}), []
    for key in body.order:
        own, *lengths = names[key]
        place = " * ".join(["i", *lengths]) if key in batched else "0"
        given += [f"&{own}[{place}]", *lengths] if lengths else [own]
    given += results if len(results) > 1 else []
    operation = call(name, *given, *(["bad"] if body.may_be_bad else []))
    if len(results) == 1:
        operation = f"result = {operation}"
    if body.may_be_bad:
        operation = f"bad = false; {operation}"
    return constructed(made, body, names, results, operation, kernel.text(name), alias)


def kernel_names(body: Body, taken: set[str]) -> dict[str, list[str]]:
    """What a kernel calls the parameters of its function: those that are arrays with their lengths."""
    found = {}
    for key in body.order:
        sequence = body.arrays.get(key)
        codes = [body.renamed(key), *(length.code for length in sequence.lengths)] if sequence else [body.renamed(key)]
        found[key] = [body.unlike(code, TAKEN | taken) for code in codes]
    return found


def write_kernel(made: str, name: str, kernel: Kernel, body: Body, alias: str) -> str:
    """The statement that makes the kernel of a run; one of a single expression needs no function of its own."""
    last = body.lines[-1].strip()
    if len(body.lines) > 1 or kernel.text(name) != kernel.texts[name]:
        return defined(made, name, kernel, body, alias)
    names = {key: [body.renamed(key)] for key in body.parameters}
    operation = f"result = {last.removeprefix('return ').removesuffix(';')}"
    return constructed(made, body, names, ["result"], operation, "", alias)


def constructed(
    made: str, body: Body, names: dict[str, list[str]], results: list[str], operation: str, functions: str, alias: str
) -> str:
    """``made = cp.ElementwiseKernel(...)``.

    names: of the parameters in C++.
    functions: what stands in front of the kernel, without what `support.py` has.
    """
    inputs = ", ".join(part for key in body.order for part in inputs_of(body, key, names[key]))
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


def inputs_of(body: Body, key: str, names: list[str]) -> list[str]:
    """A parameter as `ElementwiseKernel` declares it."""
    if key in body.parameters:
        return [f"{body.parameters[key].dtype} {names[0]}"]
    return [f"raw {body.arrays[key].item.dtype} {names[0]}", *(f"int64 {length}" for length in names[1:])]


def given_arrays(writer: Rewriter, body: Body) -> dict[str, list[str]]:
    """What the kernel is given for each array: its rows behind each other, and its lengths."""
    found = {}
    for key, sequence in body.arrays.items():
        operand = writer.env[key]
        first = len(operand.array.axes)
        lengths = [f"{operand.primary}.shape[{first + k}]" for k in range(len(sequence.lengths))]
        found[key] = [call(writer.np("ascontiguousarray"), operand.code), *lengths]
    return found


def called(writer: Rewriter, body: Body, made: str, name: str) -> str:
    """The function, which calls the kernel."""
    writer.open()
    operands = [writer.env[key] for key in body.parameters]
    aligned, axes, rank = writer.align(operands) if operands else ([], (), 0)
    dims = broadcast_dims([operand.array for operand in operands], rank)
    given = given_arrays(writer, body) | {k: [o.code] for k, o in zip(body.parameters, aligned, strict=True)}
    size = {}
    if not axes:  # none but arrays tell how many examples there are
        sized = next(writer.env[key] for key in body.arrays if writer.env[key].array.axes)
        axes, size = sized.array.axes, {"size": f"{sized.primary}.shape[0]"}
    code = call(made, *(code for key in body.order for code in given[key]), **size)
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
