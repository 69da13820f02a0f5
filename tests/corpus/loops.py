"""Loops over arrays: maps, reductions, scans, scatters, stencils, contractions, dynamic programming."""
# ruff: noqa: C417, PLR1730, RUF007, RUF059 - the functions keep the style of those who write such code

import math

import numpy as np

from ._make import Suite, bools, complexes, const, distinct, floats, increasing, ints, positive, spd, tree

case = Suite(__name__)


# --- maps ---


def smooth_append(x, w):
    output = []
    for i in range(1, len(x) - 1):
        output.append(np.dot(x[i - 1 : i + 2], w))
    return np.array(output)


case(smooth_append, floats(8), floats(3))
case(smooth_append, floats(8), floats(3, axis=None), name="smooth_append_shared_window")
case(smooth_append, floats(8, axis=1), floats(3), name="smooth_append_batch_last")


def cubes(x):
    return np.array([v**3 - v for v in x])


case(cubes, floats(6))


def fill_by_index(x):
    out = np.zeros(len(x))
    for i in range(len(x)):
        out[i] = math.sin(x[i]) + i
    return out


case(fill_by_index, floats(6))


def fill_reversed(x):
    n = len(x)
    out = np.empty_like(x)
    for i in range(n):
        out[n - 1 - i] = 2 * x[i]
    return out


case(fill_reversed, floats(6))


def every_other(x):
    out = np.zeros_like(x)
    for i in range(0, len(x), 2):
        out[i] = x[i] ** 2
    for i in range(1, len(x), 2):
        out[i] = -x[i]
    return out


case(every_other, floats(7))


def backward_copy(x):
    out = np.zeros(len(x))
    for i in range(len(x) - 1, -1, -1):
        out[i] = x[i] + x[0]
    return out


case(backward_copy, floats(6))


def enumerate_weights(x):
    out = []
    for i, v in enumerate(x, start=1):
        out.append(v / i)
    return np.array(out)


case(enumerate_weights, floats(5))


def zip_products(a, b, c):
    return np.array([u * v - w for u, v, w in zip(a, b, c)])


case(zip_products, floats(5), floats(5), floats(5))
case(zip_products, floats(5), floats(5, axis=None), floats(5), name="zip_products_one_shared")


def zip_neighbours(x):
    return [b - a for a, b in zip(x[:-1], x[1:])]


case(zip_neighbours, floats(5))


def reversed_values(x):
    out = []
    for v in reversed(x):
        out.append(v + 1.0)
    return np.array(out)


case(reversed_values, floats(5))


def row_norms(A):
    norms = np.zeros(A.shape[0])
    for i, row in enumerate(A):
        norms[i] = np.sqrt(np.sum(row**2))
    return norms


case(row_norms, floats(4, 3))
case(row_norms, floats(4, 3, axis=-1), name="row_norms_batch_last")


def nested_list(x, y):
    table = []
    for a in x:
        row = []
        for b in y:
            row.append(a * b + 1)
        table.append(row)
    return np.array(table)


case(nested_list, floats(3), floats(4))
case(nested_list, floats(3), floats(4, axis=None), name="nested_list_one_shared")


def nested_comprehension(x):
    return np.array([[abs(a - b) for b in x] for a in x])


case(nested_comprehension, floats(5))


def vandermonde(x):
    return np.array([[v**k for k in range(4)] for v in x])


case(vandermonde, floats(5))


def lookup(table, idx):
    out = np.zeros(len(idx))
    for k in range(len(idx)):
        out[k] = table[idx[k]]
    return out


case(lookup, floats(6), ints(4, high=6))
case(lookup, floats(6, axis=None), ints(4, high=6), name="lookup_shared_table")


def permute(x, order):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[order[i]] = x[i]
    return out


case(permute, floats(5), const(np.array([3, 1, 4, 0, 2])))


def relu_elements(A):
    out = np.zeros(A.shape)
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[i, j] = A[i, j] if A[i, j] > 0 else 0.01 * A[i, j]
    return out


