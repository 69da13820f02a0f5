"""A leaky integrate-and-fire neuron for a range of input currents: when it fires first, and how often."""

from __future__ import annotations

import numpy as np

from vectorizer import vmap

TIME_STEP = 0.1  # ms
TIME_CONSTANT = 10.0  # ms
THRESHOLD = 1.0
REFRACTORY_STEPS = 20


@vmap(in_axes=(0, None))
def first_spike(current: float, limit: int) -> int:
    potential, step = 0.0, 0
    while potential < THRESHOLD:
        if step == limit:
            return -1
        potential += TIME_STEP / TIME_CONSTANT * (current - potential)
        step += 1
    return step


@vmap(in_axes=(0, None))
def spikes(current: float, steps: int) -> int:
    potential, rest, count = 0.0, 0, 0
    for _ in range(steps):
        if rest > 0:
            rest -= 1
            continue
        potential += TIME_STEP / TIME_CONSTANT * (current - potential)
        if potential >= THRESHOLD:
            count += 1
            potential = 0.0
            rest = REFRACTORY_STEPS
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
