"""Functions of numbers, and of arrays that they read one number at a time, as scientists write them, for kernels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def implied_vol(price, s, k, t):
    sigma = 0.2
    for _ in range(100):
        d1 = (math.log(s / k) + 0.5 * sigma**2 * t) / (sigma * math.sqrt(t))
        d2 = d1 - sigma * math.sqrt(t)
        diff = s * 0.5 * (1 + math.erf(d1 / math.sqrt(2))) - k * 0.5 * (1 + math.erf(d2 / math.sqrt(2))) - price
        vega = s * math.sqrt(t) * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
        if abs(diff) < 1e-10 or vega < 1e-12:
            break
        sigma -= diff / vega
    return sigma


def bisect_root(a, lo=0.0, hi=10.0):
    while hi - lo > 1e-9:
        mid = (lo + hi) / 2
        if mid * mid * mid < a:
            lo = mid
        else:
            hi = mid
    return (lo + hi) / 2


def gcd_lcm(a, b):
    x, y = a, b
    while y:
        x, y = y, x % y
    return x, a // x * b


def is_prime(n):
    if n < 2:
        return False
    for d in range(2, int(n**0.5) + 1):
        if n % d == 0:
            return False
    return True


def kepler(M, e):
    """Eccentric anomaly."""
    E = M if e < 0.8 else math.pi
    for _ in range(50):
        dE = (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
        E -= dE
        if np.abs(dE) < 1e-12:
            return E
    return np.nan


def lif(current, tau, n):
    v, spikes = 0.0, 0
    refractory = 0
    for _ in range(n):
        if refractory > 0:
            refractory -= 1
            continue
        v += (current - v) / tau
        if v >= 1.0:
            v = 0.0
            spikes += 1
            refractory = 3
    return spikes, v


def ray_sphere(ox, oy, oz, dx, dy, dz, radius):
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - radius * radius
    disc = b * b - c
    if disc < 0:
        return np.inf
    root = np.sqrt(disc)
    for t in (-b - root, -b + root):
        if t > 0:
            return t
    return np.inf


def escape_smooth(re, im, limit):
    x = y = 0.0
    n = 0
    while x * x + y * y <= 16 and n < limit:
        x, y = x * x - y * y + re, 2 * x * y + im
        n += 1
    else:
        n = n + 0
    if n == limit:
        return float(limit)
    return n + 1 - math.log(math.log(math.hypot(x, y))) / math.log(2)


def exponential_series(x, terms):
    total, term = 0.0, 1.0
    k = 1
    while abs(term) > 1e-15 * abs(total) and k < terms or k == 1:
        total += term
        term *= x / k
        k += 1
    return total


def binomial_american(s, k, r, sigma, steps):
    dt = 1.0 / steps
    u = math.exp(sigma * math.sqrt(dt))
    p = (math.exp(r * dt) - 1 / u) / (u - 1 / u)
    best = 0.0
    for i in range(steps):
        for j in range(i + 1):
            value = max(k - s * u ** (2 * j - i), 0.0)
            if value > best:
                best = value
    return best * p


def interp(x, xp, fp):
    n = len(xp)
    if x <= xp[0]:
        return fp[0]
    if x >= xp[n - 1]:
        return fp[-1]
    lo, hi = 0, n - 1
    while hi - lo > 1:
        mid = (lo + hi) // 2
        if xp[mid] <= x:
            lo = mid
        else:
            hi = mid
    w = (x - xp[lo]) / (xp[hi] - xp[lo])
    return fp[lo] + w * (fp[hi] - fp[lo])


def first_crossing(x, threshold):
    for i in range(len(x)):
        if x[i] > threshold:
            return i
    return -1


def garch(returns, omega, alpha, beta):
    var = omega
    ll = 0.0
    for r in returns:
        var = omega + alpha * r * r + beta * var
        ll -= 0.5 * (math.log(var) + r * r / var)
    return ll


def lif_array(current, tau):
    v, spikes = 0.0, 0
    for t in range(current.shape[0]):
        v = v + (current[t] - v) / tau
        if v > 1:
            v = 0.0
            spikes += 1
    return spikes


def digits(n):
    count = 0
    n = abs(n)
    while True:
        count += 1
        n //= 10
        if n == 0:
            return count


def sat_clip(x):
    match int(np.sign(x)):
        case 1:
            return min(x, 1.0)
        case -1:
            return max(x, -1.0)
        case _:
            return 0.0


def pmod(base, exponent, modulus):
    result = 1
    base %= modulus
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        exponent >>= 1
        base = base * base % modulus
    return result


def nested(n, m):
    total = 0
    for i in range(n):
        for j in range(i, m):
            if (i * j) % 7 == 3:
                break
            if j > 10:
                continue
            total += i ^ j
        else:
            total += 1
    return total


def gammaln(x):
    coef = (76.18009172947146, -86.50532032941677, 24.01409824083091)
    y = x
    tmp = x + 5.5
    tmp -= (x + 0.5) * math.log(tmp)
    ser = 1.000000000190015
    for c in coef:
        y += 1
        ser += c / y
    return -tmp + math.log(2.5066282746310005 * ser / x)


def rk4(x0, v0, steps):
    def acc(x, v):
        return -x - 0.1 * v

    x, v, h = x0, v0, 0.01
    for _ in range(steps):
        k1 = acc(x, v)
        k2 = acc(x + 0.5 * h * v, v + 0.5 * h * k1)
        x += h * v
        v += h * (k1 + k2) / 2
        if x < 0:
            break
    return x, v


def quad_roots(a, b, c):
    d = b * b - 4 * a * c
    if d < 0:
        return 0, 0.0
    if a == 0:
        return (1, -c / b) if b != 0 else (0, 0.0)
    return 2, (-b + math.sqrt(d)) / (2 * a)


def agm(a, b):
    while abs(a - b) > 1e-14 * a:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


def lookup(x, table):
    i = int(x)
    while i < len(table) - 1 and table[i] < x:
        i += 1
    return table[i]


def histogram_bin(x, edges):
    for i, e in enumerate(edges):
        if x < e:
            return i
    return len(edges)


def walk_rng(seed, steps):
    state, pos = seed, 0
    for _ in range(steps):
        state = (1103515245 * state + 12345) % 2147483648
        pos += 1 if state & 1024 else -1
        if pos in (-5, 5):
            break
    return pos


TABLE = (0.5, 1.5, 2.5)
WEIGHTS = [1, 2, 3, 5]


def nan_among(x):
    if x in (0.0, 1.0, 2):
        return 1
    return 2 if x not in (0.5, 3) else 3


def shadow_closure(x, n):
    k = 1

    def step(v):
        return v * k + x

    t = x
    for i in range(n):
        k = i
        t = step(t)
    return t


def lam(x):
    f = lambda a, b=2.0: a * b - x
    return f(x) if x > 0 else f(x, 3.0) + f(b=1.0, a=x)


def else_ret(n):
    for d in range(2, n):
        if n % d == 0:
            break
    else:
        return -1
    return d


def while_else(n, m):
    k = 0
    while k < n:
        if k * k > m:
            r = k
            break
        k += 1
    else:
        r = -k
    return r


def globals_(x):
    s = 0.0
    for t in TABLE:
        s += t / x
    for i, w in enumerate(WEIGHTS):
        if i > x:
            break
        s += w * TABLE[i % 3]
    return s


def neg_index(x, k):
    if x[k] > 0:
        return x[-1]
    return x[k - 1]


def last_of_loop(x):
    m = x[0]
    for v in x:
        if v < m:
            m = v
        elif v > 1:
            break
    return m, v


def enum_start(x):
    for i, v in enumerate(x):
        v = v * 2
        if v > 1.5:
            i += 10
            break
    return i, v


def mat(A, n):
    s = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            if A[i, j] > n:
                break
            s += A[i][j] * A[-1, j]
    return s


def zipd(x, y):
    s = 0.0
    for a, b in zip(x, y):
        if a > b:
            s += a
            continue
        s = s * 0.5 + b
    return s


def multi(x):
    def both(a):
        if a > 0:
            return a, -a
        return -a, a

    u, v = both(x)
    while u > 1:
        u, v = both(u - 1.5)
    return both(v)


def rev(n, x):
    s = x
    for k in reversed(range(2, n)):
        s = s / k + 1
        if s > 3:
            break
    return s


def matcher(n):
    total = 0
    while n > 0:
        match n % 5:
            case 0 | 1:
                total += 1
            case 2 if n > 10:
                total += 10
            case 3:
                break
            case _:
                total -= 1
        n -= 1
    return total


def int_items(x, n):
    for d in (2, 3, 7):
        if n % d == 0:
            return d // 2 + x
    return x


def mixed_items(x):
    r = x
    for d in (1, 2.5, x):
        r = r - d
        if r < 0:
            return r
    return r


def tup_ret(x):
    return (x, 1) if x > 0 else (-x, 2)


def one_tuple(x):
    y = x * 2 if x > 0 else x
    return (y,)


def list_ret(x):
    return [x, x + 1] if x > 0 else [x, -x]


def halt(x, y):
    s = 0.0
    n = len(x)
    for i in range(1, n):
        d = x[i] - x[i - 1]
        if d > y:
            s = s * 0.9 + d
        else:
            s += 0.1
    return s


def intarr(idx, k):
    seen = 0
    while idx[k] != k and seen < 10:
        k = idx[k]
        seen += 1
    return seen, k


def rebind_len(x):
    n = len(x)
    n = n - 1
    s = 0.0
    for i in range(n):
        s = x[i] - s * x[i + 1]
    return s


def i8(x, y):
    s = x[0]
    for i in range(len(x)):
        s = s * x[i] + y
    return s


def f32(x):
    s = x[0]
    for i in range(len(x)):
        s = s * 0.3 + x[i] / 3
        if s > 100:
            break
    return s


def bools(m):
    c = 0
    for b in m:
        if b:
            c += 1
        elif c > 0:
            return c
    return c


def uses_abs(x):
    best = -1.0
    for v in x:
        best = max(best, abs(v)) if v != 0 else best * 0.5
    return best


def powy(u, n):
    return u**n if n > 0 else float(n)


def fpow(x):
    y = float(x)
    return y**0.5 + y**3 if x > -5 else 0.0


def alias_param(x, n):
    y = n
    n = 0
    for i in range(y):
        n += x[i]
        if n > 1:
            break
    return n


def nested_break(x):
    c = 0
    for v in x:
        for w in x:
            if w > v:
                c += 1
                break
        else:
            return c
    return c


def set_later(x, flag):
    for v in x:
        last = v
        if v > flag:
            break
    return last


def return_inside(x, t):
    for i in range(len(x)):
        for j in range(i):
            if x[i] + x[j] > t:
                return i * 10 + j
    return -1


def cdf_(x):
    return x * 2 + 1


phi = cdf_


def names1(result, bad, i, n):
    exp = result + bad
    exp_ = i - n
    cdf_2 = exp * exp_
    while cdf_2 > 1:
        cdf_2 = cdf_2 / 2 - 1
    cdf_x = cdf_2
    return cdf_x + math.exp(-abs(exp_)), exp


def names2(x, x_length, i_at):
    cdf = 0.0
    for i, x_i in enumerate(x):
        if x_i > x_length:
            break
        cdf = phi(cdf) - i_at * i
    return cdf


def helper_alias(x):
    cdf_ = phi(x) if x > 0 else x
    return phi(cdf_) + cdf_


def names2b(names2b, result):
    if names2b > 0:
        return names2b * result
    return result


def arr_named(i, n):
    s = 0.0
    for v in i:
        s = s * 0.5 + v * n
    return s


rng = np.random.default_rng(0)
SOME = rng.uniform(0.5, 2, 8)
COUNTS = np.arange(1, 9)
REALS = np.array([-2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 2.5, np.nan])
SIZES = np.array([0.3, 1.7, 2.2, 4.0, 0.9, 5.0, 1.0, 6.5])
FROM_ZERO = np.arange(8)
ROWS = rng.normal(size=(8, 6))
KNOTS = np.linspace(0.4, 2.1, 9)

# Functions of numbers: their arguments, and `in_axes`.
OF_NUMBERS: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "implied volatility": (implied_vol, (SOME * 3, np.full(8, 20.0), np.full(8, 20.0), SOME), 0),
    "bisection": (bisect_root, (SOME,), 0),
    "gcd and lcm": (gcd_lcm, (COUNTS * 6, COUNTS[::-1] * 4), 0),
    "prime": (is_prime, (COUNTS * 3 - 2,), 0),
    "kepler": (kepler, (SOME, SOME / 3), 0),
    "neuron": (lif, (SOME * 1.5, SOME * 10, 50), (0, 0, None)),
    "ray": (ray_sphere, (SOME - 1, SOME - 1.3, np.full(8, -5.0), 0.0, 0.0, 1.0, 1.0), (0, 0, 0, *[None] * 4)),
    "smooth escape time": (escape_smooth, (SOME - 1.5, SOME - 1, 60), (0, 0, None)),
    "series": (exponential_series, (SOME, 40), (0, None)),
    "binomial option": (binomial_american, (SOME * 10, SOME * 11, 0.05, 0.2, 6), (0, 0, None, None, None)),
    "digits": (digits, (COUNTS**7,), 0),
    "match": (sat_clip, (SOME - 1,), 0),
    "modular power": (pmod, (COUNTS, COUNTS * 5, 1000007), (0, 0, None)),
    "nested loops": (nested, (COUNTS, COUNTS * 3), 0),
    "log gamma": (gammaln, (SOME,), 0),
    "runge kutta": (rk4, (SOME, SOME - 1, 300), (0, 0, None)),
    "roots": (quad_roots, (SOME - 1, SOME * 3, SOME), 0),
    "agm": (agm, (SOME, SOME * 2), 0),
    "random walk": (walk_rng, (COUNTS * 77, 100), (0, None)),
    "in": (nan_among, (REALS,), 0),
    "closure": (shadow_closure, (SIZES, FROM_ZERO), 0),
    "lambda": (lam, (REALS,), 0),
    "for else": (else_ret, (FROM_ZERO + 3,), 0),
    "while else": (while_else, (FROM_ZERO, FROM_ZERO[::-1] * 2), 0),
    "tables": (globals_, (SIZES,), 0),
    "two results": (multi, (SIZES,), 0),
    "reversed": (rev, (FROM_ZERO, SIZES), 0),
    "match and guards": (matcher, (FROM_ZERO * 3,), 0),
    "items": (int_items, (SIZES, FROM_ZERO * 7 + 1), 0),
    "mixed items": (mixed_items, (SIZES,), 0),
    "conditional tuple": (tup_ret, (REALS,), 0),
    "power": (powy, (REALS[:7], FROM_ZERO[:7]), 0),
    "powers of floats": (fpow, (SIZES,), 0),
    "names of C++": (names1, (SIZES, SIZES, SIZES[::-1].copy(), SIZES), 0),
    "helper of another name": (helper_alias, (SIZES,), 0),
    "own name": (names2b, (SIZES, SIZES), 0),
}
# Functions that read arrays.
OF_ARRAYS: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "interpolation": (interp, (SOME, KNOTS, KNOTS**2), (0, None, None)),
    "interpolation with knots of its own": (interp, (SOME, np.sort(ROWS, axis=1), ROWS), 0),
    "garch": (garch, (ROWS, 0.1, 0.1, 0.8), (0, None, None, None)),
    "spikes": (lif_array, (np.abs(ROWS) * 2, 5.0), (0, None)),
    "lookup": (lookup, (SOME, KNOTS), (0, None)),
    "last of a loop": (last_of_loop, (ROWS,), 0),
    "matrix": (mat, (rng.normal(size=(8, 4, 3)), SIZES), 0),
    "matrix along axis 1": (mat, (rng.normal(size=(4, 8, 3)), SIZES), (1, 0)),
    "zip": (zipd, (ROWS, ROWS[:, ::-1]), 0),
    "zip of different lengths": (zipd, (ROWS, ROWS[0, :4]), (0, None)),
    "differences": (halt, (ROWS, 0.1), (0, None)),
    "differences with own bounds": (halt, (ROWS, SIZES), 0),
    "differences of one": (halt, (ROWS[0], SIZES), (None, 0)),
    "differences along axis 1": (halt, (ROWS.T, SIZES), (1, 0)),
    "differences of a batch of one": (halt, (ROWS[:1], SIZES[:1]), 0),
    "follow": (intarr, (rng.integers(0, 6, (8, 6)), FROM_ZERO % 6), 0),
    "length that changes": (rebind_len, (ROWS,), 0),
    "int8": (i8, (rng.integers(-100, 100, (8, 5)).astype(np.int8), FROM_ZERO.astype(np.int8)), 0),
    "float32": (f32, (ROWS.astype(np.float32),), 0),
    "booleans": (bools, (ROWS > 0,), 0),
    "extremes": (uses_abs, (ROWS,), 0),
    "nested break": (nested_break, (ROWS,), 0),
    "return inside": (return_inside, (ROWS, SIZES / 2), 0),
    "names": (names2, (ROWS, SIZES, SIZES), 0),
    "names of kernels": (arr_named, (ROWS, SIZES), 0),
}
# Functions that are no kernels: array code without a loop does it, or Python has no number of a fixed type.
NO_KERNEL: dict[str, tuple[Any, tuple[Any, ...], Any]] = {
    "first": (first_crossing, (ROWS, 1.0), (0, None)),
    "bin": (histogram_bin, (SOME, KNOTS), (0, None)),
    "negative subscripts": (neg_index, (ROWS, FROM_ZERO % 6 - 1), 0),
    "tuple of one": (one_tuple, (REALS,), 0),
    "list": (list_ret, (REALS,), 0),
    "python integers beside int8": (i8, (np.ones((3, 5), np.int8), 3), (0, None)),
    "no examples": (halt, (ROWS[:0], SIZES[:0]), 0),
    "no items": (halt, (ROWS[:, :0], SIZES), 0),
    "a target that is set later": (set_later, (ROWS, SIZES - 1), 0),
}
