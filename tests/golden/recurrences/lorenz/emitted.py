"""The Lorenz system, by the classical Runge-Kutta method."""

import numpy as np

SIGMA, RHO = 10.0, 28.0
BETA = 8 / 3


def lorenz(state):
    x, y, z = state
    return np.array([SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z])


def lorenz_batched(state):
    x, y, z = state[:, 0], state[:, 1], state[:, 2]
    return np.stack([SIGMA * (y - x), x * (RHO - z) - y, x * y - BETA * z], axis=1)


def rk4(state, dt, steps):
    assert state.shape[1] == 3 and dt == 0.01
    for _ in range(steps):
        k1 = lorenz_batched(state)
        k2 = lorenz_batched(state + 0.5 * dt * k1)
        k3 = lorenz_batched(state + 0.5 * dt * k2)
        k4 = lorenz_batched(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state.copy()
