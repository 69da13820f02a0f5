#!/usr/bin/env python
# Two functions in one file, and what else may stand in it.
from __future__ import annotations

import numpy as np


# The norm of a vector.
def norm(x):
    return np.sqrt(np.sum(x * x, axis=1))


THRESHOLD = 2.0  # of what is large


def large(x):
    """Whether each is large."""
    x = np.moveaxis(x, 1, 0)
    return (np.abs(x) > THRESHOLD).T


print_me = "norm"
