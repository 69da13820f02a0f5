import math

from vectorizer import vmap


@vmap
def safe_log_ratio(a, b):
    if b < 0:
        raise ValueError("b must not be negative")
    if b == 0:
        return 0.0
    return math.log(a / b)
