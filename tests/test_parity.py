"""Every batching rule against the loop: argument forms x ranks x operands batched x in_axes x batch sizes x dtypes.

A case is an expression and, by name, what its operands are: a letter for the dtype and the axes, `x=r*` for reals of
any rank.  Each is drawn in many variants; the expected value is always the loop's.
"""

from __future__ import annotations

import itertools
import linecache
import math
import operator
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.rules import load_rules
from vectorizer.rules.table import FUNCTIONS
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
    "n": (float, np.float32, np.int64),
    "r": (float, np.float32, np.int64, bool),
    "a": (float, np.float32, np.int64, bool, complex, np.uint8),
    "w": (int,),  # a Python number, uniform
}


@dataclass(frozen=True)
class Case:
    """An expression and the specs of its operands."""

    expression: str
    operands: dict[str, str]

    @property
    def id(self) -> str:
        return self.expression + "|" + ",".join(f"{k}={v}" for k, v in self.operands.items())


@dataclass
class Variant:
    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, Any]
    batched: tuple[str, ...]
    in_axes: tuple[Any, ...]
    size: int
    seed: int
    nan: bool = False
    args: list[Any] = field(default_factory=list)


def shapes_of(spec: str) -> list[tuple[int, ...]]:
    text = spec[1:]
    if text in ("*", "0+", "1+", "2+", "3+"):
        return [SHAPES[rank] for rank in range(0 if text == "*" else int(text[0]), 4)]
    return [tuple(LENGTHS[x] if x in LENGTHS else int(x) for x in text)]


def variants(case: Case, most: int) -> Iterator[Variant]:
    """Up to `most` variants, drawn without repetition and the same in each run."""
    names = list(case.operands)
    specs = list(case.operands.values())
    arrays = [n for n, s in zip(names, specs) if s[0] != "w"]
    subsets = [s for k in range(1, len(arrays) + 1) for s in itertools.combinations(arrays, k)]
    grid = list(itertools.product(itertools.product(*map(shapes_of, specs)), subsets))
    rng = np.random.default_rng(zlib.crc32(case.id.encode()))
    order = rng.permutation(len(grid))
    total = max(most, 1)
    for k in range(total):
        shapes, batched = grid[order[k % len(grid)]]
        dtypes = [DTYPES[s[0]][int(rng.integers(len(DTYPES[s[0]])))] for s in specs]
        axes = tuple(int(rng.integers(2)) - 1 if n in batched else None for n in names)
        size = BATCH_SIZES[int(rng.integers(len(BATCH_SIZES)))]
        nan = bool(rng.integers(6) == 0)
        yield Variant(dict(zip(names, shapes)), dict(zip(names, dtypes)), batched, axes, size, k, nan)
        if k + 1 >= len(grid) * 12:
            return


def make(case: Case, variant: Variant) -> list[Any]:
    rng = np.random.default_rng(variant.seed)
    args = []
    for (name, spec), axis in zip(case.operands.items(), variant.in_axes):
        shape = variant.shapes[name]
        full = shape if axis is None else (variant.size, *shape)
        value = fill(rng, spec[0], full, np.dtype(variant.dtypes[name]), variant.nan)
        if spec[0] == "w":
            args.append(int(value))
            continue
        if axis == -1:
            value = np.ascontiguousarray(np.moveaxis(value, 0, -1))
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
    if nan and value.size and letter not in "j":
        value[rng.random(shape) < 0.2] = np.nan
    return value


SCOPE = {"np": np, "math": math, "operator": operator}


def compiled(case: Case, number: int, body: str = "") -> Callable[..., Any]:
    """The function of a case, with a source that the vectorizer finds."""
    text = f"def case({', '.join(case.operands)}):\n" + (body or f"    return {case.expression}\n")
    name = f"<parity {number} {zlib.crc32((case.id + body).encode())}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope = dict(SCOPE)
    exec(compile(text, name, "exec"), scope)  # the text is ours, from the table
    made: Callable[..., Any] = scope["case"]
    return made


def run(f: Callable[..., Any], case: Case, variant: Variant) -> str:
    """Compares one variant with the loop; returns why it was looped, if it was."""
    vectorized = vmap(f, variant.in_axes)
    told: list[str] = []

    def watched(*args: Any) -> Any:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            try:
                return vectorized(*args)
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
    if assert_matches_loop(f, make(case, variant), variant.in_axes, vmapped=warning) is None:
        return ""  # both raise
    return told[0].partition("looped over the examples: ")[2] or told[0] if told else ""


# --- the cases ---

CASES: list[Case] = []


def case(expressions: str, **operands: str) -> None:
    """One case for each line."""
    for line in expressions.strip().splitlines():
        text = line.strip()
        used = {k: v for k, v in operands.items() if k in _names(text)}
        CASES.append(Case(text, used))


def _names(text: str) -> set[str]:
    return set(compile(text, "<case>", "eval").co_names)


AXES = ("", ", axis=0", ", axis=-1", ", axis=None", ", axis=1, keepdims=True", ", None, keepdims=True", ", axis=(0, 1)")
REDUCTIONS = "sum prod max min mean var std any all ptp median"
NAN_REDUCTIONS = "nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian"
for _f in f"{REDUCTIONS} {NAN_REDUCTIONS}".split():
    for _axis in AXES:
        case(f"np.{_f}(x{_axis})", x="r*" if _f.startswith("nanm") else "a*")
for _f in "argmax argmin nanargmax nanargmin".split():
    for _axis in ("", ", axis=0", ", axis=-1", ", 1, keepdims=True", ", keepdims=True"):
        case(f"np.{_f}(x{_axis})", x="r*")
for _f in "sum prod max min mean var std any all argmax argmin cumsum cumprod".split():
    case(f"x.{_f}()\nx.{_f}(axis=-1)\nx.{_f}(0)", x="a*" if "arg" not in _f else "r*")
