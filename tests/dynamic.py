"""Random nests in which elements follow from their neighbours, with random offsets and a random order of statements."""

from __future__ import annotations

from random import Random
from typing import Any

OFFSETS = ("", "", " - 1", " + 1", " - 2")
NUMBERS = "x[i] y[j] x[i-1] y[j-1] M[i,j] M[i-1,j] s t x[j] 0.5 r[j] r[j-1] r[i]".split()


class Table:
    """Writes one function of two vectors `x` and `y`, a matrix `M` and a number `s`; the nest fills a table `D`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = []

    def choose(self, *options: Any) -> Any:
        return options[self.random.randint(0, len(options) - 1)]

    def cell(self) -> str:
        return f"D[i{self.choose(*OFFSETS)}, j{self.choose(*OFFSETS)}]"

    def number(self) -> str:
        return self.choose(self.cell, self.cell, lambda: self.choose(*NUMBERS))()

    def value(self) -> str:
        a, b, c = self.number(), self.number(), self.number()
        forms = f"min({a}, {b}, {c})", f"max({a}, {b})", f"0.5 * {a} + {b}", f"({a} if {b} > {c} else {a})"
        return self.choose(*forms, f"{a} + {b}", f"{a} - {c}")

    def condition(self) -> str:
        fixed = "x[i] > y[j]", "i > 2", "j != 2", "i != j", "i + j > 5", "i > 2 and j > 2", "i == 2 or j == 2"
        return self.choose(*fixed, f"{self.cell()} < {self.number()}")

    def statement(self, indent: int) -> None:
        put = lambda text: self.lines.append("    " * indent + text)
        kind = self.random.randint(0, 12)
        if kind < 5:
            put(f"D[i, j] = {self.value()}")
        elif kind == 5:
            put(f"D[i, j] += {self.value()}")
        elif kind == 6:
            put(f"if {self.condition()}:")
            put(f"    D[i, j] = {self.value()}")
            put("else:")
            put(f"    D[i, j] = {self.value()}")
        elif kind == 7:
            put(f"if {self.condition()}:")
            self.statement(indent + 1)
        elif kind == 8:
            put(self.choose(f"best = max(best, {self.cell()})", f"total += {self.cell()}", f"c = {self.number()}"))
        elif kind == 9:
            cell = self.cell()
            put(f"if {cell} > best:")
            put(f"    best = {cell}")
        elif kind == 10:
            put(f"t = {self.value()}")
        else:
            put(f"{self.choose('r[j]', 'E[i, j]', self.cell())} = {self.value()}")

    def header(self, name: str) -> str:
        return f"for {name} in range({self.choose(2, 2, 3)}, {self.choose('n - 1', 'n - 2', '7')}):"


def write_table(random: Random) -> str:
    """The source of a module with one function, `program`."""
    table = Table(random)
    table.lines.append(f"    {table.header('i')}")
    if random.randint(0, 4) == 0:
        table.lines.append(f"        a = x[i] + {table.choose('s', 'x[i - 1]', 'r[i]')}")
    table.lines.append(f"        {table.header('j')}")
    for _ in range(random.randint(1, 3)):
        table.statement(3)
    made = table.choose("M.copy()", "np.zeros((n, n))", "np.full((n, n + 1), 0.5)", "M * 2")
    result = table.choose(
        "D", "D, best, total", "D, E, r", "D, t, i, j", "D, c", "D[n - 1, n - 1], r", "D[-1, -1], best", "D[n - 2, 3]"
    )
    start = [
        "n = len(x)",
        f"D = {made}",
        "E = M + 1",
        "r = x.copy()",
        "best = x[0]",
        "total = 0.0",
        "t = y[1]",
        "c = s",
    ]
    body = "\n".join([*(f"    {line}" for line in start), *table.lines])
    return f"import numpy as np\n\n\ndef program(x, y, M, s):\n{body}\n    return {result}\n"


class Recurrence:
    """Writes one loop over two vectors and a number, in which some statements hand on and others only follow."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def choose(self, *options: Any) -> Any:
        return options[self.random.randint(0, len(options) - 1)]

    def element(self) -> str:
        name = self.choose("h", "h", "g", "y", "x", "z")
        return f"{name}[t{self.choose('', '', '', ' - 1', ' + 1', ' - 2')}]"

    def number(self) -> str:
        return self.choose(self.element(), self.element(), "s", "s", "c", "x[t]")

    def value(self) -> str:
        a, b = self.number(), self.number()
        return self.choose(f"abs({a}) - {b}", f"np.exp(-abs({a}))", f"0.5 * {a} + {b}", f"{a} - 0.25 * {b}", a)

    def statement(self) -> list[str]:
        simple = f"{self.element()} = {self.value()}"
        return self.choose(
            [simple], [simple], [f"s = 0.5 * s + {self.number()}"], [f"c = {self.value()}"],
            [f"e += abs({self.number()})"], [f"s = {self.value()}"], [f"y[t] = {self.value()}"],
            [f"h[t] = 0.5 * h[t - 1] + {self.number()}"],
            [f"y[t] = {self.value()}"], [f"if {self.number()} > 0:", f"    {simple}"], [f"seen.append({self.value()})"],
            [f"best = max(best, {self.number()})"],
        )  # fmt: skip


def write_recurrence(random: Random) -> str:
    """The source of a module with one function, `program`, of two vectors and a number."""
    made = Recurrence(random)
    lines = ["n = len(x)", "h = x.copy()", "g = x * 2", f"y = {made.choose('np.zeros(n)', 'x - 1', 'h[::-1]')}"]
    lines += ["z = np.zeros(n)", "c = x[0]", "e = 0.0", "best = x[1]", "seen = []"]
    lines.append(f"for t in range({made.choose('2', '2', '1', '0')}, {made.choose('n - 1', 'n - 1', 'n - 2')}):")
    for _ in range(random.randint(2, 5)):
        lines += [f"    {line}" for line in made.statement()]
    body = "\n".join(f"    {line}" for line in lines)
    result = "h, g, y, z, s, c, e, best" + random.choice(["", ", np.array(seen)"] if "seen.append" in body else [""])
    return f"import numpy as np\n\n\ndef program(x, w, s):\n{body}\n    return {result}\n"
