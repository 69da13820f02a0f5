"""`math` and `cmath`: as NumPy's functions of the same meaning, in double precision."""

from __future__ import annotations

import cmath
import inspect
import math
from importlib.util import find_spec
from typing import Any

import numpy as np

from vectorizer.rules.context import Context
from vectorizer.rules.conversions import scalar_of
from vectorizer.rules.definitions import require, with_defaults
from vectorizer.rules.indexing import Parts
from vectorizer.rules.python import BOOL, FLOAT, INT, python_value, verbatim
from vectorizer.rules.table import Call, Rule, register
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.values import Array, ListV, StackedV, TupleV, Unsupported, is_uniform

COMPLEX = np.dtype(complex)
MATH = {
    "sqrt": "sqrt", "exp": "exp", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p",
    "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
    "fabs": "fabs", "hypot": "hypot", "copysign": "copysign", "fmod": "fmod", "pow": "power", "degrees": "degrees",
    "radians": "radians", "cbrt": "cbrt", "exp2": "exp2",
}  # fmt: skip
TESTS = {"isnan": "isnan", "isinf": "isinf", "isfinite": "isfinite"}
WHOLE = {"floor": "floor", "ceil": "ceil", "trunc": "trunc"}
QUIET_MATH = {
    "sin",
    "cos",
    "atan",
    "tanh",
    "fabs",
    "copysign",
    "degrees",
    "radians",
    "atan2",
    "cbrt",
    "hypot",
    "erf",
    "erfc",
}
# Of these only infinite or huge operands raise (or, as NumPy's functions, warn): what skipped branches seldom hold.
STRICT_MATH = {"sin", "cos", "hypot", "degrees"}
SPECIAL = {"erf": "erf", "erfc": "erfc", "gamma": "gamma", "lgamma": "gammaln"}


def as_double(rw: Context, operand: Operand, name: str) -> Operand:
    """`math` computes in double precision, whatever it is given."""
    operand = scalar_of(rw, operand, f"math.{name}")
    value = rw.array(operand)
    if value.kind == "c" or value.dtype is None:
        raise Unsupported(f"math.{name} of a number of dtype {value.dtype}")
    if name == "trunc" and value.axes and not value.weak and value.dtype != FLOAT:
        raise Unsupported("math.trunc of other than floats")
    if value.axes and value.kind != "f" and name in ("fmod", "pow", "fabs", "copysign"):
        return Operand(f"{operand.primary}.astype(float)", value.with_(dtype=FLOAT), fresh=True)
    if value.axes and value.dtype not in (FLOAT, INT, np.dtype("i4"), np.dtype("u4"), np.dtype("u8")):
        return Operand(f"{operand.primary}.astype(float)", value.with_(dtype=FLOAT), fresh=True)
    return operand


def math_rule(name: str, target: str, dtype: np.dtype[Any] = FLOAT, tail: str = "") -> None:
    if not hasattr(math, name):
        return

    def lower(rw: Context, c: Call) -> Operand:
        if c.keywords:
            raise Unsupported(f"math.{name} with keywords")
        if all(is_uniform(a.value) for a in c.args):
            known = python_value(rw, getattr(math, name), c)
            return Operand(verbatim(c), known or Array(dtype, 0, weak=True))
        if name == "log" and len(c.args) == 2:
            first = lower(rw, Call(c.function, c.args[:1]))
            base = lower(rw, Call(c.function, c.args[1:]))
            (a, b), axes, _ = rw.align([first, base])
            return Operand(
                f"{a.at(PRODUCT)} / {b.at(PRODUCT + 1)}", Array(FLOAT, 0, axes, weak=True), PRODUCT, fresh=True
            )
        operands = [as_double(rw, a, name) for a in c.args]
        operands, harmless = rw.guarded(target, operands)
        if name not in QUIET_MATH and name not in TESTS and not harmless:
            rw.hazard(f"math.{name} raises outside its domain")
            rw.facts.strict_floats = True
        rw.facts.strict_floats |= name in STRICT_MATH
        if name == "hypot" and len(operands) != 2:
            return _chained(rw, operands)
        if name in ("gamma", "lgamma"):
            return _finite_special(rw, name, operands)
        aligned, axes, _ = rw.align(operands)
        function = rw.imported("scipy.special", target) if name in SPECIAL else rw.np(target)
        code = call(function, *(a.code for a in aligned)) + tail
        return Operand(code, Array(dtype, 0, axes, weak=True), fresh=True)

    register(getattr(math, name), Rule(f"math.{name}", "math", lower))


