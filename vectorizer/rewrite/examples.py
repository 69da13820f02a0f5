"""Which examples are active: the numbers by which arrays of all examples are read and stored into below regions."""

from __future__ import annotations

import numpy as np

from vectorizer.rewrite.walk import ActiveRegion, Walk
from vectorizer.source.operand import Operand, call
from vectorizer.values import Array, Axis, copies

INT = np.dtype(int)


class Examples(Walk):
    """Indices into the axes that regions have replaced."""

    def chain_to(self, target: Array) -> tuple[ActiveRegion, str] | None:
        """The innermost region below an array's axis, and the active examples as an index into that axis."""
        if len(target.axes) != 1:
            return None
        below = self.regions_below(target.axes[0])
        if not below or below[-1] is not self.regions[-1]:
            return None
        return below[-1], self.examples_of(below).code if len(below) > 1 else below[0].mask

    def restricted(self, name: str, operand: Operand) -> Operand:
        """Rows of all examples are taken once, also where several regions are open."""
        value = operand.value
        if isinstance(value, Array) and value.rank and len(value.axes) == 1:
            below = self.regions_below(value.axes[0])
            if len(below) > 1 and below[-1] is self.regions[-1] and not any(name in r.cache for r in below[:-1]):
                return self.rows(name, operand, below)
        return super().restricted(name, operand)

    def rows(self, name: str, operand: Operand, below: list[ActiveRegion]) -> Operand:
        """The rows of the active examples."""
        region, value = below[-1], self.array(operand)
        cached = region.cache.get(name)
        if cached is None or cached[0] is not operand:
            taken = value.with_(axes=(region.axis,), dims=value.dims, affine=None, origins=copies(value.origins))
            code = f"{operand.primary}[{self.examples_of(below).code}]"
            cached = operand, self.temp(Operand(code, taken, fresh=True), f"{name}_{region.label}")
            region.cache[name] = cached
        return cached[1]

    def regions_below(self, axis: Axis) -> list[ActiveRegion]:
        """The open regions that have replaced an axis one after the other."""
        found: list[ActiveRegion] = []
        for region in self.regions:
            if region.replaced == (axis,):
                found.append(region)
                axis = region.axis
        return found

    def examples_of(self, below: list[ActiveRegion]) -> Operand:
        """The numbers of the active examples of some regions along the axis that the first of them has replaced."""
        first, *inner = below
        held = [k for k, region in enumerate(inner, 1) if region.held in self.env]
        if held and first is self.regions[0]:
            start = held[-1]
            found = self.env[below[start].held or ""]
        else:
            start = 0
            found = self.numbers_of(first)
        for region in below[start + 1 :]:
            value = Array(INT, 0, (region.axis,))
            found = self.numbered(region, found, Operand(f"{found.code}[{region.mask}]", value, fresh=True))
        return found

    def numbers_of(self, region: ActiveRegion) -> Operand:
        """The numbers of the active examples of an outermost region."""
        value = Array(INT, 0, (region.axis,))
        mask = Operand(region.mask, value)
        if region.is_index:
            return mask
        return self.numbered(region, mask, Operand(call(self.np("flatnonzero"), region.mask), value, fresh=True))

    def numbered(self, region: ActiveRegion, key: Operand, numbers: Operand) -> Operand:
        """Numbers of examples under a name, which is the same wherever the region needs them."""
        name = f"$examples:{key.code}"
        if name not in region.cache:
            region.cache[name] = key, self.temp(numbers, "examples")
        return region.cache[name][1]

    def hold_examples(self, names: set[str]) -> Operand | None:
        """The numbers of the active examples, where a loop over some of them reads arrays of all by its variables."""
        if not self.regions or len(self.regions[0].replaced) != 1:
            return None
        axis = self.regions[0].replaced[0]
        values = [self.env[name].value for name in names if name in self.env]
        if not any(isinstance(v, Array) and v.rank and v.axes == (axis,) for v in values):
            return None
        below = self.regions_below(axis)
        return self.examples_of(below) if below[-1] is self.regions[-1] else None
