"""Control flow that depends on the data: branches, while loops, early exits, guards, recursion."""
# ruff: noqa: FURB136, PLR0124, RUF007, RUF046 - the functions keep the style of those who write such code

import math

import numpy as np

from ._make import Suite, bools, complexes, const, distinct, each, floats, increasing, ints, positive

case = Suite(__name__)


# --- branches ---


def sign(x):
    if x > 0:
        return 1
    elif x < 0:
        return -1
    else:
        return 0


case(sign, each([-1.5, 0.0, 2.0, -0.0]))


def huber(r, delta=1.0):
    if abs(r) <= delta:
        return 0.5 * r * r
    return delta * (abs(r) - 0.5 * delta)


case(huber, floats())
case(huber, floats(), positive(), name="huber_varying_delta")
case(huber, floats(dtype=np.float32), name="huber_float32")


def piecewise(x):
    if x < -1:
        y = -x - 0.5
    elif x < 0:
        y = 0.5 * x * x
    elif x < 1:
        y = math.sqrt(x)
    else:
        y = 1.0 + math.log(x)
    return y


case(piecewise, each([-1.7, -0.3, 0.4, 1.9, 0.0, 1.0, -1.0]))


def clamp(x, lo, hi):
    return lo if x < lo else hi if x > hi else x


case(clamp, floats(), const(-1.0), const(1.0))
case(clamp, floats(), floats(low=-1, high=0), floats(low=0, high=1), name="clamp_varying_bounds")
case(clamp, ints(), const(2), const(6), name="clamp_int")


def relu_vector(x, leak):
    if x.sum() > 0:
        return np.maximum(x, 0)
    return leak * x


case(relu_vector, floats(4), const(0.1))


def quadratic_roots(a, b, c):
    d = b * b - 4 * a * c
    if d < 0:
        return np.nan, np.nan
    if d == 0:
        return -b / (2 * a), -b / (2 * a)
    s = math.sqrt(d)
    return (-b - s) / (2 * a), (-b + s) / (2 * a)


case(quadratic_roots, positive(), each([0.0, 2.0, -3.0, 0.0]), each([0.0, -1.0, 0.3, 2.0]))


def safe_ratio(n, d):
    if d != 0:
        return n / d
    return 0.0


case(safe_ratio, floats(), each([0.0, 2.0, -0.5, 0.0]))
case(safe_ratio, floats(dtype=np.float32), each([0, 1, 2], dtype=np.float32), name="safe_ratio_float32")


def guarded_log(x):
    return math.log(x) if x > 0 else -math.inf


case(guarded_log, each([0.0, 1.5, -2.0, 1e-300]))


def short_circuit(x, i):
    if i < len(x) and x[i] > 0:
        return x[i]
    if i >= len(x) or x[i] < -1:
        return -1.0
    return 0.5


case(short_circuit, floats(4), ints(high=8))


def and_or_values(a, b):
    # `and` and `or` as expressions
    c = a or b
    d = a and b
    return c, d, not a, bool(a and not b)


case(and_or_values, each([0, 1, 5, 0]), each([3, 0, 7, 0, 2]))


def chained(x, y):
    if 0 <= x < y <= 2:
        return 1.0
    if not (x < y) and (x > 0 or y > 0):
        return 2.0
    return 3.0


case(chained, floats(), floats())


def defined_in_one_branch(x):
    if x > 0:
        scale = 2.0
        message = 7
    else:
        scale = x
    if x > 0:
        return scale * message
    return scale


case(defined_in_one_branch, floats())


def branch_dtypes(x):
    if x > 1:
        y = 1
    elif x > 0:
        y = x
    else:
        y = False
    return y


case(branch_dtypes, each([1.5, 0.5, -1.0]))


def nested(x, y):
    if x > 0:
        if y > 0:
            r = 1
        else:
            r = 4
    else:
        if y > 0:
            r = 2
        else:
            r = 3
        r *= 10
    return r


case(nested, floats(), floats())


def vector_or_scalar_branch(x, flag):
    out = np.zeros(3)
    if flag:
        out += x
        out[0] = 9
    elif x[0] > 0:
        out[1:] = x[1:] * 2
    return out


