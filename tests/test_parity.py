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
    "r": (float, np.float32, np.int64, bool),
    "a": (float, np.float32, np.int64, bool, complex, np.uint8),
    "w": (int,),  # a Python number, uniform
}


@dataclass(frozen=True)
class Case:
    """An expression, the specs of its operands, and whether it must be native."""

    expression: str
    operands: dict[str, str]
    looped: str = ""

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


# --- the cases ---------------------------------------------------------------------------------------------------------

CASES: list[Case] = []


def case(expressions: str, looped: str = "", **operands: str) -> None:
    """One case for each line; `looped` says why it is expected to be looped."""
    for line in expressions.strip().splitlines():
        text = line.strip()
        used = {k: v for k, v in operands.items() if k in _names(text)}
        CASES.append(Case(text, used, looped))


def _names(text: str) -> set[str]:
    return set(compile(text, "<case>", "eval").co_names)


AXES = ("", ", axis=0", ", axis=-1", ", axis=None", ", axis=1, keepdims=True", ", None, keepdims=True", ", axis=(0, 1)")
for _f in "sum prod max min mean var std any all ptp median nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian".split():
    for _axis in AXES:
        if not (", None" in _axis and _f == "count_nonzero"):
            case(f"np.{_f}(x{_axis.replace('None,', 'axis=None,')})", x="a*" if not _f.startswith("nanm") else "r*")
for _f in "argmax argmin nanargmax nanargmin".split():
    for _axis in ("", ", axis=0", ", axis=-1", ", 1, keepdims=True", ", keepdims=True"):
        case(f"np.{_f}(x{_axis})", x="r*")
for _f in "sum prod max min mean var std any all argmax argmin cumsum cumprod".split():
    case(f"x.{_f}()\nx.{_f}(axis=-1)\nx.{_f}(0)", x="a*" if "arg" not in _f else "r*")
case("np.count_nonzero(x)\nnp.count_nonzero(x, axis=0)\nnp.count_nonzero(x, axis=(0, -1))\nnp.count_nonzero(x, keepdims=True)", x="a*")
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
case("np.sum(x, axis=k)\nnp.cumsum(x, axis=k)\nnp.argmax(x, k)\nnp.max(x, axis=(0, k))", x="f3+", k="w")
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
    x="in", y="in",
)
for _f in "fft ifft rfft irfft hfft ihfft".split():
    case(f"np.fft.{_f}(x)\nnp.fft.{_f}(x, axis=0)\nnp.fft.{_f}(x, n=6)\nnp.fft.{_f}(x, 6, norm='ortho')", x="f1+")
for _f in "fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn".split():
    case(f"np.fft.{_f}(x)\nnp.fft.{_f}(x, axes=(0, 1))\nnp.fft.{_f}(x, s=(4, 4), axes=(-2, -1))", x="f2+")
case("np.fft.fftshift(x)\nnp.fft.ifftshift(x)\nnp.fft.fftshift(x, axes=0)\nnp.fft.fftshift(x, axes=(-1,))", x="r1+")
for _f in "quantile percentile nanquantile nanpercentile".split():
    case(
        f"np.{_f}(x, 0.25)\nnp.{_f}(x, 0.5, axis=0)\nnp.{_f}(x, [0.25, 0.75])\nnp.{_f}(x, (0.25, 0.5), axis=-1)\n"
        f"np.{_f}(x, [0.1, 0.9], axis=0, keepdims=True)\nnp.{_f}(x, 0.5, method='nearest')",
        x="g1+",
    )
