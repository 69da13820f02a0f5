import numpy as np

from vectorizer import vmap


@vmap(in_axes=(1, None), out_axes=-1)
def ranked(x, table):
    # what each entry stands for
    names = {}
    for k, value in enumerate(x):
        names[k] = table[value]
    return np.array(sorted(names.values()))