case(
    """
    np.count_nonzero(x)
    np.count_nonzero(x, axis=0)
    np.count_nonzero(x, axis=(0, -1))
    np.count_nonzero(x, keepdims=True)
    """,
    x="a*",
)
case(
    """
    np.sum(x, dtype=np.float32)
    np.sum(x, axis=0, where=m)
    np.sum(x, where=x > 0)
    np.max(x, initial=2.0, where=m)
    np.mean(x, where=m)
    np.std(x, ddof=1)
    np.var(x, axis=0, ddof=1)
    np.var(x, axis=-1, correction=1)
    x.std(ddof=1)
    x.sum(axis=0, keepdims=True)
    x.mean(axis=-1, dtype=np.float32)
    np.sum(x, 0)
    np.min(x, -1)
    np.sum(x, initial=3.0)
    """,
    x="g1+",
    m="bn",
)
case(
    """
    np.sum(x, axis=k)
    np.cumsum(x, axis=k)
    np.argmax(x, k)
    np.max(x, axis=(0, k))
    """,
    x="f3+",
    k="w",
)
for _f in "cumsum cumprod nancumsum nancumprod".split():
    case(f"np.{_f}(x)\nnp.{_f}(x, axis=0)\nnp.{_f}(x, axis=-1)\nnp.{_f}(x, axis=None)", x="a*")
case(
    """
    np.sort(x)
    np.sort(x, axis=0)
    np.sort(x, axis=None)
    np.argsort(x, kind="stable")
    np.argsort(x, axis=0, kind="stable")
    np.argsort(x, axis=None, kind="stable")
    x.argsort(kind="stable")
    np.diff(x)
    np.diff(x, n=2)
    np.diff(x, axis=0)
    np.diff(x, 2, -1)
    np.diff(x, prepend=0)
    np.diff(x, append=x[..., :1])
    np.unwrap(x)
    np.unwrap(x, axis=0)
    np.partition(x, 1)[..., :1]
    np.partition(x, 1, axis=0)[:1]
    np.partition(x, 1, axis=None)[:1]
    np.cumulative_sum(x, axis=0)
    np.cumulative_sum(x, axis=-1, include_initial=True)
    np.cumulative_prod(x, axis=-1)
    """,
    x="g1+",
)
case(
    """
    np.lexsort((x, y))
    np.lexsort([x, y], axis=0)
    np.sort_complex(x)
    """,
    x="in",
    y="in",
)
for _f in "fft ifft rfft irfft hfft ihfft".split():
    case(f"np.fft.{_f}(x)\nnp.fft.{_f}(x, axis=0)\nnp.fft.{_f}(x, n=6)\nnp.fft.{_f}(x, 6, norm='ortho')", x="f1+")
for _f in "fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn".split():
    case(f"np.fft.{_f}(x)\nnp.fft.{_f}(x, axes=(0, 1))\nnp.fft.{_f}(x, s=(4, 4), axes=(-2, -1))", x="f2+")
case(
    """
    np.fft.fftshift(x)
    np.fft.ifftshift(x)
    np.fft.fftshift(x, axes=0)
    np.fft.fftshift(x, axes=(-1,))
    """,
    x="r1+",
)
for _f in "quantile percentile nanquantile nanpercentile".split():
    case(
        f"np.{_f}(x, 0.25)\nnp.{_f}(x, 0.5, axis=0)\nnp.{_f}(x, [0.25, 0.75])\nnp.{_f}(x, (0.25, 0.5), axis=-1)\n"
        f"np.{_f}(x, [0.1, 0.9], axis=0, keepdims=True)\nnp.{_f}(x, 0.5, method='nearest')",
        x="g1+",
    )
case("np.quantile(x, q)\nnp.percentile(x, q, axis=0)", x="f1+", q="w")
case(
    """
    np.average(x)
    np.average(x, axis=0)
    np.average(x, weights=w)
    np.average(x, axis=-1, weights=w)
    np.average(x, weights=w, returned=True)
    """,
    x="gn",
    w="pn",
)
case("np.average(x, axis=1, weights=w)\nnp.average(x, axis=-1, weights=w)", x="gmn", w="pn")
case("np.average(x, weights=w)", x="fmn", w="pmn")
case(
    """
    np.trapezoid(x)
    np.trapezoid(x, dx=0.5)
    np.trapezoid(x, axis=0)
    np.trapezoid(x, dx=2)
    """,
    x="g1+",
)
case("np.trapezoid(y, x)\nnp.trapezoid(y, x=x, axis=-1)", x="on", y="f1+")
case("np.trapezoid(y, x, axis=0)", x="om", y="fmn")
case(
    """
    np.cov(x)
    np.cov(x, rowvar=False)
    np.cov(x, bias=True)
    np.cov(x, ddof=0)
    np.corrcoef(x)
    np.corrcoef(x, rowvar=False)
    """,
    x="fmn",
)
case("np.cov(x)\nnp.cov(x, y)\nnp.corrcoef(x, y)", x="fn", y="fn")
case(
    """
    np.cov(x, y, bias=True)
    np.corrcoef(x, y)
    np.cov(x, fweights=np.array([1, 2, 1]))
    """,
    x="gmn",
    y="gmn",
)

# elementwise
UNARY = """
    negative positive absolute fabs sign floor ceil trunc rint exp exp2 expm1 log log2 log10 log1p sqrt cbrt
    square reciprocal sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg
    degrees radians isfinite isinf isnan signbit spacing logical_not conjugate conj abs
"""
for _f in UNARY.split():
    case(
        f"np.{_f}(x)",
        x="a*" if _f in ("negative", "positive", "absolute", "exp", "sqrt", "isnan", "conj", "abs", "square") else "r*",
    )
case("np.invert(x)\n~x\nnp.bitwise_not(x)\nnp.bitwise_count(x)", x="i*")
BINARY = """
    add subtract multiply divide true_divide floor_divide remainder mod fmod power float_power maximum minimum
    fmax fmin arctan2 hypot copysign nextafter heaviside logaddexp logaddexp2 equal not_equal less less_equal
    greater greater_equal logical_and logical_or logical_xor
"""
for _f in BINARY.split():
    case(f"np.{_f}(x, y)", x="r*", y="r*")
    case(f"np.{_f}(x, 2)\nnp.{_f}(1.5, x)\nnp.{_f}(x, k)", x="r*", k="w")
for _f in "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split():
    case(f"np.{_f}(x, y)", x="i*", y="j*")
