"""Simple statements other than assignments."""

from __future__ import annotations

import importlib

import libcst as cst

from vectorizer.rewrite.augmented import Augmented
from vectorizer.rules.python import truth
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    Obj,
    Unsupported,
    is_uniform,
)

IMPORTABLE = ("numpy", "math", "cmath", "operator", "scipy", "itertools", "functools")


class Simple(Augmented):
    """What `pass`, `assert`, `raise`, `import` and `del` become."""

    def small_Pass(self, node: cst.Pass) -> bool:
        self.emit("pass")
        return False

    def small_Assert(self, node: cst.Assert) -> bool:
        test = self.condition(node.test)
        message = ""
        if node.msg is not None:
            message = f", {self.message(node.msg)}"
        if is_uniform(test.value):
            self.emit(f"assert {test.code}{message}")
            return False
        self.hazard("an assertion")
        as_bool = truth(self, test)
        self.emit(f"assert {self.np('all')}({as_bool.code}){message}")
        return False

    def message(self, node: cst.BaseExpression) -> str:
        """A message for all examples; where it would differ between them, its text as it is written."""
        self.speculating += 1  # it is computed only where something is raised
        try:
            operand = self.expression(node)
            if is_uniform(operand.value):
                return operand.code
        except Unsupported:
            pass
        finally:
            self.speculating -= 1
        if isinstance(node, cst.FormattedString):
            return self.text(node).lstrip("fFrR")
        return repr(self.text(node))

    def small_Raise(self, node: cst.Raise) -> bool:
        if node.exc is None:
            raise Unsupported("a bare raise")
        self.emit(f"raise {self.raised(node.exc)}")
        return True

    def raised(self, node: cst.BaseExpression) -> str:
        if isinstance(node, cst.Call):
            function = self.expression(node.func)
            return call(function.code, *(self.message(a.value) for a in node.args))
        return self.expression(node).code

    def small_Import(self, node: cst.Import) -> bool:
        for alias in node.names:
            name = self.text(alias.name)
            if name.split(".")[0] not in IMPORTABLE:
                raise Unsupported(f"import of {name} inside a function")
            module = importlib.import_module(name)
            bound = _bound_name(alias) or name.split(".")[0]
            self.env[bound] = Operand(bound, Obj(module))
        self.emit(self.text(node))
        return False

    def small_ImportFrom(self, node: cst.ImportFrom) -> bool:
        name = self.text(node.module) if node.module is not None else ""
        if name.split(".")[0] not in IMPORTABLE or isinstance(node.names, cst.ImportStar):
            raise Unsupported(f"import from {name} inside a function")
        module = importlib.import_module(name)
        for alias in node.names:
            what = self.text(alias.name)
            bound = _bound_name(alias) or what
            self.env[bound] = Operand(bound, self.value_of(getattr(module, what)))
        self.emit(self.text(node))
        return False

    def small_Del(self, node: cst.Del) -> bool:
        if not isinstance(node.target, cst.Name):
            raise Unsupported("del of an item")
        if self.env.pop(node.target.value, None) is None:
            raise Unsupported("del of an unknown name")
        return False


def _bound_name(alias: cst.ImportAlias) -> str | None:
    """The name behind `as`."""
    found = alias.asname.name if alias.asname is not None else None
    return found.value if isinstance(found, cst.Name) else None
