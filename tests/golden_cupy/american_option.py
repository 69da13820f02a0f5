"""American put options by a binomial tree: at each node, the holder exercises where that is worth more than to wait."""

from __future__ import annotations

import cupy as cp
import numpy as np


def american_put(spot, strike, years, rate, volatility, steps):
    time_step = years / steps
    move = volatility * cp.sqrt(time_step)  # of the logarithm of the price, up or down
    chance = (cp.exp(rate * time_step) - cp.exp(-move)) / (cp.exp(move) - cp.exp(-move))
    discount = cp.exp(-rate * time_step)
    values = cp.maximum(strike[:, None] - spot[:, None] * cp.exp(move[:, None] * (2 * cp.arange(steps + 1) - steps)), 0.0)  # at the end
    for level in range(steps - 1, -1, -1):
        waiting = discount[:, None] * (chance[:, None] * values[:, 1 : level + 2] + (1 - chance)[:, None] * values[:, : level + 1])
        exercised = strike[:, None] - spot[:, None] * cp.exp(move[:, None] * (2 * cp.arange(level + 1) - level))
        values[:, : level + 1] = cp.maximum(waiting, exercised)
    return values[:, 0]


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