case("np.divmod(x, y)\nnp.modf(x)\nnp.frexp(x)", x="f*", y="f*")
case("np.ldexp(x, i)", x="f*", i="i*")
case("x ** y\nx ** 2\nx ** k\nx ** -1\n2 ** x\n2.5 ** x\nx ** 0.5", x="r*", y="r*", k="w")
case(
    """
    x // y
    x % y
    divmod(x, y)
    x / y
    -x
    abs(x)
    +x
    x // 2
    x % 3
    7 // x
    7 % x
    """,
    x="r*",
    y="r*",
)
case("x @ y", x="f1+", y="fn")
case("x & y\nx | y\nx ^ y\n~x", x="b*", y="b*")
case(
    """
    np.add(x, y, dtype=np.float64)
    np.add(x, y, where=m, out=np.zeros((4, 3)))
    np.multiply(x, y, out=np.empty((4, 3)))
    np.divide(x, y, out=np.ones((4, 3)), where=y != 0)
    """,
    x="fmn",
    y="fmn",
    m="bmn",
)
case(
    """
    np.clip(x, -1, 1)
    np.clip(x, y, None)
    np.clip(x, y, y + 1)
    np.clip(x, min=0, max=2)
    x.clip(0, 2)
    x.clip(y)
    x.clip(min=y, max=3)
    np.round(x)
    np.round(x, 1)
    np.around(x, decimals=1)
    x.round()
    x.round(1)
    x.round(decimals=-1)
    np.nan_to_num(x)
    np.nan_to_num(x, nan=1.5)
    np.fix(x)
    np.sinc(x)
    np.isclose(x, y)
    np.isclose(x, y, atol=1.0)
    np.allclose(x, y)
    np.array_equal(x, y)
    np.array_equiv(x, y)
    np.real_if_close(x)
    """,
    x="g*",
    y="g*",
)
case(
    """
    np.i0(x)
    np.isposinf(x)
    np.isneginf(x)
    np.nan_to_num(x)
    np.ndim(x)
    np.size(x)
    np.shape(x)
    np.size(x, 0)
    np.isscalar(x)
    np.iterable(x)
    """,
    x="r*",
)
case(
    """
    np.real(x)
    np.imag(x)
    np.angle(x)
    np.angle(x, deg=True)
    x.real
    x.imag
    x.conj()
    x.conjugate()
    np.isreal(x)
    np.iscomplex(x)
    np.iscomplexobj(x)
    np.isrealobj(x)
    """,
    x="a*",
)
case(
    """
    np.where(m, x, y)
    np.where(m, x, 0)
    np.where(m, 1, x)
    np.where(m, 1.5, y)
    """,
    x="r*",
    y="r*",
    m="b*",
)
case(
    """
    np.select([x > 1, x > 0], [x, y])
    np.select([x > 1, x > 0], [x, -x], default=7)
    np.select([m], [x], y)
    """,
    x="fmn",
    y="fn",
    m="bmn",
)
case(
    """
    np.choose(i, [x, y, x + y])
    np.choose(i, (x, y, 1.0))
    np.choose(i % 2, [x, y])
    """,
    x="fmn",
    y="fn",
    i="jmn",
)
case("np.choose(i, [x, y, x])\nnp.choose(i, x3)", x="f", y="f", i="j", x3="fnm")
case("np.piecewise(x, [x < 0, x >= 0], [-1.0, 1.0])\nnp.piecewise(x, [x < 0], [0.0, 2.0])", x="fn")
case(
    """
    np.astype(x, np.float32)
    x.astype(np.float32)
    x.astype(int)
    x.astype(bool)
    x.astype(float)
    x.astype(x.dtype)
    x.astype('float32')
    np.finfo(np.float32).eps + x
    x.copy()
    np.copy(x)
    """,
    x="r*",
)
case(
    """
    np.finfo(x.dtype).eps * x
    x + np.finfo(x.dtype).max * 0
    np.zeros(3, dtype=x.dtype) + x
    np.asarray(x, dtype=x.dtype)
    """,
    x="g1+",
)
for _t in "float64 float32 int64 int32 int8 uint8 bool_ complex128 float16 intp double single".split():
    case(f"np.{_t}(x)", x="a*" if "complex" in _t else "r*")
case(
    """
    float(x)
    int(x)
    bool(x)
    complex(x)
    round(x)
    round(x, 1)
    x.item()
    abs(x)
    min(x, 1)
    max(x, y)
    min(x, y, 2)
    """,
    x="r",
    y="r",
)

# contractions
case("np.dot(x, y)\nx.dot(y)\nnp.inner(x, y)\nnp.vdot(x, y)", x="an", y="an")
case(
    """
    np.dot(x, y)
    np.inner(x, y)
    np.outer(x, y)
    np.multiply.outer(x, y)
    np.kron(x, y)
    """,
    x="f*",
    y="f*",
)
case("np.dot(x, y)\nx @ y\nnp.matmul(x, y)", x="fmn", y="fn")
case("np.dot(y, x)\ny @ x\nnp.matmul(y, x)", x="cnm", y="cn")
case(
    """
    np.dot(x, y)
    x @ y
    np.dot(x, z)
    x @ z
    np.matmul(z, w)
    z @ w
    np.dot(z, w)
    """,
    x="fmn",
    y="fnk",
    z="flnm",
    w="flmk",
)
case("np.matmul(z, y)\nz @ y\nnp.dot(z, y)\ny2 @ z", z="flnm", y="fm", y2="fn")
case("np.vecdot(x, y)\nnp.linalg.vecdot(x, y)", x="a1+", y="an")
case("np.matvec(x, y)\nnp.vecmat(z, x)", x="amn", y="an", z="am")
case(
    """
    np.tensordot(x, y, axes=1)
    np.tensordot(x, y, 1)
    np.tensordot(x, y, axes=([1], [0]))
    np.tensordot(x, y, axes=0)
    """,
    x="fmn",
    y="fnk",
)
case(
    """
    np.tensordot(x, y)
    np.tensordot(x, y, axes=((0, 1), (0, 1)))
    np.tensordot(x, y, axes=(0, 0))
    np.tensordot(x, y, axes=([1, 0], [1, 0]))
    """,
    x="fmn",
    y="fmn",
)
case(
    """
    np.einsum('ij,jk->ik', x, y)
    np.einsum('ij,jk', x, y)
    np.einsum('ij,jk->', x, y)
    np.einsum('ij,...j->...i', x, z)
    """,
    x="fmn",
    y="fnk",
    z="fn",
)
case(
    """
    np.einsum('ii', s)
    np.einsum('ii->i', s)
    np.einsum('ij->ji', s)
    np.einsum('i,ij,j', v, s, v)
    np.einsum('i,ij,j->', v, s, v, optimize=True)
    """,
    s="fnn",
    v="fn",
)
case(
    """
    np.cross(x, y)
    np.linalg.cross(x, y)
    np.cross(z, x)
    np.cross(x, z, axis=-1)
    """,
    x="fn",
    y="fn",
    z="fmn",
)
case("np.linalg.multi_dot([x, y, z])\nnp.linalg.multi_dot([x, y])", x="fmn", y="fnk", z="fkm")
case(
    """
    np.trace(x)
    x.trace()
    np.trace(x, offset=1)
    np.trace(x, axis1=-2, axis2=-1)
    np.linalg.trace(x)
    np.diagonal(x)
    x.diagonal()
    np.diagonal(x, 1)
    np.diagonal(x, axis1=0, axis2=-1)
    np.linalg.diagonal(x)
    np.diag(x)
    """,
    x="r2+",
)
case(
    """
    np.diag(x)
    np.diag(x, 1)
    np.diag(x, k=-1)
    np.diagflat(x)
    np.diagflat(x, 1)
    np.vander(x)
    np.vander(x, 4)
    np.vander(x, N=2, increasing=True)
    """,
    x="rn",
)
for _f in "inv det slogdet cholesky eigvalsh eigh pinv matrix_rank cond svdvals qr svd eigvals".split():
    _post = {"eigh": "[0]", "qr": "[1].shape", "svd": "[1]", "slogdet": "[1]"}.get(_f, "")
    _wrap = "np.sort_complex({})" if _f == "eigvals" else "{}"
    case(_wrap.format(f"np.linalg.{_f}(s){_post}"), s="snn")
    case(_wrap.format(f"np.linalg.{_f}(s){_post}"), s="slnn")