def _finite_special(rw: Context, name: str, operands: list[Operand]) -> Operand:
    """gamma and lgamma, which raise at their poles and where they overflow; SciPy's give an infinity or NaN there.

    So does SciPy's `gammaln` where it is imprecise: at the least numbers and at minus infinity.
    """
    (operand,) = operands
    operand = rw.temp(operand, "number")
    value = rw.array(operand)
    code = call(rw.imported("scipy.special", SPECIAL[name]), operand.code)
    made = rw.temp(Operand(code, Array(FLOAT, 0, value.axes, weak=True), fresh=True), name)
    same = f"{rw.np('isfinite')}({made.code}) | {rw.np('isnan')}({operand.code}) | ({operand.code} == {rw.np('inf')})"
    require(rw, f"({same}).all()", f"math.{name} at a pole or of too large a number", raises=name == "gamma")
    return made


def _chained(rw: Context, operands: list[Operand]) -> Operand:
    """The length of a vector, two components after two."""
    total = operands[0]
    if len(operands) == 1:
        return Operand(call(rw.np("abs"), total.code), rw.array(total).with_(weak=True), fresh=True)
    for operand in operands[1:]:
        (a, b), axes, _ = rw.align([total, operand])
        total = Operand(call(rw.np("hypot"), a.code, b.code), Array(FLOAT, 0, axes, weak=True), fresh=True)
    return total


for _name, _target in MATH.items():
    math_rule(_name, _target)
for _name, _target in TESTS.items():
    math_rule(_name, _target, BOOL)
for _name, _target in WHOLE.items():
    math_rule(_name, _target, INT, ".astype(int)")
if find_spec("scipy") is not None:
    for _name, _target in SPECIAL.items():
        math_rule(_name, _target)


def integer_math(name: str, ufunc: np.ufunc) -> None:
    def lower(rw: Context, c: Call) -> Operand:
        if all(is_uniform(a.value) for a in c.args):
            return Operand(verbatim(c), python_value(rw, getattr(math, name), c) or Array(INT, 0, weak=True))
        if len(c.args) != 2:
            raise Unsupported(f"math.{name} of other than two numbers")
        operands = [scalar_of(rw, a, f"math.{name}") for a in c.args]
        if any(rw.array(o).kind not in "iu" or rw.array(o).dtype == np.dtype("u8") for o in operands):
            raise Unsupported(f"math.{name} of other than integers")
        aligned, axes, _ = rw.align(operands)
        return Operand(
            call(rw.np(ufunc.__name__), *(a.code for a in aligned)), Array(INT, 0, axes, weak=True), fresh=True
        )

    register(getattr(math, name), Rule(f"math.{name}", "math", lower))


integer_math("gcd", np.gcd)


# --- functions that are given by a definition ------------------------------------------------------------------------


def defined_math(module: Any, name: str, definition: Any, dtype: np.dtype[Any], kinds: str = "biuf") -> None:
    """A function of numbers that is put together from others; its operands are taken as doubles."""
    function = getattr(module, name, None)
    if function is None:
        return
    names = tuple(inspect.signature(definition).parameters)
    count = definition.__code__.co_argcount

    def lower(rw: Context, c: Call) -> Operand:
        if all(is_uniform(o.value) for o in c.operands):
            return Operand(verbatim(c), python_value(rw, function, c) or Array(dtype, 0, weak=True))
        if len(c.args) > count:
            raise Unsupported(f"{c.name} is called with too many arguments")
        bound = c.bind(names)
        operands = {}
        for key, operand in bound.items():
            number = scalar_of(rw, operand, f"{module.__name__}.{name}")
            if rw.array(number).kind not in kinds:
                raise Unsupported(f"{module.__name__}.{name} of a number of dtype {rw.array(number).dtype}")
            operands[key] = as_kind(number, rw.array(number), dtype if dtype.kind in "fc" else None, kinds)
        if dtype == INT or name == "remainder":
            rw.hazard(f"{c.name} raises outside its domain")
            rw.facts.strict_floats = True
        made = rw.inline(definition, **with_defaults(definition, operands))
        return made.with_value(rw.array(made).with_(dtype=dtype, weak=True, zero_d=False))

    register(function, Rule(f"{module.__name__}.{name}", "math", lower, tuple(names)))


