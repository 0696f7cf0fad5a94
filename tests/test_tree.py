"""Nested structures: `minikeras.tree`."""

from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from typing import Any

import pytest

from minikeras import tree

Point = namedtuple("Point", "x y")
STRUCTURES: list[Any] = [
    3,
    None,
    [1],
    (),
    [1, (2, [3, None])],
    {"b": 1, "a": [2, {"d": 3, "c": 4}]},
    OrderedDict([("b", 1), ("a", 2)]),
    Point(1, [2]),
    deque([1, (2,)]),
    defaultdict(list, {"k": [1, 2]}),
    [(None, 3), {"a": (2, 2)}],
    {"b": 1, 2: [3], None: 4, "a": 5},
]


WRONG: dict[str, Callable[[Any], Any]] = {
    "lengths": lambda t: t.assert_same_structure([1, 2], [1]),
    "types": lambda t: t.assert_same_structure([1], (1,)),
    "leaf": lambda t: t.assert_same_structure([1], [[1]]),
    "keys": lambda t: t.assert_same_structure({"a": 1}, {"b": 1}),
    "paths": lambda t: t.assert_same_paths({"a": 1}, {"b": 1}),
    "map": lambda t: t.map_structure(lambda x, y: x, [1], [1, 2]),
    "nothing": lambda t: t.map_structure(len),
    "up_to": lambda t: t.map_structure_up_to([1, 2], len, 3),
    "pack": lambda t: t.pack_sequence_as([1, 2], [1]),
    "pack_more": lambda t: t.pack_sequence_as([1, 2], [1, 2, 3]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_structures_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"structure|paths|leaves"):
        WRONG[name](tree)


def test_keys_of_several_types_go_by_the_names_of_their_types() -> None:
    assert tree.flatten({"b": 1, 2: [3], None: 4, "a": 5}) == [4, 3, 5, 1]


def test_the_same_structures() -> None:
    tree.assert_same_structure({"a": [1]}, OrderedDict(a=[2]))
    tree.assert_same_paths([1, (2,)], (3, [4]))
    assert tree.map_structure(lambda a, b: a + b, {"x": [1]}, {"x": [2]}) == {"x": [3]}
    assert tree.traverse(lambda x: tree.MAP_TO_NONE if x == 1 else None, [1, 2]) == [None, 2]


def test_a_default_dict_keeps_its_default() -> None:
    found = tree.map_structure(lambda x: x + 1, defaultdict(list, {"b": 1, "a": 2}))
    assert (type(found), [*found.items()], found["c"]) == (defaultdict, [("b", 2), ("a", 3)], [])
