"""The loss of one example under a model whose parameters are a dict, for all examples at once."""

from __future__ import annotations

from typing import TypedDict

import numpy as np
import numpy.typing as npt

from vectorizer import vmap


class Params(TypedDict):
    weight: npt.NDArray[np.float64]  # [classes, features]
    bias: npt.NDArray[np.float64]  # [classes]
    decay: float


@vmap(in_axes=(None, 0, 0))
def loss(params: Params, x: npt.NDArray[np.float64], label: int) -> np.float64:
    # x: [features]
    logits = params["weight"] @ x + params["bias"]
    shifted = logits - np.max(logits)  # no exponential can overflow
    surprise = np.log(np.sum(np.exp(shifted))) - shifted[label]
    return surprise + params["decay"] * np.sum(params["weight"] ** 2)


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
