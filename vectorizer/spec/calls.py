"""One call: its arguments with the axes that they are batched along."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectorizer.spec.layers import Layer, titles
from vectorizer.spec.matching import Matching, Place
from vectorizer.spec.slots import bind, check_top, empty, fill, slot_spec
from vectorizer.tree import Tree


@dataclass(frozen=True, slots=True)
class Resolved:
    """One call's arguments with the axes that they are batched along.

    Attributes:
        arguments: by parameter name, defaults applied; `*args` is a tuple and `**kwargs` a dict under its name.
        axes: the structure of `arguments`, each leaf a `LeafAxes`: non-negative int or `UNBATCHED` for each layer.
            The entry of an inner layer counts the axes that are left when the outer layers' axes are removed.
        sizes: the batch size of each layer.
        signature: how the function takes the arguments.
        defaulted: the parameters that were not passed; their defaults stand in `arguments`.
    """

    arguments: dict[str, Tree]
    axes: dict[str, Tree]
    sizes: tuple[int, ...]
    signature: inspect.Signature
    defaulted: frozenset[str] = frozenset()

    def split(self, arguments: Mapping[str, Tree] | None = None) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments to call the function with, from arguments by parameter name.

        Those that were not passed are left out: the function has its defaults (a ufunc objects to some of its own).
        """
        arguments = self.arguments if arguments is None else arguments
        positional: list[Any] = []
        keywords: dict[str, Any] = {}
        by_keyword = False
        for name, parameter in self.signature.parameters.items():
            by_keyword = by_keyword or parameter.kind is parameter.KEYWORD_ONLY or name in self.defaulted
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional += arguments[name]
            elif parameter.kind is parameter.VAR_KEYWORD:
                keywords |= arguments[name]
            elif not by_keyword:
                positional.append(arguments[name])
            elif name not in self.defaulted:
                keywords[name] = arguments[name]
        return positional, keywords


def resolve_call(
    layers: tuple[Layer, ...],
    signature: inspect.Signature,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    name: str,
) -> Resolved:
    """Bind a call's arguments and find each leaf's batch axes and the batch sizes.

    Batched array-likes (lists of numbers, `range`) become NumPy arrays; arrays of any library and whatever is not
    batched are passed through as they are.

    Args:
        layers: one per `vmap`, outermost first.
        signature: of the per-example function.
        args: positional arguments of the call.
        kwargs: keyword arguments of the call.
        name: of the per-example function, for messages.

    Raises:
        VectorizeTypeError: arguments that the function does not take, a specification whose structure does not match,
            something that is no array where an axis is given.
        VectorizeValueError: wrong length of a tuple, axis out of range, batch sizes that disagree or are not known.
    """
    slots = bind(signature, args, kwargs, name)
    call = Matching(titles(layers, name), tuple([] for _ in layers))
    for level, layer in enumerate(layers):
        check_top(layer.in_axes, signature, slots, len(args), call.titles[level])
    arguments: dict[str, Tree] = {}
    axes: dict[str, Tree] = {}
    for parameter in signature.parameters.values():
        arguments[parameter.name], axes[parameter.name] = empty(parameter), empty(parameter)
    for slot in slots:
        pairs = [slot_spec(layer.in_axes, slot) for layer in layers]
        place = Place(slot.path, tuple(root for _, root in pairs), slot)
        value, leaf_axes = call.match(slot.value, tuple(spec for spec, _ in pairs), place)
        fill(arguments, slot, value)
        fill(axes, slot, leaf_axes)
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments[parameter.name] = tuple(arguments[parameter.name])
            axes[parameter.name] = tuple(axes[parameter.name])
    defaulted = frozenset(slot.parameter for slot in slots if slot.is_default)
    return Resolved(arguments, axes, call.sizes(layers), signature, defaulted)