case(relu_elements, floats(3, 4))


def transpose_loop(A):
    m, n = A.shape
    out = np.zeros((n, m))
    for i in range(m):
        for j in range(n):
            out[j, i] = A[i, j]
    return out


case(transpose_loop, floats(3, 4))


def normalize_columns(A):
    B = A.copy()
    for j in range(B.shape[1]):
        B[:, j] = B[:, j] / np.linalg.norm(B[:, j])
    return B


case(normalize_columns, positive(4, 3))


def map_lambda(x):
    return np.array(list(map(lambda v: v * v + 1, x)))


case(map_lambda, floats(5))


def polygon_area(xs, ys):
    n = len(xs)
    area = 0.0
    for i in range(n):
        j = (i + 1) % n
        area += xs[i] * ys[j] - xs[j] * ys[i]
    return abs(area) / 2


case(polygon_area, floats(6), floats(6))


# --- reductions ---


def sum_loop(x):
    s = 0.0
    for v in x:
        s += v
    return s


case(sum_loop, floats(7))
case(sum_loop, floats(7, dtype=np.float32), name="sum_loop_float32")
case(sum_loop, ints(7), name="sum_loop_int")


def product_loop(x):
    p = 1
    for i in range(len(x)):
        p = p * x[i]
    return p


case(product_loop, floats(6))
case(product_loop, ints(6, low=1, high=5), name="product_loop_int")


def extremes(x):
    lo = hi = x[0]
    for v in x[1:]:
        lo = min(lo, v)
        hi = max(hi, v)
    return hi - lo, lo, hi


case(extremes, floats(7))


def maximum_by_if(x):
    best = -np.inf
    for v in x:
        if v > best:
            best = v
    return best


case(maximum_by_if, floats(7))


def argmin_loop(x):
    best, where = x[0], 0
    for i in range(1, len(x)):
        if x[i] < best:
            best, where = x[i], i
    return where, best


case(argmin_loop, ints(9, high=5))  # ties: the first wins


def last_argmax(x):
    where = 0
    for i in range(len(x)):
        if x[i] >= x[where]:
            where = i
    return where


case(last_argmax, ints(9, high=4))


def count_and_flags(x, t):
    count, found, everything = 0, False, True
    for v in x:
        if v > t:
            count += 1
            found = True
        else:
            everything = False
    return count, found, everything


case(count_and_flags, floats(6), floats())


def conditional_sums(x):
    positive_sum = negative_sum = 0.0
    for v in x:
        if v > 0:
            positive_sum += v
        elif v < -1:
            negative_sum -= v
    return positive_sum, negative_sum


case(conditional_sums, floats(8))


def generator_sum(x, w):
    return sum(a * b for a, b in zip(x, w)) / sum(w)


case(generator_sum, floats(5), positive(5))
case(generator_sum, floats(5), const([1, 2, 3, 2, 1]), name="generator_sum_list_weights")


def filtered_sum(x):
    return sum(v for v in x if v > 0), sum(1 for v in x if v < 0), sum([v * v for v in x if abs(v) < 1])


case(filtered_sum, floats(8))


def any_all(x, y):
    return any(a > b for a, b in zip(x, y)), all(v < 1.9 for v in x), max(abs(v) for v in y)


case(any_all, floats(5), floats(5))


def key_max(points):
    best = max(range(len(points)), key=lambda i: points[i, 0] ** 2 + points[i, 1] ** 2)
    return points[best]


case(key_max, distinct(5, 2))


def mean_and_variance(x):
    # Welford
    mean, m2 = 0.0, 0.0
    for n, v in enumerate(x, 1):
        delta = v - mean
        mean += delta / n
        m2 += delta * (v - mean)
    return mean, m2 / (len(x) - 1)


case(mean_and_variance, floats(8))


def last_positive(x):
    last = -1.0
    for v in x:
        if v > 0:
            last = v
    return last


case(last_positive, floats(6))


