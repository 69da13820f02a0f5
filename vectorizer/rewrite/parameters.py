"""The parameters of an emitted function: their axes, and where sizes can be read off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from vectorizer.rewrite.lanes import Lanes
from vectorizer.source.operand import (
    Operand,
    call,
    literal,
    tuple_code,
)
from vectorizer.source.statements import Stmt
from vectorizer.values import (
    Array,
    Axes,
    Axis,
    DictV,
    ListV,
    TupleV,
    Unsupported,
    Value,
)

if TYPE_CHECKING:
    from vectorizer.rewrite.function import Rewriter


@dataclass
class Parameter:
    """A parameter of the emitted function.

    value: its abstract value, containers included.
    moved: how the batch axes are brought to the front: (source, destination) pairs by path below the parameter.
    """

    name: str
    value: Value
    moves: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


@dataclass
class Function:
    """What is to be rewritten: the syntax tree and the values of its parameters.

    sizes: parameters of the rewriter's own that say how long an axis is.
    """

    node: cst.FunctionDef
    parameters: dict[str, Parameter]
    axes: Axes
    finish: Callable[[Rewriter, Operand], Operand] | None = None
    sizes: Mapping[Axis, str] = field(default_factory=dict)


class Parameters(Lanes):
    """The opening of a walk, and the statements that stand at the top of what it emits."""

    function: Function
    batch_names: dict[Axis, str]  # variables that hold batch sizes
    batch_sources: dict[Axis, str]  # where batch sizes can be read off

    def open(self) -> None:
        for name, parameter in self.function.parameters.items():
            operand = Operand(name, parameter.value)
            self.env[name] = operand
            self.note_symbols(name, name, parameter.value)
            self.note_batch(name, parameter.value)
        self.initial = dict(self.env)
        for axis in self.axes:
            self.sizes[axis] = self.batch_size(axis)

    def note_symbols(self, root: str, path: str, value: Value) -> None:
        """Where the lengths and integers that symbols stand for can be read off."""
        if isinstance(value, Array):
            lead = len(value.axes)
            for k, dim in enumerate(value.dims):
                if dim is not None and len(dim.terms) == 1 and not dim.const:
                    self.symbol_code[dim.terms[0][0]] = (root, f"{path}.shape[{k + lead}]")
            if value.affine is not None and len(value.affine.terms) == 1:
                self.symbol_code.setdefault(value.affine.terms[0][0], (root, path))
        elif isinstance(value, (TupleV, ListV)):
            for k, item in enumerate(value.items):
                self.note_symbols(root, f"{path}[{k}]", item)
        elif isinstance(value, DictV):
            for key, item in value.items:
                self.note_symbols(root, f"{path}[{literal(key)}]", item)

    def note_batch(self, path: str, value: Value) -> None:
        """Where the length of each batch axis can be read off."""
        if isinstance(value, Array):
            for k, axis in enumerate(value.axes):
                self.batch_sources.setdefault(axis, f"{path}.shape[{k}]")
        elif isinstance(value, (TupleV, ListV)):
            for k, item in enumerate(value.items):
                self.note_batch(f"{path}[{k}]", item)
        elif isinstance(value, DictV):
            for key, item in value.items:
                self.note_batch(f"{path}[{literal(key)}]", item)

    def batch_size(self, axis: Axis) -> Callable[[], str]:
        def size() -> str:
            if axis in self.function.sizes:
                return self.function.sizes[axis]
            if axis not in self.batch_names:
                source = self.batch_sources.get(axis)
                if source is None and axis in self.shared.sizes and not self.shared.calls:
                    return str(self.shared.sizes[axis])
                if source is None:
                    raise Unsupported("the batch size cannot be read off any argument")
                hint = "batch" if axis is self.axes[0] else f"batch_{self.axes.index(axis) + 1}"
                self.batch_names[axis] = self.fresh(hint)
            return self.batch_names[axis]

        return size

    def prologue(self) -> list[Stmt]:
        """Statements at the top: axes brought to the front, batch sizes."""
        statements: list[Stmt] = []
        for parameter in self.function.parameters.values():
            if parameter.moves:
                statements += self.move_axes(parameter)
            if ("argument", parameter.name) in self.plan.batch_last:
                code = call(self.np("asfortranarray"), parameter.name)
                statements.append(Stmt(f"{parameter.name} = {code}", trailing="# the batch axis innermost"))
            if ("argument", parameter.name) in self.plan.components:
                code = call(self.np("moveaxis"), parameter.name, "-1", "0")
                code = call(self.np("moveaxis"), call(self.np("ascontiguousarray"), code), "0", "-1")
                statements.append(Stmt(f"{parameter.name} = {code}", trailing="# each component in one piece"))
        for axis, name in sorted(self.batch_names.items()):
            statements.append(Stmt(f"{name} = {self.batch_sources[axis]}", generated=name, target=name))
        return statements

    def move_axes(self, parameter: Parameter) -> list[Stmt]:
        if set(parameter.moves) == {""}:
            return [Stmt(f"{parameter.name} = {self.moved(parameter.name, parameter.moves[''])}")]
        code = self.rebuilt(parameter.name, "", parameter.value, parameter.moves)
        return [Stmt(f"{parameter.name} = {code}")]

    def moved(self, code: str, moves: list[tuple[int, int]]) -> str:
        for source, destination in moves:
            code = call(self.np("moveaxis"), code, str(source), str(destination))
        return code

    def rebuilt(self, code: str, path: str, value: Value, moves: Mapping[str, list[tuple[int, int]]]) -> str:
        if path in moves:
            return self.moved(code, moves[path])
        if not any(p.startswith(path) for p in moves):
            return code
        fields = getattr(value.type_, "_fields", None) if isinstance(value, TupleV) else None
        if isinstance(value, TupleV) and fields is not None:
            places = {f"{code}.{field}": f"{path}[{k}]" for k, field in enumerate(fields)}
            parts = [self.rebuilt(*place, item, moves) for place, item in zip(places.items(), value.items, strict=True)]
            moved = [f"{f}={part}" for f, part, old in zip(fields, parts, places, strict=True) if part != old]
            return f"{code}._replace({', '.join(moved)})"
        if isinstance(value, (TupleV, ListV)):
            items = [self.rebuilt(f"{code}[{k}]", f"{path}[{k}]", item, moves) for k, item in enumerate(value.items)]
            return f"[{', '.join(items)}]" if isinstance(value, ListV) else tuple_code(items)
        if isinstance(value, DictV):
            codes = {literal(k): (f"{code}[{literal(k)}]", f"{path}[{k!r}]", v) for k, v in value.items}
            return "{" + ", ".join(f"{key}: {self.rebuilt(*part, moves)}" for key, part in codes.items()) + "}"
        raise Unsupported("the axes of a container's items are moved")
