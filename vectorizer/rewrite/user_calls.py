"""Calls of the user's own functions: each is rewritten too, and emitted beside the function."""

from __future__ import annotations

import functools
import re
import types
from dataclasses import replace
from typing import Any

import libcst as cst
import numpy as np

from vectorizer.rewrite.callees import Callee, Helper, Reliance, argument_codes, helper_key, is_generator
from vectorizer.rewrite.memory import WritesApart
from vectorizer.rewrite.names import assigned_names, names_read
from vectorizer.rewrite.parameters import Function, Parameter
from vectorizer.rewrite.recursion import MOST_FORMS, MOST_WALKS, Endless, OpenCall, Recurses, generalized, join_known
from vectorizer.rewrite.renaming import renamed_axes, standard_axes, value_key, with_origins
from vectorizer.rewrite.sharing import (
    hands_back_numbers,
    is_of_unknown_memory,
    is_own,
    origins_of,
    returns_given,
    sharing,
)
from vectorizer.rewrite.written_arguments import WrittenArguments
from vectorizer.rules.random import check_call, drawn, holds_generator, unseen_axes
from vectorizer.rules.subscripts import (
    Parts,
)
from vectorizer.rules.table import Call
from vectorizer.source.operand import (
    Operand,
    call,
)
from vectorizer.values import (
    NONE,
    Array,
    Axes,
    Axis,
    TupleV,
    Unsupported,
    Value,
    axes_of,
    is_uniform,
    join,
    number,
)


class RootCalled(Exception):
    """The function that is vectorized calls itself: it becomes a call of a function beside it."""


