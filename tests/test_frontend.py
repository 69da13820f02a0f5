"""The source of callables of every kind, and the refusal of source that is not what runs."""

from __future__ import annotations

import ast
import functools
import importlib.util
import inspect
import linecache
import operator
import os
import re
import subprocess
import sys
import textwrap
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vectorizer.errors import VectorizeError
from vectorizer.source import registry
from vectorizer.source.frontend import FunctionSource, SourceUnavailable, find_source

HERE = Path(__file__)


# Callables whose source is looked for, laid out as people do
# fmt: off


def plain(x, y=1, *rest, scale: float = 2.0, **options):
    # A comment.
    return x * scale + y  # and another
    # the last one

    # after a blank line, still indented


def asserts(x):
    assert x > 0, f"{x} is not positive"
    assert all(value >= 0 for value in [x])
    return x


def long_strings(flag):
    table = """
first
    second
"""
    # the next line is not indented at all
# like this
    text = "a \
b"
    return (
table, text, f"""
{flag}
""")


def has_defaults(
    x,
    f=(lambda q: q + 1),
    *,
    g=lambda q: q + 2,
):
    return f(g(x))


def one_line(x): return x + 1


async def coroutine(x):
    return x


def generator(x):
    yield x


def loud(fun):
    @functools.wraps(fun)
    def wrapper(*args):
        return [fun(*args)]

    return wrapper


@loud
def wrapped(x):
    return x


@functools.lru_cache(maxsize=None)
def cached(x):
    return x + 1


def outer(n):
    m = n + 1

    def inner(x):
        nonlocal m
        m += x
        return inner.__name__, m, n

    def deeper():
        def deepest(x):
            """Documented.

            With an example:
                indented
            """
            return """
            kept
            """, n, x

        return deepest

    return inner, deeper()


class Base:
    def method(self, x):
        return x


class Model(Base):
    __private = 3

    def method(self, x, *, k=2):
        """One line.

        Another.
        """
        self.__seen = x
        return super().method(x) + k + self.__private

    def maker(self):
        def inside(x):
            return x + self.__private + __class__.__private

        return inside, lambda x: x * self.__private

    @staticmethod
    def static(x):
        return x

    @classmethod
    def make(cls, x):
        return cls, x

    @functools.lru_cache  # noqa: B019
    def remembered(self, x):
        return x

    def __call__(self, x):
        return x + 1

    class Inner:
        def method(self, x):
            return x + self.__private

    by_name = lambda self, x: x + self.__private


class Indirect:
    __call__ = Model()


class Own:
    """Looks as the objects that `vmap` makes."""

    def __init__(self, fun):
        self.__vectorizer_source__ = fun

    def __call__(self, *args):
        return args


several = [lambda x: x + 1, lambda x: x + 2, lambda x, a=1: x + a, lambda x, a=2: x + a, lambda y: y + 1]
twins = (lambda: 0, lambda: 0)
curried = lambda x: lambda y: lambda z=(lambda w: {"a": w[1:]}): (x, y, z)
keyword_only = lambda x, /, *rest, k={1: 2}, f=lambda q: q, **options: (x, k[1], f)
multi_line = list(map(
    lambda f: f,
    [
        lambda x, y=[1,  # a comment
                     2]: (
            x
            + y[0]
        ),
        lambda x: x
        + 1,
        lambda x: """
  kept
""" + x,
        lambda \
            x: x,
        lambda x: (  # first
            x, [
              1]),
    ],
))
éé = [lambda é: é + 1, lambda é: "ü" + é]


def values(*args: object, **kwargs: object) -> tuple[object, ...]:
    return (*args, *kwargs.values())


called = values(lambda x: x - 1, key=lambda x: x - 2)

# fmt: on


