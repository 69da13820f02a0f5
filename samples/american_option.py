"""American put options by a binomial tree: at each node, the holder exercises where that is worth more than to wait."""

from __future__ import annotations

import math

import numpy as np

from vectorizer import vmap


@vmap(in_axes=(0, 0, 0, None, 0, None))
def american_put(spot: float, strike: float, years: float, rate: float, volatility: float, steps: int) -> float:
    time_step = years / steps
    move = volatility * math.sqrt(time_step)  # of the logarithm of the price, up or down
    chance = (math.exp(rate * time_step) - math.exp(-move)) / (math.exp(move) - math.exp(-move))
    discount = math.exp(-rate * time_step)
    values = np.maximum(strike - spot * np.exp(move * (2 * np.arange(steps + 1) - steps)), 0.0)  # at the end
    for level in range(steps - 1, -1, -1):
        for node in range(level + 1):
            waiting = discount * (chance * values[node + 1] + (1 - chance) * values[node])
            exercised = strike - spot * math.exp(move * (2 * node - level))
            values[node] = max(waiting, exercised)
    return values[0]


spots = np.array([80.0, 90.0, 100.0, 110.0, 120.0])
strikes = np.full(5, 100.0)
years = np.full(5, 1.0)
volatilities = np.full(5, 0.2)
rate = 0.05
steps = 100


def main() -> None:
    prices = american_put(spots, strikes, years, rate, volatilities, steps)
    print(american_put.source())
    print("  spot  exercised now   price")
    for spot, strike, price in zip(spots, strikes, prices, strict=True):
        print(f"{spot:6.1f}  {max(strike - spot, 0):13.4f}  {price:6.4f}")


if __name__ == "__main__":
    main()
