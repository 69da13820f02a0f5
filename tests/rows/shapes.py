"""Functions that move, join, split and make."""

from __future__ import annotations

from tests.rows.case import case

case(
    """
    x.reshape(-1)
    np.reshape(x, -1)
    x.reshape(x.shape)
    x.reshape(x.size)
    x.reshape((-1, 1))
    x.reshape(1, -1)
    x.ravel()
    np.ravel(x)
    x.flatten()
    x.T
    x.transpose()
    np.transpose(x)
    np.atleast_1d(x)
    np.atleast_2d(x)
    np.atleast_3d(x)
    np.expand_dims(x, 0)
    np.expand_dims(x, -1)
    np.expand_dims(x, (0, -1))
    np.squeeze(np.expand_dims(x, 0))
    np.squeeze(np.expand_dims(x, 0), 0)
    np.squeeze(np.expand_dims(x, -1), axis=-1)
    x[None].squeeze()
    np.flip(x)
    np.tile(x, 2)
    np.tile(x, (2, 1))
    np.repeat(x, 2)
    np.roll(x, 1)
    np.roll(x, k)
    np.asarray(x)
    np.array(x)
    np.ascontiguousarray(x)
    np.array(x, dtype=float)
    np.array([x, x])
    np.array([x, 1.0])
    np.array(x, ndmin=2)
    np.asanyarray(x)
    np.asarray_chkfinite(x)
    np.append(x, 1.0)
    np.resize(x, (2, 2))
    np.broadcast_to(x, (2, 4, 3))
    np.zeros_like(x)
    np.ones_like(x)
    np.full_like(x, 2)
    np.empty_like(x).shape
    np.zeros_like(x, dtype=float)
    np.ediff1d(x)
    np.unstack(x[None])
    np.argwhere(x).sum()
    np.nonzero(x)[0].size
    np.flatnonzero(x).size
    """,
    x="r*",
    k="w",
)
case(
    """
    np.flip(x, 0)
    np.flip(x, axis=-1)
    np.flip(x, (0,))
    np.flipud(x)
    np.roll(x, 1, 0)
    np.roll(x, -2, axis=-1)
    np.roll(x, (1, 1), axis=(0, -1))
    np.roll(x, (1, 2), axis=0)
    np.repeat(x, 2, axis=0)
    np.repeat(x, 2, axis=-1)
    x.repeat(2)
    x.repeat(3, axis=0)
    np.swapaxes(x, 0, -1)
    x.swapaxes(0, -1)
    np.moveaxis(x, 0, -1)
    np.rollaxis(x, -1)
    np.rollaxis(x, 0, x.ndim)
    np.pad(x, 1)
    np.pad(x, (1, 2))
    np.pad(x, 1, mode="edge")
    np.pad(x, (2, 0), constant_values=5)
    np.pad(x, 1, "reflect")
    np.pad(x, ((1, 2),))
    np.concatenate([x, x])
    np.concatenate((x, 2 * x), axis=-1)
    np.concatenate([x, x], axis=None)
    np.concat([x, x])
    np.stack([x, x])
    np.stack([x, 2 * x], axis=-1)
    np.stack((x, x), 1)
    np.hstack([x, x])
    np.vstack([x, x])
    np.dstack([x, x])
    np.column_stack([x, x])
    np.append(x, x)
    np.append(x, x, axis=0)
    np.split(x, [1])
    np.split(x, [1, 2], axis=-1)
    np.array_split(x, 2)
    np.array_split(x, 2, axis=-1)
    np.vsplit(x, [1])
    np.hsplit(x, [1])
    np.delete(x, 0)
    np.delete(x, 0, axis=0)
    np.delete(x, [0, 1], axis=-1)
    np.delete(x, slice(0, 2), axis=-1)
    np.delete(x, -1, -1)
    np.insert(x, 0, 9)
    np.insert(x, 1, 9, axis=0)
    np.insert(x, [0, 1], 9, axis=-1)
    np.unstack(x)
    np.unstack(x, axis=-1)
    np.take(x, 1)
    np.take(x, [0, 1], axis=0)
    np.take(x, [1, 0], axis=-1)
    x.take([0, 2])
    np.compress([True, False], x, axis=0)
    np.block([x, x])
    np.trim_zeros(x).size if x.ndim == 1 else 0
    np.gradient(x, axis=0)
    np.gradient(x, axis=-1)
    np.gradient(x, 0.5, axis=-1)
    np.rot90(x) if x.ndim > 1 else x
    np.lib.stride_tricks.sliding_window_view(x, 2, axis=-1)
    np.lib.stride_tricks.sliding_window_view(x, 2, axis=0)
    np.apply_along_axis(np.sum, 0, x)
    np.apply_over_axes(np.sum, x, 0)
    np.isin(x, [0, 1, 2])
    np.ptp(x, axis=-1)
    np.add.reduce(x)
    np.add.reduce(x, axis=-1)
    np.multiply.reduce(x, axis=0, keepdims=True)
    np.maximum.reduce(x)
    np.maximum.reduce(x, axis=None)
    np.logical_and.reduce(x, axis=0)
    np.add.accumulate(x)
    np.maximum.accumulate(x, axis=-1)
    np.minimum.accumulate(x)
    np.multiply.accumulate(x, 0)
    np.add.reduceat(x, [0, 1])
    np.add.reduceat(x, [0, 2], axis=-1)
    np.histogram(x, bins=4, range=(-3, 3))[0]
    np.unique(x).size
    np.broadcast_arrays(x, x[:1])[1]
    np.mean(np.broadcast_arrays(x, 1.0)[1])
    np.indices((2, 3))[0].sum() + x
    """,
    x="r1+",
)
case(
    """
    np.fliplr(x)
    np.rot90(x)
    np.rot90(x, 2)
    np.rot90(x, k=-1)
    np.rot90(x, 3, axes=(1, 0))
    np.tril(x)
    np.triu(x)
    np.tril(x, -1)
    np.triu(x, k=1)
    x.reshape(-1, x.shape[0])
    np.transpose(x, (1, 0, *range(2, x.ndim)))
    np.gradient(x)
    np.permute_dims(x, tuple(range(x.ndim))[::-1])
    np.dsplit(x, [1]) if x.ndim > 2 else x
    np.lib.stride_tricks.sliding_window_view(x, (2, 2), axis=(0, 1))
    np.pad(x, ((1, 0), (0, 2)) + ((0, 0),) * (x.ndim - 2))
    np.block([[x, x], [x, x]])
    np.squeeze(x[:1])
    np.linalg.norm(x)
    np.cumsum(x, axis=1)
    np.take(x, [[0, 1], [1, 0]], axis=1)
    x.ravel(order="F")
    x.reshape(-1, order="F")
    """,
    x="r2+",
)
case(
    """
    np.gradient(x)
    np.gradient(x, 2.0)
    np.gradient(x, np.array([0.0, 1.0, 3.0]))
    np.gradient(x, edge_order=2)
    np.ediff1d(x, to_begin=0)
    np.ediff1d(x, to_end=[1.0, 2.0])
    """,
    x="gn",
)
case("np.gradient(x, t)", x="fm", t="om")
case(
    """
    np.hstack([x, y])
    np.vstack([x, y])
    np.column_stack([x, y])
    np.concatenate([x, y])
    np.append(x, y)
    np.dstack([x, y])
    np.r_[x, y]
    np.c_[x, y]
    np.stack([x, y])
    np.block([x, y])
    np.insert(x, 1, y)
    np.union1d(x, y).size
    """,
    x="rn",
    y="gn",
)
case(
    """
    np.hstack([x, y])
    np.append(x, y)
    np.array([x, y])
    np.stack([x, y])
    np.vstack([x, y])
    """,
    x="r",
    y="r",
)
case("np.insert(x, 1, v)\nnp.insert(x, [0, 2], v)\nnp.append(v, x)", x="fn", v="f")
case(
    """
    np.insert(x, 1, y, axis=0)
    np.insert(x, 0, z, axis=1)
    np.concatenate([x, y[None]])
    np.column_stack([x, z])
    """,
    x="fmn",
    y="fn",
    z="fm",
)
case(
    """
    np.meshgrid(x, y)
    np.meshgrid(x, y, indexing='ij')
    np.meshgrid(x, y, sparse=True)
    np.broadcast_arrays(x, y[:, None])
    np.ix_([0, 1], [1, 2])[0] + x[:1]
    """,
    x="rn",
    y="gm",
)
case(
    """
    np.broadcast_shapes(x.shape, y.shape)
    np.result_type(x, y) == float
    np.promote_types(x.dtype, y.dtype) == float
    np.can_cast(x.dtype, float)
    """,
    x="fn",
    y="fn",
)
case(
    """
    np.linspace(x, y, 4)
    np.linspace(x, y)
    np.linspace(0, y, num=3, endpoint=False)
    np.geomspace(x, y, 3)
    np.logspace(0, x, 3)
    np.full(3, x)
    np.full((2, 2), x, dtype=float)
    np.arange(3) * x
    np.full_like(np.zeros(3), x)
    """,
    x="p",
    y="p",
)
case(
    """
    np.linspace(x, y, 4)
    np.linspace(x, y, 4, axis=-1)
    np.full((2, 3), x)
    np.linspace(x, 1.0, 3, retstep=True)[1]
    """,
    x="pn",
    y="pn",
)
case("np.full_like(x, y)\nnp.full_like(x, y, dtype=float)", x="rn", y="r")
