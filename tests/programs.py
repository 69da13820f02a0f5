"""Random programs for one example: nested control flow and stores over a few scalars and arrays.

A program comes from a `random.Random`, or from hypothesis' stand-in for one, which can shrink it.  All of its loops
end, its divisions are guarded, and its numbers are small multiples of a quarter, so that sums may be reassociated.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

LENGTH = 4  # of the arrays x, y and p
PARAMETERS = ("x", "y", "s", "t", "n", "c", "p")

HEADER = """\
import numpy as np


def bump(a, i, v):
    a[i] += v
    return a[i]


def pick(a, b):
    if a > b:
        return a
    return b + b


def first_above(a, v):
    for i in range(len(a)):
        if a[i] > v:
            return i
    return 0


def tail(a):
    return a[1:]


"""

DTYPES = {
    "float64": {"x": "f8", "y": "f8", "s": "f8", "t": "f8"},
    "float32": {"x": "f4", "y": "f4", "s": "f4", "t": "f4"},
    "int64": {"x": "i8", "y": "i8", "s": "i8", "t": "i8"},
    "mixed": {"x": "f8", "y": "f4", "s": "f8", "t": "f4"},
}


@dataclass
class Writer:
    """Writes one program; `integers` says that its numbers are whole."""

    random: Random
    integers: bool
    budget: int
    lines: list[str] = field(default_factory=list)
    arrays: list[str] = field(default_factory=lambda: ["x", "y"])
    counters: list[str] = field(default_factory=list)  # Python ints below LENGTH
    result: str = "s, t, x, y"
    names: int = 0

    def choose(self, *options: Any) -> Any:
        return options[self.random.randint(0, len(options) - 1)]

    def one_in(self, n: int) -> bool:
        return self.random.randint(1, n) == n

    def put(self, indent: int, text: str) -> None:
        self.lines.append("    " * indent + text)

    # --- expressions ---

    def literal(self) -> str:
        return self.choose("1", "2", "3", "-1") if self.integers else self.choose("1.0", "0.5", "2.0", "-1.0")

    def index(self) -> str:
        options = ["0", "1", "-1", "2", "n"]
        for v in self.counters:
            options += [v, v, v, f"{v} - 1", f"3 - {v}", f"({v} + 1) % 4", f"-{v}", f"{v} // 2", f"max({v} - 1, 0)"]
            options += [f"min({v} + 1, 3)", f"p[{v}]", f"({v} + n) % 4"]
        return self.choose("p[n]", *options)

    def array(self) -> str:
        return self.choose(*self.arrays)

    def number(self, depth: int = 0, weak: bool = False) -> str:
        """A number; `weak` says that it may be a Python number, which does not decide the dtype of what it meets."""
        leaves = [lambda: self.choose("s", "t"), lambda: f"{self.array()}[{self.index()}]"]
        if weak:
            leaves.append(self.literal)
            leaves += [lambda: self.choose(*self.counters)] if self.counters else []
        if depth > 1 or self.random.randint(0, 2):
            return self.choose(*leaves)()
        inner = lambda: self.number(depth + 1)
        either = lambda: self.number(depth + 1, weak=True)
        return self.choose(
            lambda: f"({inner()} + {either()})",
            lambda: f"({inner()} - {either()})",
            lambda: f"({either()} - {inner()})",
            lambda: f"({inner()} * {self.literal()})",
            lambda: f"({inner()} if {self.condition(depth + 1)} else {inner()})",
            lambda: f"{self.choose('min', 'max')}({inner()}, {inner()})",
            lambda: f"abs({inner()})",
            lambda: f"{self.array()}.{self.choose('sum', 'max', 'min')}()",
            lambda: f"{self.choose('sum', 'min', 'max')}({self.array()})",
            lambda: f"pick({inner()}, {inner()})",
            lambda: f"bump({self.array()}, {self.index()}, {inner()})" if self.one_in(5) else inner(),
            lambda: f"({inner()} if {self.divisor()} == 0 else {inner()} / {self.divisor()} * 0 + {inner()})",
            lambda: f"{self.array()}[first_above({self.array()}, {inner()})]",
            lambda: f"({inner()} + sum(v for v in {self.array()} if v > {inner()}))" if self.one_in(3) else inner(),
            lambda: f"({inner()} + {self.choose('', 'np.')}sum({self.array()}{self.choose('[n:]', '[:n]', '[n:3]')}))",
        )()

    def divisor(self) -> str:
        return "t" if self.integers else "s"

    def condition(self, depth: int = 0) -> str:
        compare = lambda: f"{self.number(1, weak=True)} {self.choose('<', '>', '<=', '>=')} {self.number(1, weak=True)}"
        if depth > 1 or self.random.randint(0, 1):
            return compare()
        deeper = lambda: self.condition(depth + 1)
        options = [
            lambda: f"({deeper()} and {deeper()})",
            lambda: f"({deeper()} or {deeper()})",
            lambda: f"not {compare()}",
            lambda: self.choose("c", "n", "n == 2", "n > 1", "n % 2", "not c", "p[0] < p[1]"),
            lambda: f"0 <= n - 1 and {self.array()}[n - 1] > {self.number(1, weak=True)}",
            lambda: f"any(v > {self.number(1, weak=True)} for v in {self.array()})",
            lambda: f"{self.number(1, weak=True)} < {self.number(1, weak=True)} <= {self.number(1, weak=True)}",
        ]
        if self.counters:
            options.append(lambda: f"{self.choose(*self.counters)} {self.choose('<', '>', '==', '!=')} n")
            options.append(lambda: f"{self.choose(*self.counters)} {self.choose('<', '>', '==', '%')} 2")
        return self.choose(*options)()

    def vector(self, depth: int = 0) -> str:
        if depth > 1 or self.random.randint(0, 1):
            return self.array()
        deeper = lambda: self.vector(depth + 1)
        return self.choose(
            lambda: f"({deeper()} + {deeper()})",
            lambda: f"({deeper()} - {self.number()})",
            lambda: f"({deeper()} * {self.literal()})",
            lambda: f"np.where({deeper()} > {self.number()}, {deeper()}, {deeper()})",
            lambda: f"np.maximum({deeper()}, {self.number()})",
            lambda: f"{self.array()}[::-1]",
            lambda: f"{self.array()}[p]",
            lambda: f"np.cumsum({deeper()})",
            lambda: f"np.array([{self.element('v')} for v in {self.array()}])",
        )()

    def element(self, name: str) -> str:
        return self.choose(
            name, f"{name} + {self.number()}", f"{name} if {name} > {self.number()} else {self.number()}"
        )

    # --- statements ---

    def block(self, indent: int, loops: tuple[str, ...]) -> None:
        """One to three statements; `loops` are the kinds of the loops around."""
        for _ in range(self.random.randint(1, 3)):
            if self.budget <= 0:
                break
            self.budget -= 1
            self.statement(indent, loops)
        else:
            return
        if not self.lines[-1].startswith("    " * indent) or self.lines[-1].endswith(":"):
            self.put(indent, "s = s + t")

    def statement(self, indent: int, loops: tuple[str, ...]) -> None:
        simple = [self.assign, self.assign, self.store, self.store, self.store_slice, self.swap, self.whole]
        compound = [self.branch, self.branch, self.for_loop, self.for_loop, self.while_loop]
        leave = [self.leave] if loops or indent > 1 else []
        options = [*simple, *(compound if indent < 4 else []), *leave]
        own = [self.partial, self.kept_items, self.list_items, self.tried, self.none_or_number]
        options += own if indent < 4 and not loops else []
        if indent == 1:
            options += [self.new_array]
        self.choose(*options)(indent, loops)

    def assign(self, indent: int, loops: tuple[str, ...]) -> None:
        operator = self.choose("=", "=", "+=", "-=", "=")
        self.put(indent, f"{self.choose('s', 't')} {operator} {self.number()}")

    def store(self, indent: int, loops: tuple[str, ...]) -> None:
        operator = self.choose("=", "=", "+=", "-=")
        self.put(indent, f"{self.array()}[{self.index()}] {operator} {self.number()}")

    def store_slice(self, indent: int, loops: tuple[str, ...]) -> None:
        a = self.array()
        self.put(indent, self.choose(
            f"{a}{self.choose('[1:]', '[:-1]', '[::2]', '[:]', '[n:]')} {self.choose('=', '+=')} {self.number()}",
            f"{a}[1:] = {self.array()}[:-1]",
            f"{a}[:] = {self.vector()}",
            f"{a} {self.choose('+=', '-=')} {self.vector()}",
            f"tail({a})[n - 1] = {self.number()}",
        ))  # fmt: skip

    def swap(self, indent: int, loops: tuple[str, ...]) -> None:
        a, i, j = self.array(), self.index(), self.index()
        self.put(indent, self.choose("s, t = t, s", f"{a}[{i}], {a}[{j}] = {a}[{j}], {a}[{i}]"))

    def whole(self, indent: int, loops: tuple[str, ...]) -> None:
        a, b = self.choose("x", "y"), self.array()
        self.put(indent, f"{a} = {self.choose(b, b, self.vector(), b + '.copy()', b + '[::-1]')}")

    def new_array(self, indent: int, loops: tuple[str, ...]) -> None:
        name = f"z{len(self.arrays) - 2}"
        zeros = "np.zeros_like(x)" if self.integers else self.choose("np.zeros(4)", "np.zeros_like(y)", "np.ones(4)")
        self.put(indent, f"{name} = {self.choose(zeros, zeros, self.vector(), self.array())}")
        self.arrays.append(name)

    def branch(self, indent: int, loops: tuple[str, ...]) -> None:
        self.put(indent, f"if {self.condition()}:")
        self.block(indent + 1, loops)
        if self.one_in(3):
            self.put(indent, f"elif {self.condition()}:")
            self.block(indent + 1, loops)
        if self.one_in(2):
            self.put(indent, "else:")
            self.block(indent + 1, loops)

    def for_loop(self, indent: int, loops: tuple[str, ...]) -> None:
        if len(loops) > 1:
            return self.assign(indent, loops)
        v = "ij"[len(loops)] if self.one_in(2) or len(loops) else "i"
        a, b = self.array(), self.array()
        counted = [f"range({r})" for r in ("4", "3", "1, 4", "n", "3, -1, -1", "0, 4, 2", "1, n + 1", "n, 4")]
        header, counter = self.choose(
            *[(f"{v} in {r}", v) for r in counted],
            *[(f"{v} in {r}", v) for r in counted[:4]],
            (f"{v}, {self.choose('s', 'e')} in enumerate({self.choose(a, a + ' + 0', a + ' + 0')})", v),
            (f"{v} in {self.choose('[0, 2, 1, 2]', 'p')}", v),
            (f"s in {self.choose(a, a + ' + 0')}", ""),
            (f"s, t in zip({a}, {b} + 0)", ""),
        )
        self.put(indent, f"for {header}:")
        self.counters += [counter] if counter else []
        self.block(indent + 1, (*loops, "for"))
        self.end_loop(indent, counter)

    def while_loop(self, indent: int, loops: tuple[str, ...]) -> None:
        if len(loops) > 1:
            return self.assign(indent, loops)
        self.names += 1
        k = f"k{self.names}"
        start, test, step = self.choose(("0", f"{k} < 3", f"{k} += 1"), ("3", f"{k} > 0", f"{k} -= 1"))
        self.put(indent, f"{k} = {start}")
        self.put(indent, f"while {test}" + self.choose("", f" and {self.condition()}") + ":")
        self.put(indent + 1, step)
        self.counters.append(k)
        self.block(indent + 1, (*loops, "while"))
        self.end_loop(indent, k)

    def end_loop(self, indent: int, counter: str) -> None:
        if self.one_in(5):
            self.put(indent + 1, f"if {self.condition()}:")
            self.put(indent + 2, self.choose("break", "continue", "break"))
        if counter:
            self.counters.remove(counter)
        if self.one_in(8):
            self.put(indent, "else:")
            self.put(indent + 1, f"t = {self.number()}")

    def new(self, letter: str) -> str:
        self.names += 1
        return f"{letter}{self.names}"

    def partial(self, indent: int, loops: tuple[str, ...]) -> None:
        """A variable that some examples set, and that is mostly read by these."""
        has, u, v = self.new("has"), self.new("u"), self.new("i")
        self.put(indent, f"{has} = {self.condition()}")
        kind = self.random.randint(0, 3)
        if kind == 0:
            self.put(indent, f"if {has}:")
            self.put(indent + 1, f"{u} = {self.number()}")
        elif kind == 1:
            self.put(indent, f"for {v} in {self.choose('range(4)', 'range(n)', 'range(1, n + 1)')}:")
            self.counters.append(v)
            self.put(indent + 1, f"if {has} and {self.condition(2)}:")
            self.put(indent + 2, f"{u} = {self.number()}")
            self.put(indent + 2, self.choose("break", f"{has} = {self.condition(2)}"))
            self.counters.remove(v)
            self.put(
                indent, f"else:\n{'    ' * (indent + 1)}{has} = {self.choose('False', 'False', self.condition(2))}"
            )
        elif kind == 2:
            self.put(indent, f"for {u} in {self.choose('range(n)', 'range(n, 4)', 'range(1, n + 1)')}:")
            self.put(indent + 1, f"if {u} > {self.number()}:")
            self.put(indent + 2, "break")
            self.put(indent, f"{has} = {self.choose('0 < n < 4', '0 < n < 4', has)}")
        else:
            k = self.new("k")
            self.put(indent, f"{k} = 0")
            self.put(indent, f"while {k} < n and {self.condition(2)}:")
            self.put(indent + 1, f"{u} = {k} + {self.number()}")
            self.put(indent + 1, f"{k} += 1")
            self.put(indent, f"{has} = {k} > 0")
        if self.budget > 0 and self.one_in(2):
            self.block(indent, loops)
        if self.one_in(8):
            self.put(indent, f"s = s + {u}")
            return
        self.put(indent, f"if {has}:")
        self.put(indent + 1, self.choose(f"s = s + {u}", f"t = {u} - t", f"{self.array()}[n] = {u}"))

    def none_or_number(self, indent: int, loops: tuple[str, ...]) -> None:
        """A variable that is None until something is found."""
        u, v = self.new("u"), self.new("v")
        self.put(indent, f"{u} = None")
        inside = indent
        if self.one_in(2):
            self.put(indent, f"for {v} in {self.array()} + 0:")
            inside += 1
            found = self.choose(f"{u} is None or {v} < {u}", f"{v} > t and ({u} is None or {v} > {u})", f"{u} is None")
            self.put(inside, f"if {found}:")
            self.put(inside + 1, f"{u} = {v}")
        else:
            self.put(inside, f"if {self.condition()}:")
            self.put(inside + 1, f"{u} = {self.number()}")
        if self.one_in(4):
            self.put(inside, f"elif {u} is not None and {self.condition(2)}:")
            self.put(inside + 1, f"s = s - {u}")
            self.put(inside + 1, f"{u} = None")
        self.put(indent, f"if {u} is not None:")
        self.put(indent + 1, f"s = s + {u}")
        if self.one_in(2):
            self.put(indent, f"t = s if {u} is None else {u} + t")

    def kept_items(self, indent: int, loops: tuple[str, ...]) -> None:
        """A list to which items are appended under conditions, or a comprehension with a condition."""
        out, v = self.new("out"), self.new("v")
        a = self.array()
        if self.one_in(2):
            self.put(indent, f"{out} = [{self.choose(v, f'{v} * 2')} for {v} in {a} if {v} > {self.number()}]")
        else:
            self.put(indent, f"{out} = []")
            self.put(indent, f"for {v} in {a}:")
            if self.one_in(3):
                self.put(indent + 1, f"if {self.condition(2)}:")
                self.put(indent + 2, "continue")
            self.put(indent + 1, f"if {v} > {self.number()}:")
            self.put(indent + 2, f"{out}.append({self.choose(v, f'{v} + s')})")
            if self.one_in(2):
                self.put(indent + 1, self.choose("else:", f"elif {v} < {self.number()}:"))
                self.put(indent + 2, f"{out}.append({self.choose(v, f't - {v}')})")
        w = self.new("w")
        uses = [
            f"s = s + sum({out})",
            f"t = t + len({out})",
            f"s = {out}[0] if {out} else t",
            f"if len({out}) > 1:\n{'    ' * (indent + 1)}t = {out}[-1] + {out}[1]",
            f"s = max({out}, default=s) + t",
            f"for {w} in {out}:\n{'    ' * (indent + 1)}s = s + {w} * 2",
            f"t = t + sum({w} for {w} in {out} if {w} > s)",
            f"if not {out}:\n{'    ' * (indent + 1)}s = t",
        ]
        for _ in range(self.random.randint(1, 2)):
            self.put(indent, self.choose(*uses))

    def list_items(self, indent: int, loops: tuple[str, ...]) -> None:
        """Items of a list or a dict that are assigned under conditions."""
        c = self.new("c")
        first, second = self.choose(("[0]", "[1]"), ("[0]", "[-1]"), ("['a']", "['b']"))
        items = f"{self.number()}", f"{self.number()}"
        self.put(
            indent,
            f"{c} = " + (f"{{'a': {items[0]}, 'b': {items[1]}}}" if "a" in first else f"[{items[0]}, {items[1]}]"),
        )
        inside = indent
        if self.one_in(2):
            v = self.new("i")
            self.put(indent, f"for {v} in {self.choose('range(3)', 'range(n)')}:")
            inside += 1
        self.put(inside, f"if {self.condition()}:")
        self.put(inside + 1, f"{c}{self.choose(first, second)} {self.choose('=', '+=')} {self.number()}")
        if self.one_in(2):
            self.put(inside, self.choose("else:", f"elif {self.condition(2)}:"))
            self.put(inside + 1, f"{c}{self.choose(first, second)} {self.choose('=', '-=')} {self.number()}")
        self.put(indent, f"s = {c}{first} - {c}{second}")

    def tried(self, indent: int, loops: tuple[str, ...]) -> None:
        """A subscript that is out of range for some examples, or a division by zero."""
        a = self.array()
        self.put(indent, "try:")
        self.put(
            indent + 1, self.choose(f"s = s + {a}[n + 2]", f"t = {a}[n * 2] - t", "t = t + (1.0 / float(n) > 0.4)")
        )
        if self.one_in(3):
            self.put(indent + 1, f"s = {a}[n + 1]")
        if self.one_in(3):
            self.put(indent, "except ZeroDivisionError:")
            self.put(indent + 1, "t = t - 1")
            self.put(indent, "except IndexError:")
        else:
            self.put(indent, "except (IndexError, ZeroDivisionError):")
        self.put(indent + 1, f"s = {self.number()}")
        if self.one_in(3):
            self.put(indent, "else:")
            self.put(indent + 1, "s = s + 2")
        if self.one_in(4):
            self.put(indent, "finally:")
            self.put(indent + 1, "t = t + s")

    def leave(self, indent: int, loops: tuple[str, ...]) -> None:
        """Leave the loop or the function."""
        jumps = ["break", "continue"] if loops else []
        what = self.choose(*jumps, *jumps, f"return {self.result}")
        if self.one_in(12):
            what = 'raise ValueError("no")'
        self.put(indent, f"if {self.condition()}:")
        self.put(indent + 1, what)


def write_program(random: Random, integers: bool = False, size: int = 12) -> str:
    """The source of a module with one function, `program`."""
    writer = Writer(random, integers, budget=random.randint(2, size))
    writer.result = writer.choose("s, t, x, y", "s, t, x, y", "s", "x, s", "(s + t, x[n])")
    while writer.budget > 0:
        writer.block(1, ())
    writer.put(1, f"return {writer.result}")
    return HEADER + f"def program({', '.join(PARAMETERS)}):\n" + "\n".join(writer.lines) + "\n"


def load_program(source: str, folder: Path) -> Callable[..., Any]:
    """Import a program from a file, so that its source can be had."""
    name = "program_" + hashlib.sha256(source.encode()).hexdigest()[:16]
    path = folder / f"{name}.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.program


def make_arguments(rng: np.random.Generator, dtypes: str, size: int, in_axes: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arguments for a program, in the order of `PARAMETERS`."""
    arguments = []
    for name, axis in zip(PARAMETERS, in_axes, strict=True):
        shape = [LENGTH] if name in "xyp" else []
        if axis is not None:
            shape.insert(axis % (len(shape) + 1), size)
        if name in "np":
            value = rng.integers(0, LENGTH, shape)
        elif name == "c":
            value = rng.random(shape) < 0.5
        else:
            dtype = np.dtype(DTYPES[dtypes][name])
            scale = 4 if dtype.kind == "f" else 1
            value = (rng.integers(-8, 9, shape) / scale).astype(dtype)
        arguments.append(value if shape else np.asarray(value)[()])
    return tuple(arguments)
