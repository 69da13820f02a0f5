"""Abstract values: what the rewriter knows of every expression.

A number or an array is described by its dtype, its rank as the user's function sees it, and the set of axes along
which it varies.  At run time it is laid out as ``[axes in nesting order ..., logical axes ...]``.
"""

from vectorizer.values.affine import DERIVED, Affine, Dims, Symbol, derived
from vectorizer.values.axes import Axes, Axis, union_axes
from vectorizer.values.facts import axes_of, is_alike, is_uniform
from vectorizer.values.joining import join, join_lists
from vectorizer.values.model import (
    GENERATORS,
    MISSING,
    NONE,
    Array,
    Conflict,
    DictV,
    FuncV,
    GeneratorV,
    ListV,
    MaskedV,
    NestedV,
    Obj,
    Opaque,
    PerExample,
    SeqV,
    StackedV,
    TupleV,
    Unsupported,
    Value,
    held_list,
)
from vectorizer.values.numbers import INT64, check_fits, is_mixed, is_pythons_complex, number, promote, weak_type
from vectorizer.values.origins import Earlier, copies, is_copy, sites

__all__ = [
    "DERIVED",
    "GENERATORS",
    "INT64",
    "MISSING",
    "NONE",
    "Affine",
    "Array",
    "Axes",
    "Axis",
    "Conflict",
    "DictV",
    "Dims",
    "Earlier",
    "FuncV",
    "GeneratorV",
    "ListV",
    "MaskedV",
    "NestedV",
    "Obj",
    "Opaque",
    "PerExample",
    "SeqV",
    "StackedV",
    "Symbol",
    "TupleV",
    "Unsupported",
    "Value",
    "axes_of",
    "check_fits",
    "copies",
    "derived",
    "held_list",
    "is_alike",
    "is_copy",
    "is_mixed",
    "is_pythons_complex",
    "is_uniform",
    "join",
    "join_lists",
    "number",
    "promote",
    "sites",
    "union_axes",
    "weak_type",
]
