"""Facts about arguments: the grammar of `--arg`, and what annotations and comments say.

    x: float64[n, 3]                           an array; lengths are numbers or names
    c: complex128                              a NumPy number
    limit: int                                 a Python number
    axis: int = 0                              one whose value the rewrite may rely on
    params: [(float64[4, 3], float64[4])]      containers, as in Python
    rng: Generator                             a random generator (or RandomState), which all examples share

Containers of facts are tuples, lists and dicts; `ArrayFact` and `ScalarFact` are their leaves.  Shapes are those of one
example.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from vectorizer.static.problems import InputError, Place
from vectorizer.tree import Tree

Dim: TypeAlias = "int | str | None"

PYTHON: dict[str, type] = {"float": float, "int": int, "bool": bool, "complex": complex}
GENERATORS = {kind.__name__: kind for kind in (np.random.Generator, np.random.RandomState)}
DTYPES = (
    "float16 float32 float64 longdouble complex64 complex128 clongdouble "
    "int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool_ bool intp uintp"
).split()


@dataclass(frozen=True)
class ArrayFact:
    """An array, or a NumPy number where `dims` is None.  A length is a number, a name, or None for any."""

    dtype: np.dtype[Any]
    dims: tuple[Dim, ...] | None = None
    __tree_leaf__ = True

    @property
    def rank(self) -> int:
        return len(self.dims or ())

    def __str__(self) -> str:
        if self.dims is None:
            return str(self.dtype)
        return f"{self.dtype}[{', '.join('_' if d is None else str(d) for d in self.dims)}]"


@dataclass(frozen=True)
class ScalarFact:
    """A Python number; `value` is what the rewrite may rely on, `...` where that is nothing."""

    type_: type
    value: Any = ...
    __tree_leaf__ = True

    def __str__(self) -> str:
        return self.type_.__name__ if self.value is ... else f"{self.type_.__name__} = {self.value!r}"


@dataclass(frozen=True)
class ObjectFact:
    """A string or None: the same for all examples."""

    value: Any
    __tree_leaf__ = True


@dataclass(frozen=True)
class GeneratorFact:
    """A random generator of NumPy's."""

    type_: type
    __tree_leaf__ = True

    def __str__(self) -> str:
        return self.type_.__name__

    def make(self, seed: int = 0) -> Any:
        """A generator of this kind."""
        return np.random.default_rng(seed) if self.type_ is np.random.Generator else self.type_(seed)


Fact: TypeAlias = Tree

TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z_][\w.]*)|(?P<string>'[^']*'|\"[^\"]*\")|(?P<number>-?\d[\w.+-]*)|(?P<mark>\S))"
)


@dataclass
class _Token:
    kind: str
    text: str
    start: int


