"""The statement that makes a kernel, ``made = cp.ElementwiseKernel(...)``."""

from __future__ import annotations

from collections.abc import Collection

from vectorizer.kernels.numbers import bare
from vectorizer.kernels.statements import Body
from vectorizer.kernels.storage import Room
from vectorizer.kernels.support import support_for
from vectorizer.kernels.user_functions import Kernel
from vectorizer.source.operand import call

TAKEN = frozenset(("i", "n"))  # names that CuPy's kernels have for themselves


def defined(
    made: str, name: str, kernel: Kernel, body: Body, alias: str, batched: Collection[str] = frozenset()
) -> str:
    """The statement that makes the kernel of a function.

    batched: the arrays of which each example has its own.
    """
    results = result_names(body)
    names = kernel_names(body, {name, "bad", *results})
    given = []
    for key in body.order:
        own, *lengths = names[key]
        place = " * ".join(["i", *lengths]) if key in batched else "0"
        given += [f"&{own}[{place}]", *lengths] if lengths else [own]
    given += room_arguments(body, names)
    is_plain = body.gives_one_number()
    given += [] if is_plain else [r for r, value in zip(results, body.result, strict=True) if not value.rank]
    operation = call(name, *given, *(["bad"] if body.may_be_bad else []))
    if is_plain:
        operation = f"result = {operation}"
    if body.may_be_bad:
        operation = f"bad = false; {operation}"
    return constructed(made, body, names, results, operation, kernel.text(name), alias)


def result_names(body: Body) -> list[str]:
    return ["result"] if body.gives_one_number() else [f"result_{k}" for k in range(len(body.result))]


def room_arguments(body: Body, names: dict[str, list[str]]) -> list[str]:
    """The rows of an example in the memory that the host has made, with the lengths that are told."""
    inside = [code for key in body.order for code in parameter_codes(body, key)]
    inside += [code for room in body.rooms_of_the_host() for code in room_codes(room)]
    called = dict(zip(inside, (code for codes in names.values() for code in codes), strict=True))
    given = []
    for room in body.rooms_of_the_host():
        lengths = [called.get(length.code, bare(length).code) for length in room.sequence.lengths]
        given.append(f"&{names[f'room {room.name}'][0]}[{' * '.join(['i', *lengths])}]")
        given += [called[length] for length, _ in room.own_lengths]
    return given


def parameter_codes(body: Body, key: str) -> list[str]:
    """What the function of a kernel calls a parameter; an array with its lengths."""
    sequence = body.arrays.get(key)
    return [body.renamed(key), *(length.code for length in sequence.lengths)] if sequence else [body.renamed(key)]


def room_codes(room: Room) -> list[str]:
    """What the function of a kernel calls memory of the host's, with the lengths that are told."""
    return [room.sequence.code, *(length for length, _ in room.own_lengths)]


def kernel_names(body: Body, taken: set[str]) -> dict[str, list[str]]:
    """What a kernel calls the parameters of its function, and the rooms: arrays with their lengths."""
    found = {key: [body.unlike(code, TAKEN | taken) for code in parameter_codes(body, key)] for key in body.order}
    for room in body.rooms_of_the_host():
        found[f"room {room.name}"] = [body.unlike(code, TAKEN | taken) for code in room_codes(room)]
    return found


def write_kernel(made: str, name: str, kernel: Kernel, body: Body, alias: str) -> str:
    """The statement that makes the kernel of a run; one of a single expression needs no function of its own."""
    last = body.lines[-1].strip()
    if len(body.lines) > 1 or kernel.text(name) != kernel.texts[name]:
        return defined(made, name, kernel, body, alias)
    names = {key: [body.renamed(key)] for key in body.parameters}
    operation = f"result = {last.removeprefix('return ').removesuffix(';')}"
    return constructed(made, body, names, ["result"], operation, "", alias)


def constructed(
    made: str, body: Body, names: dict[str, list[str]], results: list[str], operation: str, functions: str, alias: str
) -> str:
    """``made = cp.ElementwiseKernel(...)``.

    names: of the parameters in C++.
    functions: what stands in front of the kernel, without what `support.py` has.
    """
    inputs = ", ".join(inputs_of(body, names))
    outputs = ", ".join(outputs_of(body, names, results))
    support = support_for(f"{operation}\n{functions}").strip()
    preamble = "\n\n".join(filter(None, (support, functions)))
    ending = "" if preamble.endswith("\n") else "\n"
    written = f'    preamble="""\n{preamble}{ending}""",\n' if preamble else ""
    return (
        f"{made} = {alias}.ElementwiseKernel(\n"
        f'    "{inputs}",\n    "{outputs}",\n    "{operation}",\n    "{made}",\n'
        f'    options=("--fmad=false",),  # as NumPy computes: each operation is rounded\n'
        f"{written})"
    )


def inputs_of(body: Body, names: dict[str, list[str]]) -> list[str]:
    """The parameters that are only read, as `ElementwiseKernel` declares them; those that tell lengths come last."""
    found, lengths = [], []
    for key in body.order:
        name, *own = names[key]
        if key in body.parameters:
            found.append(f"{body.parameters[key].dtype} {name}")
        elif key in body.stored_into:
            lengths += own
        else:
            found += [f"raw {body.arrays[key].item.dtype} {name}", *(f"int64 {length}" for length in own)]
    lengths += [length for room in body.rooms_of_the_host() for length in names[f"room {room.name}"][1:]]
    return [*found, *(f"int64 {length}" for length in lengths)]


def outputs_of(body: Body, names: dict[str, list[str]], results: list[str]) -> list[str]:
    """What a kernel stores into, and what it gives."""
    found = [f"raw {body.arrays[key].item.dtype} {names[key][0]}" for key in body.order if key in body.stored_into]
    for room in body.rooms_of_the_host():
        found.append(f"raw {room.sequence.item.dtype} {names[f'room {room.name}'][0]}")
    found += [f"{v.dtype} {result}" for v, result in zip(body.result, results, strict=True) if not v.rank]
    return [*found, *(["bool bad"] if body.may_be_bad else [])]
