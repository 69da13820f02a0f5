"""The parameters of kernels that are made of runs: what a run reads, with dtypes and names."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vectorizer.backends.placement import Placement
from vectorizer.kernels.arithmetic import UFUNCS
from vectorizer.kernels.expressions import BINARY, Outside
from vectorizer.kernels.names import RESERVED
from vectorizer.kernels.numbers import NoKernel
from vectorizer.kernels.runs import is_numeric_literal
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.values import Array, Unsupported, number

VIEWS = frozenset(("T", "mT"))
SAME_DTYPE = frozenset("copy flatten ravel repeat reshape squeeze swapaxes transpose".split())
OWN = frozenset(("i", "n"))  # names that CuPy's kernels have for themselves


@dataclass(frozen=True)
class Parameter:
    """What a kernel is given: an expression of the function's, under a name in the kernel."""

    leaf: ast.expr
    name: str
    value: Array


class Leaves:
    """What is known of expressions by their text.

    is_unsure: whether something is a Python number at one place, and an array at another, and was taken for an array.
    noted: the values that the walk has found for them; those of which it has found several are not known.
    ndims: how many axes they have.
    """

    def __init__(
        self,
        noted: Mapping[str, set[Array]],
        ndims: Mapping[str, set[int]],
        placement: Placement,
        outside: Outside,
        function: ast.FunctionDef,
    ) -> None:
        self.placement, self.outside, self.is_unsure = placement, outside, False
        self.noted: dict[str, set[Array]] = {}
        for code, values in noted.items():
            self.noted.setdefault(normal(code), set()).update(values)
        self.ndims: dict[str, set[int]] = {}
        for code, counts in ndims.items():
            self.ndims.setdefault(normal(code), set()).update(counts)
        self.assigned: dict[str, list[ast.expr | None]] = {}
        arguments = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)}
        for node in ast.walk(function):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.assigned.setdefault(name, []).append(value)
                case ast.Name(id=name, ctx=ast.Store()):
                    self.assigned.setdefault(name, []).append(None)
        for name in arguments:
            self.assigned.pop(name, None)

    def parameters(self, leaves: list[tuple[ast.expr, str]], taken: set[str]) -> tuple[list[Parameter], dict[int, str]]:
        """The parameters for some leaves, given with their text, and the name that stands for each.

        Raises:
            NoKernel: the dtype of one is not known.
        """
        self.is_unsure = False
        made: dict[str, Parameter] = {}
        names: dict[int, str] = {}
        taken = set(taken)
        for leaf, code in leaves:
            key = normal(code) if self.is_repeatable(leaf) else str(id(leaf))
            if key not in made:
                value = self.value(leaf)
                if value is None or value.dtype is None:
                    raise NoKernel(f"the dtype of {code} is not known")
                name = free(hint(leaf), taken)
                taken.add(name)
                made[key] = Parameter(leaf, name, value)
            names[id(leaf)] = made[key].name
        if not any(self.placement.on_device(p.leaf) for p in made.values()):
            raise NoKernel("nothing of it lies on the device")
        return list(made.values()), names

    def is_repeatable(self, leaf: ast.expr) -> bool:
        """Whether an expression gives the same each time, so that it need be computed only once."""
        return all(
            self.outside.found(node.func) is not None or isinstance(node.func, ast.Attribute)
            for node in ast.walk(leaf)
            if isinstance(node, ast.Call)
        )

    def is_ufunc(self, function: ast.expr) -> bool:
        found = self.outside.found(function)
        return isinstance(found, np.ufunc) and found.signature is None

    def noted_dtype(self, node: ast.expr) -> np.dtype[np.generic] | None:
        """The dtype that the walk has noted for an expression."""
        values = self.noted.get(ast.unparse(node), set())
        return next(iter(values)).dtype if len(values) == 1 else None

    def value(self, node: ast.expr) -> Array | None:
        """Dtype and weakness of what an expression gives; None where they are not known."""
        values = self.noted.get(ast.unparse(node), set())
        if len(values) == 1:
            return next(iter(values))
        if values:
            dtypes = {value.dtype for value in values}
            self.is_unsure = True
            return Array(dtypes.pop(), 0) if len(dtypes) == 1 and self.placement.on_device(node) else None
        if self.placement.is_mask(node):
            return Array(np.dtype(bool), 0)
        return self.inferred(node)

    def inferred(self, node: ast.expr) -> Array | None:
        match node:
            case ast.Constant() | ast.UnaryOp() if is_numeric_literal(node):
                return number(ast.literal_eval(node))
            case ast.Subscript(value=base):
                return self.strong(base)
            case ast.Attribute(value=base, attr=name) if name in VIEWS:
                return self.strong(base)
            case ast.Call(func=ast.Attribute(value=base, attr=name)) if name in SAME_DTYPE:
                return self.strong(base)
            case ast.Name(id=name):
                found = self.assigned.get(name, [])
                values = [value for value in found if value is not None]
                return self.value(values[0]) if len(values) == 1 and len(found) == 2 else None
            case ast.BinOp(left=left, op=ast.MatMult(), right=right):
                return self.promoted(np.multiply, left, right)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
                return self.promoted(UFUNCS[BINARY[type(op)]], left, right)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.strong(operand)
            case ast.Call(func=function, args=args, keywords=[]):
                found_ = self.outside.found(function)
                if isinstance(found_, np.ufunc) and found_.signature is None and len(args) == found_.nin:
                    return self.promoted(found_, *args)
        return None

    def strong(self, node: ast.expr) -> Array | None:
        value = self.value(node)
        return value if value is None or not value.weak else None

    def promoted(self, ufunc: np.ufunc, *args: ast.expr) -> Array | None:
        values = [self.value(arg) for arg in args]
        known = [value for value in values if value is not None]
        if len(known) < len(values) or all(value.weak for value in known):
            return None
        try:
            return Array(np.dtype(ufunc_dtypes(ufunc, known)[0]), 0)
        except Unsupported:
            return None


def normal(code: str) -> str:
    """The text of an expression as Python would write it."""
    try:
        return ast.unparse(ast.parse(code, mode="eval").body)
    except SyntaxError:  # what was noted is no expression of its own
        return code


def hint(leaf: ast.expr) -> str:
    """A name that says what an expression is."""
    match leaf:
        case ast.Name(id=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(key))) if key.isidentifier():
            return key
        case ast.Subscript(value=inner) | ast.Attribute(value=inner):
            return hint(inner)
        case ast.BinOp(op=ast.MatMult()):
            return "product"
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"minus_{hint(inner)}"
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Call(func=ast.Name(id=name)):
            return name
    return "value"


def free(name: str, taken: set[str]) -> str:
    """A name that neither C++ nor CuPy nor the kernel has for something else."""
    name = name.lstrip("_") or "value"
    if name in RESERVED or name in OWN or not re.match(r"[A-Za-z]", name):
        name = f"{name}_"
    found, number_ = name, 2
    while found in taken:
        found, number_ = f"{name}_{number_}", number_ + 1
    return found
