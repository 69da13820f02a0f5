"""Specifications beside the trees that they speak of, one level of containers at a time."""

from __future__ import annotations

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.tree import Kind, Tree


def split_spec(spec: Tree, value: Tree) -> list[Tree] | None:
    """The specification of each child of a container, or None where the two differ in structure."""
    order = tree.keys(value)
    if not tree.is_container(spec):
        return [spec] * len(order)
    spec_kind, value_kind = tree.kind(spec), tree.kind(value)
    if spec_kind in (Kind.DATACLASS, Kind.NAMED) and value_kind is spec_kind and type(spec) is not type(value):
        return None
    if spec_kind in tree.SEQUENCES and value_kind in tree.SEQUENCES:
        return tree.children(spec) if len(spec) == len(order) else None
    by_name = (Kind.DICT, Kind.DATACLASS, Kind.NAMED)
    if spec_kind in by_name and value_kind in by_name and set(tree.keys(spec)) == set(order):
        return [tree.child_of(spec, key) for key in order]
    return None


def mismatch_type(spec: Tree, value: Tree) -> type[VectorizeTypeError | VectorizeValueError]:
    """A wrong length is a `ValueError`, a wrong kind or wrong keys a `TypeError`."""
    sequences = tree.kind(spec) in tree.SEQUENCES and tree.kind(value) in tree.SEQUENCES
    return VectorizeValueError if sequences and len(spec) != len(value) else VectorizeTypeError


def wanted(value: Tree) -> str:
    """What a specification for `value` may look like, for a message."""
    match tree.kind(value):
        case Kind.DICT:
            return f"a dict with the keys {', '.join(map(repr, tree.keys(value)))}"
        case Kind.NAMED | Kind.DATACLASS:
            return f"a dict with the keys {', '.join(map(repr, tree.keys(value)))}, or another {type(value).__name__}"
        case Kind.TUPLE | Kind.LIST:
            return f"a tuple of length {len(value)}"
    return "None if it is the same for all examples"
