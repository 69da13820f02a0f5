"""A multilayer perceptron: `predict` for one input, batched over the inputs with the parameters shared."""

from __future__ import annotations

import cupy as cp
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Params = list[tuple[Array, Array]]


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


predict_x_kernel = cp.ElementwiseKernel(
    "float64 product, float64 b",
    "float64 result",
    "result = predict_x(product, b)",
    "predict_x_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
template <typename T> __device__ T larger(T a, T b) {  // nan where one is nan
    return a >= b || a != a ? a : b;
}

__device__ double relu(double x) {
    return larger(x, 0.0);
}

__device__ double predict_x(double product, double b) {
    return relu(product + b);
}
""",
)


predict_result_kernel = cp.ElementwiseKernel(
    "float64 logits, float64 sum",
    "float64 result",
    "result = logits - log(sum)",
    "predict_result_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


def predict(params, x):
    assert len(params[2][0]) == len(params[2][1])
    # W: [m, n] and b: [m] of each layer, x: [n]
    for W, b in params[:-1]:
        x = predict_x_kernel(x @ W.T, b)
    W, b = params[-1]
    logits = x @ W.T + b
    return predict_result_kernel(logits, cp.sum(cp.exp(logits), axis=1)[:, None])  # logarithms of the probabilities


def make_params(sizes: tuple[int, ...], rng: np.random.Generator) -> Params:
    layers = zip(sizes[:-1], sizes[1:], strict=True)
    return [(rng.normal(size=(m, n)) / np.sqrt(n), np.zeros(m)) for n, m in layers]


rng = np.random.default_rng(0)
params = make_params((6, 8, 8, 3), rng)
inputs = rng.normal(size=(4, 6))


def main() -> None:
    print(f"inputs, one row an example:\n{inputs.round(2)}\n")
    outputs = predict(params, inputs)
    print(predict.source())
    print(f"probabilities:\n{np.exp(outputs).round(3)}")


if __name__ == "__main__":
    main()
