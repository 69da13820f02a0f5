"""The arguments of one call: which parameter takes each, and what a layer says of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectorizer import tree
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.spec.layers import UNBATCHED
from vectorizer.tree import Tree


def signature_of(function: Any) -> inspect.Signature:
    """The signature of a callable; `(*args, **kwargs)` where it tells none (some C functions)."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        variadic = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
        return inspect.Signature(
            [inspect.Parameter(name, kind) for name, kind in zip(("args", "kwargs"), variadic, strict=True)]
        )


@dataclass(slots=True)
class Slot:
    """One passed argument, and how it was passed.

    Attributes:
        path: how messages name it: `x`, `args[1]`, `kwargs['y']`.
        value: what was passed, or the default.
        parameter: the name of the parameter that takes it.
        position: among the positional arguments; None for keywords and defaults.
        key: the name that a dict in `in_axes` may use for it; None for an entry of `*args`.
        item: its index or key inside a variadic parameter; None elsewhere.
        is_default: it was not passed.
    """

    path: str
    value: Any
    parameter: str
    position: int | None = None
    key: str | None = None
    item: int | str | None = None
    is_default: bool = False


def bind(signature: inspect.Signature, args: Sequence[Any], kwargs: Mapping[str, Any], name: str) -> list[Slot]:
    """The arguments of a call in the order of the parameters."""
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise VectorizeTypeError(f"{name}{signature} cannot be called with these arguments: {error}") from None
    slots: list[Slot] = []
    position = 0
    for key, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = enumerate(bound.get(key, ()))
            slots += [Slot(f"{key}[{i}]", value, key, position + i, None, i) for i, value in rest]
        elif parameter.kind is parameter.VAR_KEYWORD:
            extra = bound.get(key, {}).items()
            slots += [Slot(f"{key}[{item!r}]", value, key, None, item, item) for item, value in extra]
        elif key not in bound:
            slots.append(Slot(key, parameter.default, key, key=key, is_default=True))
        elif parameter.kind is not parameter.KEYWORD_ONLY and position < len(args):
            slots.append(Slot(key, bound[key], key, position, key))
            position += 1
        else:
            slots.append(Slot(key, bound[key], key, None, key))
    return slots


def empty(parameter: inspect.Parameter) -> Any:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return []
    return {} if parameter.kind is parameter.VAR_KEYWORD else None


def fill(target: dict[str, Tree], slot: Slot, value: Tree) -> None:
    if slot.item is None:
        target[slot.parameter] = value
    elif isinstance(slot.item, int):
        target[slot.parameter].append(value)
    else:
        target[slot.parameter][slot.item] = value


def slot_spec(in_axes: Tree, slot: Slot) -> tuple[Tree, str]:
    """The specification of one argument, and where the user wrote it."""
    if slot.is_default:
        return UNBATCHED, "in_axes"
    if isinstance(in_axes, dict):
        return _named_spec(in_axes, slot)
    if slot.position is None:
        return 0, "in_axes"
    if isinstance(in_axes, tuple):
        return in_axes[slot.position], f"in_axes[{slot.position}]"
    return in_axes, "in_axes"


def _named_spec(in_axes: Mapping[str, Tree], slot: Slot) -> tuple[Tree, str]:
    if slot.key is not None and slot.key in in_axes:
        return in_axes[slot.key], f"in_axes[{slot.key!r}]"
    if slot.item is None or slot.parameter not in in_axes:
        return 0, "in_axes"
    spec, root = in_axes[slot.parameter], f"in_axes[{slot.parameter!r}]"
    if isinstance(spec, dict):
        return spec.get(slot.item, 0), f"{root}[{slot.item!r}]"
    if isinstance(spec, tuple) and isinstance(slot.item, int):
        return spec[slot.item], f"{root}[{slot.item}]"
    return spec, root


def check_top(in_axes: Tree, signature: inspect.Signature, slots: Sequence[Slot], positional: int, title: str) -> None:
    """Check the top level of `in_axes`: a tuple's length, a dict's names."""
    if isinstance(in_axes, dict):
        _check_names(in_axes, signature, slots, title)
    elif isinstance(in_axes, tuple) and len(in_axes) != positional:
        raise VectorizeValueError(_length_message(in_axes, slots, positional, title))


def _length_message(in_axes: tuple[Tree, ...], slots: Sequence[Slot], positional: int, title: str) -> str:
    given = [slot.path for slot in slots if slot.position is not None]
    keywords = [slot.key for slot in slots if slot.position is None and not slot.is_default]
    listed = f" ({', '.join(given)})" if given else ""
    message = (
        f"{title}: in_axes has {len(in_axes)} {'entry' if len(in_axes) == 1 else 'entries'}, "
        f"but {positional} positional {'argument was' if positional == 1 else 'arguments were'} passed{listed}."
    )
    if keywords:
        example = f"in_axes={{{str(keywords[0])!r}: None}}"
        return (
            f"{message}\nA tuple in in_axes speaks of positional arguments only; those passed by keyword "
            f"({', '.join(map(str, keywords))}) are batched along axis 0.\n"
            f"Pass them by position, or give in_axes as a dict by parameter name, such as {example}."
        )
    return f"{message}\nGive one entry for each positional argument, or one int for all of them."


def _check_names(in_axes: Mapping[str, Tree], signature: inspect.Signature, slots: Sequence[Slot], title: str) -> None:
    parameters = signature.parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    unknown = [key for key in in_axes if key not in parameters]
    if any(not isinstance(key, str) for key in unknown) or (unknown and not takes_any):
        raise VectorizeTypeError(
            f"{title}: in_axes names {', '.join(map(repr, unknown))}, which is no parameter of it.\n"
            f"A dict at the top level of in_axes names parameters; there are: {', '.join(parameters) or 'none'}."
        )
    for key, parameter in parameters.items():
        spec = in_axes.get(key)
        if parameter.kind is parameter.VAR_POSITIONAL and tree.is_container(spec):
            passed = sum(slot.parameter == key for slot in slots)
            if not isinstance(spec, tuple) or len(spec) != passed:
                raise VectorizeValueError(
                    f"{title}: in_axes[{key!r}] is {tree.describe(spec)}, but *{key} received {passed} arguments.\n"
                    f"Give one int for all of them, or a tuple of length {passed}."
                )