class UserCalls(WrittenArguments):
    """What a call of a function with source at hand becomes."""

    def call_user(self, function: types.FunctionType, c: Call) -> Operand:
        """A call of a function of the user's whose source is at hand."""
        source = self.shared.namespace.source_of(function)
        if source is None:
            raise Unsupported(f"the source of {function.__name__} is not available")
        node: cst.FunctionDef = source.node
        if node.asynchronous is not None or is_generator(node):
            raise Unsupported(f"{function.__name__} is a generator or coroutine")
        bound = self.bind_user(node, function, c)
        callee = Callee(source.name, node, function, self.shared.namespace.inside(function), source)
        return self.call_helper(callee, bound, c)

    def bind_user(self, node: cst.FunctionDef, function: types.FunctionType, c: Call) -> dict[str, Operand]:
        """Operands by parameter; defaults are the function's own."""
        params = node.params
        positional = [*params.posonly_params, *params.params]
        bound = {p.name.value: a for p, a in zip(positional, c.args, strict=False)}
        extra = c.args[len(positional) :]
        if isinstance(params.star_arg, cst.Param):
            codes = ", ".join(e.code for e in extra)
            code = f"({codes},)" if extra else "()"
            bound[params.star_arg.name.value] = Operand(
                code, TupleV(tuple(e.value for e in extra)), node=Parts(list(extra))
            )
        elif extra:
            raise Unsupported("a call with too many arguments")
        keywords = dict(c.keywords)
        for param in [*positional, *params.kwonly_params]:
            name = param.name.value
            if name in keywords:
                bound[name] = keywords.pop(name)
        if keywords or params.star_kwarg is not None:
            raise Unsupported("a call with keywords that are collected")
        defaults = function.__defaults__ or ()
        for param, default in zip(reversed(positional), reversed(defaults), strict=False):
            if param.name.value not in bound:
                bound[param.name.value] = self.default_value(default, param)
        for name, default in (function.__kwdefaults__ or {}).items():
            if name not in bound:
                bound[name] = self.default_value(default, None)
        missing = [p.name.value for p in [*positional, *params.kwonly_params] if p.name.value not in bound]
        if missing:
            raise Unsupported("a call with too few arguments")
        return bound

    def default_value(self, default: Any, param: cst.Param | None) -> Operand:
        if isinstance(default, (list, dict, set)):
            raise Unsupported("a default that can be changed")
        value = number(default) if isinstance(default, (bool, int, float, complex)) else self.value_of(default)
        return Operand("<default>", value, node=param)

    def call_helper(self, callee: Callee, bound: dict[str, Operand], c: Call) -> Operand:
        """A call of a function of the user's; one that may draw random numbers is made here and once."""
        made, may_draw = self.rewritten_call(callee, bound, c)
        return drawn(self, made.code, made.value, made.fresh) if may_draw else made

    def rewritten_call(self, callee: Callee, bound: dict[str, Operand], c: Call) -> tuple[Operand, bool]:
        """The call of a function that is rewritten for the operands at hand; whether it may draw random numbers."""
        uniform = callee.source is not None and all(is_uniform(o.value) for o in bound.values())
        axes = tuple(sorted({a for o in bound.values() for a in axes_of(o.value)}))
        renamed = standard_axes(axes)
        known = set(self.shared.helpers)
        made = self._helper_with_memory(callee, bound, renamed)
        self.rely_on(made.reliance)
        missing = unseen_axes(self, axes) if made.drawn else ()
        if missing:
            self.forget_helpers(known)
            axes = tuple(sorted({*axes, *missing}))
            renamed = standard_axes(axes)
            callee, bound = self.with_sizes(callee, bound, {axis: renamed[axis] for axis in missing})
            made = self._helper_for(callee, bound, renamed)
            self.rely_on(made.reliance)
        check_call(self, callee.name, axes, made.drawn, [o.value for o in bound.values()])
        self.shared.drawn |= made.drawn
        may_draw = made.drawn or any(holds_generator(o.value) for o in bound.values())
        back = {new: old for old, new in renamed.items()}
        if returns_given(made.result):
            raise Unsupported(f"{callee.name} returns a list or dict that it was given")
        value = renamed_axes(made.result, back, None)
        given = {name: origins_of(operand.value) for name, operand in bound.items()}
        value = sharing(value, made.result, given)
        fresh = is_own(made.result)
        fresh = fresh or not any(given.values()) and not any(map(is_of_unknown_memory, bound.values()))
        if made.writes and c.site != self.direct:
            raise Unsupported(f"{callee.name} writes into its argument in the middle of an expression")
        bound = self.note_writes(callee.name, made.writes, bound)
        if hands_back_numbers(made.result):
            c, bound = self._with_kept_numbers(c, bound)
        self.hazards += made.hazards
        unchanged = callee.source is not None and made.is_unchanged(callee)
        as_it_is = unchanged or uniform and is_uniform(value) and self.shared.backend is None
        if as_it_is and callee.identity is not self.shared.root:  # of which the emitted function has the name
            code = call(c.function, *(a.code for a in c.args), **{k: o.code for k, o in c.keywords.items()})
            fresh = fresh or uniform and is_uniform(value)
            return self.called(Operand(code, value, fresh=fresh), made.writes, bound), may_draw
        self.shared.helper_sources += [text for text in made.texts if text not in self.shared.helper_sources]
        self.change("call", f"{callee.name} is rewritten too")
        code = f"{made.emitted}({argument_codes(callee.node, bound)})"
        return self.called(Operand(code, value, fresh=fresh), made.writes, bound), may_draw

    def rely_on(self, reliance: Reliance | None) -> None:
        """What a helper needs is noted at each call: what was noted at another may have been undone."""
        if reliance is not None:
            self.shared.imports |= reliance.imports
            self.facts.conditions |= reliance.conditions
            self.facts.strict_floats |= reliance.strict_floats

    def forget_helpers(self, known: set[Any]) -> None:
        """Functions that were rewritten, but are not called or relied on what is otherwise, leave the table."""
        gone = [self.shared.helpers.pop(key) for key in set(self.shared.helpers) - known]
        kept = {made.emitted for made in self.shared.helpers.values()}
        texts = {text for made in self.shared.helpers.values() for text in made.texts}
        for made in gone:
            if made.emitted not in kept:
                self.shared.taken.discard(made.emitted)
            dropped = set(made.texts) - texts
            self.shared.helper_sources[:] = [text for text in self.shared.helper_sources if text not in dropped]

    def with_sizes(
        self, callee: Callee, bound: dict[str, Operand], axes: dict[Axis, Axis]
    ) -> tuple[Callee, dict[str, Operand]]:
        """A function with parameters more, which say how many examples there are along axes that it does not see.

        axes: in the caller, with what they are called inside.
        """
        node, bound, sizes = callee.node, dict(bound), dict[Axis, str]()
        taken = names_read(node) | set(bound) | assigned_names(node.body)
        for axis, inner in axes.items():
            name = inner.name
            while name in taken:
                name = f"{name}_"
            taken.add(name)
            sizes[inner] = name
            bound[name] = Operand(self.size(axis), Array(np.dtype(np.int64), 0, weak=True))
            params = node.params.with_changes(kwonly_params=[*node.params.kwonly_params, cst.Param(cst.Name(name))])
            node = node.with_changes(params=params)
        return replace(callee, node=node, sizes=sizes), bound

    def _helper_with_memory(self, callee: Callee, bound: dict[str, Operand], renamed: dict[Axis, Axis]) -> Helper:
        """The rewritten function; an array that it makes different for each example is made so from the start."""
        try:
            return self._helper_for(callee, bound, renamed)
        except WritesApart as found:
            self.needs_apart(bound[found.name], [axis for axis, inner in renamed.items() if inner in found.axes])
            raise

    def _helper_for(self, callee: Callee, bound: dict[str, Operand], renamed: dict[Axis, Axis]) -> Helper:
        """The rewritten function for operands like these, from the table or made now."""
        if callee.source is not None and self.shared.root is callee.identity and not self.shared.root_called:
            raise RootCalled
        values = {n: renamed_axes(o.value, renamed, n) for n, o in bound.items()}
        key = helper_key(callee, values)
        same = [opened for opened in self.shared.calls if opened.key[0] == key[0]]
        if any(opened.general for opened in same):
            values = {n: generalized(v, f"{callee.name}:{n}") for n, v in values.items()}
            key = helper_key(callee, values)
        found: Helper | None = self.shared.helpers.get(key)
        if found is not None:
            self.helper_calls += 1
            return found
        for opened in same:
            if opened.key == key:
                return self._recursive(callee, opened)
        for opened in same:
            if not opened.general:
                raise Recurses(opened)
        if len(same) >= MOST_FORMS:
            raise Unsupported(f"{callee.name} calls itself with arguments of another kind each time")
        return self._open_helper(callee, OpenCall(key, ""), values, tuple(sorted(renamed.values())))

    def _recursive(self, callee: Callee, opened: OpenCall) -> Helper:
        """A call of a function that is being rewritten."""
        opened.recursive = True
        if opened.result is None:
            raise Endless(callee.name)
        self.helper_calls += 1
        return Helper(opened.emitted, opened.result, set(), ["a function calls itself"], [], False)

    def _open_helper(self, callee: Callee, opened: OpenCall, values: dict[str, Value], axes: Axes) -> Helper:
        """Rewrites a function, again until it is known what it returns where it calls itself."""
        for _ in range(MOST_WALKS):
            known = set(self.shared.helpers)
            try:
                made = self._walk_helper(callee, opened, values, axes)
            except Recurses as found:
                if found.opened is not opened:
                    raise
                values = {n: generalized(v, f"{callee.name}:{n}") for n, v in values.items()}
                opened = OpenCall(helper_key(callee, values), "", general=True)
                self.forget_helpers(known)
                continue
            except Endless as endless:
                if endless.name != callee.name:
                    raise
                raise Unsupported(f"{callee.name} calls itself without end") from None
            if not opened.recursive:
                self.shared.helpers[opened.key] = made
                self.helper_calls += 1
                return made
            if made.writes or made.drawn:
                raise Unsupported(f"{callee.name} calls itself, and does more than to return a result")
            result = generalized(join_known(opened.result, made.result, callee.name))
            if opened.result is not None and value_key(result) == value_key(opened.result):
                made = made._replace(result=result, hazards=[*made.hazards, "a function calls itself"])
                self.shared.helpers[opened.key] = made
                self.shared.taken.add(made.emitted)  # each walk has given it back
                self.helper_calls += 1
                return made
            opened.result, opened.recursive = result, False
            self.forget_helpers(known)
        raise Unsupported(f"what {callee.name} returns, which calls itself, does not settle")

    def _walk_helper(self, callee: Callee, opened: OpenCall, values: dict[str, Value], axes: Axes) -> Helper:
        """One walk over a function that is called."""
        saved, self.shared.namespace = self.shared.namespace, callee.namespace
        sources, self.shared.helper_sources[:] = list(self.shared.helper_sources), []
        opened.emitted = self._helper_name(callee.name, bool(axes))
        self.shared.calls.append(opened)
        facts, imports = self.facts, self.shared.imports
        conditions, strict = facts.conditions, facts.strict_floats
        facts.conditions, facts.strict_floats, self.shared.imports = set(), False, {}
        try:
            made = self.make_helper(callee, opened, values, axes)
            reliance = Reliance(self.shared.imports, facts.conditions, facts.strict_floats)
            return made._replace(texts=[*self.shared.helper_sources, *made.texts], reliance=reliance)
        except WritesApart:
            raise
        except Unsupported as error:
            raise Unsupported(f"in {callee.name}: {error.reason}") from None
        finally:
            facts.conditions, facts.strict_floats, self.shared.imports = conditions, strict, imports
            self.shared.helper_sources[:] = sources
            self.shared.calls.pop()
            self.shared.namespace = saved

    def _with_kept_numbers(self, c: Call, bound: dict[str, Operand]) -> tuple[Call, dict[str, Operand]]:
        """A call with copies of numbers that were read from arrays which change: it may give them back."""
        keywords = {name: self.kept(o) for name, o in c.keywords.items()}
        made = Call(c.function, [self.kept(a) for a in c.args], keywords, c.base, c.target, c.site)
        return made, {name: self.kept(o) for name, o in bound.items()}

    def make_helper(self, callee: Callee, opened: OpenCall, values: dict[str, Value], axes: Axes) -> Helper:
        """Rewrites a function of the user's; one whose text is that of another already emitted is that one."""
        emitted = opened.emitted
        parameters = {n: Parameter(n, with_origins(value, n)) for n, value in values.items()}
        writes, self.facts.writes = self.facts.writes, set()
        before, self.shared.drawn = self.shared.drawn, False
        try:
            function = Function(callee.node, parameters, axes, sizes=callee.sizes)
            text, results, hazards = self.rewritten(function, emitted, opened.result)
            written, drawn = self.facts.writes, self.shared.drawn
        except BaseException:
            self.shared.taken.discard(emitted)
            raise
        finally:
            self.facts.writes = writes
            self.shared.drawn |= before
        merged = functools.reduce(join, results) if results else NONE
        if opened.recursive:
            self.shared.taken.discard(emitted)
            return Helper(emitted, merged, written, hazards, [text], drawn)
        plain = re.sub(rf"\b{emitted}\b", "@", text)
        for (identity, _), held in self.shared.helpers.items():
            same = identity == opened.key[0]
            if same and re.sub(rf"\b{held.emitted}\b", "@", held.texts[-1]) == plain:
                self.shared.taken.discard(emitted)
                return Helper(held.emitted, merged, written, hazards, [held.texts[-1]], drawn)
        return Helper(emitted, merged, written, hazards, [text], drawn)

    def _helper_name(self, name: str, batched: bool) -> str:
        """A name for a rewritten function that nothing else has."""
        emitted, count = f"{name}_batched" if batched else name, 2
        while emitted in self.shared.taken or self.shared.namespace.has(emitted) or emitted in self.used:
            emitted, count = f"{name}_batched_{count}", count + 1
        self.shared.taken.add(emitted)
        return emitted

    def rewritten(
        self, function: Function, name: str, returns: Value | None = None
    ) -> tuple[str, list[Value], list[str]]:
        """The text of a function, what it returns (at least `returns`, if that is given) and its hazards."""
        raise NotImplementedError
