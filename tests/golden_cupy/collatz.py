"""How long Collatz sequences are, and how high they go: each starting number takes a number of steps of its own."""

from __future__ import annotations

import cupy as cp
import numpy as np

collatz_kernel = cp.ElementwiseKernel(
    "int64 n_",
    "int64 result_0, int64 result_1",
    "collatz(n_, result_0, result_1)",
    "collatz_kernel",
    options=("--fmad=false",),  # as NumPy computes: each operation is rounded
    preamble="""
template <typename T> __device__ T wrapping_add(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a + (unsigned long long)b);
}
template <typename T> __device__ T wrapping_multiply(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a * (unsigned long long)b);
}
template <typename T> __device__ T floor_quotient(T a, T b) {  // of integers, towards minus infinity
    if (b == 0) return 0;
    if ((T)-1 < 0 && b == (T)-1) return (T)(0ULL - (unsigned long long)a);
    T quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0));
}
template <typename T> __device__ T floor_remainder(T a, T b) {  // of integers, with the sign of b
    if (b == 0 || ((T)-1 < 0 && b == (T)-1)) return 0;
    T remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

__device__ void collatz(long long n, long long& result_0, long long& result_1) {
    long long steps = 0;
    long long highest = n;
    while (n > 1) {
        if (floor_remainder(n, 2LL) == 0) {
            n = floor_quotient(n, 2LL);
        } else {
            n = wrapping_add(wrapping_multiply(3LL, n), 1LL);
        }
        highest = (n > highest ? n : highest);
        steps = steps + 1;
    }
    result_0 = steps;
    result_1 = highest;
}
""",
)


def collatz(n):
    result_0, result_1 = collatz_kernel(n)
    return result_0, result_1


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
