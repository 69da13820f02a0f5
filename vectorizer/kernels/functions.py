"""Calls in kernels: the functions of NumPy, `math` and Python that C++ has, or that `support.py` makes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from vectorizer.kernels.arithmetic import Arithmetic
from vectorizer.kernels.numbers import FLOAT, INT, PRIMARY, UNARY, Expr, NoKernel, cast, literal, number_type, typed
from vectorizer.rules.table import ufunc_dtypes
from vectorizer.values import MISSING, Unsupported

Function: TypeAlias = Callable[[Arithmetic, list[Expr]], Expr]
TABLE: dict[Any, Function] = {}

# NumPy's name to C++'s, where result and operands have one floating dtype.
FLOATING = {
    "sqrt": "sqrt", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10",
    "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "cbrt": "cbrt", "floor": "floor", "ceil": "ceil", "trunc": "trunc", "rint": "rint", "fabs": "fabs",
    "arctan2": "atan2", "hypot": "hypot", "copysign": "copysign", "fmod": "fmod",
}  # fmt: skip
COMPLEX = frozenset(("sqrt", "exp", "log", "sin", "cos"))
OPERATORS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/", "floor_divide": "//",
    "remainder": "%", "mod": "%", "power": "**", "bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^",
}  # fmt: skip
COMPARISONS = {
    "equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=",
}  # fmt: skip
TESTS = ("isnan", "isinf", "isfinite")
MATH = {
    "sqrt": "sqrt", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log2": "log2", "log10": "log10", "sin": "sin",
    "log1p": "log1p", "cos": "cos", "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh",
    "cosh": "cosh", "tanh": "tanh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "cbrt": "cbrt",
    "erf": "erf", "erfc": "erfc", "fabs": "fabs", "log": "log",
}  # fmt: skip
QUIET = frozenset(("atan", "tanh", "erf", "erfc", "fabs", "cbrt", "asinh"))  # they are defined everywhere
STRONG = {name: getattr(np, name) for name in "float32 float64 int32 int64 uint8 int8 int16 uint16 uint32".split()}


def row(*functions: Any) -> Callable[[Function], Function]:
    """Registers what emits a call of a function."""

    def add(function: Function) -> Function:
        TABLE.update(dict.fromkeys(functions, function))
        return function

    return add


def dtypes(ufunc: np.ufunc, args: list[Expr]) -> np.dtype[Any]:
    if len(args) != ufunc.nin:
        raise NoKernel(f"{ufunc.__name__} with {len(args)} arguments")
    try:
        dtype: np.dtype[Any] = np.dtype(ufunc_dtypes(ufunc, [a.value for a in args])[0])
    except Unsupported as error:
        raise NoKernel(error.reason) from None
    return dtype


def floating(name: str, target: str) -> None:
    ufunc = getattr(np, name)

    @row(ufunc)
    def emit(_: Arithmetic, args: list[Expr]) -> Expr:
        dtype = dtypes(ufunc, args)
        if dtype.kind != "f" and not (dtype.kind == "c" and name in COMPLEX):
            raise NoKernel(f"{name} of other than floats")
        codes = ", ".join(cast(a, dtype).code for a in args)
        return Expr(f"{target}({codes})", number_type(dtype))


def operation(name: str, symbol: str) -> None:
    @row(getattr(np, name))
    def emit(rw: Arithmetic, args: list[Expr]) -> Expr:
        if len(args) != 2:
            raise NoKernel(f"{name} with {len(args)} arguments")
        if all(a.weak for a in args):  # Python numbers alone are taken as NumPy's
            args = [Expr(a.code, a.value.with_(weak=False), a.level) for a in args]
        made = rw.compare(symbol, *args) if name in COMPARISONS else rw.binary(symbol, *args)
        return Expr(made.code, made.value.with_(weak=False), made.level)


def test_of(name: str) -> None:
    @row(getattr(np, name), getattr(math, name))
    def emit(_: Arithmetic, args: list[Expr]) -> Expr:
        if len(args) != 1 or args[0].kind != "f":
            raise NoKernel(f"{name} of other than a float")
        return Expr(f"{name}({args[0].code})", number_type(bool))


def computed(function: Any, value: Any) -> Expr:
    """A function of a literal, computed now."""
    try:
        return literal(function(value))
    except (ArithmeticError, ValueError):
        raise NoKernel("a function of a constant that raises") from None


def python_math(name: str, target: str) -> None:
    if not hasattr(math, name):
        return

    @row(getattr(math, name))
    def emit(rw: Arithmetic, args: list[Expr]) -> Expr:
        if len(args) != 1 or args[0].kind == "c":
            raise NoKernel(f"math.{name} in this form")
        if args[0].const is not MISSING:
            return computed(getattr(math, name), args[0].const)
        inner = cast(args[0], float).code
        return Expr(f"{target}({inner})" if name in QUIET else f"checked_{target}({inner}, {rw.bad()})", FLOAT)


for _name, _target in FLOATING.items():
    floating(_name, _target)
for _name, _target in {**OPERATORS, **COMPARISONS}.items():
    operation(_name, _target)
for _name in TESTS:
    test_of(_name)
for _name, _target in MATH.items():
    python_math(_name, _target)


@row(abs, np.absolute)
def emit_abs(_: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "abs")
    if a.kind == "c":
        part = np.dtype("f4" if a.value.dtype == np.complex64 else "f8")
        inner = a.at(PRIMARY)
        return Expr(f"hypot({inner}.real(), {inner}.imag())", number_type(part, a.weak))
    if a.kind == "f":
        return Expr(f"fabs({a.code})", a.value)
    if a.kind != "i":
        raise NoKernel("abs of this number")
    return Expr(f"magnitude({a.code})", a.value)


def only(args: list[Expr], name: str) -> Expr:
    if len(args) != 1:
        raise NoKernel(f"{name} with {len(args)} arguments")
    return args[0]


@row(math.fabs)
def emit_fabs(_: Arithmetic, args: list[Expr]) -> Expr:
    return Expr(f"fabs({cast(only(args, 'fabs'), float).code})", FLOAT)


def pair(function: Any, target: str) -> None:
    @row(function)
    def emit(_: Arithmetic, args: list[Expr]) -> Expr:
        if len(args) != 2 or any(a.kind == "c" for a in args):
            raise NoKernel(f"{target} in this form")
        return Expr(f"{target}({', '.join(cast(a, float).code for a in args)})", FLOAT)


for _function, _target in ((math.hypot, "hypot"), (math.atan2, "atan2"), (math.copysign, "copysign")):
    pair(_function, _target)


def extreme(function: Any, symbol: str, target: str) -> None:
    """Python's keep the first of equal numbers, and the first where one is nan."""

    @row(function)
    def emit(rw: Arithmetic, args: list[Expr]) -> Expr:
        if len(args) < 2:
            raise NoKernel(f"{function.__name__} of one number")
        if len(args) == 2:
            first, second = args
            made = rw.choice(rw.compare(symbol, second, first), second, first)
            return Expr(f"({made.code})", made.value)
        value = functools.reduce(lambda a, b: Expr(a.code, rw.merged(a, b)), args).value
        codes = [typed(cast(a, value.dtype)) for a in args]
        return Expr(functools.reduce(lambda a, b: f"{target}({a}, {b})", codes), value)


