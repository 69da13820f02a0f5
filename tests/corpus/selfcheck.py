"""Run every case with the plain loop: `python -m tests.corpus.selfcheck [part of a name ...]`."""

from __future__ import annotations

import sys
import time
import warnings
from collections import Counter

import numpy as np

from . import MODULES, Case, all_cases

SIZES = (1, 3, 7)
SEED = 20
LIMIT = 5e-3  # seconds for each example


def _map(function, value):
    if isinstance(value, dict):
        return {key: _map(function, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [_map(function, item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return function(value)


def axes_of(case: Case, args: tuple) -> tuple:
    axes = case.in_axes
    return tuple(axes) if isinstance(axes, (list, tuple)) else (axes,) * len(args)


def example(args, axes, i):
    """The arguments of example i: views, and NumPy scalars where the rank is 0."""

    def pick(arg, axis):
        return arg if axis is None else _map(lambda leaf: np.moveaxis(leaf, axis, 0)[i], arg)

    return tuple(pick(arg, axis) for arg, axis in zip(args, axes, strict=True))


def stack(results):
    """The results of the examples, stacked leaf by leaf; Python numbers are weak."""
    first = results[0]
    if isinstance(first, dict):
        if any(not isinstance(r, dict) or list(r) != list(first) for r in results):
            raise TypeError("results differ in structure")
        return {key: stack([result[key] for result in results]) for key in first}
    if isinstance(first, (list, tuple)):
        if any(type(r) is not type(first) or len(r) != len(first) for r in results):
            raise TypeError("results differ in structure")
        return [stack(list(items)) for items in zip(*results, strict=True)]
    if first is None:
        if any(r is not None for r in results):
            raise TypeError("results differ in structure")
        return None
    weak = (bool, int, float, complex)
    exact = [r for r in results if type(r) not in weak]
    if any(not isinstance(r, (np.ndarray, np.generic, *weak)) for r in results):
        raise TypeError(f"a result of type {type(first).__name__}")
    arrays = [np.asarray(r) for r in results]
    if exact:
        arrays = [a.astype(np.result_type(*results, *exact)) for a in arrays]
    return np.stack(arrays)


def loop(case: Case, n: int):
    """The stacked result, the arguments as the loop left them, and the slowest example's time."""
    args = case.make(np.random.default_rng(SEED + n), n)
    axes = axes_of(case, args)
    results, slowest = [], 0.0
    for i in range(n):
        picked = example(args, axes, i)
        start = time.perf_counter()
        results.append(case.fun(*picked))
        slowest = max(slowest, time.perf_counter() - start)
    return stack(results), args, slowest


def leaves(value):
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def same(a, b):
    for x, y in zip(leaves(a), leaves(b), strict=True):
        if not isinstance(x, (np.ndarray, np.generic, bool, int, float, complex)):
            continue
        x, y = np.asarray(x), np.asarray(y)
        inexact = np.issubdtype(x.dtype, np.inexact)
        if x.dtype != y.dtype or not np.array_equal(x, y, equal_nan=bool(inexact)):
            return False
    return True


def check(case: Case) -> list[str]:
    """What is wrong with a case; empty when it is sound."""
    wrong, raised, warned = [], 0, 0
    for n in SIZES:
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result, args, slowest = loop(case, n)
                again, args_again, slowest_again = loop(case, n)
        except Exception as error:  # noqa: BLE001
            raised += 1
            if "raises" not in case.tags:
                wrong.append(f"n={n}: {type(error).__name__}: {error}")
            continue
        warned += len(caught)
        if caught and "warns" not in case.tags:
            wrong.append(f"n={n}: warns: {caught[0].message}")
        if "mutates" not in case.tags and all(leaf is None for leaf in leaves(result)):
            wrong.append(f"n={n}: no result")
        if not same(result, again) or not same(args, args_again):
            wrong.append(f"n={n}: two runs differ")
        if min(slowest, slowest_again) > LIMIT:
            wrong.append(f"n={n}: {min(slowest, slowest_again) * 1e3:.1f} ms for one example")
    if "raises" in case.tags and not raised:
        wrong.append("tagged raises, and nothing raised")
    if "warns" in case.tags and not warned:
        wrong.append("tagged warns, and nothing warned")
    return wrong


def main(words: list[str]) -> int:
    cases = [case for case in all_cases() if not words or any(word in case.name for word in words)]
    failures = {case.name: wrong for case in cases if (wrong := check(case))}
    for name, wrong in failures.items():
        print(name)
        for line in wrong:
            print(f"    {line}")
    counts = Counter(case.name.partition(".")[0] for case in cases)
    natives = Counter(case.name.partition(".")[0] for case in cases if case.native)
    for module in MODULES:
        print(f"{module:10} {counts[module]:4} cases, {natives[module]} native")
    print(f"{len(cases)} cases, {len(failures)} failing")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
