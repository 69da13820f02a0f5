"""Random numbers: shapes and dtypes are the loop's, and so is the distribution; examples draw independently.

Where all examples draw the same, from a seed that they share, the numbers are the loop's to the last digit.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from vectorizer import FallbackWarning, VectorizeError, VectorizeValueError, jit, vmap
from vectorizer.testing import assert_matches_loop

SIZE = 7
MANY = 3000
LEAST = 1e-5  # p-values below it are no accident; the seeds are fixed


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def looped(f: Callable[..., Any], *args: Any, in_axes: Any, size: int | None = None) -> Any:
    """The loop over the examples; generators and other shared arguments are passed on."""
    size = size or next(len(a) for a, axis in zip(args, in_axes) if axis is not None)
    rows = [f(*(a if axis is None else a[i] for a, axis in zip(args, in_axes))) for i in range(size)]
    if isinstance(rows[0], tuple):
        return tuple(np.stack([np.asarray(row[k]) for row in rows]) for k in range(len(rows[0])))
    return np.stack([np.asarray(row) for row in rows])


def assert_alike(one: Any, other: Any) -> None:
    """Two samples come from one distribution, by the test of Kolmogorov and Smirnov."""
    assert stats.ks_2samp(one, other, method="asymp").pvalue > LEAST


def source_of(f: Callable[..., Any], *args: Any, in_axes: Any) -> str:
    return vmap(f, in_axes).source(*args)


# --- every method: shapes, dtypes, distribution ----------------------------------------------------------------------

# Parameters, each a number for all examples or a row of numbers; the legacy functions have the same ones.
DISTRIBUTIONS: dict[str, tuple[Any, ...]] = {
    "beta": (2.0, 3.0),
    "binomial": (5, 0.3),
    "chisquare": (3.0,),
    "exponential": (2.0,),
    "f": (4.0, 6.0),
    "gamma": (2.0, 3.0),
    "geometric": (0.3,),
    "gumbel": (1.0, 2.0),
    "hypergeometric": (6, 4, 5),
    "laplace": (1.0, 2.0),
    "logistic": (1.0, 2.0),
    "lognormal": (0.5, 0.4),
    "logseries": (0.4,),
    "negative_binomial": (4, 0.4),
    "noncentral_chisquare": (3.0, 1.0),
    "noncentral_f": (3.0, 9.0, 1.0),
    "normal": (1.0, 2.0),
    "pareto": (3.0,),
    "poisson": (2.5,),
    "power": (2.0,),
    "rayleigh": (2.0,),
    "standard_cauchy": (),
    "standard_exponential": (),
    "standard_gamma": (2.0,),
    "standard_normal": (),
    "standard_t": (5.0,),
    "triangular": (0.0, 1.0, 3.0),
    "uniform": (-1.0, 2.0),
    "vonmises": (0.5, 2.0),
    "wald": (1.0, 2.0),
    "weibull": (2.0,),
    "zipf": (3.0,),
    "random": (),
}
ONLY_NEW = {"integers": (2, 9)}
ONLY_LEGACY = {"randint": (2, 9), "random_sample": (), "ranf": (), "sample": ()}
CASES = [
    *(("Generator", name, params) for name, params in {**DISTRIBUTIONS, **ONLY_NEW}.items()),
    *(("np.random", name, params) for name, params in {**DISTRIBUTIONS, **ONLY_LEGACY}.items()),
    *(("RandomState", name, params) for name, params in {**DISTRIBUTIONS, "randint": (2, 9)}.items()),
]
CASES_WITH_PARAMETERS = [case for case in CASES if case[2]]
MADE = {"Generator": lambda: rng(1), "RandomState": lambda: np.random.RandomState(1), "np.random": lambda: None}


@pytest.fixture(autouse=True)
def _legacy_state() -> Iterator[None]:
    """The generator of the legacy functions starts from one seed, and is left as it was."""
    state = np.random.get_state()
    np.random.seed(12345)
    yield
    np.random.set_state(state)


def written(tmp_path: Any, kind: str, name: str, count: int, size: str) -> Callable[..., Any]:
    """A function of one example that draws once, from a file, so that its source can be read."""
    params = [f"p{k}" for k in range(count)]
    owner = "np.random" if kind == "np.random" else "g"
    passed = ", ".join([*params, *([f"size={size}"] if size else [])])
    head = f"def f({', '.join(['x', 'g', *params])}):"
    text = f"import numpy as np\n\n\n{head}\n    return {owner}.{name}({passed})\n"
    path = tmp_path / f"{kind.replace('.', '_')}_{name}.py"
    path.write_text(text)
    scope: dict[str, Any] = {"__name__": "written"}
    exec(compile(text, str(path), "exec"), scope)
    return scope["f"]


def rows(param: Any, size: int) -> Any:
    """A parameter that differs between the examples, but stays in its domain."""
    return np.full(size, param) + (np.arange(size) % 2) * (1 if isinstance(param, int) else 0.1)


@pytest.mark.parametrize("size", ["", "None", "3", "(2, 3)", "()"])
@pytest.mark.parametrize(("kind", "name", "params"), CASES, ids=[f"{kind}.{name}" for kind, name, _ in CASES])
def test_shapes_and_dtypes_are_the_loops(tmp_path: Any, kind: str, name: str, params: Any, size: str) -> None:
    f = written(tmp_path, kind, name, len(params), size)
    for varying in {(False,) * len(params), (True,) * len(params), (True, False, False)[: len(params)]}:
        given = [rows(p, SIZE) if v else p for p, v in zip(params, varying)]
        in_axes = (0, None, *(0 if v else None for v in varying))
        args = (np.arange(float(SIZE)), MADE[kind](), *given)
        got = vmap(f, in_axes, strict=True)(*args)
        expected = looped(f, *args, in_axes=in_axes)
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype


@pytest.mark.parametrize(("kind", "name", "params"), CASES, ids=[f"{kind}.{name}" for kind, name, _ in CASES])
def test_a_single_draw_promotes_as_in_the_loop(tmp_path: Any, kind: str, name: str, params: Any) -> None:
    """Most of them are numbers of Python's, which do not widen a float32."""
    f = written(tmp_path, kind, name, len(params), "")
    args = (np.arange(SIZE, dtype="f"), MADE[kind](), *params)
    in_axes = (0, None, *(None,) * len(params))

    def g(x, g, *p):
        return x * f(x, g, *p)

    for function in (g,):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FallbackWarning)
            got = vmap(function, in_axes)(*args)
        assert got.dtype == looped(function, *args, in_axes=in_axes).dtype


