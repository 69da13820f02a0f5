"""`vectorizer.vectorize`: NumPy's own tests of `numpy.vectorize`, and a plain loop as the oracle for all else."""

from __future__ import annotations

import inspect
import math
import pickle
import warnings
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.lib.tests import test_function_base as numpys

import vectorizer
from vectorizer import FallbackWarning, VectorizeTypeError, VectorizeValueError, vectorize

# --- NumPy's own tests -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fallbacks_allowed")
class TestNumpysOwn(numpys.TestVectorize):
    """NumPy's tests of `numpy.vectorize`, run on ours; those that are written out here differ on purpose."""

    @pytest.fixture(autouse=True)
    def _ours(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(numpys, "vectorize", vectorize)
        monkeypatch.setattr(np, "vectorize", vectorize)

    def test_size_zero_output(self) -> None:
        """NumPy refuses an input without elements where no otypes= are given; here one of ones tells the dtypes."""
        with pytest.raises(AssertionError, match="ValueError not raised"):
            super().test_size_zero_output()


def test_what_numpy_tests_of_inputs_without_elements_and_is_the_same_here() -> None:
    x = np.zeros([0, 5], dtype=int)
    f = vectorize(lambda x: x)
    f.otypes = "i"
    np.testing.assert_array_equal(f(x), x)
    assert f(x).dtype == np.dtype("i")
    for options in ({"signature": "()->()", "otypes": "i"}, {"signature": "(n)->(n)", "otypes": "i"}):
        np.testing.assert_array_equal(vectorize(lambda x: x, **options)(x), x)
    np.testing.assert_array_equal(vectorize(lambda x: x, signature="(n)->(n)")(x.T), x.T)


# --- the oracle ------------------------------------------------------------------------------------------------------


def loop(f: Callable[..., Any], *args: Any) -> np.ndarray[Any, Any]:
    """`f` on each element of the broadcast arguments, its results in an array of all their dtypes."""
    arrays = np.broadcast_arrays(*map(np.asarray, args))
    results = [f(*(array[index] for array in arrays)) for index in np.ndindex(*arrays[0].shape)]
    dtype = np.result_type(*{np.asarray(result).dtype for result in results})
    return np.array(results, dtype=dtype).reshape(arrays[0].shape)


def assert_same(got: Any, expected: np.ndarray[Any, Any]) -> None:
    assert type(got) is np.ndarray
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    if expected.dtype.kind in "fc":
        np.testing.assert_allclose(got, expected, rtol=1e-5 if expected.dtype.itemsize == 4 else 1e-12)
    else:
        np.testing.assert_array_equal(got, expected)


def add_or_subtract(a, b):
    if a > b:
        return a - b
    return a + b


def scaled(a, b):
    total = a * b
    if total < 0:
        total = -total
    return total + a


def collatz(n, most):
    steps = 0
    while n > 1 and steps < most:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


def wave(a, b):
    return math.sin(a) * np.cos(b)


def same_sign(a, b):
    return (a > 0) == (b > 0)


DTYPES = [np.dtype(name) for name in ("int32", "int64", "float32", "float64")]
NUMBERS = st.integers(-9, 9)


@st.composite
def broadcastable(draw: Any, dtypes: Any = DTYPES) -> tuple[Any, Any]:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4, min_side=1)).input_shapes
    made = [draw(hnp.arrays(draw(st.sampled_from(dtypes)), shape, elements=NUMBERS)) for shape in shapes]
    return made[0], made[1]


@pytest.mark.parametrize("f", [add_or_subtract, scaled, wave, same_sign])
@given(args=broadcastable())
def test_elements_of_all_shapes(f: Callable[..., Any], args: tuple[Any, Any]) -> None:
    assert_same(vectorize(f)(*args), loop(f, *args))


@given(args=broadcastable([np.dtype("int64")]))
def test_loops_that_end_at_different_times(args: tuple[Any, Any]) -> None:
    got = vectorize(collatz)(*args)
    expected = loop(collatz, *args)
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


@given(args=broadcastable(), name=st.sampled_from("fdlqFbD"))
def test_otypes_are_the_dtypes(args: tuple[Any, Any], name: str) -> None:
    got = vectorize(add_or_subtract, otypes=name)(*args)
    assert_same(got, loop(add_or_subtract, *args).astype(name))


