"""Variables: what they refuse, and that nothing has changed then."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minikeras import Variable

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no shape": (lambda: Variable("zeros"), "the `shape` argument should be specified"),
    "open shape": (lambda: Variable("zeros", shape=(None, 2)), r"must be fully-defined. Received: shape=\(None, 2\)"),
    "initializer": (
        lambda: Variable(lambda shape, dtype: np.zeros(9), shape=(2,)),
        r"shape \(9,\) instead of \(2,\)",
    ),
    "value": (lambda: Variable([1.0, 2.0], shape=(3,)), r"its shape \(3,\). Received: \(2,\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_shapes_that_are_missing_or_do_not_fit_are_refused(name: str) -> None:
    make, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        make()


def test_a_value_of_another_shape_is_not_assigned() -> None:
    variable = Variable([1.0, 2.0])
    with pytest.raises(ValueError, match=r"must match. Variable 'variable' has shape \(2,\). Received: \(3,\)"):
        variable.assign(np.ones(3))
    assert variable.numpy().tolist() == [1.0, 2.0]


def test_attributes_of_the_users_own_go_with_copies() -> None:
    variable: Any = Variable([1.0, 2.0])
    variable.group = ["kernels"]
    copied = copy.deepcopy(variable)
    assert copied.group == ["kernels"]
    assert copied.group is not variable.group
    copy.copy(variable).other = 1
    assert not hasattr(variable, "other")
    assert copied.numpy().tolist() == [1.0, 2.0]