@pytest.mark.parametrize(("kind", "name", "params"), CASES, ids=[f"{kind}.{name}" for kind, name, _ in CASES])
@pytest.mark.parametrize("varies", [False, True])
def test_the_distribution_is_the_loops(tmp_path: Any, kind: str, name: str, params: Any, varies: bool) -> None:
    f = written(tmp_path, kind, name, len(params), "")
    given = [rows(p, MANY) if varies else p for p in params]
    in_axes = (0, None, *(0 if varies else None for _ in params))
    x, generator = np.zeros(MANY), MADE[kind]()
    got = vmap(f, in_axes, strict=True)(x, generator, *given)
    expected = looped(f, x, generator, *given, in_axes=in_axes)
    for part in (slice(None), slice(0, None, 2), slice(1, None, 2)):
        assert_alike(got[part], expected[part])
    assert np.ptp(got[::2]) > 0


@pytest.mark.parametrize(
    ("kind", "name", "params"), CASES_WITH_PARAMETERS, ids=[f"{kind}.{name}" for kind, name, _ in CASES_WITH_PARAMETERS]
)
def test_parameters_that_are_arrays(tmp_path: Any, kind: str, name: str, params: Any) -> None:
    for size in ("", "(4, 3)"):
        f = written(tmp_path, kind, name, len(params), size)
        table = rows(params[0], SIZE)[:, None] + np.zeros(3, np.asarray(params[0]).dtype)
        for first, axis in ((table, 0), (table[0], None)):
            args = (np.zeros(SIZE), MADE[kind](), first, *params[1:])
            in_axes = (0, None, axis, *(None,) * (len(params) - 1))
            got, expected = vmap(f, in_axes, strict=True)(*args), looped(f, *args, in_axes=in_axes)
            assert got.shape == expected.shape
            assert got.dtype == expected.dtype
            assert len(np.unique(got.reshape(SIZE, -1), axis=0)) > 1


# --- vectors, choices, orders ----------------------------------------------------------------------------------------

