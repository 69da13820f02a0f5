"""Functions on which a rewriter goes wrong: sizes that coincide, aliases, dtypes, shadowed names, exceptions."""
# ruff: noqa: B006, B008, B018, B023, C408, FURB136, FURB192, PIE790, PIE804, PLR0124 - the traps are the point

import functools
import math
import numbers
import warnings

import numpy as np

from ._make import N, Spec, Suite, bools, const, distinct, each, floats, ints, positive, tree

case = Suite(__name__)

WEIGHTS = np.array([1.0, 2.0, 3.0])
TABLE = np.arange(12.0).reshape(3, 4)
FACTORS = [0.5, 1.5, 2.5]
SCALE = 3
COUNTS = {"calls": 0}


# --- an example's axis as long as the batch ---


def outer_sum(x, y):
    return x[:, None] + y


case(outer_sum, floats(N), floats(N))
case(outer_sum, floats(N, axis=None), floats(N), name="outer_sum_left_shared")


def square_times_vector(A, x):
    return A * x, A @ x, x @ A, A + x[:, None], A.sum(axis=0) * x


case(square_times_vector, floats(N, N), floats(N))
case(square_times_vector, floats(N, N, axis=None), floats(N), name="square_times_vector_shared_matrix")
case(square_times_vector, floats(N, N, axis=-1), floats(N, axis=None), name="square_times_vector_shared_vector")


def scalar_times_shared(s, x):
    return s * x, np.where(s > 0, x, s)


case(scalar_times_shared, floats(), floats(N, axis=None))


def index_square(A, i, x):
    return A[i], A[:, i], x[i] * A


case(index_square, floats(N, N), const(0), floats(N))
case(index_square, floats(7, 7), ints(high=7), floats(7), name="index_square_varying")


def solve_square(A, b):
    # b is one vector here, also where a stack of them has the shape of a matrix
    return np.linalg.solve(A + 10 * np.eye(len(b)), b)


case(solve_square, floats(N, N), floats(N))
case(solve_square, floats(N, N, axis=None), floats(N), name="solve_square_shared_matrix")


def iterate_as_batch(x):
    total = 0.0
    for v in x:
        total = 2 * total + v
    first, *rest = x
    return total, first + sum(rest)


case(iterate_as_batch, floats(N))


def stacked_square(x):
    return np.array([x, x + 1]), np.stack([x, x], axis=-1), np.concatenate([x, x[::-1]])


case(stacked_square, floats(N))


def uniform_condition_on_length(x):
    if len(x) > 3:
        return x[:3].sum()
    return x.sum() * 10


case(uniform_condition_on_length, floats(N))


def cube_sized(T):
    return T.sum(axis=1), T.transpose(2, 0, 1), T[0], T[:, -1], T @ T[0]


case(cube_sized, floats(3, 3, 3))
case(cube_sized, floats(3, 3, 3, axis=2), name="cube_sized_axis_2")


# --- results that ignore the batch ---


def constant(x):
    return 3


case(constant, floats())


def constant_array(x):
    return np.arange(3), WEIGHTS


case(constant_array, floats(2))


def only_shared(x, y):
    return y * 2


case(only_shared, floats(), floats(4, axis=None))


def python_results(x):
    return 1, 2.5, True, 3j, len(x), {"n": x.ndim}


case(python_results, floats(4))


def literal_beside_float32(x):
    if x > 0:
        return x
    return 0.0


case(literal_beside_float32, floats(dtype=np.float32))


def int_literal_beside_float32(x):
    y = 0
    if x > 0:
        y = x * x
    return y


case(int_literal_beside_float32, floats(dtype=np.float32))


def where_literal_float32(x):
    return np.where(x > 0, x, 0.0), np.where(x > 0, 1.0, 0.0), np.maximum(x, 0)


case(where_literal_float32, floats(4, dtype=np.float32))
case(where_literal_float32, floats(dtype=np.float32), name="where_literal_float32_scalar")


# --- dtypes ---