def centred(x, w):
    return x - np.mean(x) + w[0]


def spread(x, w):
    return np.max(x) - np.min(x), np.dot(w, w)


@given(
    shapes=hnp.mutually_broadcastable_shapes(signature="(n),(m)->(n)", max_dims=2, max_side=4, min_side=1),
    data=st.data(),
)
def test_signatures(shapes: Any, data: Any) -> None:
    x, w = (data.draw(hnp.arrays(float, shape, elements=NUMBERS)) for shape in shapes.input_shapes)
    lead = np.broadcast_shapes(x.shape[:-1], w.shape[:-1])
    full = np.broadcast_to(x, lead + x.shape[-1:]), np.broadcast_to(w, lead + w.shape[-1:])
    rows = [(full[0][index], full[1][index]) for index in np.ndindex(*lead)]
    got = vectorize(centred, signature="(n),(m)->(n)")(x, w)
    assert_same(got, np.array([centred(*row) for row in rows]).reshape(full[0].shape))
    pair = vectorize(spread, signature="(n),(m)->(),()")(x, w)
    assert type(pair) is tuple
    for k, part in enumerate(pair):
        assert_same(part, np.array([spread(*row)[k] for row in rows]).reshape(lead))


# --- rewritten -------------------------------------------------------------------------------------------------------


def test_it_is_rewritten() -> None:
    f = vectorize(add_or_subtract)
    f([0, 3, 6, 9], [1, 3, 5, 7])  # a FallbackWarning would be an error
    assert "np.where" in f.source()
    assert "-    if a > b" in f.diff()
    assert "where" in f.explain()


def test_one_argument_for_all_elements_stays_a_number() -> None:
    f = vectorize(add_or_subtract)
    assert_same(f(np.arange(5.0), 2), loop(add_or_subtract, np.arange(5.0), 2))
    assert "b" in f.source()
    assert_same(f(np.arange(6.0).reshape(2, 3), [[2]]), loop(add_or_subtract, np.arange(6.0).reshape(2, 3), [[2]]))


def test_an_object_or_a_word_is_no_reason_to_loop() -> None:
    def scale(x, how, settings):
        if how == "double":
            return 2 * x
        return x * settings.factor

    class Settings:
        factor = 3.0

    x = np.arange(4.0)
    np.testing.assert_array_equal(vectorize(scale)(x, "double", Settings()), 2 * x)
    np.testing.assert_array_equal(vectorize(scale)(x, how="no", settings=Settings()), 3 * x)


def test_nothing_is_rewritten_for_one_element() -> None:
    f = vectorize(add_or_subtract)
    got = f(3, 4)
    assert_same(got, np.array(7))
    with pytest.raises(VectorizeValueError, match="nothing has been rewritten"):
        f.source()


# --- what differs from NumPy, and better -----------------------------------------------------------------------------


def halves(n):
    if n % 2 == 0:
        return n // 2
    return n / 2


def test_the_dtype_is_that_of_all_results() -> None:
    with pytest.raises(AssertionError):  # NumPy cuts 0.5 off, as the first result is an integer
        np.testing.assert_array_equal(np.vectorize(halves)([0, 1]), [0, 0.5])
    assert_same(vectorize(halves)([0, 1]), np.array([0, 0.5]))


def test_the_dtype_of_results_that_are_looped_is_that_of_all() -> None:
    results = iter([1, 2.5, 3j])
    got = vectorize(lambda x: next(results), otypes=None)(np.array(["a", "b", "c"]))
    assert_same(got, np.array([1, 2.5, 3j]))


@pytest.mark.usefixtures("fallbacks_allowed")
@pytest.mark.parametrize("otypes", [None, "d"])
@pytest.mark.parametrize("x", [np.arange(4), np.array(["1", "2"]), np.array(3)])
def test_each_element_is_evaluated_once(x: Any, otypes: Any) -> None:
    seen = []

    def f(x):
        seen.append(x)
        return float(x)

    np.testing.assert_array_equal(vectorize(f, otypes=otypes)(x), x.astype(float))
    assert len(seen) == x.size


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
def test_no_elements(shape: tuple[int, ...]) -> None:
    assert_same(vectorize(halves)(np.zeros(shape, int)), np.zeros(shape))
    assert_same(vectorize(add_or_subtract)(np.zeros(shape, "f"), np.float32(1)), np.zeros(shape, "f"))
    pair = vectorize(lambda x: (x, x > 0))(np.zeros(shape))
    assert [part.dtype for part in pair] == [np.dtype(float), np.dtype(bool)]
    assert [part.shape for part in pair] == [shape, shape]


