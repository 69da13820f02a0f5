"""Ufuncs of `scipy.special`, and functions of `scipy.linalg` that take stacks."""

from __future__ import annotations

import numpy as np
import scipy.special

from tests.rows.case import case


def of_doubles() -> list[tuple[str, int]]:
    """The ufuncs that take doubles and give one result, with the number of their operands."""
    found = []
    for name in sorted(dir(scipy.special)):
        ufunc = getattr(scipy.special, name)
        if not isinstance(ufunc, np.ufunc) or name.startswith("_") or ufunc.nout != 1 or ufunc.nin > 3:
            continue
        if "d" * ufunc.nin + "->d" in ufunc.types:
            found.append((name, ufunc.nin))
    return found


for _name, _count in of_doubles():
    _names = ["x", "y", "z"][:_count]
    case(f"scipy.special.{_name}({', '.join(_names)})", **{n: "q*" for n in _names})
case(
    """
    scipy.linalg.det(s)
    scipy.linalg.inv(s)
    scipy.linalg.cholesky(s)
    scipy.linalg.cholesky(s, lower=True)
    scipy.linalg.expm(s)
    scipy.linalg.pinv(s)
    scipy.linalg.eigvalsh(s)
    scipy.linalg.svdvals(s)
    scipy.linalg.lu(s)
    scipy.linalg.solve(s, b)
    scipy.linalg.solve(s, c)
    scipy.linalg.solve_triangular(s, b)
    scipy.linalg.solve_triangular(s, c, lower=True)
    """,
    s="snn",
    b="fn",
    c="fnk",
)