def rebuild(source: FunctionSource) -> Callable[..., Any]:
    """Run a source's text in the globals and closure of its function."""
    free = ", ".join(source.function.__code__.co_freevars)
    tree = ast.parse(f"def _({free}):\n    pass\n    return {source.name}")
    tree.body[0].body[0] = ast.parse(source.text).body[0]
    namespace = dict(source.function.__globals__)
    exec(compile(tree, "<test>", "exec"), namespace)
    return namespace["_"](*(cell.cell_contents for cell in source.function.__closure__ or ()))


def text_of(fun: Callable[..., Any]) -> str:
    return find_source(fun).text


# Functions


@pytest.mark.parametrize(
    "fun", [plain, asserts, long_strings, has_defaults, one_line, coroutine, generator, rebuild, outer, loud, values]
)
def test_a_function_of_a_module_is_its_text(fun: types.FunctionType) -> None:
    source = find_source(fun)
    assert source.text == inspect.getsource(fun) or fun in (plain, long_strings)  # inspect cuts these two off early
    assert source.name == fun.__name__
    assert source.filename == fun.__code__.co_filename
    assert source.first_line == fun.__code__.co_firstlineno
    assert source.function is fun
    assert not source.lambda_
    assert source.bound == ()
    assert source.bound_keywords == {}
    assert source.node.name.value == fun.__name__
    assert source.node is source.node


def test_comments_and_strings_belong_to_the_function() -> None:
    assert text_of(plain).endswith("    # after a blank line, still indented\n")
    assert text_of(long_strings).endswith('{flag}\n""")\n')


def test_nested_functions_are_dedented_but_for_their_strings() -> None:
    inner, deepest = outer(1)
    assert text_of(inner).startswith("def inner(x):\n    nonlocal m\n")
    assert text_of(deepest) == (
        'def deepest(x):\n    """Documented.\n\n    With an example:\n        indented\n    """\n'
        '    return """\n            kept\n            """, n, x\n'
    )
    assert rebuild(find_source(deepest))(5) == deepest(5)


def test_decorators_are_part_of_the_text() -> None:
    assert text_of(cached) == "@functools.lru_cache(maxsize=None)\ndef cached(x):\n    return x + 1\n"


def test_positions_are_of_the_users_file() -> None:
    _, deepest = outer(1)
    for fun in (plain, deepest, Model.method, long_strings):
        source = find_source(fun)
        for number, line in enumerate(source.text.splitlines(), 1):
            file_line, column = source.position(number, len(line))
            assert source.line_text(file_line)[:column].endswith(line)
            assert len(source.line_text(file_line)) == column
    assert find_source(plain).line_text(0) == ""
    assert find_source(plain).line_text(10**6) == ""


# Methods and classes


def test_methods() -> None:
    model = Model()
    assert find_source(Model.method).bound == ()
    bound = find_source(model.method)
    assert bound.bound == (model,)
    assert bound.function is Model.method
    assert bound.text.startswith('def method(self, x, *, k=2):\n    """One line.\n\n    Another.\n    """\n')
    assert find_source(Model.static).text == "@staticmethod\ndef static(x):\n    return x\n"
    assert find_source(Model.static).bound == ()
    assert find_source(model.make).bound == (Model,)
    assert find_source(Model.__dict__["static"]).name == "static"
    assert find_source(Model.__dict__["make"]).bound == ()
    assert find_source(Model.Inner().method).name == "method"


def test_private_names_and_super_are_those_of_the_class() -> None:
    inside, private_lambda = Model().maker()
    assert text_of(inside) == "def inside(x):\n    return x + self.__private + __class__.__private\n"
    assert text_of(private_lambda) == "def anonymous(x):\n    return x * self.__private\n"
    assert text_of(Model.by_name) == "def by_name(self, x):\n    return x + self.__private\n"


def test_callable_objects() -> None:
    model, indirect = Model(), Indirect()
    assert find_source(model).bound == (model,)
    assert find_source(model).name == "__call__"
    assert find_source(indirect).bound == (type(indirect).__call__,)
    vectorized = np.vectorize(plain)
    assert find_source(vectorized).bound == (vectorized,)


