"""Loops over live lanes: for how many lanes the emitted code runs their bodies, and for how many it must.

An example is alive in an iteration that the loop over the examples makes for it as well.  Both numbers are counted, by
a statement at the end of the loop's body: in the function as it is written, and in what is emitted for it.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from vectorizer import vmap


@dataclass(frozen=True)
class LaneCount:
    """Iterations of the one loop of a function, each counted for every lane that it is computed for.

    executed: by the emitted code.
    alive: by the loop over the examples.
    all_lanes: by a loop that computes all examples until the last is done, as a batched `lax.while_loop` does.
    """

    executed: int
    alive: int
    all_lanes: int


def count_lanes(case: Case) -> LaneCount | None:
    """For the examples that the loop is timed on; None but for one loop over live lanes, without `continue`."""
    written = ast.parse(textwrap.dedent(inspect.getsource(case.function)))
    function, arguments = vmap(case.function, in_axes=case.axes), case.sampled(case.arguments())
    function(*arguments)
    emitted = ast.parse(function.source(*arguments))
    lanes = [name for loop in loops_of(emitted) for name in [lanes_name(loop)] if name is not None]
    if len(lanes) != 1 or len(loops_of(emitted)) != 1 or len(loops_of(written)) != 1:
        return None
    if any(isinstance(node, ast.Continue) for node in ast.walk(written)):
        return None
    executed: list[int] = []
    counting(emitted, f"{lanes[0]}.size", executed, case.function)(*arguments)
    trips: list[int] = []
    one = counting(written, "1", trips, case.function)
    longest, alive = 0, 0
    for index in range(len(case.indices())):
        one(*(a if axis is None else a[index] for a, axis in zip(arguments, case.axes, strict=True)))
        longest, alive = max(longest, len(trips)), alive + len(trips)
        trips.clear()
    return LaneCount(sum(executed), alive, longest * len(case.indices()))


def loops_of(tree: ast.AST) -> list[ast.For | ast.While]:
    return [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While))]


def lanes_name(loop: ast.For | ast.While) -> str | None:
    """The array of the lanes that are live in a loop: what `drop_lanes` gives first."""
    for node in ast.walk(loop):
        match node:
            case ast.Assign(
                targets=[ast.Tuple(elts=[ast.Name(id=name), *_])], value=ast.Call(func=ast.Name(id=called))
            ):
                if called.startswith("drop_lanes"):
                    return name
    return None


def counting(tree: ast.Module, count: str, into: list[int], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of a module, with a statement that counts at the end of its loop."""
    loops_of(tree)[0].body.append(ast.parse(f"_counted({count})").body[0])
    scope = {**function.__globals__, "_counted": into.append}
    exec(compile(ast.fix_missing_locations(tree), f"<{function.__name__}, counting>", "exec"), scope)
    return scope[function.__name__]