def frobenius(A):
    s = 0
    for row in A:
        for v in row:
            s += v**2
    return math.sqrt(s)


case(frobenius, floats(3, 4))


def trace_loop(A):
    return sum(A[i, i] for i in range(len(A))), sum(A[i][len(A) - 1 - i] for i in range(len(A)))


case(trace_loop, floats(4, 4))


# --- scans ---


def running_sum(x):
    out = np.zeros_like(x)
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        out[i] = s
    return out


case(running_sum, floats(7))


def prefix_in_place(x):
    out = x.copy()
    for i in range(1, len(out)):
        out[i] += out[i - 1]
    return out


case(prefix_in_place, ints(7))


def running_max(x):
    out, m = [], -math.inf
    for v in x:
        m = max(m, v)
        out.append(m)
    return out


case(running_max, floats(7))


def drawdown(prices):
    peak = prices[0]
    worst = 0.0
    for p in prices:
        if p > peak:
            peak = p
        worst = max(worst, (peak - p) / peak)
    return worst


case(drawdown, positive(9))


def ewma(x, alpha):
    out = np.zeros_like(x)
    out[0] = x[0]
    for t in range(1, len(x)):
        out[t] = alpha * x[t] + (1 - alpha) * out[t - 1]
    return out


case(ewma, floats(8), floats(low=0.1, high=0.9))
case(ewma, floats(8), const(0.3), name="ewma_shared_alpha")
case(ewma, floats(8, dtype=np.float32), const(0.3), name="ewma_float32")


def horner(coefficients, x):
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


case(horner, floats(5), floats())
case(horner, floats(5, axis=None), floats(), name="horner_shared_polynomial")
case(horner, floats(5), floats(4), name="horner_vector")


def polynomial_by_powers(coefficients, x):
    y, power = 0.0, 1.0
    for c in coefficients:
        y += c * power
        power *= x
    return y


case(polynomial_by_powers, floats(5), floats())


def logistic_orbit(r, x0):
    x = x0
    orbit = np.empty(12)
    for t in range(12):
        orbit[t] = x
        x = r * x * (1 - x)
    return orbit


case(logistic_orbit, floats(low=2.5, high=4), floats(low=0.1, high=0.9))


def leaky_counter(spikes, tau):
    level, out = 0.0, []
    for s in spikes:
        level = level * math.exp(-1 / tau) + (1.0 if s else 0.0)
        out.append(level)
    return np.array(out)


case(leaky_counter, bools(8), positive())


def iir_filter(x, b, a):
    y = np.zeros(len(x))
    for n in range(len(x)):
        y[n] = b[0] * x[n]
        if n >= 1:
            y[n] += b[1] * x[n - 1] - a[1] * y[n - 1]
        if n >= 2:
            y[n] += b[2] * x[n - 2] - a[2] * y[n - 2]
    return y


case(iir_filter, floats(8), const([0.2, 0.4, 0.2]), const([1.0, -0.3, 0.2]))
case(iir_filter, floats(8), floats(3), floats(3, low=-0.5, high=0.5), name="iir_filter_batched_taps")


# --- scatter ---


def histogram_edges(x, edges):
    counts = np.zeros(len(edges) - 1, dtype=int)
    for v in x:
        b = np.searchsorted(edges, v, side="right") - 1
        if 0 <= b < len(counts):
            counts[b] += 1
    return counts


case(histogram_edges, floats(12, low=0, high=4), increasing(6, axis=None))
case(histogram_edges, floats(12, low=0, high=4), increasing(6), name="histogram_edges_batched")


def count_values(x):
    h = [0] * 6
    for v in x:
        h[v] += 1
    return h


case(count_values, ints(12, high=6), native=False)


def group_means(x, group, k):
    total = np.zeros(k)
    count = np.zeros(k)
    for i in range(len(x)):
        total[group[i]] += x[i]
        count[group[i]] += 1
    return total / np.maximum(count, 1)


case(group_means, floats(9), ints(9, high=3), const(3))
case(group_means, floats(9), ints(9, high=3, axis=None), const(3), name="group_means_shared_groups")


