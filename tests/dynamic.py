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
