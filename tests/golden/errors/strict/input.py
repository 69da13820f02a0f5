import numpy as np

from vectorizer import vmap


@vmap
def zeros_of(x):
    y = np.roots(x)
    return y