def test_no_elements_and_a_new_dimension() -> None:
    got = vectorize(lambda x: np.array([x, x]), signature="()->(n)", otypes="i")(np.zeros((0, 5)))
    assert_same(got, np.zeros((0, 5, 2), "i"))


def test_no_elements_where_the_dtype_cannot_be_known() -> None:
    def refuse(x):
        raise KeyError(x)

    for f, x in ((refuse, np.zeros(0)), (lambda x: x, np.array([], dtype=object)), (lambda x: "text", np.zeros(0))):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            with pytest.raises(VectorizeValueError, match="otypes"):
                vectorize(f)(x)
    assert vectorize(refuse, otypes="U")(np.zeros(0)).dtype.kind == "U"


# --- what is looped --------------------------------------------------------------------------------------------------


def as_objects(values: list[Any]) -> np.ndarray[Any, Any]:
    made = np.empty(len(values), object)
    made[:] = values
    return made


LOOPED = [
    pytest.param(lambda x: x * 2, as_objects([Fraction(1, 3), 2]), as_objects([Fraction(2, 3), 4]), id="objects"),
    pytest.param(lambda x: x.upper(), ["ab", "c"], np.array(["AB", "C"]), id="strings"),
    pytest.param(len, ["ab", "c"], np.array([2, 1]), id="strings to numbers"),
    pytest.param(lambda x: x[::-1], np.array([b"ab", b"c"]), np.array([b"ba", b"c"]), id="bytes"),
    pytest.param(hex, np.array([1, 255]), np.array(["0x1", "0xff"]), id="a builtin"),
    pytest.param(lambda x: None, np.arange(2), as_objects([None, None]), id="None"),
    pytest.param(lambda x: {"x": x}, np.arange(2), as_objects([{"x": 0}, {"x": 1}]), id="dicts"),
    pytest.param(
        lambda x: Fraction(int(x), 3), np.arange(2), as_objects([Fraction(0), Fraction(1, 3)]), id="fractions"
    ),
    pytest.param(
        lambda x: x + np.timedelta64(1, "D"),
        np.array(["2024-01-31"], "M8[D]"),
        np.array(["2024-02-01"], "M8[D]"),
        id="dates",
    ),
    pytest.param(lambda x: 10**20 if x else 1, np.arange(2), as_objects([1, 10**20]), id="large integers"),
    pytest.param(lambda x: "text" if x else 1, np.arange(2), as_objects([1, "text"]), id="a mixture"),
]


@pytest.mark.usefixtures("fallbacks_allowed")
@pytest.mark.parametrize(("f", "x", "expected"), LOOPED)
def test_what_cannot_be_rewritten(f: Callable[..., Any], x: Any, expected: Any) -> None:
    got = vectorize(f)(x)
    assert_same(got, expected)
    assert [type(one) for one in got.tolist()] == [type(one) for one in expected.tolist()]


def test_that_numbers_are_looped_is_said() -> None:
    with pytest.warns(FallbackWarning, match="looped"):
        vectorize(lambda x: hex(x))(np.arange(3))


def test_objects_and_text_are_looped_without_a_word() -> None:
    assert vectorize(Decimal, otypes=[object])([1, 2]).tolist() == [Decimal(1), Decimal(2)]  # Python's integers
    assert vectorize(lambda x: f"{x!r}", otypes="U")([1.5, 2]).tolist() == ["1.5", "2.0"]
    assert vectorize(len, otypes="i")([[1, 2], [3]]).tolist() == [2, 1]


def test_results_that_are_lists_or_arrays_need_a_signature() -> None:
    for f in (lambda x: [x, x], lambda x: np.zeros(3) + x):
        with pytest.raises(VectorizeValueError, match="setting an array element with a sequence"):
            vectorize(f)(np.arange(3))
        assert vectorize(f, otypes=[object])(np.arange(2)).shape == (2,)
        got = vectorize(f, signature="()->(n)")(np.arange(2))
        assert_same(got, np.array([f(np.int64(0)), f(np.int64(1))]))