case(
    """
    np.linalg.svd(x, compute_uv=False)
    np.linalg.pinv(x)
    np.linalg.matrix_rank(x)
    np.linalg.svd(x, full_matrices=False)[1]
    np.linalg.eigh(x.T @ x).eigenvalues
    np.linalg.qr(x, mode='r')
    """,
    x="fmn",
)
case(
    """
    np.linalg.solve(s, b)
    np.linalg.solve(s, B)
    np.linalg.solve(s + 1, b)
    np.linalg.inv(s) @ b
    np.linalg.tensorsolve(s, b)
    """,
    s="snn",
    b="fn",
    B="fnk",
)
case("np.linalg.solve(s, B)", s="slnn", B="fnk")
case(
    """
    np.linalg.matrix_power(s, 3)
    np.linalg.matrix_power(s, 0)
    np.linalg.matrix_power(s, -1)
    """,
    s="snn",
)
case(
    """
    np.linalg.norm(x)
    np.linalg.norm(x, axis=0)
    np.linalg.norm(x, axis=-1, keepdims=True)
    np.linalg.norm(x, 1)
    np.linalg.norm(x, np.inf)
    np.linalg.norm(x, ord=2)
    np.linalg.norm(x, ord=-np.inf, axis=-1)
    np.linalg.norm(x, keepdims=True)
    np.linalg.vector_norm(x)
    np.linalg.vector_norm(x, axis=-1)
    np.linalg.vector_norm(x, ord=1, axis=0)
    np.linalg.vector_norm(x, keepdims=True)
    """,
    x="a1+",
)
case(
    """
    np.linalg.norm(x, 'fro')
    np.linalg.norm(x, 'nuc')
    np.linalg.norm(x, axis=(0, 1))
    np.linalg.matrix_norm(x)
    np.linalg.matrix_norm(x, ord=1)
    np.linalg.matrix_transpose(x)
    np.matrix_transpose(x)
    x.mT
    """,
    x="f2+",
)
case("np.linalg.outer(x, y)", x="fn", y="fm")
case("np.linalg.matmul(x, y)\nnp.linalg.tensordot(x, y, axes=1)", x="fmn", y="fnk")
case(
    """
    np.linalg.lstsq(x, y)[0]
    np.polyfit(x[:, 0], y, 1)
    """,
    x="fmn",
    y="fm",
)
case(
    """
    np.polyval(p, x)
    np.polyval([1.0, 2.0, 3.0], x)
    np.polyval(x, 2.0)
    np.polyder(p)
    np.polyint(p)
    np.polymul(p, p)
    np.polyadd(p, x)
    """,
    p="fm",
    x="fn",
)
case("np.polyval(p, x)", p="fm", x="f*")

