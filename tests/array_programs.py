"""Random programs over arrays of rank 0 to 4: expressions of NumPy, views and aliases, stores through subscripts."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from tests.drafts import Draft, Parameter

HEADER = """\
import numpy as np


def bump(a, v):
    a += v
    return a


def part(a, i):
    return a[i:]


def mixed(a, b=1):
    c = a
    c = c + b
    return c, a


def put(a, v):
    a[0] = v


"""

FLOATS = ("f8", "f8", "f4", "f8", "f2")
INTEGERS = ("i8", "i8", "i4", "u1", "i2", "u8", "i1")
BINARY = ("+", "-", "*", "+", "-", "*", "<", ">", "==", "<=", "!=")


def is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def is_value(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | int | float | complex)


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


class Arrays:
    """Writes expressions and statements that fit the variables of a draft."""

    def __init__(self, random: Random, draft: Draft) -> None:
        self.random, self.draft = random, draft

    def choose(self, *options: Any) -> Any:
        return options[self.random.randrange(len(options))]

    def one_in(self, n: int) -> bool:
        return self.random.randrange(n) == 0

    # --- operands ---

    def name(self) -> str:
        return self.choose(*self.draft.names(is_value))

    def array(self) -> str:
        """A variable that is an array, now and then with something done to it."""
        name = self.choose(*self.draft.names(is_array))
        if self.one_in(5):
            return self.choose(f"({name} + 1)", f"{name}.T", f"{name}.copy()", f"({name} > 0)", f"{name}[..., None]")
        return name

    def shape(self, text: str) -> tuple[int, ...]:
        """Of an expression, for the first example; of its first variable where it raises."""
        try:
            return tuple(np.shape(eval(text, {"np": np}, dict(self.draft.here))))  # noqa: S307 - written here
        except Exception:  # noqa: BLE001 - it is not used then
            return ()

    def literal(self) -> str:
        return self.choose("1", "2", "0.5", "-1", "3", "True", "2.0", "-0.25") if not self.one_in(20) else "1j"

    def operand(self, depth: int) -> str:
        return self.value(depth + 1) if depth < 2 and self.one_in(3) else self.name()

    def operand_array(self, depth: int) -> str:
        return self.value(depth + 1) if depth < 2 and self.one_in(4) else self.array()

    def axis(self, rank: int) -> int:
        return self.random.randrange(-rank, rank) if rank else 0

    def axes(self, rank: int) -> str:
        """For `axis=`: one, several, or None."""
        if rank > 1 and self.one_in(4):
            some = self.random.sample(range(rank), self.random.randint(1, rank))
            return str(tuple(k - rank * self.one_in(3) for k in some))
        return "None" if self.one_in(6) else str(self.axis(rank))

    # --- expressions ---

    def value(self, depth: int = 0) -> str:
        return self.choose(
            self.arithmetic, self.arithmetic, self.elementwise, self.reduction, self.reduction, self.layout,
            self.layout, self.subscript, self.subscript, self.contraction, self.joined, self.along, self.along,
            self.created, self.chosen,
        )(depth)  # fmt: skip

    def arithmetic(self, depth: int) -> str:
        a, b = self.operand(depth), self.operand(depth)
        if self.one_in(3):
            a, b = self.choose((a, self.literal()), (self.literal(), a))
        if self.one_in(10):
            return f"({a} {self.choose('//', '%')} {self.choose('2', '3', '-2')})"
        if self.one_in(10):
            return f"({a} {self.choose('&', '|', '^')} {b})"
        if self.one_in(6):
            function = self.choose("maximum", "minimum", "add", "subtract", "multiply", "logical_and", "greater")
            return f"np.{function}({a}, {b})"
        return f"({a} {self.choose(*BINARY)} {b})"

    def elementwise(self, depth: int) -> str:
        a = self.operand(depth)
        return self.choose(
            f"(-{a})", f"abs({a})", f"np.sign({a})", f"np.floor({a})", f"np.square({a})", f"({a} ** 2)",
            f"(~({a} > 0))",
            f"np.asarray({a}).astype({self.choose(*DTYPES)})", f"np.conj({a})", f"np.real({a})", f"np.imag({a})",
            f"np.isfinite({a})", f"np.float32({a})", f"np.asarray({a}, dtype=float)", f"np.round({a})",
            f"np.exp2({a})",
            f"np.invert({a})", f"np.negative({a})", f"({a} / 2)", f"np.logical_not({a})", f"np.positive({a})",
            f"np.array({a})", f"np.array([{a}, {self.operand(depth)}])", f"np.ceil({a} / 2)", f"np.sqrt(np.abs({a}))",
            f"np.cos({a})", f"{a}.real", f"{a}.item()" if self.one_in(4) else f"{a}.imag", f"np.nan_to_num({a})",
        )  # fmt: skip

    def reduction(self, depth: int) -> str:
        a = self.operand_array(depth)
        rank = len(self.shape(a))
        axes = self.axes(rank)
        keep = self.choose("", "", ", keepdims=True", ", keepdims=False")
        if self.one_in(4):
            one = str(self.axis(rank))
            return self.choose(
                f"np.{self.choose('argmax', 'argmin')}({a}, axis={one}{keep})", f"{a}.argmax({one})", f"{a}.argmin()",
                f"np.linalg.norm({a}, axis={one}{keep})", f"np.count_nonzero({a}, axis={axes}{keep})",
                f"np.median({a}, axis={one}{keep})", f"np.average({a}, axis={one})",
                f"np.ptp({a}, axis={axes}{keep})",
                f"np.linalg.norm({a})", f"np.nansum({a}, axis={axes}{keep})",
                f"np.std({a}, axis={axes}{keep}, ddof={self.choose(0, 1)})",
                f"np.quantile({a}, 0.5, axis={one}{keep})",
            )  # fmt: skip
        name = self.choose("sum", "max", "min", "any", "all", "mean", "prod", "sum", "max")
        extra = self.choose("", "", "", ", dtype=float", ", initial=0", f", where={a} > 0") if name == "sum" else ""
        if self.one_in(8):
            return f"{self.choose('sum', 'max', 'min', 'len', 'any', 'all')}({a})"
        if self.one_in(6):
            return f"np.{self.choose('multiply', 'add', 'maximum')}.reduce({a}, axis={axes}{keep})"
        return self.choose(
            f"np.{name}({a}, axis={axes}{keep}{extra})", f"{a}.{name}({axes}{keep}{extra})", f"{a}.{name}()"
        )

    def layout(self, depth: int) -> str:
        a = self.operand_array(depth)
        shape = self.shape(a)
        rank = len(shape)
        total = int(np.prod(shape, dtype=int))
        order = self.random.sample(range(rank), rank)
        divisor = self.choose(*[k for k in range(1, total + 1) if total % k == 0] or [1])
        one, other = self.axis(rank), self.axis(rank)
        return self.choose(
            f"{a}.reshape(-1)", f"{a}.reshape(-1, {divisor})", f"np.reshape({a}, ({divisor}, -1))", f"{a}.ravel()",
            f"{a}.flatten()", f"{a}.transpose({', '.join(map(str, order))})", f"np.transpose({a}, {tuple(order)})",
            f"np.transpose({a})", f"np.swapaxes({a}, {one}, {other})", f"np.moveaxis({a}, {one}, {other})",
            f"np.moveaxis({a}, {tuple(order[:2])}, {tuple(order[-2:])})", f"{a}[..., None]", f"{a}[None]", f"{a}.T",
            f"np.expand_dims({a}, {self.axis(rank + 1)})", f"np.squeeze({a})", f"np.atleast_2d({a})",
            f"np.broadcast_to({a}, (2, *{a}.shape))", f"np.broadcast_to({a}, {(self.choose(1, 2, 3), *shape)})",
            f"{a}.swapaxes({one}, {other})", f"np.flip({a}, {self.axes(rank)})",
            f"np.roll({a}, {self.choose(1, -1, 2)}, axis={self.axes(rank)})",
            f"np.rot90({a})", f"np.tile({a}, {self.choose('2', '(2, 1)', '(1, 2)', '(2, 1, 1)')})",
            f"np.repeat({a}, 2, axis={self.choose(one, None)})",
            f"np.pad({a}, {self.choose('1', '(1, 0)', '((0, 1),)')})",
            f"np.atleast_3d({a})", f"np.fliplr({a})", f"np.expand_dims({a}, {self.choose((0, 1), (0, -1), (-1, 1))})",
            f"{a}.reshape({a}.shape[::-1])", f"np.rollaxis({a}, {one})", f"np.matrix_transpose({a})", f"{a}.mT",
            f"{a}.reshape({a}.shape[0], -1)", f"np.squeeze({a}, axis={one})",
            f"np.pad({a}, 1, mode={self.choose(*PADS)})",
            f"np.repeat({a}, {self.choose([1, 2], [0, 2, 1], [2])}, axis={one})", f"np.flipud({a})",
            f"np.diagonal({a})",
            f"np.array_split({a}, 2)[{self.choose(0, 1)}]", f"np.split({a}, [1], axis={one})[{self.choose(0, 1)}]",
            f"np.roll({a}, {self.choose((1, 1), 1)}, axis={(one, other)})",
        )  # fmt: skip

    def index(self, length: int) -> str:
        """For one axis of this length."""
        low = max(length, 1)
        return self.choose(
            str(self.random.randrange(-low, low)), ":", ":", "1:", ":-1", "::2", "::-1", ":2", "-1:", "1::2",
            "-2::-1",
            str([self.random.randrange(-low, low) for _ in range(self.choose(1, 2, 3, low))]), "p", "p[:2]", "p", "k",
            "p[0]",
            f"np.arange({low}) % 2 == 0", "q", "p[:, None]", "k:", ":k", "k:k + 1", "k % 2", "-k - 1",
            f"slice({self.choose(0, 1)}, None)", "[k]", "[k, 0]", "n", "-n",
        )  # fmt: skip

    def index_of(self, a: str) -> str:
        """A subscript for an expression."""
        shape = self.shape(a)
        parts = [self.index(length) for length in shape[: self.random.randint(1, max(len(shape), 1))]]
        if self.one_in(5):
            parts.insert(self.random.randint(0, len(parts)), "None")
        if self.one_in(4) and len(parts) < 4:
            where = self.random.randint(0, len(parts))
            after = len(parts) - where
            parts[where:] = ["...", *[self.index(length) for length in shape[len(shape) - after :]]]
        return ", ".join(parts) or "..."

    def subscript(self, depth: int) -> str:
        a = self.operand_array(depth)
        shape = self.shape(a)
        if self.one_in(12):
            return f"{a}[{a} > {self.literal()}].{self.choose('sum', 'sum', 'any')}()"
        if self.one_in(12):
            return f"np.sum({a}[{self.choose(*self.draft.names(is_array))} > 0])"
        if self.one_in(15):
            return f"{a}.shape[{self.axis(len(shape))}]"
        return f"{a}[{self.index_of(a)}]"

    def contraction(self, depth: int) -> str:
        a, b = self.operand_array(depth), self.operand_array(depth)
        ranks = len(self.shape(a)), len(self.shape(b))
        if self.one_in(4):
            letters = "ijkl"
            one, two = ("".join(self.random.choices(letters, k=rank)) for rank in ranks)
            seen = "".join(dict.fromkeys(one + two))
            out = "".join(self.random.sample(seen, self.random.randint(0, len(seen))))
            return self.choose(
                f"np.einsum('{one},{two}->{out}', {a}, {b})", f"np.einsum('{one},{two}', {a}, {b})",
                f"np.einsum('{one}->{''.join(dict.fromkeys(one))[::-1]}', {a})",
                f"np.einsum('...{one[-1:]},{two}->...', {a}, {b})",
                f"np.einsum('{one},{two}->{out}', {a}, {a})",
            )  # fmt: skip
        return self.choose(
            f"({a} @ {b})", f"({a} @ {b}.T)", f"({a}.T @ {b})", f"np.dot({a}, {b})", f"np.inner({a}, {b})",
            f"np.outer({a}, {b})", f"np.matmul({a}, {b})", f"np.tensordot({a}, {b}, axes={self.choose(0, 1, 1, 2)})",
            f"np.tensordot({a}, {b}, axes=({self.axis(ranks[0])}, {self.axis(ranks[1])}))", f"np.vdot({a}, {b})",
            f"np.kron({a}, {b})", f"np.trace({a})", f"np.diag({a})", f"np.tril({a})", f"np.cross({a}, {b})",
            f"np.linalg.det({a})", f"np.linalg.inv({a} + 3 * np.eye({a}.shape[-1]))", f"np.multiply.outer({a}, {b})",
            f"np.linalg.solve({a} + 9 * np.eye({a}.shape[-1]), {b})", f"np.dot({a}, {a}.T)", f"np.vecdot({a}, {b})",
            f"np.tensordot({a}, {a}, {self.choose(1, 2, '([0], [0])', '([0, 1], [0, 1])')})", f"({a} @ {a})",
            f"np.inner({a}, {a})",
            f"np.linalg.matrix_power({a}, 2)", f"np.convolve({a}, {b})",
            f"np.trace({a}, axis1={self.axis(ranks[0])}, axis2={self.axis(ranks[0])})",
            f"np.correlate({a}, {b}, {self.choose(*MODES)})", f"np.subtract.outer({a}, {b})",
            f"np.add.outer({a}, {b})",
        )  # fmt: skip

    def joined(self, depth: int) -> str:
        a, b = self.operand_array(depth), self.operand_array(depth)
        if self.one_in(2):
            b = self.choose(a, f"{a} * 2", f"{a} + {self.name()}")
        rank = len(self.shape(a))
        one = self.axis(rank)
        return self.choose(
            f"np.concatenate([{a}, {b}], axis={one})", f"np.concatenate(({a}, {b}))",
            f"np.stack([{a}, {b}], axis={self.axis(rank + 1)})",
            f"np.hstack([{a}, {b}])", f"np.vstack([{a}, {b}])", f"np.concatenate([{a}, {b}], axis=None)",
            f"np.append({a}, {b})",
            f"np.append({a}, {b}, axis={one})", f"np.column_stack([{a}, {b}])", f"np.dstack([{a}, {b}])",
            f"np.insert({a}, 1, {self.operand(depth)}, axis={one})",
            f"np.r_[{a}, {b}]", f"np.c_[{a}, {b}]", f"np.array([{self.name()}, {self.name()}, 1])",
            f"np.block([{a}, {b}])",
            f"np.delete({a}, {self.choose(0, -1)}, axis={one})", f"np.array([{a}, {b}])",
            f"np.stack([{a}, {b}, {a}])",
            f"np.meshgrid({a}, {b})[{self.choose(0, 1)}]",
            f"np.broadcast_arrays({a}, {self.operand(depth)})[{self.choose(0, 1)}]",
        )  # fmt: skip

    def along(self, depth: int) -> str:
        a = self.operand_array(depth)
        rank = len(self.shape(a))
        one = self.choose(self.axis(rank), self.axis(rank), None)
        i = self.choose("p", "[0, -1]", "k", "[[0, 1], [1, 0]]", "p[:1]", "0", "np.array([1, 0])", "q")
        return self.choose(
            f"np.cumsum({a}, axis={one})", f"{a}.cumsum({one})", f"np.diff({a}, axis={one or 0})", f"np.diff({a})",
            f"np.sort({a}, axis={one})", f"np.argsort({a}, axis={one}, kind='stable')",
            f"np.argsort({a}, axis={one})",
            f"np.take({a}, {i}, axis={one})", f"{a}.take({i}, {one})", f"np.cumprod({a}, axis={one})",
            f"np.argsort(-{a}, axis={one}, kind='stable')",
            f"np.take_along_axis({a}, np.argsort({a}, axis={one or 0}, kind='stable'), axis={one or 0})",
            f"np.diff({a}, n=2, axis={one or 0})",
            f"np.take_along_axis({a}, np.argmax({a}, axis={one or 0}, keepdims=True), axis={one or 0})",
            f"np.sort({a})[{self.index_of(a)}]", f"np.searchsorted(np.sort({a}), {self.operand(depth)})",
            f"np.gradient({a}, axis={one or 0})",
            f"np.maximum.accumulate({a}, axis={one or 0})",
            f"np.bincount(np.abs({a}).astype(int).ravel(), minlength=40)", f"np.partition({a}, 0, axis={one})",
            f"np.digitize({a}, np.array([-1, 0.5, 1]))", f"np.interp({a}, np.arange(3), np.array([0.0, 2.0, 1.0]))",
            f"np.diff({a}, prepend=0)",
            f"np.ediff1d({a})", f"np.apply_along_axis(np.sum, {one or 0}, {a})",
            f"np.trapezoid({a}, axis={one or 0})", f"np.unwrap({a})",
            f"np.add.accumulate({a}, {one or 0})", f"np.flatnonzero({a} > 99).size", f"np.argwhere({a} > 99)",
            f"np.nonzero({a} > 99)[0]", f"np.vander({a}, 3)",
        )  # fmt: skip

    def created(self, depth: int) -> str:
        a = self.array()
        return self.choose(
            f"np.arange(len({a}))", f"np.zeros({a}.shape)", f"np.ones_like({a})",
            f"np.zeros_like({a}, dtype={self.choose(*DTYPES)})", f"np.eye({a}.shape[0])",
            f"np.full({a}.shape, {self.name()})", f"np.full_like({a}, {self.literal()})",
            f"np.arange({a}.size).reshape({a}.shape)", f"np.linspace(0, 1, len({a}))",
            f"np.zeros(({a}.shape[-1], 2))", f"np.tri({a}.shape[0])", f"np.indices({a}.shape)[0]",
            f"np.identity({a}.shape[-1])",
            f"np.full(3, {self.name()})", f"np.ones({a}.ndim)", f"np.arange({a}.shape[0])[:, None]",
            f"np.diag(np.arange({a}.shape[0]))", f"np.ones({a}.shape[::-1])",
        )  # fmt: skip

    def condition(self, depth: int) -> str:
        a = self.operand(depth)
        return self.choose(
            f"{a} > 0",
            f"{a} < {self.operand(depth)}",
            f"({a} > 0) & ({self.operand(depth)} < 1)",
            f"{a} == {self.literal()}",
        )

    def chosen(self, depth: int) -> str:
        a, b = self.operand(depth), self.operand(depth)
        return self.choose(
            f"np.where({self.condition(depth)}, {a}, {b})",
            f"np.where({self.condition(depth)}, {a}, {self.literal()})",
            f"np.clip({a}, -1, {self.choose('1', '2.0', b, 'None')})", f"np.asarray({a}).clip(0)",
            f"np.where({a}, 1, 0)",
            f"np.select([{self.condition(depth)}, {self.condition(depth)}], [{a}, {b}], {self.literal()})",
            f"np.choose({a} > 0, [{a}, {b}])", f"np.piecewise({a}, [{a} > 0], [1, 0])", f"np.heaviside({a}, 0.5)",
            f"np.isin({a}, [1, 2, 0.5])", f"np.allclose({a}, {b})", f"np.array_equal({a}, {b})",
            f"np.copysign({a}, {b})",
            f"np.ldexp({a}, 1)", f"np.isclose({a}, {b})", f"np.fmax({a}, {b})",
            f"np.divmod({a}, 2)[{self.choose(0, 1)}]",
            f"np.extract({a} > 99, {a})", f"np.compress([True, False], {a}, axis=0)", f"np.modf({a})[0]",
            f"np.hypot({a}, {b})",
        )  # fmt: skip

    # --- statements ---

    def owned(self) -> str:
        return self.choose(*self.draft.names(is_array))

    def new(self) -> str:
        names = "uvwxyz"
        return self.choose(*names)

    def statement(self) -> list[str]:
        return self.choose(
            self.assigned, self.assigned, self.assigned, self.assigned, self.viewed, self.viewed, self.stored,
            self.stored, self.augmented, self.called, self.placed, self.branched, self.looped,
        )()  # fmt: skip

    def assigned(self) -> list[str]:
        return [f"{self.new()} = {self.value()}"]

    def viewed(self) -> list[str]:
        """Other names for (parts of) arrays."""
        a, b = self.owned(), self.owned()
        n = self.new()
        return self.choose(
            [f"{n} = {a}"], [f"{n} = {a}[{self.index_of(a)}]"], [f"{n} = {self.layout(2)}"], [f"{a}, {b} = {b}, {a}"],
            [f"{n} = part({a}, {self.choose('0', '1', 'k')})"], [f"{n}, {self.new()} = {a}"],
            [f"{n}, {self.new()} = mixed({a})"],
            [f"{n} = {a}.T"], [f"{n} = {a}.reshape(-1)"], [f"{n} = {a}[::-1]"],
            [f"{n} = np.asarray({a})"], [f"{n} = {a}[...]"], [f"{n} = {a}.copy()"], [f"{n} = {a}.view()"],
            [f"{n} = {a}.ravel()"],
            [f"pair = ({a}, {b})", f"{n} = pair[{self.choose('0', '1')}]", "del pair"],
        )  # fmt: skip

    def stored(self) -> list[str]:
        a = self.owned()
        what = self.operand(1)
        op = self.choose("=", "=", "=", "+=", "-=", "*=")
        mask = self.choose(f"{a} > {self.literal()}", f"{a} < {self.name()}", f"{self.owned()} > 0")
        return self.choose(
            [f"{a}[{self.index_of(a)}] {op} {what}"], [f"{a}[{self.index_of(a)}] {op} {what}"],
            [f"{a}[{self.index_of(a)}] {op} {self.literal()}"],
            [f"{a}[{mask}] {op} {self.choose(self.literal(), self.literal(), what)}"], [f"{a}[:] = {what}"],
            [f"{a}[...] {op} {what}"],
            [f"{a}[{self.index_of(a)}] {op} {a}[{self.index_of(a)}]"],
            [f"{a}.T[{self.index_of(a + '.T')}] {op} {what}"],
            [f"{a}[{self.index_of(a)}][{self.choose('0', '-1', '1:', '...')}] {op} {what}"],
            [f"{a}[{self.index_of(a)}], {a}[{self.index_of(a)}] = {what}, {self.operand(1)}"],
            [f"np.where({a} > 0, {a}, 0)[0] = 1"],
            [f"{a}[{self.index_of(a)}] = {a}[{self.index_of(a)}] {self.choose('+', '-')} {what}"],
        )  # fmt: skip

    def augmented(self) -> list[str]:
        value = self.choose(self.literal(), self.operand(1), self.operand(1))
        return [f"{self.owned()} {self.choose('+=', '-=', '*=', '+=')} {value}"]

    def called(self) -> list[str]:
        a = self.owned()
        i = self.choose("1:", ":2", "0", "::2", "-1", "...", "p")
        return self.choose(
            [f"{self.new()} = bump({a}, {self.operand(1)})"],
            [f"bump({a}[{i}], {self.choose('1', self.operand(1))})"], [f"put({a}, {self.operand(1)})"],
            [f"put({a}[{i}], {self.literal()})"], [f"{self.new()} = bump({a}, {a})"],
            [f"put({a}.T, {self.literal()})"], [f"bump({a}.reshape(-1)[:2], 1)"],
            [f"part({a}, 1)[0] = {self.operand(1)}"], [f"bump(part({a}, {self.choose('1', 'k')}), 1)"],
        )  # fmt: skip

    def placed(self) -> list[str]:
        a, b = self.owned(), self.owned()
        return self.choose(
            [f"{a}.sort({self.choose('', 'axis=0', '0')})"], [f"{a}.fill({self.choose('0', '1', self.name())})"],
            [f"np.copyto({a}, {b})"], [f"np.add.at({a}, p, 1)"],
            [f"np.add.at({a}, p, {self.operand(1)})"], [f"np.copyto({a}, {self.operand(1)}, where={a} > 0)"],
            [f"np.fill_diagonal({a}, {self.operand(1)})"],
            [f"np.put({a}, [0, -1], {self.literal()})"], [f"np.add({a}, {self.operand(1)}, out={a})"],
            [f"np.maximum({a}, 0, out={a})"], [f"{a}.flat[1] = 2"],
            [f"np.putmask({a}, {a} > 0, {self.operand(1)})"], [f"np.multiply({a}, {b}, out={a})"],
            [f"np.put_along_axis({a}, np.argmax({a}, axis=0, keepdims=True), 1, axis=0)"],
            [f"{a}.partition(0)"], [f"np.place({a}, {a} > 1, [0, 1])"],
            [f"{a} = np.cumsum({a}, axis=0, out=np.zeros({a}.shape))"], [f"np.minimum.at({a}, p, -1)"],
        )  # fmt: skip

    def branched(self) -> list[str]:
        test = self.choose(
            f"s > {self.literal()}",
            f"{self.owned()}.sum() > 0",
            "k > 0",
            "n > 1",
            "s > t",
            f"{self.owned()}.any()",
            f"len({self.owned()}) > 2",
        )
        inner = self.choose(self.stored, self.augmented, self.assigned, self.viewed)()
        other = self.choose(self.stored, self.augmented, self.assigned)() if self.one_in(2) else []
        one, two = self.draft.kinds_after(*inner), self.draft.kinds_after(*other)
        if one is None or two is None or any(one[name] != two[name] for name in one.keys() & two.keys()):
            return self.assigned()
        return [f"if {test}:", *indented(inner), *(["else:", *indented(other)] if other else [])]

    def looped(self) -> list[str]:
        a = self.owned()
        v = self.choose("row", "v", "row")
        head = self.choose(
            f"for {v} in {a}:",
            f"for {v} in {a}[1:]:",
            f"for {v} in {a}.T:",
            f"for i, {v} in enumerate({a}):",
            f"for {v} in reversed({a}):",
            f"for {v}, row2 in zip({a}, {self.owned()}):",
        )
        body = self.choose(
            f"{v} += 1",
            f"{v}[0] = {self.literal()}",
            f"s = s + {v}",
            f"s = s + {v}.sum()",
            f"{v}[:] = {self.operand(1)}",
            f"{v} = {v} * 2",
            f"w = {v}",
            f"{self.owned()}[0] += {v}",
        )
        if self.shape(a)[:1] in ((), (1,)):  # what never runs may be nonsense
            return self.assigned()
        return [head, f"    {body}"]


DTYPES = ("'f4'", "'f8'", "np.int64", "int", "float", "bool", "'i4'", "'u1'", "complex", "np.float16")
PADS = ("'edge'", "'reflect'", "'wrap'", "'constant'")
MODES = ("'full'", "'same'", "'valid'")


def make_array(random: Random, rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Any:
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.random(shape) < 0.5
    if kind in "iu":
        return rng.integers(-4 if kind == "i" else 0, 5, shape).astype(dtype)
    values = rng.integers(-8, 9, shape) / 4
    return (values + 1j * rng.integers(-4, 5, shape) / 4 if kind == "c" else values).astype(dtype)


def draw_parameters(random: Random, rng: np.random.Generator, size: int) -> list[Parameter]:
    """Arrays `a` to `d`, numbers `s` and `t`, indices `p`, `q` and `k`, and a Python number `n`."""
    lengths = random.choice(
        [(size, size), (size, 2, size), (2, 3, 4), (size, 2, 1), (3, size), (4, 2), (2, 5), (1, size, 4)]
    )
    parameters = []

    def add(name: str, shape: tuple[int, ...], dtype: str, batched: bool, low: int | None = None) -> None:
        axis = None
        if batched:
            axis = random.choice([0, 0, 0, -1, random.randint(-len(shape) - 1, len(shape))])
            at = axis % (len(shape) + 1)
            shape = (*shape[:at], size, *shape[at:])
        value = make_array(random, rng, shape, dtype) if low is None else rng.integers(0, low, shape).astype(dtype)
        parameters.append(Parameter(name, value if shape else np.asarray(value)[()], axis))

    for name, rank in zip(
        "abcd", (random.randint(1, 2), random.randint(1, 3), random.randint(0, 4), random.randint(0, 2)), strict=True
    ):
        dtype = random.choice(FLOATS) if random.random() < 0.6 else random.choice((*INTEGERS, "?", "c16", "c8"))
        shape = tuple(random.choice(lengths) for _ in range(rank))
        add(name, shape, dtype, batched=name == "a" or random.random() < 0.7)
    add("s", (), random.choice((*FLOATS, "i8")), True)
    add("t", (), random.choice(FLOATS), random.random() < 0.5)
    add("p", (random.choice(lengths),), random.choice(("i8", "i8", "i4")), random.random() < 0.6, low=2)
    add("k", (), "i8", random.random() < 0.6, low=2)
    add("q", (random.choice(lengths), 2), "i8", random.random() < 0.4, low=2)
    parameters.append(Parameter("n", random.choice((1, 2, 3)), None))
    if random.random() < 0.2:
        parameters[5].value, parameters[5].axis = 0.5, None
    return parameters


def write_program(seed: int) -> tuple[str, list[Parameter], int]:
    """The source of a module with one function, `program`, its parameters, and the number of examples."""
    random, rng = Random(seed), np.random.default_rng(seed)
    size = random.choice((3, 3, 2, 4))
    draft = Draft(random, HEADER, draw_parameters(random, rng, size), size)
    writer = Arrays(random, draft)
    for parameter in draft.parameters[:4]:  # what all examples share is seldom stored into: that is looped
        if random.random() < (0.1 if parameter.axis is not None else 0.8):
            draft.add(f"{parameter.name} = {parameter.name}.copy()")
    wanted, given = len(draft.lines) + random.randint(1, 6), set(draft.here)
    for _ in range(60):
        if len(draft.lines) >= wanted:
            break
        draft.add(*writer.statement(), last=random.random() < 0.2)
    names = [name for name in draft.here if name not in draft.ragged and is_value(draft.here[name])]
    results = [name for name in names if name not in given] or ["a"]
    results += [name for name in ("a", "b", "s") if name not in results and random.random() < 0.3]
    return draft.text(", ".join(results)), draft.parameters, size