case("np.quantile(x, q)\nnp.percentile(x, q, axis=0)", x="f1+", q="wn" if False else "f0" if False else "w")
case(
    """
    np.average(x)
    np.average(x, axis=0)
    np.average(x, weights=w)
    np.average(x, axis=-1, weights=w)
    np.average(x, weights=w, returned=True)
    """,
    x="gn", w="pn",
)
case("np.average(x, axis=1, weights=w)\nnp.average(x, axis=-1, weights=w)", x="gmn", w="pn")
case("np.average(x, weights=w)", x="fmn", w="pmn")
case("np.trapezoid(x)\nnp.trapezoid(x, dx=0.5)\nnp.trapezoid(x, axis=0)\nnp.trapezoid(x, dx=2)", x="g1+")
case("np.trapezoid(y, x)\nnp.trapezoid(y, x=x, axis=-1)", x="on", y="f1+")
case("np.trapezoid(y, x, axis=0)", x="om", y="fmn")
case("np.cov(x)\nnp.cov(x, rowvar=False)\nnp.cov(x, bias=True)\nnp.cov(x, ddof=0)\nnp.corrcoef(x)\nnp.corrcoef(x, rowvar=False)", x="fmn")
case("np.cov(x)\nnp.cov(x, y)\nnp.corrcoef(x, y)", x="fn", y="fn")
case("np.cov(x, y, bias=True)\nnp.corrcoef(x, y)\nnp.cov(x, fweights=np.array([1, 2, 1]))", x="gmn", y="gmn")

# elementwise
UNARY = "negative positive absolute fabs sign floor ceil trunc rint exp exp2 expm1 log log2 log10 log1p sqrt cbrt square reciprocal sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg degrees radians isfinite isinf isnan signbit spacing logical_not conjugate conj abs"  # fmt: skip
for _f in UNARY.split():
    case(f"np.{_f}(x)", x="a*" if _f in ("negative", "positive", "absolute", "exp", "sqrt", "isnan", "conj", "abs", "square") else "r*")
case("np.invert(x)\n~x\nnp.bitwise_not(x)\nnp.bitwise_count(x)", x="i*")
BINARY = "add subtract multiply divide true_divide floor_divide remainder mod fmod power float_power maximum minimum fmax fmin arctan2 hypot copysign nextafter heaviside logaddexp logaddexp2 equal not_equal less less_equal greater greater_equal logical_and logical_or logical_xor"  # fmt: skip
for _f in BINARY.split():
    case(f"np.{_f}(x, y)", x="r*", y="r*")
    case(f"np.{_f}(x, 2)\nnp.{_f}(1.5, x)\nnp.{_f}(x, k)", x="r*", k="w")
for _f in "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm".split():
    case(f"np.{_f}(x, y)", x="i*", y="j*")
case("np.divmod(x, y)\nnp.modf(x)\nnp.frexp(x)", x="f*", y="f*")
case("np.ldexp(x, i)", x="f*", i="i*")
case("x ** y\nx ** 2\nx ** k\nx ** -1\n2 ** x\n2.5 ** x\nx ** 0.5", x="r*", y="r*", k="w")
case("x // y\nx % y\ndivmod(x, y)\nx / y\n-x\nabs(x)\n+x\nx // 2\nx % 3\n7 // x\n7 % x", x="r*", y="r*")
case("x @ y", x="f1+", y="fn")
case("x & y\nx | y\nx ^ y\n~x", x="b*", y="b*")
case(
    """
    np.add(x, y, dtype=np.float64)
    np.add(x, y, where=m, out=np.zeros((4, 3)))
    np.multiply(x, y, out=np.empty((4, 3)))
    np.divide(x, y, out=np.ones((4, 3)), where=y != 0)
    """,
    x="fmn", y="fmn", m="bmn",
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
    x="g*", y="g*",
)
case("np.i0(x)\nnp.isposinf(x)\nnp.isneginf(x)\nnp.nan_to_num(x)\nnp.ndim(x)\nnp.size(x)\nnp.shape(x)\nnp.size(x, 0)\nnp.isscalar(x)\nnp.iterable(x)", x="r*")
case("np.real(x)\nnp.imag(x)\nnp.angle(x)\nnp.angle(x, deg=True)\nx.real\nx.imag\nx.conj()\nx.conjugate()\nnp.isreal(x)\nnp.iscomplex(x)\nnp.iscomplexobj(x)\nnp.isrealobj(x)", x="a*")
case("np.where(m, x, y)\nnp.where(m, x, 0)\nnp.where(m, 1, x)\nnp.where(m, 1.5, y)", x="r*", y="r*", m="b*")
case("np.select([x > 1, x > 0], [x, y])\nnp.select([x > 1, x > 0], [x, -x], default=7)\nnp.select([m], [x], y)", x="fmn", y="fn", m="bmn")
case("np.choose(i, [x, y, x + y])\nnp.choose(i, (x, y, 1.0))\nnp.choose(i % 2, [x, y])", x="fmn", y="fn", i="jmn")
case("np.choose(i, [x, y, x])\nnp.choose(i, x3)", x="f", y="f", i="j", x3="fnm")
case("np.piecewise(x, [x < 0, x >= 0], [-1.0, 1.0])\nnp.piecewise(x, [x < 0], [0.0, 2.0])", x="fn")
case("np.astype(x, np.float32)\nx.astype(np.float32)\nx.astype(int)\nx.astype(bool)\nx.astype(float)\nx.astype(x.dtype)\nx.astype('float32')\nnp.finfo(np.float32).eps + x\nx.copy()\nnp.copy(x)", x="r*")
case("np.finfo(x.dtype).eps * x\nx + np.finfo(x.dtype).max * 0\nnp.zeros(3, dtype=x.dtype) + x\nnp.asarray(x, dtype=x.dtype)", x="g1+")
for _t in "float64 float32 int64 int32 int8 uint8 bool_ complex128 float16 intp double single".split():
    case(f"np.{_t}(x)", x="a*" if "complex" in _t else "r*")
