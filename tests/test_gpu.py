"""On a GPU: what is emitted for CuPy, run by CuPy, against the loop over NumPy.  `make gpu` runs these."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from tests.corpus import all_cases
from tests.test_backends import LOWERED
from tests.test_corpus import DTYPE_OF_THE_LANES, SIZES, make_arguments, read_listed
from tests.test_kernels import CASES as KERNELS
from tests.test_rules import compiled
from vectorizer import vmap
from vectorizer.errors import FallbackWarning
from vectorizer.testing import assert_matches_loop

# Sums are made in another order, and functions are others than the host's: some hundred roundings.
TOLERANCES = {"float16": 2e-2, "float32": 2e-5, "complex64": 2e-5, "float64": 1e-12, "complex128": 1e-12}


def missing() -> str:
    """Why nothing can be run here; empty where it can."""
    if find_spec("cupy") is None:
        return "CuPy is not installed"
    import cupy

    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"there is no GPU that CuPy can use: {error}"
    return "" if count else "there is no GPU"


REASON = missing()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(bool(REASON), reason=REASON)]
CASES = {case.name: case for case in all_cases()}


def tolerance(args: Any) -> float:
    """That of the least precise array."""
    dtypes = [arg.dtype.name for arg in args if isinstance(arg, np.ndarray)]
    return max([TOLERANCES.get(name, 0.0) for name in dtypes] + [TOLERANCES["float64"]])


def check(function: Any, args: Any, in_axes: Any, native: bool = False) -> None:
    vmapped = vmap(function, in_axes, backend="cupy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_matches_loop(function, args, in_axes, vmapped=vmapped, rtol=tolerance(args), native=native)


@pytest.mark.parametrize("name", CASES)
def test_corpus(name: str) -> None:
    case = CASES[name]
    for size in SIZES:
        if (name, size) not in DTYPE_OF_THE_LANES:
            check(case.fun, make_arguments(case, size), case.in_axes)


@pytest.mark.parametrize("name", KERNELS)
def test_kernels(name: str) -> None:
    function, args, in_axes = KERNELS[name]
    check(function, args, in_axes, native=True)


@pytest.mark.parametrize("statement", LOWERED.strip().splitlines())
def test_lowered(statement: str) -> None:
    rng = np.random.default_rng(0)
    args = (rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 3, 3)), rng.normal(size=3))
    check(compiled("x, y, a, w", statement), args, (0, 0, 0, None), native=True)


@pytest.mark.parametrize("name", [name for name in list(CASES)[::10] if name not in read_listed()])
def test_arrays_stay_on_the_device(name: str) -> None:
    import cupy

    from vectorizer import tree

    case = CASES[name]
    args = make_arguments(case, 3)
    moved = [tree.map_tree(lambda a: cupy.asarray(a) if isinstance(a, np.ndarray) else a, arg) for arg in args]
    if all(one is other for one, other in zip(tree.leaves(args), tree.leaves(tuple(moved)), strict=True)):
        pytest.skip("no argument is an array")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        result = vmap(case.fun, case.in_axes)(*moved)
    assert all(isinstance(leaf, cupy.ndarray) for leaf in tree.leaves(result) if leaf is not None)


def test_the_documented_differences() -> None:
    """Subscripts that are out of range raise, and a singular matrix does."""
    import cupy

    with pytest.raises(IndexError):
        vmap(lambda x, i: x[i])(cupy.ones((2, 3)), cupy.asarray([0, 3]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        with pytest.raises(np.linalg.LinAlgError):
            vmap(lambda a, b: np.linalg.solve(a, b))(cupy.zeros((2, 3, 3)), cupy.ones((2, 3)))
