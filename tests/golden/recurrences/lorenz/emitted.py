"""The Lorenz system, by the classical Runge-Kutta method."""

import numpy as np
from vectorizer.runtime import stack_examples

SIGMA, RHO = 10.0, 28.0
BETA = 8 / 3


def lorenz(state):
    x, y, z = state
    return np.array([SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z])


def _rk4_example(state, dt, steps):
    for _ in range(steps):
        k1 = lorenz(state)
        k2 = lorenz(state + 0.5 * dt * k1)
        k3 = lorenz(state + 0.5 * dt * k2)
        k4 = lorenz(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def rk4(state, dt, steps):
    # looped over the examples: a variable is an array of rank 1 and dtype float64 on one
    #   path and a value of unknown kind on another
    return stack_examples([_rk4_example(state_i, dt, steps) for state_i in state])
