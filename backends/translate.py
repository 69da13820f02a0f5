"""From emitted NumPy to another library: names are replaced, and what it lacks is lowered by its rows.

The text keeps its comments and its layout: only the names and calls that change are put in anew.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer.backends.base import Backend, Lacking
from vectorizer.backends.calls import CallText, Text
from vectorizer.backends.placement import HOST_ATTRIBUTES, Parameters, Placement
from vectorizer.backends.subscripts import ALONG, check_store, checked_items, is_view, may_be_out_of_range

SHAPED = ("arange", "empty", "full", "ones", "zeros")
HOMES = {"": np, "linalg": np.linalg, "fft": np.fft, "random": np.random, "lib.stride_tricks": np.lib.stride_tricks}


@dataclass
class Translated:
    """A function's text for a backend.

    helpers: the functions of `vectorizer.runtime` and `vectorizer.array_functions` that it calls.
    modules: further modules that it needs, by name.
    """

    text: str
    helpers: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)


def path_of(found: Any) -> str:
    """The dotted name of a module or of one of NumPy's or SciPy's functions; empty for all else."""
    if isinstance(found, types.ModuleType):
        root = found.__name__.partition(".")[0]
        return found.__name__ if root in ("numpy", "math", "cmath", "scipy") else ""
    name = getattr(found, "__name__", None)
    if not isinstance(name, str) or not callable(found):
        return ""
    for home, module in HOMES.items():
        if getattr(module, name, None) is found:
            return ".".join(filter(None, ("numpy", home, name)))
    if isinstance(found, np.ufunc):
        return f"scipy.special.{name}"
    owner = str(getattr(found, "__module__", "") or "")
    return f"{owner}.{name}" if owner in ("math", "cmath") else ""


def vars_of(value: Any) -> Mapping[str, Any]:
    """The attributes of an object of the user's own."""
    found: Mapping[str, Any] = {} if isinstance(value, types.ModuleType | type) else getattr(value, "__dict__", {})
    return found


class Names:
    """What the names of a function mean outside of it.

    lookup: what a name stands for; None where that is nothing that is known.
    imports: the import lines that emitted code brings along, by name.
    """

    def __init__(self, lookup: Callable[[str], Any], imports: Mapping[str, str], local: Iterable[str]) -> None:
        self.lookup, self.imports, self.local = lookup, imports, set(local)

    def path(self, node: ast.expr) -> str:
        """The dotted name of what an expression names in a library."""
        if isinstance(node, ast.Attribute):
            base = self.path(node.value)
            return f"{base}.{node.attr}" if base else ""
        if not isinstance(node, ast.Name) or node.id in self.local:
            return ""
        line = self.imports.get(node.id, "").split()
        if line[:1] == ["import"]:
            return line[1] if line[1].partition(".")[0] in ("numpy", "math", "scipy") else ""
        if line[:1] == ["from"]:
            return f"{line[1]}.{line[3]}" if line[1].partition(".")[0] in ("numpy", "math", "scipy") else ""
        return path_of(self.lookup(node.id))

    def is_array(self, node: ast.expr) -> bool:
        """Whether an expression from outside, such as ``TABLES["a"]``, stands for a NumPy array."""
        return isinstance(self.outside(node), np.ndarray)

    def outside(self, node: ast.expr) -> Any:
        """What a name from outside stands for, or an attribute or item of it; None where that is not known."""
        match node:
            case ast.Name(id=name):
                return None if name in self.local else self.lookup(name)
            case ast.Attribute(value=value, attr=name):
                return vars_of(self.outside(value)).get(name)
            case ast.Subscript(value=value, slice=ast.Constant(value=key)):
                base = self.outside(value)
                is_there = type(base) is dict and key in base
                is_there |= type(base) in (list, tuple) and type(key) is int and -len(base) <= key < len(base)
                return base[key] if is_there else None
        return None


def find_operands(function: ast.FunctionDef, names: Names, kernels: Iterable[str]) -> Iterator[ast.expr]:
    """Expressions, and what they are parts of, that operations and kernels read and give back to nobody."""
    for node in ast.walk(function):
        match node:
            case ast.BinOp(left=left, right=right):
                found = [left, right]
            case ast.Compare(left=left, comparators=others):
                found = [left, *others]
            case ast.UnaryOp(operand=operand):
                found = [operand]
            case ast.Call(func=ast.Name(id=name), args=args) if name in kernels:
                found = args
            case ast.Call(func=called, args=args, keywords=[]) if is_ufunc(names.path(called)):
                found = args
            case _:
                continue
        for part in found:
            yield part
            while isinstance(part, (ast.Attribute, ast.Subscript)):
                part = part.value
                yield part


