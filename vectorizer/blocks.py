"""Large batches are run in blocks of examples, so that the temporaries stay in the processor's cache.

Examples do not depend on each other, so any function may be run in blocks; it pays where the emitted code is a run of
array operations, each of which would otherwise stream the whole batch through memory (1.3 to 3 times as fast).
Code with a loop over an axis of the examples is left whole: its interpreter time would be paid for each block.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

TARGET = 1 << 18  # bytes of the largest argument in a block of straight-line code
LANES_TARGET = 1 << 20  # where a loop over live lanes has a price of its own
FEWEST_OPERATIONS = 5
PRODUCTS = frozenset(("matmul", "dot", "linalg", "matvec", "vecmat", "tensordot"))  # better with many examples at once
SMALLEST_BLOCK = 32


def in_blocks(run: Callable[..., Any], source: str, batched: Mapping[int, str]) -> Callable[..., Any]:
    """`run` in blocks along axis 0 of the arguments at the positions `batched`; `run` itself where that does not pay.

    source: what `run` was compiled from.
    batched: positions and names of the parameters that are arrays with the batch axis first; all others are shared.
    """
    target = block_bytes(source)
    if target is None or not batched:
        return run
    positions, names = tuple(batched), frozenset(batched.values())

    def run_in_blocks(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= positions[-1] or (kwargs and names & kwargs.keys()):
            return run(*args, **kwargs)
        size = args[positions[0]].shape[0]
        if size < 2 * SMALLEST_BLOCK:
            return run(*args, **kwargs)
        lane = max(args[k].nbytes for k in positions) // size
        block = max(target // max(lane, 1), SMALLEST_BLOCK)
        if size < 2 * block:
            return run(*args, **kwargs)
        return _run_blocks(run, args, kwargs, positions, size, block)

    return run_in_blocks


def _run_blocks(
    run: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    positions: tuple[int, ...],
    size: int,
    block: int,
) -> Any:
    made: Any = None
    for start in range(0, size, block):
        part = list(args)
        for k in positions:
            part[k] = args[k][start : start + block]
        result = run(*part, **kwargs)
        if made is None:
            made = _like(result, size, min(block, size))
            if made is None:
                return run(*args, **kwargs)
        _put(made, result, start)
    return made


def _like(result: Any, size: int, block: int) -> Any:
    """Room for the results of all blocks; None where they are not arrays with the batch axis first."""
    if isinstance(result, tuple):
        parts = [_like(part, size, block) for part in result]
        return None if any(part is None for part in parts) or type(result) is not tuple else tuple(parts)
    if type(result) is not np.ndarray or not result.ndim or result.shape[0] != block:
        return None
    return np.empty((size, *result.shape[1:]), result.dtype)


def _put(made: Any, result: Any, start: int) -> None:
    if isinstance(made, tuple):
        for room, part in zip(made, result, strict=True):
            _put(room, part, start)
    else:
        made[start : start + result.shape[0]] = result


def block_bytes(source: str) -> int | None:
    """How large a block of this code should be; None where it should not be run in blocks."""
    operations, lanes = 0, False
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.For, ast.comprehension)):
            return None
        if isinstance(node, ast.MatMult) or isinstance(node, ast.Attribute) and node.attr in PRODUCTS:
            return None
        lanes = lanes or isinstance(node, ast.While)
        operations += isinstance(node, (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call))
    if operations < FEWEST_OPERATIONS:
        return None
    return LANES_TARGET if lanes else TARGET
