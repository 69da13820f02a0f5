"""Containers: flattening, paths, rebuilding."""

from __future__ import annotations

import collections
import dataclasses
import time
from typing import Any, NamedTuple

import numpy as np
import pytest

from vectorizer import tree


class Point(NamedTuple):
    x: Any
    y: Any


class Pair(tuple):
    """A tuple subclass with an attribute."""


@dataclasses.dataclass
class State:
    mean: Any
    step: Any = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    weight: Any
    doubled: Any = dataclasses.field(init=False, default=None)


@dataclasses.dataclass
class Opaque:
    """A dataclass that asks to be a leaf."""

    __tree_leaf__ = True
    a: int = 1


def pair_with_label() -> Pair:
    pair = Pair((1, 2))
    pair.label = "units"
    return pair


CONTAINERS = [
    pytest.param((1, 2), [("v[0]", 1), ("v[1]", 2)], id="tuple"),
    pytest.param([1, [2]], [("v[0]", 1), ("v[1][0]", 2)], id="list"),
    pytest.param({"w": 1, 3: 2}, [("v['w']", 1), ("v[3]", 2)], id="dict"),
    pytest.param(collections.OrderedDict(b=1, a=2), [("v['b']", 1), ("v['a']", 2)], id="OrderedDict"),
    pytest.param(collections.defaultdict(list, a=1), [("v['a']", 1)], id="defaultdict"),
    pytest.param(collections.Counter(a=3), [("v['a']", 3)], id="Counter"),
    pytest.param(Point(1, (2,)), [("v.x", 1), ("v.y[0]", 2)], id="named tuple"),
    pytest.param(pair_with_label(), [("v[0]", 1), ("v[1]", 2)], id="tuple subclass"),
    pytest.param(State(1, {"s": 2}), [("v.mean", 1), ("v.step['s']", 2)], id="dataclass"),
    pytest.param(Frozen(1), [("v.weight", 1), ("v.doubled", None)], id="frozen dataclass with slots"),
    pytest.param([(), {}, None], [("v[2]", None)], id="empty containers, None is a leaf"),
    pytest.param(5, [("v", 5)], id="leaf"),
]


@pytest.mark.parametrize(("value", "expected"), CONTAINERS)
def test_flatten_gives_paths_and_leaves(value: Any, expected: list[tuple[str, Any]]) -> None:
    assert tree.flatten(value, "v") == expected
    assert tree.leaves(value) == [leaf for _, leaf in expected]


@pytest.mark.parametrize(("value", "expected"), CONTAINERS)
def test_map_tree_keeps_types_and_keys(value: Any, expected: list[tuple[str, Any]]) -> None:
    mapped = tree.map_tree(lambda leaf: (leaf, "seen")[0], value)
    assert mapped == value
    assert type(mapped) is type(value)
    assert tree.flatten(mapped, "v") == expected


def test_rebuild_makes_new_containers_and_leaves_the_old_alone() -> None:
    state = State([1], 2)
    changed = tree.map_tree(lambda leaf: leaf + 1, state)
    assert changed == State([2], 3)
    assert state == State([1], 2)


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        pytest.param(collections.defaultdict(list, a=1), "default_factory", id="factory of a defaultdict"),
        pytest.param(pair_with_label(), "label", id="attribute of a tuple subclass"),
    ],
)
def test_rebuild_keeps_what_a_subclass_carries(value: Any, attribute: str) -> None:
    mapped = tree.map_tree(lambda leaf: leaf, value)
    assert getattr(mapped, attribute) == getattr(value, attribute)


def test_rebuild_of_a_structseq() -> None:
    moment = time.gmtime(0)
    assert tree.map_tree(lambda leaf: leaf, moment) == moment


def test_dataclass_init_does_not_run_again() -> None:
    calls = []

    @dataclasses.dataclass
    class Loud:
        a: int

        def __post_init__(self) -> None:
            calls.append(self.a)

    assert tree.map_tree(lambda leaf: leaf + 1, Loud(1)).a == 2
    assert calls == [1]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(np.zeros(2), id="array"),
        pytest.param(np.float64(1), id="NumPy scalar"),
        pytest.param("text", id="string"),
        pytest.param(None, id="None"),
        pytest.param({1, 2}, id="set"),
        pytest.param(Opaque(), id="dataclass with __tree_leaf__"),
        pytest.param(State, id="a dataclass itself, not an instance"),
        pytest.param(range(3), id="range"),
    ],
)
def test_leaves_are_not_containers(value: Any) -> None:
    assert not tree.is_container(value)
    assert tree.leaves(value) == [value] or isinstance(value, np.ndarray)


def test_results_of_linalg_are_named_tuples() -> None:
    result = np.linalg.eigh(np.eye(2))
    assert [path for path, _ in tree.flatten(result)] == [".eigenvalues", ".eigenvectors"]


def test_map_tree_over_several_trees_goes_by_key() -> None:
    assert tree.map_tree(lambda a, b: a - b, {"x": 3, "y": 5}, {"y": 1, "x": 2}) == {"x": 1, "y": 4}


def test_map_tree_objects_to_another_structure() -> None:
    with pytest.raises(TypeError) as caught:
        tree.map_tree(lambda a, b: a, (1, 2), [1, 2])
    assert str(caught.value) == "the trees differ: a tuple of length 2, a list of length 2"


def test_keys_of_a_leaf() -> None:
    with pytest.raises(TypeError, match="^int is not a container$"):
        tree.keys(3)


DIFFERENCES = [
    pytest.param((1, 2), (3, 4), None, id="same"),
    pytest.param((1, 2), [1, 2], "v", id="tuple and list"),
    pytest.param((1, 2), (1, 2, 3), "v", id="length"),
    pytest.param({"a": 1}, {"b": 1}, "v", id="keys"),
    pytest.param({"a": 1, "b": 2}, {"b": 1, "a": 2}, None, id="order of keys"),
    pytest.param({"a": (1, [2])}, {"a": (1, 2)}, "v['a'][1]", id="deep"),
    pytest.param(Point(1, 2), (1, 2), "v", id="named tuple and tuple"),
]


@pytest.mark.parametrize(("one", "other", "where"), DIFFERENCES)
def test_find_difference(one: Any, other: Any, where: str | None) -> None:
    found = tree.find_difference(one, other, "v")
    assert (None if found is None else found[0]) == where


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param({"a": 1, "b": 2}, "a dict with the keys 'a', 'b'", id="dict"),
        pytest.param({}, "an empty dict", id="empty dict"),
        pytest.param([1], "a list of length 1", id="list"),
        pytest.param(Point(1, 2), "a Point with the fields x, y", id="named tuple"),
        pytest.param(State(1), "a State with the fields mean, step", id="dataclass"),
        pytest.param(np.zeros((2, 3)), "an array of shape (2, 3) and dtype float64", id="array"),
        pytest.param(None, "None", id="None"),
        pytest.param("a" * 100, "'" + "a" * 56 + "... (str)", id="long text"),
        pytest.param(1.5, "1.5 (float)", id="number"),
    ],
)
def test_describe(value: Any, text: str) -> None:
    assert tree.describe(value) == text
