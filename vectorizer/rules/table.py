"""The table of batching rules: how a call of a function is lowered when some of its operands vary.

A rule takes the context of the walk and a `Call`, and returns an operand.  Most rows are made by the constructors of a
kind (`reduction`, `core`, ...) in the modules beside this one; a function outside the kinds registers a lowering of its
own with `custom`.
"""

from __future__ import annotations

import functools
import importlib
import types
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.outputs import store_into
from vectorizer.source.operand import Operand, argument_list
from vectorizer.values import (
    MISSING,
    Affine,
    Array,
    Axes,
    DictV,
    ListV,
    NestedV,
    Obj,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    number,
)


@dataclass
class Call:
    """A call as the user wrote it, its operands already rewritten.

    function: code of the callee, or the method's name where `base` is given.
    """

    function: str
    args: list[Operand]
    keywords: dict[str, Operand] = field(default_factory=dict)
    base: Operand | None = None
    target: Any = None
    site: Any = None

    @property
    def name(self) -> str:
        return self.function if self.base is None else f".{self.function}"

    @property
    def operands(self) -> list[Operand]:
        first = [self.base] if self.base is not None else []
        return [*first, *self.args, *self.keywords.values()]

    def bind(self, params: tuple[str, ...]) -> dict[str, Operand]:
        """Operands by parameter name."""
        given = ([self.base] if self.base is not None else []) + self.args
        if len(given) > len(params):
            raise Unsupported(f"{self.name} is called with too many arguments")
        bound = dict(zip(params, given, strict=False))
        for key, operand in self.keywords.items():
            if key == "out" and key not in params:
                raise Effect(f"{self.name} with out= has no rule")
            if key not in params or key in bound:
                raise Unsupported(f"{self.name} is called with an argument {key!r} that has no rule")
            bound[key] = operand
        return bound

    def render(self, params: tuple[str, ...], codes: Mapping[str, str | None], function: str | None = None) -> str:
        """The call with these codes for its parameters: those that were positional stay so, others are keywords."""
        count = len(self.args) + (self.base is not None)
        positional: list[str] = []
        keywords: dict[str, str | None] = {}
        for k, param in enumerate(params):
            code = codes.get(param)
            if code is None:
                continue
            if k < count and len(positional) == k:
                positional.append(code)
            else:
                keywords[param] = code
        if self.base is not None and function is None:
            return f"{positional[0]}.{self.function}({argument_list(*positional[1:], **keywords)})"
        return f"{function or self.function}({argument_list(*positional, **keywords)})"


Lower = Callable[[Context, Call], Operand]


@dataclass(frozen=True)
class Rule:
    """One row.

    name: dotted name of the function.
    kind: its category, for the tables in the documentation.
    lower: what emits it.
    """

    name: str
    kind: str
    lower: Lower
    params: tuple[str, ...] = ()


FUNCTIONS: dict[int, Rule] = {}
METHODS: dict[str, Rule] = {}
ATTRIBUTES: dict[str, Callable[[Context, Operand], Operand]] = {}
_KEEP: list[Any] = []  # the functions themselves, so that their ids stay theirs


def with_out(rule: Rule) -> Lower:
    """The lowering of a function that takes ``out=``: its result is computed, then stored."""

    @functools.wraps(rule.lower)
    def lower(rw: Context, c: Call) -> Operand:
        try:
            bound = c.bind(rule.params)
        except Unsupported as error:
            raise (Effect(error.reason) if "out" in c.keywords else error) from None
        out = bound.get("out")
        if out is None:
            return rule.lower(rw, c)
        plain = without(c, rule.params, "out")
        if isinstance(out.value, Obj) and out.value.value is None:
            return rule.lower(rw, plain)
        return store_into(rw, out, rule.lower(rw, plain))

    return lower


def without(c: Call, params: tuple[str, ...], name: str) -> Call:
    """The call without one of its arguments; positional ones behind it become keywords."""
    first = params.index(name) - (c.base is not None)
    args, rest = c.args[:first], c.args[first + 1 :]
    later = dict(zip(params[params.index(name) + 1 :], rest, strict=False))
    keywords = {k: o for k, o in (later | c.keywords).items() if k != name}
    return Call(c.function, args, keywords, c.base, c.target, c.site)


def register(function: Any, rule: Rule, method: str | None = None) -> None:
    if "out" in rule.params:
        rule = replace(rule, lower=with_out(rule))
    if function is not None:
        _KEEP.append(function)
        FUNCTIONS[id(function)] = rule
    if method is not None:
        METHODS[method] = rule


def custom(
    *functions: Any, method: str | None = None, params: str = "", kind: str = "custom"
) -> Callable[[Lower], Lower]:
    """Registers a lowering for functions that are outside the kinds."""

    def add(lower: Lower) -> Lower:
        names = tuple(params.split())
        for function in functions:
            register(function, Rule(getattr(function, "__name__", str(function)), kind, lower, names), method)
        if not functions:
            register(None, Rule(f"ndarray.{method}", kind, lower, names), method)
        return lower

    return add


UFUNC_METHODS: dict[str, Rule] = {}


LATE = ["vectorizer.rules.scipy_linalg"]  # rows of an optional package, which takes time to import