COV = np.array([[2.0, 0.5], [0.5, 1.0]])
PVALS = np.array([0.2, 0.3, 0.5])


def multinomial(x, g, n, p):
    return g.multinomial(n, p)


def multinomial_many(x, g, n, p):
    return g.multinomial(n, p, size=(2, 2))


def dirichlet(x, g):
    return g.dirichlet([1.0, 2.0, 3.0], 2)


def gaussian(x, g, mean):
    return g.multivariate_normal(mean, COV)


def gaussians(x, g, mean):
    return g.multivariate_normal(mean, COV, size=3)


def permutation_of_rows(x, g, table):
    return g.permutation(table)


def permutation_of_numbers(x, g):
    return g.permutation(5)


def shuffled(x, g, row):
    made = row.copy()
    g.shuffle(made)
    return made


def shuffled_shared(x, g):
    made = np.arange(4)
    g.shuffle(made)
    return made


def chosen(x, g, row):
    return g.choice(row), g.choice(row, 2), g.choice(row, (2, 2)), g.choice(row, 3, replace=False)


def chosen_numbers(x, g):
    return g.choice(6), g.choice(6, 2), g.choice(6, size=(3,), replace=False), g.choice(3, 2, p=PVALS)


def chosen_by_weight(x, g, p):
    return g.choice(3, p=p), g.choice(np.array([1.5, 2.5, 4.0]), size=2, p=p)


TABLE = np.arange(SIZE * 4.0).reshape(SIZE, 4)
WEIGHTS = np.tile(PVALS, (SIZE, 1))
WEIGHTS[1::2] = [0.6, 0.0, 0.4]
VECTORS = [
    (multinomial, (6, PVALS), (None, None)),
    (multinomial_many, (6, PVALS), (None, None)),
    (dirichlet, (), ()),
    (gaussian, (np.array([1.0, 2.0]),), (None,)),
    (gaussian, (TABLE[:, :2],), (0,)),
    (gaussians, (TABLE[:, :2],), (0,)),
    (permutation_of_rows, (TABLE,), (0,)),
    (permutation_of_rows, (TABLE[0],), (None,)),
    (permutation_of_rows, (TABLE[:, :, None] + np.arange(2.0),), (0,)),
    (permutation_of_numbers, (), ()),
    (shuffled, (TABLE,), (0,)),
    (shuffled, (TABLE[:, :, None] + np.arange(2.0),), (0,)),
    (shuffled_shared, (), ()),
    (chosen, (TABLE,), (0,)),
    (chosen, (TABLE[0],), (None,)),
    (chosen_numbers, (), ()),
    (chosen_by_weight, (WEIGHTS,), (0,)),
    (chosen_by_weight, (PVALS,), (None,)),
]
NEW_ONLY = [
    (multinomial, (np.arange(SIZE) + 1, WEIGHTS), (0, 0)),
    (multinomial_many, (np.arange(SIZE) + 1, PVALS), (0, None)),
    (lambda x, g: g.multivariate_hypergeometric([3, 4], 5), (), ()),
    (lambda x, g, t: g.permuted(t, axis=1), (TABLE[:, :, None] + np.arange(2.0),), (0,)),
    (lambda x, g, t: g.permuted(t), (TABLE,), (0,)),
]
CASES_OF_VECTORS = [*((kind, *row) for kind in ("Generator", "RandomState") for row in VECTORS)]
CASES_OF_VECTORS += [("Generator", *row) for row in NEW_ONLY]


@pytest.mark.parametrize(("kind", "f", "args", "axes"), CASES_OF_VECTORS)
def test_vectors_and_orders(kind: str, f: Callable[..., Any], args: Any, axes: Any) -> None:
    in_axes = (0, None, *axes)
    x = np.zeros(SIZE)
    got = vmap(f, in_axes, strict=True)(x, MADE[kind](), *args)
    expected = looped(f, x, MADE[kind](), *args, in_axes=in_axes)
    pairs = zip(got, expected) if isinstance(got, tuple) else [(got, expected)]
    for one, other in pairs:
        assert one.shape == other.shape
        assert one.dtype == other.dtype
    many = MANY // SIZE
    tall = [np.tile(a, (many, *(1,) * (np.ndim(a) - 1))) if axis == 0 else a for a, axis in zip(args, axes)]
    got = vmap(f, in_axes)(np.zeros(SIZE * many), MADE[kind](), *tall)
    expected = looped(f, np.zeros(SIZE * many), MADE[kind](), *tall, in_axes=in_axes)
    for one, other in zip(got, expected) if isinstance(got, tuple) else [(got, expected)]:
        one, other = one.reshape(len(one), -1), other.reshape(len(other), -1)
        for k in range(one.shape[1]):
            assert_alike(one[:, k], other[:, k])
        if one.shape[1] > 1:  # how the parts go together
            assert_alike(one[:, 0] * one[:, -1], other[:, 0] * other[:, -1])
            assert_alike(one[:, 0] - one[:, 1], other[:, 0] - other[:, 1])