extreme(max, ">", "first_largest")
extreme(min, "<", "first_smallest")


def nan_extreme(function: Any, target: str) -> None:
    @row(function)
    def emit(_: Arithmetic, args: list[Expr]) -> Expr:
        dtype = dtypes(function, args)
        if dtype.kind not in "iuf":
            raise NoKernel(f"{target} of these numbers")
        return Expr(f"{target}({', '.join(typed(cast(a, dtype)) for a in args)})", number_type(dtype))


nan_extreme(np.maximum, "larger")
nan_extreme(np.minimum, "smaller")


@row(np.where)
def emit_where(rw: Arithmetic, args: list[Expr]) -> Expr:
    if len(args) != 3:
        raise NoKernel("np.where in this form")
    made = rw.choice(*args)
    return Expr(made.code, made.value.with_(weak=False), made.level)


@row(np.sign)
def emit_sign(_: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "sign")
    if a.kind not in "if":
        raise NoKernel("sign of this number")
    return Expr(f"sign_of({a.code})", a.value.with_(weak=False))


@row(np.square)
def emit_square(rw: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "square")
    made = rw.binary("*", a, a) if a.code.isidentifier() else rw.power(a, literal(2), a.value)
    return Expr(made.code, made.value.with_(weak=False), made.level)


@row(np.logical_not)
def emit_not(rw: Arithmetic, args: list[Expr]) -> Expr:
    return Expr(f"!{rw.truth(only(args, 'logical_not')).at(UNARY)}", number_type(bool), UNARY)


@row(np.negative)
def emit_negative(rw: Arithmetic, args: list[Expr]) -> Expr:
    return strong(rw.unary("-", only(args, "negative")))


