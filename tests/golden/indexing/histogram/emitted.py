import numpy as np

from vectorizer.runtime import stack_examples


def _histogram_example(x, edges):
    counts = np.zeros(len(edges) - 1)
    for v in x:
        b = np.searchsorted(edges, v, side="right") - 1
        if 0 <= b < len(counts):
            counts[b] += 1
    return counts


def histogram(x, edges):
    # looped over the examples: a comparison between values of unknown kind
    return stack_examples([_histogram_example(x_i, edges) for x_i in x])
