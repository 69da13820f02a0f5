"""Sums of products over loops: contractions, as matrix products where the layouts allow it."""

from __future__ import annotations

from vectorizer.rewrite.sequential import SequentialLoops
from vectorizer.rules.contractions import contract
from vectorizer.source.operand import PRODUCT, Operand, call
from vectorizer.values import Array, Axis


class Contractions(SequentialLoops):
    """A sum over a product, without the product."""

    def contraction(self, right: Operand, axes: list[Axis]) -> Operand | None:
        """The sum of a product over `axes`, or None where the product is better made and summed."""
        factors = right.factors
        if any(not isinstance(f.value, Array) for f in factors):
            return None
        if any(f.array.rank or f.array.weak and f.array.axes for f in factors):
            return None
        varying = [f for f in factors if f.array.axes]
        uniform = [f for f in factors if not f.array.axes]
        if len(varying) not in (2, 3) or {v.array.dtype for v in varying} != {self.array(right).dtype}:
            return None  # without the uniform factors, the products would be made in another dtype
        if not any(sum(a in f.array.axes for f in varying) > 1 for a in axes):
            return None
        result = self.as_matmul(varying, axes) or contract(self, varying, [""] * len(varying), "", tuple(axes))
        for factor in uniform:
            result = self.binary("*", result, factor)
        self.change("contract", "a sum of products is a contraction")
        return result

    def sum_of_product(self, product: Operand) -> Operand | None:
        """In a loop that is an axis: ``np.sum(window * kernel)``, where only one of them varies along the loop."""
        factors = product.factors
        if not self.loops or len(factors) != 2 or any(not isinstance(f.value, Array) for f in factors):
            return None
        a, b = (f.array for f in factors)
        alike = a.rank == b.rank > 0 and a.dtype == b.dtype and a.kind == "f" and not a.weak and not b.weak
        if not alike or set(a.axes) == set(b.axes) or not all(map(self.equal, a.dims, b.dims)):
            return None
        letters = "ijklmn"[: a.rank]
        self.change("contract", "a sum of products is a contraction")
        return contract(self, list(factors), [letters, letters], "")

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
        if len(left) > 1 or len(right) > 1:
            return None
        if not left and not right:
            return self._as_vecdot(a, b, shared, k)
        if left and right:
            if right[0] < left[0]:
                a, b, left, right = b, a, right, left
            return self._as_matrix_product(a, b, shared, left[0], right[0], k)
        return self._as_matvec(a, b, shared, left[0], k) if left else self._as_matvec(b, a, shared, right[0], k)

    def _as_vecdot(self, a: Operand, b: Operand, shared: tuple[Axis, ...], k: Axis) -> Operand | None:
        """``out[s] = sum(a[s, k] * b[s, k])``; np.vecdot takes the conjugate of complex numbers."""
        dtype = a.array.dtype
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
        value = Array(a.array.dtype, 0, out)
        return Operand(f"{first.at(PRODUCT)} @ {second.at(PRODUCT + 1)}", value, PRODUCT, fresh=True)

    def _as_matvec(
        self, matrix: Operand, vector: Operand, shared: tuple[Axis, ...], free: Axis, k: Axis
    ) -> Operand | None:
        """``out[s, free] = sum(matrix[s, free, k] * vector[s, k])``."""
        dtype = matrix.array.dtype
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
