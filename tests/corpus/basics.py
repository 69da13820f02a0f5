"""Formulas, reductions, products, linear algebra, shapes, indexing, creation, dtypes, stores."""

import math
from collections import namedtuple

import numpy as np

from ._make import Suite, bools, complexes, const, distinct, floats, increasing, ints, positive, spd, tree

case = Suite(__name__)


# --- elementwise ---


def gaussian(x, mu=0.0, sigma=1.0):
    """Normal density."""
    z = (x - mu) / sigma
    return math.exp(-0.5 * z * z) / (sigma * math.sqrt(2 * math.pi))


case(gaussian, floats(), floats(), positive())
case(gaussian, floats(), name="gaussian_defaults")


def damped_wave(t, amplitude, decay, omega):
    return amplitude * np.exp(-decay * t) * np.cos(omega * t)


case(damped_wave, floats(6), floats(), positive(), positive())
case(damped_wave, floats(6, axis=None), floats(), positive(), const(2.0), name="damped_wave_shared_time")


def logit_roundtrip(p):
    q = np.log(p) - np.log1p(-p)
    return 1.0 / (1.0 + np.exp(-q))


case(logit_roundtrip, floats(4, low=0.05, high=0.95))


def hypotenuse(a, b):
    return math.hypot(a, b), math.atan2(b, a), math.degrees(math.atan2(b, a))


case(hypotenuse, floats(), floats())


def mixed_math(x):
    # math and numpy side by side, as people write them
    a = math.sin(x) ** 2 + np.cos(x) ** 2
    b = math.floor(x) + math.ceil(x) + math.trunc(x)
    return a + b, abs(x), math.fabs(x) ** 0.5, math.copysign(3.0, x)


case(mixed_math, floats())


def angles(deg):
    rad = np.deg2rad(deg)
    return np.arctan2(np.sin(rad), np.cos(rad)), np.sinc(rad), np.hypot(rad, 1)


case(angles, floats(5, low=-400, high=400))


def bits(a, b):
    return a & b, a | b, a ^ b, ~a, a << 2, b >> 1


case(bits, ints(4, high=256), ints(4, high=256))


def comparisons(x, y):
    return (x < y) & (y < 1.5) | ~(x > 0), np.logical_xor(x > 0, y > 0), x == y


case(comparisons, floats(5), floats(5))


def clip_styles(x, lo, hi):
    return np.clip(x, lo, hi) + x.clip(-1, 1) + np.minimum(np.maximum(x, lo), hi)


case(clip_styles, floats(6), floats(low=-1, high=0), floats(low=0, high=1))
case(clip_styles, floats(6), const(-0.5), floats(low=0, high=1), name="clip_styles_one_bound")


def divmod_floor(a, b):
    q, r = divmod(a, b)
    return q, r, a // b, a % b, -a // b


case(divmod_floor, ints(low=-20, high=20), ints(low=1, high=7))


def soft_threshold(x, lam):
    return np.sign(x) * np.maximum(np.abs(x) - lam, 0)


case(soft_threshold, floats(7), positive(high=1.0))


# --- reductions ---


def rms(x):
    return np.sqrt(np.mean(x**2))


case(rms, floats(9))


def zscore(x):
    return (x - x.mean()) / x.std()


case(zscore, floats(8))
case(zscore, floats(3, 4), name="zscore_matrix")


def reduce_axes(a):
    return a.sum(), a.sum(axis=0), a.sum(1), a.max(axis=-1), np.min(a, axis=-2), np.prod(a)


case(reduce_axes, floats(3, 4))
case(reduce_axes, floats(3, 4, axis=1), name="reduce_axes_middle")
case(reduce_axes, floats(3, 4, axis=-1), name="reduce_axes_last")


def reduce_tuple_axes(a):
    return a.sum(axis=(0, 1)), np.mean(a, axis=(-1, 0)), a.var(axis=(1, 2), keepdims=True), np.max(a, axis=(0, 1, 2))


case(reduce_tuple_axes, floats(2, 3, 4))


def keepdims_softmax(a):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


case(keepdims_softmax, floats(3, 5))


def keepdims_all(x):
    return x / x.sum(keepdims=True), np.linalg.norm(x, keepdims=True), x.argmax(keepdims=True)


case(keepdims_all, positive(5))


def sample_variance(x):
    return np.var(x, ddof=1), x.std(ddof=1), np.ptp(x), np.median(x)