def int8_wrap(x):
    return x + x, x * x, -x, x.sum(), np.cumsum(x)


case(int8_wrap, ints(5, low=-120, high=120, dtype=np.int8))


def uint8_difference(a, b):
    return a - b, np.abs(a.astype(int) - b), np.where(a > b, a - b, b - a)


case(uint8_difference, ints(5, high=256, dtype=np.uint8), ints(5, high=256, dtype=np.uint8))


def uint8_mean(a, b):
    return (a // 2) + (b // 2), (a + b) / 2, a / 255, 0.5 * a


case(uint8_mean, ints(4, high=256, dtype=np.uint8), ints(4, high=256, dtype=np.uint8))


def int64_overflow(x):
    # a linear congruential generator on arrays wraps silently
    for _ in range(3):
        x = x * 6364136223846793005 + 1442695040888963407
    return x


case(int64_overflow, ints(3, high=1000))


def scalar_overflow_warns(n):
    p = n
    for _ in range(5):
        p = p * n
    return p


case(scalar_overflow_warns, each([2, 100000, 3]), tags="warns", native=False)


def factorial_of_int(n):
    # Python's integers after int()
    p = 1
    for k in range(2, int(n) + 1):
        p *= k
    return float(p)


case(factorial_of_int, ints(high=30), native=False)


def float32_accumulate(x):
    s = np.float32(0)
    for v in x:
        s += v * 0.1
    return s, x.mean(), x.sum(dtype=np.float64), s + 1


case(float32_accumulate, floats(9, dtype=np.float32))


def float32_meets_float64(x, w):
    return x * w, x * w[0], x[0] * w, x + np.float64(1), x + 1.0, x + np.array(1.0)


case(float32_meets_float64, floats(3, dtype=np.float32), floats(3))
case(float32_meets_float64, floats(3, dtype=np.float32), floats(3, axis=None), name="float32_meets_float64_shared")


def int_true_division(n, d):
    return n / d, n // d, n % d, divmod(n, d), math.fmod(n, d), np.fmod(n, d), int(n / d)


case(int_true_division, ints(low=-20, high=20), each([3, -4, 7, -1]))


def float_floor(x, d):
    return x // d, x % d, math.floor(x / d), int(x), round(x), np.round(x), math.trunc(-x), np.fix(x)


case(float_floor, floats(low=-9, high=9), each([2.0, -0.75]))


def rounding(x):
    return round(x), round(x, 1), np.round(x, 2), np.rint(x), math.floor(x + 0.5), int(x + 0.5)


case(rounding, each([0.5, 1.5, 2.5, -0.5, -1.5, 0.125, 2.675]))


def casts_of_scalars(x):
    return int(x), float(x), bool(x), complex(x), int(x > 0), float(int(x)) / 2


case(casts_of_scalars, each([0.0, -1.7, 2.2, 1e6]))


def isinstance_guard(x):
    if isinstance(x, int):
        return x // 2
    if isinstance(x, float):
        return x / 2
    raise TypeError(type(x))


case(isinstance_guard, floats())


def number_guard(x):
    if isinstance(x, (int, np.integer)):
        return x // 2
    if isinstance(x, numbers.Real):
        return x / 2
    raise TypeError("not a number")


case(number_guard, ints(), name="number_guard_int")
case(number_guard, floats(dtype=np.float32), name="number_guard_float32")


def numpy_guard(x):
    if isinstance(x, np.ndarray) and x.ndim == 1:
        return x.sum()
    if np.isscalar(x) or np.ndim(x) == 0:
        return 2.0 * x
    raise TypeError("neither a vector nor a number")


case(numpy_guard, floats(3))
case(numpy_guard, floats(), name="numpy_guard_scalar")


def float_power(x, k):
    return x**k, x**-1, x**0.5, 2.0**k, (-1.0) ** k, x**2


case(float_power, positive(), ints(high=5))


def negative_integer_power(n, k):
    # NumPy integers refuse negative integer powers, Python's give floats
    return float(n) ** int(k), int(n) ** 2


case(negative_integer_power, ints(low=1, high=6), each([-2, 3, 0, -1]))


def integer_power_raises(n, k):
    return n**k


case(integer_power_raises, ints(low=1, high=6), each([2, -1, 3]), tags="raises")


def dtype_dependent(x):
    if x.dtype == np.float32:
        return x * 2
    if np.issubdtype(x.dtype, np.integer):
        return x + 1
    return x.astype(np.float32)


case(dtype_dependent, floats(3))
case(dtype_dependent, floats(3, dtype=np.float32), name="dtype_dependent_float32")
case(dtype_dependent, ints(3), name="dtype_dependent_int")


def integer_buffer_truncates(x):
    out = np.zeros(len(x), dtype=int)
    for i in range(len(x)):
        out[i] = x[i] * 10
    out[0] = x[0]
    return out


case(integer_buffer_truncates, floats(4))


def zeros_like_of_ints(n, x):
    out = np.zeros_like(n)
    out[:] = x
    out[0] = 2.9
    return out + 0.5


case(zeros_like_of_ints, ints(3), floats(3, low=-9, high=9))


def bool_arithmetic(a, b):
    return a + b, a * b, a & b, a.sum(), a * 2.5, (a == b).mean(), True + a[0]


case(bool_arithmetic, bools(4), bools(4))


def negative_zero_and_nan(x):
    return max(x, 0.0), min(x, 0.0), np.maximum(x, 0.0), np.sign(x), x == x, 1.0 if x else 2.0


case(negative_zero_and_nan, each([-0.0, 0.0, 1.0, np.nan, -1.0]))


def builtin_max_of_nan(x):
    return max(x), min(x), np.nanmax(x), sorted(x[1:])[0]


case(builtin_max_of_nan, each(np.array([[np.nan, 1.0, 2.0], [1.0, 2.5, 2.0], [0.0, -1.0, 3.0]])))


# --- mutation and aliases ---


def chained_buffers(x):
    a = b = np.zeros(3)
    a[0] = x[0]
    b[1] = x[1]
    return a, b


case(chained_buffers, floats(3))


def augmented_on_alias(x):
    y = x.copy()
    z = y
    z += 1
    z = z + 1
    return y, z


case(augmented_on_alias, floats(3))


def augmented_argument(x):
    # += on an array writes to the caller's
    y = x
    y += 10
    return y.sum()


case(augmented_argument, floats(3), tags="mutates")


def rebound_argument(x):
    x = x + 1
    x[0] = 0
    return x


case(rebound_argument, floats(3))


def scalar_augmented(x):
    y = x
    y += 10
    return x, y


case(scalar_augmented, floats())


def rows_written_through(A):
    B = A.copy()
    for i in range(len(B)):
        row = B[i]
        row[:] = row / np.abs(row).sum()
        row[0] += i
    return B


case(rows_written_through, floats(3, 4))


def rows_by_iteration(A):
    for row in A:
        row -= row.mean()
    return A[0]


case(rows_by_iteration, floats(3, 4), tags="mutates")


def column_view(A):
    column = A[:, 1]
    before = column.copy()
    A[0, 1] = 100.0
    return before, column


case(column_view, floats(3, 4), tags="mutates")


def reshape_is_a_view(x):
    B = np.zeros((2, 3))
    flat = B.reshape(6)
    flat[1:4] = x
    ravelled = B.ravel()
    ravelled[0] = -1
    B.T[2, 1] = x[0]
    return B


case(reshape_is_a_view, floats(3))


def fancy_index_is_a_copy(x, idx):
    y = x[idx]
    y[0] = 100.0
    z = x[1:]
    z[-1] = -100.0
    return y, x.copy()


case(fancy_index_is_a_copy, floats(5), ints(3, high=5), tags="mutates")


def overlapping_store(x):
    x[1:] = x[:-1]
    x[:-1] += x[1:]
    return x.copy()


case(overlapping_store, floats(6), tags="mutates")


def sort_in_place(x):
    y = x.copy()
    y.sort()
    x.sort()
    x[::-1].sort()
    return y


case(sort_in_place, distinct(5), tags="mutates")


def swap_elements(x, i, j):
    x = x.copy()
    x[i], x[j] = x[j], x[i]
    return x


case(swap_elements, floats(5), ints(high=5), ints(high=5))
case(swap_elements, floats(5), const(0), const(-1), name="swap_elements_uniform")


def swap_rows_with_views(A):
    # the first row is lost: the right side holds views
    A = A.copy()
    A[0], A[1] = A[1], A[0]
    B = A.copy()
    B[[0, 2]] = B[[2, 0]]
    return A, B


case(swap_rows_with_views, floats(3, 2))


def rotate_names(a, b, c):
    for _ in range(4):
        a, b, c = b, c, a + b
    return a, b, c


case(rotate_names, floats(), floats(), floats())


def list_of_the_same_list(x):
    rows = [[0.0] * 2] * 2
    rows[0][1] = x
    return rows


case(list_of_the_same_list, floats(), native=False)


def list_alias(x):
    a = [x, x + 1]
    b = a
    b.append(x + 2)
    c = list(a)
    c[0] = 0.0
    return a, c, len(b)


case(list_alias, floats())


def writes_to_shared(x, buffer):
    # every example adds to one buffer: order matters
    buffer[0] += x
    return buffer[0] * 2


case(writes_to_shared, floats(), floats(2, axis=None), native=False, tags="mutates")


def dict_argument_changed(d):
    d = dict(d)
    d["x"] = d["x"] * 2
    d["sum"] = d["x"] + d["y"]
    return d


case(dict_argument_changed, tree({"x": floats(2), "y": floats(2)}))


def store_from_slice_of_self(x):
    for i in range(1, len(x)):
        x[i] = x[i - 1] + x[i]
    return x[-1]


case(store_from_slice_of_self, floats(5), tags="mutates")


def conditional_store(x, t):
    if x[0] > t:
        x[0] = t
        x[1:] *= 0.5
    return x.sum()


case(conditional_store, floats(4), floats(), tags="mutates")


# --- names ---


def shadowed_builtins(x):
    sum = 0
    max = x[0]
    len = 2.0
    for list in x:
        sum += list * len
        max = max if max > list else list
    return sum, max


case(shadowed_builtins, floats(5))


def shadowed_numpy(x):
    import math as np

    return np.sqrt(x) + np.floor(x)


case(shadowed_numpy, positive())


def abs_rebound(x):
    def abs(v):
        return v + 100

    return abs(x), np.abs(x)


case(abs_rebound, floats())


def names_of_the_machinery(batch, lanes, active, mask, axis, out, result, index):
    # names that generated code likes to use
    if batch > 0:
        lanes = lanes + batch
    while active < 3:
        active = active + 1
        mask = mask * 2
    out = out + index
    result = result - axis
    return batch, lanes, active, mask, axis, out, result


case(names_of_the_machinery, floats(), floats(), floats(), floats(), floats(), floats(2), floats(2), floats(2))


def helper(x):
    return x * 2


def local_named_like_a_helper(x):
    y = helper(x)

    def inner(helper):
        return helper + 1

    lorenz = inner(y)
    return lorenz, [helper(v) for v in (x, y)]


case(local_named_like_a_helper, floats())


def comprehension_scope(x):
    i = 10
    squares = [i * v for i, v in enumerate(x)]
    return i, squares


case(comprehension_scope, floats(3))


# --- loops ---


def loop_variable_after(x):
    for i in range(len(x)):
        if x[i] > 1:
            break
    return i, x[i]


case(loop_variable_after, floats(5))


def value_after_loop(x):
    for _k, v in enumerate(x):
        v = v * 2
    return v


case(value_after_loop, floats(4))


def loop_variable_modified(x):
    total = 0.0
    for i in range(4):
        i = 2 * i % 5
        total += i * x[i]
    return total, i


case(loop_variable_modified, floats(5))


def zero_trips(x, n):
    y = x
    for _ in range(n):
        y = y * 2 + 1
    while n > 2:
        y = y - 1
        n -= 1
    return y


case(zero_trips, floats(2), const(0))
case(zero_trips, floats(2), each([0, 3, 1]), name="zero_trips_varying")


def empty_array(x):
    s = 0.0
    for v in x[5:]:
        s += v
    return s, sum(x[5:]), x[5:].sum(), len(x[5:])


case(empty_array, floats(4))


def unbound_when_no_trip(x):
    for v in x:
        if v > 0:
            hit = v
    return hit


case(unbound_when_no_trip, each(np.array([[1.0, -1.0], [-2.0, -1.0], [0.5, 0.25]])), tags="raises")


def reads_while_appending(x):
    values = [x]
    for v in values:
        if len(values) < 5:
            values.append(v * 2 + 1)
    return values


case(reads_while_appending, floats())


def wraps_around(x):
    # x[i - 1] at i = 0 is the last element
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = x[i] - x[i - 1]
    return out


case(wraps_around, floats(5))


def wraps_around_2d(u):
    v = np.empty_like(u)
    n, m = u.shape
    for i in range(n):
        for j in range(m):
            v[i, j] = u[i - 1, j] + u[(i + 1) % n, j] + u[i, j - 1] + u[i, j - m + 1]
    return v


case(wraps_around_2d, floats(3, 4))


def out_of_range(x, i):
    return x[i + 1]


case(out_of_range, floats(4), each([0, 2, 3]), tags="raises")


def out_of_range_in_loop(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i + 1] if x[i] > 0 else 0.0
    return total


case(out_of_range_in_loop, each(np.array([[1.0, -1.0], [1.0, 2.0], [-1.0, -1.0]])), tags="raises")


def slices_clamp(x, k):
    return x[k:].sum(), x[:k].sum(), x[-k:].sum(), x[k : k + 2].sum()


case(slices_clamp, floats(5), ints(low=0, high=9))


def sequential_dependence(x, idx):
    # a gather that may read what was just written
    y = x.copy()
    for i in range(len(y)):
        y[i] = y[idx[i]] + 1
    return y


case(sequential_dependence, floats(5), ints(5, high=5))


def overwritten_in_order(x, idx):
    y = np.zeros(4)
    for i in range(len(idx)):
        y[idx[i]] = x[i]
        y[idx[i] - 1] += 0.5
    return y


case(overwritten_in_order, floats(6), ints(6, high=4))


def induction_variable(x):
    k = 0
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[k] + k
        k += 2
    return out, k


case(induction_variable, floats(6))


def accumulate_before_and_after(x):
    s = 0.0
    before, after = np.zeros_like(x), np.zeros_like(x)
    for i in range(len(x)):
        before[i] = s
        s += x[i]
        after[i] = s
    return before, after


case(accumulate_before_and_after, floats(5))


def argmax_ties_and_nan(x):
    best, at = -np.inf, -1
    for i, v in enumerate(x):
        if v >= best:
            best, at = v, i
    return at, np.argmax(x)


case(argmax_ties_and_nan, each(np.array([[1.0, 1.0, 0.0], [np.nan, 2.0, 2.0], [0.0, np.nan, -1.0]])))


def while_over_pointer(x):
    i, out = 0, np.zeros(len(x))
    while i < len(x):
        step = 2 if x[i] > 0 else 1
        out[i] = step
        i += step
    return out, i


case(while_over_pointer, floats(7))


def generator_once(x):
    g = (v * 2 for v in x)
    first = next(g)
    return first, sum(g), sum(g)


case(generator_once, floats(4), native=False)


# --- closures, defaults, globals ---


def late_binding(x):
    functions = [lambda v: v * k for k in range(3)]
    return [f(x) for f in functions]


case(late_binding, floats())


def early_binding(x):
    functions = [lambda v, k=k: v * k for k in range(3)]
    return sum(f(x) for f in functions)


case(early_binding, floats())


def closure_sees_rebinding(x):
    scale = 2.0

    def scaled(v):
        return scale * v

    first = scaled(x)
    scale = x + 1
    return first, scaled(x)


case(closure_sees_rebinding, floats())


def nonlocal_counter(x):
    total = 0.0

    def add(v):
        nonlocal total
        total += v
        return total

    for v in x:
        add(v)
    return total, add(1.0)


case(nonlocal_counter, floats(4))


def mutable_default(x, history=[]):
    # the list grows from call to call, but only the call's own entry is read
    history.append(1.0)
    return x + history[-1]


case(mutable_default, floats(), native=False)


def array_default(x, w=np.array([1.0, -1.0])):
    return x @ w


case(array_default, floats(2))


def _affine(slope, intercept=0.5):
    def f(x):
        return slope * x + intercept

    return f


case(_affine(2.0), floats(3), name="closure_affine")
case(_affine(np.array([1.0, 2.0, 3.0])), floats(3), name="closure_affine_array")
case(_affine(np.float32(2.0), 1), floats(3, dtype=np.float32), name="closure_affine_float32")


def partial_target(scale, x, *, shift=0.0):
    return scale * x + shift


case(functools.partial(partial_target, 2.0, shift=1.0), floats(3), name="partial_of_function")
case(lambda x: np.sin(x) + SCALE, floats(3), name="lambda_with_global")


def global_tables(x, i):
    return x @ WEIGHTS, WEIGHTS[i] * SCALE, TABLE[i], TABLE[:, i], FACTORS[1] * x, TABLE @ np.ones(4) + x


case(global_tables, floats(3), ints(high=3))


def global_list_indexed(i):
    return FACTORS[i], (10, 20, 30)[i], [1, 2.5, 3][i]


case(global_list_indexed, ints(high=3))


def counts_calls(x):
    COUNTS["calls"] += 1
    return x


case(counts_calls, floats(), native=False)


class Model:
    """Parameters as attributes, a method for one example."""

    bias = 0.25

    def __init__(self, w):
        self.w = w

    def activation(self, z):
        return np.tanh(z) if self.bias else z

    def predict(self, x):
        return self.activation(self.w @ x + self.bias)

    def __call__(self, x):
        return self.predict(x) * 2

    @staticmethod
    def square(x):
        return x * x

    @classmethod
    def shifted(cls, x):
        return x + cls.bias


MODEL = Model(np.array([0.5, -1.0, 2.0]))
case(MODEL.predict, floats(3), name="bound_method")
case(MODEL, floats(3), name="callable_object")
case(Model.square, floats(3), name="static_method")
case(Model.shifted, floats(3), name="class_method")


def uses_object(model, x):
    return model.predict(x) - model.w.sum()


case(uses_object, const(MODEL), floats(3))


# --- signatures ---


def star_args(*args):
    total = args[0]
    for a in args[1:]:
        total = total + a
    return total, len(args)


case(star_args, floats(2), floats(2), floats(2))


def keyword_only(x, *, power=2, shift=0.5):
    return x**power + shift


case(keyword_only, floats(3))


def positional_only(x, y=2.0, /, z=1.0):
    return x * y + z


case(positional_only, floats(), floats())


def none_default(x, w=None):
    if w is None:
        w = np.ones_like(x)
    return (w * x).sum() / w.sum()


case(none_default, floats(4))
case(none_default, floats(4), positive(4), name="none_default_given")
case(none_default, floats(4), const(None), name="none_default_explicit")


def string_mode(x, mode="max"):
    if mode == "max":
        return x.max()
    elif mode in ("mean", "average"):
        return x.mean()
    return getattr(np, mode)(x)


case(string_mode, floats(4))
case(string_mode, floats(4), const("mean"), name="string_mode_mean")
case(string_mode, floats(4), const("median"), name="string_mode_by_getattr")


def function_argument(f, x, *rest):
    return f(x, *rest)


case(function_argument, const(np.hypot), floats(3), floats(3))
case(function_argument, const(lambda a, b: a - 2 * b), floats(3), floats(), name="function_argument_lambda")


def star_unpacking(x):
    first, *middle, last = x
    pair = (first, last)
    a, b, *c = (*pair, *middle)
    return np.array([a, b, *c]), max(*pair), np.stack([*middle])


case(star_unpacking, floats(5))


def double_star(x):
    options = dict(axis=0, keepdims=True)
    return np.sum(x, **options), keyword_only(x, **{"power": 3})


case(double_star, floats(3))


def shape_unpack(A):
    (rows, cols), n = A.shape, A.size
    half = rows // 2
    return A[:half].sum() / (half * cols), A[half:, : cols // 2], n, A.reshape(cols, rows)[0]


case(shape_unpack, floats(4, 3))
case(shape_unpack, floats(4, 3, axis=1), name="shape_unpack_axis_1")


def rank_dependent(x):
    if x.ndim == 0:
        return x * 2
    if x.ndim == 1:
        return x.sum()
    return np.trace(x)


case(rank_dependent, floats(), name="rank_dependent_0")
case(rank_dependent, floats(3), name="rank_dependent_1")
case(rank_dependent, floats(3, 3), name="rank_dependent_2")


def negative_axes(T, axis=-1):
    return np.cumsum(T, axis=axis).max(axis=axis), np.expand_dims(T, axis), np.concatenate([T, T], axis=axis)


case(negative_axes, floats(2, 3))
case(negative_axes, floats(2, 3), const(0), name="negative_axes_zero")


def axis_none(A):
    return np.argmax(A), np.cumsum(A), np.concatenate([A, A], axis=None), np.roll(A, 2), np.repeat(A, 2), np.take(A, 4)


case(axis_none, distinct(3, 3))


def truth_of_array_size_one(x):
    if x[:1] > 0:
        return x.item(0)
    return x[1].item()


case(truth_of_array_size_one, floats(2))


def ambiguous_truth(x):
    if x > 0:
        return 1.0
    return 0.0


case(ambiguous_truth, floats(2), tags="raises")


# --- exceptions and warnings ---


def untaken_branches(x):
    # what is not taken must not warn
    if x > 0:
        y = np.log(x) + math.sqrt(x)
    elif x < 0:
        y = 1 / np.abs(x)
    else:
        y = 0.0
    z = np.sqrt(-x) if x < 0 else x
    return y, z


case(untaken_branches, each([0.0, 2.0, -1.0, np.inf]))


def nan_in_untaken(x, t):
    w = x / t if t != 0 else x * np.inf if x else 0.0
    return w, w if w == w else -1.0


case(nan_in_untaken, floats(), each([0.0, 2.0]))


def array_guard(x):
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, np.log(safe), -np.inf)


case(array_guard, floats(5))


def divide_warns(a, b):
    return a / b


case(divide_warns, floats(), each([1.0, 0.0, 2.0]), tags="warns")


def zero_division_caught(a, b):
    try:
        r = int(a) // int(b)
    except ZeroDivisionError:
        r = -1
    else:
        r += 100
    finally:
        r2 = 7
    return r, r2


case(zero_division_caught, ints(), each([0, 3, -2]))


def int_zero_division_raises(a, b):
    return int(a) % int(b)


case(int_zero_division_raises, ints(), each([3, 0, 2]), tags="raises")


def two_kinds_of_errors(x, i):
    if x[i] < 0:
        raise ValueError(f"x[{i}] = {x[i]}")
    return math.log(x[i])


case(two_kinds_of_errors, each(np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])), each([0, 1, 0]), tags="raises")


