"""Functions of the user's that write into their arguments.

Where only some examples call such a function, it is given a copy of their rows, which is stored in their places after.
"""

from __future__ import annotations

from collections.abc import Sequence

from vectorizer.rewrite.parameters import Parameters
from vectorizer.rewrite.sharing import shares
from vectorizer.source.operand import Operand
from vectorizer.values import Array, Axis, Obj, Unsupported, union_axes


class WrittenArguments(Parameters):
    """What calls of functions that write into their arguments become."""

    def needs_apart(self, array: Operand, axes: Sequence[Axis]) -> None:
        """A function makes an argument different along some axes: it must be so from the start."""
        if isinstance(array.value, Array):
            replaced = self.replaced_axes(self.axes_inside(array.value))
            self.store_needs(array, union_axes(*(replaced.get(a, (a,)) for a in axes), array.array.axes))

    def note_writes(self, name: str, writes: set[str], bound: dict[str, Operand]) -> dict[str, Operand]:
        """Arguments that the called function writes into are written here; numbers read from them are kept apart."""
        if writes and (self.loops or self.speculating or self.masks):
            raise Unsupported(f"{name} writes into its argument under a condition")
        rows = set[str]()
        for written in writes:
            held = self.array_of_rows(bound[written])
            if held is not None:
                rows.add(written)
                if any(shares(held, o) for n, o in bound.items() if n != written):
                    raise Unsupported(f"{name} writes into its argument under a condition, which it is given twice")
            self.check_active(bound[written])
            self.written(bound[written] if held is None else held)
        return {n: o if n in rows else self.kept(o) for n, o in bound.items()} if writes else bound

    def called(self, result: Operand, writes: set[str], bound: dict[str, Operand]) -> Operand:
        """A call; where it changes rows that were taken for the active examples, they are stored in their places."""
        for written in sorted(writes):
            if self.array_of_rows(bound[written]) is not None:
                result = self.put_back(bound[written], result)
        return result

    def array_of_rows(self, rows: Operand) -> Operand | None:
        """The array of all examples of which an operand holds the rows of the active ones; None where it is no such."""
        if not self.regions or not isinstance(rows.value, Array) or not rows.value.rank:
            return None
        found = (held for held, taken in self.regions[-1].cache.values() if taken.code == rows.code)
        return next(found, None)

    def check_active(self, array: Operand) -> None:
        """What is written into under a condition must vary between the examples that come there."""
        if not self.regions or self.regions[-1].axis in self.array(array).axes:
            return
        inside = self.axes_inside(array.array)
        outer = self.replaced_axes(inside).get(self.regions[-1].axis, ())
        self.store_needs(array, union_axes(outer, array.array.axes))

    def put_back(self, rows: Operand, made: Operand) -> Operand:
        """Calls a function, `made`, which changes the rows of the active examples, and stores these in their places."""
        held = self.array_of_rows(rows)
        chain = self.chain_to(held.array) if held is not None else None
        if held is None or chain is None:
            raise Unsupported("an array is changed by a function under nested conditions")
        if isinstance(made.value, Obj):
            self.emit(made.code)
            made = Operand("None", made.value)
        else:
            made = self.temp(made, "made")
        self.emit(f"{held.primary}[{chain[1]}] = {rows.code}")
        self.forget_taken_of(held.array)
        return made
