"""What a rule says of memory: a store through a result, or behind its back, ends as the loop ends."""

from __future__ import annotations

import linecache
import operator
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vectorizer import vmap
from vectorizer.testing import assert_matches_loop

# Views for one example, copies for one example, and what depends on the layout.
RESULTS = """
    x.reshape(-1)
    np.reshape(x, -1)
    x.reshape(x.shape)
    x.ravel()
    np.ravel(x)
    x.flatten()
    x.T
    x.T.reshape(-1)
    x.T.ravel()
    np.transpose(x)
    x.transpose().copy()
    np.atleast_1d(x)
    np.atleast_2d(x)
    np.atleast_3d(x)
    np.expand_dims(x, 0)
    np.squeeze(x)
    np.squeeze(x[None])
    x[None]
    x[..., None]
    np.flip(x)
    np.flip(x, 0)
    np.flipud(x)
    x[::-1]
    np.rot90(x)
    np.rot90(x, 0)
    np.roll(x, 1)
    np.roll(x, 1, 0)
    np.tile(x, 1)
    np.repeat(x, 1, 0)
    np.asarray(x)
    np.array(x)
    np.array(x, copy=False)
    np.asanyarray(x)
    np.ascontiguousarray(x)
    np.ascontiguousarray(x.T)
    np.asarray(x, dtype=float)
    np.asarray(x, dtype=np.float32)
    x.astype(float)
    x.astype(float, copy=False)
    x.astype(np.float32, copy=False)
    np.astype(x, float)
    np.astype(x, float, copy=False)
    x.copy()
    np.copy(x)
    +x
    np.positive(x)
    x.real
    np.real(x)
    x.conj()
    x.conjugate()
    np.conj(x)
    x.view()
    x.swapaxes(0, -1)
    np.moveaxis(x, 0, -1)
    np.rollaxis(x, -1)
    np.broadcast_to(x, x.shape)
    np.broadcast_to(x, (2, *x.shape))
    np.broadcast_arrays(x, x)[0]
    np.broadcast_arrays(x, 1.0)[0]
    np.split(x, [1])[0]
    np.array_split(x, 2)[0]
    np.hsplit(x, [1])[0]
    np.unstack(x)[0]
    np.unstack(x)[1]
    x[0]
    x[0:2]
    x[[0, 1]]
    x[x > 5]
    x[...]
    x[1:]
    np.take(x, [0, 1], axis=0)
    np.take(x, 0, axis=0)
    np.diagonal(x)
    np.diag(x)
    np.diag(np.diag(x))
    np.triu(x)
    np.nan_to_num(x)
    np.nan_to_num(x, copy=False)
    np.clip(x, 0, 1)
    np.lib.stride_tricks.sliding_window_view(x, 2, axis=0)
    np.max(x, axis=0, keepdims=True)
    np.sum(x[None], axis=0)
    np.concatenate([x])
    np.stack([x])[0]
    np.vstack([x])
    np.hstack([x])
    np.meshgrid(x[0], x[0])[0] if x.ndim > 1 else np.meshgrid(x, x)[0]
    np.sort(x)
    np.where(x > 100, 0.0, x)
    np.cumsum(x[:1], axis=0)
    np.pad(x, 0)
    np.delete(x, [], axis=0)
    np.zeros_like(x)
    np.maximum(x, -100)
    np.round(x)
    x.round(2)
    x.clip(-100, 100)
    np.linalg.matrix_transpose(x) if x.ndim > 1 else x
    np.linalg.diagonal(x) if x.ndim > 1 else x
    np.fft.fftshift(x)
    np.compress([True], x, axis=0)
    list(x)[0]
    np.select([x > 100], [0.0], x)
    np.swapaxes(x, 0, 0)
    np.einsum('...i->...i', x)
    np.einsum('ii->i', x)
    np.array([x, x])[0]
    np.linspace(x, x, 1)[0]
    np.permute_dims(x)
    np.average(x[None], axis=0)
    np.median(x[None], axis=0)
    max(x, x) if x.ndim == 0 else x
    operator.getitem(x, 0)
    operator.pos(x)
    np.block([x])
    np.dstack([x])
    np.rot90(x, 2)
    np.resize(x, x.shape)
    np.fix(x)
    np.trunc(x)
    np.ediff1d(x)
    np.append(x, [])
    np.insert(x, 0, 0, axis=0)
    np.choose([0], [x])
    np.compress([True, True], x, axis=0)
    sorted(x)[0]
    (x, x)[0]
    [x, x + 1][0]
    x if x.shape[0] > 1 else -x
    np.linalg.matrix_power(x, 1)
"""
PROGRAMS = {
    "store-into-result": "y = {e}; y[...] = 9.0; return x, y",
    "store-into-argument": "y = {e}; x[...] = 9.0; return x, y",
    "change-result": "x = x + 0; y = {e}; y += 1; return x, y",
    "change-local": "x = x + 0; y = {e}; x += 1; return x, y",
    "store-into-local": "x = x * 1; y = {e}; x[0] = z; return x, y",
    "uniform": "x = np.arange(9.0).reshape(3, 3); y = {e}; y[0] = z; return x, y",
    "uniform-local": "x = np.arange(9.0).reshape(3, 3); y = {e}; x[0] = z; return x, y",
    "two-names": "y = {e}; w = y; w[0] = z; return x, y, w",
}


