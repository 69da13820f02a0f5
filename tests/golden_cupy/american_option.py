"""American put options by a binomial tree: at each node, the holder exercises where that is worth more than to wait."""

from __future__ import annotations

import cupy as cp
import numpy as np

american_put_move_kernel = cp.ElementwiseKernel(
    "float64 volatility, float64 time_step",
    "float64 result",
    "result = volatility * sqrt(time_step)",
    "american_put_move_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


american_put_chance_kernel = cp.ElementwiseKernel(
    "float64 rate, float64 time_step, float64 move",
    "float64 result",
    "result = (exp(rate * time_step) - exp(-move)) / (exp(move) - exp(-move))",
    "american_put_chance_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


american_put_discount_kernel = cp.ElementwiseKernel(
    "float64 minus_rate, float64 time_step",
    "float64 result",
    "result = exp(minus_rate * time_step)",
    "american_put_discount_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


american_put_values_kernel = cp.ElementwiseKernel(
    "float64 strike, float64 spot, float64 move, int64 arange, int64 steps",
    "float64 result",
    "result = larger(strike - spot * exp(move * (double)wrapping_subtract(wrapping_multiply(2LL, arange), steps)), 0.0)",
    "american_put_values_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
template <typename T> __device__ T wrapping_subtract(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a - (unsigned long long)b);
}
template <typename T> __device__ T wrapping_multiply(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a * (unsigned long long)b);
}
template <typename T> __device__ T larger(T a, T b) {  // nan where one is nan
    return a >= b || a != a ? a : b;
}
""",
)


american_put_waiting_kernel = cp.ElementwiseKernel(
    "float64 discount, float64 chance, float64 values, float64 values_2",
    "float64 result",
    "result = discount * (chance * values + (1.0 - chance) * values_2)",
    "american_put_waiting_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


def american_put(spot, strike, years, rate, volatility, steps):
    time_step = years / steps
    move = american_put_move_kernel(volatility, time_step)  # of the logarithm of the price, up or down
    chance = american_put_chance_kernel(rate, time_step, move)
    discount = american_put_discount_kernel(-rate, time_step)
    values = american_put_values_kernel(
        strike[:, None], spot[:, None], move[:, None], cp.arange(steps + 1), steps
    )  # at the end
    for level in range(steps - 1, -1, -1):
        waiting = american_put_waiting_kernel(
            discount[:, None], chance[:, None], values[:, 1 : level + 2], values[:, : level + 1]
        )
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
