"""Affine sizes and subscripts: integers of which the rewriter knows how they follow from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Symbol = str


@dataclass(frozen=True, slots=True, order=True)
class Affine:
    """An integer ``const + sum(coefficient * symbol)``; symbols stand for sizes, integer arguments and loop targets."""

    const: int = 0
    terms: tuple[tuple[Symbol, int], ...] = ()

    @staticmethod
    def of(symbol: Symbol) -> Affine:
        return Affine(0, ((symbol, 1),))

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.const + other, self.terms)
        terms = dict(self.terms)
        for symbol, coefficient in other.terms:
            terms[symbol] = terms.get(symbol, 0) + coefficient
        return Affine(self.const + other.const, tuple(sorted((s, c) for s, c in terms.items() if c)))

    def __mul__(self, factor: int) -> Affine:
        if factor == 0:
            return Affine()
        return Affine(self.const * factor, tuple((s, c * factor) for s, c in self.terms))

    def __sub__(self, other: Affine | int) -> Affine:
        return self + other * -1

    @property
    def is_const(self) -> bool:
        return not self.terms

    def __str__(self) -> str:
        return " + ".join([*(f"{c}*{s}" for s, c in self.terms), str(self.const)])

    def coefficient(self, symbol: Symbol) -> int:
        return dict(self.terms).get(symbol, 0)

    def without(self, symbol: Symbol) -> Affine:
        return Affine(self.const, tuple((s, c) for s, c in self.terms if s != symbol))

    def substitute(self, symbol: Symbol, value: Affine) -> Affine:
        return self.without(symbol) + value * self.coefficient(symbol)

    def evaluate(self, samples: Mapping[Symbol, int]) -> int | None:
        """The number that this is for the given values of its symbols; None where one is not known."""
        total = self.const
        for symbol, coefficient in self.terms:
            value = samples.get(symbol)
            if value is None:
                value = _derived_value(symbol, samples)
            if value is None:
                return None
            total += coefficient * value
        return total


DERIVED: dict[Symbol, tuple[Callable[..., int], tuple[Affine, ...]]] = {}


def derived(name: str, function: Callable[..., int], *operands: Affine) -> Affine:
    """A symbol for a pure function of other integers, such as ``n // 2``: equal operands give the same symbol."""
    symbol = f"{name}({', '.join(map(str, operands))})"
    DERIVED[symbol] = (function, operands)
    return Affine.of(symbol)


def _derived_value(symbol: Symbol, samples: Mapping[Symbol, int]) -> int | None:
    if symbol not in DERIVED:
        return None
    function, operands = DERIVED[symbol]
    values = [operand.evaluate(samples) for operand in operands]
    try:
        return None if None in values else function(*values)
    except ArithmeticError:
        return None


Dims = tuple["Affine | None", ...]
