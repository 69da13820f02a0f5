import numpy as np
from vectorizer.runtime import map_examples


def _ranked_example(x, table):
    # what each entry stands for
    names = {}
    for k, value in enumerate(x):
        names[k] = table[value]
    return np.array(sorted(names.values()))


def ranked(x, table):
    # looped over the examples: a key must be known when the function is rewritten
    return map_examples(_ranked_example, (1, None), -1)(x, table)