# shapes
case(
    """
    x.reshape(-1)
    np.reshape(x, -1)
    x.reshape(x.shape)
    x.reshape(x.size)
    x.reshape((-1, 1))
    x.reshape(1, -1)
    x.ravel()
    np.ravel(x)
    x.flatten()
    x.T
    x.transpose()
    np.transpose(x)
    np.atleast_1d(x)
    np.atleast_2d(x)
    np.atleast_3d(x)
    np.expand_dims(x, 0)
    np.expand_dims(x, -1)
    np.expand_dims(x, (0, -1))
    np.squeeze(np.expand_dims(x, 0))
    np.squeeze(np.expand_dims(x, 0), 0)
    np.squeeze(np.expand_dims(x, -1), axis=-1)
    x[None].squeeze()
    np.flip(x)
    np.tile(x, 2)
    np.tile(x, (2, 1))
    np.repeat(x, 2)
    np.roll(x, 1)
    np.roll(x, k)
    np.asarray(x)
    np.array(x)
    np.ascontiguousarray(x)
    np.array(x, dtype=float)
    np.array([x, x])
    np.array([x, 1.0])
    np.array(x, ndmin=2)
    np.asanyarray(x)
    np.asarray_chkfinite(x)
    np.append(x, 1.0)
    np.resize(x, (2, 2))
    np.broadcast_to(x, (2, 4, 3))
    np.zeros_like(x)
    np.ones_like(x)
    np.full_like(x, 2)
    np.empty_like(x).shape
    np.zeros_like(x, dtype=float)
    np.ediff1d(x)
    np.unstack(x[None])
    np.argwhere(x).sum()
    np.nonzero(x)[0].size
    np.flatnonzero(x).size
    """,
    x="r*",
    k="w",
)
case(
    """
    np.flip(x, 0)
    np.flip(x, axis=-1)
    np.flip(x, (0,))
    np.flipud(x)
    np.roll(x, 1, 0)
    np.roll(x, -2, axis=-1)
    np.roll(x, (1, 1), axis=(0, -1))
    np.roll(x, (1, 2), axis=0)
    np.repeat(x, 2, axis=0)
    np.repeat(x, 2, axis=-1)
    x.repeat(2)
    x.repeat(3, axis=0)
    np.swapaxes(x, 0, -1)
    x.swapaxes(0, -1)
    np.moveaxis(x, 0, -1)
    np.rollaxis(x, -1)
    np.rollaxis(x, 0, x.ndim)
    np.pad(x, 1)
    np.pad(x, (1, 2))
    np.pad(x, 1, mode="edge")
    np.pad(x, (2, 0), constant_values=5)
    np.pad(x, 1, "reflect")
    np.pad(x, ((1, 2),))
    np.concatenate([x, x])
    np.concatenate((x, 2 * x), axis=-1)
    np.concatenate([x, x], axis=None)
    np.concat([x, x])
    np.stack([x, x])
    np.stack([x, 2 * x], axis=-1)
    np.stack((x, x), 1)
    np.hstack([x, x])
    np.vstack([x, x])
    np.dstack([x, x])
    np.column_stack([x, x])
    np.append(x, x)
    np.append(x, x, axis=0)
    np.split(x, [1])
    np.split(x, [1, 2], axis=-1)
    np.array_split(x, 2)
    np.array_split(x, 2, axis=-1)
    np.vsplit(x, [1])
    np.hsplit(x, [1])
    np.delete(x, 0)
    np.delete(x, 0, axis=0)
    np.delete(x, [0, 1], axis=-1)
    np.delete(x, slice(0, 2), axis=-1)
    np.delete(x, -1, -1)
    np.insert(x, 0, 9)
    np.insert(x, 1, 9, axis=0)
    np.insert(x, [0, 1], 9, axis=-1)
    np.unstack(x)
    np.unstack(x, axis=-1)
    np.take(x, 1)
    np.take(x, [0, 1], axis=0)
    np.take(x, [1, 0], axis=-1)
    x.take([0, 2])
    np.compress([True, False], x, axis=0)
    np.block([x, x])
    np.trim_zeros(x).size if x.ndim == 1 else 0
    np.gradient(x, axis=0)
    np.gradient(x, axis=-1)
    np.gradient(x, 0.5, axis=-1)
    np.rot90(x) if x.ndim > 1 else x
    np.lib.stride_tricks.sliding_window_view(x, 2, axis=-1)
    np.lib.stride_tricks.sliding_window_view(x, 2, axis=0)
    np.apply_along_axis(np.sum, 0, x)
    np.apply_over_axes(np.sum, x, 0)
    np.isin(x, [0, 1, 2])
    np.ptp(x, axis=-1)
    np.add.reduce(x)
    np.add.reduce(x, axis=-1)
    np.multiply.reduce(x, axis=0, keepdims=True)
    np.maximum.reduce(x)
    np.maximum.reduce(x, axis=None)
    np.logical_and.reduce(x, axis=0)
    np.add.accumulate(x)
    np.maximum.accumulate(x, axis=-1)
    np.minimum.accumulate(x)
    np.multiply.accumulate(x, 0)
    np.add.reduceat(x, [0, 1])
    np.add.reduceat(x, [0, 2], axis=-1)
    np.histogram(x, bins=4, range=(-3, 3))[0]
    np.unique(x).size
    np.broadcast_arrays(x, x[:1])[1]
    np.mean(np.broadcast_arrays(x, 1.0)[1])
    np.indices((2, 3))[0].sum() + x
    """,
    x="r1+",
)
case(
    """
    np.fliplr(x)
    np.rot90(x)
    np.rot90(x, 2)
    np.rot90(x, k=-1)
    np.rot90(x, 3, axes=(1, 0))
    np.tril(x)
    np.triu(x)
    np.tril(x, -1)
    np.triu(x, k=1)
    x.reshape(-1, x.shape[0])
    np.transpose(x, (1, 0, *range(2, x.ndim)))
    np.gradient(x)
    np.permute_dims(x, tuple(range(x.ndim))[::-1])
    np.dsplit(x, [1]) if x.ndim > 2 else x
    np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(0, 1))
    np.pad(x, ((1, 0), (0, 2)) + ((0, 0),) * (x.ndim - 2))
    np.block([[x, x], [x, x]])
    np.squeeze(x[:1])
    np.linalg.norm(x)
    np.cumsum(x, axis=1)
    np.take(x, [[0, 1], [1, 0]], axis=1)
    x.ravel(order="F")
    x.reshape(-1, order="F")
    """,
    x="r2+",
)
case(
    """
    np.gradient(x)
    np.gradient(x, 2.0)
    np.gradient(x, np.array([0.0, 1.0, 3.0]))
    np.gradient(x, edge_order=2)
    np.ediff1d(x, to_begin=0)
    np.ediff1d(x, to_end=[1.0, 2.0])
    """,
    x="gn",
)
case("np.gradient(x, t)", x="fm", t="om")
case(
    """
    np.hstack([x, y])
    np.vstack([x, y])
    np.column_stack([x, y])
    np.concatenate([x, y])
    np.append(x, y)
    np.dstack([x, y])
    np.r_[x, y]
    np.c_[x, y]
    np.stack([x, y])
    np.block([x, y])
    np.insert(x, 1, y)
    np.union1d(x, y).size
    """,
    x="rn",
    y="gn",
)
case(
    """
    np.hstack([x, y])
    np.append(x, y)
    np.array([x, y])
    np.stack([x, y])
    np.vstack([x, y])
    """,
    x="r",
    y="r",
)
case("np.insert(x, 1, v)\nnp.insert(x, [0, 2], v)\nnp.append(v, x)", x="fn", v="f")
case(
    """
    np.insert(x, 1, y, axis=0)
    np.insert(x, 0, z, axis=1)
    np.concatenate([x, y[None]])
    np.column_stack([x, z])
    """,
    x="fmn",
    y="fn",
    z="fm",
)
case(
    """
    np.meshgrid(x, y)
    np.meshgrid(x, y, indexing='ij')
    np.meshgrid(x, y, sparse=True)
    np.broadcast_arrays(x, y[:, None])
    np.ix_([0, 1], [1, 2])[0] + x[:1]
    """,
    x="rn",
    y="gm",
)
case(
    """
    np.broadcast_shapes(x.shape, y.shape)
    np.result_type(x, y)
    np.promote_types(x.dtype, y.dtype) == float
    np.can_cast(x.dtype, float)
    """,
    x="fn",
    y="fn",
)
case(
    """
    np.linspace(x, y, 4)
    np.linspace(x, y)
    np.linspace(0, y, num=3, endpoint=False)
    np.geomspace(x, y, 3)
    np.logspace(0, x, 3)
    np.full(3, x)
    np.full((2, 2), x, dtype=float)
    np.arange(3) * x
    np.full_like(np.zeros(3), x)
    """,
    x="p",
    y="p",
)
case(
    """
    np.linspace(x, y, 4)
    np.linspace(x, y, 4, axis=-1)
    np.full((2, 3), x)
    np.linspace(x, 1.0, 3, retstep=True)[1]
    """,
    x="pn",
    y="pn",
)
case("np.full_like(x, y)\nnp.full_like(x, y, dtype=float)", x="rn", y="r")

