from vectorizer import vmap


@vmap
def first_above(x, threshold):
    found = -1
    for i in range(len(x)):
        if x[i] > threshold:
            found = i
            break
    return found
