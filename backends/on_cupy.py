"""CuPy: what it lacks of NumPy, and what is emitted instead.

Read off CuPy 14.2.0; `cupy_names.txt` has its names and parameters, and a test compares it with the CuPy that is
installed.  CuPy imports without a GPU, and is imported here only when arrays are to be moved.
"""

from __future__ import annotations

import ast
import contextlib
from pathlib import Path
from typing import Any

import numpy as np

from vectorizer.backends.base import Backend
from vectorizer.backends.calls import CallText, Lowered, Text, first_of, keeping, template
from vectorizer.backends.inventory import Inventory
from vectorizer.backends.subscripts import is_view


def lower_block(c: CallText) -> str | None:
    """Blocks in lists of lists: each row is joined, then the rows below each other."""
    bound = c.bind("arrays")
    return None if bound is None else _blocks(bound["arrays"], c.alias)


def _blocks(text: Text, alias: str) -> str | None:
    rows = split_items(text)
    if not rows:
        return None
    nested = [split_items(row) for row in rows]
    if not any(isinstance(row.node, ast.List) for row in rows):
        return _joined(rows, -1, 1, alias)
    if any(not row or any(isinstance(part.node, ast.List) for part in row) for row in nested):
        return None
    joined = [_joined(row, -1, 2, alias) for row in nested if row]
    return joined[0] if len(joined) == 1 else f"{alias}.concatenate([{', '.join(joined)}], axis=-2)"


def _joined(parts: list[Text], axis: int, rank: int, alias: str) -> str:
    codes = [f"{alias}.atleast_{rank}d({part.code})" for part in parts]
    return f"{alias}.concatenate([{', '.join(codes)}], axis={axis})"  # which copies, be it of one


def lower_insert(c: CallText) -> str | None:
    """A number in front of an array.  Elsewhere the text does not tell whether the place lies inside."""
    bound = c.bind("arr obj values axis")
    if bound is None or bound.keys() < {"arr", "obj", "values"} or bound["obj"].code != "0":
        return None
    array, value = bound["arr"], bound["values"]
    if not isinstance(array.node, ast.Name) or not isinstance(value.node, (ast.Constant, ast.UnaryOp)):
        return None
    name = array.code
    if "axis" not in bound:
        return f"{c.alias}.concatenate([{c.alias}.full(1, {value.code}, {name}.dtype), {name}.ravel()])"
    if not bound["axis"].code.isdigit():
        return None
    axis = int(bound["axis"].code)
    shape = [f"*{name}.shape[:{axis}]", "1", f"*{name}.shape[{axis + 1}:]"][not axis :]
    first = f"{c.alias}.full(({', '.join(shape)}), {value.code}, {name}.dtype)"
    return f"{c.alias}.concatenate([{first}, {name}], axis={axis})"


def lower_multi_dot(c: CallText) -> str | None:
    """A list of factors as a product from left to right."""
    if len(c.args) != 1 or c.keywords or not isinstance(c.args[0].node, ast.List):
        return None
    parts = split_items(c.args[0])
    return None if parts is None or len(parts) < 2 else f"({' @ '.join(part.primary for part in parts)})"


def split_items(text: Text) -> list[Text] | None:
    """The items of a list that is written out."""
    tree = ast.parse(text.code, mode="eval").body
    if not isinstance(tree, ast.List) or any(isinstance(item, ast.Starred) for item in tree.elts):
        return None
    return [Text(ast.get_source_segment(text.code, item) or "", item) for item in tree.elts]


def at_least(name: str, other: str) -> Lowered:
    """``np.max(x, initial=n)``: the largest of all elements and `n`, in the dtype of `x`."""
    forms = first_of(
        template("a initial", f"cp.{other}(cp.{name}({{a}}), {{initial}}).astype({{a}}.dtype, copy=False)"),
        template(
            "a axis initial",
            f"cp.{other}(cp.{name}({{a}}, axis={{axis}}), {{initial}}).astype({{a}}.dtype, copy=False)",
        ),
        template(
            "a axis initial where",
            f"cp.{other}(cp.{name}(cp.where({{where}}, {{a}}, {{initial}}), axis={{axis}}), {{initial}})"
            ".astype({a}.dtype, copy=False)",
            axis="None",
        ),
    )
    return lambda c: forms(c) if c.args and is_view(c.args[0].node) else None


def of_those(name: str, neutral: str) -> Lowered:
    """A reduction with ``where=``: elements that do not count are replaced by one that changes nothing."""
    chosen = f"cp.where({{where}}, {{a}}, {neutral})"
    return first_of(
        template("a where", f"cp.{name}({chosen})"),
        template("a axis where", f"cp.{name}({chosen}, axis={{axis}})"),
        template("a axis keepdims where", f"cp.{name}({chosen}, axis={{axis}}, keepdims={{keepdims}})"),
    )


def ignoring_nan(extreme: str, joined: str) -> Lowered:
    """``np.fmax.reduce``: the largest of all that are not nan; where there are none, CuPy raises, or gives nan."""
    return first_of(
        template("array axis", f"cp.{extreme}({{array}}, axis={{axis}})", axis="0"),
        template("array axis keepdims", f"cp.{extreme}({{array}}, axis={{axis}}, keepdims={{keepdims}})", axis="0"),
        template("array axis initial", f"cp.{joined}(cp.{extreme}({{array}}, axis={{axis}}), {{initial}})", axis="0"),
    )


