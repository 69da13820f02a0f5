"""`math`, `cmath`, `operator`, the builtins, scalar types."""

from __future__ import annotations

import math

from tests.rows.case import case

for _f in """sqrt exp expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh fabs
    degrees radians cbrt exp2 erf erfc gamma lgamma isnan isinf isfinite floor ceil trunc ulp""".split():
    if _f != "acosh":
        case(f"math.{_f}(float(x))" if _f == "trunc" else f"math.{_f}(x)", x="q")
    if _f not in ("asin", "acos", "atanh"):
        case(f"math.{_f}(float(x) + 1.5)", x="p")
for _f in "atan2 hypot copysign fmod pow nextafter remainder".split():
    case(f"math.{_f}(x, y)\nmath.{_f}(x, 2.0)", x="p", y="p")
case(
    """
    math.frexp(x)
    math.modf(x)
    math.ldexp(x, 3)
    math.ldexp(x, k)
    math.isclose(x, y)
    math.isclose(x, 1.0, rel_tol=0.5)
    math.isclose(x, y, abs_tol=1.0)
    math.isqrt(i)
    math.factorial(i)
    math.lcm(i, 6)
    math.lcm(i, i)
    math.gcd(i, 6)
    math.gcd(i, i)
    math.comb(i, 2)
    math.perm(i, 2)
    """,
    x="r",
    y="r",
    i="j",
    k="w",
)
case(
    """
    math.dist(x, y)
    math.prod(x)
    math.prod(i)
    math.fsum(x)
    math.hypot(*x)
    """,
    x="fn",
    y="fn",
    i="in",
)
if hasattr(math, "sumprod"):
    case("math.sumprod(x, y)", x="fn", y="fn")
for _f in """sqrt exp log log10 sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh isnan isinf isfinite
    phase polar""".split():
    case(f"cmath.{_f}(z)\ncmath.{_f}(x + 0.25)", z="c", x="p")
case("cmath.isclose(z, x)\ncmath.isclose(z, z + 1e-12)\ncmath.rect(x, y)", x="r", y="r", z="c")

for _f in "add sub mul truediv floordiv mod pow lt le gt ge eq ne".split():
    case(f"operator.{_f}(x, y)\noperator.{_f}(x, 2)", x="g*", y="n*")
for _f in "and_ or_ xor lshift rshift".split():
    case(f"operator.{_f}(x, y)", x="j*", y="j*")
for _f in "iadd isub imul itruediv ifloordiv imod ipow".split():
    case(f"operator.{_f}(x + 0, y)", x="f", y="f")
for _f in "iand ior ixor ilshift irshift".split():
    case(f"operator.{_f}(x + 0, y)", x="j", y="j")
case("operator.neg(x)\noperator.pos(x)\noperator.abs(x)\noperator.inv(i)\noperator.invert(i)", x="g*", i="i*")
case("operator.truth(x)\noperator.not_(x)\noperator.index(i)\noperator.matmul(v, v)", x="f", i="i", v="fn")
case("operator.contains(v, 1.0)\noperator.contains(v, x)\noperator.getitem(v, i)", v="fn", x="f", i="j")

case(
    """
    pow(x, 2)
    pow(x, y)
    divmod(x, y)
    round(x)
    len(tuple((x, y)))
    tuple([x, y])
    sum([x, y], 1.5)
    max([x, y])
    list((x, y))
    """,
    x="f",
    y="p",
)
case("tuple(v)\nany(v > 0)\nall(v > 0)\nsum(v)\nlen(list(v))\nfloat(v[0])\nint(v[0])\nbool(v[0])", v="fn")
case("abs(v)\nround(v[0], 2)", v="fn")
for (
    _t
) in """float16 float32 float64 double single half int8 int16 int32 int64 intc intp int_ long longlong short byte uint8
    uint16 uint32 uint64 uint uintc uintp ulong ulonglong ushort ubyte bool bool_ complex64 complex128 csingle
    cdouble""".split():
    case(f"np.{_t}(x)", x="p*")
    case(f"np.{_t}(2) + x", x="g*")
