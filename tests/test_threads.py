"""Several threads that call one function."""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import vectorizer.pipeline
from vectorizer import FallbackWarning, vmap

ROWS = np.arange(15.0).reshape(5, 3)
COUNT = 8


def scaled(x: Any, by: Any) -> Any:
    return x * by + 1


def at_once(run: Callable[[int], Any], count: int = COUNT) -> list[Any]:
    """What `run(0)`, `run(1)` … give when they are called by as many threads at the same moment."""
    barrier = threading.Barrier(count)

    def wait_and_run(number: int) -> Any:
        barrier.wait()
        return run(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(wait_and_run, range(count)))


def test_one_thread_rewrites_and_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten = []
    original = vectorizer.pipeline.specialize

    def slow(*args: Any) -> Any:
        rewritten.append(threading.get_ident())
        time.sleep(0.05)
        return original(*args)

    monkeypatch.setattr(vectorizer.pipeline, "specialize", slow)
    batched = vmap(scaled, (0, None))
    for result in at_once(lambda number: batched(ROWS, float(number))):
        assert result.shape == ROWS.shape
    assert len(rewritten) == 1
    assert batched.cache_info()[:2] == (COUNT - 1, 1)


def test_threads_with_arguments_of_different_kinds() -> None:
    batched = vmap(scaled, (0, None))
    kinds = [np.dtype(code) for code in "bhilefdF"]

    def run(number: int) -> None:
        for step in range(200):
            kind = kinds[(number + step) % len(kinds)]
            got = batched(ROWS.astype(kind), 2)
            expected = ROWS.astype(kind) * 2 + 1
            assert got.dtype == expected.dtype and (got == expected).all()

    at_once(run)
    assert batched.cache_info().misses == len(kinds)


def test_threads_that_clear_the_cache() -> None:
    batched = vmap(scaled, (0, None))

    def run(number: int) -> None:
        for step in range(50):
            if number == 0:
                batched.cache_clear()
            assert (batched(ROWS, step) == ROWS * step + 1).all()
            assert batched.source(ROWS, step)  # without arguments it asks for the last call, which may be forgotten

    at_once(run, 4)


def test_functions_that_call_each_other_do_not_wait_for_each_other() -> None:
    def inner(x: Any) -> Any:
        return x + 1

    helper = vmap(inner)

    def calls(x: Any) -> Any:
        return helper(x) * 2

    outer = vmap(calls)

    def run(number: int) -> Any:
        return outer(ROWS[None]) if number % 2 else helper(ROWS)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        results = at_once(run)
    for number, result in enumerate(results):
        np.testing.assert_array_equal(result, (ROWS[None] + 1) * 2 if number % 2 else ROWS + 1)


def test_exceptions_in_threads() -> None:
    def picked(i: Any) -> Any:
        return ROWS[i]

    batched = vmap(picked)

    def run(number: int) -> str:
        with pytest.raises(IndexError) as caught:
            batched(np.array([0] * number + [9] + [0] * (COUNT - number)))
        return caught.value.__notes__[0].partition(",")[0]

    assert at_once(run) == [f"raised by example {number} of {COUNT + 1}" for number in range(COUNT)]