@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_all_orders_are_equally_likely(kind: str) -> None:
    def f(x, g):
        return g.permutation(3) @ np.array([9, 3, 1])

    counts = np.unique(vmap(f, (0, None))(np.zeros(6000), MADE[kind]()), return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > LEAST


def test_items_are_kept_by_orders() -> None:
    def f(x, g):
        a = g.permutation(x)
        g.shuffle(x)
        return a, x

    table = TABLE.copy()
    for made in vmap(f, (0, None))(table, rng()):
        np.testing.assert_array_equal(np.sort(made, axis=1), TABLE)
        assert not np.array_equal(made, TABLE)
    np.testing.assert_array_equal(np.sort(table, axis=1), TABLE)  # shuffled in place
    assert not np.array_equal(table, TABLE)


@pytest.mark.parametrize(
    "p",
    [[0.5, 0.6, 0.2], [1.2, -0.2, 0.0], [0.5, 0.5], [np.nan, 0.5, 0.5]],
)
def test_wrong_probabilities_raise_what_the_loop_raises(p: Any) -> None:
    weights = np.tile(p, (SIZE, 1))
    with pytest.raises(ValueError, match="robabilities|'a' and 'p'|size"):
        vmap(chosen_by_weight, (0, None, 0))(np.zeros(SIZE), rng(), weights)


def test_wrong_parameters_raise_what_the_loop_raises() -> None:
    def f(x, g):
        return g.normal(0.0, x)

    with pytest.raises(ValueError, match="scale < 0") as caught:
        vmap(f, (0, None))(np.array([1.0, 2.0, -1.0]), rng())
    assert "example 2 of 3" in caught.value.__notes__[0]


def test_a_draw_that_could_raise_is_made_for_its_own_examples_only() -> None:
    def f(x, g):
        if x > 0:
            return g.normal(0.0, x)
        return 0.0

    got = vmap(f, (0, None), strict=True)(np.array([1.0, -1.0, 2.0]), rng())
    assert (got == 0).tolist() == [False, True, False]


# --- independence ----------------------------------------------------------------------------------------------------


def test_examples_are_independent() -> None:
    def f(x, g):
        return g.normal(size=4)

    drawn = vmap(f, (0, None))(np.zeros(MANY), rng())
    assert len(np.unique(drawn)) == drawn.size
    for k in range(4):
        assert abs(stats.pearsonr(drawn[:-1, k], drawn[1:, k]).statistic) < 0.1
        assert abs(stats.pearsonr(drawn[:, k], drawn[:, (k + 1) % 4]).statistic) < 0.1


def test_nested_batches_draw_along_all_axes() -> None:
    def f(x, y, g):
        return x * 0 + y * 0 + g.normal()

    both = vmap(vmap(f, (None, 0, None)), (0, None, None))
    assert len(np.unique(both(np.zeros(5), np.zeros(6), rng()))) == 30


def test_a_draw_is_made_once_however_often_it_is_used() -> None:
    def f(x, g):
        z = g.normal()
        return z - z, max(z, -z) - abs(z), (lambda a: a - a)(g.normal())

    for part in vmap(f, (0, None), strict=True)(np.zeros(SIZE), rng()):
        np.testing.assert_array_equal(part, 0)


def test_two_draws_are_two() -> None:
    def f(x, g):
        def draw():
            return g.normal() + x

        return g.normal() - g.normal(), draw() - draw(), (lambda: g.normal())() - g.normal()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        for part in vmap(f, (0, None))(np.zeros(SIZE), rng()):
            assert len(np.unique(part)) == SIZE


# --- where draws stand -----------------------------------------------------------------------------------------------


def walk(x, g):
    for _ in range(5):
        x = x + g.normal()
    return x


def walk_out(x, g):
    steps = 0
    while abs(x) < 2:
        x = x + g.normal()
        steps += 1
    return steps


def total(x, g):
    s = 0.0
    for k in range(4):
        s += g.normal(k)
    return s


def table(x, g):
    out = np.zeros((3, 2))
    for i in range(3):
        row = g.normal()
        for j in range(2):
            out[i, j] = row + g.uniform()
    return out.sum()


def branches(x, g):
    if x > 0.5:
        y = g.exponential(x)
    else:
        y = g.normal() - 3
    return y + x


def coin(x, g):
    return g.normal() if g.random() < 0.3 else 5.0


def first_head(x, g):
    for k in range(8):
        if g.random() < 0.3:
            return k
    return 8


def listed(x, g):
    return sum([g.normal() for _ in range(3)]) + sum(g.uniform() for _ in range(2))


def noise(x, g, scale=0.5):
    return g.normal(x, scale)


def called(x, g):
    return noise(x, g) + noise(x, g, 1.0)


def called_under_a_condition(x, g):
    if x > 0.5:
        return noise(x, g)
    return x


def bootstrap(x, g):
    sample = g.normal(x, size=20)
    return sample[g.permutation(20)[:10]].mean() + g.choice(sample)


def ranges(x, g):
    s = 0.0
    for _ in range(int(3 * x)):
        s += g.normal(1.0)
    return s


def short_circuit(x, g):
    return x > 0.5 and g.random() < 0.5


@pytest.mark.parametrize(
    "f",
    [
        walk, walk_out, total, table, branches, coin, first_head, listed, called, called_under_a_condition, bootstrap,
        ranges, short_circuit,
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_draws_among_control_flow(f: Callable[..., Any], kind: str) -> None:
    x = np.linspace(0, 1, MANY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        got = vmap(f, (0, None))(x, MADE[kind]())
    expected = looped(f, x, MADE[kind](), in_axes=(0, None))
    assert got.dtype == expected.dtype
    for part in (slice(0, MANY // 2), slice(MANY // 2, None)):
        assert_alike(got[part], expected[part])
        same = len(np.unique(expected[part]))
        assert len(np.unique(got[part])) > 0.8 * same - 3


@pytest.mark.parametrize("f", [walk, walk_out, total, table, branches, coin, listed, called, bootstrap, short_circuit])
def test_these_are_not_looped(f: Callable[..., Any]) -> None:
    vmap(f, (0, None), strict=True)(np.linspace(0, 1, SIZE), rng())


# --- where generators come from --------------------------------------------------------------------------------------

SHARED = np.random.default_rng(3)


class Sampler:
    def __init__(self) -> None:
        self.rng = rng(4)

    def sample(self, x):
        return x + self.rng.normal()

    def twice(self, x):
        return self.sample(x) - self.sample(x)


def from_a_global(x):
    return x + SHARED.normal()


def from_a_default(x, g=np.random.default_rng(5)):  # noqa: B008 - as users write it
    return x + g.normal()


def without_a_seed(x):
    g = np.random.default_rng()
    return x + g.normal()


def if_none(x, g=None):
    if g is None:
        g = np.random.default_rng()
    return x + g.normal()


def made_of_another(x, g):
    g = np.random.default_rng(g)
    return x + g.normal()


def from_a_dict(x, options):
    return x + options["rng"].normal()


def of_a_closure() -> Callable[..., Any]:
    g = rng(6)

    def f(x):
        return x + g.normal()

    return f


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (from_a_global, ()),
        (from_a_default, ()),
        (without_a_seed, ()),
        (if_none, ()),
        (if_none, (SHARED,)),
        (made_of_another, (SHARED,)),
        (from_a_dict, ({"rng": SHARED},)),
        (of_a_closure(), ()),
        (Sampler().sample, ()),
        (Sampler().twice, ()),
    ],
)
def test_generators_from_everywhere(f: Callable[..., Any], args: Any) -> None:
    got = vmap(f, (0, *(None for _ in args)), strict=True)(np.zeros(MANY), *args)
    assert len(np.unique(got)) == MANY
    assert abs(got.mean()) < 0.2
    again = vmap(f, (0, *(None for _ in args)))(np.zeros(MANY), *args)
    assert not np.array_equal(got, again)


def drawn_apart(g):
    return g.normal(size=2)


def from_a_helper_without_examples(x, g):
    return x + drawn_apart(g).sum()


def from_a_global_helper(x):
    return x + global_noise()


def global_noise():
    return SHARED.normal() + np.random.normal()


def from_a_helper_in_a_loop(x, g):
    s = 0.0
    for _ in range(3):
        s += drawn_apart(g)[0]
    return s


def from_a_helper_on_live_lanes(x, g):
    x = x + drawn_apart(g)[0]
    while x < 5:
        x = x + abs(drawn_apart(g)[0])
    return x


def from_an_inner_function(x, g):
    def noise(n):
        return g.normal(size=n).sum()

    return noise(2) - noise(3) + x


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (from_a_helper_without_examples, (SHARED,)),
        (from_a_global_helper, ()),
        (from_a_helper_in_a_loop, (SHARED,)),
        (from_a_helper_on_live_lanes, (SHARED,)),
        (from_an_inner_function, (SHARED,)),
    ],
)
def test_a_helper_that_sees_no_example_draws_for_all(f: Callable[..., Any], args: Any) -> None:
    in_axes = (0, *(None for _ in args))
    got = vmap(f, in_axes, strict=True)(np.zeros(MANY), *args)
    assert len(np.unique(got)) == MANY
    assert_alike(got, looped(f, np.zeros(MANY), *args, in_axes=in_axes))


@pytest.mark.usefixtures("fallbacks_allowed")
def test_a_library_that_draws_is_not_asked_once_for_all() -> None:
    def f(x, g):
        return x + stats.norm.rvs(random_state=g)

    assert len(np.unique(vmap(f, (0, None))(np.zeros(SIZE), rng()))) == SIZE
    assert len(np.unique(vmap(lambda x: x + stats.norm.rvs())(np.zeros(SIZE)))) == SIZE


# --- a seed that all examples share ----------------------------------------------------------------------------------


def seeded_plain(x):
    g = np.random.default_rng(1)
    z = g.normal(size=3)
    return x * z.sum() + g.uniform()


def seeded_unused(x):
    g = np.random.default_rng(1)
    g.normal()
    _ = g.uniform()
    return g.normal() * x


def seeded_order(x):
    g = np.random.default_rng(1)
    return noise(0.0, g) * x + noise(1.0, g) + g.normal()


def seeded_loop(x):
    g = np.random.default_rng(1)
    out = []
    for _ in range(4):
        out.append(g.integers(10) * x)
    return np.array(out)


def seeded_store(x):
    g = np.random.default_rng(1)
    out = np.zeros(3)
    for i in range(3):
        out[i] = g.normal() + x
    return out


def seeded_in_a_loop(x):
    s = 0.0
    for k in range(3):
        g = np.random.default_rng(k)
        s += x * g.normal()
    return s


def seeded_branch(x):
    g = np.random.default_rng(1)
    if x > 2:
        a = g.normal()
    else:
        a = g.uniform()
    return a + g.normal()


def seeded_ternary(x):
    g = np.random.default_rng(1)
    return (g.normal() if x > 2 else 0.0) + g.normal()


def seeded_parameter(x):
    g = np.random.default_rng(1)
    return g.normal(x) + g.normal()


def seeded_while(x):
    g = np.random.default_rng(1)
    while x < 10:
        x = x + g.exponential()
    return x


def seeded_helper(x):
    g = np.random.default_rng(1)
    if x > 2:
        return noise(x, g)
    return noise(x, g) + g.normal()


def seeded_expression_that_is_looped(x):
    g = np.random.default_rng(1)
    return float(str(x)) * g.normal()


def seeded_assertion(x):
    g = np.random.default_rng(1)
    assert x > 0, g.normal()
    return x + g.normal()


def seeded_twice(x):
    g = np.random.default_rng(1)
    h = np.random.default_rng(1)
    same = g
    return g.normal() - h.normal() + same.normal() * x


def seeded_legacy(x):
    g = np.random.RandomState(3)
    order = g.permutation(4)
    row = np.arange(4.0) * x
    g.shuffle(row)
    return row[order] + g.rand(4) + g.randn()


def seeded_choices(x):
    g = np.random.default_rng(3)
    return g.choice(5) * x + g.choice(np.arange(3.0), 2, replace=False).sum() + g.permuted(np.arange(3))[0]


def seeded_globally(x):
    np.random.seed(3)
    return x + np.random.normal()


def seeded_state(x):
    g = np.random.default_rng(3)
    state = g.bit_generator.state
    first = g.normal()
    g.bit_generator.state = state
    return g.normal() - first + x


SEEDED = [value for name, value in sorted(globals().items()) if name.startswith("seeded_")]


@pytest.mark.usefixtures("fallbacks_allowed")
@pytest.mark.parametrize("f", SEEDED)
def test_a_seed_in_the_function_gives_what_the_loop_gives(f: Callable[..., Any]) -> None:
    assert_matches_loop(f, (np.arange(1.0, 5.0),))


@pytest.mark.parametrize("f", [seeded_plain, seeded_unused, seeded_order, seeded_twice, seeded_choices, seeded_loop])
def test_such_functions_are_not_looped(f: Callable[..., Any]) -> None:
    vmap(f, strict=True)(np.arange(1.0, 5.0))


def of_a_seed(x, seed):
    g = np.random.default_rng(seed)
    return x + g.normal(size=2)


def of_a_seed_and_more(x, seed):
    g = np.random.default_rng(seed)
    y = x * 2.0
    for _ in range(2):
        y = y + g.normal(x)
    if y > 1:
        y = y * g.uniform()
    return y


@pytest.mark.parametrize("f", [of_a_seed, of_a_seed_and_more])
@pytest.mark.parametrize(("seed", "axis"), [(3, None), ([1, 2], None), (np.arange(4), 0), (np.uint32(7), None)])
def test_seeds_that_are_arguments(f: Callable[..., Any], seed: Any, axis: int | None) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        assert_matches_loop(f, (np.arange(1.0, 5.0), seed), (0, axis))


def test_a_shared_seed_draws_once() -> None:
    text = source_of(of_a_seed, np.arange(4.0), 3, in_axes=(0, None))
    assert "g.normal(size=2)" in text
    assert "for" not in text


# --- randomness= -----------------------------------------------------------------------------------------------------


def states_kept(f: Callable[..., Any], generator: Any, size: int, *args: Any) -> Any:
    """Each example with a copy of the generator in one and the same state: what "same" means."""
    return np.stack([np.asarray(f(*(a[i] for a in args), copy.deepcopy(generator))) for i in range(size)])


@pytest.mark.usefixtures("fallbacks_allowed")
@pytest.mark.parametrize("f", [walk, walk_out, total, table, branches, coin, first_head, listed, called, noise, ranges])
@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_same_is_the_same_for_all(f: Callable[..., Any], kind: str) -> None:
    x = np.linspace(0, 1, SIZE)
    got = vmap(f, (0, None), randomness="same")(x, MADE[kind]())
    np.testing.assert_allclose(got, states_kept(f, MADE[kind](), SIZE, x), rtol=1e-12)


def test_same_needs_no_loop() -> None:
    def f(x, g):
        z = g.normal(size=3)
        return x * z, z

    scaled, z = vmap(f, (0, None), randomness="same", strict=True)(np.ones(100_000), rng())
    assert (scaled == scaled[0]).all()
    assert (z == z[0]).all()
    drawn = vmap(lambda x, g: g.normal(), (0, None), out_axes=None, randomness="same")(np.zeros(3), rng(9))
    assert drawn == rng(9).normal()


@pytest.mark.usefixtures("fallbacks_allowed")
def test_same_along_one_axis_of_two() -> None:
    def f(x, y, g):
        return x * 0 + y * 0 + g.normal()

    def awkward(x, y, g):
        if x + y >= 0:
            return g.normal()
        return x

    for function in (f, awkward):
        for outer, inner, distinct in (("same", "different", 1), ("different", "same", 0)):
            both = vmap(vmap(function, (None, 0, None), randomness=inner), (0, None, None), randomness=outer)
            got = both(np.zeros(4), np.zeros(5), rng())
            assert len(np.unique(got)) == got.shape[distinct]
            assert (np.ptp(got, axis=1 - distinct) == 0).all()


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (noise, (SHARED,)),
        (walk_out, (np.random.RandomState(0),)),
        (from_a_global, ()),
        (without_a_seed, ()),
        (lambda x: x + np.random.normal(), ()),
        (Sampler().twice, ()),
        (called, (SHARED,)),
    ],
)
def test_error_raises(f: Callable[..., Any], args: Any) -> None:
    with pytest.raises(VectorizeError, match='draws random numbers, and randomness is "error"'):
        vmap(f, (0, *(None for _ in args)), randomness="error")(np.zeros(SIZE), *args)