def as_kind(operand: Operand, value: Array, dtype: Any, kinds: str) -> Operand:
    """Integers and short floats as doubles, where a function computes with doubles."""
    wanted = COMPLEX if "c" in kinds else FLOAT if "f" in kinds else None
    if not value.axes or wanted is None or value.dtype == wanted or value.kind == "f" and wanted == COMPLEX:
        return operand
    kind = "float" if wanted == FLOAT or value.kind != "c" else "complex"
    return Operand(f"{operand.primary}.astype({kind})", value.with_(dtype=np.dtype(kind), weak=False), fresh=True)


def is_close(a: Any, b: Any, *, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    return (a == b) | (
        np.isfinite(a) & np.isfinite(b) & (abs(a - b) <= np.maximum(rel_tol * np.maximum(abs(a), abs(b)), abs_tol))
    )


def unit_in_last_place(x: Any) -> Any:
    return np.spacing(abs(x))


def ieee_remainder(x: Any, y: Any) -> Any:
    below = np.fmod(abs(x), abs(y))
    above = abs(y) - below
    tie = below - 2.0 * np.fmod(0.5 * (abs(x) - below), abs(y))
    return np.copysign(1.0, x) * np.where(below < above, below, np.where(below > above, -above, tie))


def integer_root(n: Any) -> Any:
    """The root of a double may be off by one."""
    r = np.sqrt(n).astype(int)
    s = r - (r > n // np.maximum(r, 1))
    return s + (s + 1 <= n // (s + 1))


for _module in (math, cmath):
    defined_math(_module, "isclose", is_close, BOOL, "biuf" if _module is math else "biufc")
defined_math(math, "ulp", unit_in_last_place, FLOAT)
defined_math(math, "remainder", ieee_remainder, FLOAT)
defined_math(math, "isqrt", integer_root, INT, "iu")


def tabulated_factorial(n: Any) -> Any:
    return np.cumprod(np.maximum(np.arange(21), 1))[n]


def in_table(n: Any) -> Any:
    return (n >= 0) & (n <= 20)


def lower_factorial(rw: Context, c: Call) -> Operand:
    """Up to 20, beyond which it outgrows 64 bits."""
    number = rw.temp(scalar_of(rw, c.bind(("n",))["n"], "math.factorial"), "n")
    if not rw.array(number).axes:
        return Operand(verbatim(c), python_value(rw, math.factorial, c) or Array(INT, 0, weak=True))
    if rw.array(number).kind not in "iu":
        raise Unsupported("math.factorial of other than integers")
    require(rw, f"({rw.inline(in_table, n=number).code}).all()", "a factorial that outgrows 64 bits")
    made = rw.inline(tabulated_factorial, n=number)
    return made.with_value(rw.array(made).with_(weak=True))


register(math.factorial, Rule("math.factorial", "math", lower_factorial, ("n",)))


def least_multiple(a: Any, b: Any) -> Any:
    return np.lcm(a, b)


def is_small_multiple(a: Any, b: Any) -> Any:
    return abs(a) // np.maximum(np.gcd(a, b), 1) <= (2**63 - 1) // np.maximum(abs(b), 1)


def lower_lcm(rw: Context, c: Call) -> Operand:
    if all(is_uniform(a.value) for a in c.args):
        return Operand(verbatim(c), python_value(rw, math.lcm, c) or Array(INT, 0, weak=True))
    parts = [rw.temp(scalar_of(rw, a, "math.lcm"), "number") for a in c.args]
    if len(parts) != 2 or c.keywords or any(rw.array(p).dtype != INT for p in parts):
        raise Unsupported("math.lcm of other than two integers")
    require(rw, f"({rw.inline(is_small_multiple, a=parts[0], b=parts[1]).code}).all()", "a multiple of over 64 bits")
    made = rw.inline(least_multiple, a=parts[0], b=parts[1])
    return made.with_value(rw.array(made).with_(weak=True))


register(math.lcm, Rule("math.lcm", "math", lower_lcm))


def split(name: str, ufunc: np.ufunc, dtypes: tuple[Any, Any]) -> None:
    """frexp and modf, which give two numbers."""

    def lower(rw: Context, c: Call) -> Operand:
        (operand,) = (as_double(rw, a, name) for a in c.args)
        value = rw.array(operand)
        parts = tuple(Array(d, 0, value.axes, weak=True) for d in dtypes)
        if not value.axes:
            return Operand(verbatim(c), TupleV(parts))
        if ufunc is np.frexp:  # its exponents are short integers
            made = rw.fresh("parts")
            rw.emit(f"{made} = {call(rw.np(name), operand.code)}")
            code = f"({made}[0], {made}[1].astype(int))"
            codes = [f"{made}[0]", f"{made}[1].astype(int)"]
            pieces = [Operand(k, p) for k, p in zip(codes, parts, strict=True)]
            return Operand(code, TupleV(parts), node=Parts(pieces))
        return Operand(call(rw.np(name), operand.code), TupleV(parts), fresh=True)

    register(getattr(math, name), Rule(f"math.{name}", "math", lower))


split("frexp", np.frexp, (FLOAT, INT))
split("modf", np.modf, (FLOAT, FLOAT))
math_rule("nextafter", "nextafter")


def lower_ldexp(rw: Context, c: Call) -> Operand:
    if all(is_uniform(a.value) for a in c.args):
        return Operand(verbatim(c), python_value(rw, math.ldexp, c) or Array(FLOAT, 0, weak=True))
    number, power = as_double(rw, c.args[0], "ldexp"), scalar_of(rw, c.args[1], "math.ldexp")
    if rw.array(power).kind != "i" or not rw.array(power).weak:
        raise Unsupported("math.ldexp with a power that is no integer of Python's")
    rw.hazard("math.ldexp raises where its result is too large")
    rw.facts.strict_floats = True
    (a, b), axes, _ = rw.align([number, power])
    return Operand(call(rw.np("ldexp"), a.code, b.code), Array(FLOAT, 0, axes, weak=True), fresh=True)


register(math.ldexp, Rule("math.ldexp", "math", lower_ldexp))


# --- functions of vectors --------------------------------------------------------------------------------------------


def distance(p: Any, q: Any) -> Any:
    return np.sqrt(np.sum((p - q) ** 2))


def lower_dist(rw: Context, c: Call) -> Operand:
    bound = c.bind(("p", "q"))
    parts = {k: rw.as_array(o) for k, o in bound.items()}
    values = [rw.array(p) for p in parts.values()]
    if any(v.rank != 1 or v.dtype not in (FLOAT, INT) for v in values):
        raise Unsupported("math.dist of other than vectors")
    if not rw.equal(values[0].dims[0], values[1].dims[0]):
        raise Unsupported("math.dist of vectors whose lengths are not known to be the same")
    made = rw.inline(distance, **parts)
    return made.with_value(rw.array(made).with_(weak=True))


register(math.dist, Rule("math.dist", "math", lower_dist, ("p", "q")))


def lower_prod(rw: Context, c: Call) -> Operand:
    """The product of the elements of a vector, which keeps their dtype."""
    if len(c.args) != 1 or c.keywords or isinstance(c.args[0].value, (TupleV, ListV)):
        raise Unsupported("math.prod in a form that has no rule")
    operand = rw.as_array(c.args[0])
    value = rw.array(operand)
    if isinstance(c.args[0].value, StackedV) and value.kind in "iu":
        raise Unsupported("a product of Python integers may outgrow 64 bits")
    if (
        value.rank != 1
        or value.dims[0] is None
        or not rw.relies_on(value.dims[0] - 1)
        or value.dtype not in (FLOAT, INT)
    ):
        raise Unsupported("math.prod in a form that has no rule")
    code = call(rw.np("prod"), operand.code, axis=str(len(value.axes)))
    return Operand(code, Array(value.dtype, 0, value.axes), fresh=True)


register(math.prod, Rule("math.prod", "math", lower_prod))
