"""Random functions that are written line by line: a line stays if it runs for every example at hand.

What such a function computes is known while it is written, so that the next line can fit the shapes and lengths that
are there, nothing raises, and numbers stay small multiples of a quarter, whose sums may be reassociated.
"""

from __future__ import annotations

import copy
import re
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from tests.programs import load_program
from vectorizer import FallbackWarning, VectorizeError, jit, tree, vmap
from vectorizer.testing import assert_matches_loop

LARGEST = {"float16": 60, "float32": 1e4, "float64": 1e6, "complex64": 1e4, "complex128": 1e6}
# Fallbacks that are mistakes.  That the emitted code raises is none where it computes what the loop never comes to.
OWN = re.compile(r"the rewriter failed|the emitted code raised (Syntax|Name|UnboundLocal|Type|Attribute|Key|Assertion)")


@dataclass
class Parameter:
    """A parameter of the function and what is given for it: `value` has the examples along `axis`."""

    name: str
    value: Any
    axis: int | None = 0

    def example(self, i: int) -> Any:
        """Of this one example, as the loop hands it over."""
        return self.value if self.axis is None else np.moveaxis(self.value, self.axis, 0)[i]

    def first(self, size: int) -> Any:
        """The first examples only."""
        return self.value if self.axis is None else self.value[(slice(None),) * self.position + (slice(0, size),)]

    def __str__(self) -> str:
        if self.axis is None and np.ndim(self.value) == 0:
            return f"{self.name} = {self.value!r}"
        where = "" if self.axis is None else f" along {self.axis}"
        return f"{self.name}: {self.value.dtype}{list(self.value.shape)}{where}"

    @property
    def position(self) -> int:
        assert self.axis is not None
        return self.axis % np.ndim(self.value)


@dataclass
class Draft:
    """A function in the making; `spaces` are its variables after the last line, for each example."""

    random: Random
    header: str
    parameters: list[Parameter]
    size: int
    lines: list[str] = field(default_factory=list)
    spaces: list[dict[str, Any]] = field(default_factory=list)
    inexact: set[str] = field(default_factory=set)  # variables that may only be returned
    ragged: set[str] = field(default_factory=set)  # variables whose kind or shape depends on the example

    def __post_init__(self) -> None:
        assert self.add()

    @property
    def here(self) -> dict[str, Any]:
        """The variables of the first example."""
        return self.spaces[0]

    def names(self, fits: Callable[[Any], bool] = lambda _: True) -> list[str]:
        """Variables that may be used, and whose values fit."""
        kept = [name for name in self.here if name not in self.inexact and name not in self.ragged]
        return [name for name in kept if fits(self.here[name])]

    def text(self, result: str) -> str:
        """The module."""
        names = ", ".join(parameter.name for parameter in self.parameters)
        body = textwrap.indent("\n".join([*self.lines, f"return {result}"]), "    ")
        return f"{self.header}def program({names}):\n{body}\n"

    def add(self, *lines: str, last: bool = False) -> bool:
        """Keep lines if they run, and, unless they are the last, leave exact numbers of the same shapes."""
        before = list(self.lines)
        self.lines += lines
        try:
            spaces = list(run_all(self.text("locals()"), self.parameters, self.size))
        except SyntaxError:  # an attribute of a number
            spaces = []
        if len(spaces) == self.size and self.fits(spaces, last):
            self.spaces = spaces
            return True
        self.lines = before
        return False

    def kinds_after(self, *lines: str) -> dict[str, Any] | None:
        """What variables would be behind lines; None if these do not run or change what a variable is."""
        other = copy.copy(self)
        other.lines = list(self.lines)
        if not other.add(*lines):
            return None
        kinds = {name: kind_of(value) for name, value in other.here.items()}
        return kinds if all(kinds[name] == kind_of(value) for name, value in self.here.items()) else None

    def fits(self, spaces: list[dict[str, Any]], last: bool) -> bool:
        if len({tuple(space) for space in spaces}) != 1:
            return False
        inexact, ragged = set(), set()
        for name in spaces[0]:
            values = [space[name] for space in spaces]
            if not all(map(is_small, values)):
                return False
            if len({kind_of(value) for value in values}) > 1:
                ragged.add(name)
            if not all(map(is_exact, values)):
                inexact.add(name)
        if not last and (inexact - self.inexact or ragged - self.ragged):
            return False
        self.inexact, self.ragged = inexact, ragged
        return True


@lru_cache(maxsize=8)
def _space_of(header: str) -> dict[str, Any]:
    space: dict[str, Any] = {}
    exec(compile(header, "<header>", "exec"), space)  # noqa: S102 - written in a test
    return space


def run_all(text: str, parameters: list[Parameter], size: int) -> Iterator[Any]:
    """What the function gives for each example; it ends where one raises or warns."""
    start = text.index("def program(")
    space = dict(_space_of(text[:start]))
    exec(compile(text[start:], "<draft>", "exec"), space)  # noqa: S102 - written here
    for i in range(size):
        arguments = [copy.deepcopy(parameter.example(i)) for parameter in parameters]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                yield space["program"](*arguments)
            except Exception:  # noqa: BLE001 - the line is not kept
                return