def cooccurrence(img):
    m = np.zeros((4, 4), dtype=np.int64)
    for i in range(img.shape[0]):
        for j in range(img.shape[1] - 1):
            m[img[i, j], img[i, j + 1]] += 1
    return m


case(cooccurrence, ints(3, 5, high=4, dtype=np.uint8))


def last_writer_wins(keys, values):
    out = np.full(5, -1.0)
    for k, v in zip(keys, values):
        out[k] = v
    return out


case(last_writer_wins, ints(8, high=5), floats(8))


# --- stencils and windows ---


def convolve_full(x, h):
    y = np.zeros(len(x) + len(h) - 1)
    for i in range(len(x)):
        for j in range(len(h)):
            y[i + j] += x[i] * h[j]
    return y


case(convolve_full, floats(6), floats(3))
case(convolve_full, floats(6), floats(3, axis=None), name="convolve_full_shared_kernel")


def correlate_lags(x, lags):
    mean = sum(x) / len(x)
    out = np.zeros(lags)
    for k in range(lags):
        for t in range(len(x) - k):
            out[k] += (x[t] - mean) * (x[t + k] - mean)
    return out / out[0]


case(correlate_lags, floats(8), const(4))


def moving_average(x, width):
    out = []
    for i in range(len(x) - width + 1):
        out.append(sum(x[i : i + width]) / width)
    return np.array(out)


case(moving_average, floats(9), const(3))


def moving_maximum(x):
    n = len(x)
    out = np.zeros(n)
    for i in range(n):
        lo, hi = max(0, i - 2), min(n, i + 3)
        out[i] = x[lo:hi].max()
    return out


case(moving_maximum, floats(8))


def heat_steps(u, steps):
    for _ in range(steps):
        v = u.copy()
        for i in range(1, len(u) - 1):
            v[i] = u[i] + 0.25 * (u[i - 1] - 2 * u[i] + u[i + 1])
        u = v
    return u


case(heat_steps, floats(8), const(4))


def laplacian_2d(u):
    out = np.zeros_like(u)
    m, n = u.shape
    for i in range(1, m - 1):
        for j in range(1, n - 1):
            out[i, j] = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] - 4 * u[i, j]
    return out


case(laplacian_2d, floats(5, 6))


def gauss_seidel_1d(u):
    u = u.copy()
    for _ in range(3):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1])
    return u


case(gauss_seidel_1d, floats(7))


def gauss_seidel_solve(A, b):
    n = len(b)
    x = np.zeros(n)
    for _ in range(8):
        for i in range(n):
            s = b[i]
            for j in range(n):
                if j != i:
                    s -= A[i, j] * x[j]
            x[i] = s / A[i, i]
    return x


case(gauss_seidel_solve, spd(4), floats(4))
case(gauss_seidel_solve, spd(4, axis=None), floats(4), name="gauss_seidel_solve_shared_matrix")


def life_step(grid):
    m, n = grid.shape
    new = np.zeros_like(grid)
    for i in range(m):
        for j in range(n):
            neighbours = 0
            for di in (-1, 0, 1):
                for dj in (-1, 0, 1):
                    if di or dj:
                        neighbours += grid[(i + di) % m, (j + dj) % n]
            new[i, j] = 1 if neighbours == 3 or (grid[i, j] and neighbours == 2) else 0
    return new


case(life_step, ints(5, 5, high=2))


def max_pool(img, k):
    h, w = img.shape[0] // k, img.shape[1] // k
    out = np.zeros((h, w))
    for i in range(h):
        for j in range(w):
            out[i, j] = np.max(img[i * k : (i + 1) * k, j * k : (j + 1) * k])
    return out


case(max_pool, floats(4, 6), const(2))


