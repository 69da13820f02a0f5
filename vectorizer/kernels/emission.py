"""From a function of numbers to the source that makes its kernel and calls it."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer.backends import Backend
from vectorizer.kernels.elementwise import check_elementwise
from vectorizer.kernels.numbers import NoKernel, type_of
from vectorizer.kernels.statements import Body
from vectorizer.kernels.storage import Memory
from vectorizer.kernels.user_functions import Kernel, Names
from vectorizer.kernels.written import defined
from vectorizer.rewrite.function import Function, Rewriter, is_docstring
from vectorizer.rewrite.names import statements_of
from vectorizer.rewrite.tidy import tidy
from vectorizer.rewrite.translating import translated
from vectorizer.rules.context import Plan, Shared
from vectorizer.rules.elementwise import broadcast_dims
from vectorizer.rules.subscripts import Parts
from vectorizer.source.operand import Operand, argument_list, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Obj, TupleV

FEWEST = 4  # operations that are worth a kernel of their own, where nothing depends on values


@dataclass(frozen=True)
class KernelCall:
    """The text of a function that calls a kernel; `stores` says that its threads store into arrays."""

    text: str
    stores: bool


def make_kernel(source: Any, function: Function, shared: Shared, name: str, reads: bool = False) -> KernelCall:
    """A function that calls a kernel, whose definition is left among the helpers.

    Args:
        reads: whether a thread computes an example, and reads the arrays of it and stores into them; else it computes
            an element.

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
    memory = memory_of(function, parameters) if reads else None
    body = kernel.compile(inner, node, source.text, given, names, memory)
    if reads and not (arrays or body.has_memory()):
        raise NoKernel("there are no arrays")
    writer = Rewriter(function, shared, Plan(), shared.namespace.line_numbers(function.node))
    made = writer.fresh(f"{name}_kernel")
    text = called(writer, body, made, name)
    batched = {key for key, value in parameters.items() if value.axes}
    alias = writer.module(backend.module, backend.alias)
    shared.helper_sources.append(defined(made, inner, kernel, body, alias, batched))
    shared.taken.add(made)
    each = "element" if arrays and not reads else "example"
    writer.change("kernel", f"it is one kernel, in which a thread computes each {each}")
    return KernelCall(translated(writer, text), body.has_memory())


def number_of(name: str, value: Any) -> Array:
    """The value of a parameter that kernels can be given."""
    if not isinstance(value, Array) or value.zero_d:
        raise NoKernel(f"{name} is no number")
    type_of(Array(value.dtype, 0))
    return value


def check_reads(function: Function, parameters: dict[str, Array]) -> None:
    """Refuses arrays that a thread does not find by the number of its example."""
    arrays = [value for value in parameters.values() if value.rank]
    if any(value.rank > 2 for value in arrays):
        raise NoKernel("there are arrays of more than two axes")
    if len(function.axes) > 1 and any(value.axes for value in arrays):
        raise NoKernel("there are several axes of examples")


def memory_of(function: Function, parameters: dict[str, Array]) -> Memory | None:
    """What a thread may store into."""
    if len(function.axes) != 1:
        return None
    uniform = {key for key, value in parameters.items() if not value.axes and value.weak and value.kind == "i"}
    rows = {key for key, value in parameters.items() if value.rank and value.axes and path_of(value) is not None}
    return Memory(frozenset(uniform), frozenset(rows))


def path_of(value: Array) -> str | None:
    """The argument whose memory an array is; None where it is that of no argument, or of several."""
    origins = [origin for origin in value.origins if isinstance(origin, tuple) and origin[0] == "argument"]
    return str(origins[0][1]) if len(origins) == len(value.origins) == 1 else None


def is_worth_it(node: ast.FunctionDef) -> bool:
    """Whether a function has branches or loops, or enough operations."""
    nodes = list(ast.walk(node))
    if any(isinstance(part, (ast.If, ast.While, ast.For, ast.IfExp)) for part in nodes):
        return True
    raising = [ast.unparse(part.func) for part in nodes if isinstance(part, ast.Call)]
    if any(name.startswith("math.") or name in ("int", "round") for name in raising):
        return True  # which raises where it must: array code for a device does not
    return sum(isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)) for part in nodes) >= FEWEST


