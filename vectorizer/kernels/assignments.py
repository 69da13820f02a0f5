"""Assignments in kernels: numbers, items of arrays, several of them at once, and arrays that are made."""

from __future__ import annotations

import ast
from dataclasses import replace

from vectorizer.kernels.names import RESERVED
from vectorizer.kernels.numbers import Expr, NoKernel, bare, cast, type_of
from vectorizer.kernels.sequences import Sequence_
from vectorizer.kernels.sizes import Size
from vectorizer.kernels.storage import Storage
from vectorizer.values import MISSING


class Assignments(Storage):
    """What sets variables.

    assigned: what each variable is set to.
    declared: the variables that are declared where they are set.
    temporaries: how many variables of the kernel's own have a name.
    made: the names of such variables.
    """

    node: ast.FunctionDef
    inner_functions: dict[str, ast.FunctionDef]
    assigned: dict[str, list[Expr]]
    declared: set[str]
    temporaries: dict[str, int]
    depth: int
    made: set[str]

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        match target:
            case ast.Name(id=name):
                self.assign_name(name, value)
            case ast.Subscript():
                self.store_item(target, self.expression(value))
            case ast.Tuple(elts=targets) | ast.List(elts=targets):
                self.assign_several(targets, value)
            case _:
                raise NoKernel("an assignment to other than names")

    def assign_several(self, targets: list[ast.expr], value: ast.expr) -> None:
        """``a, x[k] = b, c``."""
        names = [item.id for item in targets if isinstance(item, ast.Name)]
        results = self.several(value) if isinstance(value, ast.Call) else None
        if results is None:
            results = self.several_values(names if len(names) == len(targets) else None, value)
            if results is None:
                return
        if len(results) != len(targets) or not all(isinstance(t, (ast.Name, ast.Subscript)) for t in targets):
            raise NoKernel("an assignment to other than names")
        for target, result in zip(targets, results, strict=True):
            if isinstance(target, ast.Subscript):
                self.store_item(target, result)
            elif isinstance(target, ast.Name):
                self.store(target.id, result)

    def several_values(self, names: list[str] | None, value: ast.expr) -> list[Expr] | None:
        """What a tuple holds, which is computed before anything is set; None where it has been set.

        names: the targets, if these are nothing but names: then only what is read after it is set is held.
        """
        items = self.items(value)
        if items is None:
            raise NoKernel("an assignment to other than names")
        others = [item.id for item in items if isinstance(item, ast.Name)]
        if names is not None and len(others) == len(items) and self.swap_rooms(names, others):
            return None
        if names is not None and len(names) == len(items) and self.makes_arrays(names, items):
            for name, item in zip(names, items, strict=True):
                self.assign_name(name, item)
            return None
        made = [self.expression(item) for item in items]
        if names is None:
            return [expr if expr.const is not MISSING else self.held("next", expr) for expr in made]
        if len(names) != len(items):
            raise NoKernel("an assignment to other than names")
        sizes = [self.size_of(item) for item in items]
        self.store_apart(names, made, items)
        for name, size in zip(names, sizes, strict=True):
            self.note_size(name, size)
        return None

    def makes_arrays(self, names: list[str], items: list[ast.expr]) -> bool:
        """Whether there are arrays among the items, none of which reads one of the targets."""
        read = {n.id for item in items for n in ast.walk(item) if isinstance(n, ast.Name)}
        return not read & set(names) and any(self.array_made(item) is not None for item in items)

    def store_apart(self, names: list[str], made: list[Expr], items: list[ast.expr]) -> None:
        """Sets variables to what was computed, as if that had been done at once."""
        read = [{n.id for n in ast.walk(item) if isinstance(n, ast.Name)} for item in items]
        for k, name in enumerate(names[:-1]):
            if any(name in later for later in read[k + 1 :]):
                made[k] = self.held(f"next_{name}", made[k])
        kept = [k for k, expr in enumerate(made) if expr.code.startswith("next_")]
        for k in [*(k for k in range(len(names)) if k not in kept), *kept]:
            self.store(names[k], made[k])

    def assign_name(self, name: str, value: ast.expr) -> None:
        """A number, the length of an array, an array that is made, or a tuple of numbers that is only read."""
        if isinstance(value, (ast.Tuple, ast.List)):
            if not value.elts or not self.is_set_once(name) or self.depth > 1:
                raise NoKernel("a tuple that changes")
            self.define(name, self.literal_sequence(name, [self.expression(item) for item in value.elts]))
            return
        array = self.array_made(value)
        if array is not None:
            self.make_room(name, array, self.depth == 1)
            return
        size = self.size_of(value)
        self.store(name, self.expression(value))
        self.note_size(name, size)

    def note_size(self, name: str, size: Size | None) -> None:
        if size is not None and self.is_set_once(name):
            self.known[name] = size

    def is_set_once(self, name: str) -> bool:
        stores = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        return sum(n.id == name for n in stores) == 1 and name not in self.parameters and name not in self.arrays

    def define(self, name: str, sequence: Sequence_) -> None:
        """Writes a tuple as an array of C++; its literals stay known."""
        code = self.renamed(name)
        self.emit(self.array_of(code, sequence))
        known = sequence.items if all(item.const is not MISSING for item in sequence.items) else ()
        self.sequences[name] = replace(sequence, code=code, items=known)
        self.set.add(name)

    def array_of(self, code: str, sequence: Sequence_) -> str:
        items = ", ".join(item.code for item in sequence.items)
        return f"const {type_of(sequence.item)} {code}[{len(sequence.items)}] = {{{items}}};"

    def written(self, name: str, sequence: Sequence_) -> str:
        if name in self.sequences:
            return sequence.code
        code = self.renamed(name)
        self.outer[name] = self.array_of(code, sequence)
        return code

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
