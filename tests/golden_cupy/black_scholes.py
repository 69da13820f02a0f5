"""The price of a European call option, written for one option with `math`, for a whole book of them.

NumPy has no error function: what is emitted for `math.erf` imports SciPy's where that is installed.
"""

from __future__ import annotations

import math

import cupy as cp
import numpy as np


def normal_cdf(x: float) -> float:
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


call_price_kernel = cp.ElementwiseKernel(
    "float64 spot, float64 strike, float64 years, float64 rate, float64 volatility",
    "float64 result, bool bad",
    "bad = false; result = call_price(spot, strike, years, rate, volatility, bad)",
    "call_price_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
__device__ double checked_exp(double x, bool& bad) {  // Python raises ValueError or OverflowError
    double result = exp(x);
    bad |= isnan(result) ? !isnan(x) : isinf(result) && !isinf(x);
    return result;
}
__device__ double checked_log(double x, bool& bad) {  // Python raises ValueError or OverflowError
    double result = log(x);
    bad |= isnan(result) ? !isnan(x) : isinf(result) && !isinf(x);
    return result;
}
__device__ double checked_sqrt(double x, bool& bad) {  // Python raises ValueError or OverflowError
    double result = sqrt(x);
    bad |= isnan(result) ? !isnan(x) : isinf(result) && !isinf(x);
    return result;
}

__device__ double normal_cdf(double x) {
    return 0.5 * (1.0 + erf(x / 1.4142135623730951));
}

__device__ double call_price(double spot, double strike, double years, double rate, double volatility, bool& bad) {
    double spread = volatility * checked_sqrt(years, bad);
    double d1 = (checked_log(spot / strike, bad) + (rate + 0.5 * (volatility * volatility)) * years) / spread;
    double d2 = d1 - spread;
    return spot * normal_cdf(d1) - strike * checked_exp(-rate * years, bad) * normal_cdf(d2);
}
""",
)


def call_price(spot, strike, years, rate, volatility):
    result, bad = call_price_kernel(spot, strike, years, rate, volatility)
    if bad.any():
        raise ArithmeticError("Python raises for one of the examples")
    return result


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
