"""Cases that come by themselves: the argument forms of a kind, for each row of the table whose parameters fit.

A row of a known kind needs nothing here.  What its kind does not say, because the function wants more than one array
or elements of some kind, stands in `ARRAYS`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.rows.case import SCOPE, case
from vectorizer.rules import load_rules
from vectorizer.rules.table import METHODS, UFUNC_METHODS, Rule, find

load_rules()

NAMESPACES: dict[str, Any] = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.lib.stride_tricks": np.lib.stride_tricks,
    "math": math,
}


@dataclass(frozen=True)
class Form:
    """Arguments behind the arrays, and what must hold for them.

    needs: parameters that the function must have.
    least: the least rank of the first array.
    """

    text: str
    needs: tuple[str, ...] = ()
    least: int = 0
    extra: tuple[tuple[str, str], ...] = ()


AXIS = [
    Form(""),
    Form(", axis=0", ("axis",), 1),
    Form(", axis=-1", ("axis",), 1),
    Form(", axis=k", ("axis",), 3, (("k", "w"),)),
]
WHOLE = [Form(", axis=None", ("axis",))]
REDUCING = [
    *AXIS,
    *WHOLE,
    Form(", axis=0, keepdims=True", ("axis", "keepdims"), 1),
    Form(", keepdims=True", ("keepdims",)),
    Form(", axis=1, out=np.zeros(4)", ("axis", "out"), 9),
    Form(", axis=0, where=m", ("axis", "where", "dtype"), 9, (("m", "bmn"),)),
    Form(", where=m", ("where", "dtype"), 9, (("m", "bn"),)),
    Form(", axis=-1, initial=1", ("axis", "initial"), 1),
    Form(", axis=0, initial=2, where=m", ("axis", "initial", "where"), 9, (("m", "bmn"),)),
    Form(", dtype=np.float32", ("dtype",)),
    Form(", axis=0, ddof=1", ("axis", "ddof"), 1),
]
TUPLE = [Form(", axis=(0, -1)", ("axis",), 2), Form(", axis=(1, 0), keepdims=True", ("axis", "keepdims"), 2)]
FORMS: dict[str, list[Form]] = {
    "reduction": REDUCING,
    "cumulative": [
        *AXIS,
        Form(", dtype=np.float32", ("dtype",), 1),
        Form(", axis=0, out=np.zeros((4, 3))", ("out",), 8),
    ],
    "sort": [*AXIS, *WHOLE],
    "fft": [*AXIS, Form(", axis=0, norm='ortho'", ("axis", "norm"), 1), Form(", axes=(0,)", ("axes",), 1)],
    "elementwise": [Form("")],
    "core": [Form("")],
    "contraction": [Form("")],
    "shape": [Form("")],
    "choice": [Form("")],
    "polynomial": [Form("")],
}
SINGLE_AXIS = set("argmax argmin nanargmax nanargmin trapezoid trace cumulative_sum cumulative_prod".split())
NO_NONE = set("trapezoid trace fftshift diff unwrap cumulative_sum cumulative_prod".split())

# What stands before the forms, and the operands, where it is not one array `x` of reals.
ARRAYS: dict[str, tuple[str, dict[str, str]]] = {
    "average": ("x", {"x": "g1+"}),
    "cond": ("x", {"x": "snn"}),
    "cumulative_prod": ("x", {"x": "fn"}),
    "cumulative_sum": ("x", {"x": "fn"}),
    "diff": ("x", {"x": "g1+"}),
    "fft2": ("x", {"x": "f2+"}),
    "hfft": ("x", {"x": "f1+"}),
    "ifft2": ("x", {"x": "f2+"}),
    "irfft": ("x", {"x": "f1+"}),
    "irfft2": ("x", {"x": "f2+"}),
    "irfftn": ("x", {"x": "f1+"}),
    "lexsort": ("(x, y)", {"x": "imn", "y": "imn"}),
    "nanpercentile": ("x, 30", {"x": "g1+"}),
    "nanquantile": ("x, 0.3", {"x": "g1+"}),
    "percentile": ("x, 30", {"x": "g1+"}),
    "quantile": ("x, 0.3", {"x": "g1+"}),
    "rfft2": ("x", {"x": "f2+"}),
    "trace": ("x", {"x": "r2+"}),
    "trapezoid": ("x", {"x": "g1+"}),
    "unwrap": ("x", {"x": "g1+"}),
    "partition": ("x, 1", {"x": "o1+"}),
    "argpartition": ("x, 1", {"x": "o1+"}),
}
# Kinds of elements, where not all reals will do.
KINDS = {
    "fft": "f", "packbits": "b", "unpackbits": "u", "sort": "i", "core": "s", "nanargmax": "i", "nanargmin": "i",
    "argsort": "i", "sort_complex": "i",
}  # fmt: skip
# Rows whose forms are written by hand: they take what no kind describes.
BY_HAND = set(
    """where roll clip matrix_power solve outer inner dot vdot kron cross einsum tensordot multi_dot tensorsolve
    tensorinv matmul vecdot cov corrcoef lstsq piecewise choose select astype isclose take_along_axis polyval
    polyfit polymul poly polyint polyder polyadd polysub reshape moveaxis rollaxis transpose swapaxes
    expand_dims broadcast_to tile repeat pad delete insert resize block sliding_window_view broadcast_arrays
    diag diagonal linspace average cholesky argpartition partition""".split()
)


def rows() -> Iterator[tuple[str, Any, Rule]]:
    """Every public function that has a row: how it is written, the function, its row."""
    for prefix, module in NAMESPACES.items():
        for name in sorted(dir(module)):
            function = getattr(module, name)
            if name.startswith("_") or not callable(function) or isinstance(function, (type, np.ufunc)):
                continue
            rule = find(function)
            if rule is not None:
                yield f"{prefix}.{name}", function, rule


def operands_of(name: str, rule: Rule, least: int) -> tuple[str, dict[str, str]]:
    """What stands before a form, and the operands."""
    if name in ARRAYS:
        before, operands = ARRAYS[name]
    else:
        letter = KINDS.get(name, KINDS.get(rule.kind, "r"))
        before, operands = "x", {"x": f"{letter}nn" if letter == "s" else f"{letter}*"}
    spec = operands["x"]
    if least >= 8:
        return before, {**operands, "x": ("f" if least == 8 else spec[0]) + "mn"}
    lowest = 0 if spec[1:] == "*" else int(spec[1]) if spec[1:] in ("1+", "2+", "3+") else None
    if lowest is None:
        ranks = sum(c.isalpha() for c in spec[1:])
        return before, operands if ranks >= least else {}
    return before, {k: v[0] + (f"{max(least, lowest)}+" if max(least, lowest) else "*") for k, v in operands.items()}


def add(call: str, name: str, rule: Rule, method: bool) -> None:
    forms = list(FORMS.get(rule.kind, ()))
    if rule.kind == "reduction" and name not in SINGLE_AXIS:
        forms += TUPLE
    for form in forms:
        if not set(form.needs) <= set(rule.params) or name in NO_NONE and "None" in form.text:
            continue
        before, operands = operands_of(name, rule, form.least)
        if not operands or "axis" not in rule.params and form.text and "axis" in form.text:
            continue
        if "out=" in form.text and rule.kind == "reduction":
            operands, form = {"x": "fmn"}, Form(form.text.replace("np.zeros(4)", out_of(name)))
        extra = dict(form.extra)
        text = f"{before}{form.text}"
        if method:
            text = f"x.{name}({text.removeprefix('x').removeprefix(', ')})"
        else:
            text = f"{call}({text})"
        case(text, **operands, **extra)
    if (
        "axis" in rule.params[1:2]
        and rule.kind in ("reduction", "cumulative")
        and not method
        and name not in (*ARRAYS, "vector_norm")
    ):
        letter = KINDS.get(name, "r")
        case(f"{call}(x, 0)\n{call}(*(x, -1))", x=f"{letter}1+")
        if rule.params[0] == "a":
            case(f"{call}(a=x, axis=0)", x=f"{letter}1+")


def out_of(name: str) -> str:
    if name in ("any", "all"):
        return "np.zeros(4, bool)"
    return "np.zeros(4, int)" if "arg" in name else "np.zeros(4)"


for _call, _function, _rule in rows():
    _name = _call.rpartition(".")[2]
    if _name not in BY_HAND:
        add(_call, _name, _rule, method=False)
for _name, _rule in sorted(METHODS.items()):
    if _name not in BY_HAND and not _rule.name.startswith("ndarray."):
        add("", _name, _rule, method=True)


# --- ufuncs ----------------------------------------------------------------------------------------------------------


def letters_of(ufunc: np.ufunc) -> list[str]:
    """Kinds of elements that a ufunc takes, one letter for each operand."""
    inputs = [t.split("->")[0] for t in ufunc.types]
    if all("d" not in t for t in inputs):
        return ["j" if any("l" in t for t in inputs) else "b"] * ufunc.nin
    if ufunc is SCOPE["np"].ldexp:
        return ["f", "i"]
    return ["n"] * ufunc.nin


def add_ufunc(call: str, ufunc: np.ufunc) -> None:
    names = ["x", "y", "z"][: ufunc.nin]
    letters = letters_of(ufunc)
    arguments = ", ".join(names)
    case(f"{call}({arguments})\n{call}(*({arguments},))", **{n: f"{k}*" for n, k in zip(names, letters, strict=True)})
    if ufunc.nout > 1:
        return
    shaped = {n: f"{k}mn" for n, k in zip(names, letters, strict=True)}
    with np.errstate(all="ignore"):
        kind = ufunc(*(np.ones(1, {"b": bool, "i": int, "j": int}.get(k, float)) for k in letters)).dtype
    out = {"f": "np.zeros((4, 3))", "b": "np.zeros((4, 3), bool)", "i": "np.zeros((4, 3), int)"}.get(kind.kind)
    doubles = {n: ("f" + s[1:] if s[0] == "n" else s) for n, s in shaped.items()}
    if out is not None and kind.itemsize in (1, 8):
        case(f"{call}({arguments}, out={out})\n{call}({arguments}, {out})", **doubles)
        case(f"{call}({arguments}, out={out}, where=m)\n{call}({arguments}, where=m, out=({out},))", **doubles, m="bmn")
    if ufunc.nin == 2:
        numbers = f"{call}(x, 2)\n{call}(3, y)" if letters[0] != "b" else f"{call}(x, True)"
        case(numbers, x=f"{letters[0]}*", y=f"{letters[1]}*")
        add_ufunc_methods(call, ufunc, letters)


def add_ufunc_methods(call: str, ufunc: np.ufunc, letters: list[str]) -> None:
    letter = "f" if letters[0] == "n" else letters[0]
    case(f"{call}.outer(x, y)", x=f"{letter}2+", y=f"{letters[1].replace('n', 'f')}n")
    try:
        ufunc.reduce(np.ones(2, {"f": float, "i": int, "j": int, "b": bool}[letter]))
        ufunc.accumulate(np.ones(2, {"f": float, "i": int, "j": int, "b": bool}[letter]))
    except TypeError:
        return
    case(
        f"""
        {call}.reduce(x)
        {call}.reduce(x, axis=-1)
        {call}.reduce(x, 0, keepdims=True)
        {call}.accumulate(x)
        {call}.accumulate(x, axis=-1)
        {call}.reduceat(x, [0, 1])
        """,
        x=f"{letter}1+",
    )
    if ufunc.identity is not None:
        case(f"{call}.reduce(x, axis=None)\n{call}.reduce(x, axis=(0, 1))", x=f"{letter}2+")


def ufuncs() -> Iterator[tuple[str, np.ufunc]]:
    seen = set()
    for name in sorted(dir(np)):
        function = getattr(np, name)
        if isinstance(function, np.ufunc) and function.signature is None and id(function) not in seen:
            seen.add(id(function))
            if any("d" in t or "l" in t or "?" in t for t in function.types) and name != "isnat":
                yield f"np.{name}", function


for _call, _ufunc in ufuncs():
    add_ufunc(_call, _ufunc)
assert UFUNC_METHODS
