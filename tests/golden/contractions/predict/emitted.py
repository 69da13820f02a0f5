"""A small neural network."""

import numpy as np


def relu(x):
    return np.maximum(x, 0)


def predict(params, x):
    assert params[0][0].shape[1] == len(params[0][1]) and params[1][0].shape[1] == len(params[1][1])
    # params: weights and biases of each layer
    for w, b in params[:-1]:
        x = relu(x @ w + b)
    w, b = params[-1]
    return x @ w + b  # logits
