"""The CUDA source that CuPy makes of an elementwise kernel; it needs no GPU.

This looks into CuPy: what it hands to the compiler is what must be right.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest

NVCC = shutil.which("nvcc")
Kernel: TypeAlias = tuple[str, str, str, str, str]
"""Parameters, results, operation, name and preamble."""
# What CuPy puts in front of each kernel.
HEADERS = ("complex.cuh", "carray.cuh", "atomics.cuh", "math_constants.h")
ARRAY, INDEXER, SCALAR = 1, 2, 3  # how CuPy numbers the kinds of arguments


def kernel_code(in_params: str, out_params: str, operation: str, name: str, preamble: str, rank: int = 1) -> str:
    """The source of a kernel whose inputs are contiguous arrays with `rank` axes; lengths are numbers."""
    import cupy
    from cupy._core import _carray, _kernel

    kernel = cupy.ElementwiseKernel(in_params, out_params, operation, name, preamble=preamble)
    infos = [argument(parameter, rank) for parameter in (*kernel.in_params, *kernel.out_params)]
    infos.append(_kernel._ArgInfo(INDEXER, _carray.Indexer, None, rank, True, True))
    made: str = _kernel._get_elementwise_kernel_code(
        tuple(infos), _kernel._TypeMap(()), kernel.params, kernel.operation, kernel.name, kernel.preamble
    )
    return made


def argument(parameter: Any, rank: int) -> Any:
    import cupy
    from cupy._core import _kernel, _scalar

    dtype = np.dtype(parameter.dtype)
    if parameter.name.endswith(("_length", "_rows", "_columns")):
        return _kernel._ArgInfo(SCALAR, _scalar.CScalar, dtype, 0, True, True)
    return _kernel._ArgInfo(ARRAY, cupy.ndarray, dtype, rank + parameter.raw, True, True)


def needs_nvcc(test: Any) -> Any:
    """CUDA's compiler takes what CuPy makes of kernels, with CuPy's own headers."""
    test = pytest.mark.skipif(find_spec("cupy") is None, reason="CuPy is not installed")(test)
    return pytest.mark.skipif(NVCC is None, reason="there is no nvcc")(test)


def compile_with_nvcc(kernels: Sequence[Kernel], folder: Path) -> None:
    """Compiles kernels for a GPU.  Raises `AssertionError` with the compiler's words."""
    import cupy

    headers = Path(cupy.__file__).parent / "_core" / "include"
    parts = [f"#include <cupy/{header}>" for header in HEADERS]
    for number, (inputs, outputs, operation, name, preamble) in enumerate(dict.fromkeys(kernels)):
        code = kernel_code(inputs, outputs, operation, f"{name}_{number}", preamble)
        parts.append(f"namespace k{number} {{\n{code}\n}}")
    path = folder / "kernels.cu"
    path.write_text("\n".join(parts))
    options = ["-ptx", "-G", "-std=c++17", "--fmad=false", "-o", str(folder / "kernels.ptx"), f"-I{headers}"]
    done = subprocess.run([str(NVCC), *options, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
