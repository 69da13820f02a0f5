"""Which arguments a batch may be cut along, so that it can be run in blocks."""

from __future__ import annotations

import numpy as np

from vectorizer.spec import UNBATCHED, Layer, LeafAxes, Resolved
from vectorizer.tree import leaves


def places_to_cut(resolved: Resolved, layers: tuple[Layer, ...]) -> dict[int, tuple[str, int]]:
    """Parameters that are arrays with one batch axis, and that axis, by position; empty if others are batched too."""
    if len(layers) != 1 or not isinstance(layers[0].out_axes, int) or layers[0].out_axes < 0:
        return {}
    found: dict[int, tuple[str, int]] = {}
    for position, (name, parameter) in enumerate(resolved.signature.parameters.items()):
        axes = resolved.axes.get(name)
        if all(axis is UNBATCHED for leaf in leaves(axes) for axis in leaf):
            continue
        if not isinstance(axes, LeafAxes) or parameter.kind is not parameter.POSITIONAL_OR_KEYWORD:
            return {}
        axis = axes[0]
        if not isinstance(axis, int) or not isinstance(resolved.arguments[name], np.ndarray):
            return {}
        found[position] = name, axis
    return found
