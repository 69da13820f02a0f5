"""The ways to compute a case; each has given the loop's result before it is timed."""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import by_hand, textbook_by_hand  # noqa: F401 - which fills its tables
from benchmarks.cases import Arguments, Case
from benchmarks.timing import Contender, seconds
from vectorizer import FallbackWarning, vmap

LOOP, NP_VECTORIZE, IDIOMATIC, TUNED = "loop", "np.vectorize", "idiomatic", "tuned"
JAX, TORCH, OURS = "jax.jit(jax.vmap)", "torch.func.vmap", "vectorizer"
NAMES = (LOOP, NP_VECTORIZE, IDIOMATIC, TUNED, JAX, TORCH, OURS)
MODULES = {JAX: "jax", TORCH: "torch"}
LONGEST = 5.0  # seconds; what takes longer for the whole batch is timed on the sample


def is_installed(name: str) -> bool:
    return name not in MODULES or importlib.util.find_spec(MODULES[name]) is not None


def contenders(case: Case, names: tuple[str, ...]) -> list[Contender]:
    """All versions of a case under the given names.  Raises AssertionError where one is wrong."""
    arguments = case.arguments()
    expected = case.loop(case.sampled(arguments))
    makers: dict[str, Callable[[Case, Arguments, np.ndarray], Iterator[Contender]]] = {
        LOOP: in_a_loop,
        NP_VECTORIZE: by_np_vectorize,
        IDIOMATIC: idiomatic,
        TUNED: tuned,
        JAX: by_jax,
        TORCH: by_torch,
        OURS: ours,
    }
    return [c for name in names if is_installed(name) for c in makers[name](case, arguments, expected)]


def assert_equal(result: Any, expected: np.ndarray, indices: np.ndarray | None, who: str, exact: bool = False) -> None:
    """Floats within a tolerance; integers exactly, but for one in a thousand where arithmetic may differ in rounding.

    indices: of the examples that `expected` holds; None where `result` has no others.
    """
    result = np.asarray(result)
    result = result if indices is None else result[indices]
    assert result.shape == expected.shape, f"{who}: shape {result.shape}, the loop gives {expected.shape}"
    if expected.dtype.kind in "iub":
        allowed = 0 if exact else len(expected) // 1000
        wrong = np.count_nonzero(result != expected)
        assert wrong <= allowed, f"{who}: {wrong} of {len(expected)} results differ from the loop's"
    else:
        np.testing.assert_allclose(result, expected, rtol=1e-7, atol=1e-9, err_msg=who)
    if exact:
        assert result.dtype == expected.dtype, f"{who}: dtype {result.dtype}, the loop gives {expected.dtype}"


def in_a_loop(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    sample = case.sampled(arguments)
    yield Contender(LOOP, case.function.__name__, lambda: case.loop(sample), case.batch / len(expected))


def by_np_vectorize(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    if case.signature is not None:
        function = np.vectorize(case.function, otypes=[expected.dtype], signature=case.signature)
    else:
        excluded = {k for k, axis in enumerate(case.axes) if axis is None}
        function = np.vectorize(case.function, otypes=[expected.dtype], excluded=excluded)
    sample = case.sampled(arguments)
    assert_equal(function(*sample), expected, None, f"np.vectorize of {case.title}", exact=True)
    yield Contender(NP_VECTORIZE, "", lambda: function(*sample), case.batch / len(expected))


def idiomatic(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    yield from by_hand_of(by_hand.IDIOMATIC, IDIOMATIC, case, arguments, expected)


def tuned(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    yield from by_hand_of(by_hand.TUNED, TUNED, case, arguments, expected)


def by_hand_of(
    table: dict[str, list[Callable[..., Any]]], name: str, case: Case, arguments: Arguments, expected: np.ndarray
) -> Iterator[Contender]:
    for function in table.get(case.key, ()):
        assert_equal(function(*arguments), expected, case.indices(), f"{function.__name__} of {case.title}")
        yield Contender(name, function.__name__, lambda function=function: function(*arguments))


def by_jax(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    """From and to arrays of JAX's own."""
    import jax

    from benchmarks import in_jax, textbook_in_jax  # noqa: F401

    given = [jax.numpy.asarray(a) if isinstance(a, np.ndarray) else a for a in arguments]
    for version in in_jax.VERSIONS[case.key]:
        function = jax.jit(jax.vmap(version, in_axes=case.axes))

        def run(function=function):
            return function(*given).block_until_ready()

        start = time.perf_counter()
        result = run()
        first = time.perf_counter() - start
        assert_equal(result, expected, case.indices(), f"{version.__name__} in JAX of {case.title}")
        note = "rewritten" if case.key in in_jax.REWRITTEN else ""
        yield Contender(JAX, version.__name__, run, first=first, note=note)


def by_torch(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    """From and to tensors."""
    import torch

    from benchmarks import in_torch

    given = [torch.as_tensor(a) if isinstance(a, np.ndarray) else a for a in arguments]
    for version in in_torch.VERSIONS.get(case.key, ()):
        function = torch.func.vmap(version, in_dims=case.axes)

        def run(function=function):
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                return function(*given)

        assert_equal(run(), expected, case.indices(), f"{version.__name__} in torch of {case.title}")
        note = "rewritten" if case.key in in_torch.REWRITTEN else ""
        yield Contender(TORCH, version.__name__, run, note=note)


def ours(case: Case, arguments: Arguments, expected: np.ndarray) -> Iterator[Contender]:
    function = vmap(case.function, in_axes=case.axes)
    sample = case.sampled(arguments)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.perf_counter()
        result = function(*sample)
        first = time.perf_counter() - start
    assert_equal(result, expected, None, f"vmap of {case.title}", exact=True)
    fallbacks = [str(w.message) for w in caught if issubclass(w.category, FallbackWarning)]
    note = "; ".join(message.split("examples: ", 1)[-1] for message in fallbacks)
    scale = case.batch / len(expected)
    again = seconds(lambda: function(*sample))
    first -= again  # the rewriting
    if again * scale > LONGEST:
        yield Contender(OURS, "", lambda: function(*sample), scale, first, note)
        return
    assert_equal(function(*arguments), expected, case.indices(), f"vmap of {case.title}", exact=True)
    yield Contender(OURS, "", lambda: function(*arguments), first=first, note=note)