def compiled(parameters: str, statements: str) -> Callable[..., Any]:
    """A function with a source that the vectorizer finds."""
    lines = "".join(f"    {line.strip()}\n" for line in statements.split(";"))
    text = f"def case({parameters}):\n{lines}"
    name = f"<rules {zlib.crc32(text.encode())}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"np": np, "operator": operator}
    exec(compile(text, name, "exec"), scope)  # the text is ours, from the tables
    made: Callable[..., Any] = scope["case"]
    return made


def compare(f: Callable[..., Any], args: tuple[Any, ...], in_axes: tuple[int | None, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_matches_loop(f, args, in_axes, vmapped=vmap(f, in_axes))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("expression", [line.strip() for line in RESULTS.strip().splitlines()])
def test_memory_is_shared_where_the_loop_shares_it(expression: str, program: str) -> None:
    f = compiled("x, z", PROGRAMS[program].format(e=expression))
    rng = np.random.default_rng(0)
    for shape in ((3,), (3, 3)):
        for axis in (0, -1, None):
            full = {0: (4, *shape), -1: (*shape, 4), None: shape}[axis]
            compare(f, (rng.normal(size=full), rng.normal(size=4)), (axis, 0))


STORES = """
buf = np.zeros(3); np.copyto(buf, x); return buf
buf = np.zeros(3); np.copyto(buf, x, where=x > 0); return buf
buf = np.zeros((3, 3)); np.copyto(buf, x); return buf
np.copyto(x, i); return x
np.copyto(x, 1.5, where=x > 0); return x * 2
buf = np.zeros(3); np.put(buf, i, 1.0); return buf
buf = np.zeros(3); np.put_along_axis(buf, i, 2.0, 0); return buf
buf = np.zeros(3); np.put_along_axis(buf, i, x, 0); return buf
np.put_along_axis(x, i, 0.0, axis=-1); return x
buf = np.zeros((3, 3)); np.fill_diagonal(buf, x); return buf
buf = np.zeros((3, 3)); np.fill_diagonal(buf, x[0]); return buf
buf = np.zeros(3); np.place(buf, x > 0, [1.0]); return buf
buf = np.zeros(3); np.putmask(buf, x > 0, 1.0); return buf
buf = np.zeros(3); np.putmask(buf, x > 0, x); return buf
buf = np.zeros(3); np.add(x, 1, buf); return buf
buf = np.zeros(3); np.add(x, 1, out=buf); return buf
buf = np.zeros(3); y = np.multiply(x, x, out=buf); buf[0] = 7.0; return y
buf = np.zeros(3); np.cumsum(x, out=buf); return buf
buf = np.zeros(()); np.sum(x, out=buf); return buf
buf = np.zeros(3); np.sum(np.outer(x, x), axis=0, out=buf); return buf
buf = np.zeros(1); np.sum(x, axis=0, keepdims=True, out=buf); return buf
buf = np.zeros(3); np.clip(x, 0, 1, out=buf); return buf
buf = np.zeros(3); np.clip(x, 0, 1, buf); return buf
buf = np.zeros(3); x.clip(0, 1, buf); return buf
buf = np.zeros(3); np.take(x, i, out=buf); return buf
buf = np.zeros(3); np.dot(np.eye(3), x, out=buf); return buf
buf = np.zeros(3); np.multiply.accumulate(x, out=buf); return buf
buf = np.zeros(3); np.add.reduce(np.outer(x, x), 0, None, buf); return buf
buf = np.zeros(3, dtype=int); np.rint(x, out=buf, casting="unsafe"); return buf
buf = np.zeros(3, dtype=np.float32); np.round(x, 1, out=buf); return buf
buf = np.zeros(3); np.maximum.at(buf, i, x); return buf
np.round(x, 1, x); return x
np.nan_to_num(x, copy=False); return x
x.sort(); return x[0]
y = np.median(x, overwrite_input=True); return y
"""


@pytest.mark.parametrize("statements", STORES.strip().splitlines())
def test_stores_end_as_in_the_loop(statements: str) -> None:
    f = compiled("x, i", statements)
    rng = np.random.default_rng(0)
    for size in (1, 3, 4):
        compare(f, (rng.normal(size=(size, 3)), rng.integers(0, 3, (size, 3))), (0, 0))
        compare(f, (rng.normal(size=(size, 3)), rng.integers(0, 3, (3, size))), (0, -1))


LISTS = """
return np.array([x[0], 1.0])
return np.array([x[0], 1])
return np.stack([x[0], 2.0])
return x[0] + np.array([1, 2.5])
return np.array([i[0], 1.0])
return np.array([i[0], x[0]])
return np.maximum(x[:2], [x[0], 0.5])
"""


@pytest.mark.parametrize("statements", LISTS.strip().splitlines())
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8])
def test_python_numbers_in_lists_are_not_weak(statements: str, dtype: Any) -> None:
    f = compiled("x, i", statements)
    compare(f, (np.arange(12).reshape(4, 3).astype(dtype), np.arange(12).reshape(4, 3)), (0, 0))