# Partials and decorators


def test_partials_nest() -> None:
    model = Model()
    first = functools.partial(plain, 1, scale=3.0, other=0)
    second = functools.partial(first, 2, scale=4.0)
    assert find_source(second).bound == (1, 2)
    assert find_source(second).bound_keywords == {"scale": 4.0, "other": 0}
    assert find_source(functools.partial(functools.partial(model.method, k=1), 5)).bound == (model, 5)
    own = Own(first)
    mixed = find_source(functools.partial(own, 2, scale=5.0))
    assert mixed.bound == (1, 2)
    assert mixed.bound_keywords == {"scale": 5.0, "other": 0}


def test_caches_are_unwrapped() -> None:
    assert find_source(cached).function is cached.__wrapped__
    assert find_source(functools.cache(Model().method)).function is Model.method
    model = Model()
    assert find_source(model.remembered).bound == (model,)
    assert find_source(model.remembered).name == "remembered"


def test_other_decorators_stand_for_themselves() -> None:
    assert text_of(wrapped) == "@functools.wraps(fun)\ndef wrapper(*args):\n    return [fun(*args)]\n"


def test_own_wrappers_are_unwrapped() -> None:
    assert find_source(Own(plain)).function is plain
    assert find_source(Own(Own(Own(plain)))).function is plain


def test_a_decorator_around_an_own_wrapper_stands_for_itself() -> None:
    own = functools.update_wrapper(Own(plain), plain)
    assert find_source(own).function is plain
    around = loud(own)
    assert around.__vectorizer_source__ is plain  # copied by functools.wraps
    assert find_source(around).name == "wrapper"


# Lambdas


def test_lambdas_of_one_line_are_told_apart() -> None:
    bodies = [text_of(fun).removeprefix("def anonymous") for fun in several]
    assert bodies == [
        "(x):\n    return x + 1\n",
        "(x):\n    return x + 2\n",
        "(x, a=1):\n    return x + a\n",
        "(x, a=2):\n    return x + a\n",
        "(y):\n    return y + 1\n",
    ]
    columns = [find_source(fun).position(2, len("    return "))[1] for fun in twins]
    line = find_source(twins[0]).line_text(find_source(twins[0]).first_line)
    assert columns == [line.index("0,"), line.index("0)")]


def test_lambdas_in_calls() -> None:
    assert [text_of(fun) for fun in called] == [
        "def anonymous(x):\n    return x - 1\n",
        "def anonymous(x):\n    return x - 2\n",
    ]
    assert find_source(called[1]).lambda_
    assert find_source(called[1]).function is called[1]


def test_lambdas_in_lambdas() -> None:
    assert find_source(curried).name == "curried"
    assert text_of(curried(1)) == 'def anonymous(y):\n    return lambda z=(lambda w: {"a": w[1:]}): (x, y, z)\n'
    assert text_of(curried(1)(2)) == 'def anonymous(z=(lambda w: {"a": w[1:]})):\n    return (x, y, z)\n'
    assert text_of(curried(1)(2).__defaults__[0]) == 'def anonymous(w):\n    return {"a": w[1:]}\n'


def test_lambdas_keep_their_arguments() -> None:
    assert text_of(keyword_only) == (
        "def keyword_only(x, /, *rest, k={1: 2}, f=lambda q: q, **options):\n    return (x, k[1], f)\n"
    )


def test_lambdas_of_defaults_and_decorated_defs() -> None:
    assert text_of(has_defaults.__defaults__[0]) == "def anonymous(q):\n    return q + 1\n"
    assert text_of(has_defaults.__kwdefaults__["g"]) == "def anonymous(q):\n    return q + 2\n"


