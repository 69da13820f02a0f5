"""A case is an expression and, by name, what its operands are: a letter for the dtype, then the axes.

`x="r*"` is reals of any rank, `x="fmn"` floats of shape (4, 3).  A case is drawn in many variants: ranks x operands
batched x in_axes x batch sizes x dtypes.  The expected value is always the loop's.
"""

from __future__ import annotations

import cmath
import itertools
import linecache
import math
import operator
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

LENGTHS = {"l": 2, "m": 4, "n": 3, "k": 2}
SHAPES = {0: (), 1: (3,), 2: (4, 3), 3: (2, 4, 3)}
BATCH_SIZES = (1, 3, 4, 2, 5)  # three of them equal to an axis of the examples
DTYPES = {
    "f": (float,),
    "e": (np.float32,),
    "i": (np.int64,),
    "j": (np.int64,),  # a subscript: not negative, below 3
    "u": (np.uint8,),
    "b": (bool,),
    "c": (complex,),
    "s": (float,),  # symmetric, positive definite
    "o": (float,),  # in order
    "g": (float, np.float32),
    "p": (float, np.float32),  # positive
    "q": (float,),  # between 0 and 1
    "n": (float, np.float32, np.int64),
    "r": (float, np.float32, np.int64, bool),
    "a": (float, np.float32, np.int64, bool, complex, np.uint8),
    "w": (int,),  # a Python number, uniform
}


@dataclass(frozen=True)
class Case:
    """An expression, or statements that end in a return, and the specs of its operands."""

    expression: str
    operands: dict[str, str]

    @property
    def id(self) -> str:
        return self.expression + "|" + ",".join(f"{k}={v}" for k, v in self.operands.items())


@dataclass
class Variant:
    """One call: what the operands are.  An axis of None stands for an operand that is the same for all examples."""

    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, Any]
    in_axes: tuple[int | None, ...]
    size: int
    seed: int
    nan: bool = False

    @property
    def batched(self) -> str:
        """The operands that are batched, for reports."""
        return ", ".join(name for name, axis in zip(self.shapes, self.in_axes, strict=True) if axis is not None)


@dataclass
class Outcome:
    """What came of a variant; `reason`: why it was looped, `raised`: both raise."""

    reason: str = ""
    raised: bool = False


def shapes_of(spec: str) -> list[tuple[int, ...]]:
    text = spec[1:]
    if text in ("*", "0+", "1+", "2+", "3+"):
        return [SHAPES[rank] for rank in range(0 if text == "*" else int(text[0]), 4)]
    return [tuple(LENGTHS[x] if x in LENGTHS else int(x) for x in text)]


def variants(case: Case, most: int) -> Iterator[Variant]:
    """`most` variants, the same in each run; every choice of batched operands and every rank occurs, if there is room.

    There are at least as many as there are choices of batched operands.
    """
    names = list(case.operands)
    specs = list(case.operands.values())
    arrays = [n for n, s in zip(names, specs, strict=True) if s[0] != "w"]
    subsets = [s for k in range(1, len(arrays) + 1) for s in itertools.combinations(arrays, k)]
    grid = list(itertools.product(*map(shapes_of, specs)))
    rng = np.random.default_rng(zlib.crc32(case.id.encode()))
    order, first = rng.permutation(len(grid)), int(rng.integers(len(subsets)))
    for k in range(max(most, len(subsets))):
        shapes, batched = grid[order[k % len(grid)]], subsets[(first + k) % len(subsets)]
        dtypes = [DTYPES[s[0]][int(rng.integers(len(DTYPES[s[0]])))] for s in specs]
        axes = tuple(
            int(rng.integers(-1, len(s) + 1)) if n in batched else None for n, s in zip(names, shapes, strict=True)
        )
        size = BATCH_SIZES[int(rng.integers(len(BATCH_SIZES)))]
        nan = bool(rng.integers(6) == 0)
        yield Variant(dict(zip(names, shapes, strict=True)), dict(zip(names, dtypes, strict=True)), axes, size, k, nan)


