"""Sums of products over loops: contractions, as matrix products where the layouts allow it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from vectorizer.rewrite.sequential import SequentialLoops
from vectorizer.rules.contractions import contract, product_dtype
from vectorizer.rules.elementwise import select
from vectorizer.rules.pieces import in_pieces
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.source.statements import Stmt
from vectorizer.values import Array, Axis, number, sites


def _is_moderate(value: Array) -> bool:
    """Whether a factor is a known number of about the size of 1."""
    known = value.const
    return isinstance(known, int | float) and 1e-3 < abs(known) < 1e3


class Contractions(SequentialLoops):
    """A sum over a product, without the product."""

    def masked(self, right: Operand, symbol: str) -> Operand:
        """`right` where the conditions in the loop hold, elsewhere what changes nothing."""
        raise NotImplementedError

    def reduction(self, function: str, right: Operand, axes: list[Axis], summed: Any = None) -> Operand:
        """``np.sum(right, axis=...)``, in the dtype in which the loop adds."""
        raise NotImplementedError

    def contraction(self, right: Operand, axes: list[Axis]) -> Operand | None:
        """The sum of a product over `axes`, or None where the product is better made and summed."""
        factors = right.factors
        if any(isinstance(f.value, Array) and f.array.rank for f in factors):
            return self.contraction_of_rows(right, axes)
        if right.divisors or any(not isinstance(f.value, Array) for f in factors):
            return None
        if any(f.array.rank or f.array.weak and f.array.axes for f in factors):
            return None
        varying = [f for f in factors if f.array.axes]
        if len(varying) not in (2, 3) or not self._of_one_precision(varying):
            return None
        if product_dtype([v.array for v in varying]) != self.array(right).dtype:
            return None  # without the uniform factors, the products would be made in another dtype
        if not any(sum(a in f.array.axes for f in varying) > 1 for a in axes):
            return None
        varying, outside = self._with_uniform(factors, axes)
        result = self.as_matmul(varying, axes) or contract(self, varying, [""] * len(varying), "", tuple(axes))
        for factor in outside:
            result = self.binary("*", result, factor)
        self.change("contract", "a sum of products is a contraction")
        return result

    def _with_uniform(self, factors: Sequence[Operand], axes: list[Axis]) -> tuple[list[Operand], list[Operand]]:
        """The factors of the terms, and those that the sum over `axes` is multiplied by.

        A number in front of a product may be what keeps it within the range of floats: it stays where it is, unless it
        is known to be near 1.
        """
        inner: list[Operand] = []
        waiting: list[Operand] = []
        outside: list[Operand] = []
        summed = [bool(set(factor.array.axes) & set(axes)) for factor in factors]
        last = max(k for k, is_summed in enumerate(summed) if is_summed)
        for k, factor in enumerate(factors):
            if summed[k]:
                product = functools.reduce(lambda a, b: self.binary("*", a, b), [*waiting, factor])
                inner += [product] if product.array.axes == factor.array.axes else [*waiting, factor]
                waiting = []
            elif k > last or _is_moderate(factor.array):
                outside.append(factor)
            elif inner and set(factor.array.axes) <= set(inner[-1].array.axes):
                inner[-1] = self.binary("*", inner[-1], factor)
            else:
                (inner if inner else waiting).append(factor)
        return inner, outside

    @staticmethod
    def _of_one_precision(factors: list[Operand]) -> bool:
        """Whether factors have one dtype, or are real and complex numbers of one precision."""
        dtypes = {f.array.dtype for f in factors}
        if len(dtypes) == 1:
            return True
        return None not in dtypes and {np.result_type(d, np.complex64) for d in dtypes if d is not None} <= {
            product_dtype([f.array for f in factors])
        }

    def contraction_of_rows(self, right: Operand, axes: list[Axis]) -> Operand | None:
        """The sum over `axes` of numbers times an array."""
        found = self._weighted(right, axes, [])
        if found is None or self.shared.backend is not None:
            return None
        weights, factor = found
        total = self.weighted_sum(self._product(*weights), factor, axes)
        if total.array.axes != tuple(a for a in self.array(right).axes if a not in axes):
            return None
        self.change("contract", "a sum of products is a contraction")
        return total

    def masked_contraction(self, right: Operand, axes: list[Axis], masks: list[Operand]) -> Operand | None:
        """The sum over `axes` of a product where `masks` hold: weights, which are 0 elsewhere, times one factor.

        0 times inf or nan is nan, so that it is the product that is masked where that factor is not finite.
        """
        found = self._weighted(right, axes, masks)
        if found is None or self.shared.backend is not None:
            return None
        weights, factor = found
        mask = self.conjunction(masks)
        zero = Operand("0.0", number(0.0))
        factor = self.temp(factor, "factor")
        name = self.fresh("total")
        outer, self.out = self.out, []
        try:
            weight = self.temp(select(self, mask, self._product(*weights), zero), "weight")
            total = self.weighted_sum(weight, factor, axes)
            quick = [*self.out, Stmt(f"{name} = {total.code}", line=self.line)]
            self.out = []
            plain = self.reduction("sum", self.masked(right, "+"), axes)
            if plain.array.axes != total.array.axes or plain.array.rank != total.array.rank:
                return None
            slow = [*self.out, Stmt(f"{name} = {plain.code}", line=self.line)]
        finally:
            self.out = outer
        self.emit(f"if {call(self.np('isfinite'), factor.code)}.all():", body=quick)
        self.emit("else:", body=slow, trailing="# 0 times inf or nan is nan")
        self.change(
            "contract", "a sum of products is a contraction, with weights of 0 where the condition does not hold"
        )
        return Operand(name, plain.array, fresh=True)

    def weighted_sum(self, weight: Operand, factor: Operand, axes: list[Axis]) -> Operand:
        """The sum of numbers times numbers or arrays."""
        rank = factor.array.rank
        if rank == 0:
            made = self.as_matmul([weight, factor], axes)
        else:
            made = self._as_rows_product(weight, factor, axes) if rank == 1 and len(axes) == 1 else None
        letters = "cdefgh"[:rank]
        return made or contract(self, [weight, factor], ["", letters], letters, tuple(axes))

    def _as_rows_product(self, weight: Operand, rows: Operand, axes: list[Axis]) -> Operand | None:
        """``out[s, left] = sum(weight[s, left, k] * rows[s, k])``: a product of matrices, a row being a dimension."""
        w, v = weight.array, rows.array
        if self.plan.components and self.has_few(v.dims[0]):
            return None
        shared = tuple(a for a in v.axes if a not in axes)
        left = tuple(a for a in w.axes if a not in v.axes)
        if w.dtype is None or w.kind != "f" or v.axes != (*shared, *axes) or w.axes != (*shared, *left, *axes):
            return None
        value = v.with_(axes=(*shared, *left), dims=v.dims, origins=frozenset())
        if len(left) == 1 or not left and not shared:
            return Operand(f"{weight.at(PRODUCT)} @ {rows.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
        return Operand(call(self.np("vecmat"), weight.code, rows.code), value, fresh=True) if not left else None

    def _weighted(
        self, right: Operand, axes: list[Axis], masks: list[Operand]
    ) -> tuple[tuple[list[Operand], list[Operand]], Operand] | None:
        """Factors and divisors that make the weights of a contraction, and the factor that they are weights of."""
        value = self.array(right)
        parts = [*right.factors, *right.divisors]
        if value.kind != "f" or value.weak or any(not isinstance(p.value, Array) or p.lazy for p in parts):
            return None
        if any(p.array.axes and p.array.dtype != value.dtype for p in parts) or any(
            d.array.rank for d in right.divisors
        ):
            return None
        rows = [f for f in right.factors if f.array.rank]
        under = {a for m in masks for a in m.array.axes}
        if not rows:  # the one that is smallest; there must be something to gain
            rows = sorted(right.factors, key=lambda f: (len(under & {*f.array.axes}), len(f.array.axes)))[:1]
            if not set(rows[0].array.axes) < under.union(*(p.array.axes for p in parts)):
                return None
        (factor,) = rows if len(rows) == 1 else (None,)
        scalars = [f for f in right.factors if f is not factor]
        if factor is None or not scalars or not set(axes) <= set(factor.array.axes):
            return None
        varying = [p for p in (*scalars, *right.divisors) if p.array.axes]
        if not set(axes) <= under.union(*(p.array.axes for p in varying)):
            return None
        if not varying and value.dtype != np.dtype(float):
            return None  # uniform numbers alone make weights of double precision
        return (scalars, list(right.divisors)), factor

    def _product(self, factors: list[Operand], divisors: list[Operand]) -> Operand:
        """A quotient whose operands are known to do no harm."""
        made = factors[0]
        for symbol, operand in [*(("*", f) for f in factors[1:]), *(("/", d) for d in divisors)]:
            aligned, axes, _ = self.align([made, operand])
            array = made.array if made.array.axes or not operand.array.axes else operand.array
            made = Operand(self.infix(aligned[0], aligned[1], f" {symbol} ", PRODUCT), array.with_(axes=axes), PRODUCT)
        return made

    def sum_of_product(self, product: Operand) -> Operand | None:
        """In a loop that is an axis: ``np.sum(window * kernel)``, where only one of them varies along the loop."""
        factors = product.factors
        if (
            not self.loops
            or len(factors) != 2
            or product.divisors
            or any(not isinstance(f.value, Array) for f in factors)
        ):
            return None
        a, b = (f.array for f in factors)
        alike = a.rank == b.rank > 0 and a.dtype == b.dtype and a.kind == "f" and not a.weak and not b.weak
        if not alike or set(a.axes) == set(b.axes) or not all(map(self.equal, a.dims, b.dims)):
            return None
        letters = "ijklmn"[: a.rank]
        self.change("contract", "a sum of products is a contraction")
        return contract(self, [in_pieces(self, factor) for factor in factors], [letters, letters], "")

    def as_matmul(self, factors: list[Operand], axes: list[Axis]) -> Operand | None:
        """Two factors that share one summed axis, as a matrix product where their layouts allow it."""
        if len(factors) != 2 or len(axes) != 1:
            return None
        a, b = factors
        k = axes[0]
        x, y = a.array.axes, b.array.axes
        if k not in x or k not in y:
            return None
        shared = tuple(s for s in x if s in y and s != k)
        left, right = [s for s in x if s not in y], [s for s in y if s not in x]
        if len(left) > 1 or len(right) > 1 or not (left and right) and self.is_batch_innermost(a, b):
            return None
        if not left and not right:
            return self._as_vecdot(a, b, shared, k)
        if left and right:
            if right[0] < left[0]:
                a, b, left, right = b, a, right, left
            return self._as_matrix_product(a, b, shared, left[0], right[0], k)
        return self._as_matvec(a, b, shared, left[0], k) if left else self._as_matvec(b, a, shared, right[0], k)

    def is_batch_innermost(self, *factors: Operand) -> bool:
        """Whether the batch axis is innermost in the memory of all of them: `einsum` goes along it, not along k."""
        memory = [sites(factor.array.origins) for factor in factors]
        return all(held and held <= self.plan.batch_last for held in memory)

    def _as_vecdot(self, a: Operand, b: Operand, shared: tuple[Axis, ...], k: Axis) -> Operand | None:
        """``out[s] = sum(a[s, k] * b[s, k])``; np.vecdot takes the conjugate of complex numbers."""
        dtype = product_dtype([a.array, b.array])
        if a.array.axes != (*shared, k) or b.array.axes != (*shared, k) or dtype is not None and dtype.kind == "c":
            return None
        return Operand(call(self.np("vecdot"), a.code, b.code), Array(dtype, 0, tuple(sorted(shared))), fresh=True)

    def _as_matrix_product(
        self, a: Operand, b: Operand, shared: tuple[Axis, ...], left: Axis, right: Axis, k: Axis
    ) -> Operand | None:
        """``out[s, left, right] = sum(a[s, left, k] * b[s, k, right])``."""
        first, second = self.arranged(a, (*shared, left, k)), self.arranged(b, (*shared, k, right))
        out = tuple(sorted([*shared, left, right]))
        if out != (*shared, left, right):
            return None
        value = Array(product_dtype([a.array, b.array]), 0, out)
        return Operand(f"{first.at(PRODUCT)} @ {second.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)

    def _as_matvec(
        self, matrix: Operand, vector: Operand, shared: tuple[Axis, ...], free: Axis, k: Axis
    ) -> Operand | None:
        """``out[s, free] = sum(matrix[s, free, k] * vector[s, k])``."""
        dtype = product_dtype([matrix.array, vector.array])
        out = tuple(sorted([*shared, free]))
        if out != (*shared, free) or dtype is None or dtype.kind == "c":
            return None
        m, v = self.arranged(matrix, (*shared, free, k)), self.arranged(vector, (*shared, k))
        value = Array(dtype, 0, out)
        if not shared:
            return Operand(f"{m.at(PRODUCT)} @ {v.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)
        return Operand(call(self.np("matvec"), m.code, v.code), value, fresh=True)

    def arranged(self, operand: Operand, axes: tuple[Axis, ...]) -> Operand:
        """`operand` with its axes in the given order."""
        current = operand.array.axes
        order = [current.index(a) for a in axes]
        if order == list(range(len(order))):
            return operand
        if len(order) == 2:
            code = operand.primary
            return Operand(code[:-2] if code.endswith(".T") else f"{code}.T", operand.value)
        if order == [*range(len(order) - 2), len(order) - 1, len(order) - 2]:
            swapped = ".transpose(0, 2, 1)"
            if operand.code.endswith(swapped):  # two transposes cancel
                return Operand(operand.code.removesuffix(swapped), operand.value)
            return Operand(f"{operand.primary}.swapaxes(-2, -1)", operand.value)
        return Operand(f"{operand.primary}.transpose({', '.join(map(str, order))})", operand.value)
