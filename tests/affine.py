"""Random nests of loops whose subscripts are affine in the loops' targets: shifts, strides, reversals, overlaps."""

from __future__ import annotations

from random import Random
from typing import Any

N = 6  # the length of x and y and of both axes of M


class Nest:
    """Writes one function of two vectors `x` and `y`, a matrix `M` and a number `s`."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.lines: list[str] = []
        self.targets: dict[str, tuple[int, int]] = {}  # the least and the greatest value of each target

    def choose(self, *options: Any) -> Any:
        return options[self.random.randint(0, len(options) - 1)]

    def header(self, name: str) -> str:
        start, stop, step = self.choose(
            (0, N, 1), (1, N, 1), (1, N - 1, 1), (0, N - 1, 1), (0, 3, 1), (N - 1, -1, -1), (N - 1, 0, -1), (0, N, 2),
            (1, N, 2), (2, 2, 1), (N - 2, -1, -2), (3, N, 1),
        )  # fmt: skip
        values = range(start, stop, step) or [0]
        self.targets[name] = (min(values), max(values))
        if self.targets and self.random.randint(0, 7) == 0 and name == "j":
            low, high = self.targets["i"]
            self.targets["j"] = (0, max(high - 1, 0))
            return self.choose("for j in range(i):", "for j in range(i):")
        spelled = f"{stop}" if start == 0 and step == 1 else f"{start}, {stop}" + (f", {step}" if step != 1 else "")
        ends = spelled.replace(str(N), "len(x)") if self.random.randint(0, 1) else spelled
        return f"for {name} in range({ends}):"

    def index(self) -> str:
        """A subscript within range; now and then one that counts from the end."""
        name = self.choose(*self.targets)
        low, high = self.targets[name]
        options = [name]
        options += [f"{name} + {k}" for k in (1, 2, 3) if high + k < N]
        options += [f"{name} - {k}" for k in (1, 2) if low - k >= -1]
        options += [f"{N - 1} - {name}", f"len(x) - 1 - {name}"]
        options += [f"2 * {name}"] if 2 * high < N else []
        options += [f"2 * {name} + 1"] if 2 * high + 1 < N else []
        options += ["0", "3", "-1"]
        if len(self.targets) > 1:
            total = sum(high for _, high in self.targets.values())
            options += ["i + j", "i + j"] if total < N else []
        return self.choose(*options, name, name)

    def element(self) -> str:
        return self.choose(
            lambda: f"x[{self.index()}]", lambda: f"y[{self.index()}]", lambda: f"M[{self.index()}, {self.index()}]",
            lambda: f"x[{self.index()}]", lambda: f"M[{self.index()}][{self.index()}]",
        )()  # fmt: skip

    def number(self) -> str:
        return self.choose(
            self.element, self.element, lambda: f"{self.element()} + {self.element()}", lambda: f"{self.element()} - s",
            lambda: "s", lambda: f"{self.element()} * 2", lambda: self.choose(*self.targets),
        )()  # fmt: skip

    def condition(self) -> str:
        return self.choose(
            lambda: f"{self.element()} > {self.number()}", lambda: f"{self.choose(*self.targets)} > 1",
            lambda: f"{self.element()} <= s", lambda: f"{self.choose(*self.targets)} != 2",
        )()  # fmt: skip

    def statement(self, indent: int) -> None:
        put = lambda text: self.lines.append("    " * indent + text)
        kind = self.random.randint(0, 11)
        if kind < 4:
            put(f"{self.element()} {self.choose('=', '=', '=', '+=', '-=')} {self.number()}")
        elif kind == 4:
            value = f"{self.element()} + {self.number()}"
            put(f"t = {self.choose(value, f'abs({value})', f'abs({self.element()})')}")
        elif kind == 5:
            value = self.element()
            put(self.choose(f"s += {self.number()}", f"s -= {value}", f"s = s + {value}", f"s = max(s, {value})"))
        elif kind == 6:
            put(f"if {self.condition()}:")
            self.statement(indent + 1)
        elif kind == 7:
            value = self.element()
            put(f"if {value} {self.choose('>', '<', '>=')} best:")
            self.lines.append("    " * (indent + 1) + f"best = {value}")
            if self.random.randint(0, 1):
                self.lines.append("    " * (indent + 1) + f"k = {self.choose(*self.targets)}")
        elif kind == 8:
            put(f"if {self.condition()}:")
            self.lines.append("    " * (indent + 1) + f"k = {self.choose(*self.targets)}")
        elif kind == 9:
            a, b = self.element(), self.element()
            put(f"{a}, {b} = {b}, {a}")
        elif kind == 10:
            put(f"{self.element()} = {self.choose('s', 'k', 'best', f'abs({self.element()})')}")
        else:
            put(f"t = {self.element()}")
            put(f"{self.element()} = t + {self.number()}")

    def search(self) -> None:
        """An end of the loop over `j` at the first hit."""
        self.lines.append(f"            if {self.condition()}:")
        self.lines.append(f"                {self.choose('k = j', 's = ' + self.element(), 'k += 1', 'best = s')}")
        self.lines.append("                break")
        if self.random.randint(0, 1):
            self.lines.append("        else:")
            self.lines.append(f"            s = s + {self.element()}")


def write_nest(random: Random) -> str:
    """The source of a module with one function, `program`."""
    nest = Nest(random)
    nest.lines.append(f"    {nest.header('i')}")
    for _ in range(random.randint(0, 2)):
        nest.statement(2)
    if random.randint(0, 1):
        nest.lines.append(f"        {nest.header('j')}")
        for _ in range(random.randint(1, 3)):
            nest.statement(3)
        if random.randint(0, 3) == 0:
            nest.search()
        nest.targets.pop("j")
    for _ in range(random.randint(0, 1)):
        nest.statement(2)
    if nest.lines[-1].endswith(":") or len(nest.lines) == 1:
        nest.lines.append("        s = s + x[i]")
    result = random.choice(["x, y, M, s", "x, y, M, s, k, best, t", "x, M, s, i"])
    start = "    t = x[1]\n    k = -1\n    best = x[0]\n    i = 0\n"
    body = "\n".join(nest.lines)
    return f"def program(x, y, M, s):\n{start}{body}\n    return {result}\n"