# indexing
case(
    """
    x[i]
    x[..., i]
    x.take(i)
    np.take(x, i)
    np.take(x, i, axis=0)
    np.take(x, i, -1)
    np.take(x, i, mode='clip')
    x[i, ...]
    """,
    x="r1+",
    i="j*",
)
case(
    """
    np.take(x, i, axis=1)
    x[:, i]
    x[i, i]
    x[1, i]
    x[i, 1]
    x[i, :2]
    x[i][0]
    x[:, None, i]
    np.take(x, i % 2, axis=1, mode='wrap')
    """,
    x="r2+",
    i="jk",
)
case("x[i, j]\nx[i, :, j]\nx[:, i, j]\nx[i, None, j]", x="r3+", i="jk", j="jk")
case(
    """
    np.take_along_axis(x, i, axis=0)
    np.take_along_axis(x, i, axis=-1)
    np.take_along_axis(x, np.argsort(x, axis=-1), -1)
    """,
    x="rmn",
    i="jmn",
)
case(
    """
    np.take_along_axis(x, i, axis=0)
    np.take_along_axis(x, np.argmax(x, 0, keepdims=True), 0)
    """,
    x="rn",
    i="jn",
)
case("x[x > 0].sum()\nx[m].sum()\nnp.extract(m, x).sum()\nnp.compress(m, x).sum()", x="rn", m="bn")
case(
    """
    np.searchsorted(o, v)
    np.searchsorted(o, v, side='right')
    o.searchsorted(v)
    o.searchsorted(v, 'right')
    np.digitize(v, o)
    np.digitize(v, o, right=True)
    """,
    o="om",
    v="g*",
)
case(
    """
    np.searchsorted([0.0, 1.0, 2.0], v)
    np.digitize(v, [0.0, 1.0, 2.0])
    np.digitize(v, np.array([2.0, 1.0, 0.0]))
    np.interp(v, [0.0, 1.0, 2.0], [3.0, 1.0, 4.0])
    np.isin(v, [0.0, 1.0])
    """,
    v="r*",
)
case("np.interp(v, o, y)\nnp.interp(v, o, y, left=0.0, right=1.0)", o="om", y="fm", v="f*")
case(
    """
    np.bincount(i, minlength=4)
    np.bincount(i, weights=w, minlength=3)
    np.bincount(i, w, 5)
    """,
    i="jm",
    w="fm",
)
case("np.bincount(i)", i="jm")
case(
    """
    np.histogram(x, bins=e)[0]
    np.histogram(x, e)
    np.histogram(x, bins=[-2.0, 0.0, 1.0, 3.0])[0]
    np.histogram(x, bins=3)[0]
    np.histogram(x, 4, (-2, 2))
    np.histogram(x, bins=4, range=(-2, 2), density=True)[0]
    np.histogram(x, bins=4, range=(-2.0, 2.0), weights=w)[0]
    np.histogram_bin_edges(x, 4, (-1, 1))
    """,
    x="fm",
    e="on",
    w="fm",
)
case(
    """
    np.convolve(x, y)
    np.convolve(x, y, 'same')
    np.convolve(x, y, mode='valid')
    np.correlate(x, y)
    np.correlate(x, y, 'full')
    np.correlate(x, y, mode='same')
    np.convolve(x, [1.0, -1.0])
    np.convolve(y, x, mode='same')
    """,
    x="am",
    y="rn",
)
case(
    """
    np.convolve(x, y)
    np.convolve(x, y, 'same')
    np.correlate(x, y, 'valid')
    np.correlate(x, y, 'full')
    np.correlate(y, x, 'same')
    """,
    x="cn",
    y="cm",
)
case(
    """
    np.isin(x, y)
    np.isin(x, y, invert=True)
    np.isin(x, y, assume_unique=False)
    """,
    x="i*",
    y="in",
)
case("np.setdiff1d(x, y).size\nnp.intersect1d(x, y).size", x="in", y="im")
case(
    """
    np.put_along_axis(x, i, 0, axis=-1)
    np.fill_diagonal(x, 0)
    np.copyto(x, 0)
    np.put(x, [0], 5)
    np.place(x, x > 0, [1])
    np.putmask(x, x > 0, 0)
    """,
    x="fmn",
    i="jmn",
)
case(
    """
    np.ravel_multi_index((i, j), (3, 3))
    np.unravel_index(i, (2, 3))
    np.diag_indices(3)[0] + i
    np.tri(3) * i
    np.eye(3) * i
    np.identity(2) * i[0]
    """,
    i="jn",
    j="jn",
)
case(
    """
    operator.add(x, y)
    operator.mul(x, y)
    operator.neg(x)
    operator.getitem(x, 0)
    operator.lt(x, y)
    operator.matmul(x, y)
    operator.truediv(x, y)
    """,
    x="fn",
    y="fn",
)
case(
    """
    math.sqrt(abs(x))
    math.floor(x)
    math.hypot(x, 1.0)
    math.exp(x)
    math.atan2(x, 2)
    math.isnan(x)
    math.fabs(x)
    math.isclose(x, 1.0)
    math.ceil(x)
    math.trunc(x)
    math.pow(x, 2)
    math.copysign(1, x)
    math.log(abs(x) + 1, 2)
    math.degrees(x)
    """,
    x="r",
)
case("math.gcd(i, 6)\nmath.comb(5, i)\nmath.factorial(i)\nmath.isqrt(i)\nmath.lcm(i, 4)", i="j")
case("len(x)\nsum(x)\nmin(x)\nmax(x)\nany(x)\nall(x)\nsorted(x)[0]\nlist(x)[0]\nabs(x)", x="rn")
case("np.random.rand(3) * 0 + x", x="fn")
case(
    """
    np.vectorize(abs)(x)
    np.frompyfunc(abs, 1, 1)(x).astype(float)
    np.fromiter(x, float)
    np.ma.sum(x)
    """,
    x="fn",
)
case(
    """
    np.hanning(3) * x
    np.polynomial.polynomial.polyval(x, [1.0, 2.0])
    np.maximum.outer(x, x)
    np.subtract.outer(x, 1.0)
    np.add.outer(1.0, x)
    np.ndarray.sum(x)
    """,
    x="fn",
)
case(
    """
    x.nonzero()[0].size
    x.argpartition(1).shape
    x.tolist()
    x.nbytes
    x.itemsize
    x.flat[1]
    x.compress([True, False, True])
    x.dot(x)
    x.view(np.int64)
    x.byteswap().byteswap()
    """,
    x="fn",
)


