from vectorizer import vmap


@vmap(in_axes=(0, None))
def huber(r, delta):
    if abs(r) <= delta:
        return 0.5 * r * r
    return delta * (abs(r) - 0.5 * delta)
