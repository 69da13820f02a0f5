"""Large batches are run in blocks of examples: temporaries stay in the cache, memory is bounded, threads share work.

Examples do not depend on each other, so any function may be run in blocks.  How many examples make a block follows from
the bytes that an example takes up while it is computed, which the first blocks show (docs/decisions/0006-blocks.md).
"""

from __future__ import annotations

import math
import os
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vectorizer import threads
from vectorizer.errors import SettingError
from vectorizer.traits import FEWEST_OPERATIONS, Traits, Work, traits_of

CACHE = 1 << 20  # bytes that a block should take up while it is computed: what a core's caches hold
LANES_CACHE = 6 << 20  # where a loop over live lanes has a price of its own
FEWEST_IN_LOOP = 1 << 14  # elements in a block that a step of the interpreter's handles
PER_THREAD = 1 << 19  # bytes of a block on a thread: shorter operations wait for the interpreter's lock
FEWEST_ON_THREADS = 1 << 15  # numbers in a block's operations, likewise
LARGEST_MATRIX = 1 << 17  # bytes of an example that BLAS and LAPACK work on; with more they use threads themselves
SMALLEST = 32  # examples
TRIALS = (16, 64)  # examples of the first two blocks, which show what an example takes up

ASKING = (
    16  # products are tried out where the arguments take up this part of the memory: their rounding may follow blocks
)
MEMORY = 1 << 30  # bytes that temporaries may take up, by default
VARIABLE = "VECTORIZER_MEMORY"
PLAIN = (np.ndarray, np.generic, bool, int, float, complex, str, type(None))
TOLD = {"call", "print", "log"}  # of floating-point errors: somebody is told of each
MOST_PLANS = 16


@dataclass(frozen=True)
class Place:
    """An argument with a batch axis: its position, its name and that axis."""

    position: int
    name: str
    axis: int


@dataclass(frozen=True)
class Options:
    """As `vmap` has them: examples in a block, threads; None: as it pays."""

    chunk_size: int | None = None
    threads: int | None = None


@dataclass
class Footprint:
    """What an example takes up, in bytes, and what the results are like.

    arguments: of those that are batched.
    temporaries: all that lives at once, the results among it.
    like: the results of a block.
    """

    arguments: float
    temporaries: float
    like: Any

    @property
    def width(self) -> float:
        return max(self.arguments + self.temporaries, 1.0)


