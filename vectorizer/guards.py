"""What must hold for a specialization to be used, as Python expressions that are compiled into one check.

A check costs a few hundred nanoseconds where looking at each fact in turn would cost microseconds.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np

from vectorizer.values import DERIVED, Affine

LONGEST = 16  # containers that are longer are compared by their signatures, not item by item
LENGTH = re.compile(r"(.*)\.shape\[(\d+)\]")
NUMBERS = (int, float, complex)
BUILTINS = {"_type_": type, "_len_": len, "_list_": list, "_repr_": repr}  # parameters may hide the names themselves
BY_VALUE = (str, bool, bytes, int, type(None), type(...), slice, np.dtype)


class Identity:
    """Stands for an object in keys and signatures: equal to itself alone, and kept alive, so that its id is its own."""

    __slots__ = ("object",)

    def __init__(self, value: object) -> None:
        self.object = value

    def __hash__(self) -> int:
        return id(self.object)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Identity) and other.object is self.object


def signature_of(value: Any) -> Any:
    """What a rewrite may rely on of a value from outside: kind, rank and dtype of data, the identity of the rest."""
    kind = type(value)
    if kind is np.ndarray:
        return (kind, value.dtype, value.ndim)
    if kind in NUMBERS or isinstance(value, np.generic):
        return kind
    if kind in (list, tuple):
        return (kind, tuple(signature_of(item) for item in value))
    if kind is dict:
        return (kind, tuple((key, signature_of(item)) for key, item in value.items()))
    if kind in BY_VALUE and kind is not slice:
        return (kind, value)
    if kind is types.MethodType:
        return (kind, Identity(value.__func__))
    return Identity(value)


class Guards:
    """Expressions that must be true, over the parameters of a function and over objects that they name."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.conditions: dict[str, None] = {}
        self.arrays: dict[str, None] = {}  # expressions for arrays from outside that the function may read

    def name(self, value: Any) -> str:
        """A name for an object in the expressions."""
        for name, known in self.objects.items():
            if known is value:
                return name
        name = f"_guard_{len(self.objects)}"
        self.objects[name] = value
        return name

    def require(self, condition: str) -> None:
        """`condition`, an expression, must be true."""
        self.conditions[condition] = None

    def add(self, code: str, value: Any) -> None:
        """What `code` gives must be like `value`, which it gives now, in all that a rewrite may rely on."""
        if type(value) is np.ndarray:
            self.arrays[code] = None
        self.require(self.likeness(code, value))

    def likeness(self, code: str, value: Any) -> str:
        """An expression for: what `code` gives has the signature of `value`."""
        kind = type(value)
        if kind is np.ndarray:
            return self.array_likeness(code, value, kind)
        if kind in NUMBERS or isinstance(value, np.generic):
            return f"_type_({code}) is {self.name(kind)}"
        if kind in (list, tuple, dict):
            return self._container(code, value)
        if kind in BY_VALUE and kind is not slice:
            return self.equality(code, value)
        if kind is types.MethodType:
            return f"(_type_(_seen_ := {code}) is {self.name(kind)} and _seen_.__func__ is {self.name(value.__func__)})"
        return f"{code} is {self.name(value)}"

    def array_likeness(self, code: str, value: np.ndarray[Any, Any], kind: type) -> str:
        """An expression for: what `code` gives is an array of type `kind` with the dtype and rank of `value`."""
        seen = f"_type_(_seen_ := {code}) is {self.name(kind)}"
        return f"({seen} and _seen_.dtype == {self.name(value.dtype)} and _seen_.ndim == {value.ndim})"

    def _container(self, code: str, value: Any) -> str:
        keys = list(value) if type(value) is dict else list(range(len(value)))
        if len(keys) > LONGEST or not all(type(key) in (str, int) for key in keys):
            return f"{self.name(signature_of)}({code}) == {self.name(signature_of(value))}"
        parts = [f"_type_({code}) is {self.name(type(value))}", f"_len_({code}) == {len(keys)}"]
        if type(value) is dict:
            parts[1] = f"_list_({code}) == {keys!r}"
        parts += [self.likeness(f"{code}[{key!r}]", value[key]) for key in keys]
        return f"({' and '.join(parts)})"

    def equality(self, code: str, value: Any) -> str:
        """An expression for: `code` gives this very value, of this type."""
        if value is None or value is ... or isinstance(value, Enum):
            return f"{code} is {self.name(value)}"
        if type(value) is bool:
            return f"{code} is {value}"
        if type(value) in (float, complex):  # their text tells 0.0 from -0.0, and nan is like nan
            return f"(_type_(_seen_ := {code}) is {self.name(type(value))} and _repr_(_seen_) == {repr(value)!r})"
        if type(value) in BY_VALUE:
            return f"(_type_(_seen_ := {code}) is {self.name(type(value))} and _seen_ == {self.name(value)})"
        return f"{code} is {self.name(value)}"

    def affine(self, value: Affine, codes: Mapping[str, str]) -> str:
        """An expression for an affine integer; `codes` gives an expression for each symbol that is not derived."""
        terms = [f"{count} * {self._symbol(symbol, codes)}" for symbol, count in value.terms]
        return " + ".join([*terms, str(value.const)])

    def _symbol(self, symbol: str, codes: Mapping[str, str]) -> str:
        if symbol in codes:
            return codes[symbol]
        function, operands = DERIVED[symbol]
        return f"{self.name(function)}({', '.join(self.affine(operand, codes) for operand in operands)})"

    def compiled(
        self, parameters: Sequence[str], constants: Mapping[str, Any], more: Sequence[str] = ()
    ) -> Callable[..., bool]:
        """A function of the parameters that tells whether all conditions hold; False where one cannot be evaluated."""
        condition = "\n            and ".join([*more, *self.conditions] or ["True"])
        text = (
            f"def fits({', '.join(parameters)}):\n    try:\n        return (\n            {condition}\n        )\n"
            "    except Exception:\n        return False\n"
        )
        scope: dict[str, Any] = {**constants, **self.objects, **BUILTINS}
        exec(text, scope)
        made: Callable[..., bool] = scope["fits"]
        return made
