"""Loops in kernels: `while`, and `for` over ranges, arrays, tuples, and several of them at once."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from vectorizer.kernels.numbers import INT, SUM, Expr, NoKernel, bare, cast, literal, number_type, type_of
from vectorizer.kernels.sequences import Sequence_
from vectorizer.kernels.sizes import Counter, Size
from vectorizer.kernels.statements import Body, Left


class Loops(Body):
    """Loops, which a function's statements hold."""

    # --- while -------------------------------------------------------------------------------------------------------

    def while_(self, node: ast.While) -> bool:
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self.open_loop(node)
        test = "true" if forever else self.test(node.test).code
        if self.may_be_bad:
            test = "!bad" if forever else f"!bad && ({test})" if " " in test else f"!bad && {test}"
        self.emit(f"while ({test}) {{")
        self.inner(node.body)
        self.emit("}")
        ends = forever and not has_break(node.body)
        if ends and self.may_be_bad and self.gives_one_number():
            self.emit(f"return ({type_of(self.result[0])})0;")
        return self.close_loop(node, forever) or ends

    def open_loop(self, node: ast.While | ast.For) -> None:
        """Notes what a `break` of a loop must say, if there is an `else`."""
        flag = None
        if node.orelse and has_break(node.body):
            flag = self.fresh("left")
            self.emit(f"bool {flag} = false;")
        self.left.append(Left(flag))

    def close_loop(self, node: ast.While | ast.For, forever: bool = False) -> bool:
        """The `else` of a loop; returns whether what follows is never reached."""
        loop = self.left.pop()
        if forever:  # only `break` leads behind it
            self.set = self.set if loop.set is None else loop.set
            return False
        if loop.flag is None:
            return self.block(node.orelse) if node.orelse else False
        self.emit(f"if (!{loop.flag}) {{")
        ended, after = self.inner(node.orelse)
        self.emit("}")
        if loop.set is not None:
            self.set = loop.set if ended else loop.set & after
        return False

    # --- for ---------------------------------------------------------------------------------------------------------

    def for_(self, node: ast.For) -> bool:
        self.open_loop(node)
        if isinstance(node.target, ast.Name) and self.is_range(node.iter):
            self.over_range(node, node.target.id)
        else:
            self.over_sequences(node)
        return self.close_loop(node)

    def is_range(self, node: ast.expr) -> bool:
        match node:
            case ast.Call(func=function, args=[inner], keywords=[]) if self.outside.found(function) is reversed:
                return self.is_range(inner)
            case ast.Call(func=function, keywords=[]):
                return self.outside.found(function) is range
        return False

    def over_range(self, node: ast.For, name: str) -> None:
        start, stop, step = self.range(node.iter)
        counter = self.renamed(name)
        is_own = name not in self.parameters and self.is_only_inside(node, name)
        if not is_own:
            counter = f"{name}_at"
            if counter in self.types:
                raise NoKernel(f"a variable is called {counter}")
        bound = self.bounds(node.iter, start, stop)
        if not (stop.const is not None and stop.code.lstrip("-").rstrip("L").isdigit()) and not self.is_kept(
            node, stop.code
        ):
            stop = self.held(f"{name}_end", stop)
        order = "<" if step > 0 else ">"
        move = f"{counter}{'++' if step > 0 else '--'}" if abs(step) == 1 else f"{counter} += {step}"
        test = f"{counter} {order} {bare(stop).at(SUM)}"
        test = f"!bad && {test}" if self.may_be_bad else test
        self.emit(f"for (long long {counter} = {bare(start).code}; {test}; {move}) {{")
        entered = f"{bare(start).at(SUM)} {order} {bare(stop).at(SUM)}"
        self.types.setdefault(name, INT)
        self.assigned.setdefault(name, []).append(Expr(counter, number_type("int64", True)))
        self.declared |= {name} if is_own else set()
        head = [] if is_own else [f"{self.renamed(name)} = {counter};"]
        known = {name: bound} if bound is not None and names_stored(node).count(name) == 1 else {}
        self.body(node, head, known, {name})
        self.read_behind(node, {name}, entered)

    def body(self, node: ast.For, head: list[str], bounded: dict[str, Counter], targets: set[str]) -> None:
        """The body of a loop that has been opened."""
        before, within = set(self.set), dict(self.bounded)
        self.set |= targets
        self.bounded |= bounded
        self.depth += 1
        for line in head:
            self.emit(line)
        self.block(node.body)
        self.depth -= 1
        self.emit("}")
        self.set, self.bounded = before, within

    def read_behind(self, node: ast.For, targets: set[str], entered: str) -> None:
        """The targets of a loop that are read behind it are set if it was entered; else Python raises, if it reads."""
        inside = sum(isinstance(n, ast.Name) and n.id in targets for n in ast.walk(node))
        everywhere = sum(isinstance(n, ast.Name) and n.id in targets for n in ast.walk(self.node))
        if node.orelse or targets <= self.set or inside == everywhere or self.is_target_only(targets):
            return
        self.emit(f"{self.bad()} |= !({entered});")
        self.set |= targets

    def is_target_only(self, targets: set[str]) -> bool:
        """Whether some variables are only read within loops whose targets they are."""
        loops = [n for n in ast.walk(self.node) if isinstance(n, ast.For) and targets & {*names_stored(n.target)}]
        inside = {id(n) for loop in loops for n in ast.walk(loop)}
        return not any(isinstance(n, ast.Name) and n.id in targets and id(n) not in inside for n in ast.walk(self.node))

    def bounds(self, node: ast.expr, start: Expr, stop: Expr) -> Counter | None:
        """What is known of the counter of an ascending range that ends at a length."""
        match node:
            case ast.Call(args=[end]) | ast.Call(args=[_, end]) if self.outside.found(node.func) is range:
                size, low = self.size_of(end), 0 if start.code == "0" else start.const
                if isinstance(low, int) and low >= 0:
                    size = Size("", stop.const) if size is None and isinstance(stop.const, int) else size
                    return None if size is None else Counter(low, size)
        return None

    def range(self, node: ast.expr) -> tuple[Expr, Expr, int]:
        """Start, stop and step of a range."""
        match node:
            case ast.Call(func=function, args=[inner]) if self.outside.found(function) is reversed:
                first, last, step = self.range(inner)
                if step != 1:
                    raise NoKernel("a reversed range with a step")
                one = literal(1)
                return self.counted("-", last, one), self.counted("-", first, one), -1
            case ast.Call(args=args) if 1 <= len(args) <= 3:
                made = [self.expression(arg) for arg in args]
            case _:
                raise NoKernel("a loop over other than a range")
        if any(expr.kind != "i" for expr in made):
            raise NoKernel("a range of other than integers")
        whole = [cast(expr, "int64") for expr in made]
        step = whole[2].const if len(whole) == 3 else 1
        if not isinstance(step, int) or step == 0:
            raise NoKernel("a range whose step is no literal")
        first = Expr("0", number_type("int64", True)) if len(whole) == 1 else whole[0]
        return first, whole[0] if len(whole) == 1 else whole[1], step

    def over_sequences(self, node: ast.For) -> None:
        """``for a, b in zip(x, y)``, ``for k, a in enumerate(x)``, ``for a in (b, c)``."""
        numbered, target, sources = self.sources(node)
        targets = target.elts if isinstance(target, ast.Tuple) and len(sources) > 1 else [target]
        names = [part.id for part in targets if isinstance(part, ast.Name)]
        if len(names) != len(targets) or len(names) != len(sources):
            raise NoKernel("a loop whose target is no name")
        found = [self.source(source, name) for source, name in zip(sources, names, strict=True)]
        if any(len(sequence.lengths) != 1 for _, sequence in found):
            raise NoKernel("a loop over the rows of an array")
        codes = [self.written(name, sequence) for name, sequence in found]
        lengths = list(dict.fromkeys(sequence.lengths[0].code for _, sequence in found))
        at = self.fresh(f"{names[0]}_at")
        tests = ["!bad"] * self.may_be_bad + [f"{at} < {length.removesuffix('LL')}" for length in lengths]
        self.emit(f"for (long long {at} = 0; {' && '.join(tests)}; {at}++) {{")
        before = set(self.set)
        self.depth += 1
        if numbered is not None:
            self.store(numbered, Expr(at, number_type("int64", True)))
        for name, code, (_, sequence) in zip(names, codes, found, strict=True):
            self.store(name, Expr(f"{code}[{at}]", sequence.item))
        self.depth -= 1
        stored = {name for part in node.body for name in names_stored(part)}
        size = found[0][1].sizes[0]
        bounds = {numbered: Counter(0, size)} if numbered is not None and numbered not in stored else {}
        after, self.set = self.set, set(before)
        self.body(node, [], bounds, after)
        self.read_behind(node, after - before, " && ".join(f"{length.removesuffix('LL')} > 0" for length in lengths))

    def sources(self, node: ast.For) -> tuple[str | None, ast.expr, list[ast.expr]]:
        """The target that counts, the target of the items, and what is gone through."""
        function = self.outside.found(node.iter.func) if isinstance(node.iter, ast.Call) else None
        match node.iter, node.target:
            case (
                ast.Call(args=[inner], keywords=[]),
                ast.Tuple(elts=[ast.Name(id=numbered), target]),
            ) if function is enumerate:
                return numbered, target, self.zipped(inner)
            case inner, target:
                return None, target, self.zipped(inner)
        raise AssertionError

    def zipped(self, node: ast.expr) -> list[ast.expr]:
        if isinstance(node, ast.Call):
            strict = [keyword.arg for keyword in node.keywords] and not (
                isinstance(node.keywords[0].value, ast.Constant) and node.keywords[0].value.value is False
            )
            if self.outside.found(node.func) is zip and not strict and node.args:
                return node.args
            raise NoKernel("a loop over other than a range or an array")
        return [node]

    def source(self, node: ast.expr, target: str) -> tuple[str, Sequence_]:
        """The name and the sequence of what a loop goes through."""
        match node:
            case ast.Name(id=name):
                return name, self.sequence(name)
            case ast.Tuple(elts=items) | ast.List(elts=items) if items:
                name = self.fresh(f"{target}_items")
                made = self.literal_sequence(name, [self.expression(item) for item in items])
                self.define(name, made)
                return name, self.sequences[name]
        raise NoKernel("a loop over other than a range or an array")

    def is_only_inside(self, node: ast.For, name: str) -> bool:
        """Whether a loop's target is not set in the loop, and not used outside of it."""
        inside = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id == name]
        everywhere = [n for n in ast.walk(self.node) if isinstance(n, ast.Name) and n.id == name]
        stores = [n for n in inside if isinstance(n.ctx, ast.Store)]
        others = [n for n in ast.walk(self.node) if isinstance(n, ast.For) and n is not node]
        loops = sum(
            len([m for m in ast.walk(o) if isinstance(m, ast.Name) and m.id == name])
            for o in others
            if isinstance(o.target, ast.Name) and o.target.id == name and not any(m is node for m in ast.walk(o))
        )
        behind = [n for part in node.orelse for n in ast.walk(part) if isinstance(n, ast.Name) and n.id == name]
        return len(stores) == 1 and len(everywhere) - len(inside) == loops and not behind

    def is_kept(self, node: ast.For, code: str) -> bool:
        """Whether an expression is a variable that the loop does not set."""
        stored = {self.renamed(stored) for stored in names_stored(node)}
        return code.isidentifier() and code not in stored


def names_stored(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]


def has_break(statements: Sequence[ast.stmt]) -> bool:
    """Whether the loop that some statements are the body of may be left by `break`."""
    for statement in statements:
        if isinstance(statement, ast.Break):
            return True
        inner = [*statement.body, *statement.orelse] if isinstance(statement, ast.If) else []
        inner += statement.orelse if isinstance(statement, (ast.For, ast.While)) else []
        if has_break(inner):
            return True
    return False
