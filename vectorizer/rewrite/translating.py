"""What is emitted for NumPy, in the terms of another backend."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from vectorizer import runtime
from vectorizer.backends import Backend, Lacking
from vectorizer.backends.costs import list_costs
from vectorizer.backends.placement import Parameters
from vectorizer.backends.translate import Names, Translator
from vectorizer.source.statements import Change
from vectorizer.values import Array, DictV, ListV, Obj, SeqV, StackedV, TupleV, Unsupported, Value

if TYPE_CHECKING:
    from vectorizer.rewrite.function import Rewriter

COMPLEX = re.compile(r"complex|\d[jJ]\b|fft|\beig|roots")


def translated(walker: Rewriter, text: str) -> str:
    """The text of a function for the backend that it is rewritten for; as it is where that is NumPy.

    Raises:
        Unsupported: the backend has nothing for something in the text.
    """
    backend: Backend | None = walker.shared.backend
    if backend is None:
        return text
    if walker.shared.drawn:
        raise Unsupported(f"random numbers are drawn from one of NumPy's generators, and not by {backend.module}")
    if walker.shared.fuse is not None:
        text = walker.shared.fuse(walker, text)
    names, parameters = read_surroundings(walker, text)
    is_complex = COMPLEX.search(text) is not None or any(
        may_be_complex(parameter.value) for parameter in walker.function.parameters.values()
    )
    alias = walker.module(backend.module, backend.alias)
    try:
        translator = Translator(text, backend, alias, names, parameters, is_complex)
        done = translator.run()
    except Lacking as error:
        raise Unsupported(str(error)) from None
    for helper in sorted(done.helpers):
        walker.imported(f"vectorizer.{'runtime' if helper in runtime.__all__ else 'array_functions'}", helper)
    for module in sorted(done.modules):
        walker.shared.imports[module.partition(".")[0]] = f"import {module}"
    costs = list_costs(done.text, backend, alias, parameters, names)
    walker.shared.waits_in_loops |= costs.waits_in_loops
    for kind, reason in costs.told:
        change = Change(0, kind, reason)
        if change not in walker.shared.changes:
            walker.shared.changes.append(change)
    return done.text


def read_surroundings(walker: Rewriter, text: str) -> tuple[Names, Parameters]:
    """What the names of a function's text mean, and which of its parameters lie on the device."""
    tree = ast.parse(text).body[0]
    local = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    local |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    values = {name: parameter.value for name, parameter in walker.function.parameters.items()}
    parameters = Parameters(
        frozenset(n for n, value in values.items() if may_be_on_device(value, walker.function.finish is None)),
        frozenset(n for n, value in values.items() if isinstance(value, Array) and value.kind == "b" and value.axes),
        frozenset(walker.kernels),
        frozenset(name for name, is_mask in walker.kernels.items() if is_mask),
    )
    names = Names(lambda name: found_outside(walker.shared.namespace, name), walker.shared.imports, local)
    return names, parameters


def found_outside(namespace: Any, name: str) -> Any:
    """What a name of the user's module or closure stands for; None where there is none."""
    if name in namespace.cells:
        try:
            return namespace.cells[name].cell_contents
        except ValueError:
            return None
    return namespace.globals.get(name)


def may_be_on_device(value: Value, inside: bool) -> bool:
    """Whether a parameter may hold arrays; `inside` says that it is one of a helper, whose numbers may be too."""
    match value:
        case Array():
            return bool(value.axes or value.rank or value.zero_d or inside and not value.weak)
        case TupleV(items=items) | ListV(items=items):
            return any(may_be_on_device(item, inside) for item in items)
        case DictV(items=items):
            return any(may_be_on_device(item, inside) for _, item in items)
        case SeqV(item=item):
            return may_be_on_device(item, inside)
        case StackedV():
            return True
        case Obj():
            return False
    return True


def may_be_complex(value: Value) -> bool:
    match value:
        case Array():
            return value.dtype is None or value.kind == "c"
        case TupleV(items=items) | ListV(items=items):
            return any(map(may_be_complex, items))
        case DictV(items=items):
            return any(may_be_complex(item) for _, item in items)
        case SeqV(item=item):
            return may_be_complex(item)
        case StackedV(array=array):
            return may_be_complex(array)
        case Obj():
            return False
    return True