def conv2d(img, kernel):
    kh, kw = kernel.shape
    out = np.zeros((img.shape[0] - kh + 1, img.shape[1] - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = np.sum(img[i : i + kh, j : j + kw] * kernel)
    return out


case(conv2d, floats(6, 5), floats(3, 3))
case(conv2d, floats(6, 5), floats(3, 3, axis=None), name="conv2d_shared_kernel")


def conv2d_scalars(img, kernel):
    H, W = img.shape
    out = np.zeros((H - 2, W - 2))
    for i in range(H - 2):
        for j in range(W - 2):
            acc = 0.0
            for u in range(3):
                for v in range(3):
                    acc += img[i + u, j + v] * kernel[u, v]
            out[i, j] = acc
    return out


case(conv2d_scalars, floats(5, 5), floats(3, 3))


def median_filter(x):
    out = x.copy()
    for i in range(1, len(x) - 1):
        a, b, c = sorted((x[i - 1], x[i], x[i + 1]))
        out[i] = b
    return out


case(median_filter, floats(7))


def bilinear_samples(img, ys, xs):
    out = np.zeros(len(ys))
    for k in range(len(ys)):
        y0, x0 = int(ys[k]), int(xs[k])
        fy, fx = ys[k] - y0, xs[k] - x0
        top = (1 - fx) * img[y0, x0] + fx * img[y0, x0 + 1]
        bottom = (1 - fx) * img[y0 + 1, x0] + fx * img[y0 + 1, x0 + 1]
        out[k] = (1 - fy) * top + fy * bottom
    return out


case(bilinear_samples, floats(4, 5), floats(6, low=0, high=2.9), floats(6, low=0, high=3.9))
case(
    bilinear_samples,
    floats(4, 5, axis=None),
    floats(6, low=0, high=2.9),
    floats(6, low=0, high=3.9),
    name="bilinear_samples_shared_image",
)


def integral_image(img):
    m, n = img.shape
    S = np.zeros((m + 1, n + 1))
    for i in range(m):
        for j in range(n):
            S[i + 1, j + 1] = img[i, j] + S[i, j + 1] + S[i + 1, j] - S[i, j]
    return S


case(integral_image, floats(4, 5))


# --- contractions and geometry ---


def matmul_loops(A, B):
    C = np.zeros((A.shape[0], B.shape[1]))
    for i in range(A.shape[0]):
        for j in range(B.shape[1]):
            s = 0.0
            for k in range(A.shape[1]):
                s += A[i, k] * B[k, j]
            C[i, j] = s
    return C


case(matmul_loops, floats(3, 4), floats(4, 2))
case(matmul_loops, floats(3, 4), floats(4, 2, axis=None), name="matmul_loops_right_shared")
case(matmul_loops, floats(3, 4, axis=None), floats(4, 2), name="matmul_loops_left_shared")


def matmul_in_place(A, B):
    C = np.zeros((len(A), len(B[0])))
    for i in range(len(A)):
        for k in range(len(B)):
            for j in range(len(B[0])):
                C[i][j] += A[i][k] * B[k][j]
    return C


case(matmul_in_place, floats(3, 4), floats(4, 2))


def matvec_loops(A, x):
    y = np.zeros(A.shape[0])
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]
    return y


case(matvec_loops, floats(3, 4), floats(4))


def quadratic_form(A, x):
    return sum(x[i] * A[i, j] * x[j] for i in range(len(x)) for j in range(len(x)))


case(quadratic_form, floats(4, 4), floats(4))


def pairwise_distances(P, Q):
    D = np.zeros((len(P), len(Q)))
    for i in range(len(P)):
        for j in range(len(Q)):
            D[i, j] = np.sqrt(np.sum((P[i] - Q[j]) ** 2))
    return D


case(pairwise_distances, floats(4, 3), floats(5, 3))
case(pairwise_distances, floats(4, 3), floats(5, 3, axis=None), name="pairwise_distances_shared")


def closest_pair(P):
    best = math.inf
    for i in range(len(P)):
        for j in range(i + 1, len(P)):
            d = math.hypot(P[i, 0] - P[j, 0], P[i, 1] - P[j, 1])
            if d < best:
                best = d
    return best


case(closest_pair, floats(6, 2))


def nbody_accelerations(pos, mass):
    n = pos.shape[0]
    acc = np.zeros((n, 3))
    for i in range(n):
        for j in range(n):
            if i != j:
                r = pos[j] - pos[i]
                r2 = np.dot(r, r) + 1e-3
                acc[i] += mass[j] * r / (r2 * np.sqrt(r2))
    return acc


case(nbody_accelerations, floats(5, 3), positive(5))
case(nbody_accelerations, floats(5, 3), positive(5, axis=None), name="nbody_accelerations_shared_mass")


def lennard_jones(pos):
    energy = 0.0
    for i in range(len(pos)):
        for j in range(i):
            r2 = ((pos[i] - pos[j]) ** 2).sum()
            s6 = 1.0 / r2**3
            energy += 4.0 * (s6 * s6 - s6)
    return energy


case(lennard_jones, floats(4, 3))


def gram(X, gamma):
    n = len(X)
    K = np.ones((n, n))
    for i in range(n):
        for j in range(i):
            K[i, j] = K[j, i] = math.exp(-gamma * ((X[i] - X[j]) ** 2).sum())
    return K


case(gram, floats(4, 2), positive())


def naive_dft(x):
    n = len(x)
    out = np.zeros(n, dtype=complex)
    for k in range(n):
        for t in range(n):
            out[k] += x[t] * np.exp(-2j * np.pi * k * t / n)
    return out


case(naive_dft, floats(6))
case(naive_dft, complexes(5), name="naive_dft_complex")


def goertzel_power(x, k):
    w = 2 * math.pi * k / len(x)
    re = sum(v * math.cos(w * t) for t, v in enumerate(x))
    im = sum(v * math.sin(w * t) for t, v in enumerate(x))
    return re * re + im * im


case(goertzel_power, floats(8), ints(high=8))
case(goertzel_power, floats(8), const(2), name="goertzel_power_shared_bin")


def softmax_loops(x):
    m = max(x)
    e = [math.exp(v - m) for v in x]
    s = sum(e)
    return np.array([v / s for v in e])


case(softmax_loops, floats(5))


def attention_loops(Q, K, V):
    out = np.zeros((len(Q), V.shape[1]))
    for i in range(len(Q)):
        scores = np.array([Q[i] @ K[j] / math.sqrt(Q.shape[1]) for j in range(len(K))])
        weights = np.exp(scores - scores.max())
        weights /= weights.sum()
        for j in range(len(K)):
            out[i] += weights[j] * V[j]
    return out


case(attention_loops, floats(3, 4), floats(5, 4), floats(5, 2))


# --- factorizations and solvers ---


def forward_substitution(L, b):
    x = np.zeros(len(b))
    for i in range(len(b)):
        s = 0.0
        for j in range(i):
            s += L[i, j] * x[j]
        x[i] = (b[i] - s) / L[i, i]
    return x


case(forward_substitution, spd(4), floats(4))
case(forward_substitution, spd(4, axis=None), floats(4), name="forward_substitution_shared_matrix")


def back_substitution(U, b):
    n = len(b)
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - U[i, i + 1 :] @ x[i + 1 :]) / U[i, i]
    return x


