"""Elementwise kernels, compiled by the host's C++ compiler and called through ctypes.

The scalar code is that which CUDA would compile, but for ``__device__`` and for the complex numbers, which are those of
the standard library, multiplied as NumPy does.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import shutil
import subprocess
import tempfile
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
    """What `cupy.ElementwiseKernel` does, in a loop on the host."""

    def __init__(self, in_params: str, out_params: str, operation: str, name: str, preamble: str = "") -> None:
        self.inputs, self.outputs = (_parameters(text) for text in (in_params, out_params))
        arrays = [f"const {TYPES[d]}* {p}_at" for d, p in self.inputs] + [
            f"{TYPES[d]}* {p}_at" for d, p in self.outputs
        ]
        loads = "".join(f"        const {TYPES[d]} {p} = {p}_at[place];\n" for d, p in self.inputs)
        loads += "".join(f"        {TYPES[d]} {p};\n" for d, p in self.outputs)
        stores = "".join(f"        {p}_at[place] = {p};\n" for _, p in self.outputs)
        loop = (
            f"    for (long long place = 0; place < count; place++) {{\n{loads}        {operation};\n{stores}    }}\n"
        )
        entry = f'extern "C" void run(long long count, {", ".join(arrays)}) {{\n{loop}}}\n'
        self.text = preamble + entry

    def __call__(self, *args: Any) -> Any:
        shape = np.broadcast_shapes(*(np.shape(arg) for arg in args))
        given = [
            np.ascontiguousarray(np.broadcast_to(np.asarray(a, d), shape))
            for a, (d, _) in zip(args, self.inputs, strict=True)
        ]
        made = [np.empty(shape, dtype) for dtype, _ in self.outputs]
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (*given, *made)]
        compiled(self.text).run(ctypes.c_longlong(made[0].size), *pointers)
        return made[0] if len(made) == 1 else tuple(made)


def _parameters(text: str) -> list[tuple[str, str]]:
    return [(dtype, name) for part in text.split(", ") for dtype, name in [part.split()]]
