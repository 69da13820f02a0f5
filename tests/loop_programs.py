"""Random programs of several loop nests that share variables and arrays: sums, last values, ties, lists, stencils.

Each nest is one or two `for` statements around a few idioms; bounds come from lengths, shapes, numbers and other
arrays, so that loops run never, once and many times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from tests.drafts import Draft, Parameter, is_small

HEADER = """\
import numpy as np


def weight(u, v):
    return u * 2 + v


def above(u, v):
    if u > v:
        return u - v
    return 0.0


"""


@dataclass
class Names:
    """What may be used inside of a loop: integers that index, numbers, rows."""

    integers: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)

    def inside(self, integers: list[str], numbers: list[str], rows: list[str]) -> Names:
        return Names(self.integers + integers, self.numbers + numbers, self.rows + rows)


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


class Nests:
    """Writes nests that fit the variables of a draft: `x`, `y`, `z` vectors, `M`, `W` matrices, `T` of rank 3."""

    def __init__(self, random: Random, draft: Draft) -> None:
        self.random, self.draft = random, draft
        self.count = 0

    def choose(self, *options: Any) -> Any:
        return options[self.random.randrange(len(options))]

    def one_in(self, n: int) -> bool:
        return self.random.randrange(n) == 0

    def known(self, *names: str) -> list[str]:
        return [name for name in names if name in self.draft.here]

    def vector(self) -> str:
        return self.choose(*self.known("x", "y", "z", "x", "y", "out", "u"))

    def scalar(self) -> str:
        return self.choose(*self.known("s", "t", "s", "t", "r"))

    # --- heads ---

    def head(self, names: Names, depth: int) -> tuple[list[str], Names]:
        """The lines of a `for` statement and what it makes known."""
        i = "ijl"[depth]
        a, b = self.vector(), self.vector()
        v, w = self.choose(("v", "w"), ("e", "f")) if depth == 0 else ("v2", "w2")
        bounds = [
            f"len({a})", f"len({a})", "n", "k", "M.shape[0]", "M.shape[1]", f"1, len({a})", f"1, len({a}) - 1",
            f"len({a}) - 1, -1, -1", f"0, len({a}), 2", f"len({a}) - 1", "1, n", "k, n", "T.shape[0]", "p[0]",
            "1, 1", "len(p)", "n - 1, -1, -1",
        ]  # fmt: skip
        if names.integers:
            o = names.integers[-1]
            bounds += [
                o,
                f"{o} + 1",
                f"{o}, n",
                f"{o} + 1, len({a})",
                f"{o} + 1",
                f"max(0, {o} - 1), {o} + 1",
                f"n - {o}",
            ]
        options: list[tuple[str, Names]] = [
            (f"for {i} in range({self.choose(*bounds)}):", Names([i])) for _ in range(6)
        ]
        options += [
            (f"for {v} in {a}:", Names([], [v])),
            (f"for {i}, {v} in enumerate({a}):", Names([i], [v])),
            (f"for {v}, {w} in zip({a}, {b}):", Names([], [v, w])),
            (f"for {i}, ({v}, {w}) in enumerate(zip({a}, {b})):", Names([i], [v, w])),
            (f"for {v} in {a}[{self.choose('1:', ':-1', '::2', '::-1', 'k:', ':n')}]:", Names([], [v])),
            (f"for {v} in reversed({a}):", Names([], [v])),
            (f"for {i} in reversed(range({self.choose('n', f'len({a})')})):", Names([i])),
            (f"for {i} in p:", Names([i])),
            (f"for {i}, {v} in enumerate({a}, 1):", Names([], [v, i])),
            (f"for {v}, {w} in zip({a}[1:], {a}):", Names([], [v, w])),
            (f"for {i} in {self.choose('[0, 2, 1]', '(1, 0)', '[0]')}:", Names([i])),
        ]
        if depth == 0:
            row = self.choose("row", "line")
            options += [
                (f"for {row} in {self.choose('M', 'W', 'M.T', 'M[1:]', 'T[0]', 'M[:, 1:]')}:", Names([], [], [row])),
                (f"for {i}, {row} in enumerate(M):", Names([i], [], [row])),
                (f"for {row}, {v} in zip(M, {a}):", Names([], [v], [row])),
                (f"for {i}, ({row}, {v}) in enumerate(zip(W, {a})):", Names([i], [v], [row])),
                ("for table in T:\n    row = table[0]", Names([], [], ["row"])),
            ]
        elif names.rows:
            options += [(f"for {v} in {names.rows[-1]}:", Names([], [v]))] * 3
            options += [(f"for {i}, {v} in enumerate({names.rows[-1]}):", Names([i], [v]))] * 3
        text, made = self.choose(*options)
        return text.split("\n"), names.inside(made.integers, made.numbers, made.rows)

    # --- expressions ---

    def index(self, names: Names) -> str:
        if not names.integers:
            return self.choose("0", "-1", "1", "k")
        i = self.choose(*names.integers)
        j = self.choose(*names.integers)
        return self.choose(
            i, i, i, i, j, f"{i} - 1", f"{i} + 1", f"-{i} - 1", f"n - 1 - {i}", f"{i} // 2", f"p[{i}]", f"{i} + {j}",
            f"{i} - {j}",
            f"{i} % 2", "0", "-1", "k", f"({i} + 1) % n", f"{i} + k", f"2 * {i}", f"min({i} + 1, n - 1)",
        )  # fmt: skip

    def number(self, names: Names, depth: int = 0) -> str:
        i, j = self.index(names), self.index(names)
        options = [f"{self.vector()}[{i}]", f"{self.vector()}[{i}]", f"M[{i}, {j}]", self.scalar(), f"M[{i}][{j}]"]
        options += names.numbers * 3 + [f"{row}[{i}]" for row in names.rows] * 2
        if names.integers:
            options += [names.integers[-1]]
        if self.one_in(6):
            options += [
                f"T[{i}, {j}, {self.index(names)}]",
                f"T[{i}][{j}].sum()",
                f"M[{i}].sum()",
                f"M[:, {j}].max()",
                f"x[{i}:{i} + 2].sum()",
            ]
        if names.rows and self.one_in(4):
            options += [
                f"{names.rows[-1]}.sum()",
                f"len({names.rows[-1]})",
                f"{names.rows[-1]}[1:].sum()",
                f"max({names.rows[-1]})",
            ]
        if depth > 1 or self.one_in(2):
            return self.choose(*options)
        one, two = self.number(names, depth + 1), self.number(names, depth + 1)
        return self.choose(
            f"({one} + {two})", f"({one} - {two})", f"{one} * {two}", f"abs({one})", f"{one} * 0.5",
            f"max({one}, {two})", f"min({one}, {two})",
            f"weight({one}, {two})", f"above({one}, {two})",
            f"({one} if {self.condition(names, depth + 1)} else {two})", f"-{one}", f"({one} + 1)",
        )  # fmt: skip

    def condition(self, names: Names, depth: int = 0) -> str:
        one, two = self.number(names, depth + 1), self.number(names, depth + 1)
        options = [
            f"{one} > {two}",
            f"{one} < {two}",
            f"{one} >= 0",
            f"{one} == {two}",
            f"{one} > {two} and {one} < 1",
            f"{one} > 0 or {two} > 0",
        ]
        if names.integers:
            i = names.integers[-1]
            options += [
                f"{i} % 2 == 0",
                f"{i} > 0",
                f"{i} != k",
                f"0 < {i} < len(x) - 1",
                f"{i} > 0 and {self.vector()}[{i} - 1] > {one}",
            ]
        if len(names.integers) > 1:
            options += [f"{names.integers[0]} != {names.integers[1]}", f"{names.integers[0]} < {names.integers[1]}"]
        return self.choose(*options)

    # --- statements inside a nest ---

    def statement(self, names: Names, depth: int = 0) -> list[str]:
        number = lambda: self.number(names)
        a, i = self.choose("out", "out", self.vector()), self.index(names)
        j = self.index(names)
        s = self.scalar()
        options: list[Any] = [
            lambda: [f"{s} += {number()}"],
            lambda: [f"{s} += {number()}"],
            lambda: [f"{s} -= {number()}"],
            lambda: [f"{s} = {number()}"],
            lambda: [f"{s} = {s} + {number()}"],
            lambda: [f"{s} = max({s}, {number()})"],
            lambda: [f"{s} = min({number()}, {s})"],
            lambda: [f"{s} = 0.5 * {s} + {number()}"],
            lambda: [f"count += {self.choose('1', '2', '1')}"],
            lambda: [f"{a}[{i}] = {number()}"],
            lambda: [f"{a}[{i}] = {number()}"],
            lambda: [f"{a}[{i}] += {number()}"],
            lambda: [f"{a}[{i}] = {a}[{self.index(names)}] + {number()}"],
            lambda: [f"{a}[{i}] = {s}"],
            lambda: [f"{s} += {number()}", f"{a}[{i}] = {s}"],
            lambda: [f"M[{i}, {j}] {self.choose('=', '+=')} {number()}"],
            lambda: [f"M[{i}, {j}] = W[{j}, {i}] + {number()}"],
            lambda: [f"out2[{i}, {j}] {self.choose('=', '=', '+=')} {number()}"],
            lambda: [f"out2[{i}] = {self.choose('x', 'M[0]', 'W[1] * 2', '0', 'M[' + i + '] + 1')}"],
            lambda: [f"d = {number()}", f"{s} += d * d"],
            lambda: [f"d = {number()}", f"{a}[{i}] = d", f"{s} = d"],
            lambda: [f"if {self.condition(names)}:", *indented(self.simple(names))],
            lambda: [f"if {self.condition(names)}:", *indented(self.simple(names)), "else:",
                *indented(self.simple(names))],
            lambda: self.best(names),
            lambda: self.best(names),
            lambda: [f"items.append({number()})"],
            lambda: [f"items.append({number()})"],
            lambda: [f"pairs.append(({number()}, {number()}))"],
            lambda: [f"if {self.condition(names)}:", f"    items.append({number()})"],
            lambda: [f"{a}[{i}], {a}[{j}] = {a}[{j}], {a}[{i}]"],
            lambda: [f"hist[{self.choose('k', 'p[0]', i + ' % 3')}] += {self.choose('1', number())}"],
            lambda: [f"hist[int(abs({number()})) % 3] += {self.choose('1', number())}"],
            lambda: [f"flag = flag or {self.condition(names)}"],
            lambda: [f"flag = flag and {self.condition(names)}"],
            lambda: [f"last = {number()}"],
            lambda: [f"prev, {s} = {s}, {number()} + prev"],
            lambda: [f"if {self.condition(names)}:", "    continue"],
            lambda: [f"if {self.condition(names)}:", *indented(self.simple(names)), "    break"],
        ]  # fmt: skip
        return self.choose(*options)()

    def best(self, names: Names) -> list[str]:
        value = self.number(names, 1)
        what = self.choose(*names.integers, *names.numbers, "count")
        return [f"if {value} {self.choose('<', '>', '<=', '>=')} best:", f"    best = {value}", f"    where = {what}"]

    def simple(self, names: Names) -> list[str]:
        a, i, s = self.vector(), self.index(names), self.scalar()
        return [self.choose(
            f"{s} += {self.number(names)}", f"{s} = {self.number(names)}", f"{a}[{i}] = {self.number(names)}",
            "count += 1", f"last = {self.number(names)}",
            f"{a}[{i}] += {self.number(names)}", f"out2[{i}, {self.index(names)}] = {self.number(names)}",
        )]  # fmt: skip

    # --- nests ---

    def nest(self) -> list[str]:
        head, names = self.head(Names(), 0)
        body = [line for _ in range(self.random.randint(0, 2)) for line in self.statement(names)]
        if self.one_in(2) or not body:
            reset = [self.choose("acc = 0.0", "acc = 0.0", "acc = x[0]", "acc = s")] if self.one_in(2) else []
            inner_head, inner = self.head(names, 1)
            if reset:
                inner = inner.inside([], ["acc"], [])
            inside = [line for _ in range(self.random.randint(1, 2)) for line in self.statement(inner)]
            if reset:
                inside.append(
                    self.choose(
                        f"acc += {self.number(inner)}",
                        f"acc = max(acc, {self.number(inner)})",
                        f"acc += {self.number(inner)} * {self.number(inner)}",
                    )
                )
            if self.one_in(8):
                deeper_head, deeper = self.head(inner, 2)
                inside += [*deeper_head, *indented(self.statement(deeper))]
            body += [*reset, inner_head[0], *indented([line.strip() for line in inner_head[1:]]), *indented(inside)]
            if reset:
                body.append(
                    self.choose(
                        f"out[{self.index(names)}] = acc",
                        "items.append(acc)",
                        "s += acc",
                        f"out2[{self.index(names)}, {self.index(names)}] = acc",
                        "last = acc",
                    )
                )
        lines = [head[0], *head[1:], *indented(body)]
        if self.one_in(8):
            lines += ["else:", f"    t = {self.choose('s + 1', 't - 1', 'x[0]')}"]
        return lines

    def between(self) -> list[str]:
        """A statement between two nests that uses what the last one left."""
        v = self.vector()
        return [self.choose(
            f"s = s + {v}[k]", "t = t * 0.5", "x[0] = s", "u = x[1:]", f"u = {v}.copy()", f"out = {v}",
            "out = np.zeros(len(x))", "s = 0.0", "best = x[0]", "s += sum(items)",
            "z = np.array(items)" if not self.one_in(3) else "t += len(items)", "items = []", "y = x * 2",
            "y = out + y", "u = M[0]", "M = W.copy()", "items = [v * 2 for v in x]",
            f"r = sum(v * v for v in {v})", f"r = max([abs(v) for v in {v}])",
            f"u = np.array([v + t for v in {v} if v > -99])", "r = sum(1 for v, w in zip(x, y) if v > w)",
            "n = n + 1", "count = 0", "out[1:] = out[:-1].copy()", "r = sum(sum(row) for row in M)",
            "u = np.array([sum(row) for row in M])", "W = np.array([[a * b for a in x] for b in y])",
            "u = np.array([max(row[0], t) for row in M])", "r = any(v > 0 for v in x)",
            "r = min(i for i, v in enumerate(x) if v >= x[0])", "prev = 0.0",
        )]  # fmt: skip


START = [
    "out = np.zeros(len(x))", "out2 = np.zeros(M.shape)", "hist = np.zeros(3)", "items = []", "pairs = []",
    "count = 0", "best = x[0]", "where = -1", "flag = False",
    "last = 0.0", "prev = 0.0", "r = 1.0",
]  # fmt: skip


def draw_parameters(random: Random, rng: np.random.Generator, size: int) -> list[Parameter]:
    """Vectors, matrices and a table of common lengths; numbers, and integers within the lengths."""
    n = random.choice([size, size, 3, 4, 5, 2])
    m = random.choice([n, n, size, 3])
    parameters = []

    def add(name: str, shape: tuple[int, ...], batched: bool, integers: int | None = None) -> None:
        axis = None
        if batched:
            axis = random.choice([0, 0, 0, -1])
            at = axis % (len(shape) + 1)
            shape = (*shape[:at], size, *shape[at:])
        value = rng.integers(-8, 9, shape) / 4 if integers is None else rng.integers(0, integers, shape)
        if integers is None and random.random() < 0.1:
            value = np.round(value).astype(random.choice(["i8", "f4", "i8"]))
        parameters.append(Parameter(name, value if shape else np.asarray(value)[()], axis))

    for name, shape in (("x", (n,)), ("y", (n,)), ("z", (n,)), ("M", (n, m)), ("W", (m, n)), ("T", (2, n, m))):
        add(name, shape, batched=name == "x" or random.random() < 0.7)
    add("s", (), True)
    add("t", (), random.random() < 0.5)
    add("p", (n,), random.random() < 0.6, integers=n)
    if random.random() < 0.5:
        add("k", (), random.random() < 0.7, integers=2)
    else:
        parameters.append(Parameter("k", random.choice((0, 1)), None))
    parameters.append(Parameter("n", n, None) if random.random() < 0.7 else Parameter("n", np.full(size, n), 0))
    return parameters


def write_program(seed: int) -> tuple[str, list[Parameter], int]:
    """The source of a module with one function, `program`, its parameters, and the number of examples."""
    random, rng = Random(seed), np.random.default_rng(seed)
    size = random.choice((3, 3, 2, 4))
    draft = Draft(random, HEADER, draw_parameters(random, rng, size), size)
    for parameter in draft.parameters[:6]:
        if parameter.axis is None:
            draft.add(f"{parameter.name} = {parameter.name}.copy()")
    writer = Nests(random, draft)
    assert draft.add(*START)
    wanted, made = random.choice((1, 2, 2, 3)), 0
    given = set(draft.here) - {
        "out",
        "out2",
        "hist",
        "items",
        "pairs",
        "count",
        "best",
        "where",
        "flag",
        "last",
        "prev",
        "r",
    }
    for _ in range(80):
        if made >= wanted:
            break
        made += draft.add(*writer.nest(), last=True)
        if random.random() < 0.4:
            draft.add(*writer.between())
    names = [name for name in draft.here if name not in draft.ragged and is_small(draft.here[name])]
    results = [name for name in names if name not in given or name in "xyzM" and random.random() < 0.5]
    if random.random() < 0.5:
        results = random.sample(results, min(len(results), 4)) or ["s"]
    return draft.text(", ".join([*results, "s"])), draft.parameters, size
