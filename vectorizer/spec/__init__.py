"""Axis specifications: what `in_axes`, `out_axes` and `axis_size` say about the arguments and results of one call.

One `vmap` is a `Layer`; nested ones are several layers, outermost first.  A specification is a prefix of the tree that
it speaks of: one int covers everything below it.  Inside the package `UNBATCHED` stands where the user wrote `None`.
"""

from vectorizer.spec.calls import Resolved, resolve_call
from vectorizer.spec.layers import RANDOMNESS, UNBATCHED, Axis, Layer, LeafAxes, Unbatched, make_layer, titles
from vectorizer.spec.results import broadcast_out_axes, normalize_out_axis
from vectorizer.spec.slots import signature_of

__all__ = [
    "RANDOMNESS",
    "UNBATCHED",
    "Axis",
    "Layer",
    "LeafAxes",
    "Resolved",
    "Unbatched",
    "broadcast_out_axes",
    "make_layer",
    "normalize_out_axis",
    "resolve_call",
    "signature_of",
    "titles",
]