def late_example_raises(x):
    for _ in range(3):
        assert x < 6.5, "too large"
        x = x + 1
    return x


case(late_example_raises, Spec(lambda rng, n: np.arange(n, dtype=float)), tags="raises")


def stores_before_raising(x):
    x[0] = 0.0
    if x[1] < 0:
        raise RuntimeError("negative")
    return x.sum()


case(stores_before_raising, each(np.array([[1.0, 2.0], [3.0, -1.0], [4.0, 1.0]])), tags=("raises", "mutates"))


def user_warning(x):
    if x > 1:
        warnings.warn("large", UserWarning, stacklevel=2)
    return x


case(user_warning, each([0.5, 1.5, 2.5]), tags="warns", native=False)


def errstate_inside(a, b):
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.true_divide(a, b)
    return np.where(np.isfinite(r), r, 0.0)


case(errstate_inside, ints(4), ints(4, high=3))


def singular_raises(A, b):
    return np.linalg.solve(A, b)


case(
    singular_raises,
    each(np.array([[[2.0, 0], [0, 1]], [[1, 1], [1, 1]], [[1, 2], [3, 4]]])),
    floats(2),
    tags="raises",
)


# --- data-dependent shapes ---


def masks_reduced(x):
    kept = x[x > 0]
    return kept.size, kept.sum(), np.flatnonzero(x < 5)[0], np.unique(np.sign(x)).size