# --- arguments -------------------------------------------------------------------------------------------------------


def polynomial(p, x):
    total = 0.0
    for c in p:
        total = total * x + c
    return total


def test_excluded_by_position_and_by_name() -> None:
    f = vectorize(polynomial, excluded={0, "p"})
    assert_same(f([1.0, 2.0, 3.0], x=[0, 1]), np.array([3.0, 6.0]))
    assert_same(f(p=[1.0, 2.0, 3.0], x=[0, 1]), np.array([3.0, 6.0]))
    assert_same(f(np.array([1.0, 2.0]), [[0], [1]]), np.array([[2.0], [3.0]]))


def test_nothing_but_excluded_arguments() -> None:
    assert vectorize(lambda a: a, excluded={0})([1, 2]) == [1, 2]
    assert vectorize(lambda: "as it is")() == "as it is"


@pytest.mark.usefixtures("fallbacks_allowed")
def test_keywords_and_defaults() -> None:
    def f(a, *more, scale=2, **others):
        for value in more:
            a = a + value
        return a * scale - others.get("shift", 0)

    x = np.arange(3)
    np.testing.assert_array_equal(vectorize(f)(x), x * 2)
    np.testing.assert_array_equal(vectorize(f)(x, x, [[1], [2]]), (x + x + [[1], [2]]) * 2)
    np.testing.assert_array_equal(vectorize(f)(x, scale=[[1], [2]], shift=5), x * [[1], [2]] - 5)
    with pytest.raises(TypeError, match="unexpected keyword"):
        vectorize(add_or_subtract)(x, x, c=x)


def test_wrong_shapes() -> None:
    with pytest.raises(ValueError, match="shape mismatch"):
        vectorize(add_or_subtract)([1, 2], [1, 2, 3])
    f = vectorize(np.add, signature="(n),(n)->(n)")
    for args, message in (
        (([1, 2], [1, 2, 3]), "inconsistent size"),
        ((1, 2), "does not have enough"),
        (([[[1]], [[2]]], np.ones((3, 1, 1))), "shape mismatch"),
    ):
        with pytest.raises(ValueError, match=message):
            f(*args)
    with pytest.raises(TypeError, match="wrong number of positional"):
        f([1])


@pytest.mark.parametrize("count", [1, 3])
def test_wrong_results(count: int) -> None:
    x = np.ones((count, 3))
    for f, signature, message in (
        (lambda x: x[:2], "(n)->(n)", "inconsistent size"),
        (lambda x: x[0], "(n)->(n)", "does not have enough"),
        (lambda x: x, "(n)->()", "has more dimensions"),
        (lambda x: x, "(n)->(n),()", "wrong number of outputs"),
        (lambda x: (x, x), "(n)->(n)", "wrong number of outputs"),
    ):
        with pytest.raises(ValueError, match=message):
            vectorize(f, signature=signature)(x)


def test_an_argument_cannot_be_written_to() -> None:
    def clear(x):
        x[0] = 0
        return x

    x = np.ones((3, 2))
    for given_x in (x, x[0], x.T):
        with pytest.raises(ValueError, match="read-only"):
            vectorize(clear, signature="(n)->(n)")(given_x)
    assert x.all()


@pytest.mark.parametrize("x", [np.arange(3.0), np.ones((2, 3)).T, np.array(2.0)])
def test_a_result_is_an_array_of_its_own(x: Any) -> None:
    for f in (vectorize(lambda x: x), vectorize(lambda x: 1.5), vectorize(lambda x: x, otypes="d")):
        got = f(x)
        assert got.flags.writeable
        assert not np.shares_memory(got, x)
    if x.ndim:
        got = vectorize(lambda x: x, signature="(n)->(n)")(x)
        assert got.flags.writeable
        assert not np.shares_memory(got, x)


@pytest.mark.usefixtures("fallbacks_allowed")
def test_exceptions_are_those_of_the_first_element_that_raises() -> None:
    def check(x):
        if x > 2:
            raise KeyError(int(x))
        return x

    with pytest.raises(KeyError, match="3") as caught:
        vectorize(check)([[1, 2], [3, 4]])
    assert "example 2 of 4" in caught.value.__notes__[0]


