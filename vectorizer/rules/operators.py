"""`operator`: its functions are what their symbols are."""

from __future__ import annotations

import operator

import numpy as np

from vectorizer.rules.context import Context, Effect
from vectorizer.rules.conversions import cast
from vectorizer.rules.indexing import subscript
from vectorizer.rules.python import lower_abs, truth, verbatim
from vectorizer.rules.table import Call, Rule, custom, register
from vectorizer.source.operand import UNARY, Operand
from vectorizer.values import Array, Unsupported, is_uniform

SYMBOLS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@",
    "and_": "&", "or_": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
COMPARED = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
PREFIXES = {"neg": "-", "pos": "+", "invert": "~", "inv": "~"}
IDENTITIES = {"is_": "is", "is_not": "is not"}


def operator_rule(name: str, symbol: str, method: str) -> None:
    """A function of `operator` is what its symbol is."""
    function = getattr(operator, name)

    def lower(rw: Context, c: Call) -> Operand:
        if c.keywords or len(c.args) != (1 if method == "unary" else 2):
            raise Unsupported(f"{c.name} in a form that has no rule")
        made: Operand = getattr(rw, method)(symbol, *c.args)
        return Operand(verbatim(c), made.value, fresh=True) if is_uniform(made.value) else made

    register(function, Rule(f"operator.{name}", "operator", lower))


for _name, _symbol in SYMBOLS.items():
    operator_rule(_name, _symbol, "binary")
for _name, _symbol in COMPARED.items():
    operator_rule(_name, _symbol, "compare")


@custom(operator.getitem, params="a b", kind="operator")
def lower_getitem(rw: Context, c: Call) -> Operand:
    bound = c.bind(("a", "b"))
    if not isinstance(bound["b"].value, Array) or bound["b"].value.kind == "b":
        raise Unsupported("operator.getitem in a form that has no rule")
    return subscript(rw, bound["a"], [bound["b"]])


for _name, _symbol in PREFIXES.items():
    operator_rule(_name, _symbol, "unary")
for _name, _symbol in IDENTITIES.items():
    operator_rule(_name, _symbol, "compare")
register(operator.abs, Rule("operator.abs", "operator", lower_abs))


def augmented_rule(name: str, symbol: str) -> None:
    """``operator.iadd(x, y)``: for numbers it is ``x + y``, an array would be changed."""

    def lower(rw: Context, c: Call) -> Operand:
        if c.keywords or len(c.args) != 2 or rw.array(c.args[0]).rank or rw.array(c.args[0]).zero_d:
            raise Effect(f"{c.name} changes its operand")
        made = rw.binary(symbol, c.args[0], c.args[1])
        return Operand(verbatim(c), made.value, fresh=True) if is_uniform(made.value) else made

    register(getattr(operator, name), Rule(f"operator.{name}", "operator", lower))


for _name, _symbol in SYMBOLS.items():
    if _name != "matmul":
        augmented_rule(f"i{_name.rstrip('_')}", _symbol)


def lower_truth(rw: Context, c: Call) -> Operand:
    (operand,) = c.args
    if is_uniform(operand.value):
        return Operand(verbatim(c), Array(np.dtype(bool), 0, weak=True))
    made = truth(rw, operand)
    return made.with_value(rw.array(made).with_(weak=True))


def lower_not(rw: Context, c: Call) -> Operand:
    made = lower_truth(rw, c)
    if is_uniform(made.value):
        return made
    return Operand(f"~{made.at(UNARY)}", rw.array(made).with_(weak=True), UNARY, fresh=True)


def lower_contains(rw: Context, c: Call) -> Operand:
    if len(c.args) != 2:
        raise Unsupported(f"{c.name} in a form that has no rule")
    made = rw.compare("in", c.args[1], c.args[0])
    return Operand(verbatim(c), made.value) if is_uniform(made.value) else made


def lower_index(rw: Context, c: Call) -> Operand:
    (operand,) = c.args
    value = rw.array(operand)
    if value.rank or value.kind not in "iu":
        raise Unsupported(f"{c.name} of other than an integer")
    if not value.axes:
        return Operand(verbatim(c), Array(np.dtype(np.int64), 0, weak=True, affine=value.affine))
    return cast(rw, operand, np.dtype(np.int64))


register(operator.truth, Rule("operator.truth", "operator", lower_truth))
register(operator.not_, Rule("operator.not_", "operator", lower_not))
register(operator.contains, Rule("operator.contains", "operator", lower_contains))
register(operator.index, Rule("operator.index", "operator", lower_index))
