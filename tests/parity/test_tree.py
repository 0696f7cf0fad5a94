"""Nested structures beside Keras's."""

from typing import Any

import pytest
from keras import tree as theirs

from minikeras import tree
from tests.test_tree import STRUCTURES, WRONG

pytestmark = pytest.mark.parity


def both_ways(module: Any, structure: Any) -> list[Any]:
    """Return what every function gives for a structure."""
    seen: list[Any] = []
    leaves = module.flatten(structure)
    return [
        module.is_nested(structure),
        leaves,
        module.flatten_with_path(structure),
        module.map_structure(lambda x: [x], structure),
        module.map_structure(lambda x, y: (x, y), structure, structure),
        module.map_structure(str, structure, none_is_leaf=False),
        module.map_structure_up_to([0, {"a": 0}], repr, [structure, {"a": structure}]),
        module.pack_sequence_as(structure, [10 * i for i in range(len(leaves))]),
        module.lists_to_tuples(structure),
        module.map_shape_structure(str, structure),
        module.traverse(lambda x: seen.append(x), structure),
        module.traverse(lambda x: seen.append(x), structure, top_down=False),
        module.traverse(lambda x: "two" if x == 2 else module.MAP_TO_NONE if x == 1 else None, structure),
        seen,
    ]


@pytest.mark.parametrize("structure", STRUCTURES, ids=repr)
def test_everything_is_keras_s(structure: Any) -> None:
    for ours, wanted in zip(both_ways(tree, structure), both_ways(theirs, structure), strict=True):
        assert ours == wanted
        assert type(ours) is type(wanted)


@pytest.mark.parametrize("name", WRONG)
def test_keras_refuses_them_too(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Keras's texts
        WRONG[name](theirs)