class _Grammar:
    """One `--arg`, read from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[_Token] = []
        position = 0
        while match := TOKEN.match(text, position):
            kind = str(match.lastgroup)
            self.tokens.append(_Token(kind, match.group(kind), match.start(kind)))
            position = match.end()
        self.tokens.append(_Token("end", "", len(text.rstrip())))
        self.at = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        token = self.token
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        if self.token.text != text:
            found = f"found {self.token.text!r}" if self.token.text else "the text ends here"
            raise self.wrong(f"expected {text!r}, but {found}")
        self.take()

    def wrong(self, message: str, token: _Token | None = None, hint: str = "") -> InputError:
        token = token or self.token
        place = Place(f"--arg {self.text!r}", 0, self.text, token.start, max(len(token.text), 1))
        return InputError(place, message, hint)

    def argument(self) -> tuple[str, Fact]:
        name = self.take()
        if name.kind != "name" or not name.text.isidentifier():
            raise self.wrong("an argument's name stands first", name, 'For example: --arg "x: float64[n]"')
        self.expect(":")
        fact = self.fact()
        if self.token.text == "=":
            self.take()
            fact = self.with_value(fact)
        if self.token.kind != "end":
            raise self.wrong(f"{self.token.text!r} is not expected here")
        return name.text, fact

    def with_value(self, fact: Fact) -> Fact:
        start = self.token
        text = self.text[start.start :]
        self.at = len(self.tokens) - 1
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            raise self.wrong("the value is no literal", start) from None
        if isinstance(fact, ObjectFact) and isinstance(value, str):
            return ObjectFact(value)
        if not isinstance(fact, ScalarFact) or type(value) is not fact.type_:
            raise self.wrong("the value is not of this type", start)
        return ScalarFact(fact.type_, value)

    def fact(self) -> Fact:
        token = self.take()
        if token.text == "(":
            return self.parenthesised()
        if token.text == "[":
            return self.items("]")[0]
        if token.text == "{":
            return self.mapping()
        if token.kind == "name":
            return self.leaf(token)
        raise self.wrong("a type is expected here", token, 'For example: --arg "x: float64[n, 3]"')

    def parenthesised(self) -> Fact:
        found, comma = self.items(")")
        return found[0] if len(found) == 1 and not comma else tuple(found)

    def items(self, end: str) -> tuple[list[Fact], bool]:
        found: list[Fact] = []
        comma = False
        while self.token.text != end:
            found.append(self.fact())
            comma = self.token.text == ","
            if not comma:
                break
            self.take()
        self.expect(end)
        return found, comma

    def mapping(self) -> dict[Any, Fact]:
        found: dict[Any, Fact] = {}
        while self.token.text != "}":
            key = self.take()
            if key.kind not in ("string", "name", "number"):
                raise self.wrong("a key is expected here", key)
            self.expect(":")
            found[key.text if key.kind == "name" else ast.literal_eval(key.text)] = self.fact()
            if self.token.text != ",":
                break
            self.take()
        self.expect("}")
        return found

    def leaf(self, token: _Token) -> Fact:
        name = token.text.removeprefix("np.").removeprefix("numpy.")
        if self.token.text == "[":
            self.take()
            return ArrayFact(self.dtype(name, token), self.dims())
        if name in ("None", "str"):
            return ObjectFact(None if name == "None" else ...)
        if name.removeprefix("random.") in GENERATORS:
            return GeneratorFact(GENERATORS[name.removeprefix("random.")])
        if name in PYTHON and name == token.text:
            return ScalarFact(PYTHON[name])
        return ArrayFact(self.dtype(name, token))

    def dtype(self, name: str, token: _Token) -> np.dtype[Any]:
        found = dtype_named(name)
        if found is None:
            raise self.wrong(f"{name} is no dtype", token, f"The dtypes are: {', '.join(DTYPES)}.")
        return found

    def dims(self) -> tuple[Dim, ...]:
        found: list[Dim] = []
        while self.token.text != "]":
            token = self.take()
            found.append(self.dim(token))
            if self.token.text != ",":
                break
            self.take()
        self.expect("]")
        return tuple(found)

    def dim(self, token: _Token) -> Dim:
        if token.kind == "number" and token.text.isdigit():
            return int(token.text)
        if token.kind == "name" and token.text.isidentifier():
            return None if token.text == "_" else token.text
        raise self.wrong("a length is a number or a name", token)


def dtype_named(name: str) -> np.dtype[Any] | None:
    return np.dtype(name.rstrip("_")) if name in DTYPES or name in PYTHON else None


def parse_argument(text: str) -> tuple[str, Fact]:
    """The name and the fact of one `--arg`."""
    return _Grammar(text).argument()


def show(fact: Fact) -> str:
    """A fact as `--arg` takes it."""
    match fact:
        case dict():
            return "{" + ", ".join(f'"{key}": {show(item)}' for key, item in fact.items()) + "}"
        case list():
            return f"[{', '.join(map(show, fact))}]"
        case tuple():
            return f"({', '.join(map(show, fact))}{',' if len(fact) == 1 else ''})"
    return str(fact)
