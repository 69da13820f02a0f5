"""Names that C++, or the functions of `support.py`, have for something else."""

from __future__ import annotations

RESERVED = frozenset(
    """alignas and asm auto bad bool break case catch char class complex const continue default delete do
    double else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new not operator or private protected public register return short signed sizeof static
    struct switch template this throw true try typedef typename union unsigned using virtual void
    volatile while xor abs acos acosh arg asin asinh atan atan2 atanh cbrt ceil conj copysign cos cosh
    erf erfc exp exp2 expm1 fabs floor fmod gamma hypot isfinite isinf isnan j0 j1 jn log log10 log1p
    log2 max min norm pow real imag rint round sin sinh sqrt tan tanh trunc y0 y1 yn wrapping_add
    wrapping_subtract wrapping_multiply checked magnitude larger smaller nonzero in_domain nonnegative
    to_integer sign_of integer_power floor_quotient floor_remainder float_remainder float_quotient
    exact_add exact_subtract exact_multiply squared item_of item_of_matrix place_of
    first_largest first_smallest
    NAN INFINITY NULL HUGE_VAL assert errno signbit half float16""".split()
)