case(sample_variance, floats(7))


def arg_reductions(a):
    return a.argmax(), np.argmin(a), a.argmax(axis=1), np.argsort(a, axis=0), np.argmin(a, axis=-1)


case(arg_reductions, distinct(3, 4))


def logical_reductions(x):
    return np.any(x > 1), (x > -3).all(), np.count_nonzero(x > 0), (x > 0).sum(), np.mean(x > 0)


case(logical_reductions, floats(6))


def masked_sum(x, mask):
    return np.sum(x, where=mask), np.max(x, where=mask, initial=-10.0), np.sum(x * mask)


case(masked_sum, floats(6), bools(6))


def quantiles(x):
    return np.percentile(x, 25), np.quantile(x, [0.1, 0.9]), np.median(x)


case(quantiles, floats(9))


def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


case(logsumexp, floats(6, low=-500, high=500))


def cumulative(x):
    return np.cumsum(x), x.cumprod(), np.maximum.accumulate(x), np.add.reduce(x)


case(cumulative, floats(6))


def cumulative_axes(a):
    return np.cumsum(a), a.cumsum(axis=0), np.cumsum(a, axis=-1)


case(cumulative_axes, floats(3, 4))


def weighted_average(x, w):
    return np.average(x, weights=w), np.average(x), (w * x).sum() / w.sum()


case(weighted_average, floats(5), positive(5))
case(weighted_average, floats(5), positive(5, axis=None), name="weighted_average_shared")


# --- products ---


def dot_vectors(a, b):
    return np.dot(a, b), a @ b, a.dot(b), np.inner(a, b), np.vdot(a, b), (a * b).sum()


case(dot_vectors, floats(5), floats(5))
case(dot_vectors, floats(5), floats(5, axis=None), name="dot_vectors_right_shared")
case(dot_vectors, floats(5, axis=None), floats(5), name="dot_vectors_left_shared")


def matrix_vector(A, x):
    return A @ x, np.dot(A, x), A.dot(x), np.matmul(A, x), A.T @ (A @ x)


case(matrix_vector, floats(3, 4), floats(4))
case(matrix_vector, floats(3, 4, axis=None), floats(4), name="matrix_vector_shared_matrix")
case(matrix_vector, floats(3, 4), floats(4, axis=None), name="matrix_vector_shared_vector")
case(matrix_vector, floats(3, 4, axis=2), floats(4, axis=1), name="matrix_vector_batch_last")


def vector_matrix(x, A):
    return x @ A, np.dot(x, A), x @ A @ A.T @ x


case(vector_matrix, floats(3), floats(3, 4))
case(vector_matrix, floats(3), floats(3, 4, axis=None), name="vector_matrix_shared_matrix")


def matrix_matrix(A, B):
    return A @ B, np.dot(A, B), np.matmul(A, B), (A @ B).trace()


case(matrix_matrix, floats(3, 4), floats(4, 3))
case(matrix_matrix, floats(3, 4), floats(4, 3, axis=None), name="matrix_matrix_right_shared")
case(matrix_matrix, floats(3, 4, axis=None), floats(4, 3), name="matrix_matrix_left_shared")


def stacked_matmul(T, A):
    # T: [k, n, m], A: [m, p]
    return T @ A, np.dot(T, A)


case(stacked_matmul, floats(2, 3, 4), floats(4, 2))
case(stacked_matmul, floats(2, 3, 4, axis=None), floats(4, 2), name="stacked_matmul_left_shared")


def dot_with_scalar(x, s):
    return np.dot(x, s), np.multiply.outer(x, x), np.outer(x, x * s)


case(dot_with_scalar, floats(4), floats())


def outer_inner(x, y, A):
    return np.outer(x, y), np.inner(A, y), np.inner(A, A), x[:, None] * y[None, :]


case(outer_inner, floats(3), floats(4), floats(2, 4))


def bilinear_form(x, A, y):
    return np.einsum("i,ij,j->", x, A, y), np.einsum("ij,j", A, y), np.einsum("i,j->ij", x, y)


case(bilinear_form, floats(3), floats(3, 4), floats(4))
case(bilinear_form, floats(3), floats(3, 4, axis=None), floats(4), name="bilinear_form_shared")


def einsum_kinds(A, B):
    trace = np.einsum("ii", A)
    diagonal = np.einsum("ii->i", A)
    product = np.einsum("ij,jk->ik", A, B)
    double = np.einsum("...ij,...ij->...", A, B)
    return trace, diagonal, product, double, np.einsum("ij->ji", A)


