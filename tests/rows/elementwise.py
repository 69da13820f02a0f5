"""Ufuncs, and functions that act like one."""

from __future__ import annotations

from tests.rows.case import case

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