def memory_bound() -> int:
    """How many bytes temporaries may take up: `VECTORIZER_MEMORY`, or 1 GiB.

    Raises:
        SettingError: the variable is set to something else than a positive integer.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return MEMORY
    if not text.isdecimal() or not int(text):
        raise SettingError(f"{VARIABLE} is {text!r}.\nIt is a number of bytes.")
    return int(text)


def in_blocks(
    run: Callable[..., Any],
    source: str,
    places: Mapping[int, tuple[str, int]],
    out_axis: int = 0,
    options: Options = Options(),
    may_share: bool = True,
    per_step: int = 0,
) -> Callable[..., Any]:
    """`run` in blocks of examples; `run` itself where there is no argument to be cut.

    source: what `run` was compiled from.
    places: names and batch axes of the parameters that have one, by position; all others are shared.
    out_axis: the batch axis of all results.
    may_share: whether several threads may run it at once, as far as the text does not speak against it.
    per_step: how many elements of an example are handled at once in loops, as far as that is known.
    """
    if not places:
        return run
    cut = tuple(Place(position, *name) for position, name in places.items())
    names = frozenset(place.name for place in cut)
    first, fewest = cut[0], cut[-1].position
    blocks = Blocks(
        run, cut, out_axis, options, traits_of(source, getattr(run, "__globals__", {})), may_share, per_step
    )
    least = 2 * sum(TRIALS) if options.chunk_size is None else options.chunk_size + 1

    def run_in_blocks(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= fewest or (kwargs and names & kwargs.keys()) or args[first.position].shape[first.axis] < least:
            return run(*args, **kwargs)
        return blocks.call(args, kwargs)

    return run_in_blocks


class _Whole(Exception):
    """The results of blocks cannot be put together."""


@dataclass
class Blocks:
    """A function that is run in blocks.

    found: what an example takes up, by the arguments' kinds.
    """

    run: Callable[..., Any]
    places: tuple[Place, ...]
    out_axis: int
    options: Options
    traits: Traits
    may_share: bool
    per_step: int
    found: dict[Any, Footprint] = field(default_factory=dict)

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call with more examples than one block holds at least."""
        size = args[self.places[0].position].shape[self.places[0].axis]
        widths = tuple(args[place.position].nbytes // size for place in self.places)
        key = widths, *map(_kind_of, args), *((name, _kind_of(value)) for name, value in kwargs.items())
        footprint = self.found.get(key)
        try:
            if footprint is not None:
                block, count = self.choose(footprint, size, args)
                if block >= size:
                    return self.run(*args, **kwargs)
                return _Call(self, args, kwargs, size, self.room(footprint.like, size)).finish(0, block, count)
            if self.is_left_whole(args, size * sum(widths)):
                return self.run(*args, **kwargs)
            return self.first_call(args, kwargs, size, sum(widths), key)
        except _Whole:
            return self.run(*args, **kwargs)

    def first_call(self, args: tuple[Any, ...], kwargs: dict[str, Any], size: int, arguments: int, key: Any) -> Any:
        """The first blocks show what an example takes up."""
        trials = TRIALS if self.options.chunk_size is None else (min(self.options.chunk_size, size),)
        call, peaks, start, like = _Call(self, args, kwargs, size), [], 0, None
        for count in trials:
            like, peak = call.traced(start, start + count)
            if call.made is None:
                call.made = self.room(like, size, count)
            call.put(call.made, like, start, start + count)
            peaks.append(peak)
            start += count
        temporaries = max(peaks[-1] - peaks[0], 0) / max(trials[-1] - trials[0], 1)
        if len(self.found) >= MOST_PLANS:
            self.found.clear()
        footprint = self.found[key] = Footprint(arguments, temporaries or 2 * arguments, self.room(like, 0, trials[-1]))
        block, count = self.choose(footprint, size - start, args)
        return call.finish(start, block, count)

    def is_left_whole(self, args: tuple[Any, ...], arguments: int) -> bool:
        """Whether there is no need for blocks, so that nothing is to be found out."""
        products = self.work_on(args) is Work.PRODUCTS
        return products and self.options == Options() and arguments * ASKING < memory_bound()

    def work_on(self, args: tuple[Any, ...]) -> Work:
        """The kind of work, which is one product for all examples only with a matrix that all share."""
        taken = {place.position for place in self.places}
        shared = any(isinstance(arg, np.ndarray) for k, arg in enumerate(args) if k not in taken)
        return Work.RUN if self.traits.work is Work.PRODUCTS and not shared else self.traits.work

    # --- how large ---------------------------------------------------------------------------------------------------

    def choose(self, footprint: Footprint, size: int, args: tuple[Any, ...]) -> tuple[int, int]:
        """How many examples make a block, and how many threads run them."""
        count = self.choose_threads(footprint, size, args)
        work = self.work_on(args)
        if self.options.chunk_size is not None:
            return self.options.chunk_size, count
        most = max(int(memory_bound() / max(footprint.temporaries, 1.0)), 1)
        best = self.best_for_cache(work, footprint)
        block = min(best if 2 * best <= size else size, most)
        if count == 1:
            return block, 1
        block = min(max(block, self.least_on_a_thread(footprint)), max(most // count, 1))
        pieces = math.ceil(size / (block * count)) * count  # so that all threads end at the same time
        return max(math.ceil(size / pieces), 1), count

    def best_for_cache(self, work: Work, footprint: Footprint) -> int:
        """How many examples the caches hold; all there are, where blocks do not pay."""
        if work is Work.LOOPS:
            return max(int(CACHE / footprint.width), FEWEST_IN_LOOP // max(self.per_step, 1), SMALLEST)
        if work is Work.PRODUCTS or self.traits.operations < FEWEST_OPERATIONS:
            return sys.maxsize
        cache = LANES_CACHE if work is Work.LANES else CACHE
        return max(int(cache / footprint.width), SMALLEST)

    def least_on_a_thread(self, footprint: Footprint) -> int:
        """How many examples make operations that are long enough for a thread."""
        if self.traits.work in (Work.LANES, Work.LOOPS):
            return max(FEWEST_ON_THREADS // max(self.per_step, 1), SMALLEST)
        return max(int(PER_THREAD / footprint.width), SMALLEST)

    def choose_threads(self, footprint: Footprint, size: int, args: tuple[Any, ...]) -> int:
        """One, unless nothing speaks against more and each of them has enough to do."""
        wanted = self.options.threads
        if wanted == 1 or not self.may_share or not self.traits.is_pure or not all(map(_is_plain, args)):
            return 1
        if TOLD & set(np.geterr().values()):
            return 1
        if wanted is not None:
            return wanted
        if self.work_on(args) is Work.PRODUCTS or self.traits.operations < FEWEST_OPERATIONS:
            return 1
        if self.traits.uses_blas and footprint.arguments > LARGEST_MATRIX:
            return 1
        enough = size // self.least_on_a_thread(footprint)
        return min(threads.available(), enough) if enough > 1 else 1

    # --- results -----------------------------------------------------------------------------------------------------

    def room(self, like: Any, size: int, block: int | None = None) -> Any:
        """Room for the results of all examples, in the form of those of a block of `block` examples.

        Raises:
            _Whole: they are not arrays with the batch axis in its place.
        """
        if type(like) in (tuple, list):
            return type(like)(self.room(part, size, block) for part in like)
        if type(like) is dict:
            return {name: self.room(part, size, block) for name, part in like.items()}
        axis = self.out_axis
        if type(like) is not np.ndarray or like.ndim <= axis or block is not None and like.shape[axis] != block:
            raise _Whole
        return np.empty((*like.shape[:axis], size, *like.shape[axis + 1 :]), like.dtype)


@dataclass
class _Call:
    """One call, and room for its results."""

    blocks: Blocks
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    size: int
    made: Any = None

    def part(self, start: int, stop: int) -> Any:
        """The results of some examples."""
        args = list(self.args)
        for place in self.blocks.places:
            args[place.position] = args[place.position][(*[slice(None)] * place.axis, slice(start, stop))]
        return self.blocks.run(*args, **self.kwargs)

    def traced(self, start: int, stop: int) -> tuple[Any, int]:
        """The results of some examples, and how many bytes lived at once; 0 where others trace memory."""
        if tracemalloc.is_tracing():
            return self.part(start, stop), 0
        tracemalloc.start()
        try:
            return self.part(start, stop), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def finish(self, start: int, block: int, count: int) -> Any:
        """Run the examples from `start` on, in blocks on `count` threads."""
        begins = range(start, self.size, block)

        def piece(k: int) -> None:
            stop = min(begins[k] + block, self.size)
            self.put(self.made, self.part(begins[k], stop), begins[k], stop)

        if count > 1 and len(begins) > 1:
            threads.run_all(piece, len(begins), count)
        else:
            for k in range(len(begins)):
                piece(k)
        return self.made

    def put(self, made: Any, result: Any, start: int, stop: int) -> None:
        """Puts the results of some examples into their place.

        Raises:
            _Whole: they are not like those of other examples; then all must be computed at once.
        """
        if type(result) is not type(made) or isinstance(made, (tuple, list, dict)) and len(result) != len(made):
            raise _Whole
        if isinstance(made, dict):
            for name in made:
                if name not in result:
                    raise _Whole
                self.put(made[name], result[name], start, stop)
        elif isinstance(made, (tuple, list)):
            for room, part in zip(made, result, strict=True):
                self.put(room, part, start, stop)
        else:
            place = made[(*[slice(None)] * self.blocks.out_axis, slice(start, stop))]
            if result.shape != place.shape or result.dtype != made.dtype:
                raise _Whole
            place[...] = result


def _kind_of(value: Any) -> Any:
    """What the shape of temporaries may follow from; a batched array's length is not part of it."""
    return (value.shape[1:], value.dtype) if isinstance(value, np.ndarray) else type(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is nothing that another thread could change by calling it."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    return isinstance(value, PLAIN)