def make(case: Case, variant: Variant) -> list[Any]:
    rng = np.random.default_rng(variant.seed)
    args = []
    for (name, spec), axis in zip(case.operands.items(), variant.in_axes, strict=True):
        shape = variant.shapes[name]
        full = shape if axis is None else (variant.size, *shape)
        value = fill(rng, spec[0], full, np.dtype(variant.dtypes[name]), variant.nan)
        if spec[0] == "w":
            args.append(int(value))
            continue
        if axis is not None and axis:
            value = np.ascontiguousarray(np.moveaxis(value, 0, axis))
        args.append(value)
    return args


def fill(rng: Any, letter: str, shape: tuple[int, ...], dtype: Any, nan: bool) -> Any:
    if letter in "jw":
        return rng.integers(0, 3, shape).astype(dtype)
    if letter == "s":
        half = rng.normal(size=shape)
        return half @ half.swapaxes(-1, -2) + 3 * np.eye(shape[-1])
    if letter == "o":
        return np.sort(rng.integers(-8, 9, shape) / 2, axis=-1)
    if letter == "p":
        return rng.uniform(0.25, 2, shape).astype(dtype)
    if letter == "q":
        return rng.uniform(0, 1, shape).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if dtype.kind == "u":
        return rng.integers(0, 250, shape).astype(dtype)
    if dtype.kind == "i":
        return rng.integers(-3, 5, shape).astype(dtype)
    value = rng.integers(-6, 7, shape) / 2 + (rng.normal(size=shape) if rng.integers(2) else 0)
    if dtype.kind == "c":
        value = value + 1j * rng.integers(-4, 5, shape)
    value = np.asarray(value).astype(dtype)
    if nan and value.size:
        value[rng.random(shape) < 0.2] = np.nan
    return value


SCOPE: dict[str, Any] = {"np": np, "math": math, "cmath": cmath, "operator": operator}
if find_spec("scipy") is not None:
    import scipy.fft
    import scipy.integrate
    import scipy.linalg
    import scipy.ndimage
    import scipy.signal
    import scipy.special
    import scipy.stats

    SCOPE["scipy"] = scipy


def compiled(case: Case) -> Callable[..., Any]:
    """The function of a case, with a source that the vectorizer finds."""
    lines = case.expression.split("; ") if "return " in case.expression else [f"return {case.expression}"]
    text = f"def case({', '.join(case.operands)}):\n" + "".join(f"    {line}\n" for line in lines)
    name = f"<parity {zlib.crc32(case.id.encode())}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = dict(SCOPE)
    exec(compile(text, name, "exec"), scope)  # the text is ours, from the tables
    made: Callable[..., Any] = scope["case"]
    return made


def run(f: Callable[..., Any], case: Case, variant: Variant) -> Outcome:
    """Compares one variant with the loop."""
    vectorized = vmap(f, variant.in_axes)
    told: list[str] = []

    def watched(*args: Any) -> Any:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                return vectorized(*args)
            except Exception:
                raised.append(True)
                raise
            finally:
                told.extend(str(w.message) for w in seen if issubclass(w.category, FallbackWarning))
                later.extend(w for w in seen if not issubclass(w.category, FallbackWarning))

    def warning(*args: Any) -> Any:
        later.clear()
        try:
            return watched(*args)
        finally:
            for w in later:
                warnings.warn(str(w.message), w.category, stacklevel=2)

    later: list[warnings.WarningMessage] = []
    raised: list[bool] = []
    assert_matches_loop(f, make(case, variant), variant.in_axes, vmapped=warning)
    reason = told[0].partition("looped over the examples: ")[2] or told[0] if told else ""
    return Outcome(reason, bool(raised))


CASES: list[Case] = []


def case(expressions: str, **operands: str) -> None:
    """One case for each line."""
    for line in expressions.strip().splitlines():
        text = line.strip()
        used = {k: v for k, v in operands.items() if k in names_in(text)}
        CASES.append(Case(text, used))


def names_in(text: str) -> set[str]:
    """The names that an expression or statements read."""
    if "return " in text:
        code = compile("def f():\n" + "".join(f"    {s}\n" for s in text.split("; ")), "<case>", "exec").co_consts[0]
        return {*code.co_names, *code.co_varnames}
    return set(compile(text, "<case>", "eval").co_names)
