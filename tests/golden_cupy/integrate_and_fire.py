"""A leaky integrate-and-fire neuron for a range of input currents: when it fires first, and how often."""

from __future__ import annotations

from itertools import count

import cupy as cp
import numpy as np

TIME_STEP = 0.1  # ms
TIME_CONSTANT = 10.0  # ms
THRESHOLD = 1.0
REFRACTORY_STEPS = 20


first_spike_potential_part_kernel = cp.ElementwiseKernel(
    "float64 value, float64 current, float64 potential",
    "float64 result",
    "result = value * (current - potential)",
    "first_spike_potential_part_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


def first_spike(current, limit):
    batch = current.shape[0]
    returned = cp.zeros(batch, bool)
    result = cp.empty(batch, int)
    running = cp.ones(batch, bool)
    potential = cp.zeros(batch)
    step = cp.zeros(batch, int)
    for step_2 in count():
        running &= potential < THRESHOLD
        if step_2 % 16 == 15 and not running.any():  # to look is to wait for the device
            break
        returning = running & (step == limit)
        cp.copyto(result, -1, where=returning)
        returned |= returning
        running &= ~returning
        potential = cp.where(
            running,
            potential + first_spike_potential_part_kernel(TIME_STEP / TIME_CONSTANT, current, potential),
            potential,
        )
        step = cp.where(running, step + 1, step)
    return cp.where(returned, result, step)


spikes_potential_else_part_kernel = cp.ElementwiseKernel(
    "float64 value, float64 current, float64 potential",
    "float64 result",
    "result = value * (current - potential)",
    "spikes_potential_else_part_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
)


spikes_count_kernel = cp.ElementwiseKernel(
    "bool taken, int64 count, bool taken_2",
    "int64 result",
    "result = taken ? count : taken_2 ? wrapping_add(count, 1LL) : count",
    "spikes_count_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
template <typename T> __device__ T wrapping_add(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a + (unsigned long long)b);
}
""",
)


def spikes(current, steps):
    batch = current.shape[0]
    count = cp.zeros(batch, int)
    potential = cp.zeros(batch)
    rest = cp.zeros(batch, int)
    for _ in range(steps):
        taken = rest > 0
        potential_else = potential + spikes_potential_else_part_kernel(TIME_STEP / TIME_CONSTANT, current, potential)
        taken_2 = potential_else >= THRESHOLD
        potential_else = cp.where(taken_2, 0.0, potential_else)
        count = spikes_count_kernel(taken, count, taken_2)
        potential = cp.where(taken, potential, potential_else)
        rest = cp.where(taken, rest - 1, cp.where(taken_2, REFRACTORY_STEPS, rest))
    return count


currents = np.linspace(0.8, 3.0, 12)
steps = 5000


def main() -> None:
    first, count = first_spike(currents, steps), spikes(currents, steps)
    print(first_spike.source())
    print(spikes.source())
    print("current  first spike    rate")
    for current, latency, number in zip(currents, first, count, strict=True):
        when = f"{latency * TIME_STEP:7.1f} ms" if latency >= 0 else "     never"
        rate = number / (steps * TIME_STEP * 1e-3)
        print(f"{current:7.2f}  {when}  {rate:5.0f}/s {'#' * round(rate / 5)}")


if __name__ == "__main__":
    main()