case("float(x)\nint(x)\nbool(x)\ncomplex(x)\nround(x)\nround(x, 1)\nx.item()\nabs(x)\nmin(x, 1)\nmax(x, y)\nmin(x, y, 2)", x="r", y="r")

# contractions
case("np.dot(x, y)\nx.dot(y)\nnp.inner(x, y)\nnp.vdot(x, y)", x="an", y="an")
case("np.dot(x, y)\nnp.inner(x, y)\nnp.outer(x, y)\nnp.multiply.outer(x, y)\nnp.kron(x, y)", x="f*", y="f*")
case("np.dot(x, y)\nx @ y\nnp.matmul(x, y)", x="fmn", y="fn")
case("np.dot(y, x)\ny @ x\nnp.matmul(y, x)", x="cnm", y="cn")
case("np.dot(x, y)\nx @ y\nnp.dot(x, z)\nx @ z\nnp.matmul(z, w)\nz @ w\nnp.dot(z, w)", x="fmn", y="fnk", z="flnm", w="flmk")
case("np.matmul(z, y)\nz @ y\nnp.dot(z, y)\ny2 @ z", z="flnm", y="fm", y2="fn")
case("np.vecdot(x, y)\nnp.linalg.vecdot(x, y)", x="a1+", y="an")
case("np.matvec(x, y)\nnp.vecmat(z, x)", x="amn", y="an", z="am")
case("np.tensordot(x, y, axes=1)\nnp.tensordot(x, y, 1)\nnp.tensordot(x, y, axes=([1], [0]))\nnp.tensordot(x, y, axes=0)", x="fmn", y="fnk")
case("np.tensordot(x, y)\nnp.tensordot(x, y, axes=((0, 1), (0, 1)))\nnp.tensordot(x, y, axes=(0, 0))\nnp.tensordot(x, y, axes=([1, 0], [1, 0]))", x="fmn", y="fmn")
case("np.einsum('ij,jk->ik', x, y)\nnp.einsum('ij,jk', x, y)\nnp.einsum('ij,jk->', x, y)\nnp.einsum('ij,...j->...i', x, z)", x="fmn", y="fnk", z="fn")
case("np.einsum('ii', s)\nnp.einsum('ii->i', s)\nnp.einsum('ij->ji', s)\nnp.einsum('i,ij,j', v, s, v)\nnp.einsum('i,ij,j->', v, s, v, optimize=True)", s="fnn", v="fn")
case("np.cross(x, y)\nnp.linalg.cross(x, y)\nnp.cross(z, x)\nnp.cross(x, z, axis=-1)", x="fn", y="fn", z="fmn")
case("np.linalg.multi_dot([x, y, z])\nnp.linalg.multi_dot([x, y])", x="fmn", y="fnk", z="fkm")
case("np.trace(x)\nx.trace()\nnp.trace(x, offset=1)\nnp.trace(x, axis1=-2, axis2=-1)\nnp.linalg.trace(x)\nnp.diagonal(x)\nx.diagonal()\nnp.diagonal(x, 1)\nnp.diagonal(x, axis1=0, axis2=-1)\nnp.linalg.diagonal(x)\nnp.diag(x)", x="r2+")
case("np.diag(x)\nnp.diag(x, 1)\nnp.diag(x, k=-1)\nnp.diagflat(x)\nnp.diagflat(x, 1)\nnp.vander(x)\nnp.vander(x, 4)\nnp.vander(x, N=2, increasing=True)", x="rn")
for _f in "inv det slogdet cholesky eigvalsh eigh pinv matrix_rank cond svdvals qr svd eigvals".split():
    _post = {"eigh": "[0]", "qr": "[1].shape", "svd": "[1]", "slogdet": "[1]"}.get(_f, "")
    _wrap = "np.sort_complex({})" if _f == "eigvals" else "{}"
    case(_wrap.format(f"np.linalg.{_f}(s){_post}"), s="snn")
    case(_wrap.format(f"np.linalg.{_f}(s){_post}"), s="slnn")
