"""Broken lines are the statement that they were, and no longer than they may be."""

from __future__ import annotations

import ast
import random

import pytest

from vectorizer.source.layout import WIDTH, fit

ATOMS = [
    "alpha_rest", "p[rest, 0]", "beta_value", "x[:, 1]", "d", "np.where(taken, p1[rest, 0], 0.0)",
    "f(a_long_argument_name, other)", "2.0", "y[rest][:, None]",
]  # fmt: skip
OPERATORS = ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "<<"]


def draw(rng: random.Random, depth: int) -> str:
    if not depth:
        return rng.choice(ATOMS)
    first, second, third = (draw(rng, depth - 1) for _ in range(3))
    operation = f"({first}) {rng.choice(OPERATORS)} ({second})"
    return rng.choice([
        operation, operation, operation, operation, f"-({first})", f"~({first})", f"({first}) < ({second})",
        f"({first}) and not ({second})", f"({first}) if ({second}) else ({third})",
        f"np.where({first}, {second}, ({third}, {first}))",
    ])  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_breaking_keeps_the_statement(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(25):
        head = rng.choice(["result[rest] = {}", "return {}", "a, b = {}", "s += {}", "if {}:\n        pass"])
        plain = ast.unparse(ast.parse(head.format(draw(rng, rng.choice([2, 3, 4])))))
        text = "def f():\n" + "\n".join(f"    {line}" for line in plain.split("\n")) + "\n"
        assert ast.dump(ast.parse(fit(text))) == ast.dump(ast.parse(text))


def test_an_operand_in_parentheses_keeps_them() -> None:
    value = "(first_argument * second_argument - third_argument * (second_argument - first_argument)) / divisor"
    text = f"def f():\n    t_of_the_examples_that_take_the_branch = {value}\n"
    broken = fit(text)
    assert ast.dump(ast.parse(broken)) == ast.dump(ast.parse(text))
    assert max(map(len, broken.split("\n"))) <= WIDTH < max(map(len, text.split("\n")))
