"""An expression together with its abstract value: what every rule takes and returns.

Code is text.  Its level says how tightly it binds, so that it can be put into a larger expression with no more
parentheses than are needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from vectorizer.values import Array, Value

# How tightly an expression binds, loosest first (Python reference, "Operator precedence").
WALRUS, LAMBDA, TERNARY, OR, AND, NOT, COMPARE, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, UNARY, POWER, PRIMARY = (
    range(16)
)
ATOM = PRIMARY


class Holds(NamedTuple):
    """What is true where a condition holds: comparisons, each with its operands."""

    comparisons: tuple[tuple[Operand, str, Operand], ...]


class LastValue(NamedTuple):
    """The last value of a variable of a loop that has become an axis is read off the variable, by its name."""

    name: str


class DictView(NamedTuple):
    """The keys, the values or the items of a dict, which have no subscripts."""


class Between(NamedTuple):
    """The least and the greatest that an integer may be."""

    low: int
    high: int


class Joins(NamedTuple):
    """An operation of two operands neither of which has all axes of the result."""

    ufunc: str
    left: Operand
    right: Operand


class Operand:
    """Code and the abstract value of what it computes.

    The code of a lazy operand is made when it is first asked for: the target of a loop that has become an axis needs
    no array of its own as long as it only occurs in subscripts.
    """

    __slots__ = ("_code", "divisors", "factors", "fresh", "level", "make", "node", "value")

    def __init__(
        self,
        code: str | None,
        value: Value,
        level: int = ATOM,
        *,
        make: Callable[[], Operand] | None = None,
        fresh: bool = False,
        factors: tuple[Operand, ...] = (),
        divisors: tuple[Operand, ...] = (),
        node: object = None,
    ) -> None:
        self._code = code
        self.value = value
        self.level = level
        self.make = make
        self.fresh = fresh  # made here: nothing else can see its memory
        self.factors = factors  # of a product, so that a sum over it can become a contraction
        self.divisors = divisors  # of a product
        self.node = node

    @property
    def lazy(self) -> bool:
        return self._code is None

    @property
    def code(self) -> str:
        if self._code is None:
            assert self.make is not None
            made = self.make()
            self._code, self.level = made.code, made.level
        return self._code

    def at(self, level: int) -> str:
        """The code, in parentheses if it binds less tightly than `level`."""
        code = self.code
        return f"({code})" if self.level < level else code

    @property
    def primary(self) -> str:
        code = self.code
        if self.level < PRIMARY or code[0].isdigit() and code.isdigit():
            return f"({code})"
        return code

    @property
    def array(self) -> Array:
        assert isinstance(self.value, Array), self.value
        return self.value

    @property
    def is_name(self) -> bool:
        return not self.lazy and self.code.isidentifier()

    def mentions(self, name: str) -> bool:
        """Whether the code has a name in it, so that it means something else once that name is bound again."""
        return name in re.findall(r"[A-Za-z_]\w*", self.code)

    def with_value(self, value: Value) -> Operand:
        if self.lazy:
            return Operand(None, value, make=lambda: self, node=self.node)
        made = Operand(self.code, value, self.level, fresh=self.fresh, factors=self.factors, node=self.node)
        made.divisors = self.divisors
        return made

    def __repr__(self) -> str:
        return f"Operand({self._code!r}, {self.value})"


def argument_list(*positional: str, **keywords: str | None) -> str:
    """``a, b, key=c``; keywords that are None are left out."""
    return ", ".join([*positional, *(f"{key}={code}" for key, code in keywords.items() if code is not None)])


def call(function: str, *positional: str, **keywords: str | None) -> str:
    return f"{function}({argument_list(*positional, **keywords)})"


def literal(value: object) -> str:
    """A constant as one writes it: strings in double quotes, unless they hold some."""
    code = repr(value)
    return f'"{code[1:-1]}"' if isinstance(value, str) and code[0] == "'" and '"' not in code else code


def tuple_code(items: list[str] | tuple[str, ...]) -> str:
    """``(a, b)``, ``(a,)`` or ``()``."""
    return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
