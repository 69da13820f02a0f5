"""Elementwise kernels, compiled by the host's C++ compiler and called through ctypes.

The scalar code is that which CUDA would compile, but for ``__device__`` and for the complex numbers, which are those of
the standard library, multiplied as NumPy does.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import math
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vectorizer.kernels.numbers import TYPES

COMPILER = shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")
FLAGS = ("-O0", "-std=c++17", "-shared", "-fPIC", "-ffp-contract=off", "-fcx-limited-range", "-Wno-div-by-zero")
HEAD = "#include <cmath>\n#include <complex>\n#define __device__ static inline\nusing namespace std;\n"


@functools.cache
def folder() -> Path:
    """Where libraries are made; the headers, which cost more than a kernel, are compiled there once."""
    made = Path(tempfile.mkdtemp(prefix="kernels"))
    (made / "head.hpp").write_text(HEAD)
    subprocess.run([str(COMPILER), *FLAGS, "-x", "c++-header", made / "head.hpp"], check=True, capture_output=True)
    return made


@functools.cache
def compiled(text: str) -> Any:
    """The library that C++ gives.  Raises `RuntimeError` with the compiler's words."""
    assert COMPILER is not None
    path = folder() / (hashlib.sha1(text.encode()).hexdigest() + ".so")
    source = path.with_suffix(".cpp")
    source.write_text(text)
    command = [str(COMPILER), *FLAGS, "-include", folder() / "head.hpp", "-o", path, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{done.stderr}\n{text}")
    return ctypes.CDLL(str(path))


class HostKernel:
    """What `cupy.ElementwiseKernel` does, in a loop on the host.  Parameters that are `raw` are whole arrays."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str, preamble: str = "") -> None:
        self.inputs, self.outputs = (parameters_of(text) for text in (in_params, out_params))
        arrays = [f"const {TYPES[p.dtype]}* {p.name}{'' if p.raw else '_at'}" for p in self.inputs]
        arrays += [f"{TYPES[p.dtype]}* {p.name}{'' if p.raw else '_at'}" for p in self.outputs]
        loads = "".join(
            f"        const {TYPES[p.dtype]} {p.name} = {p.name}_at[i];\n" for p in self.inputs if not p.raw
        )
        loads += "".join(f"        {TYPES[p.dtype]} {p.name};\n" for p in self.outputs if not p.raw)
        stores = "".join(f"        {p.name}_at[i] = {p.name};\n" for p in self.outputs if not p.raw)
        loop = f"    for (long long i = 0; i < count; i++) {{\n{loads}        {operation};\n{stores}    }}\n"
        entry = f'extern "C" void run(long long count, {", ".join(arrays)}) {{\n{loop}}}\n'
        self.text = preamble + entry

    def __call__(self, *args: Any, size: int | None = None) -> Any:
        if len(args) not in (len(self.inputs), len(self.inputs) + len(self.outputs)):
            raise TypeError(f"Wrong number of arguments: {len(args)}")
        pairs = list(zip(args, [*self.inputs, *self.outputs], strict=False))
        shape = self.shape(pairs, size)
        given = [self.argument(arg, parameter, shape) for arg, parameter in pairs[: len(self.inputs)]]
        made = [self.result(arg, parameter, shape) for arg, parameter in pairs[len(self.inputs) :]]
        if not made:
            if size is None and any(parameter.raw for parameter in self.outputs):
                raise ValueError("Output array size is Undecided")
            made = [np.empty(shape, parameter.dtype) for parameter in self.outputs]
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*given, *made)]
        compiled(self.text).run(ctypes.c_longlong(math.prod(shape)), *pointers)
        return made[0] if len(made) == 1 else tuple(made)

    @staticmethod
    def argument(arg: Any, parameter: Parameter, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        if isinstance(arg, np.ndarray) and arg.dtype != parameter.dtype:
            raise TypeError(f"Type is mismatched. {parameter.name} {arg.dtype} {parameter.dtype}")
        if not parameter.raw:
            return np.ascontiguousarray(np.broadcast_to(np.asarray(arg, parameter.dtype), shape))
        if not arg.flags.c_contiguous:
            raise TypeError(f"the rows of {parameter.name} do not lie behind each other")
        found: np.ndarray[Any, Any] = arg
        return found

    @staticmethod
    def result(arg: Any, parameter: Parameter, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """An array that the kernel stores into."""
        if not isinstance(arg, np.ndarray) or arg.dtype != parameter.dtype:
            raise TypeError(f"Type is mismatched. {parameter.name} {arg} {parameter.dtype}")
        if not parameter.raw and arg.shape != shape:
            raise ValueError("Out shape is mismatched")
        if not arg.flags.c_contiguous:
            raise TypeError(f"the rows of {parameter.name} do not lie behind each other")
        return arg

    @staticmethod
    def shape(pairs: list[tuple[Any, Parameter]], size: int | None) -> tuple[int, ...]:
        """What a kernel goes through: what its arrays broadcast to, or `size`; CuPy takes one of the two."""
        arrays = [arg.shape for arg, parameter in pairs if isinstance(arg, np.ndarray) and not parameter.raw]
        if size is None and not arrays:
            raise ValueError("Loop size is undecided.")
        if size is not None and arrays:
            raise ValueError("Specified 'size' can be used only if all of the ndarray are 'raw'.")
        return np.broadcast_shapes(*arrays) if size is None else (size,)


@dataclass(frozen=True)
class Parameter:
    dtype: str
    name: str
    raw: bool


def parameters_of(text: str) -> list[Parameter]:
    """What a list such as ``raw float64 x, int64 n`` declares."""
    return [Parameter(*part.split()[-2:], part.startswith("raw ")) for part in text.split(", ")]