case(back_substitution, spd(4), floats(4))


def cholesky_loops(A):
    n = len(A)
    L = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = sum(L[i, k] * L[j, k] for k in range(j))
            if i == j:
                L[i, j] = math.sqrt(A[i, i] - s)
            else:
                L[i, j] = (A[i, j] - s) / L[j, j]
    return L


case(cholesky_loops, spd(4))


def gauss_jordan_inverse(A):
    n = A.shape[0]
    M = np.hstack([A, np.eye(n)])
    for i in range(n):
        M[i] = M[i] / M[i, i]
        for k in range(n):
            if k != i:
                M[k] -= M[k, i] * M[i]
    return M[:, n:]


case(gauss_jordan_inverse, spd(3))


# --- integration over time ---


def trapezoid(x, y):
    area = 0.0
    for i in range(1, len(x)):
        area += 0.5 * (x[i] - x[i - 1]) * (y[i] + y[i - 1])
    return area


case(trapezoid, increasing(6), floats(6))
case(trapezoid, increasing(6, axis=None), floats(6), name="trapezoid_shared_x")


def simpson(a, b, n=8):
    h = (b - a) / n
    s = math.exp(-a * a) + math.exp(-b * b)
    for i in range(1, n):
        x = a + i * h
        s += (4 if i % 2 else 2) * math.exp(-x * x)
    return s * h / 3


