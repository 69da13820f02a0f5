"""What is public in the namespaces that the vectorizer covers, and what of it a batch has no use for."""

from __future__ import annotations

import ast
import builtins
import cmath
import math
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

NAMESPACES: dict[str, Any] = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.lib.stride_tricks": np.lib.stride_tricks,
    "ndarray": np.ndarray,
    "ufunc": np.ufunc,
    "math": math,
    "cmath": cmath,
    "operator": operator,
    "builtins": builtins,
}
UFUNC_METHODS = ("reduce", "accumulate", "reduceat", "outer", "at")
BUILTINS = "abs all any bool complex divmod float int len list max min pow round sorted sum tuple".split()

# Why a batch has no use for it: the names.
NOT_APPLICABLE: dict[str, str] = {
    "reads or writes files and buffers": """
        np.from_dlpack np.frombuffer np.fromfile np.fromregex np.fromstring np.genfromtxt np.load np.loadtxt np.save
        np.savetxt np.savez np.savez_compressed np.memmap ndarray.dump ndarray.dumps ndarray.tobytes ndarray.tofile
    """,
    "makes text": """
        np.array2string np.array_repr np.array_str np.base_repr np.binary_repr np.format_float_positional
        np.format_float_scientific np.datetime_as_string np.typename np.mintypecode
    """,
    "settings and information": """
        np.get_include np.get_printoptions np.getbufsize np.geterr np.geterrcall np.info np.printoptions
        np.set_printoptions np.setbufsize np.seterr np.seterrcall np.show_config np.show_runtime np.test np.errstate
        np.linalg.test np.fft.test
    """,
    "a type, which stands for itself": """
        np.broadcast np.busdaycalendar np.bytes_ np.character np.clongdouble np.complex256 np.complexfloating
        np.datetime64 np.dtype np.flatiter np.flexible np.float128 np.floating np.generic np.inexact np.integer
        np.longdouble np.matrix np.ndarray np.ndenumerate np.ndindex np.nditer np.number np.object_ np.poly1d
        np.recarray np.record np.signedinteger np.str_ np.timedelta64 np.ufunc np.unsignedinteger np.void
        np.linalg.LinAlgError         operator.attrgetter operator.itemgetter operator.methodcaller np.asmatrix np.bmat
    """,
    "dates": "np.busday_count np.busday_offset np.datetime_data np.is_busday np.isnat",
    "the memory of one example": """
        np.may_share_memory np.shares_memory np.isfortran np.lib.stride_tricks.as_strided np.nested_iters ndarray.base
        ndarray.ctypes ndarray.data ndarray.flags ndarray.strides ndarray.setflags ndarray.device ndarray.to_device
        ndarray.getfield ndarray.setfield
    """,
    "of dtypes, names and shapes only, which are the same for all examples": """
        np.can_cast np.isdtype np.issubdtype np.promote_types np.min_scalar_type np.broadcast_shapes np.einsum_path
        np.mask_indices np.tril_indices np.triu_indices np.diag_indices np.indices np.tri np.eye np.identity np.hanning
        np.hamming np.blackman np.bartlett np.kaiser np.fft.fftfreq np.fft.rfftfreq np.result_type np.common_type
        np.finfo np.iinfo np.arange np.fromfunction
    """,
    "of Python's sequences and objects": """
        operator.call operator.concat operator.countOf operator.delitem operator.iconcat operator.indexOf
        operator.length_hint operator.setitem operator.is_ operator.is_not operator.is_none operator.is_not_none
        np.frompyfunc np.fromiter np.iterable ndarray.resize
    """,
    "changes its operand": "operator.imatmul",
    "an old name": "np.row_stack",
}
# What gives as many elements as the data say.
RAGGED = set(
    """np.nonzero np.flatnonzero np.argwhere np.extract np.compress np.trim_zeros np.unique np.unique_all
    np.unique_counts np.unique_inverse np.unique_values np.union1d np.intersect1d np.setdiff1d np.setxor1d np.bincount
    np.polymul np.polydiv np.roots ndarray.nonzero ndarray.compress""".split()
)
REASONS = {name: reason for reason, names in NOT_APPLICABLE.items() for name in names.split()}


def public() -> Iterator[tuple[str, Any]]:
    """Every public callable, and the attributes of arrays, by name; one that has several names counts for each."""
    for prefix, owner in NAMESPACES.items():
        if prefix == "ufunc":
            yield from ((f"ufunc.{name}", getattr(np.ufunc, name)) for name in UFUNC_METHODS)
            continue
        names = BUILTINS if prefix == "builtins" else sorted(n for n in dir(owner) if not n.startswith("_"))
        for name in names:
            found = getattr(owner, name)
            if prefix == "ndarray" or callable(found):
                yield (name if prefix == "builtins" else f"{prefix}.{name}"), found


NAMES = {name for name, _ in public()}


def owner_of(expression: str, operands: dict[str, str]) -> str | None:
    """The function, method or attribute that an expression is about: the outermost that is public."""
    lines = expression.split("; ")
    tree = ast.parse("\n".join(line.removeprefix("return ") for line in lines))
    found = [name for node in breadth_first(tree) for name in [named(node, operands)] if name in NAMES]
    made = {"np.zeros", "np.ones", "np.empty", "np.array", "np.eye", "np.shape", "ndarray.shape", "ndarray.ndim"}
    rest = [name for name in found if name in RAGGED] or [name for name in found if name not in made]
    return rest[0] if rest else found[0] if found else None


def breadth_first(tree: ast.AST) -> Iterator[ast.AST]:
    level = [tree]
    while level:
        yield from level
        level = [child for node in level for child in ast.iter_child_nodes(node)]


def named(node: ast.AST, operands: dict[str, str]) -> str:
    """The public name that a call or an attribute has; nothing for other nodes."""
    if isinstance(node, ast.Call):
        text = ast.unparse(node.func)
        if text in NAMES:
            return text
        owner, _, name = text.rpartition(".")
        if name in UFUNC_METHODS and isinstance(getattr(np, owner.removeprefix("np."), None), np.ufunc):
            return f"ufunc.{name}"
        is_method = isinstance(node.func, ast.Attribute) and owner not in NAMESPACES and not owner.startswith("np.")
        return f"ndarray.{name}" if is_method or owner.endswith(")") else ""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in operands:
        return f"ndarray.{node.attr}"
    return ""