@row(np.invert)
def emit_invert(rw: Arithmetic, args: list[Expr]) -> Expr:
    return strong(rw.unary("~", strong(only(args, "invert"))))


def strong(a: Expr) -> Expr:
    """A number as one of NumPy's."""
    return Expr(a.code, a.value.with_(weak=False), a.level, a.const)


def logical(function: Any, symbol: str) -> None:
    @row(function)
    def emit(rw: Arithmetic, args: list[Expr]) -> Expr:
        if len(args) != 2:
            raise NoKernel(f"{function.__name__} with {len(args)} arguments")
        made = rw.binary(symbol, *(strong(rw.truth(a)) for a in args))
        return Expr(made.code, number_type(bool), made.level)


for _name, _target in {"logical_and": "&", "logical_or": "|", "logical_xor": "^"}.items():
    logical(getattr(np, _name), _target)


@row(np.clip)
def emit_clip(rw: Arithmetic, args: list[Expr]) -> Expr:
    """Both bounds; the upper one wins where they are the wrong way round."""
    if len(args) != 3:
        raise NoKernel("np.clip in this form")
    return TABLE[np.minimum](rw, [TABLE[np.maximum](rw, args[:2]), args[2]])


@row(float)
def emit_float(_: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "float")
    if a.kind == "c":
        raise NoKernel("float of a complex number")
    made = cast(a, float)
    return Expr(made.code, FLOAT, made.level, MISSING if a.const is MISSING else float(a.const))


@row(math.trunc)
def emit_trunc(rw: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "trunc")
    if not a.weak and a.value.dtype != np.float64:
        raise NoKernel("math.trunc of a number that has no __trunc__")
    return emit_int(rw, args)


@row(int)
def emit_int(rw: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "int")
    if a.kind in "bi":
        made = cast(a, np.int64)
        return Expr(made.code, INT, made.level)
    return to_integer(rw, a, "")


def to_integer(rw: Arithmetic, a: Expr, function: str) -> Expr:
    if a.kind != "f":
        raise NoKernel("an integer of this number")
    inner = cast(a, float).code
    return Expr(f"to_integer({f'{function}({inner})' if function else inner}, {rw.bad()})", INT)


@row(math.floor)
def emit_floor(rw: Arithmetic, args: list[Expr]) -> Expr:
    return to_integer(rw, only(args, "floor"), "floor")


@row(math.ceil)
def emit_ceil(rw: Arithmetic, args: list[Expr]) -> Expr:
    return to_integer(rw, only(args, "ceil"), "ceil")


@row(round)
def emit_round(rw: Arithmetic, args: list[Expr]) -> Expr:
    return to_integer(rw, only(args, "round"), "rint")


@row(bool)
def emit_bool(rw: Arithmetic, args: list[Expr]) -> Expr:
    made = rw.truth(only(args, "bool"))
    return Expr(made.code, made.value.with_(weak=True), made.level)


@row(complex)
def emit_complex(_: Arithmetic, args: list[Expr]) -> Expr:
    if len(args) != 2 or any(a.kind == "c" for a in args):
        raise NoKernel("complex in this form")
    codes = ", ".join(cast(a, float).code for a in args)
    return Expr(f"complex<double>({codes})", number_type(complex, True))


@row(np.conjugate)
def emit_conjugate(_: Arithmetic, args: list[Expr]) -> Expr:
    a = only(args, "conj")
    return Expr(f"conj({a.code})", a.value) if a.kind == "c" else a


def cast_to(function: Any) -> None:
    @row(function)
    def emit(_: Arithmetic, args: list[Expr]) -> Expr:
        a = only(args, function.__name__)
        dtype = np.dtype(function)
        if a.kind == "c" or dtype.kind in "iu" and (a.kind not in "bi" or dtype.itemsize < 8):
            raise NoKernel(f"{function.__name__} of this number")
        made = cast(a, dtype)
        return Expr(made.code, number_type(dtype), made.level)


def scaled(functions: tuple[Any, ...], factor: float) -> None:
    """Degrees and radians."""

    @row(*functions)
    def emit(rw: Arithmetic, args: list[Expr]) -> Expr:
        a = only(args, "degrees")
        if a.kind != "f" or a.value.dtype != np.float64:
            raise NoKernel("degrees of other than float64")
        return rw.binary("*", a, literal(factor))


scaled((math.degrees, np.degrees, np.rad2deg), 180.0 / math.pi)
scaled((math.radians, np.radians, np.deg2rad), math.pi / 180.0)

for _function in STRONG.values():
    cast_to(_function)