def find(function: Any) -> Rule | None:
    if isinstance(function, types.BuiltinMethodType) and isinstance(function.__self__, np.ufunc):
        return UFUNC_METHODS.get(function.__name__)
    found = FUNCTIONS.get(id(function))
    module = str(getattr(function, "__module__", ""))
    if found is None and module.startswith("scipy."):
        if LATE and module.startswith("scipy.linalg"):
            importlib.import_module(LATE.pop())
        importlib.import_module("vectorizer.rules.scipy_axes").load(module)
        found = FUNCTIONS.get(id(function))
    return found


# --- what a function gives, asked of the function itself -------------------------------------------------------------


def dummy(value: Value, side: int = 2) -> Any:
    """A small stand-in for a per-example value: every axis has length `side`."""
    match value:
        case Array(const=const) if const is not MISSING:
            return const
        case Array(dtype=None):
            raise Unsupported("the dtype of an operand is not known")
        case Array(weak=True):
            return value.dtype.type(1).item()  # type: ignore[union-attr]
        case Array():
            shape = tuple(d.const if d is not None and d.is_const and 0 < d.const < 9 else side for d in value.dims)
            return _filled(shape, value.dtype)
        case TupleV(items=items):
            return tuple(dummy(item, side) for item in items)
        case ListV(items=items):
            return [dummy(item, side) for item in items]
        case SeqV(item=item):
            return [dummy(item, side)] * side
        case StackedV(array=array) | NestedV(array=array):
            return list(dummy(array, side))
        case DictV(items=items):
            return {key: dummy(item, side) for key, item in items}
        case Obj():
            return value.value
    raise Unsupported("an operand is of unknown kind")


def _filled(shape: tuple[int, ...], dtype: Any) -> Any:
    array = np.ones(shape, dtype)
    if array.ndim >= 2 and array.dtype.kind in "fc":
        array = array + np.eye(*array.shape[-2:], dtype=array.dtype)  # well conditioned, for linear algebra
    return array if shape else array[()]


def probe(function: Callable[..., Any], *args: Value | Any, **kwargs: Value | Any) -> Any:
    """The result of `function` on small stand-ins: its dtype and rank are those of the real call."""
    return _tried(function, [_stand_in(a) for a in args], {k: _stand_in(a) for k, a in kwargs.items()})


def gives_view(function: Callable[..., Any], *args: Value | Any, **kwargs: Value | Any) -> bool:
    """Whether the result of `function` shares memory with an array that it is given."""
    plain, named = [_stand_in(a) for a in args], {k: _stand_in(a) for k, a in kwargs.items()}
    result = _tried(function, plain, named)
    parts = result if isinstance(result, (tuple, list)) else [result]
    arrays = [a for a in [*plain, *named.values()] if isinstance(a, np.ndarray)]
    return any(isinstance(part, np.ndarray) and np.may_share_memory(part, a) for part in parts for a in arrays)


def _tried(function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]) -> Any:
    """What a function says to its stand-ins."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever a function says to its stand-ins
        raise Unsupported(f"{getattr(function, '__name__', 'a function')}: {error}") from None


def _stand_in(argument: Any) -> Any:
    """An argument of a probe: what is abstract in it, also in a list, is made concrete."""
    if isinstance(argument, list):
        return [_stand_in(item) for item in argument]
    return dummy(argument) if isinstance(argument, Value) else argument


def value_like(result: Any, axes: Axes = ()) -> Value:
    """The abstract value of a probed result; its lengths are not known."""
    if isinstance(result, tuple):
        return TupleV(tuple(value_like(item, axes) for item in result), type(result))
    if isinstance(result, list):
        return ListV(tuple(value_like(item, axes) for item in result))
    if isinstance(result, (np.ndarray, np.generic)):
        return Array(result.dtype, result.ndim, axes, zero_d=isinstance(result, np.ndarray) and not result.ndim)
    if isinstance(result, (bool, int, float, complex)):
        return number(result).with_(axes=axes)
    raise Unsupported("a function gives something that is not an array")


@functools.cache
def _resolve(ufunc: np.ufunc, dtypes: tuple[Any, ...]) -> tuple[Any, ...]:
    return ufunc.resolve_dtypes((*dtypes, *(None,) * ufunc.nout))[ufunc.nin :]


# What these give for a complex number without imaginary part is what they give for the real one.
OF_ANY_KIND = frozenset(
    "absolute add subtract multiply negative positive conjugate square isfinite isnan isinf".split()
)


def ufunc_dtypes(ufunc: np.ufunc, values: list[Array], strong: bool = False) -> tuple[Any, ...]:
    """Result dtypes of a ufunc by NEP 50; `strong` takes weak operands as arrays of their own dtype."""
    if any(value.dtype is None for value in values):
        if any(value.dtype is None and value.axes for value in values) and ufunc.__name__ not in OF_ANY_KIND:
            raise Unsupported(f"{ufunc.__name__} of numbers that are real for some examples and complex for others")
        return (np.dtype(float) if ufunc is np.absolute and values[0].axes else None,) * ufunc.nout
    kinds: list[Any] = []
    for value in values:
        if value.weak and not strong and value.kind in "ifc":
            kinds.append({"i": int, "f": float, "c": complex}[value.kind])
        else:
            kinds.append(value.dtype)
    if all(isinstance(kind, type) for kind in kinds):  # Python numbers only: NumPy takes them as its default dtypes
        kinds = [value.dtype for value in values]
    try:
        return _resolve(ufunc, tuple(kinds))
    except TypeError as error:
        raise Unsupported(f"{ufunc.__name__}: {error}") from None


def affine_of(operand: Operand) -> Affine | None:
    value = operand.value
    return value.affine if isinstance(value, Array) else None
