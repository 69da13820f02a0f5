from vectorizer import vmap


@vmap
def filled(prices, sizes, wanted):
    """What it costs to buy as much as is wanted, from the best offer on."""
    cost = 0.0
    for price, size in zip(prices, sizes):
        if size >= wanted:
            cost += wanted * price
            break
        cost += size * price
        wanted -= size
    return cost