case(einsum_kinds, floats(4, 4), floats(4, 4))


def tensordots(A, B):
    return np.tensordot(A, B, axes=1), np.tensordot(A, B, axes=([0, 1], [1, 0])), np.tensordot(A, B, axes=0)


case(tensordots, floats(3, 4), floats(4, 3))
case(tensordots, floats(3, 4, axis=None), floats(4, 3), name="tensordots_left_shared")


def cross_and_kron(a, b):
    return np.cross(a, b), np.kron(a, b), np.dot(a, np.cross(a, b))


case(cross_and_kron, floats(3), floats(3))


# --- linear algebra ---


def solve_both(A, b, B):
    return np.linalg.solve(A, b), np.linalg.solve(A, B), np.linalg.inv(A) @ b


case(solve_both, spd(3), floats(3), floats(3, 2))
case(solve_both, spd(3, axis=None), floats(3), floats(3, 2), name="solve_both_shared_matrix")
case(solve_both, spd(3), floats(3, axis=None), floats(3, 2, axis=None), name="solve_both_shared_right")


def determinants(A):
    sign, logdet = np.linalg.slogdet(A)
    return np.linalg.det(A), sign * np.exp(logdet), np.trace(A), np.linalg.matrix_rank(A)


case(determinants, spd(3))


def norms(x, A):
    return (
        np.linalg.norm(x),
        np.linalg.norm(x, 1),
        np.linalg.norm(x, np.inf),
        np.linalg.norm(A),
        np.linalg.norm(A, axis=0),
        np.linalg.norm(A, axis=1, keepdims=True),
        np.linalg.norm(A, "fro"),
    )


case(norms, floats(4), floats(3, 4))


def whiten(S, x):
    L = np.linalg.cholesky(S)
    return L, np.linalg.solve(L, x), 2 * np.log(np.diag(L)).sum()


case(whiten, spd(4), floats(4))


def spectral(S):
    w, V = np.linalg.eigh(S)
    return w, V @ np.diag(w) @ V.T, np.linalg.eigvalsh(S)


case(spectral, spd(3))


def low_rank(A):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return s, (U[:, :2] * s[:2]) @ Vt[:2], np.linalg.pinv(A)


case(low_rank, floats(4, 3))


def qr_product(A):
    Q, R = np.linalg.qr(A)
    return Q @ R, np.abs(np.diagonal(R)), Q.T @ Q


case(qr_product, floats(4, 3))


def powers(A, x):
    return np.linalg.matrix_power(A, 3) @ x, np.linalg.multi_dot([A, A, x])


case(powers, floats(3, 3), floats(3))


# --- shapes ---


def reshapes(a):
    # a: [3, 4]
    return a.reshape(-1), a.reshape(2, 6), a.reshape((4, -1)), np.reshape(a, (2, -1, 3)), a.ravel(), a.flatten()


case(reshapes, floats(3, 4))
case(reshapes, floats(3, 4, axis=-1), name="reshapes_batch_last")


def transposes(t):
    return t.T, t.transpose(1, 2, 0), np.transpose(t, (2, 0, 1)), np.swapaxes(t, 0, -1), np.moveaxis(t, 0, 2)


case(transposes, floats(2, 3, 4))


def dims(x):
    a = x[:, None]
    b = x[np.newaxis]
    return a * b, np.expand_dims(x, 0), np.expand_dims(x, -1), np.squeeze(a), a.squeeze(axis=1), np.atleast_2d(x)


case(dims, floats(4))


def broadcasts(x, A):
    b = np.broadcast_to(x, (3, 4))
    return b + A, np.broadcast_to(x[0], (2, 2)), x * A, x[:, None] * A.T


case(broadcasts, floats(4), floats(3, 4))
case(broadcasts, floats(4, axis=None), floats(3, 4), name="broadcasts_vector_shared")


def joins(x, y):
    return (
        np.concatenate([x, y]),
        np.stack([x, y]),
        np.stack((x, y), axis=1),
        np.vstack([x, y]),
        np.hstack((x, y)),
        np.column_stack([x, y]),
        np.append(x, y),
    )


case(joins, floats(4), floats(4))
case(joins, floats(4), floats(4, axis=None), name="joins_one_shared")


def join_matrices(A, B):
    return np.concatenate((A, B), axis=0), np.concatenate([A, B], axis=-1), np.vstack((A, B)), np.hstack((A, B))