def test_lambdas_over_several_lines() -> None:
    assert [text_of(fun) for fun in multi_line] == [
        (
            "def anonymous(x, y=[1,  # a comment\n                     2]\n):\n"
            "    return (\n        x\n        + y[0]\n    )\n"
        ),
        "def anonymous(x):\n    return (x\n    + 1)\n",
        'def anonymous(x):\n    return """\n  kept\n""" + x\n',
        "def anonymous(\\\n            x\n):\n    return x\n",
        "def anonymous(x):\n    return (  # first\n        x, [\n          1])\n",
    ]
    for fun in multi_line:
        assert rebuild(find_source(fun)).__code__.co_code == fun.__code__.co_code


@pytest.mark.parametrize("fun", [*several, *twins, *called, *multi_line, *éé, curried, keyword_only])
def test_positions_of_lambdas(fun: types.FunctionType) -> None:
    source = find_source(fun)
    for number, line in enumerate(source.text.splitlines(), 1):
        for word in re.finditer(r"\w+", line):
            if word[0] not in ("def", "return", source.name):
                file_line, column = source.position(number, word.start())
                assert source.line_text(file_line)[column:].startswith(word[0])


def test_lambdas_in_strings_and_asserts() -> None:
    found: list[FunctionSource] = []

    def look(fun):
        found.append(find_source(fun))
        return True

    assert look(lambda x: x + 5)
    assert f"{look(lambda x: x + 6) and look(lambda x: x + 7)}" == "True" if sys.version_info >= (3, 12) else True
    assert found[0].text == "def anonymous(x):\n    return x + 5\n"


def test_calls_of_imported_functions(tmp_path: Path) -> None:
    """Python compiles them in its own way, and knows them by the imports of the module."""
    text = """
import os.path
import numpy as np
from collections import (
    OrderedDict as Ordered,
)
try:
    from math import *
    import fractions
except ImportError:
    pass
other = np

class C:
    import textwrap

def f(x, fractions):
    import json
    return np.sum(x), other.sum(x), os.getcwd(), Ordered.fromkeys(x), fractions.Fraction(x), json.loads(x), textwrap.x()

g = [lambda x: np.sum(x) + other.sum(x) + Ordered.fromkeys(x)]
"""
    module = load(tmp_path / "imports.py", text)
    assert find_source(module.f).name == "f"
    assert "Ordered.fromkeys" in text_of(module.g[0])


