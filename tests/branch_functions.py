"""Functions with data-dependent control flow, as scientists write them.

The letters of a case say what its arguments are: `v` a vector of five numbers, `s` a number, `p` a number above zero,
`n` an integer from 0 to 6, `m` one from 1 to 8, `z` one of -1.0, 0.0 and 1.0, `i` integers from -3 to 8.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    function: Callable[..., Any]
    kinds: str


CASES: dict[str, Case] = {}


def case(kinds: str) -> Callable[..., Any]:
    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        CASES[function.__name__] = Case(function, kinds)
        return function

    return add


# --- variables that some examples do not set -------------------------------------------------------------------------


@case("ss")
def same_condition_twice(a, b):
    positive = a > 0
    if positive:
        root = math.sqrt(a)
    total = b
    if positive:
        total = total + root
    return total


@case("ss")
def either_of_two(a, b):
    if a > 0:
        gain = a * 2
    else:
        loss = b
    if a > 0:
        return gain
    return loss


@case("ss")
def flag_and_value(a, b):
    hit = False
    if a > b:
        hit = True
        excess = a - b
    return excess if hit else 0.0


@case("sss")
def real_roots(a, b, c):
    d = b * b - 4 * a * c
    if d >= 0:
        r1 = (-b - math.sqrt(d)) / (2 * a)
        r2 = (-b + math.sqrt(d)) / (2 * a)
    if d < 0:
        return -1.0
    return max(r1, r2)


@case("ss")
def all_cases_of_elif(a, b):
    if a > 1:
        rate = b
    elif a > 0:
        rate = b * 2
    elif a <= 0:
        rate = -b
    return rate


@case("n")
def case_by_case(n):
    k = n % 3
    if k == 0:
        weight = 1.5
    if k == 1:
        weight = 2.5
    if k == 2:
        weight = 3.5
    return weight * n


@case("vs")
def array_on_one_branch(x, t):
    if t > 0:
        shifted = x - t
    if t > 0:
        return shifted.sum()
    return x.sum()


@case("vs")
def two_names_at_once(x, t):
    if t > 0:
        a, b = x[0], x[1]
    elif t > -1:
        a = b = t
    else:
        return t
    return a * b


@case("vs")
def last_above(x, t):
    found = False
    for i in range(len(x)):
        if x[i] > t:
            found = True
            where = i
    if found:
        return where
    return -1


@case("vs")
def first_above_or_zero(x, t):
    found = False
    for v in x:
        if v > t:
            found = True
            first = v
            break
    if not found:
        first = 0.0
    return first


@case("vs")
def closest_pair(x, t):
    best = np.inf
    for i in range(5):
        for j in range(i):
            d = abs(x[i] - x[j])
            if d < best:
                best = d
                bi, bj = i, j
    return bi, bj, best


@case("vs")
def carried_from_an_earlier_step(x, t):
    total = 0.0
    for v in x:
        if v > t:
            total += v
            previous = v
        elif total > 0:
            total += previous
    return total


@case("vs")
def hit_in_while(x, t):
    k = 0
    while k < 5:
        if x[k] > t:
            hit = k
            break
        k += 1
    if k < 5:
        return hit * 2
    return -1


@case("vs")
def boolean_on_one_branch(x, t):
    if t > 0:
        rising = x[1] > x[0]
    if t > 0 and rising:
        return 1
    return 0


@case("vs")
def read_in_a_comprehension(x, t):
    if t > 0:
        mean = x.mean()
    return sum(v - mean for v in x) if t > 0 else 0.0


@case("ss")
def set_in_while(a, b):
    k = 0
    while k < 3 or a * k > b and k < 10:
        last = a * k
        k += 1
    return last


@case("m")
def smallest_divisor(n):
    for d in range(2, n + 2):
        if (n + 1) % d == 0:
            break
    return d


@case("m")
def last_of_range(n):
    for i in range(n):
        pass
    return i


@case("vn")
def last_term(x, n):
    total = 0.0
    for i in range(n + 1):
        term = x[i % 5] * 2
        total += term
    return total + term


@case("vs")
def threshold_crossing(x, t):
    """The time of the first crossing, between two samples."""
    crossed = False
    for k in range(1, len(x)):
        if x[k - 1] < t <= x[k]:
            slope = x[k] - x[k - 1]
            time = k - 1 + (t - x[k - 1]) / slope
            crossed = True
            break
    return time if crossed else -1.0


@case("vss")
def schmitt_trigger(x, low, high):
    low, high = min(low, high), max(low, high)
    on = False
    switches = 0
    for k in range(len(x)):
        if not on and x[k] > high:
            on = True
            start = k
        elif on and x[k] < low:
            on = False
            switches += k - start
    return switches


# --- lists of a different length for each example --------------------------------------------------------------------


@case("v")
def mean_of_positive(x):
    positive = []
    for v in x:
        if v > 0:
            positive.append(v)
    return sum(positive) / len(positive) if positive else 0.0


@case("v")
def sum_of_filtered_squares(x):
    return sum([v * v for v in x if v > 0])


@case("v")
def filtered_generator(x):
    return sum(v for v in x if v > 0)


@case("v")
def count_filtered(x):
    return len([v for v in x if v > 0])


@case("v")
def largest_or_default(x):
    return max([v for v in x if v > 0], default=-1.0)


@case("v")
def largest_of_generator_or_default(x):
    return max((v * 2 for v in x if v > 0), default=0.0)


@case("v")
def least_of_positive(x):
    positive = [v for v in x if v > 0]
    if len(positive) > 0:
        return min(positive)
    return 0.0


@case("v")
def first_and_last_kept(x):
    positive = [v for v in x if v > 0]
    if not positive:
        return 0.0
    return positive[0] + positive[-1]


@case("v")
def mean_or_nan(x):
    positive = [v for v in x if v > 0]
    if len(positive) == 0:
        return np.nan
    return np.mean(positive)


@case("v")
def array_of_kept(x):
    return np.array([v for v in x if v > 0]).sum()


@case("v")
def one_item_on_each_branch(x):
    out = []
    for v in x:
        if v > 1:
            out.append(1.0)
        elif v > 0:
            out.append(math.sqrt(v))
        else:
            out.append(0.0)
    return np.array(out)


@case("v")
def count_peaks(x):
    peaks = []
    for i in range(1, len(x) - 1):
        if x[i] > x[i - 1] and x[i] > x[i + 1]:
            peaks.append(i)
    return len(peaks)


@case("v")
def first_peak(x):
    peaks = [i for i in range(1, len(x) - 1) if x[i] > x[i - 1] and x[i] > x[i + 1]]
    return peaks[0] if peaks else -1


@case("v")
def mean_crossing(x):
    crossings = []
    for i in range(1, len(x)):
        if x[i - 1] * x[i] < 0:
            crossings.append(i)
    if not crossings:
        return 0.0
    return np.mean(crossings)


@case("v")
def parted(x):
    below = [v for v in x if v < 0]
    above = [v for v in x if v >= 0]
    return sum(below), sum(above), len(below) - len(above)


@case("v")
def two_lists_at_once(x):
    below = []
    above = []
    for v in x:
        if v < 0:
            below.append(v)
        else:
            above.append(math.sqrt(v))
    a = sum(below) / len(below) if below else 0.0
    b = np.mean(above) if above else 0.0
    return a, b


@case("v")
def logarithms_of_positive(x):
    values = [math.log(v) for v in x if v > 0]
    return sum(values) if values else 0.0


@case("v")
def sum_over_kept(x):
    positive = [v for v in x if v > 0]
    total = 0.0
    for p in positive:
        total += p * p
    return total


@case("v")
def variance_of_positive(x):
    positive = [v for v in x if v > 0]
    n = len(positive)
    if n < 2:
        return 0.0
    mean = sum(positive) / n
    return sum((v - mean) ** 2 for v in positive) / (n - 1)


@case("v")
def span_of_indices(x):
    out = []
    for i, v in enumerate(x):
        if v > 0:
            out.append(i)
    if len(out) == 0:
        return -1
    return out[-1] - out[0]


@case("v")
def quantifiers_with_conditions(x):
    return all(v > 0 for v in x if v > -1), any(v > 1 for v in x if v < 2)


@case("v")
def append_behind_continue(x):
    out = []
    for v in x:
        if v < 0:
            continue
        out.append(math.sqrt(v))
    return sum(out)


@case("i")
def sum_of_positive_integers(x):
    return sum(v for v in x if v > 0)


@case("i")
def count_of_large_integers(x):
    return sum(1 for v in x if v > 2)


# --- sums over what may be nothing -----------------------------------------------------------------------------------


@case("vn")
def sum_of_front(x, n):
    return np.sum(x[:n]) + x[n:].sum()


@case("vn")
def largest_of_front(x, n):
    return max(x[:n]) if n > 0 else 0.0


@case("n")
def sum_of_squares_below(n):
    return sum(i * i for i in range(n))


@case("m")
def harmonic_number(n):
    return sum(1 / k for k in range(1, n + 1))


@case("n")
def is_prime(n):
    return n > 1 and all(n % d for d in range(2, n))


@case("n")
def has_square_divisor(n):
    return any(n % (d * d) == 0 for d in range(2, n + 1))


@case("v")
def triangular_sum(x):
    total = 0.0
    for i in range(len(x)):
        total += sum(x[j] for j in range(i)) * x[i]
    return total


@case("vn")
def mean_absolute_of_slice(x, n):
    total = 0.0
    for v in x[n:]:
        total += abs(v)
    return total


# --- stores under a condition ----------------------------------------------------------------------------------------


@case("vs")
def add_in_place(x, t):
    y = x * 1.0
    if t > 0:
        y += t
    return y


@case("vs")
def divide_in_place(x, t):
    y = x * 1.0
    if t != 0:
        y /= t
    return y


@case("vn")
def zero_the_middle(x, k):
    y = x.copy()
    if k > 2:
        y[1:3] = 0.0
    return y


@case("vn")
def fill_the_front(x, k):
    y = np.zeros(5)
    if k > 2:
        y[:k] = x[0]
    return y


@case("vn")
def store_at_index(x, k):
    y = np.zeros(5)
    if k < 5:
        y[k] = x[k]
    return y


@case("vn")
def clip_below(x, k):
    y = x.copy()
    if k > 2:
        y[y < 0] = 0.0
    return y


@case("vn")
def item_of_list(x, k):
    c = [0, 0, 0]
    if k > 2:
        c[0] = 1
    else:
        c[1] = 2
    return c[0] + 2 * c[1]


@case("v")
def count_in_list(x):
    counts = [0] * 3
    for v in x:
        if v > 0:
            counts[0] += 1
        elif v < -1:
            counts[1] += 1
        else:
            counts[2] += 1
    return counts


@case("vn")
def item_of_dict(x, k):
    state = {"level": 0.0, "rate": 1.0}
    if k > 2:
        state["level"] = x[0]
    return state["level"] + state["rate"]


@case("v")
def count_in_dict(x):
    counts = {"up": 0, "down": 0}
    for i in range(1, len(x)):
        if x[i] > x[i - 1]:
            counts["up"] += 1
        else:
            counts["down"] += 1
    return counts["up"], counts["down"]


@case("v")
def order_two_items(x):
    pair = [x[0], x[1]]
    if pair[0] > pair[1]:
        pair[0], pair[1] = pair[1], pair[0]
    return pair[0] - pair[1]


@case("v")
def nested_conditions_on_items(x):
    c = [0.0, 1.0]
    if x[0] > 0:
        c[0] = 1.0
        if x[1] > 0:
            c[0] = c[0] + math.sqrt(x[1])
        c[1] += c[0]
    return c[0], c[1]


@case("v")
def items_in_while(x):
    c = [0, 0]
    k = 0
    while k < 5 and x[k] < 1:
        if x[k] > 0:
            c[0] += 1
        else:
            c[1] += 1
        k += 1
    return c[0], c[1], k


@case("v")
def items_and_return(x):
    c = [0.0, 1.0]
    if x[0] > 0:
        c[0] = x[1]
        return c[0] * 2
    c[1] = x[2]
    return c[0] + c[1]


# --- continue --------------------------------------------------------------------------------------------------------


@case("v")
def skip_negative(x):
    total = 0.0
    skipped = 0
    for v in x:
        if v < 0:
            skipped += 1
            continue
        total += math.sqrt(v)
    return total, skipped


@case("v")
def skip_the_diagonal(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            if i == j:
                continue
            total += x[i] / (x[i] - x[j])
    return total


@case("v")
def skip_for_two_reasons(x):
    total = 0.0
    for v in x:
        if v < 0:
            continue
        w = v * 2
        if w > 1.5:
            continue
        total += w
    return total


@case("vn")
def skip_in_a_range_that_differs(x, n):
    total = 0.0
    for i in range(n):
        if x[i % 5] < 0:
            continue
        total += math.sqrt(x[i % 5])
    return total


# --- complex numbers -------------------------------------------------------------------------------------------------


@case("ss")
def complex_of_two(a, b):
    z = complex(a, b)
    return abs(z * z)


@case("ss")
def escape_steps(a, b):
    z = complex(a, b)
    n = 0
    while abs(z) < 4 and n < 20:
        z = z * z + complex(0.3, 0.5)
        n += 1
    return n


@case("ss")
def complex_root(b, c):
    d = b * b - 4 * c
    if d >= 0:
        return (-b + math.sqrt(d)) / 2 + 0j
    return complex(-b / 2, math.sqrt(-d) / 2)


# --- try -------------------------------------------------------------------------------------------------------------


@case("sz")
def two_handlers(a, b):
    try:
        y = math.sqrt(a) / float(b)
    except ValueError:
        y = -1.0
    except ZeroDivisionError:
        y = -2.0
    return y


@case("sz")
def handler_and_else(a, b):
    try:
        y = 1.0 / float(b)
    except ZeroDivisionError:
        y = 0.0
    else:
        y += a
    return y


@case("sz")
def handler_and_finally(a, b):
    shift = 0.0
    try:
        y = 1.0 / float(b)
    except ZeroDivisionError:
        y = 0.0
    finally:
        shift = a
    return y + shift


@case("z")
def named_exception(b):
    try:
        y = 1.0 / float(b)
    except ZeroDivisionError as error:  # noqa: F841
        y = 0.0
    return y


@case("z")
def own_exception(b):
    try:
        if b < 0:
            raise ValueError("negative")
        y = math.sqrt(b)
    except ValueError:
        y = -1.0
    return y


@case("sz")
def nested_try(a, b):
    try:
        try:
            y = 1.0 / float(b)
        except ZeroDivisionError:
            y = 0.0
        z = math.log(a)
    except ValueError:
        z = 0.0
        y = 1.0
    return y + z


@case("v")
def try_in_a_loop(x):
    total = 0.0
    for k in range(3):
        try:
            total += math.sqrt(x[k])
        except ValueError:
            pass
    return total


@case("vn")
def index_out_of_range(x, i):
    try:
        return x[i]
    except IndexError:
        return 0.0


# --- functions of functions ------------------------------------------------------------------------------------------


@case("v")
def fold(x):
    return reduce(lambda a, b: a * 0.5 + b, x)


@case("v")
def fold_from(x):
    return functools.reduce(lambda a, b: a + b * b, x, 0.0)


@case("v")
def fold_by_operator(x):
    return functools.reduce(operator.mul, x)


@case("v")
def fold_on_one_branch(x):
    if x[0] > 0:
        return reduce(lambda a, b: a + math.sqrt(abs(b)), x, 0.0)
    return 0.0


@case("v")
def running_sum(x):
    return np.array(list(itertools.accumulate(x)))


@case("v")
def highest_running_sum(x):
    return max(itertools.accumulate(x))


@case("v")
def mapped(x):
    return sum(map(lambda v: v * v, x)), max(map(abs, x))


@case("v")
def mapped_over_two(x):
    return sum(map(lambda a, b: a * b, x[:-1], x[1:]))


@case("v")
def filtered_by_function(x):
    kept = list(filter(lambda v: v > 0, x))
    return len(kept), sum(kept) / len(kept) if kept else 0.0


@case("v")
def first_positive(x):
    return next((v for v in x if v > 0), -1.0)


@case("v")
def place_of_first_positive(x):
    return next((i for i, v in enumerate(x) if v > 0), -1)


@case("v")
def sum_from_a_start(x):
    return sum((v for v in x if v > 0), 0.5)


# --- functions inside of functions -----------------------------------------------------------------------------------


@case("m")
def nested_factorial(n):
    def factorial(k):
        if k <= 1:
            return 1
        return k * factorial(k - 1)

    return factorial(n)


@case("m")
def nested_fibonacci(n):
    def fib(k):
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    return fib(n)


@case("sp")
def adaptive_quadrature(a, width):
    def f(x):
        return x * x

    def integrate(low, high, depth):
        middle = (low + high) / 2
        if depth == 0 or high - low < 0.5:
            return f(middle) * (high - low)
        return integrate(low, middle, depth - 1) + integrate(middle, high, depth - 1)

    return integrate(a, a + width, 4)


@case("v")
def nested_function_that_calls_another(x):
    scale = x[0]

    def scaled(v):
        return v * scale

    def repeated(v, k):
        if k == 0:
            return scaled(v)
        return repeated(scaled(v) + 1, k - 1)

    return repeated(x[1], 3)


@case("m")
def collatz_steps(n):
    def steps(k):
        if k <= 1:
            return 0
        return 1 + steps(k // 2 if k % 2 == 0 else 3 * k + 1)

    return steps(n)


# --- None until something is found -----------------------------------------------------------------------------------


@case("vs")
def least_above(x, t):
    best = None
    for v in x:
        if v > t and (best is None or v < best):
            best = v
    return -1.0 if best is None else best


@case("vs")
def best_and_its_place(x, t):
    best = None
    where = None
    for i, v in enumerate(x):
        if v < t:
            continue
        if best is None or v > best:
            best = v
            where = i
    if best is None:
        return 0.0
    return best * where


@case("vs")
def steps_between_hits(x, t):
    previous = None
    total = 0.0
    for v in x:
        if v > t:
            if previous is not None:
                total += v - previous
            previous = v
    return total


@case("vs")
def length_of_closed_runs(x, t):
    start = None
    n = 0
    for i in range(5):
        if x[i] > t:
            if start is None:
                start = i
        elif start is not None:
            n += i - start
            start = None
    return n


@case("s")
def root_or_none(t):
    r = None
    if t > 0:
        r = math.sqrt(t)
    if r is None:
        return 0.0
    return r


@case("v")
def greatest_from_none(x):
    best = None
    for v in x:
        if best is None or v > best:
            best = v
    return best


@case("v")
def spread_from_none(x):
    lo = hi = None
    for v in x:
        if lo is None or v < lo:
            lo = v
        if hi is None or v > hi:
            hi = v
    return hi - lo


@case("v")
def ascents(x):
    last = None
    n = 0
    for v in x:
        if last is not None and v > last:
            n += 1
        last = v
    return n


@case("v")
def path_length(x):
    last = None
    total = 0.0
    for v in x:
        if last is not None:
            total += abs(v - last)
        last = v
    return total


@case("vs")
def longest_run(x, t):
    start = None
    best = 0
    for i in range(len(x)):
        if x[i] > t:
            if start is None:
                start = i
            best = max(best, i - start + 1)
        else:
            start = None
    return best


@case("vs")
def last_below(x, t):
    place = None
    for i in range(len(x)):
        if x[i] < t:
            place = i
    if place is None:
        place = -1
    return place


@case("v")
def climbed(x):
    last = None
    total = 0.0
    i = 0
    while i < len(x) and (last is None or x[i] > last):
        last = x[i]
        total += last
        i += 1
    return total, i


# --- pairs and keys --------------------------------------------------------------------------------------------------


@case("v")
def sign_changes(x):
    return sum(1 for a, b in zip(x, x[1:]) if a * b < 0)


@case("v")
def length_of_path(x):
    return sum(abs(b - a) for a, b in itertools.pairwise(x))


@case("v")
def place_of_greatest(x):
    return max(range(len(x)), key=lambda i: x[i]), min(range(1, len(x)), key=lambda i: abs(x[i] - x[0]))


@case("v")
def nearest_to_a_half(x):
    return max(x, key=abs), min(x, key=lambda v: (v - 0.5) ** 2)


@case("v")
def different_reductions_on_two_branches(x):
    if x[0] > 0:
        out = [math.log(v) for v in x if v > 0]
        return sum(out)
    out = [v for v in x if v < 0]
    return max(out)


@case("vn")
def stop_in_what_is_kept(x, n):
    total = 0.0
    for p in [v for v in x[:n] if v > -0.5]:
        if p > 1:
            break
        total += p
    return total


# --- comprehensions and conditional expressions that need statements -------------------------------------------------


@case("v")
def neighbours_above_zero(x):
    count = 0
    for i in range(len(x)):
        if x[i] > 0:
            count += sum(1 for d in (-1, 1) if 0 <= i + d < len(x) and x[i + d] > 0)
    return count


@case("vn")
def mean_or_all_of_it(x, n):
    total = np.zeros(2)
    count = 0
    for v in x[:n]:
        if v > 0:
            total += v
            count += 1
    return total / count if count else total


@case("vs")
def secant_of_a_sum(x, r):
    f = lambda r: sum(c / (1 + r) ** k for k, c in enumerate(x))
    return f(0.1) - f(0.2), f(abs(r))


@case("v")
def rows_of_a_table(x):
    M = [[0.4, 0.3, 0.1], [0.2, 0.7, 0.1]]
    y = [sum(M[i][j] * x[j] for j in range(3)) for i in range(2)]
    return [v ** (1 / 3) if v > 0.01 else 7.8 * v + 0.1 for v in y]


@case("vn")
def first_direction_that_wins(x, n):
    for first, step in [(0, 1), (4, -1), (2, 1)]:
        place = first + step * n
        if 0 <= place < len(x) and x[place] > 0:
            return True, first
    return False, -1


@case("v")
def leave_in_a_uniform_branch(x):
    found = -1
    for i in range(len(x)):
        if i % 2 == 0:
            if x[i] > 0.5:
                found = i
                break
    return found


# --- lists of numbers whose items are set ----------------------------------------------------------------------------


@case("i")
def histogram_in_a_list(k):
    counts = [0] * 5
    for v in k:
        counts[v % 5] += 1
    return counts


@case("i")
def histogram_as_an_array(k):
    counts = [0 for _ in range(5)]
    for v in k:
        counts[v % 5] += 1
    return np.array(counts)


@case("i")
def most_frequent(k):
    counts = [0] * 5
    for v in k:
        counts[v % 5] += 1
    best = 0
    for i in range(5):
        if counts[i] > counts[best]:
            best = i
    return best


@case("i")
def majority_by_index(k):
    votes = [0, 0, 0]
    for v in k:
        votes[v % 3] += 1
    return votes.index(max(votes)), votes.count(0)


@case("ii")
def longest_common_subsequence(a, b):
    n, m = len(a), len(b)
    table = [[0] * (m + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
            else:
                table[i][j] = max(table[i - 1][j], table[i][j - 1])
    return table[n][m]


@case("ii")
def edit_distance(a, b):
    n, m = len(a), len(b)
    before = list(range(m + 1))
    for i in range(1, n + 1):
        now = [i] + [0] * m
        for j in range(1, m + 1):
            cost = 0 if a[i - 1] == b[j - 1] else 1
            now[j] = min(before[j] + 1, now[j - 1] + 1, before[j - 1] + cost)
        before = now
    return before[m]


@case("v")
def longest_rise(x):
    best = [1] * len(x)
    for i in range(len(x)):
        for j in range(i):
            if x[j] < x[i] and best[j] + 1 > best[i]:
                best[i] = best[j] + 1
    return max(best)


@case("v")
def bubble_sort(x):
    a = list(x)
    for i in range(len(a)):
        for j in range(len(a) - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return a


@case("v")
def insertion_sort(x):
    a = [v for v in x]
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    return np.array(a)


@case("v")
def place_of_the_pivot(x):
    x = list(x)
    i = -1
    for j in range(len(x) - 1):
        if x[j] <= x[-1]:
            i += 1
            x[i], x[j] = x[j], x[i]
    x[i + 1], x[-1] = x[-1], x[i + 1]
    return i + 1, x[0]


@case("v")
def parity_of_the_order(x):
    p = list(np.argsort(x))
    sign = 1
    for i in range(len(p)):
        while p[i] != i:
            j = p[i]
            p[i], p[j] = p[j], p[i]
            sign = -sign
    return sign


@case("i")
def components(k):
    parent = list(range(5))
    count = 5
    for i in range(len(k)):
        a, b = i, k[i] % 5
        while parent[a] != a:
            a = parent[a]
        while parent[b] != b:
            b = parent[b]
        if a != b:
            parent[a] = b
            count -= 1
    return count


@case("i")
def length_of_the_cycle(k):
    seen = [False] * 5
    i = steps = 0
    while not seen[i]:
        seen[i] = True
        i = k[i] % 5
        steps += 1
    return steps


@case("ni")
def check_digit(n, k):
    table = [[0, 1, 2, 3], [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]]
    c = n % 4
    for x in k:
        c = table[c][x % 4]
    return c


@case("vi")
def best_value_in_a_bag(x, k):
    best = [0.0] * 10
    for w, v in zip(k, x):
        for c in range(9, -1, -1):
            if 0 <= w <= c:
                best[c] = max(best[c], best[c - w] + v)
    return best[9]


@case("vv")
def outer_product_in_lists(x, y):
    n = len(x)
    out = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            out[i][j] += x[i] * y[j]
    return out


@case("i")
def counts_of_steps(k):
    table = [[0] * 3 for _ in range(3)]
    for a, b in zip(k[:-1], k[1:]):
        table[a % 3][b % 3] += 1
    return table


@case("vn")
def turned(x, n):
    a = list(x)
    out = [0.0] * len(a)
    for i in range(len(a)):
        out[(i + n) % len(a)] = a[i]
    return out


@case("i")
def shuffled_by_digits(k):
    a = [10, 20, 30, 40, 50]
    for i in range(4, 0, -1):
        j = k[i] % (i + 1)
        a[i], a[j] = a[j], a[i]
    return a


@case("vn")
def two_names_of_one_list(x, n):
    a = [0.0] * 7
    b = a
    c = a[:]
    a[n] = x[0]
    b[0] = x[1]
    return sum(a), sum(b), sum(c), len(a)


@case("vn")
def a_copy_stays_as_it_was(x, n):
    a = [v * 2 for v in x]
    before = a.copy()
    a[n % 5] = 0.0
    before[0] += 1.0
    return max(a), max(before), sorted(before)[0]


@case("vn")
def items_scaled_in_place(x, n):
    a = [1.0] * 7
    for v in x:
        a[n] *= 1 + abs(v)
    a[n] -= 0.5
    return a[n], a[0]


@case("v")
def upper_half_by_sort(x):
    a = [abs(v) for v in x]
    a[0] = 0.0
    a.sort()
    a.reverse()
    return a[0], a[2]


@case("i")
def rows_in_turn(k):
    now, after = [0, 0, 0], [1, 1, 1]
    for v in k:
        now[v % 3] = after[(v + 1) % 3] + 1
        now, after = after, now
    return sum(now), max(after)


@case("vn")
def set_in_one_branch(x, n):
    marks = [False] * 7
    if x[0] > 0:
        marks[n] = True
    else:
        marks[0] = True
    total = 0
    for i in range(7):
        if marks[i]:
            total += i
    return total


@case("i")
def jump_pointers(k):
    far = [[0] * 5 for _ in range(2)]
    for i in range(5):
        far[0][i] = k[i] % 5
    for i in range(5):
        far[1][i] = far[0][far[0][i]]
    return far[1][0], max(far[1])


@case("vs")
def sum_until_above_at_even_places(x, t):
    s = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            s += x[i]
            if s > t:
                break
        s += 1.0
    return s


@case("vs")
def jumps_by_place(x, t):
    s = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            if x[i] > t:
                continue
            s += x[i]
        elif i > 2:
            if x[i] < -t:
                break
            s -= 1
        s += 1.0
    else:
        s *= 2
    return s, i


@case("vs")
def last_of_pair_above(x, t):
    for i in range(len(x)):
        if i < len(x) - 1:
            if x[i] > t and x[i + 1] > t:
                return i
        else:
            return -2
    return -1


@case("vs")
def place_in_a_branch_of_some(x, t):
    s = 0.0
    for i in range(len(x)):
        if x[i] > t:
            if i % 3 == 0:
                s += 5
                continue
            if i == 4:
                break
            s += x[i]
        s += 0.25
    return s


@case("vs")
def set_before_it_leaves(x, t):
    last = -1.0
    for i in range(len(x)):
        if i >= 2:
            last = x[i] * 2
            if x[i] > t:
                break
            last = x[i] * 3
    return last


@case("v")
def first_local_peak(x):
    n = len(x)
    for i in range(n):
        if x[i] > 0 and all(x[i] >= x[k] for k in (i - 1, i + 1) if 0 <= k < n):
            return i
    return -1


@case("v")
def down_to_the_neighbours(x):
    y = x.copy()
    changed = True
    while changed:
        changed = False
        for i in range(len(y)):
            if y[i] <= 0:
                continue
            m = y[i]
            if i > 0 and y[i - 1] > 0:
                m = min(m, y[i - 1])
            if i < len(y) - 1 and y[i + 1] > 0:
                m = min(m, y[i + 1])
            if m < y[i]:
                y[i] = m
                changed = True
    return y
