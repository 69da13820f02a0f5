"""What a function gave for each element, as arrays: one dtype that holds all of them, or the one that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer.core_dims import Dims, Sizes
from vectorizer.errors import VectorizeValueError
from vectorizer.runtime import stack_values

Array = np.ndarray[Any, Any]
NUMERIC = "biufc"
NUMBERS = (bool, int, float, complex, np.number, np.bool_)
FAMILIES = (str, bytes, np.datetime64, np.timedelta64)  # NumPy has a dtype for many of a kind, but for no mixture


def parse_otypes(otypes: Any) -> list[Any] | None:
    """The dtype of each result: a dtype, or 'S' or 'U' for text of any length; None where they are to be found out.

    Raises:
        VectorizeValueError: a letter stands for no dtype, or it is neither text nor a sequence.
    """
    if otypes is None:
        return None
    if isinstance(otypes, str):
        for char in otypes:
            if char not in np.typecodes["All"]:
                raise VectorizeValueError(f"vectorize: Invalid otype specified: {char}")
        return [char if char in "SU" else np.dtype(char) for char in otypes]
    try:
        found = [np.dtype(one) for one in otypes]
    except TypeError as error:
        raise VectorizeValueError(f"vectorize: Invalid otype specification: {error}") from None
    return [one.char if one.char in "SU" else one for one in found]


def is_numeric(otype: Any) -> bool:
    """Whether a dtype, as `parse_otypes` gives it, is one of numbers."""
    return isinstance(otype, np.dtype) and otype.kind in NUMERIC


# --- the results of a loop -------------------------------------------------------------------------------------------


def columns(results: Sequence[Any], count: int | None) -> list[list[Any]]:
    """The results by output.

    count: how many outputs there are; None where tuples are several, and all else is one.

    Raises:
        VectorizeValueError: a result has another number of parts.
    """
    if count is None:
        count = len(results[0]) if isinstance(results[0], tuple) else 0
    elif count == 1:
        count = 0  # a tuple is one result, if it is asked for
    if not count:
        return [list(results)]
    for result in results:
        found = len(result) if isinstance(result, tuple) else 1
        if found != count:
            raise wrong_count(count, found)
    return [list(column) for column in zip(*results, strict=True)]


def wrong_count(expected: int, found: int) -> VectorizeValueError:
    """The error for a function that gives another number of results."""
    return VectorizeValueError(f"vectorize: wrong number of outputs from pyfunc: expected {expected!r}, got {found!r}")


def gather(values: Sequence[Any], otype: Any) -> Array:
    """Single values as an array of shape (len(values),).

    otype: its dtype; None for the one that holds all of them, which is object where they are not all numbers, all
        text or all times.

    Raises:
        VectorizeValueError: a value is an array or list, and no dtype was asked for.
    """
    if otype is not None:
        objects = _objects(values)
        return objects if otype == np.dtype(object) else np.asanyarray(objects, dtype=otype)
    plain = [value[()] if isinstance(value, np.ndarray) else value for value in values]
    kinds = set(map(type, plain))
    if any(issubclass(kind, list | tuple | np.ndarray) for kind in kinds):
        raise not_single()
    if all(issubclass(kind, NUMBERS) for kind in kinds):
        made: Array = stack_values(plain)
        return made
    if any(all(issubclass(kind, family) for kind in kinds) for family in FAMILIES):
        return np.array(plain)
    return _objects(values)


def _objects(values: Sequence[Any]) -> Array:
    made = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):  # all at once, NumPy would look into what is a sequence
        made[i] = value
    return made


def not_single() -> VectorizeValueError:
    """The error for a function that gives an array where a number is due."""
    return VectorizeValueError(
        "vectorize: setting an array element with a sequence: the function gives an array or a list.\n"
        "Name its dimensions in a signature, such as '()->(n)', or ask for objects with otypes=[object]."
    )


def gather_arrays(values: Sequence[Any], dims: Dims, sizes: Sizes, otype: Any) -> Array:
    """Arrays with core dimensions as one array of shape (len(values), *core).

    The first gives the lengths that are not known yet; the others are broadcast to its shape.

    Raises:
        VectorizeValueError: a result does not fit its dimensions.
    """
    first = np.asanyarray(values[0])
    sizes.note(first.shape, dims, is_exact=True)
    shape = sizes.shape(dims)
    assert shape is not None
    if any(isinstance(value, np.ndarray) and type(value) is not np.ndarray for value in values):
        return _fill(values, first, shape, otype)
    fitted = [value if np.shape(value) == shape else _broadcast(value, shape, dims) for value in values]
    fitted = [np.asarray(value) if isinstance(value, list | tuple) else value for value in fitted]
    if not shape:
        return gather(fitted, otype)
    made: Array = stack_values(fitted)
    return made if otype is None else made.astype(otype)


def _broadcast(value: Any, shape: tuple[int, ...], dims: Dims) -> Any:
    if np.shape(value) and len(np.shape(value)) == len(dims):
        Sizes(dict(zip(dims, shape, strict=True))).note(np.shape(value), dims)
    try:
        return np.broadcast_to(value, shape)
    except ValueError as error:
        raise VectorizeValueError(f"vectorize: a result does not fit core dimensions {dims}: {error}") from None


def _fill(values: Sequence[Any], first: Array, shape: tuple[int, ...], otype: Any) -> Array:
    """An array of the class of the first result, which holds all of them."""
    dtype = np.result_type(*{np.asanyarray(value).dtype for value in values}) if otype is None else otype
    made = np.empty_like(first, shape=(len(values), *shape), dtype=dtype)
    for i, value in enumerate(values):
        made[i] = value
    return made


# --- a dtype that was asked for --------------------------------------------------------------------------------------


def cast(array: Array, otype: np.dtype[Any]) -> Array:
    """Numbers as another dtype; what does not fit raises what the conversion of a Python number raises."""
    if array.dtype == otype:
        return array
    if np.can_cast(array.dtype, otype, "safe") or otype.kind == "b" or array.dtype.kind + otype.kind in ("ff", "cc"):
        return array.astype(otype)
    if otype.kind in "iu" and array.dtype.kind in "biuf" and _fits(array, otype):
        return array.astype(otype)
    if otype.kind in "fc" and array.dtype.kind in "biuf":
        return array.astype(otype)
    return np.asarray(array.astype(object), dtype=otype)


def _fits(array: Array, otype: np.dtype[Any]) -> bool:
    """Whether integers can hold all numbers of an array, once these are cut off."""
    if not array.size:
        return True
    low, high = array.min(), array.max()
    if array.dtype.kind == "f" and not (np.isfinite(low) and np.isfinite(high)):
        return False
    limits = np.iinfo(otype)
    return limits.min <= int(low) and int(high) <= limits.max
