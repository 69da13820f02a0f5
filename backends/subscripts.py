"""Subscripts on a device: nothing raises there where one is out of range, and the order of stores is not defined."""

from __future__ import annotations

import ast
from collections.abc import Callable

from vectorizer.backends.base import Lacking
from vectorizer.backends.placement import Placement

ALONG = ("numpy.take", "numpy.take_along_axis", "numpy.put_along_axis", "numpy.put", "numpy.delete")


def checked_items(
    node: ast.Subscript, placement: Placement, code: Callable[[ast.expr], str]
) -> dict[ast.expr, str] | None:
    """The code for each subscript that may be out of range: ``in_range(i, x.shape[1])``; None where none may.

    Raises:
        Lacking: the axis that a subscript belongs to cannot be told from the text.
    """
    items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    unsure = [item for item in items if may_be_out_of_range(item, placement)]
    if not unsure:
        return None
    if not is_view(node.value):
        raise Lacking("a subscript that may be out of range follows an expression without a name")
    base, found = code(node.value), {}
    for item in unsure:
        found[item] = f"in_range({code(item)}, {base}.shape[{_axis(items, items.index(item), placement)}])"
    return found


def is_view(node: ast.expr) -> bool:
    """Whether an expression names an array, or a view of one, so that its shape costs nothing."""
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return is_view(node.value) and all(isinstance(part, (ast.Slice, ast.Constant)) for part in parts)
    return isinstance(node, ast.Name) or isinstance(node, ast.Attribute) and is_view(node.value)


def _axis(items: list[ast.expr], position: int, placement: Placement) -> str:
    """The axis of the array that a subscript belongs to; from the end, behind an ellipsis."""
    before, behind = items[:position], items[position + 1 :]
    masks = [item for item in before if placement.is_mask(item)]
    if any(_is_ellipsis(item) for item in before):
        if any(placement.is_mask(item) for item in behind):
            raise Lacking("a mask stands behind a subscript that may be out of range")
        return str(-1 - sum(not _is_new(item) for item in behind))
    count = sum(not _is_new(item) for item in before) - len(masks)
    if any(not isinstance(mask, ast.Name) for mask in masks):
        raise Lacking("a mask without a name stands before a subscript that may be out of range")
    return " + ".join(
        [
            *(f"{mask.id}.ndim" for mask in masks if isinstance(mask, ast.Name)),
            *([str(count)] if count or not masks else []),
        ]
    )


def _is_ellipsis(item: ast.expr) -> bool:
    return isinstance(item, ast.Constant) and item.value is ...


def _is_new(item: ast.expr) -> bool:
    return isinstance(item, ast.Constant) and item.value is None


def may_be_out_of_range(item: ast.expr, placement: Placement) -> bool:
    if isinstance(item, (ast.Slice, ast.Constant)) or not placement.on_device(item):
        return False
    return not placement.is_mask(item) and placement.index_kind(item) is None


def check_store(node: ast.Subscript, placement: Placement) -> None:
    """Refuses a store to places of which two may be the same: the last value counts, but none is the last here."""
    items = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    arrays = [item for item in items if not isinstance(item, (ast.Slice, ast.Constant)) and placement.on_device(item)]
    if not arrays or any(placement.is_mask(item) for item in arrays):
        return
    if not any(placement.index_kind(item) for item in arrays):
        raise Lacking("values are stored at places of which two may be the same, and the order is not defined")