case(simpson, floats(low=-2, high=0), floats(low=0, high=2))


def pendulum(state, t):
    theta, omega = state
    return np.array([omega, -9.81 * np.sin(theta) - 0.1 * omega + 0.0 * t])


def rk4(state, dt, steps):
    t = 0.0
    for _ in range(steps):
        k1 = pendulum(state, t)
        k2 = pendulum(state + 0.5 * dt * k1, t + 0.5 * dt)
        k3 = pendulum(state + 0.5 * dt * k2, t + 0.5 * dt)
        k4 = pendulum(state + dt * k3, t + dt)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += dt
    return state


case(rk4, floats(2), const(0.01), const(10))
case(rk4, floats(2), positive(high=0.3), const(10), name="rk4_varying_step")


def euler_trajectory(x0, v0, k):
    dt = 0.05
    x, v = x0, v0
    trajectory = []
    for _ in range(10):
        a = -k * x
        x, v = x + dt * v, v + dt * a
        trajectory.append((x, v))
    return np.array(trajectory)


case(euler_trajectory, floats(), floats(), positive())


def kalman_loop(ys, F, H, Q, R, x, P):
    estimates = []
    for y in ys:
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        K = P @ H.T @ np.linalg.inv(S)
        x = x + K @ (y - H @ x)
        P = (np.eye(len(x)) - K @ H) @ P
        estimates.append(x)
    return np.stack(estimates), P


_F = const(np.array([[1.0, 0.1], [0.0, 1.0]]))
_H = const(np.array([[1.0, 0.0]]))
case(kalman_loop, floats(6, 1), _F, _H, const(0.01 * np.eye(2)), const(np.eye(1)), const(np.zeros(2)), const(np.eye(2)))
case(
    kalman_loop,
    floats(6, 1),
    _F,
    _H,
    spd(2),
    const(np.eye(1)),
    floats(2),
    spd(2),
    name="kalman_loop_batched_covariance",
)


# --- dynamic programming ---


