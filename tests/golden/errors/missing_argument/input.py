from vectorizer import vmap


@vmap
def scaled(x, factor: float):
    return x * factor
