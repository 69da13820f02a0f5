"""The user's functions in kernels: each becomes a function of C++, with those that it calls."""

from __future__ import annotations

import ast
import builtins
import copy
import re
import types
from collections.abc import Sequence, Set
from typing import Any

from vectorizer.kernels.expressions import Outside
from vectorizer.kernels.functions import TABLE
from vectorizer.kernels.helpers import Emitted
from vectorizer.kernels.loops import Loops
from vectorizer.kernels.names import RESERVED
from vectorizer.kernels.numbers import Expr, NoKernel, type_of
from vectorizer.kernels.plain import free_names
from vectorizer.kernels.runs import is_numeric_literal
from vectorizer.kernels.statements import Body
from vectorizer.kernels.storage import Memory
from vectorizer.rewrite.translating import found_outside
from vectorizer.rules.context import Shared
from vectorizer.values import MISSING, Array, ListV, Obj, TupleV


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
        memory: Memory | None = None,
    ) -> None:
        self.kernel = kernel
        super().__init__(node, text, parameters, names, arrays, memory)
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

    def compile(
        self,
        name: str,
        node: Any,
        text: str,
        given: dict[str, Array],
        names: Outside,
        memory: Memory | None = None,
    ) -> Body:
        """A function for arguments of the types that are given, whose C++ joins the others."""
        numbers = {key: value for key, value in given.items() if not value.rank}
        arrays = {key: value for key, value in given.items() if value.rank}
        body = Function_(self, node, text, numbers, names, arrays, memory)
        body.run()
        codes = [code for key in given for code in declared(body, key)]
        for room in body.rooms_of_the_host():
            codes.append(f"{type_of(room.sequence.item)}* {room.sequence.code}")
            codes += [f"long long {length}" for length, _ in room.own_lengths]
        if not body.gives_one_number():
            codes += [f"{type_of(value)}& result_{k}" for k, value in enumerate(body.result) if not value.rank]
        codes += ["bool& bad"] if body.may_be_bad else []
        kind = type_of(body.result[0]) if body.gives_one_number() else "void"
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
    const = "" if name in body.stored_into else "const "
    return [f"{const}{type_of(sequence.item)}* {sequence.code}", *lengths]