def is_ufunc(path: str) -> bool:
    return path.startswith("numpy.") and isinstance(getattr(np, path.removeprefix("numpy."), None), np.ufunc)


class Translator:
    """Translates one function."""

    def __init__(
        self, text: str, backend: Backend, alias: str, names: Names, parameters: Parameters, is_complex: bool
    ) -> None:
        self.source = text.encode()
        tree = ast.parse(text)
        found = tree.body[-1]
        assert isinstance(found, ast.FunctionDef)
        self.function = found
        self.backend, self.alias, self.names, self.is_complex = backend, alias, names, is_complex
        self.placement = Placement(found, parameters, names.path, names.is_array)
        self.done = Translated(text)
        self.operands = {id(part) for part in find_operands(found, names, parameters.kernels)}
        starts = [0]
        for line in self.source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        self.starts = starts

    def run(self) -> Translated:
        """The text in the backend's terms.

        Raises:
            Lacking: it has nothing for something in the text.
        """
        self.done.text = self.rendered(self.function, 0, len(self.source))
        return self.done

    # --- text --------------------------------------------------------------------------------------------------------

    def span(self, node: ast.expr) -> tuple[int, int]:
        first = self.starts[node.lineno - 1] + node.col_offset
        last = self.starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)
        return first, last

    def code(self, node: ast.expr) -> str:
        """The text of an expression, translated."""
        start, end = self.span(node)
        own = self.replacement(node)
        return self.rendered(node, start, end) if own is None else own

    def rendered(self, node: ast.AST, start: int, end: int) -> str:
        """The text from `start` to `end`, with the parts of `node` in it translated."""
        pieces: list[str] = []
        at = start
        for first, last, new in sorted(self.edits(node)):
            pieces += [self.source[at:first].decode(), new]
            at = last
        return "".join([*pieces, self.source[at:end].decode()])

    def edits(self, node: ast.AST) -> list[tuple[int, int, str]]:
        """What changes below a node, outermost replacements only."""
        found: list[tuple[int, int, str]] = []
        for child in ast.iter_child_nodes(node):
            new = self.replacement(child) if isinstance(child, ast.expr) else None
            if new is not None:
                found.append((*self.span(child), new))  # type: ignore[arg-type]
            else:
                found += self.edits(child)
        return found

    # --- nodes -------------------------------------------------------------------------------------------------------

    def replacement(self, node: ast.expr) -> str | None:
        """The text that an expression becomes; None where it stays, but for its parts."""
        match node:
            case ast.Call(func=function):
                path = self.names.path(function)
                if path.startswith("numpy."):
                    return self.call(node, path.removeprefix("numpy."))
                if path.startswith("scipy."):
                    return self.companion_call(node, path)
                if isinstance(function, ast.Name) and function.id == "range" and "range" not in self.names.local:
                    return self.range_call(node)
                return self.method(node)
            case ast.Attribute(value=value, attr=name):
                path = self.names.path(node)
                if path.startswith("numpy."):
                    return self.name(path.removeprefix("numpy."), node)
                if name in HOST_ATTRIBUTES and self.names.is_array(value):
                    return self.plain(node)
                if self.names.is_array(node):
                    return self.moved(node)
            case ast.Slice(lower=lower, upper=upper, step=step):
                return self.slice([lower, upper, step])
            case ast.Subscript():
                return self.moved(node) if self.names.is_array(node) else self.subscript(node)
            case ast.Name(ctx=ast.Load()):
                if self.names.is_array(node):
                    return self.moved(node)
                path = self.names.path(node)
                if path.startswith("numpy."):
                    return self.name(path.removeprefix("numpy."), node)
        return None

    def plain(self, node: ast.expr) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def moved(self, node: ast.expr) -> str:
        """A NumPy array from outside, on the device; what is only computed with is kept there."""
        if id(node) not in self.operands:
            return f"{self.alias}.asarray({self.plain(node)})"
        self.done.helpers.add("device_copy")
        return f"device_copy({self.plain(node)}, {self.alias})"

    def name(self, path: str, node: ast.expr) -> str:
        """A name of NumPy's that is not called here: a constant, a dtype, a function that is passed on."""
        self.check_random(path)
        if path in self.backend.host:
            start, end = self.span(node)
            return self.source[start:end].decode()
        if path in self.inventory.names:
            return f"{self.alias}.{path}"
        found: Any = np
        for part in path.split("."):
            found = getattr(found, part, None)
        if isinstance(found, (int, float, type)):
            start, end = self.span(node)
            return self.source[start:end].decode()
        raise Lacking(f"{self.backend.module} has no {path}")

    @property
    def inventory(self) -> Any:
        assert self.backend.inventory is not None
        return self.backend.inventory

    def arguments(self, node: ast.Call) -> tuple[tuple[Text, ...], dict[str, Text], bool]:
        """Arguments, keywords, and whether some are unpacked."""
        starred = any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords)
        args = tuple(Text(self.code(a), a) for a in node.args)
        keywords = {k.arg or "**": Text(self.code(k.value), k.value) for k in node.keywords}
        return args, keywords, starred

    def call(self, node: ast.Call, path: str) -> str | None:
        """A call of one of NumPy's functions."""
        self.check_random(path)
        if path in self.backend.host:
            return None
        if not self.placement.on_device(node):
            start, end = self.span(node)
            is_type = self.inventory.names.get(path, ()) is None  # `cp.float32` is NumPy's
            return self.renamed(node, path) if is_type else self.source[start:end].decode()
        if path == "copyto" and node.args and isinstance(node.args[0], ast.Call):
            raise Lacking("a view that a function makes is stored into: it may be a copy")
        args, keywords, starred = self.arguments(node)
        problem = f"{self.backend.module} has no {path}"
        if f"numpy.{path}" in ALONG and len(args) > 1 and may_be_out_of_range(node.args[1], self.placement):
            return self.taken(path, args, keywords)
        if self.inventory.has(path) and path not in self.backend.other:
            refused = None if starred else self.inventory.takes(path, keywords, len(args))
            if refused is None:
                return self.renamed(node, path)
            problem = f"{self.backend.module} has no {refused}"
        if path in self.backend.other:
            problem = f"{self.backend.module}'s {path} does otherwise than NumPy's"
        row = self.backend.rows.get(path)
        lowered = None
        if row is not None and not starred:
            lowered = row(CallText(path, self.alias, args, keywords, self.is_complex))
        if lowered is None:
            raise Lacking(problem)
        self.done.helpers |= {name for name in self.backend.helpers if lowered.startswith(f"{name}(")}
        return lowered

    def taken(self, path: str, args: tuple[Text, ...], keywords: dict[str, Text]) -> str:
        """`take` and its kin, whose subscripts may be out of range."""
        rest = (*args[2:], keywords.get("axis"))
        axis = rest[-1] or rest[0]
        if keywords.keys() - {"axis"} or not is_view(args[0].node) or path not in ("take", "take_along_axis"):
            raise Lacking(f"{path} at places that may be out of range")
        length = f"{args[0].code}.size" if axis is None else f"{args[0].code}.shape[{axis.code}]"
        self.done.helpers.add("in_range")
        tail = "" if axis is None else f", axis={axis.code}"
        return f"{self.alias}.{path}({args[0].code}, in_range({args[1].code}, {length}){tail})"

    def shape(self, node: ast.expr) -> list[tuple[int, int, str]]:
        """Lengths that are counted on the device, as numbers of the host."""
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        counted = [p for p in parts if isinstance(p, ast.Call) and self.placement.on_device(p)]
        return [(*self.span(part), f"int({self.code(part)})") for part in counted]

    def renamed(self, node: ast.Call, path: str) -> str:
        """The call as it stands, of the backend's function."""
        last, end = self.span(node.func)[1], self.span(node)[1]
        lengths = self.shape(node.args[0]) if path in SHAPED and node.args else []
        if lengths:
            first, behind, code = lengths[0]
            start, stop = self.span(node.args[0])
            inside = self.source[start:first].decode() + code + self.source[behind:stop].decode()
            rest = [self.code(part) for part in node.args[1:]] + [
                f"{k.arg}={self.code(k.value)}" for k in node.keywords
            ]
            return f"{self.alias}.{path}({', '.join([inside, *rest])})"
        inner = ast.Module([ast.Expr(part) for part in [*node.args, *(k.value for k in node.keywords)]], [])
        return f"{self.alias}.{path}{self.rendered(inner, last, end)}"

    def companion_call(self, node: ast.Call, path: str) -> str:
        module, _, name = path.rpartition(".")
        target = self.backend.companions.get(module)
        if target is None or not self.inventory.has(f"{module}.{name}"):
            raise Lacking(f"{self.backend.module} has no {path}")
        if not self.placement.on_device(node):
            start, end = self.span(node)
            return self.source[start:end].decode()
        self.done.modules.add(target)
        args, keywords, _ = self.arguments(node)
        parts = [*(text.code for text in args), *(f"{key}={text.code}" for key, text in keywords.items())]
        return f"{target}.{name}({', '.join(parts)})"

    def range_call(self, node: ast.Call) -> str | None:
        """The bounds of a range are numbers of the host."""
        if not any(self.placement.on_device(arg) for arg in node.args):
            return None
        parts = [f"int({self.code(arg)})" if self.placement.on_device(arg) else self.code(arg) for arg in node.args]
        return f"range({', '.join(parts)})"

    def slice(self, bounds: list[ast.expr | None]) -> str | None:
        """The bounds of a slice are numbers of the host."""
        if not any(map(self.placement.on_device, bounds)):
            return None
        codes = ["" if bound is None else self.code(bound) for bound in bounds]
        found = [
            f"int({code})" if self.placement.on_device(bound) else code
            for code, bound in zip(codes, bounds, strict=True)
        ]
        return f"{found[0]}:{found[1]}" + (f":{found[2]}" if found[2] else "")

    def subscript(self, node: ast.Subscript) -> str | None:
        """A subscript of an array on the device, checked where the device would not raise."""
        if not self.placement.on_device(node.value):
            return None
        if isinstance(node.ctx, ast.Store):
            check_store(node, self.placement)
        checked = checked_items(node, self.placement, self.code)
        if checked is None:
            return None
        self.done.helpers.add("in_range")
        start, end = self.span(node)
        pieces, at = [], start
        items = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for part in [node.value, *items]:
            first, last = self.span(part)
            pieces += [self.source[at:first].decode(), checked.get(part) or self.code(part)]
            at = last
        return "".join([*pieces, self.source[at:end].decode()])

    def check_random(self, path: str) -> None:
        """Another library draws other numbers from the same seed, and knows nothing of NumPy's global state."""
        if path.startswith("random."):
            raise Lacking(f"{path} draws NumPy's random numbers, and {self.backend.module} draws others")

    def method(self, node: ast.Call) -> str | None:
        """A method of arrays; one that the backend's arrays lack, as the function of its name, if that has a row."""
        try:
            self.check_method(node)
        except Lacking:
            function, row = node.func, None
            assert isinstance(function, ast.Attribute)
            args, keywords, starred = self.arguments(node)
            row = None if starred else self.backend.rows.get(function.attr)
            base = Text(self.code(function.value), function.value)
            lowered = row and row(CallText(function.attr, self.alias, (base, *args), keywords, self.is_complex))
            if not lowered:
                raise
            return lowered
        return None

    def check_method(self, node: ast.Call) -> None:
        """Methods of arrays that the backend's arrays lack."""
        function = node.func
        if not isinstance(function, ast.Attribute) or not hasattr(np.ndarray, function.attr):
            return
        if function.attr in ("copy", "index", "count", "pop") or not self.placement.on_device(function.value):
            return
        if function.attr in ("take", "put") and node.args and may_be_out_of_range(node.args[0], self.placement):
            raise Lacking(f"the method {function.attr} at places that may be out of range")
        name = f"ndarray.{function.attr}"
        if not self.inventory.has(name):
            raise Lacking(f"{self.backend.module}'s arrays have no method {function.attr}")
        keywords = [k.arg for k in node.keywords if k.arg is not None]
        refused = self.inventory.takes(name, keywords)
        if refused is not None:
            raise Lacking(f"{self.backend.module} has no {refused}")