case(masks_reduced, floats(6))


def first_nonzero(x):
    where = np.nonzero(x > 0)[0]
    if len(where) == 0:
        return -1
    return where[0]


case(first_nonzero, floats(3))


def argwhere_count(A):
    return len(np.argwhere(A > 0)), np.count_nonzero(A > 0, axis=1)


case(argwhere_count, floats(3, 4))


def filtered_list_mean(x):
    kept = [v for v in x if v > -1]
    return sum(kept) / max(len(kept), 1), len(kept)


case(filtered_list_mean, floats(5))


def ragged_returns(x):
    # the shapes agree in the end
    kept = np.array([v for v in x if v > 0])
    out = np.zeros(len(x))
    out[: len(kept)] = kept
    return out


case(ragged_returns, floats(5), native=False)


def shapes_disagree(x):
    return x[x > 0]


case(shapes_disagree, each(np.array([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]])), tags="raises", native=False)


# --- odd statements ---


def expression_statements(x):
    """A docstring, and statements without effect."""
    x
    x + 1
    ...
    pass
    del_me = x * 2
    del del_me
    y: float = x + 1
    return y


case(expression_statements, floats())


def walrus_in_comprehension(x):
    return [y := v * 2, y + 1, max(y for v in (1.0, y))] if (v := x + 1) > 0 else [v, v, v]


