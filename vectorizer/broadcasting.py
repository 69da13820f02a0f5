"""`vectorize`: `numpy.vectorize`, but rewritten, so that what can be an array operation is one.

The arguments are broadcast and their loop dimensions laid out as one batch axis, of which `vmap`'s machinery makes
array operations.  What it cannot rewrite is called element by element.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vectorizer import reference
from vectorizer.api import Vectorized, global_named_like, vmap
from vectorizer.arguments import Arguments, Passed, Slot
from vectorizer.core_dims import CoreDims
from vectorizer.errors import VectorizeTypeError, VectorizeValueError
from vectorizer.gathering import (
    NUMERIC,
    Array,
    cast,
    columns,
    gather,
    gather_arrays,
    is_numeric,
    not_single,
    parse_otypes,
    wrong_count,
)
from vectorizer.spec import Layer, Resolved, resolve_call, signature_of

__all__ = ["vectorize"]

NO_DTYPE = (
    "vectorize: there are no elements, and running the function on ones does not tell the dtypes of its results; "
    "set otypes, and give all output dimensions in the signature to an argument too"
)


@dataclass
class Results:
    """What a function gave element by element."""

    values: list[Any]


def _collect(function: Callable[..., Any], resolved: Resolved, layers: tuple[Layer, ...], name: str) -> Results:
    """The loop that runs where a function cannot be rewritten."""
    return Results(reference.call_all(function, resolved))


class vectorize:
    """`numpy.vectorize`: a function of single elements as a function of arrays, broadcast against each other.

    It differs from NumPy's in this: the function is rewritten into array operations where that is possible, as `vmap`
    does; the dtype of a result is one that holds the results of all elements, where NumPy takes that of the first; the
    function is called once for each element at most; a call without elements gives an array without elements, where
    the function can be run on ones.  Elements are NumPy's scalars, as `x[i]` is.

    Args:
        pyfunc: a function of single elements; left out when used as a decorator with arguments.
        otypes: the dtype of each result, as a string of type letters or a list of dtypes.
        doc: the docstring; by default that of the function.
        excluded: positions and names of arguments that are passed on as they are.
        cache: taken for the sake of NumPy's signature; no element is evaluated twice in any case.
        signature: the dimensions that the function sees of its arguments and gives back, such as ``(m,n),(n)->(m)``;
            without it, numbers.

    Raises:
        VectorizeTypeError: `pyfunc` is not callable.
        VectorizeValueError: `otypes` or `signature` cannot be read.
    """

    def __init__(
        self,
        pyfunc: Any = np._NoValue,
        otypes: Any = None,
        doc: str | None = None,
        excluded: Any = None,
        cache: bool = False,
        signature: str | None = None,
    ) -> None:
        self.otypes = otypes
        self.excluded = set() if excluded is None else set(excluded)
        self.cache = cache
        self.signature = signature
        self._doc = doc
        self._dims = None if signature is None else CoreDims.parse(signature)
        self._made: dict[Any, Vectorized] = {}
        self._latest: Vectorized | None = None
        parse_otypes(otypes)
        self.pyfunc = pyfunc
        self.__doc__ = doc
        if pyfunc is not np._NoValue:
            self._wrap(pyfunc)

    def _wrap(self, pyfunc: Any) -> None:
        if not callable(pyfunc):
            raise VectorizeTypeError(
                f"vectorize: expected a function, got {type(pyfunc).__name__}. "
                "When used as a decorator, vectorize only accepts keyword arguments."
            )
        functools.update_wrapper(self, pyfunc, updated=())
        self.pyfunc = pyfunc
        self.__doc__ = self._doc if self._doc is not None else getattr(pyfunc, "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The function for each element of the broadcast arguments."""
        if self.pyfunc is np._NoValue:
            self._wrap(*args, **kwargs)
            return self
        slots: list[Slot] = [k for k in range(len(args)) if k not in self.excluded]
        slots += [name for name in kwargs if name not in self.excluded]
        if not slots and self._dims is None:
            return self.pyfunc(*args, **kwargs)
        otypes = parse_otypes(self.otypes)
        values = [args[slot] if isinstance(slot, int) else kwargs[slot] for slot in slots]
        given = Arguments.of(slots, values, self._dims, otypes is not None)
        find = self._outputs if given.count else self._without_elements
        made = find(given, otypes, args, kwargs)
        made = [array.reshape(given.loop + array.shape[1:]) for array in made]
        if self._dims is None:
            made = [_like_subclass(array, given.arrays) for array in made]
        return made[0] if len(made) == 1 else tuple(made)

    # --- looking -----------------------------------------------------------------------------------------------------

    def source(self) -> str:
        """The emitted source of the latest call: the function of a batch of elements."""
        return self._rewritten().source()

    def diff(self) -> str:
        """A unified diff from the function to the emitted one of the latest call."""
        return self._rewritten().diff()

    def explain(self) -> str:
        """One line for each change of the latest call."""
        return self._rewritten().explain()

    def _rewritten(self) -> Vectorized:
        if self._latest is None:
            raise VectorizeValueError(
                "vectorize: nothing has been rewritten yet; call it on more than one number first."
            )
        return self._latest

    def __repr__(self) -> str:
        return f"<vectorized {getattr(self, '__name__', type(self.pyfunc).__name__)}>"

    def __reduce_ex__(self, protocol: Any) -> Any:
        if global_named_like(self) is self:
            return getattr(self, "__qualname__")  # noqa: B009 - it has one: the function's
        return super().__reduce_ex__(protocol)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_made": {}, "_latest": None}

    # --- results -----------------------------------------------------------------------------------------------------

    def _outputs(
        self, given: Arguments, otypes: list[Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Array]:
        """The results, each of shape (number of elements, *core)."""
        wants_numbers = otypes is None or all(map(is_numeric, otypes))
        passed = given.passed(args, kwargs, self._dims is None and not wants_numbers)
        if given.count == 1 or not wants_numbers or not _has_numbers(given):
            return self._gathered(self._looped(passed, given.count), given, otypes)
        self._latest = vectorized = self._vectorized(passed)
        made = vectorized(*passed.args, **passed.kwargs)
        if isinstance(made, Results):
            return self._gathered(made, given, otypes)
        parts = list(made) if isinstance(made, tuple) else [made]
        if not all(isinstance(part, np.ndarray) for part in parts) or self._wants_tuple(parts, made, otypes):
            return self._gathered(self._looped(passed, given.count), given, otypes)
        return self._checked(parts, given, otypes)

    def _wants_tuple(self, parts: list[Any], made: Any, otypes: list[Any] | None) -> bool:
        """Whether the tuple that the function gives is not the results but one of them, which NumPy would refuse."""
        if self._dims is not None or otypes is None or not isinstance(made, tuple):
            return False
        return len(otypes) == 1 or len(otypes) != len(parts)

    def _looped(self, passed: Passed, count: int) -> Results:
        """The results one by one; those of a batch may be containers, of which NumPy makes objects."""
        layer, name = Layer(self._in_axes(passed), 0, count), getattr(self, "__name__", "vectorize")
        resolved = resolve_call((layer,), signature_of(self.pyfunc), passed.args, passed.kwargs, name)
        return _collect(self.pyfunc, resolved, (layer,), name)

    def _vectorized(self, passed: Passed) -> Vectorized:
        """The function of a batch whose arguments have these axes."""
        key = (id(self.pyfunc), tuple(passed.axes), tuple(passed.keyword_axes.items()))
        made = self._made.get(key)
        if made is None:
            made = vmap(self.pyfunc, self._in_axes(passed))
            made._state.loop = _collect
            self._made[key] = made
        return made

    def _in_axes(self, passed: Passed) -> Any:
        """The batch axes as `vmap` takes them: by parameter, where there are keywords."""
        if not passed.keyword_axes:
            return tuple(passed.axes)
        try:
            return dict(signature_of(self.pyfunc).bind(*passed.axes, **passed.keyword_axes).arguments)
        except TypeError as error:
            raise VectorizeTypeError(f"vectorize: {error}") from None

    def _checked(self, parts: list[Array], given: Arguments, otypes: list[Any] | None) -> list[Array]:
        """The results of a batch, if they are what was asked for."""
        if self._dims is None:
            if any(part.ndim > 1 for part in parts):
                raise not_single()
        else:
            if len(parts) != len(self._dims.outputs):
                raise wrong_count(len(self._dims.outputs), len(parts))
            for part, dims in zip(parts, self._dims.outputs, strict=True):
                given.sizes.note(part.shape[1:], dims, is_exact=True)
        if otypes is None:
            return parts
        rows = zip(parts, otypes, strict=True)
        return [cast(part, otype) if part.ndim == 1 else part.astype(otype) for part, otype in rows]

    def _gathered(self, results: Results, given: Arguments, otypes: list[Any] | None) -> list[Array]:
        """The results of a loop as arrays."""
        dims = self._dims.outputs if self._dims is not None else None
        if dims is not None:
            parts = self._parts(results.values, len(dims))
        else:
            parts = columns(results.values, None if otypes is None else len(otypes))
        wanted = otypes if otypes is not None else [None] * len(parts)
        if dims is None:
            return [gather(values, otype) for values, otype in zip(parts, wanted, strict=True)]
        rows = zip(parts, dims, wanted, strict=True)
        return [gather_arrays(values, one, given.sizes, otype) for values, one, otype in rows]

    @staticmethod
    def _parts(values: list[Any], count: int) -> list[list[Any]]:
        """The results by output, where a signature says how many there are."""
        for value in values:
            found = len(value) if isinstance(value, tuple) else 1
            if found != count:
                raise wrong_count(count, found)
        return columns([value if isinstance(value, tuple) else (value,) for value in values], None)

    # --- no elements -------------------------------------------------------------------------------------------------

    def _without_elements(
        self, given: Arguments, otypes: list[Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Array]:
        """Results without elements; what is not known of them is learnt from made-up elements of ones."""
        if otypes is not None:
            outputs = self._dims.outputs if self._dims is not None else ((),) * len(otypes)
            shapes = [given.sizes.shape(dims) for dims in outputs]
            if len(shapes) == len(otypes) and None not in shapes:
                return [np.empty((0, *(shape or ())), otype) for shape, otype in zip(shapes, otypes, strict=True)]
        ones = given.of_ones()
        if not _has_numbers(ones):
            raise VectorizeValueError(f"{NO_DTYPE}.")
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore", RuntimeWarning)
                made = self._outputs(ones, otypes, args, kwargs)
        except Exception as error:
            raise VectorizeValueError(f"{NO_DTYPE}: it raises {type(error).__name__}: {error}") from error
        if any(array.dtype.kind not in NUMERIC for array in made):
            raise VectorizeValueError(f"{NO_DTYPE}.")
        return [array[:0] for array in made]


def _has_numbers(given: Arguments) -> bool:
    """Whether the elements are numbers: what is done to other things is no array operation."""
    return all(array.dtype.kind in NUMERIC or given.is_shared(k) for k, array in enumerate(given.arrays))


def _like_subclass(array: Array, inputs: Sequence[Array]) -> Array:
    """A result of the class that a ufunc of these arguments would give it."""
    special = [one for one in inputs if type(one) is not np.ndarray]
    if not special:
        return array
    lead = max(special, key=lambda one: float(getattr(one, "__array_priority__", 0.0)))
    function = np.frompyfunc(len, len(inputs), 1)  # stands for ours: masked arrays ask how many arguments it has
    return np.asanyarray(lead.__array_wrap__(array, (function, tuple(inputs), 0), False))