case("np.linalg.svd(x, compute_uv=False)\nnp.linalg.pinv(x)\nnp.linalg.matrix_rank(x)\nnp.linalg.svd(x, full_matrices=False)[1]\nnp.linalg.eigh(x.T @ x).eigenvalues\nnp.linalg.qr(x, mode='r')", x="fmn")
case("np.linalg.solve(s, b)\nnp.linalg.solve(s, B)\nnp.linalg.solve(s + 1, b)\nnp.linalg.inv(s) @ b\nnp.linalg.tensorsolve(s, b)", s="snn", b="fn", B="fnk")
case("np.linalg.solve(s, B)", s="slnn", B="fnk")
case("np.linalg.matrix_power(s, 3)\nnp.linalg.matrix_power(s, 0)\nnp.linalg.matrix_power(s, -1)", s="snn")
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
case("np.linalg.norm(x, 'fro')\nnp.linalg.norm(x, 'nuc')\nnp.linalg.norm(x, axis=(0, 1))\nnp.linalg.matrix_norm(x)\nnp.linalg.matrix_norm(x, ord=1)\nnp.linalg.matrix_transpose(x)\nnp.matrix_transpose(x)\nx.mT", x="f2+")
case("np.linalg.outer(x, y)", x="fn", y="fm")
case("np.linalg.matmul(x, y)\nnp.linalg.tensordot(x, y, axes=1)", x="fmn", y="fnk")
case("np.linalg.lstsq(x, y)[0]\nnp.polyfit(x[:, 0], y, 1)", looped="no batched form is as accurate", x="fmn", y="fm")
case("np.polyval(p, x)\nnp.polyval([1.0, 2.0, 3.0], x)\nnp.polyval(x, 2.0)\nnp.polyder(p)\nnp.polyint(p)\nnp.polymul(p, p)\nnp.polyadd(p, x)", p="fm", x="fn")
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
    np.asfarray(x) if False else x
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
    x="r*", k="w",
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
    np.bmat if False else x
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
case("np.gradient(x)\nnp.gradient(x, 2.0)\nnp.gradient(x, np.array([0.0, 1.0, 3.0]))\nnp.gradient(x, edge_order=2)\nnp.ediff1d(x, to_begin=0)\nnp.ediff1d(x, to_end=[1.0, 2.0])", x="gn")
case("np.gradient(x, t)", x="fm", t="om")
case("np.hstack([x, y])\nnp.vstack([x, y])\nnp.column_stack([x, y])\nnp.concatenate([x, y])\nnp.append(x, y)\nnp.dstack([x, y])\nnp.r_[x, y]\nnp.c_[x, y]\nnp.stack([x, y])\nnp.block([x, y])\nnp.insert(x, 1, y)\nnp.union1d(x, y).size", x="rn", y="gn")
case("np.hstack([x, y])\nnp.append(x, y)\nnp.array([x, y])\nnp.stack([x, y])\nnp.vstack([x, y])", x="r", y="r")
case("np.insert(x, 1, v)\nnp.insert(x, [0, 2], v)\nnp.append(v, x)", x="fn", v="f")
case("np.insert(x, 1, y, axis=0)\nnp.insert(x, 0, z, axis=1)\nnp.concatenate([x, y[None]])\nnp.column_stack([x, z])", x="fmn", y="fn", z="fm")
case("np.meshgrid(x, y)\nnp.meshgrid(x, y, indexing='ij')\nnp.meshgrid(x, y, sparse=True)\nnp.broadcast_arrays(x, y[:, None])\nnp.ix_([0, 1], [1, 2])[0] + x[:1]", x="rn", y="gm")
case("np.broadcast_shapes(x.shape, y.shape)\nnp.result_type(x, y)\nnp.promote_types(x.dtype, y.dtype) == float\nnp.shares_memory(x, y)\nnp.can_cast(x.dtype, float)", looped="?", x="fn", y="fn")
case("np.linspace(x, y, 4)\nnp.linspace(x, y)\nnp.linspace(0, y, num=3, endpoint=False)\nnp.geomspace(x, y, 3)\nnp.logspace(0, x, 3)\nnp.full(3, x)\nnp.full((2, 2), x, dtype=float)\nnp.arange(3) * x\nnp.full_like(np.zeros(3), x)", x="p", y="p")
case("np.linspace(x, y, 4)\nnp.linspace(x, y, 4, axis=-1)\nnp.full((2, 3), x)\nnp.linspace(x, 1.0, 3, retstep=True)[1]", x="pn", y="pn")
case("np.full_like(x, y)\nnp.full_like(x, y, dtype=float)", x="rn", y="r")