def kind_of(value: Any) -> Any:
    """What must not differ between examples."""
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype, value.shape
    if isinstance(value, dict):
        return dict, tuple((key, kind_of(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        return type(value), tuple(map(kind_of, value))
    return type(value)


def is_small(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.size <= 800)
    if isinstance(value, dict | list | tuple):
        return len(value) <= 20 and all(map(is_small, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, int | float) or abs(value) <= 1e9


def is_exact(value: Any) -> bool:
    """Whether sums and products of such numbers are exact: small multiples of a sixteenth."""
    if isinstance(value, dict | list | tuple):
        return all(map(is_exact, value.values() if isinstance(value, dict) else value))
    if not isinstance(value, np.ndarray | np.generic | float | complex):
        return True
    numbers = np.asarray(value)
    largest = LARGEST.get(numbers.dtype.name)
    if largest is None:
        return True
    if numbers.dtype.kind == "c":
        return is_exact(numbers.real) and is_exact(numbers.imag)
    wide = numbers.astype(float) * 16
    return bool((np.isfinite(wide) & (np.abs(wide) <= 16 * largest) & (wide == np.floor(wide))).all())


# --- comparing ---


@dataclass
class Tally:
    """What became of the programs, so that a generator whose programs are all looped or all raise is found out."""

    calls: int = 0
    raised: int = 0
    functions: int = 0
    looped: int = 0
    partly: int = 0
    replayed: int = 0

    def __str__(self) -> str:
        calls, functions = max(self.calls, 1), max(self.functions, 1)
        return (
            f"{functions} functions: looped {self.looped / functions:.1%}, in part {self.partly / functions:.1%}, "
            f"run twice {self.replayed / functions:.1%}; {calls} calls: raised {self.raised / calls:.1%}"
        )

    def count(self, told: list[str]) -> None:
        """Note what was said of one function."""
        self.replayed += any("the emitted code raised" in line for line in told)
        whole = any("the whole function" in line or "runs as it is" in line for line in told)
        self.functions += 1
        self.looped += whole
        self.partly += bool(told) and not whole


@dataclass
class Watched:
    """A vectorized function whose fallbacks are kept."""

    function: Any
    told: list[str] = field(default_factory=list)

    def __call__(self, *arguments: Any) -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = self.function(*arguments)
        for item in caught:
            if issubclass(item.category, FallbackWarning):
                self.told.append(str(item.message))
            else:
                warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
        return result

    def source(self) -> str:
        try:
            return str(self.function.source())
        except VectorizeError as error:
            return f"(no source: {error})"


def no_failure_of_our_own(watched: Watched) -> None:
    own = [line for line in watched.told if OWN.search(line)]
    assert not own, own[0]


def widened(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with results in double precision: whether a number is one of Python's may depend on its path."""

    def run(*arguments: Any) -> Any:
        return tree.map_tree(widen, function(*arguments))

    return run


def widen(leaf: Any) -> Any:
    array = np.asarray(leaf)
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def check_draft(
    text: str,
    parameters: list[Parameter],
    size: int,
    out_axes: int,
    folder: Path,
    tally: Tally,
    dtypes: bool = True,
) -> None:
    """Compare a function with the loop: all examples, one, none, and, without a batch, the first.

    dtypes: whether these count; not where some paths give Python numbers and others NumPy's (decision 0004).
    """
    program = load_program(text, folder)
    as_it_is: Callable[[Any], Any] = (lambda function: function) if dtypes else widened
    axes = tuple(parameter.axis for parameter in parameters)
    batched, alone = Watched(vmap(program, axes, out_axes)), Watched(jit(program))
    watched = batched
    try:
        for count in dict.fromkeys((size, 1, 0)):
            arguments = tuple(parameter.first(count) for parameter in parameters)
            tally.raised += (
                assert_matches_loop(as_it_is(program), arguments, axes, out_axes, vmapped=as_it_is(batched)) is None
            )
            tally.calls += 1
        no_failure_of_our_own(batched)
        watched = alone
        arguments = tuple(copy.deepcopy(parameter.example(0)) for parameter in parameters)
        add_axis = lambda *given: tree.map_tree(lambda leaf: np.asarray(leaf)[None], alone(*given))
        assert_matches_loop(as_it_is(program), arguments, None, axis_size=1, vmapped=as_it_is(add_axis))
        no_failure_of_our_own(alone)
    except AssertionError as error:
        given = ", ".join(map(str, parameters))
        how = "jit" if watched is alone else f"out_axes={out_axes}, {size} examples"
        raise AssertionError(f"{error}\n\n{text}\n{how}\n{given}\n\n{watched.source()}") from error
    tally.count(batched.told)
    tally.count(alone.told)
