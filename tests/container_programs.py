"""Random programs over tuples, lists, dicts and functions that take and return them, closures and recursion."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import numpy as np

from tests.drafts import Draft, Parameter, is_small

HEADER = """\
from typing import NamedTuple

import numpy as np


class Point(NamedTuple):
    first: object
    second: object = 2.0


def pair(u, v):
    return u + v, u - v


def named(u, v=1.0):
    return {"total": u + v, "both": (u, v)}


def point(u, v):
    return Point(u, v)


def moved(given, by):
    a, b = given
    return a + by, b


def total(items, start=0.0):
    for item in items:
        start = start + item
    return start


def power(u, k):
    if k == 0:
        return 1.0
    return u * power(u, k - 1)


def nested(u, depth=2):
    if depth == 0:
        return u
    return (nested(u + 1, depth - 1), u)


def grown(items, v):
    items.append(v)
    return items


def adder(u):
    def add(v, w=1.0):
        return u + v * w

    return add


def applied(function, *values):
    return [function(value) for value in values]


def numbers(u, n):
    for i in range(n):
        yield u + i


"""


# What is looped as yet, so that the rest of a program would be in vain.
RARE = re.compile(
    r"adder|numbers\(|nested\(|[Pp]oint\(|applied|grown|reversed|fs\.|q\[0\]"
    r"|key=|reverse=|\.count\(|\.index\(|\.pop\(|\.sort\(|\.extend|\.insert|update\(|setdefault|tolist|iter\("
    r"|\*values|\{\*\*|dict\(|\} \|| \| |\{key: |\{i: |zip\(\*|list\(zip|list\(enumerate|tuple\("
    r"|, \*l|\*l\d+,|rest\)|del \w"
)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.generic) and not isinstance(value, str)


def is_vector(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 1


def is_list(value: Any) -> bool:
    """A list of numbers."""
    return isinstance(value, list) and len(value) > 0 and all(map(is_number, value))


def is_pair(value: Any) -> bool:
    return type(value) is tuple and len(value) == 2 and all(map(is_number, value))


def is_rows(value: Any) -> bool:
    """A list of lists or tuples of numbers."""
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(v, list | tuple) and v and all(map(is_number, v)) for v in value)
    )


def is_vectors(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(is_vector, value))


def is_pairs(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(map(is_pair, value))


def is_dict(value: Any) -> bool:
    return isinstance(value, dict) and len(value) > 0 and all(map(is_number, value.values()))


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


class Containers:
    """Writes expressions and statements that fit the containers of a draft."""

    def __init__(self, random: Random, draft: Draft) -> None:
        self.random, self.draft = random, draft
        self.count = 0

    def choose(self, *options: Any) -> Any:
        return options[self.random.randrange(len(options))]

    def one_in(self, n: int) -> bool:
        return self.random.randrange(n) == 0

    def of(self, fits: Any, otherwise: str) -> str:
        names = [name for name in self.draft.names(fits) if name not in ("n", "i")]
        return self.choose(*names) if names else otherwise

    def new(self, letter: str) -> str:
        names = [name for name in self.draft.here if name[0] == letter and name[1:].isdigit()]
        if names and self.one_in(3):
            return self.choose(*names)
        self.count += 1
        return f"{letter}{self.count}"

    # --- expressions ---

    def number(self, depth: int = 0) -> str:
        if depth > 1 or self.one_in(3):
            return self.choose(
                "s", "t", "x[0]", "x[-1]", "y[1]", "s", self.of(is_number, "s"), self.choose("1.0", "2", "0.5")
            )
        items, pair, table = self.items(depth), self.pair(depth), self.of(is_dict, "{'a': s, 'b': t}")
        keys = self.keys(table)
        one = self.number(depth + 1)
        return self.choose(
            f"({one} + {self.number(depth + 1)})", f"({one} - {self.number(depth + 1)})", f"{one} * 0.5",
            f"abs({one})",
            f"sum({items})", f"len({items})", f"max({items})", f"min({items})", f"{items}[0]", f"{items}[-1]",
            f"{items}[k]",
            f"sum({pair})", f"{pair}[0]", f"{pair}[1]", f"{table}[{self.choose(*keys)}]",
            f"{table}.get({self.choose(*keys)}, 0.0)", f"sum({table}.values())",
            f"{table}.get('missing', {one})", f"total({items})", f"total({pair}, {one})", f"power({one}, 2)",
            f"named({one})['total']", f"named({one}, {self.number(depth + 1)})['both'][1]",
            f"point({one}, t).first", f"Point({one}).second", f"nested({one})[0][1]",
            f"adder({one})({self.number(depth + 1)})", f"adder(s)({one}, w=2.0)", f"sum(numbers({one}, 3))",
            f"sum(v * w for v, w in zip({items}, {self.items(depth)}))", f"sum(v for v in {items} if v > {one})",
            f"max(v for v in {items})", f"sum(i * v for i, v in enumerate({items}))",
            f"min({pair}[0], {one})", f"max({one}, *{pair})", f"(lambda v: v * 2 + s)({one})",
            f"moved({pair}, {one})[0]", f"np.mean({items})" if self.one_in(6) else f"np.sum({items})",
            f"np.array({items})[0]", f"np.max({items})",
            f"({one} if {self.condition(depth + 1)} else {self.number(depth + 1)})", f"{items}.count({items}[0])",
            f"{items}.index({items}[0])",
            f"sorted({items})[0]", f"sorted({pair})[-1]", f"[{one}, s, t][k]", f"({one}, t)[k]",
            f"{self.rows(depth)}[0][0]", f"sum(sum(row) for row in {self.rows(depth)})",
            f"sum(a * b for a, b in {self.pairs(depth)})", f"{self.vectors(depth)}[0][1]",
            f"sum(v.sum() for v in {self.vectors(depth)})",
            f"max({self.pairs(depth)}, key=lambda q: q[0])[0]" if self.one_in(4) else "s",
            f"int({one} in {items})", f"float({one} > 0)", f"next(iter({items}))" if self.one_in(6) else "t",
            f"len({self.rows(depth)})", f"applied(lambda v: v + {one}, s, t)[1]", f"any(v > {one} for v in {items})",
        )  # fmt: skip

    def condition(self, depth: int = 0) -> str:
        one = self.number(depth + 1)
        return self.choose(
            f"{one} > 0", f"{one} < {self.number(depth + 1)}", f"{one} >= {self.number(depth + 1)}", "k > 0", "c",
            "not c", f"{one} in {self.items(depth + 1)}", f"len({self.items(depth + 1)}) > 2",
            f"{self.pair(depth + 1)}[0] > {one}", f"all(v < {one} for v in {self.items(depth + 1)})",
            "'a' in {'a': s}", f"{self.pair(depth + 1)} < (s, t)" if self.one_in(5) else "s > t",
        )  # fmt: skip

    def keys(self, table: str) -> list[str]:
        value = self.draft.here.get(table)
        return [repr(key) for key in value] if isinstance(value, dict) else ["'a'", "'b'"]

    def items(self, depth: int = 0) -> str:
        """A list of numbers."""
        known = self.of(is_list, "")
        if known and not self.one_in(3) or depth > 1:
            return known or self.choose("[s, t]", "[s, t, 1.0]", "[x[0], s]")
        one, more = self.number(depth + 1), self.of(is_list, "[s, t]")
        return self.choose(
            f"[{one}, {self.number(depth + 1)}]", f"[v + {one} for v in {more}]", f"[{one} for _ in range(3)]",
            "[v * 2 for v in x]", f"({more} + [{one}])", f"({more} * 2)", f"{more}[1:]",
            f"{more}[::-1]", f"{more}[:2]", "list(x)", f"list(reversed({more}))", f"sorted({more})",
            f"[{one}, *{more}]", f"list(map(abs, {more}))", f"[a + b for a, b in zip({more}, x)]",
            f"applied(abs, {one}, t)", f"applied(adder({one}), s, t)", f"[max(row) for row in {self.rows(depth)}]",
            f"[a for a, _ in {self.pairs(depth)}]", f"list({self.of(is_dict, '{0: s}')}.values())",
            f"[v for row in {self.rows(depth)} for v in row]", f"[i * v for i, v in enumerate({more})]",
            f"[power(v, 2) for v in {more}]", f"[pair(v, {one})[0] for v in {more}]", f"list({self.pair(depth)})",
            "x.tolist()",
            "[f(s) for f in [adder(t), abs]]", f"[(lambda u: u + v)({one}) for v in {more}]",
            f"list(numbers({one}, 2))", f"sorted({more}, key=lambda v: -v)",
            f"[v if v > 0 else {one} for v in {more}]",
            "[u for u in (s, t)]", "[max(a, b) for a, b in zip(x, y)]", f"[v for v in {more} if k >= 0]",
            f"sorted({more}, reverse=True)", "[x[i] for i in range(len(x))]", f"{more}.copy()",
        )  # fmt: skip

    def pair(self, depth: int = 0) -> str:
        known = self.of(is_pair, "")
        if known and self.one_in(2) or depth > 1:
            return known or "(s, t)"
        one, two = self.number(depth + 1), self.number(depth + 1)
        return self.choose(
            f"({one}, {two})",
            f"pair({one}, {two})",
            f"moved({known or '(t, s)'}, {one})",
            f"named({one}, {two})['both']",
            f"tuple([{one}, {two}])",
            f"divmod(abs({one}), 2)",
            f"(*[{one}], {two})",
            f"(max(s, t), {one})",
        )

    def pairs(self, depth: int = 0) -> str:
        known = self.of(is_pairs, "")
        if known and self.one_in(2) or depth > 1:
            return known or "[(s, t), (t, s)]"
        return self.choose(
            f"[(v, {self.number(depth + 1)}) for v in {self.items(depth + 1)}]",
            f"list(zip({self.items(depth + 1)}, {self.items(depth + 1)}))",
            f"[(s, {self.number(depth + 1)}), (t, 1.0)]",
            f"[pair(v, s) for v in {self.items(depth + 1)}]",
            f"list(enumerate({self.items(depth + 1)}))",
            "[(a, b) for a, b in zip(x, y)]",
        )

    def rows(self, depth: int = 0) -> str:
        known = self.of(is_rows, "")
        if known and self.one_in(2) or depth > 1:
            return known or "[[s, t], [t, 1.0]]"
        one = self.number(depth + 1)
        return self.choose(
            f"[[{one}, s], [t, s]]", f"[[a * b for a in x] for b in {self.items(depth + 1)}]",
            "[list(row) for row in M]", f"[[v + i for v in {self.items(depth + 1)}] for i in range(2)]",
            f"list(zip(*{self.pairs(depth + 1)}))",
            "[[0.0] * 2 for _ in range(2)]", "M.tolist()",
            f"[list(row) for row in zip(*{known or '[[s, t], [t, 1.0]]'})]", f"[pair(v, {one}) for v in x]",
            "[[row[i] for row in M] for i in range(2)]", f"[sorted(row) for row in {known or '[[s, t], [t, s]]'}]",
        )  # fmt: skip

    def vectors(self, depth: int = 0) -> str:
        known = self.of(is_vectors, "")
        if known and self.one_in(2) or depth > 1:
            return known or "[x, y]"
        return self.choose(
            "[x, y]",
            "(x, y + 1)",
            f"[v * {self.number(depth + 1)} for v in (x, y)]",
            "list(M)",
            "[row + 1 for row in M]",
            "[x + i for i in range(3)]",
            "pair(x, y)",
            "[np.sort(x), y]",
            "[row[::-1] for row in M]",
            f"[x * v for v in {self.items(depth + 1)}]",
        )

    def vector(self, depth: int = 0) -> str:
        return self.choose(
            f"np.array({self.items(depth + 1)})", f"x + {self.number(depth + 1)}", f"{self.vectors(depth + 1)}[0]",
            f"sum({self.vectors(depth + 1)})", f"np.array({self.pair(depth + 1)})",
            f"total({self.vectors(depth + 1)})", f"np.stack({self.vectors(depth + 1)})[k]",
            f"np.concatenate({self.vectors(depth + 1)})", f"named(x, {self.number(depth + 1)})['total']",
            f"np.array({self.rows(depth + 1)})[0]", f"np.array([v for v in {self.items(depth + 1)}]) * 2",
            f"adder(x)({self.number(depth + 1)})", f"np.sum({self.vectors(depth + 1)}, axis=0)",
            "x[[i for i in range(2)]]",
        )  # fmt: skip

    def table(self, depth: int = 0) -> str:
        one, two = self.number(depth + 1), self.number(depth + 1)
        return self.choose(
            f"{{'a': {one}, 'b': {two}}}", f"{{i: v for i, v in enumerate({self.items(depth + 1)})}}",
            f"dict(a={one}, c={two})", f"{{key: {one} for key in ('a', 'b')}}",
            f"dict(zip('abc', {self.items(depth + 1)}))",
            f"{{**{self.of(is_dict, '{0: s}')}, 'z': {one}}}",
            f"{{key: v + {one} for key, v in {self.of(is_dict, '{0: s}')}.items()}}",
            f"dict([('a', {one}), ('b', {two})])", f"({self.of(is_dict, '{0: s}')} | {{'a': {one}}})",
        )  # fmt: skip

    def structure(self) -> str:
        """Any nesting."""
        return self.choose(
            f"({self.number()}, [{self.number()}, {self.pair()}])", f"{{'a': {self.items()}, 'b': {self.vector()}}}",
            f"Point({self.number()}, {self.vector()})", f"[{self.pair()}, {self.pair()}]",
            f"named({self.number()}, {self.number()})",
            f"(*{self.items()}, {self.number()})", f"nested({self.number()}, 3)",
            f"{{'p': Point({self.number()}), 'q': ({self.table()},)}}", f"[{self.table()}, {self.table()}]",
        )  # fmt: skip

    # --- statements ---

    def statement(self) -> list[str]:
        return self.choose(
            self.made, self.made, self.made, self.made, self.unpacked, self.changed, self.changed, self.changed,
            self.looped, self.looped, self.branched, self.function, self.aliased,
        )()  # fmt: skip

    def made(self) -> list[str]:
        letter, value = self.choose(
            ("l", self.items), ("l", self.items), ("p", self.pair), ("r", self.rows), ("d", self.table),
            ("d", self.table), ("m", self.number), ("m", self.number), ("u", self.vector), ("w", self.vectors),
            ("q", self.pairs), ("g", self.structure),
        )  # fmt: skip
        return [f"{self.new(letter)} = {value()}"]

    def unpacked(self) -> list[str]:
        m, n = self.new("m"), self.new("m")
        return self.choose(
            [f"{m}, {n} = {self.pair()}"], [f"{m}, *{self.new('l')} = {self.items()}"],
            [f"*{self.new('l')}, {m} = {self.items()}"],
            [f"({m}, {n}), {self.new('p')} = {self.pair()}, {self.pair()}"],
            [f"{m}, {n} = {n if n in self.draft.here else 't'}, {m if m in self.draft.here else 's'}"],
            [f"{self.new('l')}, {self.new('l')} = map(list, zip(*{self.pairs()}))"],
            [f"first, (second, *rest) = {self.number()}, {self.items()}", f"{m} = first + second + len(rest)"],
            [f"{m} = {n} = {self.number()}"], ["s, t = t, s"], [f"[{m}, {n}] = {self.items()}[:2]"],
            [f"{self.new('u')}, {self.new('u')} = pair(x, {self.choose('y', 's')})"],
        )  # fmt: skip

    def changed(self) -> list[str]:
        """What a list or a dict can do to itself."""
        items, one, table = self.of(is_list, ""), self.number(), self.of(is_dict, "")
        if not items:
            return [f"l0 = [{one}, {self.number()}]"]
        if table and self.one_in(3):
            key = self.choose(*self.keys(table), "'new'")
            return self.choose(
                [f"{table}[{key}] = {one}"], [f"{table}[{self.choose(*self.keys(table))}] += {one}"],
                [f"{table}.update({{{key}: {one}}})"],
                [f"{self.new('m')} = {table}.pop({self.choose(*self.keys(table))})"],
                [f"{table}.setdefault({key}, {one})"],
                [f"for key in {table}:", f"    {table}[key] = {table}[key] * 2"],
            )  # fmt: skip
        return self.choose(
            [f"{items}.append({one})"], [f"{items}.append({one})"], [f"{items}.extend({self.items()})"],
            [f"{items}.insert({self.choose('0', '1', '-1')}, {one})"],
            [f"{self.new('m')} = {items}.pop({self.choose('', '0', '-1')})"], [f"{items}.reverse()"],
            [f"{items}.sort()"], [f"{items} += [{one}]"],
            [f"{items}[{self.choose('0', '-1', 'k')}] = {one}"], [f"{items}[0] += {one}"],
            [f"{items}[0], {items}[-1] = {items}[-1], {items}[0]"], [f"grown({items}, {one})"],
            [f"{self.new('l')} = grown({items}, {one})"], [f"{items}[1:] = {self.items()}"], [f"del {items}[0]"],
            [f"{items}.sort(key=lambda v: -v)"],
        )  # fmt: skip

    def aliased(self) -> list[str]:
        items = self.of(is_list, "[s, t]")
        n = self.new("l")
        return self.choose(
            [f"{n} = {items}", f"{n}.append({self.number()})"],
            [f"{n} = {items}", f"{n}[0] = {self.number()}"],
            [f"{self.new('g')} = [{items}, {items}]"],
            [f"{n} = {items}[:]", f"{n}[0] = s"],
            ["u0 = x", "w0 = [x, u0]", "w0[0][0] = s"],
            ["w0 = [x, y]", "w0[0] = w0[1]", f"w0[1][k] += {self.number()}"],
            ["g0 = {'x': x}", "g0['x'][0] = t"],
            ["for u in (x, y):", f"    u[0] = {self.number(1)}"],
            ["w0 = [x.copy(), y]", "for u in w0:", "    u += 1"],
        )

    def looped(self) -> list[str]:
        head = self.choose(
            f"for v in {self.items()}:", f"for i, v in enumerate({self.items()}):", "for v in x:",
            f"for v, w in {self.pairs()}:", f"for v, w in zip({self.items()}, x):", "for i in range(3):",
            "for i, v in enumerate(x):", f"for key, v in {self.of(is_dict, '{0: s}')}.items():", "for row in M:",
            f"for row in {self.rows()}:", "for i in range(n):", f"for i, (v, w) in enumerate({self.pairs()}):",
            f"for v in reversed({self.items()}):",
        )  # fmt: skip
        given = {
            "v": "v" in head.split(" in ")[0],
            "w": "w," in head or ", w" in head,
            "i": " i" in head.split(" in ")[0],
            "row": " row" in head,
        }
        inside = [name for name in ("v", "w", "i") if given[name]] + (["row[0]", "sum(row)"] if given["row"] else [])
        value = lambda: (
            self.choose(*inside, *inside, f"{self.choose(*inside)} + {self.number(1)}", f"{self.choose(*inside)} * 2")
            if inside
            else self.number()
        )
        l, m, d = self.of(is_list, "l0"), self.new("m"), self.new("d")
        start, body = self.choose(
            ([f"{m} = 0.0"], [f"{m} += {value()}"]), ([f"{m} = {self.number(1)}"], [f"{m} = {m} * 0.5 + {value()}"]),
            (["l0 = []"], [f"l0.append({value()})"]),
            (["l0 = []"], [f"if {value()} > {self.number(1)}:", f"    l0.append({value()})"]),
            (["q0 = []"], [f"q0.append(({value()}, {value()}))"]),
            (["r0 = []"], [f"r0.append([{value()}, {value()}])"]),
            ([f"{d} = {{'a': 0.0}}"], [f"{d}['a'] += {value()}"]),
            ([f"{d} = {{}}"], [f"{d}[{'i' if given['i'] else repr('a')}] = {value()}"]),
            (["p0 = (0.0, 1.0)"], [f"p0 = (p0[0] + {value()}, p0[1])"]),
            (["p0 = (0.0, 1.0)"], [f"p0 = moved(p0, {value()})"]),
            (["a, b = 0.0, 1.0"], [f"a, b = b, a + {value()}"]),
            ([f"{m} = None"], [f"if {m} is None or {value()} > {m}:", f"    {m} = {value()}"]),
            (["l0 = [0.0, 0.0]"], [f"l0[{self.choose('0', 'k', '1')}] += {value()}"]),
            (["l0 = [s]"], [f"l0.append(l0[-1] + {value()})"]),
            (["z0 = Point(s, t)"], [f"z0 = Point(z0.first + {value()}, z0.second)"]),
            (["fs = []"], [f"fs.append(lambda u, v={value()}: u + v)"]), (["w0 = []"], [f"w0.append(x * {value()})"]),
            (["l0 = []"], [f"l0.insert(0, {value()})"]),
            ([f"{d} = {{'n': 0, 'm': s}}"], [f"if {value()} > {d}['m']:", f"    {d}['m'] = {value()}",
            f"    {d}['n'] += 1"]), (["l0 = [1.0, 2.0]"], [f"l0 = [v2 + {value()} for v2 in l0]"]),
        )  # fmt: skip
        behind = ["l0 = [f(s) for f in fs]", "del fs"] if start == ["fs = []"] else []
        del l
        return [*start, head, *indented(body), *behind]

    def branched(self) -> list[str]:
        """A variable that exists is set to something of the same kind."""
        test = self.condition()
        items, pair, number = self.of(is_list, "l0"), self.of(is_pair, "p0"), self.of(is_number, "s")
        length = len(self.draft.here[items]) if items in self.draft.here else 2
        lines = (
            [f"{number} = {self.number()}"],
            [f"{pair} = {self.pair()}"],
            [f"{items}[0] = {self.number()}"],
            [f"{items} = [{', '.join(self.number(1) for _ in range(length))}]"],
            [f"x[k] = {self.number()}"],
            [f"{items}.reverse()"],
        )
        body = self.choose(*lines)
        if self.draft.kinds_after(*body) is None:
            return self.made()
        other = self.choose(*lines) if self.one_in(2) else []
        if other and self.draft.kinds_after(*other) is None:
            other = []
        return [f"if {test}:", *indented(body), *(["else:", *indented(other)] if other else [])]

    def function(self) -> list[str]:
        """An inner function, over variables that are there."""
        one, m = self.number(), self.new("m")
        return self.choose(
            ["def inner(v, w=s):", f"    return v * 2 + w + {one}", f"{m} = inner({self.number()})", "del inner"],
            ["def inner(items):", "    return [v + t for v in items], sum(items)",
            f"{self.new('l')}, {m} = inner({self.items()})", "del inner"],
            ["inner = lambda v, w: (v + w, v)", f"{self.new('p')} = inner({one}, s)", "del inner"],
            ["def inner(v):", "    if v > 0:", f"        return v, {one}", "    return -v, t",
            f"{self.new('p')} = inner({self.number()})", "del inner"],
            ["inner = [adder(v) for v in (s, t)]", f"{m} = inner[0]({one}) + inner[1](1.0)", "del inner"],
            ["def inner():", "    return {'a': s, 'b': [t, s]}", f"{m} = inner()['b'][1]", "del inner"],
            ["def inner(q):", "    q[0] = 5.0", "    return q", f"{self.new('l')} = inner({self.items()})",
            "del inner"],
            ["def inner(*values, scale=1.0):", "    return [v * scale for v in values]",
            f"{self.new('l')} = inner({one}, t, scale={self.number()})", "del inner"],
            ["def inner(u, depth):", "    return u if depth == 0 else inner(u + s, depth - 1)",
            f"{m} = inner({one}, 2)", "del inner"],
        )  # fmt: skip


def draw_parameters(random: Random, rng: np.random.Generator, size: int) -> list[Parameter]:
    n = random.choice([size, 2, 3, 4])
    parameters = []

    def add(name: str, shape: tuple[int, ...], batched: bool) -> None:
        axis = None
        if batched:
            axis = random.choice([0, 0, -1])
            at = axis % (len(shape) + 1)
            shape = (*shape[:at], size, *shape[at:])
        value = rng.integers(-8, 9, shape) / 4
        parameters.append(Parameter(name, value if shape else np.asarray(value)[()], axis))

    add("x", (n,), True)
    add("y", (n,), random.random() < 0.7)
    add("M", (random.choice([2, size]), n), random.random() < 0.6)
    add("s", (), True)
    add("t", (), random.random() < 0.6)
    parameters.append(
        Parameter("k", rng.integers(0, 2, size), 0)
        if random.random() < 0.4
        else Parameter("k", random.choice((0, 1)), None)
    )
    parameters.append(Parameter("c", rng.random(size) < 0.5, 0))
    parameters.append(Parameter("n", random.choice((1, 2, 3)), None))
    return parameters


def write_program(seed: int) -> tuple[str, list[Parameter], int]:
    """The source of a module with one function, `program`, its parameters, and the number of examples."""
    random, rng = Random(seed), np.random.default_rng(seed)
    size = random.choice((3, 3, 2, 4))
    draft = Draft(random, HEADER, draw_parameters(random, rng, size), size)
    for parameter in draft.parameters[:3]:
        if parameter.axis is None:
            draft.add(f"{parameter.name} = {parameter.name}.copy()")
    writer = Containers(random, draft)
    given, wanted = set(draft.here), len(draft.lines) + random.randint(2, 9)
    for _ in range(100):
        if len(draft.lines) >= wanted:
            break
        lines = writer.statement()
        if random.random() < 0.03 or not any(map(RARE.search, lines)):
            draft.add(*lines, last=random.random() < 0.2)
    names = [
        name
        for name in draft.here
        if name not in draft.ragged and is_small(draft.here[name]) and name not in ("key", "row", "u", "rest")
    ]
    results = [name for name in names if name not in given]
    if len(results) > 4 and random.random() < 0.5:
        results = random.sample(results, 4)
    return draft.text(", ".join([*results, random.choice(["s", "x", "y"])])), draft.parameters, size
