#!/usr/bin/env python
# Two functions in one file, and what else may stand in it.
from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

import vectorizer
from vectorizer import vmap as batched


# The norm of a vector.
@batched
def norm(x: Float[np.ndarray, "n"]):
    return math.sqrt(sum(x * x))


THRESHOLD = 2.0  # of what is large


@vectorizer.vmap(in_axes=1, out_axes=1)
def large(x: Float[np.ndarray, "n"]):
    """Whether each is large."""
    return np.abs(x) > THRESHOLD


print_me = "norm"