# indexing
case("x[i]\nx[..., i]\nx.take(i)\nnp.take(x, i)\nnp.take(x, i, axis=0)\nnp.take(x, i, -1)\nnp.take(x, i, mode='clip')\nx[i, ...]", x="r1+", i="j*")
case("np.take(x, i, axis=1)\nx[:, i]\nx[i, i]\nx[1, i]\nx[i, 1]\nx[i, :2]\nx[i][0]\nx[:, None, i]\nnp.take(x, i % 2, axis=1, mode='wrap')", x="r2+", i="jk")
case("x[i, j]\nx[i, :, j]\nx[:, i, j]\nx[i, None, j]", x="r3+", i="jk" if False else "uk" if False else "jk", j="jk")
case("np.take_along_axis(x, i, axis=0)\nnp.take_along_axis(x, i, axis=-1)\nnp.take_along_axis(x, np.argsort(x, axis=-1), -1)", x="rmn", i="jmn")
case("np.take_along_axis(x, i, axis=0)\nnp.take_along_axis(x, np.argmax(x, 0, keepdims=True), 0)", x="rn", i="jn")
case("x[x > 0].sum()\nx[m].sum()\nnp.extract(m, x).sum()\nnp.compress(m, x).sum()\nx[m].mean() if False else x", x="rn", m="bn")
case("np.searchsorted(o, v)\nnp.searchsorted(o, v, side='right')\no.searchsorted(v)\no.searchsorted(v, 'right')\nnp.digitize(v, o)\nnp.digitize(v, o, right=True)", o="om", v="g*")
case("np.searchsorted([0.0, 1.0, 2.0], v)\nnp.digitize(v, [0.0, 1.0, 2.0])\nnp.digitize(v, np.array([2.0, 1.0, 0.0]))\nnp.interp(v, [0.0, 1.0, 2.0], [3.0, 1.0, 4.0])\nnp.isin(v, [0.0, 1.0])\nnp.in1d(v, [0.0]) if False else v", v="r*")
case("np.interp(v, o, y)\nnp.interp(v, o, y, left=0.0, right=1.0)", o="om", y="fm", v="f*")
case("np.bincount(i, minlength=4)\nnp.bincount(i, weights=w, minlength=3)\nnp.bincount(i, w, 5)", i="jm", w="fm")
case("np.bincount(i)", looped="the length differs", i="jm")
case("np.histogram(x, bins=e)[0]\nnp.histogram(x, e)\nnp.histogram(x, bins=[-2.0, 0.0, 1.0, 3.0])[0]\nnp.histogram(x, bins=3)[0]\nnp.histogram(x, 4, (-2, 2))\nnp.histogram(x, bins=4, range=(-2, 2), density=True)[0]\nnp.histogram(x, bins=4, range=(-2.0, 2.0), weights=w)[0]\nnp.histogram_bin_edges(x, 4, (-1, 1))", x="fm", e="on", w="fm")
case("np.convolve(x, y)\nnp.convolve(x, y, 'same')\nnp.convolve(x, y, mode='valid')\nnp.correlate(x, y)\nnp.correlate(x, y, 'full')\nnp.correlate(x, y, mode='same')\nnp.convolve(x, [1.0, -1.0])\nnp.convolve(y, x, mode='same')", x="am", y="rn")
case("np.convolve(x, y)\nnp.convolve(x, y, 'same')\nnp.correlate(x, y, 'valid')\nnp.correlate(x, y, 'full')\nnp.correlate(y, x, 'same')", x="cn", y="cm")
case("np.isin(x, y)\nnp.isin(x, y, invert=True)\nnp.isin(x, y, assume_unique=False)", x="i*", y="in")
case("np.setdiff1d(x, y).size\nnp.intersect1d(x, y).size", x="in", y="im")
case("np.put_along_axis(x, i, 0, axis=-1)\nnp.fill_diagonal(x, 0)\nnp.copyto(x, 0)\nnp.put(x, [0], 5)\nnp.place(x, x > 0, [1])\nnp.putmask(x, x > 0, 0)", x="fmn", i="jmn")
case("np.ravel_multi_index((i, j), (3, 3))\nnp.unravel_index(i, (2, 3))\nnp.diag_indices(3)[0] + i\nnp.tri(3) * i\nnp.eye(3) * i\nnp.identity(2) * i[0]", i="jn", j="jn")
case("operator.add(x, y)\noperator.mul(x, y)\noperator.neg(x)\noperator.getitem(x, 0)\noperator.lt(x, y)\noperator.matmul(x, y)\noperator.truediv(x, y)", x="fn", y="fn")
case("math.sqrt(abs(x))\nmath.floor(x)\nmath.hypot(x, 1.0)\nmath.exp(x)\nmath.atan2(x, 2)\nmath.isnan(x)\nmath.fabs(x)\nmath.isclose(x, 1.0)\nmath.ceil(x)\nmath.trunc(x)\nmath.pow(x, 2)\nmath.copysign(1, x)\nmath.log(abs(x) + 1, 2)\nmath.degrees(x)", x="r")
case("math.gcd(i, 6)\nmath.comb(5, i)\nmath.factorial(i)\nmath.isqrt(i)\nmath.lcm(i, 4)", i="j")
case("len(x)\nsum(x)\nmin(x)\nmax(x)\nany(x)\nall(x)\nsorted(x)[0]\nlist(x)[0]\nabs(x)", x="rn")
case("np.random.rand(3) * 0 + x", looped="random numbers", x="fn")
case("np.array2string(x)\nnp.array_repr(x)\nnp.vectorize(abs)(x)\nnp.frompyfunc(abs, 1, 1)(x).astype(float)\nnp.fromiter(x, float)\nnp.ma.sum(x)\nnp.save if False else x", looped="?", x="fn")
case("np.hanning(3) * x\nnp.polynomial.polynomial.polyval(x, [1.0, 2.0])\nnp.maximum.outer(x, x)\nnp.subtract.outer(x, 1.0)\nnp.add.outer(1.0, x)\nnp.ndarray.sum(x)", x="fn")
case("x.nonzero()[0].size\nx.argpartition(1).shape\nx.searchsorted(0.0)\nx.tolist()\nx.ptp() if False else x\nx.nbytes\nx.itemsize\nx.flat[1]\nx.strides if False else x\nx.choose if False else x\nx.compress([True, False, True])\nx.dot(x)\nx.view(np.int64)\nx.byteswap().byteswap()", x="fn")


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_row_does_what_the_loop_does(case: Case) -> None:
    load_rules()
    f = compiled(case, 0)
    for variant in variants(case, 5):
        reason = run(f, case, variant)
        if reason and not case.looped:
            pytest.fail(f"looped: {reason} for {variant}")


def test_table_is_not_empty() -> None:
    load_rules()
    assert len(FUNCTIONS) > 100