@pytest.mark.usefixtures("fallbacks_allowed")
def test_error_raises_where_the_function_is_looped() -> None:
    def f(x, g):
        def gen():
            yield g.normal()

        return x + next(gen())

    with pytest.raises(VectorizeError, match='draws random numbers, and randomness is "error"'):
        vmap(f, (0, None), randomness="error")(np.zeros(SIZE), rng())


def test_error_names_the_line() -> None:
    with pytest.raises(VectorizeError, match=r"test_random.py:\d+: noise: g.normal draws random numbers"):
        vmap(noise, (0, None), randomness="error")(np.zeros(SIZE), rng())


def test_no_error_where_nothing_is_drawn() -> None:
    x = np.arange(3.0)
    np.testing.assert_array_equal(vmap(lambda x: x + 1, randomness="error")(x), x + 1)
    got = vmap(seeded_plain, randomness="error", strict=True)(x)
    np.testing.assert_array_equal(got, [seeded_plain(one) for one in x])


@pytest.mark.parametrize("word", ["other", None, "SAME"])
def test_randomness_is_one_of_three(word: Any) -> None:
    with pytest.raises(VectorizeValueError, match="randomness is"):
        vmap(noise, randomness=word)


# --- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("fallbacks_allowed")
@pytest.mark.parametrize("f", [walk, total, table, listed, called, branches, coin, walk_out, first_head])
def test_jit_draws_what_the_function_draws(f: Callable[..., Any]) -> None:
    one, other = rng(5), rng(5)
    np.testing.assert_allclose(jit(f)(0.7, one), f(0.7, other), rtol=1e-12)
    assert one.bit_generator.state == other.bit_generator.state


