"""Prices of European options."""

import math

import numpy as np
from scipy.special import erf


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def normal_cdf_batched(x):
    return 0.5 * (1.0 + erf(x / math.sqrt(2.0)))


def black_scholes(spot, strike, years, rate, volatility):
    """The price of a call."""
    spread = volatility * np.sqrt(years)
    d1 = (np.log(spot / strike) + (rate + 0.5 * volatility**2) * years) / spread
    d2 = d1 - spread
    return spot * normal_cdf_batched(d1) - strike * np.exp(-rate * years) * normal_cdf_batched(d2)
