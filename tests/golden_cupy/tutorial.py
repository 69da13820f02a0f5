"""JAX's tutorial on automatic vectorization, on NumPy.

A convolution is written for one vector and one window of weights, and then batched in four ways.
"""

from __future__ import annotations

import inspect

import cupy as cp
import numpy as np
import numpy.typing as npt

from vectorizer import jit, vmap


def convolve(x, w):
    assert w.shape[1] == 3 and x.shape[1] >= 2
    # x: [n], w: [3]
    output = x[:, :-2] * w[:, 0:1]
    term = x[:, 1:-1] * w[:, 1:2]
    output += term
    cp.multiply(x[:, 2:], w[:, 2:3], out=term)
    output += term
    return output


convolve_one = inspect.unwrap(convolve)  # the function as it is written above, for one example

convolve_columns = vmap(convolve_one, in_axes=1, out_axes=1)  # the examples are columns, of arguments and result
convolve_shared = vmap(convolve_one, in_axes=[0, None])  # one window of weights for all examples
convolve_jitted = jit(convolve)

x = np.arange(5.0)
w = np.array([2.0, 3.0, 4.0])
xs = np.stack([x, x])
ws = np.stack([w, w])


def manually_batched_convolve(xs: npt.NDArray[np.float64], ws: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The loop over the examples: what `vmap` has to equal."""
    output = []
    for i in range(xs.shape[0]):
        output.append(convolve_one(xs[i], ws[i]))
    return np.stack(output)


def main() -> None:
    print(f"xs =\n{xs}\nws =\n{ws}\n")
    print(f"one example: {convolve_one(x, w)}\n")
    print(f"by the loop:\n{manually_batched_convolve(xs, ws)}\n")

    print(f"vmap(convolve):\n{convolve(xs, ws)}\n")
    print(f"{convolve.source()}")

    print(f"vmap(convolve, in_axes=1, out_axes=1), on the transposed arguments:\n{convolve_columns(xs.T, ws.T)}\n")
    print(f"{convolve_columns.source()}")

    print(f"vmap(convolve, in_axes=[0, None]):\n{convolve_shared(xs, w)}\n")
    print(f"{convolve_shared.source()}")

    print(f"jit(vmap(convolve)):\n{convolve_jitted(xs, ws)}")


if __name__ == "__main__":
    main()