# Expressions that are looped in some of their variants, by reason.  Whatever is looped must stand here.
LOOPED = {
    "a power of a boolean": """
        x ** y
        x ** k
        x ** 2
        x ** -1
        x ** 0.5
        2 ** x
        2.5 ** x
    """,
    "a convolution in a form that has no rule": """
        np.convolve(x, [1.0, -1.0])
        np.convolve(x, y)
        np.convolve(x, y, 'same')
        np.convolve(x, y, mode='valid')
        np.convolve(y, x, mode='same')
        np.correlate(x, y)
        np.correlate(x, y, 'full')
        np.correlate(x, y, mode='same')
    """,
    "np.histogram with bins that depend on the data": """
        np.histogram(x, bins=3)[0]
        np.histogram(x, bins=4, range=(-3, 3))[0]
        np.histogram(x, bins=e)[0]
        np.histogram(x, e)
    """,
    "a mask that varies selects a different number of elements for each example": """
        np.compress(m, x).sum()
        x[m].sum()
        x[x > 0].sum()
    """,
    "np.isin in a form that has no rule": """
        np.isin(x, y)
        np.isin(x, y, assume_unique=False)
        np.isin(x, y, invert=True)
    """,
    "the lesser or greater of numbers of different kinds is one or the other": """
        max(x, y)
        min(x, 1)
        min(x, y, 2)
    """,
    ".all of a single number along an axis": """
        x.all(0)
        x.all(axis=-1)
    """,
    ".any of a single number along an axis": """
        x.any(0)
        x.any(axis=-1)
    """,
    ".argmax of a single number along an axis": """
        x.argmax(0)
        x.argmax(axis=-1)
    """,
    ".argmin of a single number along an axis": """
        x.argmin(0)
        x.argmin(axis=-1)
    """,
    ".cumprod of a single number": """
        x.cumprod(0)
        x.cumprod(axis=-1)
    """,
    ".cumsum of a single number": """
        x.cumsum(0)
        x.cumsum(axis=-1)
    """,
    ".max of a single number along an axis": """
        x.max(0)
        x.max(axis=-1)
    """,
    ".min of a single number along an axis": """
        x.min(0)
        x.min(axis=-1)
    """,
    ".prod of a single number along an axis": """
        x.prod(0)
        x.prod(axis=-1)
    """,
    ".sum of a single number along an axis": """
        x.sum(0)
        x.sum(axis=-1)
    """,
    "a call of something unknown": """
        np.frompyfunc(abs, 1, 1)(x).astype(float)
        np.vectorize(abs)(x)
    """,
    "a correlation with a longer vector": """
        np.correlate(x, y, 'full')
        np.correlate(x, y, 'valid')
    """,
    "a number is subscripted": """
        np.unstack(x[None])
        x[None].squeeze()
    """,
    "an operand is not known to be an array": """
        np.c_[x, y]
        np.r_[x, y]
    """,
    "np.all of a single number along an axis": """
        np.all(x, axis=-1)
        np.all(x, axis=0)
    """,
    "np.any of a single number along an axis": """
        np.any(x, axis=-1)
        np.any(x, axis=0)
    """,
    "np.argmax of a single number along an axis": """
        np.argmax(x, axis=-1)
        np.argmax(x, axis=0)
    """,
    "np.argmin of a single number along an axis": """
        np.argmin(x, axis=-1)
        np.argmin(x, axis=0)
    """,
    "np.cumprod of a single number": """
        np.cumprod(x, axis=-1)
        np.cumprod(x, axis=0)
    """,
    "np.cumsum of a single number": """
        np.cumsum(x, axis=-1)
        np.cumsum(x, axis=0)
    """,
    "np.digitize with bins that vary": """
        np.digitize(v, o)
        np.digitize(v, o, right=True)
    """,
    "np.ediff1d in a form that has no rule": """
        np.ediff1d(x, to_begin=0)
        np.ediff1d(x, to_end=[1.0, 2.0])
    """,
    "np.interp between points that vary": """
        np.interp(v, o, y)
        np.interp(v, o, y, left=0.0, right=1.0)
    """,
    "np.max of a single number along an axis": """
        np.max(x, axis=-1)
        np.max(x, axis=0)
    """,
    "np.min of a single number along an axis": """
        np.min(x, axis=-1)
        np.min(x, axis=0)
    """,
    "np.nanargmax of a single number along an axis": """
        np.nanargmax(x, axis=-1)
        np.nanargmax(x, axis=0)
    """,
    "np.nanargmin of a single number along an axis": """
        np.nanargmin(x, axis=-1)
        np.nanargmin(x, axis=0)
    """,
    "np.nancumprod of a single number": """
        np.nancumprod(x, axis=-1)
        np.nancumprod(x, axis=0)
    """,
    "np.nancumsum of a single number": """
        np.nancumsum(x, axis=-1)
        np.nancumsum(x, axis=0)
    """,
    "np.nanmax of a single number along an axis": """
        np.nanmax(x, axis=-1)
        np.nanmax(x, axis=0)
    """,
    "np.nanmin of a single number along an axis": """
        np.nanmin(x, axis=-1)
        np.nanmin(x, axis=0)
    """,
    "np.nanprod of a single number along an axis": """
        np.nanprod(x, axis=-1)
        np.nanprod(x, axis=0)
    """,
    "np.nanstd of a single number along an axis": """
        np.nanstd(x, axis=-1)
        np.nanstd(x, axis=0)
    """,
    "np.nansum of a single number along an axis": """
        np.nansum(x, axis=-1)
        np.nansum(x, axis=0)
    """,
    "np.prod of a single number along an axis": """
        np.prod(x, axis=-1)
        np.prod(x, axis=0)
    """,
    "np.ptp of a single number along an axis": """
        np.ptp(x, axis=-1)
        np.ptp(x, axis=0)
    """,
    "np.roll of a single number": """
        np.roll(x, 1)
        np.roll(x, k)
    """,
    "np.sum of a single number along an axis": """
        np.sum(x, axis=-1)
        np.sum(x, axis=0)
    """,
    "np.take with mode= at indices that vary": """
        np.take(x, i % 2, axis=1, mode='wrap')
        np.take(x, i, mode='clip')
    """,
    "sum has no batching rule": """
        np.ma.sum(x)
        np.ndarray.sum(x)
    """,
    ".ravel in another order": """
        x.ravel(order="F")
    """,
    "a covariance with weights or dtype=": """
        np.cov(x, fweights=np.array([1, 2, 1]))
    """,
    "a list whose items are not known one by one": """
        np.choose(i, x3)
    """,
    "a place is not an integer": """
        np.insert(x, [0, 2], v)
    """,
    "apply_along_axis has no batching rule": """
        np.apply_along_axis(np.sum, 0, x)
    """,
    "apply_over_axes has no batching rule": """
        np.apply_over_axes(np.sum, x, 0)
    """,
    "argwhere has no batching rule": """
        np.argwhere(x).sum()
    """,
    "array_equiv has no batching rule": """
        np.array_equiv(x, y)
    """,
    "asarray_chkfinite has no batching rule": """
        np.asarray_chkfinite(x)
    """,
    "attribute 'flat' has no rule": """
        x.flat[1]
    """,
    "attribute 'nbytes' has no rule": """
        x.nbytes
    """,
    "comb has no batching rule": """
        math.comb(5, i)
    """,
    "eigvals has no batching rule": """
        np.sort_complex(np.linalg.eigvals(s))
    """,
    "extract has no batching rule": """
        np.extract(m, x).sum()
    """,
    "factorial has no batching rule": """
        math.factorial(i)
    """,
    "flatnonzero has no batching rule": """
        np.flatnonzero(x).size
    """,
    "fromiter has no batching rule": """
        np.fromiter(x, float)
    """,
    "histogram_bin_edges has no batching rule": """
        np.histogram_bin_edges(x, 4, (-1, 1))
    """,
    "intersect1d has no batching rule": """
        np.intersect1d(x, y).size
    """,
    "isclose has no batching rule": """
        math.isclose(x, 1.0)
    """,
    "isqrt has no batching rule": """
        math.isqrt(i)
    """,
    "iterable has no batching rule": """
        np.iterable(x)
    """,
    "lcm has no batching rule": """
        math.lcm(i, 4)
    """,
    "lstsq has no batching rule": """
        np.linalg.lstsq(x, y)[0]
    """,
    "method 'byteswap' of an array has no rule": """
        x.byteswap().byteswap()
    """,
    "method 'compress' of an array has no rule": """
        x.compress([True, False, True])
    """,
    "method 'nonzero' of an array has no rule": """
        x.nonzero()[0].size
    """,
    "method 'view' of an array has no rule": """
        x.view(np.int64)
    """,
    "nonzero has no batching rule": """
        np.nonzero(x)[0].size
    """,
    "np.array is called with an argument 'ndmin' that has no rule": """
        np.array(x, ndmin=2)
    """,
    "np.array_equal in a form that has no rule": """
        np.array_equal(x, y)
    """,
    "np.ascontiguousarray of a single number": """
        np.ascontiguousarray(x)
    """,
    "np.bincount without minlength= has a length that depends on the data": """
        np.bincount(i)
    """,
    "np.count_nonzero of a single number along an axis": """
        np.count_nonzero(x, axis=0)
    """,
    "np.gradient over points that vary": """
        np.gradient(x, t)
    """,
    "np.histogram in a form that has no rule": """
        np.histogram(x, bins=4, range=(-2.0, 2.0), weights=w)[0]
    """,
    "np.insert in a form that has no rule": """
        np.insert(x, 1, y)
    """,
    "np.kron of different ranks": """
        np.kron(x, y)
    """,
    "np.linspace with base= or retstep=": """
        np.linspace(x, 1.0, 3, retstep=True)[1]
    """,
    "np.nanmean of a single number along an axis": """
        np.nanmean(x, axis=0)
    """,
    "np.nanvar of a single number along an axis": """
        np.nanvar(x, axis=-1)
    """,
    "np.pad in a form that has no rule": """
        np.pad(x, ((1, 2),))
    """,
    "np.take of a flattened array with mode=": """
        np.take(x, i, mode='clip')
    """,
    "polyadd has no batching rule": """
        np.polyadd(p, x)
    """,
    "polyder has no batching rule": """
        np.polyder(p)
    """,
    "polyfit has no batching rule": """
        np.polyfit(x[:, 0], y, 1)
    """,
    "polyint has no batching rule": """
        np.polyint(p)
    """,
    "polymul has no batching rule": """
        np.polymul(p, p)
    """,
    "polyval has no batching rule": """
        np.polynomial.polynomial.polyval(x, [1.0, 2.0])
    """,
    "rand has no batching rule": """
        np.random.rand(3) * 0 + x
    """,
    "real_if_close has no batching rule": """
        np.real_if_close(x)
    """,
    "reshape in another order": """
        x.reshape(-1, order="F")
    """,
    "resize has no batching rule": """
        np.resize(x, (2, 2))
    """,
    "round of a Python number to some digits is correctly rounded, unlike np.round": """
        round(x, 1)
    """,
    "setdiff1d has no batching rule": """
        np.setdiff1d(x, y).size
    """,
    "sort_complex has no batching rule": """
        np.sort_complex(x)
    """,
    "tensorsolve has no batching rule": """
        np.linalg.tensorsolve(s, b)
    """,
    "the items of a sequence are not known one by one": """
        np.transpose(x, (1, 0, *range(2, x.ndim)))
    """,
    "trim_zeros has no batching rule": """
        np.trim_zeros(x).size if x.ndim == 1 else 0
    """,
    "tuple of something that has no rule": """
        np.permute_dims(x, tuple(range(x.ndim))[::-1])
    """,
    "union1d has no batching rule": """
        np.union1d(x, y).size
    """,
    "unique has no batching rule": """
        np.unique(x).size
    """,
}
MAY_BE_LOOPED = {line.strip() for lines in LOOPED.values() for line in lines.strip().splitlines()}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_row_does_what_the_loop_does(case: Case) -> None:
    f = compiled(case, 0)
    for variant in variants(case, 6):
        reason = run(f, case, variant)
        assert not reason or case.expression in MAY_BE_LOOPED, f"looped: {reason} for {variant}"


def test_table_has_rows_of_every_kind() -> None:
    load_rules()
    kinds = {rule.kind for rule in FUNCTIONS.values()}
    assert kinds >= {"reduction", "cumulative", "contraction", "core", "shape", "join", "creation", "store"}