def test_a_check_does_not_compare_draws() -> None:
    checked = vmap(noise, (0, None), check=True, strict=True)
    assert len(np.unique(checked(np.zeros(SIZE), rng()))) == SIZE


def test_large_batches_in_blocks_draw_apart() -> None:
    def f(x, g):
        z = g.normal()
        return np.exp(-z * z) + np.sin(x) * np.cos(x) + x * z - 2.0

    x = np.zeros(200_000)
    drawn = vmap(f, (0, None))(x, rng())
    assert len(np.unique(drawn)) > 0.99 * len(drawn)
    same = vmap(f, (0, None), randomness="same")(x, rng())
    assert len(np.unique(same)) == 1


@pytest.mark.usefixtures("fallbacks_allowed")
@pytest.mark.parametrize(
    "f",
    [
        lambda x, g: g.standard_normal(dtype=np.float32),
        lambda x, g: g.random(3, dtype=np.float32),
        lambda x, g: g.integers(5, dtype=np.int8),
        lambda x, g: g.integers(5, size=2, dtype="u2"),
        lambda x, g: g.integers(2, dtype=bool),
        lambda x, g: g.integers(0, 4, endpoint=True),
        lambda x, g: g.random(out=np.empty(2)),
        lambda x, g: g.dirichlet(np.array([1.0, 2.0]) + x),
        lambda x, g: g.multivariate_normal(np.zeros(2), np.eye(2) * (1 + x)),
        lambda x, g: g.choice(np.eye(3), axis=1),
        lambda x, g: g.choice(4, 2, replace=False, p=np.array([0.1, 0.2, 0.3, 0.4])),
        lambda x, g: g.normal(size=int(2 + 0 * x)),
    ],
)
def test_what_has_no_rule_or_an_odd_form(f: Callable[..., Any]) -> None:
    x = np.linspace(0, 1, SIZE)
    got, expected = vmap(f, (0, None))(x, rng()), looped(f, x, rng(), in_axes=(0, None))
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    assert len(np.unique(got.reshape(SIZE, -1), axis=0)) > 1