case(join_matrices, floats(2, 3), floats(2, 3))


def splits(x):
    first, second = np.split(x, 2)
    a, b, c = np.array_split(x, 3)
    head, *tail = np.split(x, [1, 3])
    return first - second, a.sum() + b.sum() * c.sum(), head, tail[0], tail[1]


case(splits, floats(6))


def repeats(x):
    return np.tile(x, 3), np.tile(x, (2, 1)), np.repeat(x, 2), np.repeat(x[:, None], 2, axis=1), x.repeat(2)


case(repeats, floats(4))


def rolls(x, A):
    return np.roll(x, 1), np.roll(x, -2), np.roll(A, 1, axis=0), np.roll(A, 1), np.flip(x), np.flip(A, 1), A[::-1]


case(rolls, floats(5), floats(3, 4))


def flips(A):
    return np.fliplr(A), np.flipud(A), np.rot90(A), np.flip(A)


case(flips, floats(3, 4))


def pads(x, A):
    return np.pad(x, 1), np.pad(x, (2, 0), mode="edge"), np.pad(A, 1), np.pad(A, ((0, 0), (1, 2)), mode="wrap")


case(pads, floats(4), floats(2, 3))


def diffs(x, A):
    return np.diff(x), np.diff(x, n=2), np.diff(A, axis=0), np.ediff1d(x), np.gradient(x)


case(diffs, floats(6), floats(3, 4))


def triangles(A):
    return np.tril(A), np.triu(A, 1), np.diag(A), np.diag(np.diag(A)), np.diagonal(A, offset=1)


case(triangles, floats(4, 4))


def sorting(x, A):
    return np.sort(x), np.argsort(x), np.sort(A, axis=0), x[np.argsort(-x)], np.sort(x)[::-1]


case(sorting, distinct(6), distinct(3, 4))


def shape_arithmetic(a):
    m, n = a.shape
    return a.sum() / (m * n), a.sum() / a.size, len(a), a.ndim, a.shape[-1] * a[0, 0]


case(shape_arithmetic, floats(3, 4))


# --- indexing ---


def slices(x):
    return x[1:], x[:-1], x[::2], x[::-1], x[-3:], x[1:-1], x[4:1:-1], x[-1], x[0]


case(slices, floats(7))


def slices_2d(A):
    return A[0], A[:, 1], A[1:, :-1], A[..., 0], A[-1, -1], A[:, None, :], A[None, 1, ..., None], A[::-1, ::2]


case(slices_2d, floats(3, 4))
case(slices_2d, floats(3, 4, axis=1), name="slices_2d_middle")


def element_by_index(x, i):
    return x[i], x[i - 1], x[-i - 1]


case(element_by_index, floats(6), ints(high=6))
case(element_by_index, floats(6, axis=None), ints(high=6), name="element_by_index_shared_array")
case(element_by_index, floats(6), ints(high=6, axis=None), name="element_by_index_shared_index")
case(element_by_index, floats(6), const(2), name="element_by_index_constant")


def gather(x, idx):
    return x[idx], np.take(x, idx), x.take(idx), x[idx].sum()


case(gather, floats(6), ints(4, high=6))
case(gather, floats(6, axis=None), ints(4, high=6), name="gather_shared_array")
case(gather, floats(6), ints(4, high=6, axis=None), name="gather_shared_index")
case(gather, floats(6), const([0, 2, 5]), name="gather_list_index")


def gather_rows(A, idx):
    return A[idx], A[:, idx], A[idx, 0], A[idx, :, None].sum(axis=1), np.take(A, idx, axis=1)


case(gather_rows, floats(4, 4), ints(3, high=4))
case(gather_rows, floats(4, 4, axis=None), ints(3, high=4), name="gather_rows_shared_matrix")


def matrix_element(A, i, j):
    return A[i, j], A[i][j], A[i, :], A[:, j], A[i, 1:]


case(matrix_element, floats(3, 4), ints(high=3), ints(high=4))
case(matrix_element, floats(3, 4, axis=None), ints(high=3), ints(high=4), name="matrix_element_shared_matrix")
case(matrix_element, floats(3, 4), const(1), ints(high=4), name="matrix_element_one_constant")


def pairs_of_indices(A, rows, cols):
    return A[rows, cols], A[rows[:, None], cols], A[np.ix_([0, 2], [1, 3])], A[[0, 1], [1, 0]]


