"""How long Collatz sequences are, and how high they go: each starting number takes a number of steps of its own."""

from __future__ import annotations

import numpy as np

from vectorizer import vmap


@vmap
def collatz(n: np.int64) -> tuple[int, np.int64]:
    steps, highest = 0, n
    while n > 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        highest = max(highest, n)
        steps += 1
    return steps, highest


numbers = np.arange(1, 10_001)


def main() -> None:
    steps, highest = collatz(numbers)
    print(f"{len(numbers)} numbers, {steps.sum()} steps in all\n")
    print(collatz.source())
    print("records:\n     n  steps  highest")
    longest = -1
    for n, length, top in zip(numbers, steps, highest, strict=True):
        if length > longest:
            longest = length
            print(f"{n:6} {length:6} {top:8}")


if __name__ == "__main__":
    main()