class Call:
    """The call of a kernel: what it is given, and what becomes of what it gives."""

    def __init__(self, writer: Rewriter, body: Body, made: str) -> None:
        self.writer, self.body, self.made = writer, body, made
        writer.open()
        operands = [writer.env[key] for key in body.parameters]
        aligned, self.axes, self.rank = writer.align(operands) if operands else ([], (), 0)
        self.dims = broadcast_dims([operand.array for operand in operands], self.rank)
        self.given = {key: [operand.code] for key, operand in zip(body.parameters, aligned, strict=True)}
        self.is_sized = bool(self.axes)  # by what the kernel goes through; else it is told how many examples there are
        if not self.axes:
            self.axes = next((o.array.axes for key in body.arrays if (o := writer.env[key]).array.axes), ())
        self.kept: dict[str, str] = {}  # names of the memory that is stored into, by the variables

    def write(self) -> Operand:
        """Emits the call; gives the results."""
        body = self.body
        for key in body.arrays:
            self.given[key] = self.given_array(key)
        inputs = [code for key in body.order if key not in body.stored_into for code in self.given[key]]
        inputs += [code for key in body.order if key in body.stored_into for code in self.given[key][1:]]
        if body.has_memory():
            names = self.call_with_memory(inputs)
        else:
            names = self.call_plainly(inputs)
        values = [Array(v.dtype, v.rank or self.rank, self.axes, dims=() if v.rank else self.dims) for v in body.result]
        parts = [Operand(found, value, fresh=True) for found, value in zip(names, values, strict=True)]
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Operand("None", Obj(None))
        return Operand(f"({argument_list(*names)})", TupleV(tuple(values)), node=Parts(parts))

    def given_array(self, key: str) -> list[str]:
        """What the kernel is given for an array: its rows behind each other, and its lengths."""
        operand = self.writer.env[key]
        first = len(operand.array.axes)
        lengths = [f"{operand.primary}.shape[{first + k}]" for k in range(len(self.body.arrays[key].lengths))]
        if key in self.body.stored_into:
            self.kept[key] = self.writer.fresh(key)
            self.writer.emit(f"{self.kept[key]} = {operand.primary}.copy()", target=self.kept[key])
            return [self.kept[key], *lengths]
        return [call(self.writer.np("ascontiguousarray"), operand.code), *lengths]

    def size(self) -> str:
        """How many examples there are: none but arrays tell."""
        arrays = (self.writer.env[key] for key in self.body.arrays)
        return f"{next(o for o in arrays if o.array.axes).primary}.shape[0]"

    def call_plainly(self, inputs: list[str]) -> list[str]:
        """A kernel that makes its results; gives their codes."""
        writer, body = self.writer, self.body
        code = call(self.made, *inputs, **({} if self.is_sized else {"size": self.size()}))
        if len(body.result) == 1 and not body.may_be_bad:
            return [code]
        names = self.result_names()
        bad = [writer.fresh("bad")] if body.may_be_bad else []
        writer.emit(f"{argument_list(*names, *bad)} = {code}")
        self.raise_if(bad)
        return names

    def result_names(self) -> list[str]:
        """Names for the results that are numbers; arrays have those of their memory."""
        results = self.body.result
        hints = ["result"] if len(results) == 1 else [f"result_{k}" for k in range(len(results))]
        arrays = [self.kept[expr.code] if expr.value.rank else "" for expr in self.body.results[0]]
        return [name or self.writer.fresh(hint) for name, hint in zip(arrays, hints, strict=True)]

    def call_with_memory(self, inputs: list[str]) -> list[str]:
        """A kernel that stores into arrays, for which room is made here; then also for what it gives otherwise."""
        writer, body = self.writer, self.body
        stored, lengths = [self.kept[key] for key in body.order if key in body.stored_into], []
        leaves = {f"{key}.{k}": code for key in body.arrays for k, code in enumerate(self.given[key][1:])}
        leaves |= {key: writer.env[key].code for key in body.parameters}
        for room in body.rooms_of_the_host():
            sizes = [size.on_host(leaves) for size in room.sequence.sizes]
            own = {length for length, _ in room.own_lengths}
            lengths += [s for s, length in zip(sizes, room.sequence.lengths, strict=True) if length.code in own]
            self.kept[room.name] = self.make_room(room.name, room.sequence.item, sizes)
            stored.append(self.kept[room.name])
        names = self.result_names()
        for name, value in zip(names, body.result, strict=True):
            stored += [] if value.rank else [self.make_room(name, value, [], name)]
        bad = [self.make_room("bad", Array(np.dtype(bool), 0), [])] if body.may_be_bad else []
        tells_size = self.is_sized or bool(bad) or any(not value.rank for value in body.result)
        size = {} if tells_size else {"size": self.size()}
        writer.emit(call(self.made, *inputs, *lengths, *stored, *bad, **size))
        self.raise_if(bad)
        for key in body.arrays:
            if key in body.stored_into:
                writer.emit(f"{writer.env[key].code}[...] = {self.kept[key]}")
                writer.facts.writes |= {path for path in [path_of(writer.env[key].array)] if path}
        return names

    def make_room(self, hint: str, value: Array, sizes: list[str], name: str = "") -> str:
        """Makes an array with a row for each example, named after a variable of the user's where that is free."""
        taken = self.writer.shared.taken | self.writer.function.parameters.keys() | set(self.kept.values())
        name = name or (hint if hint in self.body.rooms and hint not in taken else self.writer.fresh(hint))
        code = self.writer.empty_code(value, self.axes, sizes)
        self.writer.emit(f"{name} = {code}", target=name)
        return name

    def raise_if(self, bad: list[str]) -> None:
        if bad:
            raising = Stmt('raise ArithmeticError("Python raises for one of the examples")')
            self.writer.emit(f"if {bad[0]}.any():", body=[raising])


def called(writer: Rewriter, body: Body, made: str, name: str) -> str:
    """The function, which calls the kernel."""
    writer.emit_return(Call(writer, body, made).write())
    first = next(iter(statements_of(writer.function.node.body)), None)
    docstring = [Stmt(writer.text(first.body[0].value))] if first is not None and is_docstring(first) else []
    statements = tidy([*writer.prologue(), *writer.out], set(writer.function.parameters))
    return "\n".join(Stmt(writer.signature(name), body=[*docstring, *statements]).render())


__all__ = ["KernelCall", "make_kernel"]