case(pairs_of_indices, floats(3, 4), ints(2, high=3), ints(2, high=4))


def separated_indices(T, i, j):
    # an index on each side of a slice: NumPy moves the broadcast dimension to the front
    return T[i, :, j], T[:, i, j], T[0, :, j], T[i, ..., 0]


case(separated_indices, floats(3, 4, 3), ints(2, high=3), ints(2, high=3))
case(separated_indices, floats(3, 4, 3, axis=None), ints(2, high=3), ints(2, high=3), name="separated_indices_shared")


def boolean_reductions(x):
    return x[x > 0].sum(), len(x[x > 0]), np.abs(x[x <= 0]).sum(), np.where(x > 0, x, 0)


case(boolean_reductions, floats(7))


def boolean_store(x):
    y = x.copy()
    y[y < 0] = 0
    y[x > 1] *= 2
    return y


case(boolean_store, floats(7))


def take_along(A):
    order = np.argsort(A, axis=1)
    return np.take_along_axis(A, order, axis=1), A[np.arange(len(A)), A.argmax(axis=1)]


case(take_along, distinct(3, 5))


def choose_class(logits, label):
    return logits[label] - np.log(np.exp(logits).sum())


case(choose_class, floats(5), ints(high=5))


def bins_of(x, edges):
    return np.searchsorted(edges, x), np.digitize(x, edges), np.interp(x, edges, edges**2)


case(bins_of, floats(4, low=0, high=3), increasing(5, axis=None))
case(bins_of, floats(4, low=0, high=3), increasing(5), name="bins_of_batched_edges")


# --- creation ---


def creators(x):
    n = len(x)
    return (
        x + np.arange(n),
        x * np.ones(n),
        x - np.zeros_like(x),
        np.full(n, x[0]),
        np.full_like(x, 2.5) * x,
        np.eye(n) * x,
        np.linspace(0, 1, n) * x,
    )


case(creators, floats(5))


def varying_grid(a, b):
    t = np.linspace(a, b, 5)
    return t, np.trapezoid(np.sin(t), t), np.arange(4) * (b - a)


case(varying_grid, floats(), floats())


def assemble(theta):
    c, s = np.cos(theta), np.sin(theta)
    R = np.array([[c, -s], [s, c]])
    return R, R @ np.array([1.0, 0.0]), np.asarray([c, s, 1])


case(assemble, floats())


def homogeneous(R, t):
    T = np.eye(4)
    T[:3, :3] = R
    T[:3, 3] = t
    return T


case(homogeneous, floats(3, 3), floats(3))
case(homogeneous, floats(3, 3, axis=None), floats(3), name="homogeneous_shared_rotation")


def grids(x, y):
    X, Y = np.meshgrid(x, y)
    return X * Y, np.hypot(X, Y).sum(), np.vander(x, 3)


case(grids, floats(3), floats(4))


# --- dtypes ---


def affine(x):
    return 0.5 * x + 1


case(affine, floats(4, dtype=np.float32), name="affine_float32")
case(affine, floats(dtype=np.float32), name="affine_float32_scalar")
case(affine, ints(4, dtype=np.int32), name="affine_int32")
case(affine, ints(4, dtype=np.uint8), name="affine_uint8")
case(affine, bools(4), name="affine_bool")
case(affine, complexes(4), name="affine_complex")


def integer_average(x):
    return x.mean(), x.sum(), x / 2, x // 2, x.sum() / len(x), x.max() - x.min()


case(integer_average, ints(5))
case(integer_average, ints(5, dtype=np.int32), name="integer_average_int32")
case(integer_average, ints(5, high=200, dtype=np.uint8), name="integer_average_uint8")


def casts(x):
    return (
        x.astype(int),
        x.astype(np.float32),
        np.float32(x[0]),
        int(x[1]),
        float(x[2]),
        bool(x[0] > 0),
        x.dtype.itemsize,
    )


case(casts, floats(4, low=-9, high=9))


def complex_parts(z):
    return z.real, z.imag, np.abs(z), np.angle(z), np.conj(z), (z * z.conjugate()).real, abs(z[0])


case(complex_parts, complexes(4))


def spectrum(x):
    f = np.fft.rfft(x)
    return np.abs(f) ** 2, np.fft.irfft(f, n=len(x)), np.fft.fftfreq(len(x)) * x


case(spectrum, floats(8))


# --- structures returned ---


