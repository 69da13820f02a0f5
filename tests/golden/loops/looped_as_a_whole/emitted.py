import numpy as np
from vectorizer.runtime import stack_examples


def _ranked_example(x, table):
    # what each entry stands for
    names = {}
    for k, value in enumerate(x):
        names[k] = table[value]
    return np.array(sorted(names.values()))


def ranked(x, table):
    # looped over the examples: a key must be known when the function is rewritten
    return np.moveaxis(
        stack_examples([_ranked_example(x_i, table) for x_i in np.moveaxis(x, 1, 0)]), 0, -1
    )