def of_one_number(row: Lowered) -> Lowered:
    """Quantiles at one place and not at several."""

    def lower(c: CallText) -> str | None:
        bound = c.bind("a q axis")
        return row(c) if bound and "q" in bound and isinstance(bound["q"].node, (ast.Constant, ast.BinOp)) else None

    return lower


def reduced(function: str) -> Lowered:
    """``np.bitwise_or.reduce`` and others that are associative."""
    return template(
        "array axis keepdims",
        f"reduce_along(cp.{function}, {{array}}, {{axis}}, {{keepdims}})",
        axis="0",
        keepdims="False",
    )


def accumulated(function: str) -> Lowered:
    """``np.maximum.accumulate``, of functions for which it does not matter how often they see an element."""
    return template("array axis", f"accumulate_along(cp.{function}, {{array}}, {{axis}})", axis="0")


ASSOCIATIVE = "bitwise_and bitwise_or bitwise_xor gcd hypot lcm logaddexp logaddexp2 logical_xor".split()
VECDOT = template("x1 x2", 'cp.einsum("...i,...i->...", {x1}.conj(), {x2})')
TRACE = "x offset dtype"

ROWS: dict[str, Lowered] = {
    "block": lower_block,
    "clip": first_of(template("a min max", "cp.clip({a}, {min}, {max})", min="None", max="None")),
    **{f"{name}.reduce": reduced(name) for name in ASSOCIATIVE},
    "fmax.reduce": ignoring_nan("nanmax", "fmax"),
    "fmin.reduce": ignoring_nan("nanmin", "fmin"),
    "geomspace": template("start stop num", "({start} * ({stop} / {start}) ** cp.linspace(0, 1, {num}))", num="50"),
    "insert": lower_insert,
    "linalg.diagonal": keeping("x offset", "diagonal", axis1="-2", axis2="-1"),
    "linalg.matrix_norm": first_of(
        template("x", "cp.linalg.norm({x}, axis=(-2, -1))"),
        template("x keepdims", "cp.linalg.norm({x}, axis=(-2, -1), keepdims={keepdims})"),
        template("x keepdims ord", "cp.linalg.norm({x}, {ord}, axis=(-2, -1), keepdims={keepdims})", keepdims="False"),
    ),
    "linalg.multi_dot": lower_multi_dot,
    "linalg.outer": keeping("x1 x2", "outer"),
    "linalg.solve": template("a b", "solve_each({a}, {b})"),
    "linalg.svdvals": template("x", "cp.linalg.svd({x}, compute_uv=False)"),
    "linalg.tensordot": keeping("x1 x2 axes", "tensordot"),
    "linalg.trace": keeping(TRACE, "trace", axis1="-2", axis2="-1"),
    "linalg.vecdot": VECDOT,
    "linalg.vector_norm": first_of(
        template("x axis", "cp.linalg.norm({x}, axis={axis})"),
        template("x axis keepdims ord", "cp.linalg.norm({x}, {ord}, {axis}, {keepdims})", ord="None", keepdims="False"),
    ),
    "matvec": template("x1 x2", "({x1} @ {x2}[..., None])[..., 0]"),
    "max": at_least("max", "maximum"),
    "min": at_least("min", "minimum"),
    "nanpercentile": of_one_number(template("a q axis", "nan_quantile({a}, {q} / 100, {axis})", axis="None")),
    "nanquantile": of_one_number(template("a q axis", "nan_quantile({a}, {q}, {axis})", axis="None")),
    "prod": of_those("prod", "1"),
    "sum": of_those("sum", "0"),
    "unstack": template("x axis", "tuple(cp.moveaxis({x}, {axis}, 0))", axis="0"),
    "vecdot": VECDOT,
    "vecmat": template("x1 x2", "({x1}.conj()[..., None, :] @ {x2})[..., 0, :]"),
    **{f"{name}.accumulate": accumulated(name) for name in ("fmax", "fmin", "maximum", "minimum")},
    **{f"{name}.accumulate": accumulated(name) for name in ("logical_and", "logical_or")},
    **{
        f"{name}.reduce": template("array axis", f"cp.{short}({{array}}, axis={{axis}})", axis="0")
        for name, short in {"maximum": "max", "minimum": "min", "logical_and": "all", "logical_or": "any"}.items()
    },
}


def put(library: Any, array: np.ndarray[Any, Any]) -> Any:
    return library.asarray(array)


def take(library: Any, array: Any) -> np.ndarray[Any, Any]:
    """A copy, for which the host waits."""
    found: np.ndarray[Any, Any] = library.asnumpy(array)
    return found


def running(library: Any) -> Any:
    """Where emitted code runs: a singular matrix raises, as it does in NumPy."""
    import cupyx

    return cupyx.errstate(linalg="raise") if hasattr(cupyx, "errstate") else contextlib.nullcontext()


CUPY = Backend(
    name="cupy",
    module="cupy",
    alias="cp",
    array="cupy.ndarray",
    inventory=Inventory(Path(__file__).with_name("cupy_names.txt")),
    rows=ROWS,
    companions={"scipy.special": "cupyx.scipy.special"},
    host=frozenset(("dtype", "errstate", "finfo", "iinfo", "ndarray", "result_type", "broadcast_shapes")),
    helpers=frozenset(("accumulate_along", "nan_quantile", "reduce_along", "solve_each")),
    other=frozenset(
        ("divmod", "floor_divide", "mod", "remainder", "linalg.solve")
    ),  # quotients that are rounded, where no kernel takes them in; stacks of matrices that broadcast
    lanes="mask",
    patience=16,
    is_device=True,
    kernels=True,
    put=put,
    take=take,
    running=running,
)
