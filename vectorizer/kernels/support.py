"""What kernels have in front of them where C++ computes otherwise than Python and NumPy."""

from __future__ import annotations

import re

# Names in the order in which they must stand.  `bad` notes that Python raises.
FUNCTIONS = {
    "wrapping_add": """
template <typename T> __device__ T wrapping_add(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a + (unsigned long long)b);
}""",
    "wrapping_subtract": """
template <typename T> __device__ T wrapping_subtract(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a - (unsigned long long)b);
}""",
    "wrapping_multiply": """
template <typename T> __device__ T wrapping_multiply(T a, T b) {  // integers wrap
    return (T)((unsigned long long)a * (unsigned long long)b);
}""",
    "exact_add": """
__device__ long long exact_add(long long a, long long b, bool& bad) {  // Python's integers have no end
    long long sum = (long long)((unsigned long long)a + (unsigned long long)b);
    bad |= ((a ^ sum) & (b ^ sum)) < 0;
    return sum;
}""",
    "exact_subtract": """
__device__ long long exact_subtract(long long a, long long b, bool& bad) {  // Python's integers have no end
    long long difference = (long long)((unsigned long long)a - (unsigned long long)b);
    bad |= ((a ^ b) & (a ^ difference)) < 0;
    return difference;
}""",
    "exact_multiply": """
__device__ long long exact_multiply(long long a, long long b, bool& bad) {  // Python's integers have no end
    bad |= fabs((double)a * (double)b) >= 9.2e18;
    return (long long)((unsigned long long)a * (unsigned long long)b);
}""",
    "integer_power": """
template <typename T> __device__ T integer_power(T base, T exponent) {
    unsigned long long result = 1, factor = (unsigned long long)base;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) result *= factor;
        factor *= factor;
    }
    return (T)result;
}""",
    "floor_quotient": """
template <typename T> __device__ T floor_quotient(T a, T b) {  // of integers, towards minus infinity
    if (b == 0) return 0;
    if ((T)-1 < 0 && b == (T)-1) return (T)(0ULL - (unsigned long long)a);
    T quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0));
}""",
    "floor_remainder": """
template <typename T> __device__ T floor_remainder(T a, T b) {  // of integers, with the sign of b
    if (b == 0 || ((T)-1 < 0 && b == (T)-1)) return 0;
    T remainder = a % b;
    return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}""",
    "float_remainder": """
template <typename T> __device__ T float_remainder(T a, T b) {  // with the sign of b
    T remainder = fmod(a, b);
    if (b == 0) return remainder;
    if (remainder == 0) return copysign((T)0, b);
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}""",
    "float_quotient": """
template <typename T> __device__ T float_quotient(T a, T b) {  // towards minus infinity
    if (b == 0) return a / b;
    T remainder = fmod(a, b);
    T quotient = (a - remainder) / b;
    if (remainder != 0 && (b < 0) != (remainder < 0)) quotient -= 1;
    if (quotient == 0) return copysign((T)0, a / b);
    T whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}""",
    "magnitude": """
template <typename T> __device__ T magnitude(T x) {  // of integers, which wrap
    return x < 0 ? (T)(0ULL - (unsigned long long)x) : x;
}""",
    "squared": """
template <typename T> __device__ T squared(T x) {
    return x * x;
}""",
    "sign_of": """
template <typename T> __device__ T sign_of(T x) {
    return x != x ? x : (T)((x > 0) - (x < 0));
}""",
    "first_largest": """
template <typename T> __device__ T first_largest(T a, T b) {  // a where one is nan
    return b > a ? b : a;
}""",
    "first_smallest": """
template <typename T> __device__ T first_smallest(T a, T b) {  // a where one is nan
    return b < a ? b : a;
}""",
    "larger": """
template <typename T> __device__ T larger(T a, T b) {  // nan where one is nan
    return a >= b || a != a ? a : b;
}""",
    "smaller": """
template <typename T> __device__ T smaller(T a, T b) {  // nan where one is nan
    return a <= b || a != a ? a : b;
}""",
    "nonzero": """
template <typename T> __device__ T nonzero(T x, bool& bad) {  // Python raises ZeroDivisionError
    bad |= x == (T)0;
    return x;
}""",
    "nonnegative": """
template <typename T> __device__ T nonnegative(T x, bool& bad) {  // NumPy raises ValueError
    bad |= x < 0;
    return x;
}""",
    "item_of": """
template <typename T> __device__ T item_of(const T* x, long long k, long long length, bool& bad) {
    k += k < 0 ? length : 0;
    bool is_inside = 0 <= k && k < length;
    bad |= !is_inside;  // Python raises IndexError
    return is_inside ? x[k] : T();
}""",
    "item_of_matrix": """
template <typename T>
__device__ T item_of_matrix(const T* x, long long j, long long rows, long long k, long long columns, bool& bad) {
    j += j < 0 ? rows : 0;
    k += k < 0 ? columns : 0;
    bool is_inside = 0 <= j && j < rows && 0 <= k && k < columns;
    bad |= !is_inside;  // Python raises IndexError
    return is_inside ? x[j * columns + k] : T();
}""",
    "place_of": """
__device__ long long place_of(long long k, long long length, bool& bad) {
    k += k < 0 ? length : 0;
    bad |= k < 0 || k >= length;  // Python raises IndexError
    return k;
}""",
    "to_integer": """
__device__ long long to_integer(double x, bool& bad) {  // Python raises, or has more digits
    bool fits = -9223372036854775808.0 <= x && x < 9223372036854775808.0;
    bad |= !fits;
    return fits ? (long long)x : 0;
}""",
}


CHECKED = """
__device__ double checked_{name}(double x{more}, bool& bad) {{  // Python raises ValueError or OverflowError
    double result = {name}(x{passed});
    bad |= isnan(result) ? !isnan(x) : isinf(result) && !isinf(x);
    return result;
}}"""


def support_for(code: str) -> str:
    """The functions that some code calls."""
    used = {name for name in FUNCTIONS if re.search(rf"\b{name}\(", code)}
    checked = sorted(set(re.findall(r"\bchecked_(\w+)\(", code)))
    texts = [text for name, text in FUNCTIONS.items() if name in used]
    for name in checked:
        more, passed = (", double y", ", y") if name == "pow" else ("", "")
        texts.append(CHECKED.format(name=name, more=more, passed=passed))
    return "".join(texts)
