import numpy as np
from vectorizer.runtime import drop_lanes


def filled(prices, sizes, wanted):
    """What it costs to buy as much as is wanted, from the best offer on."""
    assert prices.shape[1] == sizes.shape[1] and prices.shape[1] >= 1
    batch = prices.shape[0]
    lanes = np.arange(batch)  # the examples still in the loop
    cost_final = np.empty(batch)
    cost = np.zeros(batch)
    for price, size in zip(prices.T, sizes.T):
        price = price[lanes]
        size = size[lanes]
        leave = size >= wanted
        cost = np.where(leave, cost + wanted * price, cost)
        done = np.flatnonzero(leave)
        if done.size:
            cost_final[lanes[done]] = cost[done]
            lanes, cost, price, size, wanted = drop_lanes(done, lanes, cost, price, size, wanted, of=batch)
            if lanes.size == 0:
                break
        cost += size * price
        wanted = wanted - size
    cost_final[lanes] = cost
    return cost_final