def test_lambdas_alike_but_for_defaults_need_columns(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text("f, g = lambda x, a=1: x + a, lambda x, a=2: x + a\nh, i = lambda x: x, lambda x: x\n")
    code = (
        "import module\nfrom vectorizer.source.frontend import find_source\n"
        "print(find_source(module.h).text)\ntry:\n    find_source(module.f)\nexcept Exception as e:\n    print(e)\n"
    )
    out = run_python(code, "-X", "no_debug_ranges", path=tmp_path)
    assert "return x\n" in out
    assert out.endswith("could not be had: several lambdas on that line are alike but for their defaults\n")


# Where the text comes from


def run_python(code: str, *options: str, path: Path | None = None) -> str:
    places = [str(HERE.parents[1]), *([str(path)] if path else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def define(text: str, filename: str, name: str = "f") -> Any:
    """Run text as a prompt does, without telling anybody the text."""
    namespace: dict[str, Any] = {"__name__": "typed"}
    exec(compile(text, filename, "exec"), namespace)
    return namespace[name]


@pytest.fixture
def cell() -> Iterator[Callable[[str], Any]]:
    """Run a notebook's cell: its text is in `linecache` under a name that is no file."""
    names: list[str] = []

    def run(text: str) -> Any:
        names.append(f"<cell-{len(names)}>")
        linecache.cache[names[-1]] = (len(text), None, text.splitlines(keepends=True), names[-1])
        return define(text, names[-1])

    yield run
    for name in names:
        del linecache.cache[name]


def test_a_notebooks_cell(cell: Callable[[str], Any]) -> None:
    assert text_of(cell("x = 1\ndef f(x):\n    return x\n\nf(1)\n")) == "def f(x):\n    return x\n"
    assert text_of(cell("f = lambda x: x")) == "def f(x):\n    return x\n"


def test_future_imports_are_those_of_the_module(cell: Callable[[str], Any]) -> None:
    assert find_source(
        cell("from __future__ import annotations\ndef f(x: Missing):\n    y: Missing = x\n    return y\n")
    )


def test_no_warning_is_given_again(cell: Callable[[str], Any]) -> None:
    text = "def f(x):\n    return x is 'literal'\ng = lambda x: x is 'other'\n"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fun = cell(text)
    assert find_source(fun).name == "f"
    assert find_source(fun.__globals__["g"]).name == "g"


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("<string>", "it was compiled from a string (<string>), and no file has its text"),
        ("<stdin>", "it was typed at a prompt that does not keep what is typed"),
        ("missing.py", "the file missing.py cannot be read"),
    ],
)
def test_text_that_nobody_kept(filename: str, reason: str) -> None:
    for text, name in (("def f(x): return x", "f"), ("f = lambda x: x", "<lambda>")):
        with pytest.raises(SourceUnavailable) as error:
            find_source(define(text, filename))
        assert str(error.value) == error.value.reason == f"the source of '{name}' could not be had: {reason}"
    assert isinstance(error.value, VectorizeError)


@pytest.mark.parametrize(
    ("fun", "what"),
    [
        (len, "'len' could not be had: it is not written in Python"),
        (np.sin, "'sin' could not be had: it is not written in Python"),
        (np.dot, "'dot' could not be had: it is not written in Python"),
        (operator.itemgetter(0), "a 'itemgetter' object could not be had: it is not written in Python"),
        (Model, "'Model' could not be had: it is a class, not a function"),
        (3, "a 'int' object could not be had: it cannot be called"),
        (functools.partial(len), "a 'partial' object could not be had: it is not written in Python"),
    ],
)
def test_what_has_no_source(fun: Any, what: str) -> None:
    with pytest.raises(SourceUnavailable) as error:
        find_source(fun)
    assert str(error.value) == f"the source of {what}"


def test_a_callable_that_is_its_own_call() -> None:
    class Circular:
        pass

    Circular.__call__ = Circular()  # type: ignore[attr-defined]
    with pytest.raises(SourceUnavailable, match="its '__call__' leads back to itself"):
        find_source(Circular())  # type: ignore[arg-type]


# Text that is not the code that runs


def load(path: Path, text: str) -> types.ModuleType:
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    exec(compile(text, str(path), "exec"), module.__dict__)
    return module


BEFORE = """
K = 1
def f(x, a=1):
    y = x + 0.0
    return [y + i for i in (1, 2)], K

g = lambda x: (x, -0.0, 1)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("x + 0.0", "x - 0.0", id="operator"),
        pytest.param("+ 0.0", "+ -0.0", id="sign of zero"),
        pytest.param("+ 0.0", "+ 0", id="type of a constant"),
        pytest.param("(1, 2)", "(1, 2.0)", id="type inside of a constant"),
        pytest.param("y + i", "y - i", id="inside of a comprehension"),
        pytest.param("], K", "], J", id="global"),
        pytest.param("(x, a=1)", "(x, b=1)", id="argument"),
        pytest.param("(x, a=1)", "(x, *, a=1)", id="kind of argument"),
        pytest.param("K = 1\n", "K = 1\n\n", id="moved"),
        pytest.param("def f", "def h", id="renamed"),
        pytest.param(BEFORE, "", id="emptied"),
        pytest.param("    return", "   return", id="broken"),
        pytest.param("-0.0, 1", "0.0, 1", id="lambda, sign of zero"),
        pytest.param("-0.0, 1", "-0.0, True", id="lambda, type of a constant"),
    ],
)
def test_an_edited_file_is_noticed(tmp_path: Path, old: str, new: str) -> None:
    module = load(tmp_path / "edited.py", BEFORE)
    (tmp_path / "edited.py").write_text(BEFORE.replace(old, new))
    fun = module.g if old.startswith("-0.0") else module.f
    with pytest.raises(SourceUnavailable) as error:
        find_source(fun)
    if new:
        reason = "is not the code that runs (was the file changed after it was imported?)"
        assert str(error.value).endswith(f"edited.py:{fun.__code__.co_firstlineno} {reason}")


@pytest.mark.parametrize(("old", "new"), [("a=1", "a=2"), ("    y =", "    # a comment\n    y ="), ("K = 1", "K = 2")])
def test_edits_that_leave_the_code_alone_do_not_count(tmp_path: Path, old: str, new: str) -> None:
    module = load(tmp_path / "edited.py", BEFORE)
    (tmp_path / "edited.py").write_text(BEFORE.replace(old, new))
    assert find_source(module.f).name == "f"


def test_a_file_reloaded_after_an_edit_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "reloaded.py"
    first = load(path, BEFORE)
    assert "x + 0.0" in text_of(first.f)
    second = load(path, BEFORE.replace("x + 0.0", "x * 20.0"))
    assert "x * 20.0" in text_of(second.f)
    with pytest.raises(SourceUnavailable):
        find_source(first.f)


# Properties


def functions_of(module: types.ModuleType) -> list[types.FunctionType]:
    """The functions and methods that a module defines."""
    named = list(vars(module).values())
    inside = [value for owner in named if isinstance(owner, type) for value in vars(owner).values()]
    return [
        value
        for value in named + inside
        if isinstance(value, types.FunctionType) and value.__code__.co_filename == module.__file__
    ]


@pytest.mark.parametrize("module", [textwrap, inspect, ast, functools, threading, np.polynomial.polynomial])
def test_every_function_of_known_modules(module: types.ModuleType) -> None:
    functions = functions_of(module)
    assert len(functions) >= 5
    for fun in functions:
        source = find_source(fun)
        node = ast.parse(source.text).body[0]
        assert isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or source.lambda_
        assert source.node is not None


def test_nothing_imports_libcst() -> None:
    code = (
        "import sys\nimport textwrap\nfrom vectorizer.source.frontend import find_source\n"
        "find_source(textwrap.dedent)\nimport vectorizer.source.diff, vectorizer.source.registry\n"
        "print('libcst' in sys.modules)"
    )
    assert run_python(code) == "False\n"


def test_it_is_quick() -> None:
    find_source(rebuild)  # reads the file
    times = []
    for _ in range(20):
        start = time.perf_counter()
        find_source(rebuild)
        times.append(time.perf_counter() - start)
    assert min(times) < 1e-3


def test_threads() -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(text_of(several[1]) + text_of(plain))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


# Generated source


@pytest.fixture
def generated() -> Iterator[str]:
    name = "<vectorizer test>"
    yield name
    registry.forget(name)


def test_registered_source_is_shown_and_found(generated: str) -> None:
    text = "def f(x):\n    return 1 // x\n"
    registry.register(generated, text)
    fun = define(text, generated)
    linecache.checkcache()
    assert text_of(fun) == text
    assert linecache.getline(generated, 2) == "    return 1 // x\n"
    registry.register(generated, "def f(x):\n    return 2\n")
    assert linecache.getline(generated, 2) == "    return 2\n"
    registry.forget(generated)
    registry.forget(generated)
    assert linecache.getline(generated, 2) == ""


def test_registered_source_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "LIMIT", 3)
    monkeypatch.setattr(registry, "_registered", {})
    names = [f"<bounded {number}>" for number in range(6)]
    for name in names:
        registry.register(name, f"# {name}\n")
        registry.register(names[0], "# again\n")
    assert [name for name in names if name in linecache.cache] == [names[0], *names[4:]]
    for name in names:
        registry.forget(name)
    assert not any(name in linecache.cache for name in names)