def dtw(p, q):
    n, m = len(p), len(q)
    D = np.full((n + 1, m + 1), np.inf)
    D[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            cost = abs(p[i - 1] - q[j - 1])
            D[i, j] = cost + min(D[i - 1, j], D[i, j - 1], D[i - 1, j - 1])
    return D[n, m]


case(dtw, floats(5), floats(6))
case(dtw, floats(5), floats(6, axis=None), name="dtw_shared_template")


def lcs_length(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            if x == y:
                table[i + 1, j + 1] = table[i, j] + 1
            else:
                table[i + 1, j + 1] = max(table[i, j + 1], table[i + 1, j])
    return table[-1, -1]


case(lcs_length, ints(6, high=3), ints(5, high=3))


def levenshtein(a, b):
    # two rows
    previous = list(range(len(b) + 1))
    for i in range(1, len(a) + 1):
        current = [i]
        for j in range(1, len(b) + 1):
            substitution = previous[j - 1] + (a[i - 1] != b[j - 1])
            current.append(min(previous[j] + 1, current[j - 1] + 1, substitution))
        previous = current
    return previous[-1]


case(levenshtein, ints(5, high=3), ints(6, high=3))


def max_subarray(x):
    # Kadane
    best = current = x[0]
    for v in x[1:]:
        current = max(v, current + v)
        best = max(best, current)
    return best


case(max_subarray, floats(8))


def path_sum(grid):
    m, n = grid.shape
    cost = grid.copy()
    for i in range(m):
        for j in range(n):
            if i == 0 and j == 0:
                continue
            up = cost[i - 1, j] if i > 0 else np.inf
            left = cost[i, j - 1] if j > 0 else np.inf
            cost[i, j] += min(up, left)
    return cost[-1, -1]


case(path_sum, positive(4, 5))


def longest_increasing(x):
    length = [1] * len(x)
    for i in range(len(x)):
        for j in range(i):
            if x[j] < x[i] and length[j] + 1 > length[i]:
                length[i] = length[j] + 1
    return max(length)


case(longest_increasing, ints(8, high=20))


# --- sorting and graphs ---


def bubble_sort(x):
    a = x.copy()
    n = len(a)
    for i in range(n):
        for j in range(n - 1 - i):
            if a[j] > a[j + 1]:
                a[j], a[j + 1] = a[j + 1], a[j]
    return a


case(bubble_sort, floats(6))


def insertion_sort(x):
    a = np.array(x)
    for i in range(1, len(a)):
        v = a[i]
        j = i - 1
        while j >= 0 and a[j] > v:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = v
    return a


case(insertion_sort, floats(6))


def rank_values(x):
    ranks = np.zeros(len(x), dtype=int)
    for i in range(len(x)):
        for j in range(len(x)):
            if x[j] < x[i] or (x[j] == x[i] and j < i):
                ranks[i] += 1
    return ranks


case(rank_values, ints(7, high=5))


def transitive_closure(adjacency):
    reach = adjacency.copy()
    n = len(reach)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                reach[i, j] = reach[i, j] or (reach[i, k] and reach[k, j])
    return reach


case(transitive_closure, bools(5, 5))


def floyd_warshall(weights):
    dist = weights.copy()
    n = dist.shape[0]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                if dist[i, k] + dist[k, j] < dist[i, j]:
                    dist[i, j] = dist[i, k] + dist[k, j]
    return dist


case(floyd_warshall, positive(5, 5))


def page_rank(A, damping=0.85):
    n = A.shape[0]
    rank = np.ones(n) / n
    for _ in range(5):
        new = np.zeros(n)
        for i in range(n):
            for j in range(n):
                new[i] += A[i, j] * rank[j] / A[:, j].sum()
        rank = damping * new + (1 - damping) / n
    return rank


case(page_rank, positive(4, 4))


def tree_walk(values, parents):
    # depth of each node, parents come first
    depth = np.zeros(len(parents), dtype=int)
    total = values.copy()
    for i in range(1, len(parents)):
        depth[i] = depth[parents[i]] + 1
        total[i] += total[parents[i]]
    return depth, total


case(tree_walk, floats(6), const(np.array([0, 0, 0, 1, 1, 4])))


def inversions(x):
    return sum(1 for i in range(len(x)) for j in range(i + 1, len(x)) if x[i] > x[j])


case(inversions, ints(7))


def finite_difference_jacobian(x):
    def residual(v):
        return np.array([v[0] * v[1], np.sin(v[0]), v[1] ** 2])

    base = residual(x)
    J = np.zeros((3, 2))
    for j in range(2):
        step = np.zeros(2)
        step[j] = 1e-6
        J[:, j] = (residual(x + step) - base) / 1e-6
    return J


case(finite_difference_jacobian, floats(2))


def dict_of_series(series):
    out = {}
    for key in ("a", "b"):
        values = series[key]
        out[key] = sum(v * v for v in values) / len(values)
    return out


case(dict_of_series, tree({"a": floats(4), "b": floats(6)}))


def outer_sum_of_squares(x, y):
    total = 0.0
    for a in x:
        for b in y:
            if a > b:
                total += (a - b) ** 2
    return total


case(outer_sum_of_squares, floats(5), floats(4))


def empty_loop(x):
    s = 0.0
    for i in range(1, len(x) - 4):
        s += x[i]
    return s + x[0]


case(empty_loop, floats(4))
