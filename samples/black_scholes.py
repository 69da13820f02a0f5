"""The price of a European call option, written for one option with `math`, for a whole book of them.

NumPy has no error function: what is emitted for `math.erf` imports SciPy's where that is installed.
"""

from __future__ import annotations

import math

import numpy as np

from vectorizer import vmap


def normal_cdf(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


@vmap(in_axes=(0, 0, 0, None, 0))
def call_price(spot: float, strike: float, years: float, rate: float, volatility: float) -> float:
    spread = volatility * math.sqrt(years)
    d1 = (math.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    return spot * normal_cdf(d1) - strike * math.exp(-rate * years) * normal_cdf(d2)


spots = np.array([90.0, 100.0, 110.0, 100.0])
strikes = np.array([100.0, 100.0, 100.0, 120.0])
years = np.array([0.5, 1.0, 1.0, 2.0])
volatilities = np.array([0.2, 0.2, 0.3, 0.25])
rate = 0.03


def main() -> None:
    print(f"spots:        {spots}\nstrikes:      {strikes}\nyears:        {years}\nvolatilities: {volatilities}\n")
    prices = call_price(spots, strikes, years, rate, volatilities)
    print(call_price.source())
    print(f"prices: {prices.round(4)}")


if __name__ == "__main__":
    main()
