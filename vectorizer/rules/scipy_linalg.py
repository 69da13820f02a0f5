"""Functions of `scipy.linalg` that take stacks of matrices.  Loaded when a function of SciPy's is first called."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.linalg

from vectorizer.rules.context import Context
from vectorizer.rules.contractions import batched
from vectorizer.rules.linear_algebra import core, lower_core
from vectorizer.rules.table import Call, Rule, register
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, Unsupported

OF_A_MATRIX = "cholesky cosm coshm det eigvalsh expm hessenberg inv lu pinv pinvh sinhm sinm svdvals tanhm".split()
OF_TWO = ("solve", "solve_triangular")


def takes_stacks(function: Any, count: int) -> bool:
    """Whether this version of SciPy's function batches: asked of the function itself."""
    matrices = np.array([[[2.0, 0.5], [0.5, 3.0]], [[4.0, 1.0], [1.0, 2.0]], [[5.0, 2.0], [2.0, 6.0]]])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = function(*[matrices] * count)
            each = [function(*[m] * count) for m in matrices]
    except Exception:  # noqa: BLE001 - whatever it says to a stack
        return False
    parts = whole if isinstance(whole, tuple) else (whole,)
    rows = each if isinstance(whole, tuple) else [(e,) for e in each]
    return all(np.shape(p) == (3, *np.shape(rows[0][k])) for k, p in enumerate(parts))


def of_vectors(function: Any) -> None:
    """solve and its kin: the right-hand side may be a vector, which becomes a column."""

    def lower(rw: Context, c: Call) -> Operand:
        if len(c.args) != 2:
            raise Unsupported(f"{c.name} in a form that has no rule")
        options = {k: rw.pin(o, k) for k, o in c.keywords.items()}
        first, second = rw.as_array(c.args[0]), rw.as_array(c.args[1])
        b = rw.array(second)
        if b.rank != 1 or not (rw.array(first).axes or b.axes):
            return lower_core(rw, c, function, "(n,n),(n,k)->(n,k)" if b.rank > 1 else "(n,n),(n)->(n)")
        rw.hazard(f"{c.name} may raise")
        column = Operand(f"{second.primary}[..., None]", b.with_(rank=2))
        (left, right), axes = batched(rw, [first, column], [2, 2])
        code = call(c.function, left.code, right.code, **{k: o.code for k, o in c.keywords.items()})
        typical = [np.eye(2, dtype=rw.array(first).dtype), np.ones(2, b.dtype)]
        dtype = np.asarray(function(*typical, **options)).dtype
        return Operand(f"{code}[..., 0]", Array(dtype, 1, axes, dims=b.dims), fresh=True)

    register(function, Rule(f"scipy.linalg.{function.__name__}", "core", lower, ("a", "b")))


for _name in OF_A_MATRIX:
    _function = getattr(scipy.linalg, _name, None)
    if _function is not None and takes_stacks(_function, 1):
        core(_function, "(n,n)->?", f"scipy.linalg.{_name}")
for _name in OF_TWO:
    _function = getattr(scipy.linalg, _name, None)
    if _function is not None and takes_stacks(_function, 2):
        of_vectors(_function)