case(walrus_in_comprehension, floats())


def nested_ternary_and_lambda(x):
    pick = (lambda a: a * 2) if x > 0 else (lambda a: a - 2)
    return pick(x) if abs(x) < 1 else (pick(pick(x)) if x > 0 else pick(-x))


case(nested_ternary_and_lambda, floats())


def match_on_ints(kind, x, y):
    match kind % 4:
        case 0:
            z = x + y
        case 1:
            z = x - y
        case 2 if y != 0:
            z = x / y
        case _:
            z = 0
    return z


case(match_on_ints, ints(high=12), floats(), each([0.0, 1.0, 2.0]))


def operator_functions(x, y):
    import operator

    return functools.reduce(operator.add, [x, y, x]), operator.mul(x, y), functools.reduce(lambda a, b: a * b, x, 1.0)


case(operator_functions, floats(3), floats(3))


def boolean_of_many(x, y):
    return x > 0 and y > 0, x > 0 or y, not (x > 0), (x > 0) == (y > 0), x > 0 > y, 0 < x != y


case(boolean_of_many, floats(), floats())


def string_formatting_is_unused(x):
    label = f"{x:.3f}"
    return x + len("abc"), len(label) > 0


case(string_formatting_is_unused, floats(), native=False)


def identity(x):
    return x


case(identity, floats(3))
case(identity, floats(3, axis=-1), name="identity_last_axis")
case(identity, floats(dtype=np.float16), name="identity_float16")
case(identity, tree({"a": floats(2), "b": tree((floats(), ints(3)))}), name="identity_tree")
