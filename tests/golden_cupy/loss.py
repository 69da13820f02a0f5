"""The loss of one example under a model whose parameters are a dict, for all examples at once."""

from __future__ import annotations

from typing import TypedDict

import cupy as cp
import numpy as np
import numpy.typing as npt
from vectorizer.runtime import in_range


class Params(TypedDict):
    weight: npt.NDArray[np.float64]  # [classes, features]
    bias: npt.NDArray[np.float64]  # [classes]
    decay: float


loss_result_kernel = cp.ElementwiseKernel(
    "float64 sum, float64 shifted, float64 decay, float64 sum_2",
    "float64 result",
    "result = loss_result(sum, shifted, decay, sum_2)",
    "loss_result_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
__device__ double loss_result(double sum, double shifted, double decay, double sum_2) {
    double surprise = log(sum) - shifted;
    return surprise + decay * sum_2;
}
""",
)


def loss(params, x, label):
    assert len(params['bias']) == len(params['weight'])
    # x: [features]
    logits = x @ params["weight"].T + params["bias"]
    shifted = logits - cp.max(logits, axis=1)[:, None]  # no exponential can overflow
    return loss_result_kernel(
        cp.sum(cp.exp(shifted), axis=1),
        shifted[cp.arange(x.shape[0]), in_range(label, shifted.shape[1])],
        params["decay"],
        cp.sum(params["weight"] ** 2),
    )


rng = np.random.default_rng(0)
params: Params = {"weight": rng.normal(size=(3, 4)), "bias": np.array([0.1, 0.0, -0.1]), "decay": 0.01}
xs = rng.normal(size=(5, 4))
labels = np.array([0, 2, 1, 1, 0])


def main() -> None:
    print(f"x, one row an example:\n{xs.round(2)}\nlabels: {labels}\n")
    losses = loss(params, xs, labels)
    print(loss.source())
    print(f"losses: {losses.round(4)}\nmean:   {losses.mean():.4f}")


if __name__ == "__main__":
    main()
