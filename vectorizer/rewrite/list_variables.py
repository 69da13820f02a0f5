"""Variables that stand for new lists of numbers, into whose items something is stored."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from vectorizer.rewrite.names import names_read, nodes_of, parameter_names, statements_of


def chain(node: cst.BaseExpression) -> tuple[cst.BaseExpression, list[cst.SubscriptElement]]:
    """The base and the subscripts of ``base[i][j]``."""
    index: list[cst.SubscriptElement] = []
    while isinstance(node, cst.Subscript) and len(node.slice) == 1:
        index.insert(0, node.slice[0])
        node = node.value
    return node, index


def candidates(node: cst.FunctionDef) -> dict[str, list[cst.BaseExpression]]:
    """Variables that are set to lists alone, or to each other, with what they are set to."""
    made: dict[str, list[cst.BaseExpression]] = {}
    for part in nodes_of(node.body):
        if isinstance(part, cst.Assign):
            for target in part.targets:
                for name, value in pairs(target.target, part.value):
                    made.setdefault(name, []).append(value)
    found = {name: v for name, v in made.items() if all(is_maker(part) or isinstance(part, cst.Name) for part in v)}
    while True:
        good = {
            name: values
            for name, values in found.items()
            if all(is_maker(v) or isinstance(v, cst.Name) and v.value in found for v in values)
        }
        if good == found:
            break
        found = good
    changed = {base for part in nodes_of(node.body) for base in stored_names(part)}
    first = groups(found)
    roots = {first[name] for name in changed & found.keys()}
    roots |= {first[name] for name, values in found.items() if any(depth_of(v) > 1 for v in values)}
    roots &= {first[name] for name, values in found.items() if any(map(is_maker, values))}
    taken = parameter_names(node) - entries(node).keys()
    roots -= {first[name] for name in taken & found.keys()}
    return {name: values for name, values in found.items() if first[name] in roots}


def entries(node: cst.FunctionDef) -> dict[str, cst.BaseExpression]:
    """Parameters that stand for something else from their first use on: what they are set to, as in `x = list(x)`."""
    found: dict[str, cst.BaseExpression] = {}
    unseen = parameter_names(node)
    for statement in statements_of(node.body):
        first = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        seen = unseen & names_read(statement)
        if isinstance(first, cst.Assign) and len(statement.body) == 1 and len(first.targets) == 1:
            target = first.targets[0].target
            if isinstance(target, cst.Name) and target.value in seen:
                found[target.value] = first.value
        unseen -= seen
    return found


def pairs(target: cst.BaseExpression, value: cst.BaseExpression) -> Iterator[tuple[str, cst.BaseExpression]]:
    """Variables of an assignment with what each is set to."""
    if isinstance(target, cst.Name):
        yield target.value, value
    elif isinstance(target, (cst.Tuple, cst.List)):
        values = list(value.elements) if isinstance(value, (cst.Tuple, cst.List)) else []
        fits = len(values) == len(target.elements)
        for k, element in enumerate(target.elements):
            yield from pairs(element.value, values[k].value if fits else value)


def stored_names(node: cst.CSTNode) -> list[str]:
    """Variables into whose items a statement stores."""
    if isinstance(node, cst.Expr):
        ordered = ordered_list(node)
        return [ordered.value] if ordered is not None else []
    if isinstance(node, cst.AugAssign):
        targets: list[cst.BaseExpression] = [node.target]
    elif isinstance(node, cst.Assign):
        targets = [t for item in node.targets for t in flat(item.target)]
    else:
        return []
    roots = [chain(t)[0] for t in targets if isinstance(t, cst.Subscript)]
    return [root.value for root in roots if isinstance(root, cst.Name)]


def ordered_list(node: cst.Expr) -> cst.Name | None:
    """The list of ``items.sort()`` or ``items.reverse()``."""
    called = node.value
    if not isinstance(called, cst.Call) or called.args or not isinstance(called.func, cst.Attribute):
        return None
    is_name = called.func.attr.value in ("sort", "reverse") and isinstance(called.func.value, cst.Name)
    return called.func.value if is_name else None  # type: ignore[return-value]


def flat(target: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(target, (cst.Tuple, cst.List)):
        for element in target.elements:
            yield from flat(element.value)
    else:
        yield target


def groups(made: dict[str, list[cst.BaseExpression]]) -> dict[str, str]:
    """By variable, the first of those that are set to each other."""
    first = {name: name for name in made}
    for name, values in made.items():
        for value in values:
            if isinstance(value, cst.Name) and value.value in first:
                one, other = first[name], first[value.value]
                first = {n: one if f == other else f for n, f in first.items()}
    return first


def is_maker(node: cst.BaseExpression) -> bool:
    """Whether an expression makes a list that nothing else refers to, and neither to the lists in it."""
    return depth_of(node) > 0


def depth_of(node: cst.BaseExpression) -> int:
    """How many lists in each other an expression makes; 0 where it is not known to make a new one."""
    if isinstance(node, cst.List):
        inner = {depth_of(e.value) for e in node.elements}
        plain = not any(isinstance(e, cst.StarredElement) for e in node.elements)
        return 1 + inner.pop() if plain and len(inner) == 1 else 0
    if isinstance(node, cst.ListComp):
        return 1 + depth_of(node.elt) if not filters(node.for_in) else 0
    if isinstance(node, cst.BinaryOperation):
        left, right = depth_of(node.left), depth_of(node.right)
        if isinstance(node.operator, cst.Multiply):  # of rows, it would repeat the same ones
            return 1 if left + right == 1 else 0
        return left if isinstance(node.operator, cst.Add) and left == right else 0
    if isinstance(node, cst.Call):
        return int(is_copy(node))
    if isinstance(node, cst.Subscript) and isinstance(node.value, cst.Name) and len(node.slice) == 1:
        return 1 if isinstance(node.slice[0].slice, cst.Slice) else 0
    return 0


def is_copy(node: cst.Call) -> bool:
    """Whether a call is ``list(items)`` or ``items.copy()``."""
    if isinstance(node.func, cst.Name) and node.func.value == "list":
        return len(node.args) == 1 and node.args[0].keyword is None and not node.args[0].star
    if not isinstance(node.func, cst.Attribute) or not isinstance(node.func.value, cst.Name):
        return False
    return node.func.attr.value == "copy" and not node.args


def filters(generator: cst.CompFor) -> bool:
    return bool(generator.ifs) or generator.inner_for_in is not None


def depths(node: cst.FunctionDef, group: dict[str, str]) -> dict[str, int]:
    """By variable, how many lists in each other it consists of; those that differ are left out of `group`."""
    found: dict[str, set[int]] = {}
    for part in nodes_of(node.body):
        if isinstance(part, cst.Assign):
            for target in part.targets:
                for name, value in pairs(target.target, part.value):
                    if name in group and is_maker(value):
                        found.setdefault(group[name], set()).add(depth_of(value))
    return {name: next(iter(found[first])) if len(found.get(first, ())) == 1 else 0 for name, first in group.items()}