def summary(x):
    return {"mean": x.mean(), "range": (x.min(), x.max()), "parts": [x[:2], x[2:]]}


case(summary, floats(5))

Fit = namedtuple("Fit", ["slope", "intercept"])


def fit_line(x, y):
    xm, ym = x.mean(), y.mean()
    slope = ((x - xm) * (y - ym)).sum() / ((x - xm) ** 2).sum()
    return Fit(slope=slope, intercept=ym - slope * xm)


case(fit_line, increasing(6), floats(6))
case(fit_line, increasing(6, axis=None), floats(6), name="fit_line_shared_x")


def unpack_vector(s):
    x, y, z = s
    (a, b), c = (x * y, y * z), z
    return np.array([a, b, c]), x + y - z


case(unpack_vector, floats(3))


def layer(params, x):
    W, b = params["W"], params["b"]
    return np.tanh(W @ x + b)


case(layer, tree({"W": floats(3, 4, axis=None), "b": floats(3, axis=None)}, axis=None), floats(4))
case(layer, tree({"W": floats(3, 4), "b": floats(3)}), floats(4), name="layer_batched_params")


def two_layers(layers, x):
    for W, b in layers:
        x = np.maximum(W @ x + b, 0)
    return x


case(
    two_layers,
    tree(
        [
            tree((floats(5, 4, axis=None), floats(5, axis=None)), None),
            tree((floats(2, 5, axis=None), const(0.5)), None),
        ],
        None,
    ),
    floats(4),
)


def add_pair(pair, scale):
    left, right = pair
    return scale * (left + right), left * right


case(add_pair, tree((floats(3), floats(3))), floats())


# --- assignments and stores ---


def accumulate_names(x, y):
    total = x * 2
    total += y
    total -= 1
    total *= x
    total /= 3
    total **= 2
    return total


case(accumulate_names, floats(4), floats(4))
case(accumulate_names, floats(), floats(), name="accumulate_names_scalar")


def fill_buffer(x, y):
    out = np.zeros(3)
    out[0] = x
    out[1] = y
    out[-1] = x * y
    return out


case(fill_buffer, floats(), floats())
case(fill_buffer, floats(), floats(axis=None), name="fill_buffer_one_shared")


def skew(v):
    K = np.zeros((3, 3))
    K[0, 1], K[0, 2] = -v[2], v[1]
    K[1, 0], K[1, 2] = v[2], -v[0]
    K[2, 0], K[2, 1] = -v[1], v[0]
    return K


case(skew, floats(3))


def edges_zero(img):
    out = img.copy()
    out[0, :] = 0
    out[-1] = 0
    out[:, 0] = 0
    out[:, -1] = 0.0
    return out


case(edges_zero, floats(4, 5))


def one_hot(label):
    v = np.zeros(4)
    v[label] = 1
    return v


case(one_hot, ints(high=4))


def scatter_once(n, idx, values):
    out = np.zeros(n)
    out[idx] = values
    out[idx] += 1
    return out


case(scatter_once, const(6), ints(3, high=6), floats(3))


def histogram_at(idx, w):
    h = np.zeros(5)
    np.add.at(h, idx, w)
    return h, np.bincount(idx, minlength=5), np.bincount(idx, weights=w, minlength=5)


case(histogram_at, ints(8, high=5), positive(8))


def normalize_in_place(x):
    # writes to the caller's array
    x -= x.mean()
    x /= np.abs(x).max()
    return x.sum()


case(normalize_in_place, floats(5), tags="mutates")


def store_in_argument(x, i, v):
    x[i] = v
    x[0] += 1
    return x * 2


case(store_in_argument, floats(5), ints(high=5), floats(), tags="mutates")


def store_only(x):
    x[:] = np.sort(x)


case(store_only, floats(5), tags="mutates")


def view_then_store(n, x):
    buf = np.zeros((n, 3))
    first = buf[0]
    first[:] = x
    middle = buf[1:3]
    middle += x
    buf.reshape(-1)[-1] = x[0]
    return buf


case(view_then_store, const(4), floats(3))


def copy_then_store(x):
    y = x
    z = x.copy()
    z[0] = 100.0
    w = np.array(x)
    w[1] = -100.0
    return y + z + w


case(copy_then_store, floats(4))


def out_argument(x, y):
    buf = np.empty_like(x)
    np.multiply(x, y, out=buf)
    np.add(buf, 1, out=buf)
    return buf


case(out_argument, floats(4), floats(4))
