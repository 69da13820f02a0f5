"""What `out_axes` says about the result of a function."""

from __future__ import annotations

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.spec.layers import Layer, LeafAxes, titles
from vectorizer.spec.structure import mismatch_type, split_spec, wanted
from vectorizer.tree import Tree


def broadcast_out_axes(layers: tuple[Layer, ...], result_tree: Tree, name: str = "fun") -> Tree:
    """The out axes of each leaf of a result: the structure of `result_tree`, each leaf a `LeafAxes`.

    The axes are as the user gave them, negative ones too (`normalize_out_axis` checks them where ranks are known).

    Args:
        layers: one per `vmap`, outermost first.
        result_tree: what the per-example function returns, or any tree of that structure.
        name: of the per-example function, for messages.

    Raises:
        VectorizeTypeError: `out_axes` and the result differ in structure.
        VectorizeValueError: a tuple in `out_axes` has another length than the result.
    """
    specs = tuple(_unwrap_single(layer.out_axes, result_tree) for layer in layers)
    return _match_result(result_tree, specs, "", titles(layers, name))


def normalize_out_axis(axis: int, batched_rank: int, path: str = "") -> int:
    """The non-negative position of a result's batch axis.

    Args:
        axis: as given in `out_axes`.
        batched_rank: rank of the result with this batch axis in it.
        path: of the leaf in the result, such as `[0]['w']`.

    Raises:
        VectorizeValueError: the axis is out of range.
    """
    if -batched_rank <= axis < batched_rank:
        return axis % batched_rank
    raise VectorizeValueError(
        f"vmap: out_axes gives axis {axis} for result{path}, which is out of range: with the batch axis in it "
        f"the result has rank {batched_rank}.\nGive an axis from {-batched_rank} to {batched_rank - 1}."
    )


def _unwrap_single(spec: Tree, result: Tree) -> Tree:
    """A tuple of one entry may speak of a result that is no container."""
    return spec[0] if type(spec) is tuple and len(spec) == 1 and not tree.is_container(result) else spec


def _match_result(result: Tree, specs: tuple[Tree, ...], path: str, heads: tuple[str, ...]) -> Tree:
    if not tree.is_container(result):
        for level, spec in enumerate(specs):
            if tree.is_container(spec):
                raise VectorizeTypeError(_result_mismatch(spec, result, path, heads[level]))
        return LeafAxes(specs)
    columns: list[list[Tree]] = []
    for level, spec in enumerate(specs):
        split = split_spec(spec, result)
        if split is None:
            raise mismatch_type(spec, result)(_result_mismatch(spec, result, path, heads[level]))
        columns.append(split)
    pairs = zip(tree.keys(result), tree.children(result), zip(*columns, strict=True), strict=True)
    return tree.rebuild(
        result,
        [_match_result(child, row, path + tree.child_path(result, key), heads) for key, child, row in pairs],
    )


def _result_mismatch(spec: Tree, result: Tree, path: str, title: str) -> str:
    return (
        f"{title}: out_axes{path} does not match what the function returns:\n"
        f"  out_axes{path} is {tree.describe(spec)}\n  result{path} is {tree.describe(result)}\n"
        f"Give one axis for the whole of it, or {wanted(result)}."
    )
