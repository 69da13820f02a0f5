from vectorizer import vmap


@vmap(in_axes=(0, None))
def escape_time(c, limit):
    z, n = 0j, 0
    while abs(z) <= 2 and n < limit:
        z = z * z + c
        n += 1
    return n