case(vector_or_scalar_branch, floats(3), bools())
case(vector_or_scalar_branch, floats(3), const(True), name="vector_or_scalar_branch_uniform")


def swap_if(a, b):
    if a > b:
        a, b = b, a
    return a, b


case(swap_if, floats(), floats())


def sort_three(a, b, c):
    if a > b:
        a, b = b, a
    if b > c:
        b, c = c, b
    if a > b:
        a, b = b, a
    return np.array([a, b, c])


case(sort_three, floats(), floats(), floats())


def leap_year(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


case(leap_year, each([2000, 1900, 2024, 2023, 2100, 2400]))


def days_in_month(year, month):
    if month == 2:
        return 29 if leap_year(year) else 28
    if month in (4, 6, 9, 11):
        return 30
    return 31


case(days_in_month, each([2000, 1900, 2024, 2023]), each([2, 2, 2, 4, 7]))


def tax(income):
    brackets = [(0.0, 0.1), (10.0, 0.2), (40.0, 0.35)]
    due = 0.0
    for k in range(len(brackets)):
        low, rate = brackets[k]
        if income <= low:
            break
        high = brackets[k + 1][0] if k + 1 < len(brackets) else math.inf
        due += (min(income, high) - low) * rate
    return due


case(tax, each([0.0, 5.0, 25.0, 100.0]))


def dictionary_branch(x):
    if x > 0:
        return {"value": x, "ok": True}
    return {"value": 0.0, "ok": False}


case(dictionary_branch, floats())


def matched(code, x):
    match code:
        case 0:
            return x
        case 1 | 2:
            return -x
        case n if n > 5:
            return x * n
        case _:
            return 0.0


case(matched, each([0, 1, 7, 3, 2]), floats())


def walrus(x):
    if (m := x.max()) > 1:
        return m
    elif (s := x.sum()) > 0:
        return m * s
    return -m


case(walrus, floats(3))
case(walrus, each(np.array([[0.5, 0.2, 0.1], [2.0, 0.0, 1.0], [-1.0, -0.5, 0.0]])), name="walrus_each_branch")


# --- while ---


def newton_sqrt(a, tol=1e-12):
    x = a if a > 1 else 1.0
    while abs(x * x - a) > tol * a:
        x = 0.5 * (x + a / x)
    return x


case(newton_sqrt, each([2.0, 0.01, 144.0, 1.0, 3e5]))


def newton_iterations(a):
    x, n = 1.0, 0
    while True:
        step = (x**3 - a) / (3 * x**2)
        x -= step
        n += 1
        if abs(step) < 1e-10 or n == 60:
            break
    return x, n


case(newton_iterations, positive())


def bisection(target):
    lo, hi = 0.0, 4.0
    while hi - lo > 1e-9:
        mid = (lo + hi) / 2
        if mid**3 - mid < target:
            lo = mid
        else:
            hi = mid
    return (lo + hi) / 2


case(bisection, positive(low=0.5, high=20))


def secant(f, a, b):
    fa, fb = f(a), f(b)
    for _ in range(30):
        if abs(fb) < 1e-12 or fb == fa:
            break
        a, b, fa = b, b - fb * (b - a) / (fb - fa), fb
        fb = f(b)
    return b


case(secant, const(lambda x: x * x * x - 2 * x - 5), floats(low=1, high=1.8), floats(low=2.2, high=3))


def collatz(n):
    steps = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
    return steps


case(collatz, ints(low=1, high=60))
case(collatz, ints(low=1, high=60, dtype=np.int32), name="collatz_int32")


def collatz_peak(n):
    peak = n
    while n > 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        peak = max(peak, n)
    return peak


case(collatz_peak, ints(low=1, high=30))


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


case(gcd, ints(high=100), ints(high=100))
case(gcd, ints(high=100), const(36), name="gcd_one_shared")


def extended_gcd(a, b):
    x0, y0, x1, y1 = 1, 0, 0, 1
    while b != 0:
        q = a // b
        a, b = b, a - q * b
        x0, x1 = x1, x0 - q * x1
        y0, y1 = y1, y0 - q * y1
    return a, x0, y0


case(extended_gcd, ints(low=1, high=100), ints(low=0, high=100))


def mandelbrot(c, limit):
    z, n = 0j, 0
    while abs(z) <= 2 and n < limit:
        z = z * z + c
        n += 1
    return n


case(mandelbrot, complexes(), const(40))
case(mandelbrot, complexes(), ints(low=1, high=40), name="mandelbrot_varying_limit")


def mandelbrot_reals(cx, cy):
    x = y = 0.0
    for n in range(50):
        x2, y2 = x * x, y * y
        if x2 + y2 > 4.0:
            return n
        x, y = x2 - y2 + cx, 2 * x * y + cy
    return 50


case(mandelbrot_reals, floats(), floats(low=-1, high=1))


def julia_smooth(z):
    n = 0
    while abs(z) < 4 and n < 30:
        z = z**2 - 0.4 + 0.6j
        n += 1
    if n == 30:
        return 30.0
    return n + 1 - math.log2(math.log(abs(z)))


case(julia_smooth, complexes())


def newton_fractal(z):
    roots = np.array([1.0, -0.5 + 0.8660254037844386j, -0.5 - 0.8660254037844386j])
    for k in range(25):
        z = z - (z**3 - 1) / (3 * z**2)
        distance = np.abs(z - roots)
        if distance.min() < 1e-6:
            return distance.argmin(), k
    return -1, 25


case(newton_fractal, complexes())


def digits_sum(n):
    total = 0
    while n > 0:
        total += n % 10
        n //= 10
    return total


case(digits_sum, each([0, 7, 12345, 999, 100000]))


def reverse_digits(n):
    negative = n < 0
    n = abs(n)
    out = 0
    while n:
        n, d = divmod(n, 10)
        out = 10 * out + d
    return -out if negative else out


case(reverse_digits, each([0, 7, -120, 98765]))


def integer_log(n, base):
    k = 0
    while n >= base:
        n //= base
        k += 1
    return k


case(integer_log, ints(low=1, high=1000), each([2, 3, 10]))


def popcount(n):
    count = 0
    while n:
        n &= n - 1
        count += 1
    return count


case(popcount, ints(high=10000))


def modular_power(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        exponent >>= 1
        base = base * base % modulus
    return result


case(modular_power, ints(low=2, high=50), ints(high=40), ints(low=2, high=97))


def roman_length(n):
    values = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
    symbols = [1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1]
    length = 0
    for value, symbol in zip(values, symbols):
        while n >= value:
            n -= value
            length += symbol
    return length


case(roman_length, ints(low=1, high=4000))


def prime(n):
    if n < 2:
        return False
    d = 2
    while d * d <= n:
        if n % d == 0:
            return False
        d += 1
    return True


case(prime, ints(high=120))


def smallest_factor(n):
    for d in range(2, n + 1):
        if n % d == 0:
            break
    else:
        d = 1
    return d


case(smallest_factor, ints(low=1, high=60))


def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


case(fibonacci, ints(high=40))


def harmonic(n):
    s = 0.0
    for k in range(1, n + 1):
        s += 1 / k
    return s


case(harmonic, ints(high=20))


def series_exp(x):
    term, total, k = 1.0, 1.0, 0
    while abs(term) > 1e-15 * abs(total):
        k += 1
        term *= x / k
        total += term
    return total, k


case(series_exp, floats())


def fixed_point(x0, a):
    x = x0
    for n in range(100):
        new = math.cos(a * x)
        if abs(new - x) < 1e-8:
            return new, n
        x = new
    return x, 100


case(fixed_point, floats(), floats(low=0.1, high=0.9))
case(fixed_point, floats(), each([0.5, 1.6, 0.9]), name="fixed_point_not_all_converge")


def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-12 * abs(a):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return a


case(arithmetic_geometric_mean, positive(), positive())


def line_search(x, g):
    step, fx = 1.0, np.sum(x**4)
    while np.sum((x - step * g) ** 4) > fx - 1e-4 * step * np.dot(g, g):
        step *= 0.5
        if step < 1e-8:
            step = 0.0
            break
    return x - step * g


case(line_search, floats(3), floats(3))


def gradient_descent(x):
    iterations = 0
    g = 4 * x**3 + x
    while np.linalg.norm(g) > 1e-3 and iterations < 50:
        x = x - 0.05 * g
        g = 4 * x**3 + x
        iterations += 1
    return x, iterations


case(gradient_descent, floats(3))


def golden_section(a, b, c):
    phi = (math.sqrt(5) - 1) / 2
    x1, x2 = b - phi * (b - a), a + phi * (b - a)
    f1, f2 = (x1 - c) ** 2, (x2 - c) ** 2
    while b - a > 1e-6:
        if f1 < f2:
            b, x2, f2 = x2, x1, f1
            x1 = b - phi * (b - a)
            f1 = (x1 - c) ** 2
        else:
            a, x1, f1 = x1, x2, f2
            x2 = a + phi * (b - a)
            f2 = (x2 - c) ** 2
    return (a + b) / 2


case(golden_section, floats(low=-3, high=-1), floats(low=1, high=3), floats(low=-1, high=1))


def adaptive_euler(y, rate, t_end=1.0):
    t, h, steps = 0.0, 0.1, 0
    while t < t_end and steps < 200:
        h = min(h, t_end - t)
        full = y + h * rate * y
        half = y + 0.5 * h * rate * y
        twice = half + 0.5 * h * rate * half
        error = abs(twice - full)
        if error < 1e-3:
            t += h
            y = twice
            h *= 1.5
        else:
            h *= 0.5
        steps += 1
    return y, steps


case(adaptive_euler, positive(), floats())


def integrate_and_fire(current, threshold):
    v, spikes, refractory = 0.0, 0, 0
    for i in current:
        if refractory > 0:
            refractory -= 1
            continue
        v += 0.5 * (i - v)
        if v > threshold:
            spikes += 1
            v = 0.0
            refractory = 2
    return spikes, v


case(integrate_and_fire, positive(20), positive(low=0.5, high=1.2))
case(integrate_and_fire, positive(20), const(1.0), name="integrate_and_fire_shared_threshold")


def bounce(height, restitution):
    bounces, travelled = 0, height
    while height > 0.01:
        height *= restitution
        travelled += 2 * height
        bounces += 1
        if bounces > 20:
            break
    return bounces, travelled


case(bounce, positive(), floats(low=0.3, high=0.9))


def random_walk_exit(steps):
    # first time outside [-3, 3], -1 when never
    position, t = 0.0, 0
    for t, s in enumerate(steps):
        position += s
        if abs(position) > 3:
            return t
    return -1


case(random_walk_exit, floats(15))


# --- searches in arrays ---


def first_above(x, threshold):
    found = -1
    for i in range(len(x)):
        if x[i] > threshold:
            found = i
            break
    return found


case(first_above, floats(6), floats())


def linear_search(x, t):
    i, n = 0, len(x)
    while i < n and x[i] != t:
        i += 1
    return i


case(linear_search, ints(6), ints())
case(linear_search, ints(6, axis=None), ints(), name="linear_search_shared_array")


def contains_else(x, t):
    for v in x:
        if v == t:
            answer = 1
            break
    else:
        answer = 0
    return answer


case(contains_else, ints(6), ints())


def binary_search(x, t):
    lo, hi = 0, len(x)
    while lo < hi:
        mid = (lo + hi) // 2
        if x[mid] < t:
            lo = mid + 1
        else:
            hi = mid
    return lo


case(binary_search, increasing(9), floats(low=-1, high=7))
case(binary_search, increasing(9, axis=None), floats(low=-1, high=7), name="binary_search_shared_table")


def interpolate(x, xs, ys):
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = 1
    while xs[i] < x:
        i += 1
    t = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
    return (1 - t) * ys[i - 1] + t * ys[i]


case(interpolate, floats(low=-1, high=5), increasing(6, axis=None), floats(6, axis=None))
case(interpolate, floats(low=-1, high=5), increasing(6), floats(6), name="interpolate_batched_table")


def bilinear_guarded(img, y, x):
    H, W = img.shape
    if y < 0 or y > H - 1 or x < 0 or x > W - 1:
        return 0.0
    y0 = int(math.floor(y))
    x0 = int(math.floor(x))
    y1 = min(y0 + 1, H - 1)
    x1 = min(x0 + 1, W - 1)
    fy = y - y0
    fx = x - x0
    top = (1 - fx) * img[y0, x0] + fx * img[y0, x1]
    return (1 - fy) * top + fy * ((1 - fx) * img[y1, x0] + fx * img[y1, x1])


case(bilinear_guarded, floats(4, 5), floats(low=-1, high=5), floats(low=-1, high=6))
case(
    bilinear_guarded,
    floats(4, 5, axis=None),
    floats(low=-1, high=5),
    floats(low=-1, high=6),
    name="bilinear_guarded_shared_image",
)


def neighbour_sum(x, center, radius):
    s = 0.0
    for j in range(center - radius, center + radius + 1):
        if 0 <= j < len(x):
            s += x[j]
    return s


case(neighbour_sum, floats(7), ints(high=7), ints(high=3))


def sum_of_prefix(x, n):
    total = 0.0
    for i in range(n):
        total += x[i]
    return total


case(sum_of_prefix, floats(6), ints(high=7))


def zero_crossings(x):
    count = 0
    previous = x[0]
    for v in x[1:]:
        if previous * v < 0:
            count += 1
        if v != 0:
            previous = v
    return count


case(zero_crossings, floats(9))


def longest_run(x):
    best = run = 1
    for i in range(1, len(x)):
        if x[i] > x[i - 1]:
            run += 1
            best = max(best, run)
        else:
            run = 1
    return best


case(longest_run, distinct(9))


def run_lengths(x):
    # lengths padded with zeros
    out = np.zeros(len(x), dtype=int)
    k = 0
    for i in range(len(x)):
        if i > 0 and x[i] != x[i - 1]:
            k += 1
        out[k] += 1
    return out, k + 1


case(run_lengths, ints(9, high=2))


def local_maxima(x):
    peaks = 0
    i = 1
    while i < len(x) - 1:
        if x[i] > x[i - 1] and x[i] >= x[i + 1]:
            peaks += 1
            i += 2
            continue
        i += 1
    return peaks


case(local_maxima, floats(10))


def two_pointers(x, target):
    i, j = 0, len(x) - 1
    best = math.inf
    while i < j:
        s = x[i] + x[j]
        best = min(best, abs(s - target))
        if s < target:
            i += 1
        elif s > target:
            j -= 1
        else:
            break
    return best


case(two_pointers, increasing(8), floats(low=0, high=6))
case(two_pointers, const(np.arange(6)), ints(high=11), name="two_pointers_exact")


def partition(x, pivot):
    a = x.copy()
    k = 0
    for i in range(len(a)):
        if a[i] < pivot:
            a[i], a[k] = a[k], a[i]
            k += 1
    return a, k


case(partition, floats(7), floats())


def merge_sorted(a, b):
    out = np.zeros(len(a) + len(b))
    i = j = 0
    for k in range(len(out)):
        if j >= len(b) or (i < len(a) and a[i] <= b[j]):
            out[k] = a[i]
            i += 1
        else:
            out[k] = b[j]
            j += 1
    return out


case(merge_sorted, increasing(4), increasing(5))


def compact_positive(x):
    out = np.zeros_like(x)
    n = 0
    for v in x:
        if v > 0:
            out[n] = v
            n += 1
    return out, n


case(compact_positive, floats(7))


def appended_positive_mean(x):
    kept = []
    for v in x:
        if v > 0:
            kept.append(v)
    if not kept:
        return 0.0
    return sum(kept) / len(kept)


case(appended_positive_mean, floats(4, low=-2, high=0.8))


def parse_number(symbols):
    # 10 stands for a minus sign, 11 for the end
    sign, value, i = 1, 0, 0
    if symbols[0] == 10:
        sign = -1
        i = 1
    while i < len(symbols) and symbols[i] < 10:
        value = 10 * value + symbols[i]
        i += 1
    return sign * value


case(parse_number, ints(5, high=12))


def balanced(symbols):
    depth = 0
    for s in symbols:
        if s == 1:
            depth += 1
        elif s == 2:
            depth -= 1
            if depth < 0:
                return False
    return depth == 0


case(balanced, ints(6, high=3))


def stack_machine(program, x):
    stack = np.zeros(8)
    top = 0
    for op in program:
        if op == 0:
            stack[top] = x
            top += 1
        elif op == 1:
            stack[top] = 1.0
            top += 1
        elif top >= 2:
            b, a = stack[top - 1], stack[top - 2]
            top -= 1
            stack[top - 1] = a + b if op == 2 else a * b
    return stack[0], top


case(stack_machine, ints(8, high=4), floats())


def state_machine(x):
    state = 0
    entered = np.zeros(3, dtype=int)
    for v in x:
        if state == 0 and v > 0.5:
            state = 1
        elif state == 1:
            if v > 1:
                state = 2
            elif v < -1:
                state = 0
        elif state == 2 and v < 0:
            state = 0
        entered[state] += 1
    return state, entered


case(state_machine, floats(9))


def hysteresis(x, low, high):
    on = False
    out = []
    for v in x:
        if v > high:
            on = True
        elif v < low:
            on = False
        out.append(on)
    return np.array(out)


case(hysteresis, floats(8), const(-0.5), const(0.5))


def euler_until_threshold(y, k):
    trace = np.full(10, np.nan)
    for t in range(10):
        trace[t] = y
        if y < 0.2:
            break
        y = y - k * y
    return trace


case(euler_until_threshold, positive(), floats(low=0.1, high=0.6))


def two_level_search(A, t):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            if A[i, j] > t:
                return i, j
    return -1, -1


case(two_level_search, floats(3, 4), floats(low=0, high=2.2))


def skip_rows(A):
    total = 0.0
    for row in A:
        if row[0] < 0:
            continue
        for v in row:
            if v < -1:
                break
            total += v
        else:
            total += 100
    return total


case(skip_rows, floats(4, 3))


def inner_while(x):
    total = 0
    for v in x:
        while v > 1:
            v //= 2
            total += 1
        if total > 8:
            break
    return total


case(inner_while, ints(5, high=20))


def american_put(S, K, u, p, n=4):
    d = 1 / u
    values = np.zeros(n + 1)
    for j in range(n + 1):
        values[j] = max(K - S * u**j * d ** (n - j), 0.0)
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            hold = 0.99 * (p * values[j + 1] + (1 - p) * values[j])
            exercise = K - S * u**j * d ** (i - j)
            values[j] = hold if hold > exercise else exercise
    return values[0]


case(american_put, positive(), positive(), const(1.1), const(0.5))


def ray_sphere(origin, direction, radius):
    b = np.dot(origin, direction)
    c = np.dot(origin, origin) - radius**2
    disc = b * b - c
    if disc < 0:
        return np.inf
    root = np.sqrt(disc)
    t = -b - root
    if t < 0:
        t = -b + root
    return t if t >= 0 else np.inf


case(ray_sphere, floats(3), floats(3), positive())


# --- raise and assert, none of which happens here ---


def checked_sqrt(x):
    if x < 0:
        raise ValueError("negative")
    assert x == x, "nan"
    return math.sqrt(x)


case(checked_sqrt, positive())


def converge_or_raise(x):
    for _ in range(50):
        new = 0.5 * (x + 2 / x)
        if abs(new - x) < 1e-10:
            return new
        x = new
    raise RuntimeError("no convergence")


case(converge_or_raise, positive())


# --- raise and assert that happen ---


def reject_negative(x):
    if x < 0:
        raise ValueError("x must not be negative")
    return math.sqrt(x)


case(reject_negative, each([1.0, 2.0, -3.0, 4.0]), tags="raises")


def assert_sorted(x):
    for a, b in zip(x[:-1], x[1:]):
        assert a <= b, "not sorted"
    return x[-1] - x[0]


case(assert_sorted, each(np.array([[1.0, 2.0, 2.0], [3.0, 4.0, 5.0], [1.0, 0.0, 2.0]])), tags="raises")


def find_or_raise(x, t):
    for i in range(len(x)):
        if x[i] == t:
            return i
    raise KeyError("not found")


case(find_or_raise, ints(3), ints(), tags="raises")


def log_of_difference(a, b):
    if a == b:
        return 0.0
    return math.log(a - b)


case(log_of_difference, each([2.0, 1.0, 1.0]), each([1.0, 1.0, 3.0]), tags="raises")


# --- try ---


def divide_or_zero(a, b):
    try:
        return float(a) / float(b)
    except ZeroDivisionError:
        return 0.0


case(divide_or_zero, floats(), each([0.0, 2.0, -4.0]))


def sqrt_or_nan(x):
    try:
        y = math.sqrt(x)
    except ValueError:
        y = math.nan
    return y


case(sqrt_or_nan, each([4.0, -1.0, 0.0]))


def read_or_default(x, i):
    try:
        return x[i]
    except IndexError:
        return -1.0


case(read_or_default, floats(3), ints(high=6))


# --- recursion ---


def factorial(n):
    if n <= 1:
        return 1
    return n * factorial(n - 1)


case(factorial, ints(high=15))


def gcd_recursive(a, b):
    return a if b == 0 else gcd_recursive(b, a % b)


case(gcd_recursive, ints(high=100), ints(high=100))


def search_recursive(x, t, lo, hi):
    if lo >= hi:
        return lo
    mid = (lo + hi) // 2
    if x[mid] < t:
        return search_recursive(x, t, mid + 1, hi)
    return search_recursive(x, t, lo, mid)


case(search_recursive, increasing(8), floats(low=0, high=5), const(0), const(8))


def power_recursive(x, n):
    if n == 0:
        return 1.0
    half = power_recursive(x, n // 2)
    return half * half * x if n % 2 else half * half


case(power_recursive, floats(), ints(high=12), native=False)


def fibonacci_recursive(n):
    return n if n < 2 else fibonacci_recursive(n - 1) + fibonacci_recursive(n - 2)


case(fibonacci_recursive, ints(high=10), native=False)


def ackermann(m, n):
    if m == 0:
        return n + 1
    if n == 0:
        return ackermann(m - 1, 1)
    return ackermann(m - 1, ackermann(m, n - 1))


case(ackermann, ints(high=3), ints(high=3), native=False)


# --- helpers called in branches ---


def _cube_root(x):
    if x < 0:
        return -((-x) ** (1 / 3))
    return x ** (1 / 3)


def cubic_real_root(p, q):
    # t**3 + p t + q = 0
    disc = q * q / 4 + p**3 / 27
    if disc > 0:
        root = math.sqrt(disc)
        return _cube_root(-q / 2 + root) + _cube_root(-q / 2 - root)
    elif p == 0:
        return 0.0
    return 2 * math.sqrt(-p / 3) * math.cos(math.acos(3 * q / (2 * p) * math.sqrt(-3 / p)) / 3)


case(cubic_real_root, each([1.0, -3.0, 0.0, -2.0]), each([1.0, 0.5, 0.0, 0.1]))


def lambert_w(x):
    w = math.log(1 + x)
    for _ in range(20):
        ew = math.exp(w)
        dw = (w * ew - x) / (ew * (w + 1))
        w -= dw
        if abs(dw) < 1e-12:
            break
    return w


case(lambert_w, positive())


def bessel_or_asymptotic(x):
    if x < 3:
        t = (x / 3) ** 2
        return 1 + t * (-2.2499997 + t * (1.2656208 - 0.3163866 * t))
    f = 0.79788456 - 0.00000077 * (3 / x)
    return f * math.cos(x - 0.78539816) / math.sqrt(x)


case(bessel_or_asymptotic, floats(low=0, high=8))


def simulate_queue(arrivals, service):
    free_at, waited, late = 0.0, 0.0, 0
    clock = 0.0
    for a, s in zip(arrivals, service):
        clock += a
        if free_at > clock:
            waited += free_at - clock
            late += 1
            free_at += s
        else:
            free_at = clock + s
    return waited, late


case(simulate_queue, positive(8), positive(8))