# --- dtypes that are asked for ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "otype"),
    [
        (lambda x: x / x, [1.0, 0.0], "i"),
        (lambda x: x * 1e6, [1.0, 1e6], "i"),
        (lambda x: x + 0, [1, 3_000_000_000], "i"),
        (lambda x: x - 2, [1, 2], "B"),
        (lambda x: x * 1j, [1.0, 2.0], "d"),
    ],
)
def test_a_dtype_that_does_not_hold_a_result_raises_what_numpy_raises(f: Any, x: Any, otype: str) -> None:
    with np.errstate(all="ignore"):
        with pytest.raises((ValueError, OverflowError, TypeError)) as expected:
            np.vectorize(lambda x: f(np.asarray(x)[()]).item(), otypes=otype)(np.array(x))
        with pytest.raises(expected.type):
            vectorize(f, otypes=otype)(np.array(x))


def test_floats_are_cut_off_where_integers_are_asked_for() -> None:
    assert_same(vectorize(lambda x: x / 2, otypes="i")([3, -3, 5]), np.array([1, -1, 2], "i"))


@pytest.mark.parametrize("otypes", ["y", 3, [None, "nonsense"]])
def test_otypes_that_are_none(otypes: Any) -> None:
    with pytest.raises(ValueError, match="otype"):
        vectorize(add_or_subtract, otypes=otypes)


@pytest.mark.parametrize("signature", ["", "(n)", "(n)->", "(n)(m)->()", "((n))->(n)", "(n,)->()"])
def test_signatures_that_are_none(signature: str) -> None:
    with pytest.raises(ValueError, match="not a valid gufunc signature"):
        vectorize(add_or_subtract, signature=signature)


# --- classes of arrays -----------------------------------------------------------------------------------------------


def test_masks_are_kept() -> None:
    x = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
    got = vectorize(lambda x: x * 2)(x)
    assert isinstance(got, np.ma.MaskedArray)
    np.testing.assert_array_equal(got.mask, x.mask)
    np.testing.assert_array_equal(got.compressed(), [2.0, 6.0])


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_matrices_stay_matrices() -> None:
    got = vectorize(add_or_subtract)(np.matrix([[1, 2], [3, 4]]), 1)
    assert type(got) is np.matrix
    np.testing.assert_array_equal(np.asarray(got), [[2, 1], [2, 3]])


# --- being an object -------------------------------------------------------------------------------------------------


@vectorize
def module_level(x):
    """Adds one."""
    return x + 1


def test_it_has_numpys_signature_and_attributes() -> None:
    names = list(inspect.signature(np.vectorize.__init__).parameters)
    assert list(inspect.signature(vectorize.__init__).parameters) == names
    ours, theirs = vectorize(add_or_subtract, otypes="d"), np.vectorize(add_or_subtract, otypes="d")
    for name in ("pyfunc", "otypes", "excluded", "cache", "signature", "__doc__", "__name__"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert vectorizer.vectorize is vectorize


def test_as_a_decorator() -> None:
    assert module_level.__name__ == "module_level"
    assert module_level.__doc__ == "Adds one."
    assert "module_level" in repr(module_level)

    @vectorize(excluded=["b"], doc="Told.")
    def f(a, b=2):
        """Not told."""
        return a * b

    assert f.__doc__ == "Told."
    np.testing.assert_array_equal(f([1, 2], b=3), [3, 6])
    with pytest.raises(VectorizeTypeError):
        vectorize("text")


def test_it_can_be_pickled() -> None:
    f = vectorize(add_or_subtract, otypes="d")
    f([1, 2], [3, 4])
    again = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(again([1, 2], [3, 4]), [4, 6])
    assert pickle.loads(pickle.dumps(module_level)) is module_level


def test_options_may_change_between_calls() -> None:
    f = vectorize(lambda x: x + 1)
    assert f([1, 2]).dtype == np.dtype(int)
    f.otypes = "d"
    assert f([1, 2]).dtype == np.dtype(float)
    f.otypes = None
    f.excluded = {0}
    assert f(1) == 2
